// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/flow/impl/diagram_plan.ipp>
#include <patchbay/flow/impl/diagram_text.ipp>
#include <patchbay/flow/detail/visible.hpp>
#include <patchbay/flow/diagram.hpp>

namespace patchbay {

namespace detail {

inline void append_dot_label(std::string& out, std::string_view text) {
  append_visible(out, text, [&](char c, char) {
    if (c == '&') {
      out.append("&amp;");  // Graphviz reads HTML entities in every label
    } else {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
  });
}

/// Everything that Mermaid, its Markdown or HTML could read as syntax stands as an entity of Mermaid's own: `#60;`.
inline void append_mermaid_label(std::string& out, std::string_view text) {
  append_visible(out, text, [&](char c, char next) {
    const bool list_item = (c == '.' || c == '-' || c == ')') && (next == ' ' || next == '\0');
    if (is_ascii_alnum(c) || (std::string_view(" _.,-:()=").find(c) != std::string_view::npos && !list_item)) {
      out.push_back(c);
    } else {
      out.append("#").append(std::to_string(static_cast<int>(c))).push_back(';');
    }
  });
}

/// The marks of nodes; one may have several, and later ones overrule earlier ones.
enum class NodeMark : std::uint8_t { unreachable, no_such_node, missing, added, on_path, current };

struct NodeMarkLook {
  NodeMark mark;
  std::string_view name;     ///< Of Mermaid's class.
  std::string_view legend;
  std::string_view dot, mermaid;
};
inline constexpr std::array<NodeMarkLook, 6> node_mark_looks{{
    {NodeMark::unreachable, "unreachable", "not reachable",
     "style=\"rounded,dashed\", color=gray, fontcolor=gray, tooltip=\"not reachable\"",
     "stroke:#999,color:#999,stroke-dasharray:4"},
    {NodeMark::no_such_node, "noSuchNode", "no such node", "shape=plaintext, fontcolor=red",
     "stroke:#c00,color:#c00,stroke-dasharray:2"},
    {NodeMark::missing, "missing", "expected, not deployed", "style=\"rounded,dotted\", color=red, fontcolor=red",
     "stroke:#c00,color:#c00,stroke-dasharray:6"},
    {NodeMark::added, "added", "deployed, not expected", "color=darkgreen, fontcolor=darkgreen",
     "stroke:#080,color:#080"},
    {NodeMark::on_path, "onPath", "on the path", "color=blue, penwidth=2", "stroke:#06c,stroke-width:3px"},
    {NodeMark::current, "current", "current",
     "style=\"rounded,filled\", fillcolor=lightyellow, peripheries=2", "fill:#ffd,stroke-width:3px"},
}};

inline bool has_mark(const DiagramPlan& plan, std::uint32_t i, NodeMark mark) noexcept {
  const DiagramPlan::Node& node = plan.nodes()[i];
  switch (mark) {
    case NodeMark::unreachable:
      // What is marked as drifted keeps the colour that says so.
      return node.kind == DiagramPlan::Kind::node && !node.reachable && node.drift == Drifted::no;
    case NodeMark::no_such_node: return node.kind == DiagramPlan::Kind::no_such_node;
    case NodeMark::missing: return node.drift == Drifted::missing;
    case NodeMark::added: return node.drift == Drifted::added;
    case NodeMark::on_path: return node.on_path;
    case NodeMark::current: return plan.is_current(i);
  }
  return false;
}
inline bool occurs(const DiagramPlan& plan, NodeMark mark) noexcept {
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i)
    if (has_mark(plan, i, mark)) return true;
  return false;
}

/// A node's label: name, type, and what the other flow has in its place. `lines` is how the format breaks a line.
template <class Append>
void append_node_label(std::string& out, const DiagramPlan& plan, const DiagramPlan::Node& node, std::string_view lines,
                       Append&& append) {
  append(out, node.name);
  if (node.kind == DiagramPlan::Kind::no_such_node) out.append(lines).append("(no such node)");
  if (node.drift == Drifted::missing) out.append(lines).append("(missing)");
  if (node.drift == Drifted::added) out.append(lines).append("(added)");
  if (!node.type.empty()) {
    append(out.append(lines).append("("), node.type);
    out.push_back(')');
  }
  if (!node.other_type) return;
  out.append(lines).append("(").append(plan.other()).append(": ");
  append(out, node.other_type->empty() ? std::string_view("untyped") : std::string_view(*node.other_type));
  out.push_back(')');
}

/// An edge's label; nothing when it has none.
template <class Append>
void append_edge_label(std::string& out, const DiagramPlan& plan, const DiagramPlan::Edge& edge, std::string_view lines,
                       Append&& append) {
  append(out, edge.condition);
  if (!edge.other_condition) return;
  out.append(edge.condition.empty() ? std::string_view{} : lines).append("(").append(plan.other()).append(": ");
  const std::string_view other = *edge.other_condition;
  append(out, other.empty() ? std::string_view("no condition") : other);
  out.push_back(')');
}
inline bool has_label(const DiagramPlan::Edge& edge) noexcept {
  return !edge.condition.empty() || edge.other_condition;
}

inline std::string render_dot(const DiagramPlan& plan) {
  std::string out = "digraph flow {\n  graph [rankdir=LR, label=\"";
  plan.title(out, append_dot_label).append("\", labelloc=t];\n  node [shape=box, style=rounded];\n");
  const auto name = [&](std::uint32_t i) -> std::string& { return out.append("n").append(std::to_string(i)); };
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
    out.append("  ");
    name(i).append(" [label=\"");
    append_node_label(out, plan, plan.nodes()[i], "\\n", append_dot_label);
    out.push_back('"');
    for (const NodeMarkLook& look : node_mark_looks)
      if (has_mark(plan, i, look.mark)) out.append(", ").append(look.dot);
    out.append("];\n");
  }
  for (const DiagramPlan::Edge& edge : plan.edges()) {
    out.append("  ");
    name(edge.from).append(" -> ");
    name(edge.target);
    std::string attributes;
    if (has_label(edge)) {
      append_edge_label(attributes.append(", label=\""), plan, edge, "\\n", append_dot_label);
      attributes.push_back('"');
    }
    if (edge.on_path) attributes.append(", color=blue, penwidth=2");
    if (plan.nodes()[edge.target].kind == DiagramPlan::Kind::no_such_node)
      attributes.append(", style=dashed, color=red");
    if (edge.drift == Drifted::missing) attributes.append(", style=dotted, color=red, fontcolor=red");
    if (edge.drift == Drifted::added) attributes.append(", color=darkgreen, fontcolor=darkgreen");
    if (edge.other_condition) attributes.append(", fontcolor=darkorange");
    if (!attributes.empty()) out.append(" [").append(attributes, 2).append("]");
    out.append(";\n");
  }
  bool any = false;
  for (const NodeMarkLook& look : node_mark_looks) {
    if (!occurs(plan, look.mark)) continue;
    if (!any) out.append("  subgraph cluster_legend {\n    label=\"legend\";\n    color=gray;\n");
    any = true;
    out.append("    ").append(look.name).append(" [label=\"").append(look.legend).append("\", ").append(look.dot);
    out.append("];\n");
  }
  if (any) out.append("  }\n");
  return out.append("}\n");
}

inline std::string render_mermaid(const DiagramPlan& plan) {
  std::string out = "%% ";
  plan.title(out, append_mermaid_label).append("\nflowchart LR\n");
  const auto name = [&](std::uint32_t i) -> std::string& { return out.append("n").append(std::to_string(i)); };
  const auto all = static_cast<std::uint32_t>(plan.nodes().size());
  for (std::uint32_t i = 0; i < all; ++i) {
    out.append("  ");
    name(i).append("[\"");
    append_node_label(out, plan, plan.nodes()[i], "<br/>", append_mermaid_label);
    out.append("\"]\n");
  }
  struct Links {
    std::string_view css;
    std::vector<std::size_t> which;
  };
  Links missing{"stroke:#c00", {}}, added{"stroke:#080", {}}, changed{"stroke:#e80", {}};
  for (std::size_t i = 0; i < plan.edges().size(); ++i) {
    const DiagramPlan::Edge& edge = plan.edges()[i];
    const bool nowhere = plan.nodes()[edge.target].kind == DiagramPlan::Kind::no_such_node;
    out.append("  ");
    name(edge.from).append(nowhere || edge.drift == Drifted::missing ? " -.->" : edge.on_path ? " ==>" : " -->");
    if (has_label(edge)) {
      append_edge_label(out.append("|\""), plan, edge, "<br/>", append_mermaid_label);
      out.append("\"|");
    }
    out.push_back(' ');
    name(edge.target).push_back('\n');
    if (edge.drift == Drifted::missing) missing.which.push_back(i);
    if (edge.drift == Drifted::added) added.which.push_back(i);
    if (edge.other_condition) changed.which.push_back(i);
  }
  bool any = false;
  for (const NodeMarkLook& look : node_mark_looks) {
    if (!occurs(plan, look.mark)) continue;
    if (!any) out.append("  subgraph legend [\"legend\"]\n");
    any = true;
    out.append("    legend_").append(look.name).append("[\"").append(look.legend).append("\"]\n");
  }
  if (any) out.append("  end\n");
  for (const NodeMarkLook& look : node_mark_looks) {
    if (!occurs(plan, look.mark)) continue;
    out.append("  classDef ").append(look.name).append(" ").append(look.mermaid).append("\n  class ");
    for (std::uint32_t i = 0; i < all; ++i)
      if (has_mark(plan, i, look.mark)) name(i).push_back(',');
    out.append("legend_").append(look.name).append(" ").append(look.name).append("\n");
  }
  for (const Links* links : {&missing, &added, &changed}) {
    if (links->which.empty()) continue;
    out.append("  linkStyle ");
    for (const std::size_t i : links->which) out.append(i == links->which.front() ? "" : ",").append(std::to_string(i));
    out.append(" ").append(links->css).append("\n");
  }
  return out;
}

inline std::string render_plan(const DiagramPlan& plan, DiagramFormat format) {
  switch (format) {
    case DiagramFormat::text: return TextDiagram(plan).render();
    case DiagramFormat::dot: return render_dot(plan);
    case DiagramFormat::mermaid: return render_mermaid(plan);
  }
  return {};
}

}  // namespace detail

PATCHBAY_DECL std::string render(const FlowGraph& graph, DiagramFormat format, const DiagramMarks& marks) {
  return detail::render_plan(detail::DiagramPlan(graph, marks), format);
}

PATCHBAY_DECL std::string render(const StaticFlowView& flow, DiagramFormat format, const DiagramMarks& marks) {
  return detail::render_plan(detail::DiagramPlan(flow, marks), format);
}

}  // namespace patchbay
