// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/flow/reachability_rule.hpp>
#include <patchbay/flow/static_flow.hpp>

namespace patchbay {

class FlowGraph;

/// A transition that one of two flows has.
struct DriftedEdge {
  std::string from, to;
  std::string condition;  ///< Empty for none.
};

/// A transition that both flows have, under different conditions; an empty one is none.
struct DriftedCondition {
  std::string from, to;
  std::string expected, deployed;
};

/// A node that both flows have, of different types.
struct DriftedType {
  std::string node;
  std::string expected, deployed;
};

/// In what a deployed flow differs from the one that was expected. Holds copies: it outlives both.
///
/// Two flows are equal when they have the same nodes, and between them the same transitions with the same conditions.
/// The order in which a definition lists them does not count, nor a transition that it lists twice. Where conditions
/// between two nodes differ, one of each flow makes a changed condition, and what is left over is missing or added.
class FlowDrift {
 public:
  FlowDrift() = default;

  // Each in the order of the expected flow, and what was added in that of the deployed one.
  std::vector<std::string> missing_nodes, added_nodes;
  std::vector<DriftedEdge> missing_edges, added_edges;
  std::vector<DriftedCondition> changed_conditions;
  std::vector<DriftedType> changed_types;  ///< Types that a static flow does not give are not compared.

  /// How many differences there are.
  [[nodiscard]] PATCHBAY_DECL std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Whether a move that the expected flow allows may be refused now: nodes or transitions are missing, or, where
  /// conditions decide, a condition has changed. What was added breaks nothing.
  [[nodiscard]] PATCHBAY_DECL bool breaking(Reachability rule = Reachability::path) const noexcept;
  /// One line for people: `2 missing nodes, 1 changed condition; the first: missing node Payment`. Empty for no drift.
  [[nodiscard]] PATCHBAY_DECL std::string summary() const;
  /// A line for each difference, the breaking ones first. Empty for no drift. Names stand as text that can be seen: no
  /// name reaches a terminal as a control character.
  [[nodiscard]] PATCHBAY_DECL std::string to_string() const;
};

/// Compares a static flow, or an older definition, with a deployed one. Takes the time of sorting their names and
/// transitions: 0.1 s for two flows of 100,000 nodes and 300,000 transitions each, or 0.25 s when they share none.
[[nodiscard]] PATCHBAY_DECL FlowDrift drift(const StaticFlowView& expected, const FlowGraph& deployed);
[[nodiscard]] PATCHBAY_DECL FlowDrift drift(const FlowGraph& expected, const FlowGraph& deployed);
/// `drift(BillingFlow{}, graph)`
template <CompiledFlow Flow>
[[nodiscard]] FlowDrift drift(const Flow&, const FlowGraph& deployed) {
  return drift(view_of<Flow>(), deployed);
}

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/drift.ipp>
#endif
