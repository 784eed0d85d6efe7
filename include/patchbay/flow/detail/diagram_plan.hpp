// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability.hpp>

namespace patchbay {

/// What a drawing points out. Views that live as long as the call.
struct DiagramMarks {
  const FlowPath* path = nullptr;  ///< The way taken; null for none. May be of an older version of the flow.
  std::string_view current{};      ///< The node where the interaction is; empty, or unknown to the flow, for none.
};

namespace detail {

/// What a drawing of any format says about each node and edge.
class DiagramPlan {
 public:
  DiagramPlan(const FlowGraph& graph, const DiagramMarks& marks)
      : graph_(graph), next_(graph.node_count(), none), on_path_(graph.node_count(), false) {
    if (!marks.current.empty()) current_ = graph.find(marks.current);
    if (marks.path != nullptr) mark(*marks.path);
    start_ = path_.empty() ? current_ : path_.front();
    if (!start_ && graph.node_count() != 0) start_ = NodeIndex{0};
    scratch_.start(graph.node_count());
    if (start_) scratch_.push(*start_, *start_);
    while (!scratch_.empty()) {
      const NodeIndex at = scratch_.pop();
      for (const FlowEdge& edge : graph.edges(at))
        if (graph.is_node(edge.target())) scratch_.push(edge.target(), at);
    }
  }

  /// Where the drawing begins; nothing for a flow without nodes.
  [[nodiscard]] std::optional<NodeIndex> start() const noexcept { return start_; }
  /// The marked way in this graph's own indices, as far as the graph still has its nodes.
  [[nodiscard]] const std::vector<NodeIndex>& path() const noexcept { return path_; }
  [[nodiscard]] bool reachable(NodeIndex node) const noexcept { return scratch_.seen(node); }
  [[nodiscard]] bool is_current(NodeIndex node) const noexcept { return current_ == node; }
  [[nodiscard]] bool on_path(NodeIndex node) const noexcept { return on_path_[node]; }
  /// Parallel transitions are all marked: a path is a way over nodes and does not say which of them was taken.
  [[nodiscard]] bool on_path(NodeIndex from, const FlowEdge& edge) const noexcept {
    return next_[from] == edge.target();
  }
  [[nodiscard]] std::string title() const {
    std::string out = "flow ";
    out.append(graph_.id());
    if (!graph_.version().empty()) out.append(" version ").append(graph_.version());
    return out;
  }

 private:
  static constexpr NodeIndex none = TextIndex::none;

  void mark(const FlowPath& path) {
    for (const std::string_view name : path) {
      const auto node = graph_.find(name);
      if (!node) continue;
      if (!path_.empty()) next_[path_.back()] = *node;
      path_.push_back(*node);
      on_path_[*node] = true;
    }
  }
  const FlowGraph& graph_;
  std::optional<NodeIndex> start_, current_;
  std::vector<NodeIndex> path_;
  std::vector<NodeIndex> next_;  // by node, where the path goes on
  std::vector<bool> on_path_;
  RouteScratch scratch_;
};

}  // namespace detail

}  // namespace patchbay
