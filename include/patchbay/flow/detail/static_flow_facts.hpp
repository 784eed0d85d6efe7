// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <patchbay/flow/detail/static_flow_search.hpp>
#include <patchbay/flow/detail/static_flow_tables.hpp>
#include <patchbay/schema/fixed_string.hpp>

/// What is known of a static flow, each fact computed once and only when somebody asks for it.
///
/// `Flow` may be a type whose mangled name holds every character of the flow, and to make such a name costs a compiler
/// 20 ms and more for 500 edges. Only variables and functions have such names: so what is asked for often is an
/// enumerator, which has none.
namespace patchbay::detail {

template <class Flow>
inline constexpr auto flow_tables = lay_out<(Flow::patchbay_flow.nodes == 0 ? 1 : Flow::patchbay_flow.nodes),
                                            Flow::patchbay_flow.edges>(Flow::patchbay_flow);

template <class Flow>
inline constexpr auto flow_closure = close(flow_tables<Flow>);

/// The place of a node; `no_node` when the flow has none of that name.
template <class Flow, FixedString Name>
struct FlowNode {
  enum : std::uint32_t { place = Flow::patchbay_flow.find(flow_text<Name>) };
  enum : bool { known = std::uint32_t{place} != no_node };
};

template <class Flow, FixedString From, FixedString To>
struct FlowMove {
  enum : std::uint32_t { from = FlowNode<Flow, From>::place, to = FlowNode<Flow, To>::place };
  enum : bool { known = std::uint32_t{from} != no_node && std::uint32_t{to} != no_node };
};

/// Whether one edge leads there.
template <class Flow, FixedString From, FixedString To, bool Known = FlowMove<Flow, From, To>::known>
struct FlowEdgeLeads {
  enum : bool { value = false };
};
template <class Flow, FixedString From, FixedString To>
struct FlowEdgeLeads<Flow, From, To, true> {
  using Move = FlowMove<Flow, From, To>;
  enum : bool { value = has_edge(flow_tables<Flow>, Move::from, Move::to) };
};

/// Whether a table of who reaches whom is small enough for a compiler; beyond that, each question is a search.
template <class Flow>
struct FlowIsSmall {
  enum : std::size_t { nodes = Flow::patchbay_flow.nodes, edges = Flow::patchbay_flow.edges };
  enum : bool { value = (std::size_t{nodes} + 63) / 64 * (std::size_t{nodes} + std::size_t{edges}) <= 60'000 };
};

/// Whether any way leads there.
template <class Flow, FixedString From, FixedString To, bool Known = FlowMove<Flow, From, To>::known,
          bool Small = FlowIsSmall<Flow>::value>
struct FlowWayLeads {
  enum : bool { value = false };
};
template <class Flow, FixedString From, FixedString To>
struct FlowWayLeads<Flow, From, To, true, true> {
  using Move = FlowMove<Flow, From, To>;
  enum : bool { value = flow_closure<Flow>.reaches(Move::from, Move::to) };
};
template <class Flow, FixedString From, FixedString To>
struct FlowWayLeads<Flow, From, To, true, false> {
  using Move = FlowMove<Flow, From, To>;
  enum : bool { value = find_way<false>(flow_tables<Flow>, Move::from, Move::to).size != 0 };
};

/// Whether a way without conditions leads there.
template <class Flow, FixedString From, FixedString To, bool Known = FlowMove<Flow, From, To>::known>
struct FlowWayIsOpen {
  enum : bool { value = false };
};
template <class Flow, FixedString From, FixedString To>
struct FlowWayIsOpen<Flow, From, To, true> {
  using Move = FlowMove<Flow, From, To>;
  enum : bool { value = find_way<true>(flow_tables<Flow>, Move::from, Move::to).size != 0 };
};

template <std::size_t Size, class Tables>
consteval std::array<std::string_view, Size> names_of(const Tables& tables, const std::uint32_t* nodes) {
  std::array<std::string_view, Size> out{};
  for (std::size_t i = 0; i < Size; ++i) out[i] = tables.name[nodes[i]];
  return out;
}

}  // namespace patchbay::detail
