// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::testing::simulation {

inline constexpr std::string_view simulated_flow = "b7c1f2d4-0e5a-4c7b-9f10-3a6d8e2b4c01";

/// The nodes of the simulated flow; the first is where interactions begin, the last leads nowhere.
inline constexpr std::array<std::string_view, 7> flow_nodes{"Menu", "Billing", "Balance", "Payment", "Agent", "Survey", "Goodbye"};
/// Its edges by the places of their nodes, so that most moves have a way, and some have none.
inline constexpr std::array<std::pair<std::size_t, std::size_t>, 12> flow_edges{
    {{0, 1}, {0, 4}, {1, 2}, {1, 3}, {1, 0}, {2, 5}, {2, 1}, {3, 5}, {3, 1}, {4, 5}, {5, 6}, {5, 0}}};

/// A definition of the flow, without one of its edges from the second version on.
[[nodiscard]] inline std::string flow_definition(std::string_view version, std::size_t without = flow_edges.size()) {
  std::string out("{\"id\":\"");
  out.append(simulated_flow).append("\",\"name\":\"Simulated\",\"version\":\"").append(version).append("\",\"nodes\":[");
  for (std::size_t node = 0; node != flow_nodes.size(); ++node) {
    out.append(node == 0 ? "" : ",").append("{\"id\":\"").append(flow_nodes[node]).append("\",\"type\":\"task\",\"transitions\":[");
    bool first = true;
    for (std::size_t edge = 0; edge != flow_edges.size(); ++edge) {
      if (flow_edges[edge].first != node || edge == without) continue;
      out.append(std::exchange(first, false) ? "" : ",").append("{\"targetId\":\"").append(flow_nodes[flow_edges[edge].second]).append("\"}");
    }
    out.append("]}");
  }
  return out.append("]}");
}

/// The nodes that a move may lead to from `node` in one step.
[[nodiscard]] inline std::vector<std::size_t> next_nodes(std::size_t node) {
  std::vector<std::size_t> out;
  for (const auto& [from, to] : flow_edges)
    if (from == node) out.push_back(to);
  return out;
}

/// The simulated interactions: UUIDs that differ in their last digits.
[[nodiscard]] inline std::string interaction_id(std::size_t number) {
  const std::string digits = std::to_string(number);
  return "550e8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}

}  // namespace patchbay::testing::simulation
