// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <patchbay/testing/simulation/invariants/oracle.hpp>
#include <patchbay/testing/simulation/invariants/pairs.hpp>
#include <patchbay/testing/simulation/simulation.hpp>

// One run of the simulation for a planted bug: under a mix of faults and workloads that suits it, before the oracle.
namespace simulation_mutants {

namespace simulation = patchbay::testing::simulation;
using simulation::Fault;

/// Which faults may be drawn, and what else differs from an ordinary run.
struct Mix {
  std::string_view name;
  simulation::FaultSet faults;
};

inline simulation::FaultSet only(std::initializer_list<Fault> faults) {
  simulation::FaultSet out = simulation::FaultSet::none();
  for (const Fault each : faults) out.add(each);
  return out;
}

inline const std::array<Mix, 24>& mixes() {
  using enum Fault;
  static const std::array<Mix, 24> all{{
      {"any", simulation::FaultSet::all()},
      {"calm", simulation::FaultSet::none()},
      {"writers", only({slow, late_request, drop_answer, status_after, duplicate_request, foreign_write, stale_read})},
      {"bodies", only({no_etag, weak_etag, garbage, too_large, stale_read, drop_answer})},
      {"answers", only({status_before, status_after, odd_retry_after, drop_answer, reset_answer, foreign_write})},
      {"network", only({connect_failure, connect_hang, slow, late_request, drop_request, reset_request, drop_answer, reset_answer, partition})},
      {"limits", only({slow, status_before, odd_retry_after})},
      {"tokens", only({slow, short_token, revoked_token, status_before, upgrade_refused})},
      {"flows", only({slow, republished_flow, cancel, drop_answer})},
      {"webhooks", only({slow, status_before, status_after, drop_answer, foreign_write})},
      {"crowd", only({slow, drop_answer, late_ack, cancel})},
      {"holds", only({slow, status_before, drop_ack, late_ack, negative_ack, cut, half_open, reentrant})},
      {"acks", only({late_ack, drop_ack, duplicate_ack, wrong_ack, swapped_ack, negative_ack, early_ack, junk, slow, status_before, drop_answer})},
      {"channel", only({upgrade_refused, accept_then_close, half_open, cut, drop_ack, late_ack, partition})},
      {"holders", only({foreign_hold, negative_ack, drop_ack, reentrant})},
      {"closing", only({destroy, crash, cut, drop_ack, late_ack, slow})},
      {"short_lives", only({slow})},
      {"journal", only({crash, power_loss, disk_full, disk_error, failed_sync, slow, late_request, drop_answer, drop_ack, cut})},
      {"outbox", only({crash, power_loss, slow, status_before, drop_answer, foreign_write})},
      {"clocks", only({wall_jump, wall_stall, short_token, slow, status_before})},
      {"platform_holds", only({slow, late_request, drop_request, drop_answer, reset_answer, status_before, status_after, foreign_hold, drop_ack, late_ack,
                               cancel, reentrant})},
      {"platform_channel", only({upgrade_refused, accept_then_close, cut, closing_notice, ended_channel, foreign_hold, drop_ack})},
      {"platform_stops", only({slow, status_before, short_token, revoked_token, destroy, cancel, foreign_hold})},
      {"callbacks", only({throwing, drop_ack, slow, negative_ack})},
  }};
  return all;
}

/// Some mixes are another's faults, with settings, a workload or a dialect of their own.
inline const Mix* find_mix(std::string_view name) {
  if (name == "memory" || name == "platform") name = "writers";
  if (name == "platform_journal") name = "journal";
  if (name == "variables" || name == "rules") name = "calm";
  if (name == "wall") name = "clocks";
  if (name == "budget") name = "answers";
  if (name == "refusals") name = "webhooks";
  for (const Mix& each : mixes())
    if (each.name == name) return &each;
  return nullptr;
}

inline simulation::SimulationOptions options_of(const std::string& mix) {
  simulation::SimulationOptions out;
  out.faults = find_mix(mix)->faults;
  out.logs = true;
  const bool webhooks = mix == "webhooks" || mix == "refusals" || mix == "outbox", memory = mix == "memory";
  const bool crowd = mix == "crowd", rules = mix == "rules", wall = mix == "wall", budget = mix == "budget";
  out.settings = [=](simulation::ProcessId, patchbay::Settings& settings) {
    if (webhooks) settings.transition.webhook.url = "https://crm.example.com/webhook";
    if (memory) settings.transition.remember = std::make_shared<patchbay::InteractionMemory>();
    if (wall) settings.flows = std::make_shared<patchbay::FlowCache>(patchbay::seconds{5});
    if (rules) settings.transition.reachability = patchbay::Reachability::direct_edge;
    if (budget) {
      patchbay::BreakerSettings breaker;
      breaker.enabled = false;
      patchbay::RetryBudgetSettings small;
      small.quota = 2 * small.cost;
      settings.guards = std::make_shared<patchbay::HostGuards>(breaker, small);
    }
    if (!crowd) return;
    settings.max_operations = 6;
    settings.hold.max_commands = 3;
    settings.hold.max_tombstones = 2;
  };
  if (mix == "journal" || mix == "outbox" || mix == "platform_journal") out.mix = [](simulation::FaultMix& drawn) { drawn.set(Fault::crash, 300); };
  if (budget) out.mix = [](simulation::FaultMix& drawn) { drawn.set(Fault::status_before, 900); };
  if (mix == "refusals") out.mix = [](simulation::FaultMix& drawn) { drawn.set(Fault::status_before, 200); };
  if (crowd) out.works = 60, out.interactions = 2;
  if (mix == "variables") {
    out.request = [](const simulation::Work& work, patchbay::TransitionRequest& request) {
      if (work.number % 5 == 0) request.text("flow_node", "Elsewhere");
      if (work.number % 7 == 0) request.text("notes", std::string(70'000, 'x'));
    };
  }
  // Every door for holds has a channel, and what is accepted takes its time.
  if (mix == "platform_holds" || mix == "platform_channel") {
    out.platform = [](simulation::PlatformSetup& setup) {
      setup.holds.user = patchbay::testing::platform_user;
      setup.options.effect_delay = patchbay::milliseconds{200};
    };
  }
  // The cloud forgets its tokens soon, and does not say when.
  if (mix == "short_lives") {
    out.cloud = [](patchbay::testing::CloudOptions& cloud) {
      cloud.show_expires_in = false;
      cloud.token_ttl = patchbay::milliseconds{400};
    };
  }
  return out;
}

/// What was seen of a bug: the checks that failed, by their numbers, and the first one's words. Empty: nothing.
struct Caught {
  std::string by, text;
};

/// Doors that speak the real platform's dialect.
using OnPlatform =
    simulation::ClientPolicies<patchbay::DefaultRetry, patchbay::NullLogger, patchbay::DefaultSchema, patchbay::cloud::Platform>;
inline bool on_platform(std::string_view mix) { return mix.starts_with("platform"); }

inline simulation::Report simulate(std::uint64_t seed, const std::string& mix, simulation::SimulationOptions options, simulation::Oracle* oracle) {
  if (oracle) options.witnesses.push_back(oracle);
  // Who tries again more often than a budget can pay for.
  using Stubborn = simulation::ClientPolicies<patchbay::AttemptsLimited<>>;
  if (mix == "budget") return simulation::run(seed, options, Stubborn{{.max_attempts = 12}, {}, {}});
  if (on_platform(mix)) return simulation::run(seed, options, OnPlatform{});
  if (mix != "variables") return simulation::run(seed, options);
  // A schema that lets through what it does not declare, so that nothing but the reserved names is refused.
  constexpr patchbay::SchemaOptions open{.unknown = patchbay::Unknown::as_is};
  return simulation::run(seed, options, simulation::ClientPolicies<patchbay::DefaultRetry, patchbay::NullLogger,
                                                                   patchbay::StructSchema<patchbay::IvrVariables, open>>{});
}

/// Whether a run takes the same course when some faults, which must not matter, are left out of it; what differs if not.
inline std::string differs_without(std::string_view invariant, std::initializer_list<Fault> faults, std::uint64_t seed, const std::string& mix) {
  simulation::CourseRecord with, without;
  simulation::SimulationOptions options = options_of(mix);
  options.witnesses.push_back(&with);
  simulate(seed, mix, options, nullptr);
  for (const Fault each : faults) options.faults.remove(each);
  options.witnesses.back() = &without;
  simulate(seed, mix, options, nullptr);
  simulation::Judge judge;
  simulation::compare_courses(invariant, with, without, judge);
  return judge.clean() ? std::string{} : judge.breaches().front().describe();
}

inline Caught run(std::uint64_t seed, const std::string& mix) {
  const simulation::SimulationOptions options = options_of(mix);
  simulation::OracleOptions facts = on_platform(mix) ? simulation::facts_of<OnPlatform>(seed, options) : simulation::facts_of();
  if (mix == "variables") facts.variables.clear();  // its schema lets any name through
  if (mix == "budget") facts.budget.quota = 2 * facts.budget.cost;
  simulation::Oracle oracle(facts);
  const simulation::Report report = simulate(seed, mix, options, &oracle);
  Caught out;
  std::set<std::string> seen;
  for (const simulation::Breach& each : oracle.breaches())
    if (seen.insert(std::string(each.invariant)).second) out.by.append(out.by.empty() ? "" : " ").append(each.invariant);
  if (!oracle.clean()) out.text = oracle.breaches().front().describe();
  if (!report.ended) {
    out.by.append(out.by.empty() ? "end" : " end");
    if (out.text.empty()) out.text = "something never ended";
  }
  const auto add = [&](std::string_view invariant, const std::string& text) {
    if (text.empty()) return;
    out.by.append(out.by.empty() ? "" : " ").append(invariant);
    if (out.text.empty()) out.text = text;
  };
  if (mix == "wall") add("I22", differs_without("I22", {Fault::wall_jump, Fault::wall_stall}, seed, mix));
  if (mix == "callbacks") add("I25", differs_without("I25", {Fault::throwing}, seed, mix));
  // Whether chance, or the machine, has a hand in it shows soon.
  if (seed <= 3 && simulate(seed, mix, options, nullptr).hash != report.hash) {
    out.by.append(out.by.empty() ? "I26" : " I26");
    if (out.text.empty()) out.text = "the same seed took another course";
  }
  return out;
}

/// Of all that happens in some seeds.
inline std::uint64_t hash_of(std::uint64_t first, std::uint64_t seeds, const std::string& mix) {
  std::uint64_t out = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) out = out * 0x9e3779b97f4a7c15ULL + simulate(seed, mix, options_of(mix), nullptr).hash;
  return out;
}

}  // namespace simulation_mutants
