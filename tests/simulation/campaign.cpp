// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Runs seeds of the simulation before the invariants, and says what they found. The exit status is 0 when nothing is wrong.
//
//   campaign --first 1 --seeds 1000       a range; a failing seed is shrunk, and the command that replays it is printed
//   campaign --seed 17 --trace            one, with a line for each event
//   campaign --seconds 60                 as many as that takes
//   campaign --seeds 50 --hash            prints one number: the course of them all (invariant I26)
//   campaign --dialect platform           on the real platform's dialect: transitions in both of its stores, and holds

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/testing/simulation/invariants/pairs.hpp>
#include <patchbay/testing/simulation/shrink.hpp>

namespace {

using namespace patchbay::testing::simulation;

constexpr std::string_view usage =
    "campaign [--first N] [--seeds N] [--seconds N] [--seed N] [--trace] [--hash]\n"
    "         [--dialect interactions|platform] [--mix NAME] [--faults a,b,c] [--driver drawn|loop|blocking]\n"
    "         [--works N] [--processes N]\n"
    "         [--without 1,2,3] [--shrink yes|no] [--failures N] [--expect-all yes|no]\n";

struct Asked {
  std::uint64_t first = 1, seeds = 1000, seconds = 0, failures = 5;
  std::optional<std::uint64_t> seed;
  bool trace = false, hash = false, shrink = true;
  std::optional<bool> expect_all;
  std::string mix = "all", faults, driver = "drawn", dialect = "interactions", without;
  SimulationOptions options;
};

FaultSet only(std::initializer_list<Fault> faults) {
  FaultSet out = FaultSet::none();
  for (const Fault each : faults) out.add(each);
  return out;
}

std::optional<FaultSet> mix_named(std::string_view name) {
  using enum Fault;
  if (name == "all") return FaultSet::all();
  if (name == "calm") return FaultSet::none();
  if (name == "network")
    return only({connect_failure, connect_hang, slow, late_request, drop_request, reset_request, duplicate_request, drop_answer, reset_answer,
                 partition});
  if (name == "answers") return only({status_before, status_after, odd_retry_after, garbage, too_large, no_etag, weak_etag, slow});
  if (name == "channel")
    return only({upgrade_refused, accept_then_close, half_open, cut, late_ack, drop_ack, duplicate_ack, wrong_ack, swapped_ack, negative_ack,
                 early_ack, junk, partition});
  if (name == "world") return only({foreign_write, foreign_hold, republished_flow, closed_interaction, short_token, revoked_token, slow});
  if (name == "processes") return only({crash, crash_writing, power_loss, destroy, cancel, reentrant, throwing, wall_jump, wall_stall, coarse_clock, slow, drop_answer});
  return std::nullopt;
}

template <class Take>
void each_of(std::string_view list, Take&& take) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    take(one);
    list.remove_prefix(std::min(one.size() + 1, list.size()));
  }
}

std::optional<Asked> parse(int argc, char** argv) {
  Asked out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace" || name == "--hash") {
      (name == "--trace" ? out.trace : out.hash) = true;
      continue;
    }
    if (++i == argc) return std::nullopt;
    const std::string value = argv[i];
    const std::uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--first") out.first = number;
    else if (name == "--seeds") out.seeds = number;
    else if (name == "--seconds") out.seconds = number, out.seeds = ~std::uint64_t{0} >> 1;
    else if (name == "--seed") out.seed = number;
    else if (name == "--failures") out.failures = number;
    else if (name == "--works") out.options.works = static_cast<std::size_t>(number);
    else if (name == "--processes") out.options.max_processes = static_cast<std::size_t>(number);
    else if (name == "--mix") out.mix = value;
    else if (name == "--faults") out.faults = value;
    else if (name == "--driver") out.driver = value;
    else if (name == "--dialect") out.dialect = value;
    else if (name == "--without") out.without = value;
    else if (name == "--shrink") out.shrink = value == "yes";
    else if (name == "--expect-all") out.expect_all = value == "yes";
    else return std::nullopt;
  }
  const auto mix = mix_named(out.mix);
  if (!mix) return std::nullopt;
  out.options.faults = *mix;
  bool fine = true;
  if (!out.faults.empty()) {
    out.options.faults = FaultSet::none();
    each_of(out.faults, [&](std::string_view one) {
      const auto fault = fault_named(one);
      if (fault) out.options.faults.add(*fault);
      fine = fine && (fault || one == "none");
    });
  }
  each_of(out.without, [&](std::string_view one) { out.options.without.push_back(std::strtoull(std::string(one).c_str(), nullptr, 10)); });
  if (out.driver == "loop") out.options.driver = Driver::loop;
  else if (out.driver == "blocking") out.options.driver = Driver::blocking;
  else fine = fine && out.driver == "drawn";
  fine = fine && (out.dialect == "interactions" || out.dialect == "platform");
  return fine ? std::optional<Asked>(std::move(out)) : std::nullopt;
}

