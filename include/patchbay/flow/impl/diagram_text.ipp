// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/impl/diagram_plan.ipp>
#include <patchbay/flow/detail/visible.hpp>

namespace patchbay::detail {

/// Draws a flow as trees of transitions. Each node's own transitions are drawn once, under its shortest way from the
/// start; where it is met again a `^` says so. A tree that grows too deep for a page goes on as one of its own.
class TextDiagram {
 public:
  explicit TextDiagram(const DiagramPlan& plan)
      : plan_(plan), drawn_(plan.nodes().size(), false), by_(plan.nodes().size(), nullptr) {}

  std::string render() {
    plan_.title(out_, append_word);
    count(out_.append(": "), plan_.node_count(), "node");
    count(out_.append(", "), plan_.edge_count(), "transition");
    if (const auto drift = plan_.drift_count(); drift && *drift != 0) count(out_.append(", "), *drift, "difference");
    if (plan_.drift_count() == 0u) out_.append(", no difference");
    out_.push_back('\n');
    if (const auto& path = plan_.path(); !path.empty()) {
      out_.append("path: ");
      for (std::size_t i = 0; i < path.size(); ++i)
        append_word(i == 0 ? out_ : out_.append(" -> "), plan_.nodes()[path[i]].name);
      out_.push_back('\n');
    }
    if (plan_.start()) trees(*plan_.start());
    rest(true);
    rest(false);
    legend();
    return std::move(out_);
  }

 private:
  using Edge = DiagramPlan::Edge;
  using Kind = DiagramPlan::Kind;
  static constexpr std::size_t deepest = 12;
  struct Level {
    std::uint32_t node;
    std::size_t edge;
  };

  static void count(std::string& out, std::size_t number, std::string_view what) {
    out.append(std::to_string(number)).append(" ").append(what);
    if (number != 1) out.push_back('s');
  }

  /// Draws what no way from the start has led to: of the flow itself, or of the other one.
  void rest(bool own) {
    bool headed = false;
    for (std::uint32_t i = 0; i < plan_.nodes().size(); ++i) {
      if (drawn_[i] || !is_tree(i) || (plan_.nodes()[i].kind == Kind::node) != own) continue;
      if (!headed && own) append_word(out_.append("\nnot reachable from "), plan_.nodes()[*plan_.start()].name);
      if (!headed && !own) out_.append("\nonly ").append(plan_.other());
      if (!headed) out_.append(":\n");
      if (!headed) space_ = false;
      headed = true;
      trees(i);
    }
  }

  /// Names that are nobody's are drawn where they are mentioned alone.
  [[nodiscard]] bool is_tree(std::uint32_t node) const noexcept {
    return plan_.nodes()[node].kind != Kind::no_such_node || !plan_.edges(node).empty();
  }
  /// Whether a node may stand under an edge: what the flow has does not hang on what it has not.
  [[nodiscard]] bool leads(const Edge& edge) const noexcept {
    return is_tree(edge.target) && (!edge.ghost || plan_.nodes()[edge.target].kind != Kind::node);
  }

  void trees(std::uint32_t first) {
    std::vector<std::uint32_t> roots{first};
    drawn_[first] = true;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      span_tree(roots[i], roots);
      const bool tall = !plan_.edges(roots[i]).empty();
      if (space_ || tall) out_.push_back('\n');
      space_ = tall;
      node(roots[i]);
      out_.push_back('\n');
      branches(roots[i]);
    }
  }

  /// Gives each node that is not drawn yet, breadth first, to the edge under which it will be. Those beyond the deepest
  /// level become further roots.
  void span_tree(std::uint32_t root, std::vector<std::uint32_t>& roots) {
    level_.assign(1, root);
    for (std::size_t depth = 1; !level_.empty(); ++depth) {
      following_.clear();
      for (const std::uint32_t at : level_) {
        for (const Edge& edge : plan_.edges(at)) {
          const std::uint32_t next = edge.target;
          if (drawn_[next] || !leads(edge)) continue;
          drawn_[next] = true;
          if (depth > deepest || plan_.edges(next).empty()) {
            if (!plan_.edges(next).empty()) roots.push_back(next);
            continue;
          }
          by_[next] = &edge;
          following_.push_back(next);
        }
      }
      level_.swap(following_);
    }
  }

