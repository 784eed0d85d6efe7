// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // reverse
#include <cstddef>
#include <cstdint>
#include <vector>

#include <patchbay/flow/detail/shortest_way.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability_index.hpp>

namespace patchbay::detail {

/// One search from both ends. The word of a mark is the number of steps from its end.
class ShortestWay {
 public:
  ShortestWay(const FlowGraph& graph, const ReachabilityIndex& index, NodeIndex from, NodeIndex to,
              RouteScratch& scratch) noexcept
      : graph_(graph), index_(index), from_(from), to_(to), ahead_(scratch.forward()), behind_(scratch.backward()),
        path_(scratch.path()) {}

  bool find() {
    ahead_.start(graph_.node_count() + 1), behind_.start(graph_.node_count() + 1);
    if (from_ == to_) {
      ahead_.push_unmarked(from_);  // to be met again
    } else {
      ahead_.push(from_, 0);
    }
    behind_.push(to_, 0);
    // Level by level, the smaller one next; the first level from the begin, so that it is never the target by itself.
    path_.clear();
    while (path_.empty()) {
      if (ahead_.empty() || behind_.empty()) return false;
      if (steps_ahead_ == 0 || ahead_.waiting() <= behind_.waiting()) {
        go_ahead();
      } else {
        go_behind();
      }
    }
    mark_ways();
    walk();
    return true;
  }

 private:
  /// Ways of this length and no shorter ones lead over the nodes in `path_`, as soon as there are some.
  [[nodiscard]] std::uint32_t length() const noexcept { return steps_ahead_ + steps_behind_; }

  void go_ahead() {
    ++steps_ahead_;
    for (std::size_t left = ahead_.waiting(); left != 0; --left) {
      for (const FlowEdge& edge : graph_.edges(ahead_.pop())) {
        const NodeIndex next = edge.target();
        if (!graph_.is_node(next) || ahead_.seen(next)) continue;
        if (next != to_ && index_.settled(next, to_) == false) continue;
        ahead_.push(next, steps_ahead_);
        if (behind_.seen(next)) path_.push_back(next);
      }
    }
  }

  void go_behind() {
    ++steps_behind_;
    for (std::size_t left = behind_.waiting(); left != 0; --left) {
      for (const NodeIndex next : index_.sources(behind_.pop())) {
        if (behind_.seen(next)) continue;
        if (next != from_ && index_.settled(from_, next) == false) continue;
        behind_.push(next, steps_behind_);
        if (ahead_.seen(next)) path_.push_back(next);
      }
    }
  }

  /// From where both ends met, marks every node of a shortest way with its steps to the end.
  void mark_ways() {
    while (!path_.empty()) {
      const NodeIndex at = path_.back();
      path_.pop_back();
      const std::uint32_t steps = ahead_.word(at);
      if (steps <= 1) continue;
      for (const NodeIndex before : index_.sources(at))
        if (ahead_.seen(before) && ahead_.word(before) == steps - 1 && behind_.push(before, length() - steps + 1))
          path_.push_back(before);
    }
  }

  void walk() {
    path_.push_back(from_);
    for (std::uint32_t left = length(); left-- != 0;) {
      for (const FlowEdge& edge : graph_.edges(path_.back())) {
        const NodeIndex next = edge.target();
        if (!graph_.is_node(next) || !behind_.seen(next) || behind_.word(next) != left) continue;
        path_.push_back(next);
        break;
      }
    }
    std::reverse(path_.begin(), path_.end());
  }

  const FlowGraph& graph_;
  const ReachabilityIndex& index_;
  NodeIndex from_, to_;
  SearchSide& ahead_;
  SearchSide& behind_;
  std::vector<NodeIndex>& path_;
  std::uint32_t steps_ahead_ = 0, steps_behind_ = 0;
};

PATCHBAY_DECL bool shortest_way(const FlowGraph& graph, const ReachabilityIndex& index, NodeIndex from, NodeIndex to,
                                RouteScratch& scratch) {
  return ShortestWay(graph, index, from, to, scratch).find();
}

}  // namespace patchbay::detail
