// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, copy
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/shortest_way.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability_index.hpp>
#include <patchbay/flow/reachability_rule.hpp>
#include <patchbay/flow/route_scratch.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// A transition with a condition, as a predicate sees it. Views of the graph.
class ConditionalEdge {
 public:
  ConditionalEdge(std::string_view from_in, std::string_view to_in, std::string_view condition_in) noexcept
      : from(from_in), to(to_in), condition(condition_in) {}
  std::string_view from;
  std::string_view to;
  std::string_view condition;  ///< Never empty.
};

/// Whether a conditional transition may be taken now. An empty predicate accepts none. It is asked at most once for
/// each transition of a query; what it throws fails that query with `ErrorCode::internal`.
using EdgePredicate = std::function<bool(const ConditionalEdge&)>;

/// A way through a flow: its nodes in order, both ends included. Shares the graph, so that it outlives a refresh of the
/// cache. Up to 16 nodes need no memory of their own.
class FlowPath {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string_view;

    Iterator() = default;
    Iterator(const FlowPath* path, std::size_t i) noexcept : path_(path), i_(i) {}
    std::string_view operator*() const noexcept { return (*path_)[i_]; }
    Iterator& operator++() noexcept { return ++i_, *this; }
    Iterator operator++(int) noexcept { return {path_, i_++}; }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const FlowPath* path_ = nullptr;
    std::size_t i_ = 0;
  };

  FlowPath() = default;
  /// The nodes from `first` to `last` of `graph`.
  template <class It>
  FlowPath(std::shared_ptr<const FlowGraph> graph, It first, It last)
      : graph_(std::move(graph)), size_(static_cast<std::size_t>(std::distance(first, last))) {
    if (size_ > small_.size()) {
      large_.assign(first, last);
    } else {
      std::copy(first, last, small_.begin());
    }
  }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Nodes; the transitions are one fewer.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] NodeIndex index(std::size_t i) const noexcept { return large_.empty() ? small_[i] : large_[i]; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept { return graph_->name(index(i)); }
  [[nodiscard]] std::string_view front() const noexcept { return (*this)[0]; }
  [[nodiscard]] std::string_view back() const noexcept { return (*this)[size_ - 1]; }
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size_}; }
  [[nodiscard]] const std::shared_ptr<const FlowGraph>& graph() const noexcept { return graph_; }

  /// `MainMenu -> BillingInquiry`
  [[nodiscard]] std::string to_string() const {
    std::string out;
    for (const std::string_view name : *this) {
      if (!out.empty()) out.append(" -> ");
      out.append(name);
    }
    return out;
  }

 private:
  std::shared_ptr<const FlowGraph> graph_;
  std::size_t size_ = 0;
  std::array<NodeIndex, 16> small_{};
  std::vector<NodeIndex> large_;
};

