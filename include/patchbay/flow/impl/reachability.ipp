// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/shortest_way.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/flow/reachability_index.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

namespace detail {

PATCHBAY_DECL std::string flow_name(const FlowGraph& graph) {
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

PATCHBAY_DECL bool find_path(const FlowGraph& graph, NodeIndex from, NodeIndex to, RouteScratch& scratch) {
  const ReachabilityIndex* const index = graph.node_count() > small_flow ? graph.index_if_built() : nullptr;
  if (index) return index->reaches(from, to, scratch) && shortest_way(graph, *index, from, to, scratch);
  const bool found = search(graph, from, to, scratch, [](NodeIndex, const FlowEdge&) { return true; });
  if (graph.node_count() > small_flow) graph.count_search(scratch.visited());
  return found;
}

PATCHBAY_DECL bool find_edge(const FlowGraph& graph, NodeIndex from, NodeIndex to) noexcept {
  const auto edges = graph.edges(from);
  if (edges.size() > few_edges) {
    if (const ReachabilityIndex* const index = graph.index_if_built()) return index->direct(from, to);
    graph.count_search(edges.size() / few_edges);
  }
  return std::any_of(edges.begin(), edges.end(), [&](const FlowEdge& edge) { return edge.target() == to; });
}

PATCHBAY_DECL bool find_route(const FlowGraph& graph, NodeIndex from, NodeIndex to, Reachability reachability,
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

PATCHBAY_DECL Result<FlowPath> route(std::shared_ptr<const FlowGraph> graph, std::string_view from, std::string_view to,
                                     Reachability reachability, const EdgePredicate& predicate, RouteScratch& scratch) {
  const auto begin = graph->find(from), end = graph->find(to);
  if (!begin || !end) {
    const std::string_view name = begin ? to : from;
    const bool several = graph->is_ambiguous(name);
    std::string message = detail::flow_name(*graph).append(several ? " has several nodes called " : " has no node ");
    detail::append_shown(message, name);
    if (several) message.append(": say which by its id, as \"Item/Action\" or by its number, as \"#31\"");
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
