// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/flow/node_index.hpp>
#include <patchbay/flow/route_scratch.hpp>

namespace patchbay {

class FlowGraph;

namespace detail {
class ReachabilityBuilder;
}

/// Answers for one graph whether a way leads from one node to another, exactly and, as a rule, without a search.
///
/// Nodes that reach each other become one component, which settles every question within it by a comparison; a flow
/// with a way back to its menu is mostly that. What remains has no cycles:
/// - Up to 4096 components hold one bit for each pair, as long as these take at most 32 KB or 8 bytes for each node and
///   edge.
/// - More of them hold 48 bytes each: which of 64 well-connected components each reaches, and is reached by; its range
///   in a depth-first walk in either direction; its distance from the last source and to the last sink. That settles
///   almost every question. One that it does not settle is searched for from both ends at once, along components for
///   which the facts still leave the question open: at worst linear in the components and their edges. (Of 100,000
///   nodes without a way back, with three transitions at random, the mean is 0.7 microseconds.)
///
/// Building is linear in nodes and edges, without recursion, for any shape: cycles, self loops, parallel and dangling
/// transitions. Memory: 8 bytes for a node and 4 for an edge, and beside them the bits, or, with more than 4096
/// components, 56 bytes for a component and 8 for an edge between two. Immutable, so that threads may share one.
class ReachabilityIndex {
 public:
  /// `graph` is not kept, but the members that take a graph want this one, or a copy. More than `most_in_pairs`
  /// components do without a bit for each pair.
  PATCHBAY_DECL explicit ReachabilityIndex(const FlowGraph& graph, std::size_t most_in_pairs = 4096);

  /// Whether at least one transition, and then any, lead from `from` to `to`. Both are nodes of the graph.
  ///
  /// `scratch` is used for the rare search alone; once it is warm there is no allocation.
  [[nodiscard]] bool reaches(NodeIndex from, NodeIndex to, RouteScratch& scratch) const {
    const Known known = settle(component_[from], component_[to]);
    return known == Known::open ? search(component_[from] >> 1, component_[to] >> 1, scratch) : known == Known::yes;
  }
  /// The same where the index alone knows; nothing for a question that would need a search.
  [[nodiscard]] std::optional<bool> settled(NodeIndex from, NodeIndex to) const noexcept {
    const Known known = settle(component_[from], component_[to]);
    if (known == Known::open) return std::nullopt;
    return known == Known::yes;
  }

  /// Every node to which a way leads from `node`, nearest first; `node` itself only if it lies on a cycle. The view is
  /// of `scratch`, until its next use. Linear in what is found and its transitions.
  PATCHBAY_DECL std::span<const NodeIndex> reached_from(const FlowGraph& graph, NodeIndex node,
                                                        RouteScratch& scratch) const;
  /// Every node from which a way leads to `node`, in the same manner.
  PATCHBAY_DECL std::span<const NodeIndex> reaching(NodeIndex node, RouteScratch& scratch) const;
  /// The nodes with a transition to `node`, ascending; one with several appears as often.
  [[nodiscard]] std::span<const NodeIndex> sources(NodeIndex node) const noexcept {
    return {sources_.data() + first_source_[node], first_source_[node + 1] - first_source_[node]};
  }
  /// Whether one transition leads from `from` to `to`: logarithmic in the transitions of either.
  [[nodiscard]] PATCHBAY_DECL bool direct(NodeIndex from, NodeIndex to) const noexcept;

  /// Whether a way leads from a node to itself.
  [[nodiscard]] bool on_cycle(NodeIndex node) const noexcept { return (component_[node] & 1) != 0; }
  /// Nodes with the same number reach each other; a way leads only to the same or a lower one.
  [[nodiscard]] std::uint32_t component(NodeIndex node) const noexcept { return component_[node] >> 1; }
  [[nodiscard]] std::size_t component_count() const noexcept { return components_; }
  /// Whether no question can need a search.
  [[nodiscard]] bool complete() const noexcept { return facts_.empty(); }
  /// Bytes held on the heap.
  [[nodiscard]] PATCHBAY_DECL std::size_t memory() const noexcept;

 private:
  friend class detail::ReachabilityBuilder;
  enum class Known : std::uint8_t { no, yes, open };
  /// Of a component: bits for the chosen ones that it reaches, and for those that reach it, itself included.
  struct Hubs {
    std::uint64_t to = 0, from = 0;
  };
  /// Ranks of one depth-first walk. What a component reaches in the walk's direction has ranks from `least` to `last`;
  /// everything ranked from `rank` to `last` is reached for certain.
  struct Range {
    std::uint32_t rank = 0, last = 0, least = 0;
  };
  struct Facts {
    Range ahead, behind;
    std::uint32_t depth = 0, height = 0;  // the longest ways from a source and to a sink, in components
  };
  /// Edges between components, each pair once.
  struct Links {
    std::vector<std::uint32_t> first, ends;
    [[nodiscard]] std::span<const std::uint32_t> of(std::uint32_t component) const noexcept {
      return {ends.data() + first[component], first[component + 1] - first[component]};
    }
  };

  /// Of two words of `component_`.
  [[nodiscard]] Known settle(std::uint32_t from, std::uint32_t to) const noexcept {
    if (from == to) return (from & 1) != 0 ? Known::yes : Known::no;
    if (from < to) return Known::no;
    return settle_apart(from >> 1, to >> 1);
  }
  [[nodiscard]] PATCHBAY_DECL Known settle_apart(std::uint32_t from, std::uint32_t to) const noexcept;
  [[nodiscard]] PATCHBAY_DECL bool search(std::uint32_t from, std::uint32_t to, RouteScratch& scratch) const;

  std::size_t components_ = 0;
  std::vector<std::uint32_t> component_;  // of a node, twice its number, and one more if it holds a cycle
  std::vector<std::uint32_t> first_source_, sources_;
  std::size_t row_words_ = 0;
  std::vector<std::uint64_t> pairs_;  // a row of bits for each component; empty when there are too many
  std::vector<Hubs> hubs_;            // these four only when there are too many
  std::vector<Facts> facts_;
  Links ahead_, behind_;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/reachability_index.ipp>
#endif