namespace detail {

inline std::string flow_name(const FlowGraph& graph) {
  std::string out = "flow ";
  append_shown(out, graph.id(), 128);
  if (!graph.version().empty()) append_shown(out.append(" version "), graph.version());
  return out;
}

/// The shortest way from `from` to `to` over the edges that `accept(from, edge)` takes, left in `scratch.path()` from
/// end to begin; false when there is none. Breadth first: linear in nodes and edges.
template <class Accept>
bool search(const FlowGraph& graph, NodeIndex from, NodeIndex to, RouteScratch& scratch, Accept&& accept) {
  scratch.start(graph.node_count());
  scratch.push(from, from);
  while (!scratch.empty()) {
    NodeIndex at = scratch.pop();
    for (const FlowEdge& edge : graph.edges(at)) {
      const NodeIndex next = edge.target();
      if (!graph.is_node(next) || (next != to && scratch.seen(next)) || !accept(at, edge)) continue;
      if (next != to) {
        scratch.push(next, at);
        continue;
      }
      std::vector<NodeIndex>& path = scratch.path();
      path.assign(1, to);
      for (; at != from; at = scratch.parent(at)) path.push_back(at);
      path.push_back(from);
      return true;
    }
  }
  return false;
}

/// Up to this many nodes are searched as quickly as an index is asked; nothing is built for them unasked.
inline constexpr std::size_t small_flow = 64;
/// Up to this many transitions of a node are looked through as quickly as an index is asked.
inline constexpr std::size_t few_edges = 32;

inline bool find_path(const FlowGraph& graph, NodeIndex from, NodeIndex to, RouteScratch& scratch) {
  const ReachabilityIndex* const index = graph.node_count() > small_flow ? graph.index_if_built() : nullptr;
  if (index) return index->reaches(from, to, scratch) && shortest_way(graph, *index, from, to, scratch);
  const bool found = search(graph, from, to, scratch, [](NodeIndex, const FlowEdge&) { return true; });
  if (graph.node_count() > small_flow) graph.count_search(scratch.visited());
  return found;
}

inline bool find_edge(const FlowGraph& graph, NodeIndex from, NodeIndex to) noexcept {
  const auto edges = graph.edges(from);
  if (edges.size() > few_edges) {
    if (const ReachabilityIndex* const index = graph.index_if_built()) return index->direct(from, to);
    graph.count_search(edges.size() / few_edges);
  }
  return std::any_of(edges.begin(), edges.end(), [&](const FlowEdge& edge) { return edge.target() == to; });
}

inline bool find_route(const FlowGraph& graph, NodeIndex from, NodeIndex to, Reachability reachability,
                       const EdgePredicate& predicate, RouteScratch& scratch) {
  switch (reachability) {
    case Reachability::path: return find_path(graph, from, to, scratch);
    case Reachability::direct_edge:
      if (!find_edge(graph, from, to)) return false;
      scratch.path().clear();
      scratch.path().push_back(to), scratch.path().push_back(from);
      return true;
    case Reachability::conditional:
      return search(graph, from, to, scratch, [&](NodeIndex at, const FlowEdge& edge) {
        if (!edge.conditional()) return true;
        return predicate &&
               predicate(ConditionalEdge(graph.name(at), graph.name(edge.target()), graph.condition(edge)));
      });
  }
  return false;
}

}  // namespace detail

/// The shortest way by which `graph` allows a move; of several, the one whose transitions come first in the definition.
///
/// `unknown_node` when the flow lacks either node, `not_reachable` when it allows no way, `internal` when the predicate
/// throws. Linear in nodes and edges; allocates nothing when `scratch` is warm and the way has at most 16 nodes, except
/// for errors. `graph` is not null.
[[nodiscard]] inline Result<FlowPath> route(std::shared_ptr<const FlowGraph> graph, std::string_view from,
                                            std::string_view to, Reachability reachability,
                                            const EdgePredicate& predicate, RouteScratch& scratch) {
  const auto begin = graph->find(from), end = graph->find(to);
  if (!begin || !end) {
    std::string message = detail::flow_name(*graph).append(" has no node ");
    detail::append_shown(message, begin ? to : from);
    return fail(ErrorCode::unknown_node, std::move(message));
  }
  bool found = false;
#ifdef __cpp_exceptions
  try {
#endif
    found = detail::find_route(*graph, *begin, *end, reachability, predicate, scratch);
#ifdef __cpp_exceptions
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, std::string("searching the flow failed: ").append(error.what()));
  } catch (...) {
    return fail(ErrorCode::internal, "searching the flow failed: the condition predicate threw");
  }
#endif
  if (!found) {
    std::string message = detail::flow_name(*graph).append(" allows no move from ");
    detail::append_shown(message, from);
    detail::append_shown(message.append(" to "), to);
    switch (reachability) {
      case Reachability::path: message.append(": no way leads there"); break;
      case Reachability::direct_edge: message.append(" by one transition"); break;
      case Reachability::conditional: message.append(" under the conditions as they are now"); break;
    }
    return fail(ErrorCode::not_reachable, std::move(message));
  }
  const std::vector<NodeIndex>& reversed = scratch.path();
  return FlowPath(std::move(graph), reversed.rbegin(), reversed.rend());
}

}  // namespace patchbay
