// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/course.hpp>
#include <patchbay/testing/simulation/invariants/oracle.hpp>
#include <patchbay/testing/simulation/lives.hpp>
#include <patchbay/testing/simulation/surroundings.hpp>
#include <patchbay/testing/simulation/trace.hpp>

namespace patchbay::testing::simulation {

/// What one run was.
class Report {
 public:
  std::uint64_t seed = 0;
  std::uint64_t hash = 0;        ///< Of everything that happened; the same wherever the same seed is run.
  std::uint64_t events = 0;
  std::uint64_t operations = 0;  ///< That were submitted.
  Duration virtual_time{};
  std::vector<std::string> complaints;  ///< What is wrong besides what witnesses see, in words.
  bool ended = true;             ///< Everything that was asked for has ended, and nothing was left over.
  FaultMix mix;
  std::array<std::uint64_t, fault_count> struck{};  ///< How often each kind of fault struck.
  std::vector<Work> workload;
  SteadyTime begun{};
};

/// Runs one seed with a client's policies. `trace`, when given, is written a line for each event. Neither it nor any witness
/// nor `SimulationOptions::logs` changes anything of the run, or its hash.
template <class Client = ClientPolicies<>>
Report run(std::uint64_t seed, const SimulationOptions& options, const Client& client = {}, std::FILE* trace = nullptr) {
  FaultMix mix = FaultMix::draw(seed, options.faults);
  if (options.mix) options.mix(mix);
  using Around = Surroundings<typename Client::dialect_type>;
  const Around around(seed, mix, options);
  Scene scene(seed, mix, [&around](Cloud::Now now, Cloud::WallNow wall_now) { return around.make_cloud(std::move(now), std::move(wall_now)); });
  Serving serving(scene);
  Trace<TraceHash> hash;
  scene.witnesses.add(hash);
  const auto watch = [&scene](Witness& witness) { scene.witnesses.add(witness), scene.onlookers.add(witness); };
  for (Witness* const each : options.witnesses) watch(*each);
  std::unique_ptr<Trace<TraceText>> text;
  if (trace) watch(*(text = std::make_unique<Trace<TraceText>>(trace, scene.now())));
  Course course(scene, options, [&](ProcessId id, bool blocking, ProcessDisk* disk) -> Life& {
    if (blocking) return scene.keep(std::make_unique<BlockingLife<Client>>(scene, serving, id, options, disk, client, around));
    return scene.keep(std::make_unique<LoopLife<Client>>(scene, serving, id, options, disk, client, around));
  });
  Report report;
  report.ended = course.run();
  report.complaints = scene.complaints;
  if (!report.ended) report.complaints.emplace_back("something never ended");
  report.seed = seed;
  report.hash = hash.sink.value();
  report.events = scene.events;
  report.operations = course.submitted();
  report.virtual_time = scene.now() - course.begun();
  report.mix = mix;
  report.struck = scene.struck;
  report.workload = course.works();
  report.begun = course.begun();
  return report;
}

/// A run and what the simulation's own checks say of it.
class Judgement {
 public:
  Report report;
  std::vector<Breach> breaches;  ///< The first of them.
  std::uint64_t count = 0;       ///< Of all.
  Sometimes sometimes;           ///< The rare states that it has reached.

  [[nodiscard]] bool clean() const noexcept { return count == 0 && report.complaints.empty(); }
  /// The first thing that is wrong: `I4`, or `end` when it is a complaint of the report; empty when nothing is.
  [[nodiscard]] std::string_view first() const noexcept {
    return !breaches.empty() ? breaches.front().invariant : report.complaints.empty() ? std::string_view{} : std::string_view("end");
  }
};

/// What the oracle is told of a simulation of a seed with these policies: the canary that stands in a variable of every
/// transition, of the documents' schema, which variables there are, and how what it sees is to be read.
template <class Client = ClientPolicies<>>
[[nodiscard]] OracleOptions facts_of(std::uint64_t seed = 0, const SimulationOptions& options = {}) {
  OracleOptions out;
  FaultMix mix = FaultMix::draw(seed, options.faults);
  if (options.mix) options.mix(mix);
  out.wire = Surroundings<typename Client::dialect_type>(seed, mix, options).wire();
  out.clocks_agree = !mix.has(Fault::wall_jump) && !mix.has(Fault::wall_stall);
  out.secrets.emplace_back(canary_value);
  if constexpr (std::is_same_v<typename Client::schema_type, DefaultSchema>)
    out.variables = {"customer_tier", "call_duration_seconds", "requires_supervisor", "routing_metadata"};
  return out;
}

/// The same before the invariants: each of them that is broken is a breach.
template <class Client = ClientPolicies<>>
Judgement simulate(std::uint64_t seed, SimulationOptions options = {}, const Client& client = {}, std::FILE* trace = nullptr) {
  Oracle oracle(facts_of<Client>(seed, options));
  options.witnesses.insert(options.witnesses.begin(), &oracle);
  Judgement out;
  out.report = run(seed, options, client, trace);
  out.breaches = oracle.breaches();
  out.count = oracle.count();
  out.sometimes = oracle.sometimes();
  return out;
}

}  // namespace patchbay::testing::simulation
