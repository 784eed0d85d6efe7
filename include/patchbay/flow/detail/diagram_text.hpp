// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/diagram_plan.hpp>
#include <patchbay/flow/detail/visible.hpp>
#include <patchbay/flow/flow_graph.hpp>

namespace patchbay::detail {

/// Draws a flow as trees of transitions. Each node's own transitions are drawn once, under its shortest way from the
/// start; where it is met again a `^` says so. A tree that grows too deep for a page goes on as one of its own.
class TextDiagram {
 public:
  TextDiagram(const FlowGraph& graph, const DiagramPlan& plan)
      : graph_(graph), plan_(plan), drawn_(graph.node_count(), false), by_(graph.node_count(), nullptr) {}

  std::string render() {
    append_word(out_.append("flow "), graph_.id());
    if (!graph_.version().empty()) append_word(out_.append(" version "), graph_.version());
    count(out_.append(": "), graph_.node_count(), "node");
    count(out_.append(", "), graph_.edge_count(), "transition");
    out_.push_back('\n');
    if (const auto& path = plan_.path(); !path.empty()) {
      out_.append("path: ");
      for (std::size_t i = 0; i < path.size(); ++i)
        append_word(i == 0 ? out_ : out_.append(" -> "), graph_.name(path[i]));
      out_.push_back('\n');
    }
    if (plan_.start()) trees(*plan_.start());
    bool headed = false;
    for (NodeIndex i = 0; i < graph_.node_count(); ++i) {
      if (drawn_[i]) continue;
      if (!headed) {
        append_word(out_.append("\nnot reachable from "), graph_.name(*plan_.start()));
        out_.append(":\n");
        space_ = false;
      }
      headed = true;
      trees(i);
    }
    legend();
    return std::move(out_);
  }

 private:
  static constexpr std::size_t deepest = 12;
  struct Level {
    NodeIndex node;
    std::size_t edge;
  };

  static void count(std::string& out, std::size_t number, std::string_view what) {
    out.append(std::to_string(number)).append(" ").append(what);
    if (number != 1) out.push_back('s');
  }

  void trees(NodeIndex first) {
    std::vector<NodeIndex> roots{first};
    drawn_[first] = true;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      span_tree(roots[i], roots);
      const bool tall = !graph_.edges(roots[i]).empty();
      if (space_ || tall) out_.push_back('\n');
      space_ = tall;
      node(roots[i]);
      out_.push_back('\n');
      branches(roots[i]);
    }
  }

  /// Gives each node that is not drawn yet, breadth first, to the edge under which it will be. Those beyond the deepest
  /// level become further roots.
  void span_tree(NodeIndex root, std::vector<NodeIndex>& roots) {
    level_.assign(1, root);
    for (std::size_t depth = 1; !level_.empty(); ++depth) {
      following_.clear();
      for (const NodeIndex at : level_) {
        for (const FlowEdge& edge : graph_.edges(at)) {
          const NodeIndex next = edge.target();
          if (!graph_.is_node(next) || drawn_[next]) continue;
          drawn_[next] = true;
          if (depth > deepest || graph_.edges(next).empty()) {
            if (!graph_.edges(next).empty()) roots.push_back(next);
            continue;
          }
          by_[next] = &edge;
          following_.push_back(next);
        }
      }
      level_.swap(following_);
    }
  }

  void branches(NodeIndex root) {
    stack_.assign(1, Level{root, 0});
    while (!stack_.empty()) {
      Level& top = stack_.back();
      const auto edges = graph_.edges(top.node);
      if (top.edge == edges.size()) {
        stack_.pop_back();
        continue;
      }
      const FlowEdge& edge = edges[top.edge++];
      const NodeIndex next = edge.target();
      out_.append(stack_.size() * 4 - 2, ' ');
      if (!graph_.is_node(next)) {
        append_word(out_.append("--x "), graph_.name(next));
        dangling_ = true;
      } else {
        out_.append(plan_.on_path(top.node, edge) ? "==> " : "--> ");
        node(next);
      }
      if (edge.conditional()) append_visible_quoted(out_.append("  if "), graph_.condition(edge));
      const bool goes_on = graph_.is_node(next) && by_[next] == &edge;
      if (graph_.is_node(next) && !goes_on && !graph_.edges(next).empty()) {
        out_.append(" ^");
        elsewhere_ = true;
      }
      out_.push_back('\n');
      if (goes_on) stack_.push_back({next, 0});
    }
  }

  void node(NodeIndex i) {
    append_word(out_, graph_.name(i));
    if (!graph_.type(i).empty()) {
      append_word(out_.append(" ("), graph_.type(i));
      out_.push_back(')');
    }
    if (plan_.is_current(i)) out_.append(" [current]");
  }

  void legend() {
    std::string_view separator = "\n";
    const auto add = [&](bool used, std::string_view text) {
      if (!used) return;
      out_.append(separator).append(text);
      separator = "   ";
    };
    add(plan_.path().size() > 1, "==> the path");
    add(dangling_, "--x no such node");
    add(elsewhere_, "^ its transitions stand elsewhere");
    if (separator != "\n") out_.push_back('\n');
  }

  const FlowGraph& graph_;
  const DiagramPlan& plan_;
  std::vector<bool> drawn_;
  std::vector<const FlowEdge*> by_;  // the edge under which a node's transitions stand; null for roots and leaves
  std::vector<NodeIndex> level_, following_;
  std::vector<Level> stack_;
  std::string out_;
  bool space_ = true;  // whether a blank line must stand before the next tree
  bool dangling_ = false, elsewhere_ = false;
};

}  // namespace patchbay::detail