  void branches(std::uint32_t root) {
    stack_.assign(1, Level{root, 0});
    while (!stack_.empty()) {
      Level& top = stack_.back();
      const auto edges = plan_.edges(top.node);
      if (top.edge == edges.size()) {
        stack_.pop_back();
        continue;
      }
      const Edge& edge = edges[top.edge++];
      const std::uint32_t next = edge.target;
      out_.append(stack_.size() * 4 - 2, ' ');
      arrow(edge);
      node(next);
      condition(edge);
      const bool goes_on = by_[next] == &edge;
      if (!goes_on && !plan_.edges(next).empty()) {
        out_.append(" ^");
        elsewhere_ = true;
      }
      out_.push_back('\n');
      if (goes_on) stack_.push_back({next, 0});
    }
  }

  void arrow(const Edge& edge) {
    const bool nowhere = plan_.nodes()[edge.target].kind == Kind::no_such_node;
    switch (edge.drift) {
      case Drifted::no: out_.append(edge.on_path ? "==" : "--"); break;
      case Drifted::missing: out_.append(edge.on_path ? "=~" : "~~"); break;
      case Drifted::added: out_.append(edge.on_path ? "=+" : "++"); break;
    }
    out_.append(nowhere ? "x " : "> ");
    nowhere_ = nowhere_ || nowhere;
    missing_ = missing_ || edge.drift == Drifted::missing;
    added_ = added_ || edge.drift == Drifted::added;
  }

  void condition(const Edge& edge) {
    if (!edge.condition.empty()) append_visible_quoted(out_.append("  if "), edge.condition);
    if (!edge.other_condition) return;
    out_.append("  (").append(plan_.other());
    if (edge.other_condition->empty()) {
      out_.append(" without condition)");
    } else {
      append_visible_quoted(out_.append(" if "), *edge.other_condition);
      out_.push_back(')');
    }
  }

  void node(std::uint32_t i) {
    const DiagramPlan::Node& node = plan_.nodes()[i];
    append_word(out_, node.name);
    if (!node.type.empty() || node.other_type) {
      out_.append(" (");
      if (!node.type.empty()) append_word(out_, node.type);
      if (node.other_type) {
        out_.append(node.type.empty() ? "" : ", ").append(plan_.other()).append(" ");
        append_word(out_, node.other_type->empty() ? std::string_view("untyped") : std::string_view(*node.other_type));
      }
      out_.push_back(')');
    }
    if (plan_.is_current(i)) out_.append(" [current]");
    if (node.drift == Drifted::missing) out_.append(" [missing]");
    if (node.drift == Drifted::added) out_.append(" [added]");
  }

  void legend() {
    std::string_view separator = "\n";
    const auto add = [&](bool used, std::string_view text) {
      if (!used) return;
      out_.append(separator).append(text);
      separator = "   ";
    };
    add(plan_.path().size() > 1, "==> the path");
    add(missing_, "~~> expected, not deployed");
    add(added_, "++> deployed, not expected");
    add(nowhere_, "--x no such node");
    add(elsewhere_, "^ its transitions stand elsewhere");
    if (separator != "\n") out_.push_back('\n');
  }

  const DiagramPlan& plan_;
  std::vector<bool> drawn_;
  std::vector<const Edge*> by_;  // the edge under which a node's transitions stand; null for roots and leaves
  std::vector<std::uint32_t> level_, following_;
  std::vector<Level> stack_;
  std::string out_;
  bool space_ = true;  // whether a blank line must stand before the next tree
  bool nowhere_ = false, elsewhere_ = false, missing_ = false, added_ = false;
};

}  // namespace patchbay::detail