/// The command that runs a seed again with these options.
std::string replay(const Asked& asked, std::uint64_t seed, const SimulationOptions& options) {
  std::string out = "campaign --seed " + std::to_string(seed);
  if (asked.dialect != "interactions") out.append(" --dialect ").append(asked.dialect);
  std::string faults, without;
  for (const std::string_view name : fault_names)
    if (options.faults.has(*fault_named(name))) faults.append(faults.empty() ? "" : ",").append(name);
  if (!(options.faults == FaultSet::all())) out.append(" --faults ").append(faults.empty() ? "none" : faults);
  if (asked.driver != "drawn") out.append(" --driver ").append(asked.driver);
  const SimulationOptions usual;
  if (options.works != usual.works) out.append(" --works ").append(std::to_string(options.works));
  if (options.max_processes != usual.max_processes) out.append(" --processes ").append(std::to_string(options.max_processes));
  for (const std::uint64_t each : options.without) without.append(without.empty() ? "" : ",").append(std::to_string(each));
  if (!without.empty()) out.append(" --without ").append(without);
  return out.append(" --trace");
}

/// Says what is wrong with a run, shortens it, and says how to see it again.
template <class Client>
void report_failure(const Asked& asked, const Judgement& verdict) {
  const std::uint64_t seed = verdict.report.seed;
  std::printf("seed %llu breaks %s\n", static_cast<unsigned long long>(seed), std::string(verdict.first()).c_str());
  for (std::size_t i = 0; i < verdict.breaches.size() && i < 3; ++i) std::printf("  %s\n", verdict.breaches[i].describe(verdict.report.begun).c_str());
  std::printf("  %s\n", replay(asked, seed, asked.options).c_str());
  if (asked.shrink) {
    const Shrunk less = shrink(verdict, asked.options, Client{});
    std::printf("shrunk, in %d runs, to %zu works:\n%s  %s\n", less.runs, less.verdict.report.workload.size(), less.describe().c_str(),
                replay(asked, seed, less.options).c_str());
  }
  std::fflush(stdout);
}

/// Runs a seed twice, with kinds of fault that must change nothing and without; says how the courses differ, or nothing.
template <class Client>
std::string compare(std::string_view invariant, std::uint64_t seed, SimulationOptions options, std::initializer_list<Fault> harmless) {
  options.faults.remove(Fault::odd_retry_after);  // whose dates are rightly read on the wall clock
  Judge judge;
  std::array<CourseRecord, 2> courses;
  std::array<std::uint64_t, 2> hashes{};
  for (std::size_t i = 0; i != 2; ++i) {
    options.mix = [&](FaultMix& mix) {
      for (const Fault each : harmless) mix.set(each, i == 0 ? 0 : 400);
    };
    options.witnesses = {&courses[i]};
    hashes[i] = run(seed, options, Client{}).hash;
  }
  compare_courses(invariant, courses[0], courses[1], judge);
  if (harmless.size() == 0) compare_hashes(hashes[0], hashes[1], judge);
  return judge.clean() ? std::string{} : judge.breaches().front().describe();
}

/// The invariants that one run cannot show (I22, I25, I26).
template <class Client>
std::string compare_runs(std::uint64_t seed, const SimulationOptions& options) {
  for (std::string found : {compare<Client>("I22", seed, options, {Fault::wall_jump, Fault::wall_stall}),
                            compare<Client>("I25", seed, options, {Fault::throwing}), compare<Client>("I26", seed, options, {})})
    if (!found.empty()) return found;
  return {};
}

/// Whether a campaign of the dialect must see the fault strike. On the platform no message refuses a command; elsewhere
/// channels are not made, and so not ended.
bool can_strike(const Asked& asked, std::size_t fault) {
  if (asked.dialect == "platform") return fault != static_cast<std::size_t>(Fault::negative_ack);
  return fault < static_cast<std::size_t>(Fault::closing_notice);
}

bool can_reach(const Asked& asked, std::size_t state) {
  return asked.dialect == "platform" ? Sometimes::on_platform(state) : Sometimes::on_interactions(state);
}

