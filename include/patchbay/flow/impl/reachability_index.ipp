// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // binary_search, lower_bound
#include <cstddef>
#include <cstdint>
#include <span>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/impl/reachability_builder.ipp>
#include <patchbay/flow/reachability_index.hpp>

namespace patchbay {

PATCHBAY_DECL ReachabilityIndex::ReachabilityIndex(const FlowGraph& graph, std::size_t most_in_pairs) {
  detail::ReachabilityBuilder(graph, *this, most_in_pairs).build();
}

PATCHBAY_DECL auto ReachabilityIndex::settle_apart(std::uint32_t from, std::uint32_t to) const noexcept -> Known {
  if (!pairs_.empty()) return (pairs_[from * row_words_ + to / 64] >> (to % 64) & 1) != 0 ? Known::yes : Known::no;
  if (hubs_.empty()) return Known::no;  // components without an edge between them
  const Hubs& a = hubs_[from];
  const Hubs& b = hubs_[to];
  if ((a.to & b.from) != 0) return Known::yes;  // by way of a hub
  // A hub that reaches `from` would reach `to`, and `from` would reach each hub that `to` reaches.
  if ((a.from & ~b.from) != 0 || (b.to & ~a.to) != 0) return Known::no;
  const Facts& x = facts_[from];
  const Facts& y = facts_[to];
  if (y.ahead.rank < x.ahead.least || y.ahead.rank > x.ahead.last) return Known::no;
  if (x.behind.rank < y.behind.least || x.behind.rank > y.behind.last) return Known::no;
  if (x.depth >= y.depth || x.height <= y.height) return Known::no;
  if (y.ahead.rank >= x.ahead.rank || x.behind.rank >= y.behind.rank) return Known::yes;
  return Known::open;
}

PATCHBAY_DECL bool ReachabilityIndex::search(std::uint32_t from, std::uint32_t to, RouteScratch& scratch) const {
  detail::SearchSide& ahead = scratch.forward();
  detail::SearchSide& behind = scratch.backward();
  ahead.start(components_), behind.start(components_);
  ahead.push(from, 0), behind.push(to, 0);
  // Turn by turn: the end with the smaller neighbourhood decides how long a "no" takes.
  while (!ahead.empty() && !behind.empty()) {
    for (const std::uint32_t next : ahead_.of(ahead.pop())) {
      if (next < to || ahead.seen(next)) continue;
      const Known known = behind.seen(next) ? Known::yes : settle_apart(next, to);
      if (known == Known::yes) return true;
      if (known == Known::open) ahead.push(next, 0);
    }
    for (const std::uint32_t next : behind_.of(behind.pop())) {
      if (next > from || behind.seen(next)) continue;
      const Known known = ahead.seen(next) ? Known::yes : settle_apart(from, next);
      if (known == Known::yes) return true;
      if (known == Known::open) behind.push(next, 0);
    }
  }
  return false;
}

PATCHBAY_DECL std::span<const NodeIndex> ReachabilityIndex::reached_from(const FlowGraph& graph, NodeIndex node,
                                                                        RouteScratch& scratch) const {
  detail::SearchSide& side = scratch.forward();
  side.start(component_.size() + 1);
  side.push_unmarked(node);
  while (!side.empty())
    for (const FlowEdge& edge : graph.edges(side.pop()))
      if (graph.is_node(edge.target())) side.push(edge.target(), 0);
  return side.all().subspan(1);
}

PATCHBAY_DECL std::span<const NodeIndex> ReachabilityIndex::reaching(NodeIndex node, RouteScratch& scratch) const {
  detail::SearchSide& side = scratch.backward();
  side.start(component_.size() + 1);
  side.push_unmarked(node);
  while (!side.empty())
    for (const NodeIndex source : sources(side.pop())) side.push(source, 0);
  return side.all().subspan(1);
}

PATCHBAY_DECL bool ReachabilityIndex::direct(NodeIndex from, NodeIndex to) const noexcept {
  const std::span<const NodeIndex> all = sources(to);
  return std::binary_search(all.begin(), all.end(), from);
}

PATCHBAY_DECL std::size_t ReachabilityIndex::memory() const noexcept {
  const auto bytes = [](const auto&... held) { return (... + (held.capacity() * sizeof(held[0]))); };
  return bytes(component_, first_source_, sources_, pairs_, hubs_, facts_, ahead_.first, ahead_.ends, behind_.first,
               behind_.ends);
}

}  // namespace patchbay
