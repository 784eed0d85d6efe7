// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <functional>  // less
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/reachability_rule.hpp>
#include <patchbay/testing/simulation/invariants/scan.hpp>

namespace patchbay::testing::simulation::plain {

/// A flow as it was published, searched as plainly as can be: what the library's indices are held against.
class FlowTruth {
 public:
  explicit FlowTruth(std::string_view json) {
    readable_ = JsonScan::members(json, [this](std::string_view key, std::string_view nodes) {
      if (key == "nodes") JsonScan::elements(nodes, [this](std::string_view node) { read_node(node); });
    });
  }
  /// Whether it could be read at all.
  [[nodiscard]] bool readable() const noexcept { return readable_ && !nodes_.empty(); }

  /// Whether the flow may lead from one node to the other by at least one transition. Which conditions are fulfilled is
  /// the client's secret, so under `conditional` any condition is taken for one that may be.
  [[nodiscard]] bool allows(std::string_view from, std::string_view to, Reachability rule) const {
    const auto start = nodes_.find(from);
    if (start == nodes_.end() || nodes_.find(to) == nodes_.end()) return false;
    std::map<std::string_view, bool> seen;
    std::deque<std::string_view> next(start->second.begin(), start->second.end());
    while (!next.empty()) {
      const std::string_view node = next.front();
      next.pop_front();
      if (node == to) return true;
      if (rule == Reachability::direct_edge || std::exchange(seen[node], true)) continue;
      if (const auto found = nodes_.find(node); found != nodes_.end())
        next.insert(next.end(), found->second.begin(), found->second.end());
    }
    return false;
  }

 private:
  void read_node(std::string_view json) {
    const std::string id = JsonScan::text_member(json, "id");
    if (id.empty()) return;
    std::vector<std::string>& targets = nodes_[id];
    JsonScan::elements(JsonScan::member(json, "transitions"), [&targets](std::string_view edge) {
      if (std::string target = JsonScan::text_member(edge, "targetId"); !target.empty())
        targets.push_back(std::move(target));
    });
  }
  std::map<std::string, std::vector<std::string>, std::less<>> nodes_;
  bool readable_ = false;
};

}  // namespace patchbay::testing::simulation::plain
