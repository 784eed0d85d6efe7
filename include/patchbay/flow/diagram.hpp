// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/flow/static_flow.hpp>

namespace patchbay {

class FlowDrift;
class FlowGraph;
class FlowPath;

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

/// What a drawing points out. Views that live as long as the call.
struct DiagramMarks {
  const FlowPath* path = nullptr;  ///< The way taken; null for none. May be of an older version of the flow.
  std::string_view current{};      ///< The node where the interaction is; empty, or unknown to the flow, for none.
  /// A way by its names, as `StaticFlow::path` gives it, in place of `path`.
  std::span<const std::string_view> way{};
  /// Between the flow that is drawn and another one, whichever was the expected one: what differs is marked, and what
  /// the other one alone has is drawn as well. Null for none.
  const FlowDrift* drift = nullptr;
  std::string_view title{};  ///< In place of the flow's id and version.
};

/// A drawing of a flow, with the marked path and node, conditions, transitions that lead nowhere, drift, the nodes that
/// cannot be reached from where the path begins (else from the current node, else from the first or the static flow's
/// entry), and a legend of the marks that occur.
///
/// Names and conditions are data: whatever they hold, they cannot end a string, add an element, or send a terminal a
/// control character; code points that cannot be seen stand as `\u{202E}`. Linear in the size of the flow, and, with
/// marks, in that of sorting its names.
[[nodiscard]] PATCHBAY_DECL std::string render(const FlowGraph& graph, DiagramFormat format,
                                               const DiagramMarks& marks = {});
[[nodiscard]] PATCHBAY_DECL std::string render(const StaticFlowView& flow, DiagramFormat format,
                                               const DiagramMarks& marks = {});
/// `render(BillingFlow{}, DiagramFormat::mermaid, {.title = "billing"})`
template <CompiledFlow Flow>
[[nodiscard]] std::string render(const Flow&, DiagramFormat format, const DiagramMarks& marks = {}) {
  return render(view_of<Flow>(), format, marks);
}

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/diagram.ipp>
#endif
