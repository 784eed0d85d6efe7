// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <patchbay/flow/detail/static_flow_facts.hpp>
#include <patchbay/flow/detail/static_flow_search.hpp>
#include <patchbay/flow/detail/static_flow_tables.hpp>
#include <patchbay/flow/reachability_rule.hpp>
#include <patchbay/schema/fixed_string.hpp>

namespace patchbay {

/// A transition of a static flow, with a condition if it has one: `Edge<"MainMenu", "Support", "tier == 'gold'">`. Two
/// edges between the same nodes differ in their conditions. It declares its nodes as well.
template <FixedString From, FixedString To, FixedString Condition = "">
struct Edge {
  static constexpr detail::FlowElement patchbay_flow_element{detail::FlowPart::edge, &detail::flow_text<From>,
                                                             &detail::flow_text<To>, &detail::flow_text<Condition>};
};

/// A node that no edge names, or one whose type is to be compared with the deployed one's: `Node<"Goodbye", "task">`.
template <FixedString Name, FixedString Type = "">
struct Node {
  static constexpr detail::FlowElement patchbay_flow_element{detail::FlowPart::node, &detail::flow_text<Name>, nullptr,
                                                             &detail::flow_text<Type>};
};

/// The node where interactions begin: `Entry<"MainMenu">`. Without one it is the first node that the flow names.
template <FixedString Name>
struct Entry {
  static constexpr detail::FlowElement patchbay_flow_element{detail::FlowPart::entry, &detail::flow_text<Name>, nullptr,
                                                             nullptr};
};

/// A static flow as programs that run see it: what drift and drawings read. Views of constants.
class StaticFlowView {
 public:
  template <std::size_t Nodes, std::size_t Edges>
  constexpr explicit StaticFlowView(const detail::FlowTables<Nodes, Edges>& flow) noexcept
      : names_(flow.name),
        types_(flow.type),
        first_edge_(flow.first_edge),
        edges_(flow.edge, Edges),
        entry_(flow.entry) {}

  [[nodiscard]] constexpr std::size_t node_count() const noexcept { return names_.size(); }
  [[nodiscard]] constexpr std::size_t edge_count() const noexcept { return edges_.size(); }
  /// The nodes in the order in which the flow first names them.
  [[nodiscard]] constexpr std::span<const std::string_view> names() const noexcept { return names_; }
  /// The type that a `Node` gives; empty when none does.
  [[nodiscard]] constexpr std::string_view type(std::uint32_t node) const noexcept { return types_[node]; }
  /// A node's edges in the order of declaration.
  [[nodiscard]] constexpr std::span<const StaticEdge> edges(std::uint32_t node) const noexcept {
    return edges_.subspan(first_edge_[node], first_edge_[node + 1] - first_edge_[node]);
  }
  [[nodiscard]] constexpr std::uint32_t entry() const noexcept { return entry_; }

 private:
  std::span<const std::string_view> names_, types_;
  std::span<const std::uint32_t> first_edge_;
  std::span<const StaticEdge> edges_;
  std::uint32_t entry_;
};

namespace detail {

template <std::size_t I, class Element>
struct NumberedElement {};
template <class Numbers, class... Elements>
struct NumberedElements;
template <std::size_t... I, class... Elements>
struct NumberedElements<std::index_sequence<I...>, Elements...> : NumberedElement<I, Elements>... {};
template <std::size_t I, class Element>
Element* element_at(const NumberedElement<I, Element>&);

/// Says what is wrong with `Element`.
template <FlowProblem Problem, class Element>
struct RefusedElement {
  static_assert(Problem != FlowProblem::no_element,
                "patchbay::StaticFlow: a flow consists of Edge<\"From\", \"To\">, Node<\"Name\"> and Entry<\"Name\"> "
                "alone; remove what is none of them");
  static_assert(Problem != FlowProblem::bad_name,
                "patchbay::StaticFlow: a node's name is empty, longer than 256 bytes, or holds a control character, "
                "which no deployed flow can have; correct the name");
  static_assert(Problem != FlowProblem::bad_label,
                "patchbay::StaticFlow: a condition is longer than 4096 bytes, or a node's type is longer than 256 or "
                "holds a control character, which no deployed flow can have; correct it");
  static_assert(Problem != FlowProblem::edge_twice,
                "patchbay::StaticFlow: the same edge is declared twice; remove one, or give it another condition");
  static_assert(Problem != FlowProblem::node_twice,
                "patchbay::StaticFlow: the same node is declared by two Node elements; remove one");
  static_assert(Problem != FlowProblem::entry_twice,
                "patchbay::StaticFlow: a flow has one entry; remove the other Entry");
  static_assert(Problem != FlowProblem::entry_unknown,
                "patchbay::StaticFlow: the flow has no node of its Entry's name; correct the name's spelling");
};

/// Complete when the flow is fine; looks for the culprit only when it is not.
template <FlowProblem Problem, std::size_t Which, class... Elements>
struct CheckedFlow {
  using All = NumberedElements<std::make_index_sequence<sizeof...(Elements)>, Elements...>;
  RefusedElement<Problem, std::remove_pointer_t<decltype(element_at<Which>(All{}))>> refused;
};
template <std::size_t Which, class... Elements>
struct CheckedFlow<FlowProblem::none, Which, Elements...> {};
template <std::size_t Which, class... Elements>
struct CheckedFlow<FlowProblem::no_nodes, Which, Elements...> {
  static_assert(Which != 0,
                "patchbay::StaticFlow: the flow has no nodes; declare an Edge<\"From\", \"To\"> or a Node<\"Name\">");
};

}  // namespace detail

/// A flow that is known when the program is compiled: its nodes, edges and conditions as a type.
///
///     struct BillingFlow : StaticFlow<Edge<"MainMenu", "BillingInquiry">,
///                                     Edge<"MainMenu", "Support", "tier == 'gold'">,
///                                     Edge<"BillingInquiry", "Goodbye">> {};
///     static_assert(BillingFlow::allows<"MainMenu", "Goodbye">() && BillingFlow::unreachable().empty());
///
/// An alias (`using BillingFlow = StaticFlow<...>`) serves as well; a structure keeps the compilers' messages and the
/// symbols of a large flow short. All facts are computed when they are asked for, at compile time, and within the
/// limits that compilers set by default up to some thousand edges.
template <class... Elements>
struct StaticFlow {
  /// For the library: the declaration with its nodes numbered.
  static constexpr detail::FlowNames<sizeof...(Elements)> patchbay_flow =
      detail::name_nodes<sizeof...(Elements)>({detail::flow_element<Elements>()..., detail::FlowElement{}});
  static_assert(
      sizeof(detail::CheckedFlow<patchbay_flow.mistake.problem, patchbay_flow.mistake.element, Elements...>) != 0);
  using static_flow_type = StaticFlow;

