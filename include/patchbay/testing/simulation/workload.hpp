// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/flow_versions.hpp>
#include <patchbay/testing/simulation/options.hpp>

namespace patchbay::testing::simulation {

/// The operations that the callers of one run will ask for, in the order of their times, from `begin` on. They walk the
/// interactions through their flow as if every move succeeded, mostly: now and then from, or to, where they should not.
/// Without `holds` all of them are transitions.
[[nodiscard]] inline std::vector<Work> draw_workload(std::uint64_t seed, SteadyTime begin, std::size_t processes, const SimulationOptions& options,
                                                     const FaultMix& mix, bool holds = true) {
  Stream random = stream(seed, "workload");
  constexpr std::array<Duration, 6> budgets{milliseconds{5}, milliseconds{300}, seconds{2}, seconds{10}, seconds{30}, seconds{60}};
  std::vector<std::size_t> nodes(options.interactions, 0);
  std::vector<Work> works;
  works.reserve(options.works);
  SteadyTime at = begin;
  const Duration usual_gap = random.chance(256) ? milliseconds{5} : random.chance(512) ? milliseconds{400} : seconds{3};
  // What interactions are asked for: some runs have much of one kind.
  const std::uint64_t drawn = 200 + random.below(624), transitions = holds ? drawn : 1024;
  std::uint64_t bulk = 0;
  for (std::size_t i = 0; i != options.works; ++i) {
    Work work;
    work.number = i + 1;
    if (random.chance(900)) at = after(at, random.heavy_tailed(usual_gap, seconds{60}));
    work.at = at;
    work.process = static_cast<int>(random.below(processes));
    const std::size_t which = random.below(options.interactions);
    work.interaction = interaction_id(which);
    work.budget = random.pick(budgets);
    const bool impatient = random.chance(mix.rate(Fault::cancel));
    const Duration patience = random.heavy_tailed(milliseconds{20}, work.budget);
    if (impatient) work.cancel_after = patience;
    const std::uint64_t dice = random.below(1024);
    const bool astray = random.chance(100), odd = random.chance(60), together = random.chance(100);
    const std::size_t anywhere = random.below(flow_nodes.size());
    const std::uint64_t step = random.bits();
    if (dice < transitions) {
      work.kind = WorkKind::transition;
      const std::vector<std::size_t> ways = next_nodes(nodes[which]);
      const std::size_t to = ways.empty() || odd ? anywhere : ways[static_cast<std::size_t>(step % ways.size())];
      work.from = flow_nodes[astray ? anywhere : nodes[which]];
      work.to = flow_nodes[to];
      nodes[which] = to == flow_nodes.size() - 1 ? 0 : to;
      // Some are asked for together with the one before.
      if (together && !works.empty() && works.back().kind == WorkKind::transition) {
        if (works.back().bulk == 0) works.back().bulk = ++bulk;
        work.bulk = works.back().bulk;
        work.process = works.back().process, work.at = works.back().at, work.cancel_after = works.back().cancel_after;
        work.budget = works.back().budget;
      }
    } else {
      work.kind = dice < transitions + (1024 - transitions) * 5 / 9 ? WorkKind::hold : WorkKind::unhold;
    }
    works.push_back(std::move(work));
  }
  return works;
}

/// Without those whose numbers are given.
[[nodiscard]] inline std::vector<Work> without(std::vector<Work> works, const std::vector<std::uint64_t>& numbers) {
  std::erase_if(works, [&](const Work& each) { return std::find(numbers.begin(), numbers.end(), each.number) != numbers.end(); });
  return works;
}

/// One line for people; times count from `begin`.
[[nodiscard]] inline std::string describe(const Work& work, SteadyTime begin) {
  const auto milli = [](Duration span) { return std::to_string(std::chrono::duration_cast<milliseconds>(span).count()) + " ms"; };
  std::string out = "#" + std::to_string(work.number) + " at " + milli(work.at - begin) + ": process " + std::to_string(work.process) + ", ";
  out.append(to_string(work.kind)).append(" of ").append(work.interaction);
  if (work.kind == WorkKind::transition) out.append(" from ").append(work.from).append(" to ").append(work.to);
  out.append(", within ").append(milli(work.budget));
  if (work.cancel_after != Duration::max()) out.append(", cancelled after ").append(milli(work.cancel_after));
  if (work.bulk != 0) out.append(", in bulk ").append(std::to_string(work.bulk));
  return out;
}

}  // namespace patchbay::testing::simulation
