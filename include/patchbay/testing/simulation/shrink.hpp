// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/simulation.hpp>

namespace patchbay::testing::simulation {

/// A failing run made short: options with which the seed still breaks the same invariant, and what it then does.
class Shrunk {
 public:
  SimulationOptions options;
  Judgement verdict;
  int runs = 0;  ///< That were tried.
  /// Whether the run failed again at all. If not, it was given other options, or another client, than the one that failed.
  bool reproduced = false;

  /// The seed, the invariant, the faults that are left, and the workload, a line each. To see each event, give `simulate` the seed,
  /// `options`, the client and `stdout`.
  [[nodiscard]] std::string describe() const {
    std::string out = "seed " + std::to_string(verdict.report.seed) + "\n";
    if (!reproduced) out.append("It did not fail again: give `shrink` the options and the client of the run that failed.\n");
    for (const Breach& each : verdict.breaches)
      if (each.invariant == verdict.first()) {
        out.append(each.describe(verdict.report.begun)).append("\n");
        break;
      }
    for (const std::string& each : verdict.report.complaints) out.append(each).append("\n");
    out.append("faults: ").append(verdict.report.mix.empty() ? std::string("none") : verdict.report.mix.describe()).append("\n");
    for (const Work& each : verdict.report.workload) out.append("  ").append(simulation::describe(each, verdict.report.begun)).append("\n");
    return out;
  }
};

/// Whether a run breaks `invariant`; `end` is that it has complaints.
[[nodiscard]] inline bool breaks(const Judgement& verdict, std::string_view invariant) noexcept {
  if (invariant == "end") return !verdict.report.complaints.empty();
  for (const Breach& each : verdict.breaches)
    if (each.invariant == invariant) return true;
  return false;
}

/// Leaves out kinds of fault and works of a failing seed for as long as the same invariant breaks: first whole kinds, then
/// works by delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002). What is left
/// out changes nothing for the rest, since every part of a run draws from a stream of its own.
///
/// `failed` is the run to begin with, of `options` and `client`. At most `most_runs` are tried.
template <class Client = ClientPolicies<>>
Shrunk shrink(const Judgement& failed, const SimulationOptions& options, const Client& client = {}, int most_runs = 400) {
  Shrunk out{options, failed, 0, false};
  const std::string invariant(failed.first());
  const std::uint64_t seed = failed.report.seed;
  const auto still = [&](const SimulationOptions& tried) {
    if (out.runs >= most_runs) return false;
    ++out.runs;
    Judgement verdict = simulate(seed, tried, client);
    if (!breaks(verdict, invariant)) return false;
    out.options = tried;
    out.verdict = std::move(verdict);
    return true;
  };
  // As it was: what does not fail again so was run otherwise, and nothing of it can be left out.
  out.reproduced = still(options);
  if (!out.reproduced) return out;
  const auto drop_faults = [&] {
    for (std::size_t i = 0; i != fault_count; ++i) {
      const Fault fault = static_cast<Fault>(i);
      if (!out.verdict.report.mix.has(fault)) continue;
      SimulationOptions tried = out.options;
      tried.faults.remove(fault);
      still(tried);
    }
  };
  drop_faults();
  for (std::size_t size = std::max<std::size_t>(out.verdict.report.workload.size() / 2, 1);;) {
    bool dropped = false;
    for (std::size_t at = 0; at < out.verdict.report.workload.size();) {
      const std::vector<Work>& works = out.verdict.report.workload;
      SimulationOptions tried = out.options;
      for (std::size_t i = at; i < (std::min)(at + size, works.size()); ++i) tried.without.push_back(works[i].number);
      if (still(tried)) {
        dropped = true;
      } else {
        at += size;
      }
    }
    if (size == 1 && !dropped) break;
    if (out.runs >= most_runs) break;
    size = std::max<std::size_t>(size / 2, 1);
  }
  drop_faults();
  return out;
}

}  // namespace patchbay::testing::simulation