  [[nodiscard]] static consteval std::size_t node_count() { return patchbay_flow.nodes; }
  [[nodiscard]] static consteval std::size_t edge_count() { return patchbay_flow.edges; }
  /// The node where interactions begin.
  [[nodiscard]] static consteval std::string_view entry() { return patchbay_flow.name[patchbay_flow.entry]->view(); }

  template <FixedString Name>
  [[nodiscard]] static consteval bool has_node() {
    return detail::FlowNode<StaticFlow, Name>::known;
  }
  /// Whether one edge leads there, with a condition or without.
  template <FixedString From, FixedString To>
  [[nodiscard]] static consteval bool has_edge() {
    return detail::FlowEdgeLeads<StaticFlow, From, To>::value;
  }
  /// Whether the flow may allow a move; false when it lacks either node.
  ///
  /// What conditions say is known when the program runs. So `Reachability::conditional` asks what `path` asks: whether
  /// there is a way that a predicate could accept. `always_allows` is the answer that holds whatever it accepts.
  template <FixedString From, FixedString To>
  [[nodiscard]] static consteval bool allows(Reachability rule = Reachability::path) {
    if (rule == Reachability::direct_edge) return detail::FlowEdgeLeads<StaticFlow, From, To>::value;
    return detail::FlowWayLeads<StaticFlow, From, To>::value;
  }
  /// Whether the flow allows a move whatever conditions say: by a way without any.
  template <FixedString From, FixedString To>
  [[nodiscard]] static consteval bool always_allows() {
    return detail::FlowWayIsOpen<StaticFlow, From, To>::value;
  }
  /// The shortest way, both ends included, conditions ignored; of several, the one whose edges were declared first. An
  /// array of names, empty when there is none.
  template <FixedString From, FixedString To>
  [[nodiscard]] static consteval auto path() {
    using Move = detail::FlowMove<StaticFlow, From, To>;
    if constexpr (Move::known) {
      constexpr auto way = detail::find_way<false>(detail::flow_tables<StaticFlow>, Move::from, Move::to);
      return detail::names_of<way.size>(detail::flow_tables<StaticFlow>, way.node);
    } else {
      return std::array<std::string_view, 0>{};
    }
  }
  /// The nodes to which no way leads from the entry, as an array of names.
  [[nodiscard]] static consteval auto unreachable() {
    constexpr auto nodes = detail::unreached(detail::flow_tables<StaticFlow>, patchbay_flow.entry);
    return detail::names_of<nodes.size>(detail::flow_tables<StaticFlow>, nodes.node);
  }
  /// The nodes that no edge leaves, as an array of names.
  [[nodiscard]] static consteval auto dead_ends() {
    constexpr auto nodes = detail::dead_ends_of(detail::flow_tables<StaticFlow>);
    return detail::names_of<nodes.size>(detail::flow_tables<StaticFlow>, nodes.node);
  }
};

/// A `StaticFlow`, or a structure derived from one.
template <class Flow>
concept CompiledFlow = requires { typename Flow::static_flow_type; } &&
                       std::is_base_of_v<typename Flow::static_flow_type, Flow>;

/// A static flow for code that is no template.
template <CompiledFlow Flow>
[[nodiscard]] constexpr StaticFlowView view_of() noexcept {
  return StaticFlowView(detail::flow_tables<Flow>);
}

}  // namespace patchbay
