// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <patchbay/schema/fixed_string.hpp>

/// From the elements of a static flow to numbered nodes and edges ordered by node, at compile time.
///
/// Compilers bound the steps of one constant evaluation (clang: a million). So each text is hashed and packed into words
/// in an evaluation of its own, after which two texts are compared in few steps, and every table is a constant of its
/// own. All of it is linear in the flow. Texts are not told apart by their addresses, although a template argument of
/// one value is one object: g++ with -fsanitize=undefined does not take such a comparison for a constant, nor whether a
/// pointer to an inline variable is null.
namespace patchbay::detail {

/// The longest name and condition of a flow, as `FlowLimits` has them.
inline constexpr std::size_t max_flow_name = 256, max_flow_condition = 4096;

constexpr std::uint32_t hash_flow_text(const char* text, std::size_t size) noexcept {
  std::uint32_t hash = 2166136261u;  // FNV-1a: few steps a character, and nobody attacks his own source
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<unsigned char>(text[i])) * 16777619u;
  return hash;
}

/// A text of a flow, with eight bytes of it in each word.
struct FlowText {
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {data, size}; }
  [[nodiscard]] friend constexpr bool operator==(const FlowText& a, const FlowText& b) noexcept {
    if (a.hash != b.hash || a.size != b.size) return false;
    for (std::size_t i = 0; i < a.size; i += 8)
      if (a.words[i / 8] != b.words[i / 8]) return false;
    return true;
  }
  const char* data;
  std::size_t size;
  const std::uint64_t* words;
  std::uint32_t hash;
  bool printable;  ///< Holds no control character.
};

template <std::size_t Size>
struct FlowWords {
  consteval explicit FlowWords(const char* text) {
    for (std::size_t i = 0; i < Size; ++i)
      words[i / 8] |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (i % 8 * 8);
  }
  std::uint64_t words[Size / 8 + 1]{};
};

consteval FlowText make_flow_text(const char* data, std::size_t size, const std::uint64_t* words) {
  bool printable = true;
  for (std::size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(data[i]);
    if (c < 0x20 || c == 0x7f) printable = false;
    // C1 in UTF-8; `data` ends with a zero.
    if (c == 0xc2 && static_cast<unsigned char>(data[i + 1]) < 0xa0) printable = false;
  }
  return {data, size, words, hash_flow_text(data, size), printable};
}

template <FixedString Text>
inline constexpr FlowWords<sizeof Text.text - 1> flow_words{Text.text};
template <FixedString Text>
inline constexpr FlowText flow_text = make_flow_text(Text.text, sizeof Text.text - 1, flow_words<Text>.words);

enum class FlowPart : std::uint8_t { none, edge, node, entry };

/// An element of a flow's declaration; `name` and `target` of an edge are its ends.
struct FlowElement {
  FlowPart part = FlowPart::none;
  const FlowText* name = nullptr;
  const FlowText* target = nullptr;  ///< Of an edge alone.
  const FlowText* label = nullptr;   ///< An edge's condition, or a node's type; an entry has none.
};

template <class Element>
concept IsFlowElement = requires { Element::patchbay_flow_element.part; };

template <class Element>
consteval FlowElement flow_element() {
  if constexpr (IsFlowElement<Element>) {
    return Element::patchbay_flow_element;
  } else {
    return {};
  }
}

/// What is wrong with a declaration.
enum class FlowProblem : std::uint8_t {
  none,
  no_nodes,
  no_element,
  bad_name,
  bad_label,
  edge_twice,
  node_twice,
  entry_twice,
  entry_unknown
};

struct FlowMistake {
  FlowProblem problem = FlowProblem::none;
  std::size_t element = 0;  ///< Which one shows it.
};

constexpr std::size_t flow_slots(std::size_t texts) noexcept {
  std::size_t slots = 4;
  while (slots < 2 * texts) slots *= 2;
  return slots;
}

inline constexpr std::uint32_t no_node = 0xffffffff;

/// The elements of a flow, its nodes in the order in which they are first named, and each element's nodes.
///
/// Plain arrays, here and below: a compiler takes several times as long over `std::array::operator[]`.
template <std::size_t Elements>
struct FlowNames {
  FlowMistake mistake;
  std::uint32_t nodes = 0, edges = 0, entry = 0;
  FlowElement element[Elements + 1]{};
  std::uint32_t from[Elements + 1]{}, to[Elements + 1]{};    // by element
  const FlowText* name[2 * Elements + 1]{};                  // by node
  const FlowText* type[2 * Elements + 1]{};
  bool declared[2 * Elements + 1]{};                         // whether a Node gives the type
  static constexpr std::size_t slots = flow_slots(2 * Elements);
  std::uint32_t slot[slots]{};                               // open addressing; a node's number from 1

  /// The number of a node; `no_node` when there is none of that name.
  [[nodiscard]] constexpr std::uint32_t find(const FlowText& text) const noexcept {
    for (std::size_t i = text.hash & (slots - 1);; i = (i + 1) & (slots - 1)) {
      if (slot[i] == 0) return no_node;
      if (*name[slot[i] - 1] == text) return slot[i] - 1;
    }
  }
  constexpr std::uint32_t add(const FlowText& text) noexcept {
    std::size_t i = text.hash & (slots - 1);
    for (; slot[i] != 0; i = (i + 1) & (slots - 1))
      if (*name[slot[i] - 1] == text) return slot[i] - 1;
    name[nodes] = &text;
    slot[i] = ++nodes;
    return nodes - 1;
  }
};

