// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/diagram_plan.hpp>
#include <patchbay/flow/detail/diagram_text.hpp>
#include <patchbay/flow/detail/visible.hpp>
#include <patchbay/flow/flow_graph.hpp>

namespace patchbay {

enum class DiagramFormat : std::uint8_t {
  text,     ///< A tree for a terminal, in plain characters.
  dot,      ///< Graphviz.
  mermaid,  ///< A Mermaid flowchart.
};

[[nodiscard]] constexpr std::string_view to_string(DiagramFormat format) noexcept {
  switch (format) {
    case DiagramFormat::text: return "text";
    case DiagramFormat::dot: return "dot";
    case DiagramFormat::mermaid: return "mermaid";
  }
  return "text";
}

/// The reverse of `to_string`; nothing for any other text.
[[nodiscard]] constexpr std::optional<DiagramFormat> parse_diagram_format(std::string_view text) noexcept {
  for (const auto each : {DiagramFormat::text, DiagramFormat::dot, DiagramFormat::mermaid})
    if (text == to_string(each)) return each;
  return std::nullopt;
}

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

inline std::string render_dot(const FlowGraph& graph, const DiagramPlan& plan) {
  std::string out = "digraph flow {\n  graph [rankdir=LR, label=\"";
  append_dot_label(out, plan.title());
  out.append("\", labelloc=t];\n  node [shape=box, style=rounded];\n");
  const auto name = [&](NodeIndex i) -> std::string& { return out.append("n").append(std::to_string(i)); };
  for (NodeIndex i = 0; i < graph.node_count(); ++i) {
    out.append("  ");
    name(i).append(" [label=\"");
    append_dot_label(out, graph.name(i));
    if (!graph.type(i).empty()) {
      out.append("\\n(");
      append_dot_label(out, graph.type(i));
      out.append(")");
    }
    out.push_back('"');
    if (plan.on_path(i)) out.append(", color=blue, penwidth=2");
    if (plan.is_current(i)) out.append(", style=\"rounded,filled\", fillcolor=lightyellow, peripheries=2");
    if (!plan.reachable(i))
      out.append(", style=\"rounded,dashed\", color=gray, fontcolor=gray, tooltip=\"not reachable\"");
    out.append("];\n");
  }
  for (std::size_t k = 0; k < graph.unknown_count(); ++k) {
    const auto i = static_cast<NodeIndex>(graph.node_count() + k);
    out.append("  ");
    name(i).append(" [label=\"");
    append_dot_label(out, graph.name(i));
    out.append("\\n(no such node)\", shape=plaintext, fontcolor=red];\n");
  }
  for (NodeIndex i = 0; i < graph.node_count(); ++i) {
    for (const FlowEdge& edge : graph.edges(i)) {
      out.append("  ");
      name(i).append(" -> ");
      name(edge.target());
      std::string attributes;
      if (edge.conditional()) {
        attributes.append(", label=\"");
        append_dot_label(attributes, graph.condition(edge));
        attributes.push_back('"');
      }
      if (plan.on_path(i, edge)) attributes.append(", color=blue, penwidth=2");
      if (!graph.is_node(edge.target())) attributes.append(", style=dashed, color=red");
      if (!attributes.empty()) out.append(" [").append(attributes, 2).append("]");
      out.append(";\n");
    }
  }
  return out.append("}\n");
}

inline std::string render_mermaid(const FlowGraph& graph, const DiagramPlan& plan) {
  std::string out = "%% ";
  append_mermaid_label(out, plan.title());
  out.append("\nflowchart LR\n");
  const auto name = [&](NodeIndex i) -> std::string& { return out.append("n").append(std::to_string(i)); };
  const auto all = static_cast<NodeIndex>(graph.node_count() + graph.unknown_count());
  for (NodeIndex i = 0; i < all; ++i) {
    out.append("  ");
    name(i).append("[\"");
    append_mermaid_label(out, graph.name(i));
    if (!graph.is_node(i)) {
      out.append("<br/>(no such node)");
    } else if (!graph.type(i).empty()) {
      out.append("<br/>(");
      append_mermaid_label(out, graph.type(i));
      out.append(")");
    }
    out.append("\"]\n");
  }
  for (NodeIndex i = 0; i < graph.node_count(); ++i) {
    for (const FlowEdge& edge : graph.edges(i)) {
      out.append("  ");
      name(i).append(!graph.is_node(edge.target()) ? " -.->" : plan.on_path(i, edge) ? " ==>" : " -->");
      if (edge.conditional()) {
        out.append("|\"");
        append_mermaid_label(out, graph.condition(edge));
        out.append("\"|");
      }
      out.push_back(' ');
      name(edge.target()).push_back('\n');
    }
  }
  const auto style = [&](std::string_view kind, std::string_view css, auto&& has) {
    bool first = true;
    for (NodeIndex i = 0; i < all; ++i) {
      if (!has(i)) continue;
      if (first) out.append("  classDef ").append(kind).append(" ").append(css).append("\n  class ");
      if (!first) out.push_back(',');
      first = false;
      name(i);
    }
    if (!first) out.append(" ").append(kind).append("\n");
  };
  style("unreachable", "stroke:#999,color:#999,stroke-dasharray:4",
        [&](NodeIndex i) { return graph.is_node(i) && !plan.reachable(i); });
  style("missing", "stroke:#c00,color:#c00,stroke-dasharray:2", [&](NodeIndex i) { return !graph.is_node(i); });
  style("onPath", "stroke:#06c,stroke-width:3px", [&](NodeIndex i) { return graph.is_node(i) && plan.on_path(i); });
  style("current", "fill:#ffd,stroke-width:3px", [&](NodeIndex i) { return graph.is_node(i) && plan.is_current(i); });
  return out;
}

}  // namespace detail

/// A drawing of a flow, with the marked path and node, conditions, transitions that lead nowhere, and the nodes that
/// cannot be reached from where the path begins (else from the current node, else from the first).
///
/// Names and conditions are data: whatever they hold, they cannot end a string, add an element, or send a terminal a
/// control character; code points that cannot be seen stand as `\u{202E}`. Linear in the size of the flow.
[[nodiscard]] inline std::string render(const FlowGraph& graph, DiagramFormat format, const DiagramMarks& marks = {}) {
  const detail::DiagramPlan plan(graph, marks);
  switch (format) {
    case DiagramFormat::text: return detail::TextDiagram(graph, plan).render();
    case DiagramFormat::dot: return detail::render_dot(graph, plan);
    case DiagramFormat::mermaid: return detail::render_mermaid(graph, plan);
  }
  return {};
}

}  // namespace patchbay
