// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/static_flow.hpp>
#include <patchbay/flow/static_flow_definition.hpp>
#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

namespace patchbay::tests {

/// The name of node `i` of a generated flow, as long as names in real flows are.
consteval auto numbered(std::size_t i) {
  char text[] = "BillingInquiryConfirmation_0000";
  for (std::size_t at = sizeof text - 2, rest = i; rest != 0; rest /= 10) text[at--] = static_cast<char>('0' + rest % 10);
  return FixedString<sizeof text>(text);
}

/// The edges of a flow that only its seed knows: each node's lead to neighbours in a row that begins somewhere, so that
/// no two are the same. A third of them has a condition.
template <unsigned Seed, std::size_t Nodes, std::size_t Edges>
struct NumberedEdges {
  static consteval std::size_t from(std::size_t i) { return i % Nodes; }
  static consteval std::size_t to(std::size_t i) {
    std::uint32_t hash = (static_cast<std::uint32_t>(from(i)) + 1) * 2654435761u ^ Seed * 2246822519u;
    hash = (hash ^ hash >> 15) * 739982445u;
    return ((hash ^ hash >> 12) % Nodes + i / Nodes) % Nodes;
  }
  template <std::size_t... I>
  static auto flow(std::index_sequence<I...>)
      -> StaticFlow<std::conditional_t<(from(I) + to(I)) % 3 == 0, Edge<numbered(from(I)), numbered(to(I)), "go">,
                                       Edge<numbered(from(I)), numbered(to(I))>>...>;
  using type = decltype(flow(std::make_index_sequence<Edges>{}));
};

/// A static flow of `Nodes` nodes, all of which have edges if `Edges` is as large, and `Edges` edges.
template <unsigned Seed, std::size_t Nodes, std::size_t Edges>
struct NumberedFlow : NumberedEdges<Seed, Nodes, Edges>::type {};

inline std::shared_ptr<const FlowGraph> graph_of(std::string_view definition) {
  JsonReader reader;
  auto graph = FlowGraph::parse(definition, reader);
  if (!graph) FAIL(graph.error().message());
  return std::make_shared<const FlowGraph>(std::move(*graph));
}

/// The same flow as one that was deployed.
template <CompiledFlow Flow>
std::shared_ptr<const FlowGraph> deployed(std::string_view id = "f") {
  return graph_of(flow_definition<Flow>(id, "1"));
}

}  // namespace patchbay::tests