/// The first element that declares an edge which one before it declares already; `Elements` when there is none.
template <std::size_t Elements>
consteval std::size_t repeated_edge(const FlowNames<Elements>& flow) {
  constexpr std::size_t slots = flow_slots(Elements);
  std::uint32_t slot[slots]{};  // an element's number from 1
  for (std::size_t i = 0; i < Elements; ++i) {
    if (flow.element[i].part != FlowPart::edge) continue;
    const std::uint32_t from = flow.from[i], to = flow.to[i];
    const FlowText& label = *flow.element[i].label;
    std::size_t at = (from * 2654435761u ^ to * 2246822519u ^ label.hash) & (slots - 1);
    for (; slot[at] != 0; at = (at + 1) & (slots - 1)) {
      const std::size_t other = slot[at] - 1;
      if (flow.from[other] == from && flow.to[other] == to && *flow.element[other].label == label) return i;
    }
    slot[at] = static_cast<std::uint32_t>(i + 1);
  }
  return Elements;
}

/// `elements` has one more at its end, which is none.
template <std::size_t Elements>
consteval FlowNames<Elements> name_nodes(const FlowElement (&elements)[Elements + 1]) {
  FlowNames<Elements> out;
  const auto mistake = [&](FlowProblem problem, std::size_t element) {
    if (out.mistake.problem == FlowProblem::none) out.mistake = {problem, element};
  };
  const auto fine = [](const FlowText& name) {
    return name.size != 0 && name.size <= max_flow_name && name.printable;
  };
  std::size_t entry = Elements;
  for (std::size_t i = 0; i < Elements; ++i) {
    const FlowElement each = elements[i];
    out.element[i] = each;
    if (each.part == FlowPart::none) {
      mistake(FlowProblem::no_element, i);
      continue;
    }
    if (!fine(*each.name)) mistake(FlowProblem::bad_name, i);
    if (each.part == FlowPart::entry) {
      if (entry != Elements) mistake(FlowProblem::entry_twice, i);
      entry = i;
      continue;
    }
    const bool is_edge = each.part == FlowPart::edge;
    if (each.label->size > (is_edge ? max_flow_condition : max_flow_name) || (!is_edge && !each.label->printable))
      mistake(FlowProblem::bad_label, i);
    const std::uint32_t from = out.add(*each.name);
    out.from[i] = from;
    if (is_edge) {
      if (!fine(*each.target)) mistake(FlowProblem::bad_name, i);
      out.to[i] = out.add(*each.target);
      ++out.edges;
      continue;
    }
    if (out.declared[from]) mistake(FlowProblem::node_twice, i);
    out.declared[from] = true;
    out.type[from] = each.label;
  }
  if (out.nodes == 0) mistake(FlowProblem::no_nodes, 0);
  if (entry != Elements) {
    const std::uint32_t node = out.find(*elements[entry].name);
    if (node == no_node) {
      mistake(FlowProblem::entry_unknown, entry);
    } else {
      out.entry = node;
    }
  }
  if (const std::size_t again = repeated_edge(out); again != Elements) mistake(FlowProblem::edge_twice, again);
  return out;
}

}  // namespace patchbay::detail

namespace patchbay {

/// An edge of a static flow, as programs that run see it.
struct StaticEdge {
  std::uint32_t target = 0;       ///< The node's place among `StaticFlowView::names`.
  std::string_view condition{};   ///< Empty for none.
};

}  // namespace patchbay

namespace patchbay::detail {

/// A flow as numbers: nodes in the order in which they are first named, edges by node and then in that of declaration.
/// A flow without nodes has one without a name, so that a mistake is followed by no other messages.
template <std::size_t Nodes, std::size_t Edges>
struct FlowTables {
  static constexpr std::size_t nodes = Nodes, edges = Edges;
  std::string_view name[Nodes]{};
  std::string_view type[Nodes]{};
  std::uint32_t first_edge[Nodes + 1]{};
  StaticEdge edge[Edges + 1]{};
  std::uint32_t entry = 0;
};

template <std::size_t Nodes, std::size_t Edges, std::size_t Elements>
consteval FlowTables<Nodes, Edges> lay_out(const FlowNames<Elements>& flow) {
  FlowTables<Nodes, Edges> out;
  out.entry = flow.entry;
  for (std::size_t i = 0; i < flow.nodes; ++i) {
    out.name[i] = flow.name[i]->view();
    if (flow.declared[i]) out.type[i] = flow.type[i]->view();
  }
  std::uint32_t next[Nodes + 1]{};
  for (std::size_t i = 0; i < Elements; ++i)
    if (flow.element[i].part == FlowPart::edge) ++next[flow.from[i] + 1];
  for (std::size_t i = 0; i < Nodes; ++i) next[i + 1] += next[i];
  for (std::size_t i = 0; i <= Nodes; ++i) out.first_edge[i] = next[i];
  for (std::size_t i = 0; i < Elements; ++i) {
    if (flow.element[i].part != FlowPart::edge) continue;
    const std::uint32_t from = flow.from[i];
    StaticEdge& edge = out.edge[next[from]++];
    edge.target = flow.to[i];
    edge.condition = flow.element[i].label->view();
  }
  return out;
}

}  // namespace patchbay::detail
