// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <patchbay/flow/detail/static_flow_tables.hpp>

/// Questions to a static flow's numbers, at compile time.
namespace patchbay::detail {

template <std::size_t Nodes, std::size_t Edges>
constexpr bool has_edge(const FlowTables<Nodes, Edges>& flow, std::uint32_t from, std::uint32_t to) {
  for (std::uint32_t e = flow.first_edge[from]; e != flow.first_edge[from + 1]; ++e)
    if (flow.edge[e].target == to) return true;
  return false;
}

/// A way through a flow: its nodes in order, as many as `size`; none when there is no way.
template <std::size_t Nodes>
struct StaticWay {
  std::uint32_t node[Nodes + 1]{};
  std::size_t size = 0;
};

/// The shortest way of at least one edge; of several, the one whose edges were declared first: what `route` answers of
/// the same flow. Breadth first.
template <bool OnlyUnconditional, std::size_t Nodes, std::size_t Edges>
constexpr StaticWay<Nodes> find_way(const FlowTables<Nodes, Edges>& flow, std::uint32_t from, std::uint32_t to) {
  StaticWay<Nodes> way;
  std::uint32_t queue[Nodes]{}, parent[Nodes]{};  // a parent's number from 1
  std::size_t head = 0, tail = 0;
  parent[from] = from + 1;
  queue[tail++] = from;
  while (head != tail) {
    std::uint32_t at = queue[head++];
    for (std::uint32_t e = flow.first_edge[at]; e != flow.first_edge[at + 1]; ++e) {
      if constexpr (OnlyUnconditional)
        if (!flow.edge[e].condition.empty()) continue;
      const std::uint32_t next = flow.edge[e].target;
      if (next == to) {
        std::uint32_t reversed[Nodes + 1]{};
        std::size_t size = 0;
        reversed[size++] = to;
        for (; at != from; at = parent[at] - 1) reversed[size++] = at;
        reversed[size++] = from;
        for (std::size_t i = 0; i < size; ++i) way.node[i] = reversed[size - 1 - i];
        way.size = size;
        return way;
      }
      if (parent[next] != 0) continue;
      parent[next] = at + 1;
      queue[tail++] = next;
    }
  }
  return way;
}

/// Some nodes, as many as `size`, in the flow's order.
template <std::size_t Nodes>
struct StaticNodes {
  std::uint32_t node[Nodes]{};
  std::size_t size = 0;
};

/// The nodes to which no way leads from `from`, which counts as reached.
template <std::size_t Nodes, std::size_t Edges>
constexpr StaticNodes<Nodes> unreached(const FlowTables<Nodes, Edges>& flow, std::uint32_t from) {
  std::uint32_t queue[Nodes]{};
  bool seen[Nodes]{};
  std::size_t head = 0, tail = 0;
  seen[from] = true;
  queue[tail++] = from;
  while (head != tail) {
    const std::uint32_t at = queue[head++];
    for (std::uint32_t e = flow.first_edge[at]; e != flow.first_edge[at + 1]; ++e) {
      const std::uint32_t next = flow.edge[e].target;
      if (seen[next]) continue;
      seen[next] = true;
      queue[tail++] = next;
    }
  }
  StaticNodes<Nodes> out;
  for (std::uint32_t i = 0; i < Nodes; ++i)
    if (!seen[i]) out.node[out.size++] = i;
  return out;
}

/// The nodes that no edge leaves.
template <std::size_t Nodes, std::size_t Edges>
constexpr StaticNodes<Nodes> dead_ends_of(const FlowTables<Nodes, Edges>& flow) {
  StaticNodes<Nodes> out;
  for (std::uint32_t i = 0; i < Nodes; ++i)
    if (flow.first_edge[i] == flow.first_edge[i + 1]) out.node[out.size++] = i;
  return out;
}

/// Which nodes reach which: what many questions to one flow share. Nodes that reach each other are one component; a
/// component has a row of bits, by component, and has its own bit when it holds a cycle.
template <std::size_t Nodes>
struct FlowClosure {
  static constexpr std::size_t words = (Nodes + 63) / 64;
  std::uint32_t component[Nodes]{};
  std::uint64_t bits[Nodes * words]{};

  [[nodiscard]] constexpr bool reaches(std::uint32_t from, std::uint32_t to) const noexcept {
    const std::uint32_t bit = component[to];
    return (bits[component[from] * words + bit / 64] >> (bit % 64) & 1) != 0;
  }
};

/// Tarjan's components, without recursion. They come in such an order that what a component reaches is complete before
/// it, so that each edge costs one `or` of two rows.
template <std::size_t Nodes, std::size_t Edges>
consteval FlowClosure<Nodes> close(const FlowTables<Nodes, Edges>& flow) {
  constexpr std::size_t words = FlowClosure<Nodes>::words;
  FlowClosure<Nodes> out;
  std::uint32_t order[Nodes]{}, low[Nodes]{};  // from 1; 0 for not met
  std::uint32_t next[Nodes]{}, calls[Nodes]{}, stack[Nodes]{};
  bool done[Nodes]{};
  std::uint32_t met = 0, components = 0;
  std::size_t depth = 0, height = 0;
  for (std::uint32_t root = 0; root < Nodes; ++root) {
    if (order[root] != 0) continue;
    calls[depth++] = root;
    while (depth != 0) {
      const std::uint32_t at = calls[depth - 1];
      if (order[at] == 0) {
        order[at] = low[at] = ++met;
        next[at] = flow.first_edge[at];
        stack[height++] = at;
      }
      if (next[at] != flow.first_edge[at + 1]) {
        const std::uint32_t to = flow.edge[next[at]].target;
        if (order[to] == 0) {
          calls[depth++] = to;  // and this edge is looked at again when `to` is complete
          continue;
        }
        ++next[at];
        if (!done[to] && low[to] < low[at]) low[at] = low[to];
        continue;
      }
      --depth;
      if (low[at] != order[at]) continue;
      const std::size_t row = components * words;
      const std::size_t top = height;
      do {
        --height;
        out.component[stack[height]] = components;
        done[stack[height]] = true;
      } while (stack[height] != at);
      for (std::size_t i = height; i < top; ++i) {
        for (std::uint32_t e = flow.first_edge[stack[i]]; e != flow.first_edge[stack[i] + 1]; ++e) {
          const std::uint32_t to = out.component[flow.edge[e].target];
          const std::uint64_t bit = std::uint64_t{1} << (to % 64);
          if (to == components) {
            out.bits[row + to / 64] |= bit;
          } else if ((out.bits[row + to / 64] & bit) == 0) {
            for (std::size_t w = 0; w < words; ++w) out.bits[row + w] |= out.bits[to * words + w];
            out.bits[row + to / 64] |= bit;
          }
        }
      }
      ++components;
    }
  }
  return out;
}

}  // namespace patchbay::detail
