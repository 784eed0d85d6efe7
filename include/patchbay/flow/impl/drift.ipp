// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>  // iota
#include <string_view>
#include <tuple>
#include <utility>

#include <patchbay/flow/detail/visible.hpp>
#include <patchbay/flow/drift.hpp>
#include <patchbay/flow/flow_graph.hpp>

namespace patchbay {

namespace detail {

/// What two kinds of flow have in common: names by number, the nodes first, and edges between numbers.
struct FlowOutline {
  struct Edge {
    std::uint32_t from, to;
    std::string_view condition;
    [[nodiscard]] friend bool operator==(const Edge&, const Edge&) = default;
    [[nodiscard]] bool operator<(const Edge& other) const noexcept {
      return std::tie(from, to, condition) < std::tie(other.from, other.to, other.condition);
    }
  };
  std::vector<std::string_view> names, types;  // types of the nodes alone
  std::vector<Edge> edges;
  bool every_type = true;  // whether no type means "none", and not "whatever is deployed"
};

inline FlowOutline outline_of(const StaticFlowView& flow) {
  FlowOutline out;
  out.every_type = false;
  out.names.assign(flow.names().begin(), flow.names().end());
  out.edges.reserve(flow.edge_count());
  for (std::uint32_t i = 0; i < flow.node_count(); ++i) {
    out.types.push_back(flow.type(i));
    for (const StaticEdge& edge : flow.edges(i)) out.edges.push_back({i, edge.target, edge.condition});
  }
  return out;
}

inline FlowOutline outline_of(const FlowGraph& flow) {
  FlowOutline out;
  const auto nodes = static_cast<NodeIndex>(flow.node_count());
  const auto names = static_cast<NodeIndex>(flow.node_count() + flow.unknown_count());
  out.names.reserve(names);
  for (NodeIndex i = 0; i < names; ++i) out.names.push_back(flow.name(i));
  out.types.reserve(nodes);
  out.edges.reserve(flow.edge_count());
  for (NodeIndex i = 0; i < nodes; ++i) {
    out.types.push_back(flow.type(i));
    for (const FlowEdge& edge : flow.edges(i)) out.edges.push_back({i, edge.target(), flow.condition(edge)});
  }
  return out;
}

/// Gives the names of `other` the numbers that they have in `known`, and new ones after those to names that are new.
inline std::vector<std::uint32_t> numbers_in(const FlowOutline& known, const FlowOutline& other,
                                             std::vector<std::string_view>& names) {
  std::vector<std::uint32_t> order(known.names.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  const auto before = [&](std::uint32_t a, std::uint32_t b) { return known.names[a] < known.names[b]; };
  std::sort(order.begin(), order.end(), before);
  names = known.names;
  std::vector<std::uint32_t> numbers;
  numbers.reserve(other.names.size());
  for (const std::string_view name : other.names) {
    const auto at = std::lower_bound(order.begin(), order.end(), name,
                                     [&](std::uint32_t i, std::string_view wanted) { return known.names[i] < wanted; });
    if (at != order.end() && known.names[*at] == name) {
      numbers.push_back(*at);
    } else {
      numbers.push_back(static_cast<std::uint32_t>(names.size()));
      names.push_back(name);
    }
  }
  return numbers;
}

inline void sort_edges(std::vector<FlowOutline::Edge>& edges) {
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
}

/// Adds what differs between the conditions of two runs of edges, all from one node to another. Both are sorted.
inline void compare_conditions(const std::vector<std::string_view>& names, std::vector<FlowOutline::Edge>& missing,
                               std::vector<FlowOutline::Edge>& added, FlowDrift& out) {
  const auto edge = [&](const FlowOutline::Edge& each) {
    return DriftedEdge{std::string(names[each.from]), std::string(names[each.to]), std::string(each.condition)};
  };
  const std::size_t changed = std::min(missing.size(), added.size());
  for (std::size_t i = 0; i < changed; ++i) {
    DriftedEdge was = edge(missing[i]);
    out.changed_conditions.push_back(
        {std::move(was.from), std::move(was.to), std::move(was.condition), std::string(added[i].condition)});
  }
  for (std::size_t i = changed; i < missing.size(); ++i) out.missing_edges.push_back(edge(missing[i]));
  for (std::size_t i = changed; i < added.size(); ++i) out.added_edges.push_back(edge(added[i]));
  missing.clear();
  added.clear();
}

inline FlowDrift compare_flows(FlowOutline expected, FlowOutline deployed) {
  FlowDrift out;
  std::vector<std::string_view> names;
  const std::vector<std::uint32_t> numbers = numbers_in(expected, deployed, names);
  constexpr std::uint32_t none = 0xffffffff;
  std::vector<std::uint32_t> node_of(names.size(), none);  // by number, the node of the deployed flow
  for (std::uint32_t i = 0; i < deployed.types.size(); ++i) node_of[numbers[i]] = i;

  const std::size_t nodes = expected.types.size();
  for (std::size_t i = 0; i < nodes; ++i) {
    if (node_of[i] == none) {
      out.missing_nodes.emplace_back(names[i]);
      continue;
    }
    const std::string_view type = expected.types[i], now = deployed.types[node_of[i]];
    if (now != type && (expected.every_type || !type.empty()))
      out.changed_types.push_back({std::string(names[i]), std::string(type), std::string(now)});
  }
  for (std::size_t i = 0; i < deployed.types.size(); ++i)
    if (numbers[i] >= nodes) out.added_nodes.emplace_back(deployed.names[i]);

  for (FlowOutline::Edge& edge : deployed.edges) edge.from = numbers[edge.from], edge.to = numbers[edge.to];
  sort_edges(expected.edges);
  sort_edges(deployed.edges);
  std::vector<FlowOutline::Edge> missing, added;  // between one pair of nodes
  auto left = expected.edges.begin();
  auto right = deployed.edges.begin();
  std::pair<std::uint32_t, std::uint32_t> pair{none, none};
  while (left != expected.edges.end() || right != deployed.edges.end()) {
    const bool take_left = right == deployed.edges.end() || (left != expected.edges.end() && !(*right < *left));
    const bool take_right = left == expected.edges.end() || (right != deployed.edges.end() && !(*left < *right));
    const FlowOutline::Edge& edge = take_left ? *left : *right;
    if (const std::pair now{edge.from, edge.to}; now != pair) {
      compare_conditions(names, missing, added, out);
      pair = now;
    }
    if (take_left && !take_right) missing.push_back(edge);
    if (take_right && !take_left) added.push_back(edge);
    if (take_left) ++left;
    if (take_right) ++right;
  }
  compare_conditions(names, missing, added, out);
  return out;
}

inline void append_condition(std::string& out, const std::string& condition) {
  if (condition.empty()) {
    out.append("none");
  } else {
    append_visible_quoted(out, condition);
  }
}

inline void append_drifted(std::string& out, std::string_view how, const std::string& node) {
  append_word(out.append(how).append(" node "), node);
}
inline void append_drifted(std::string& out, std::string_view how, const DriftedEdge& edge) {
  append_word(out.append(how).append(" transition "), edge.from);
  append_word(out.append(" -> "), edge.to);
  if (!edge.condition.empty()) append_visible_quoted(out.append(" if "), edge.condition);
}
inline void append_drifted(std::string& out, std::string_view how, const DriftedCondition& edge) {
  append_word(out.append(how).append(" condition of "), edge.from);
  append_word(out.append(" -> "), edge.to);
  append_condition(out.append(": expected "), edge.expected);
  append_condition(out.append(", deployed "), edge.deployed);
}
inline void append_drifted(std::string& out, std::string_view how, const DriftedType& node) {
  append_word(out.append(how).append(" type of "), node.node);
  append_condition(out.append(": expected "), node.expected);
  append_condition(out.append(", deployed "), node.deployed);
}

/// Calls `each(how, what, all)` for each kind of difference, the breaking ones first.
template <class Each>
void for_each_kind(const FlowDrift& drift, Each&& each) {
  each("missing", "node", drift.missing_nodes);
  each("missing", "transition", drift.missing_edges);
  each("changed", "condition", drift.changed_conditions);
  each("changed", "type", drift.changed_types);
  each("added", "node", drift.added_nodes);
  each("added", "transition", drift.added_edges);
}

}  // namespace detail

PATCHBAY_DECL std::size_t FlowDrift::size() const noexcept {
  std::size_t out = 0;
  detail::for_each_kind(*this, [&](std::string_view, std::string_view, const auto& all) { out += all.size(); });
  return out;
}

PATCHBAY_DECL bool FlowDrift::breaking(Reachability rule) const noexcept {
  if (rule == Reachability::conditional && !changed_conditions.empty()) return true;
  return !missing_nodes.empty() || !missing_edges.empty();
}

PATCHBAY_DECL std::string FlowDrift::summary() const {
  std::string out, first;
  detail::for_each_kind(*this, [&](std::string_view how, std::string_view what, const auto& all) {
    if (all.empty()) return;
    if (first.empty()) detail::append_drifted(first, how, all.front());
    if (!out.empty()) out.append(", ");
    out.append(std::to_string(all.size())).append(" ").append(how).append(" ").append(what);
    if (all.size() != 1) out.push_back('s');
  });
  if (!out.empty()) out.append("; the first: ").append(first);
  return out;
}

PATCHBAY_DECL std::string FlowDrift::to_string() const {
  std::string out;
  detail::for_each_kind(*this, [&](std::string_view how, std::string_view, const auto& all) {
    for (const auto& each : all) {
      detail::append_drifted(out, how, each);
      out.push_back('\n');
    }
  });
  return out;
}

PATCHBAY_DECL FlowDrift drift(const StaticFlowView& expected, const FlowGraph& deployed) {
  return detail::compare_flows(detail::outline_of(expected), detail::outline_of(deployed));
}

PATCHBAY_DECL FlowDrift drift(const FlowGraph& expected, const FlowGraph& deployed) {
  return detail::compare_flows(detail::outline_of(expected), detail::outline_of(deployed));
}

}  // namespace patchbay