/// Does what is asked for with a client's policies; answers the exit status.
template <class Client>
int campaign(Asked& asked) {
  if (asked.seed) {
    asked.options.logs = asked.trace;
    const Judgement verdict = simulate(*asked.seed, asked.options, Client{}, asked.trace ? stdout : nullptr);
    for (const Breach& each : verdict.breaches) std::printf("%s\n", each.describe(verdict.report.begun).c_str());
    std::printf("seed %llu: %s, %llu operations, %llu events, hash %016llx\nfaults: %s\n", static_cast<unsigned long long>(*asked.seed),
                verdict.clean() ? "nothing is wrong" : "something is wrong", static_cast<unsigned long long>(verdict.report.operations),
                static_cast<unsigned long long>(verdict.report.events), static_cast<unsigned long long>(verdict.report.hash),
                verdict.report.mix.describe().c_str());
    return verdict.clean() ? 0 : 1;
  }

  const auto begun = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
  std::uint64_t ran = 0, failed = 0, operations = 0, events = 0, hash = 0;
  patchbay::Duration virtual_time{};
  std::map<std::string, std::uint64_t> broken;
  std::array<std::uint64_t, fault_count> struck{};
  Sometimes sometimes;
  for (std::uint64_t i = 0; i < asked.seeds && failed < asked.failures; ++i) {
    if (asked.seconds != 0 && elapsed() > static_cast<double>(asked.seconds)) break;
    const Judgement verdict = simulate(asked.first + i, asked.options, Client{});
    ++ran;
    operations += verdict.report.operations;
    events += verdict.report.events;
    virtual_time += verdict.report.virtual_time;
    hash = mix(hash ^ verdict.report.hash);
    for (std::size_t kind = 0; kind != fault_count; ++kind) struck[kind] += verdict.report.struck[kind];
    sometimes += verdict.sometimes;
    if (!asked.hash && (asked.first + i) % 64 == 0) {
      if (const std::string difference = compare_runs<Client>(asked.first + i, asked.options); !difference.empty()) {
        ++failed;
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(asked.first + i), difference.c_str());
      }
    }
    if (verdict.clean()) continue;
    ++failed;
    ++broken[std::string(verdict.first())];
    if (!asked.hash) report_failure<Client>(asked, verdict);
  }
  if (asked.hash) {
    std::printf("%016llx\n", static_cast<unsigned long long>(hash));
    return 0;
  }

  const double took = elapsed();
  std::printf("%llu seeds, %llu operations, %llu events, %.1f hours of virtual time, in %.1f s: %.0f seeds/s, %.0f operations/s\n",
              static_cast<unsigned long long>(ran), static_cast<unsigned long long>(operations), static_cast<unsigned long long>(events),
              std::chrono::duration<double>(virtual_time).count() / 3600, took, static_cast<double>(ran) / took,
              static_cast<double>(operations) / took);
  std::printf("faults that struck:");
  std::size_t unseen = 0;
  for (std::size_t kind = 0; kind != fault_count; ++kind) {
    std::printf(" %s=%llu", std::string(fault_names[kind]).c_str(), static_cast<unsigned long long>(struck[kind]));
    if (struck[kind] == 0 && can_strike(asked, kind)) ++unseen;
  }
  std::printf("\nreached:");
  for (std::size_t i = 0; i != rare_count; ++i) {
    std::printf(" %s=%llu", std::string(Sometimes::names[i]).c_str(), static_cast<unsigned long long>(sometimes.count(i)));
    if (sometimes.count(i) == 0 && can_reach(asked, i)) ++unseen;
  }
  std::printf("\n");
  // What never happened proves nothing; a short run is no proof anyway.
  const bool expect_all = asked.expect_all.value_or(ran >= 5000 && asked.mix == "all" && asked.faults.empty() && failed == 0);
  for (const auto& [invariant, count] : broken)
    std::printf("%s: first to break in %llu seeds\n", invariant.c_str(), static_cast<unsigned long long>(count));
  if (expect_all) {
    for (std::size_t kind = 0; kind != fault_count; ++kind)
      if (struck[kind] == 0 && can_strike(asked, kind)) std::printf("never struck: %s\n", std::string(fault_names[kind]).c_str());
    for (std::size_t i = 0; i != rare_count; ++i)
      if (sometimes.count(i) == 0 && can_reach(asked, i)) std::printf("never reached: %s\n", std::string(Sometimes::names[i]).c_str());
  }
  const bool fine = failed == 0 && (!expect_all || unseen == 0);
  std::printf("%s: %llu of %llu seeds failed\n", fine ? "PASSED" : "FAILED", static_cast<unsigned long long>(failed),
              static_cast<unsigned long long>(ran));
  return fine ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<Asked> asked = parse(argc, argv);
  if (!asked) return std::fputs(usage.data(), stderr), 2;
  using OnPlatform = ClientPolicies<patchbay::DefaultRetry, patchbay::NullLogger, patchbay::DefaultSchema, patchbay::cloud::Platform>;
  return asked->dialect == "platform" ? campaign<OnPlatform>(*asked) : campaign<ClientPolicies<>>(*asked);
}
