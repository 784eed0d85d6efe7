// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>  // iota, partial_sum
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>  // move
#include <vector>

#include <patchbay/flow/diagram.hpp>
#include <patchbay/flow/drift.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/flow/static_flow.hpp>

namespace patchbay::detail {

/// What of a drawing one of the two flows does not have.
enum class Drifted : std::uint8_t {
  no,
  missing,  ///< Expected, not deployed.
  added,    ///< Deployed, not expected.
};

/// What a drawing of any format says about each node and edge: those of the flow that is drawn, then what its drift
/// says that the other flow has. Those others are ghosts. Views of the flow and of the marks.
class DiagramPlan {
 public:
  enum class Kind : std::uint8_t { node, no_such_node, ghost };
  struct Node {
    std::string_view name, type{};
    Kind kind = Kind::node;
    Drifted drift = Drifted::no;
    bool on_path = false, reachable = false;
    const std::string* other_type = nullptr;  ///< The other flow's, where it differs.
  };
  struct Edge {
    std::uint32_t from = 0, target = 0;
    std::string_view condition{};
    Drifted drift = Drifted::no;
    bool ghost = false, on_path = false;
    const std::string* other_condition = nullptr;  ///< The other flow's, where it differs; empty for none.
  };

  DiagramPlan(const FlowGraph& graph, const DiagramMarks& marks) : id_(graph.id()), version_(graph.version()) {
    const auto nodes = static_cast<NodeIndex>(graph.node_count());
    const auto names = static_cast<NodeIndex>(graph.node_count() + graph.unknown_count());
    nodes_.reserve(names);
    edges_.reserve(graph.edge_count());
    for (NodeIndex i = 0; i < names; ++i) {
      nodes_.push_back({.name = graph.name(i), .kind = i < nodes ? Kind::node : Kind::no_such_node});
      if (i >= nodes) continue;
      nodes_[i].type = graph.type(i);
      for (const FlowEdge& edge : graph.edges(i))
        edges_.push_back({.from = i, .target = edge.target(), .condition = graph.condition(edge)});
    }
    finish(nodes, 0, marks);
  }
  DiagramPlan(const StaticFlowView& flow, const DiagramMarks& marks) {
    nodes_.reserve(flow.node_count());
    edges_.reserve(flow.edge_count());
    for (std::uint32_t i = 0; i < flow.node_count(); ++i) {
      nodes_.push_back({.name = flow.names()[i], .type = flow.type(i)});
      for (const StaticEdge& edge : flow.edges(i))
        edges_.push_back({.from = i, .target = edge.target, .condition = edge.condition});
    }
    finish(flow.node_count(), flow.entry(), marks);
  }

  /// Appends what the flow is called, its own words through `append(out, text)`.
  template <class Append>
  std::string& title(std::string& out, Append&& append) const {
    if (!title_.empty()) return append(out, title_), out;
    if (!id_) return out.append("static flow");
    append(out.append("flow "), *id_);
    if (!version_.empty()) append(out.append(" version "), version_);
    return out;
  }
  /// Of the flow that is drawn.
  [[nodiscard]] std::size_t node_count() const noexcept { return own_nodes_; }
  [[nodiscard]] std::size_t edge_count() const noexcept { return own_edges_; }
  /// How many differences there are; nothing when the drawing was not to show any.
  [[nodiscard]] std::optional<std::size_t> drift_count() const noexcept { return drift_count_; }
  /// What the other flow is: `expected`, or `deployed` when the expected flow is drawn.
  [[nodiscard]] std::string_view other() const noexcept { return other_; }

  [[nodiscard]] const std::vector<Node>& nodes() const noexcept { return nodes_; }
  /// All edges, by node.
  [[nodiscard]] const std::vector<Edge>& edges() const noexcept { return edges_; }
  [[nodiscard]] std::span<const Edge> edges(std::uint32_t node) const noexcept {
    return {edges_.data() + first_edge_[node], first_edge_[node + 1] - first_edge_[node]};
  }
  /// Where the drawing begins; nothing for a flow without nodes.
  [[nodiscard]] std::optional<std::uint32_t> start() const noexcept { return start_; }
  [[nodiscard]] bool is_current(std::uint32_t node) const noexcept { return current_ == node; }
  /// The marked way, as far as the flow has its nodes.
  [[nodiscard]] const std::vector<std::uint32_t>& path() const noexcept { return path_; }

 private:
  static constexpr std::uint32_t none = 0xffffffff;

  void finish(std::size_t nodes, std::uint32_t entry, const DiagramMarks& marks) {
    own_nodes_ = nodes;
    own_edges_ = edges_.size();
    title_ = marks.title;
    if (marks.path || !marks.way.empty() || !marks.current.empty() || marks.drift) {
      by_name_.resize(nodes_.size());
      std::iota(by_name_.begin(), by_name_.end(), std::uint32_t{0});
      std::sort(by_name_.begin(), by_name_.end(),
                [&](std::uint32_t a, std::uint32_t b) { return nodes_[a].name < nodes_[b].name; });
    }
    if (marks.drift) mark_drift(*marks.drift);
    lay_out();
    if (marks.path) {
      for (const std::string_view name : *marks.path) step(name);
    } else {
      for (const std::string_view name : marks.way) step(name);
    }
    if (const std::uint32_t at = find(marks.current); at != none && nodes_[at].kind == Kind::node) current_ = at;
    start_ = path_.empty() ? current_ : path_.front();
    if (!start_ && nodes != 0) start_ = entry;
    reach();
  }

  std::uint32_t find(std::string_view name) const noexcept {
    const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                     [&](std::uint32_t i, std::string_view wanted) { return nodes_[i].name < wanted; });
    if (at != by_name_.end() && nodes_[*at].name == name) return *at;
    const auto ghost = ghosts_.find(name);
    return ghost == ghosts_.end() ? none : ghost->second;
  }

  void step(std::string_view name) {
    const std::uint32_t node = find(name);
    if (node == none || nodes_[node].kind != Kind::node) return;
    nodes_[node].on_path = true;
    // Parallel edges are all marked: a path is a way over nodes and does not say which of them was taken.
    if (!path_.empty())
      for (std::uint32_t e = first_edge_[path_.back()]; e != first_edge_[path_.back() + 1]; ++e)
        if (edges_[e].target == node && !edges_[e].ghost) edges_[e].on_path = true;
    path_.push_back(node);
  }

  void reach() {
    std::vector<std::uint32_t> queue;
    const auto meet = [&](std::uint32_t node) {
      if (nodes_[node].kind != Kind::node || nodes_[node].reachable) return;
      nodes_[node].reachable = true;
      queue.push_back(node);
    };
    if (start_) meet(*start_);
    for (std::size_t i = 0; i < queue.size(); ++i)
      for (const Edge& edge : edges(queue[i]))
        if (!edge.ghost) meet(edge.target);
  }

  void mark_drift(const FlowDrift& drift) {
    drift_count_ = drift.size();
    by_ends_.resize(edges_.size());
    std::iota(by_ends_.begin(), by_ends_.end(), std::uint32_t{0});
    std::sort(by_ends_.begin(), by_ends_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return key(edges_[a].from, edges_[a].target, edges_[a].condition) <
             key(edges_[b].from, edges_[b].target, edges_[b].condition);
    });
    for (const std::string& name : drift.missing_nodes) mark_node(name, Drifted::missing);
    for (const std::string& name : drift.added_nodes) mark_node(name, Drifted::added);
    for (const DriftedEdge& edge : drift.missing_edges) mark_edge(edge, Drifted::missing);
    for (const DriftedEdge& edge : drift.added_edges) mark_edge(edge, Drifted::added);
    for (const Node& node : nodes_)
      if (node.kind == Kind::ghost && node.drift == Drifted::added) other_ = "deployed";
    for (const DriftedCondition& each : drift.changed_conditions) {
      if (change(each, each.deployed, each.expected)) {
        other_ = "expected";
      } else if (change(each, each.expected, each.deployed)) {
        other_ = "deployed";
      }
    }
    for (const DriftedType& each : drift.changed_types) {
      const std::uint32_t node = find(each.node);
      if (node == none) continue;
      const bool deployed = nodes_[node].type == each.deployed;
      nodes_[node].other_type = deployed ? &each.expected : &each.deployed;
      other_ = deployed ? "expected" : "deployed";
    }
  }
  static std::tuple<std::uint32_t, std::uint32_t, std::string_view> key(std::uint32_t from, std::uint32_t to,
                                                                        std::string_view condition) noexcept {
    return {from, to, condition};
  }
  /// The node of that name, if need be as a ghost.
  std::uint32_t node_or_ghost(std::string_view name) {
    if (const std::uint32_t known = find(name); known != none) return known;
    const auto ghost = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({.name = name, .kind = Kind::no_such_node});
    ghosts_.emplace(name, ghost);
    return ghost;
  }
  void mark_node(std::string_view name, Drifted how) {
    Node& node = nodes_[node_or_ghost(name)];
    node.drift = how;
    if (node.kind == Kind::no_such_node) node.kind = Kind::ghost;
  }
  /// Calls `each` with the edges of the flow itself that are the given one; says whether there are any.
  template <class Each>
  bool for_edges(std::string_view from, std::string_view to, std::string_view condition, Each&& each) {
    const auto wanted = key(find(from), find(to), condition);
    auto at = std::lower_bound(by_ends_.begin(), by_ends_.end(), wanted, [&](std::uint32_t i, const auto& other) {
      return key(edges_[i].from, edges_[i].target, edges_[i].condition) < other;
    });
    bool any = false;
    for (; at != by_ends_.end() && key(edges_[*at].from, edges_[*at].target, edges_[*at].condition) == wanted; ++at) {
      each(edges_[*at]);
      any = true;
    }
    return any;
  }
  void mark_edge(const DriftedEdge& edge, Drifted how) {
    if (for_edges(edge.from, edge.to, edge.condition, [&](Edge& own) { own.drift = how; })) return;
    const std::uint32_t from = node_or_ghost(edge.from), to = node_or_ghost(edge.to);
    edges_.push_back({.from = from, .target = to, .condition = edge.condition, .drift = how, .ghost = true});
  }
  bool change(const DriftedCondition& each, std::string_view own, const std::string& other) {
    return for_edges(each.from, each.to, own, [&](Edge& edge) { edge.other_condition = &other; });
  }

  /// Orders the edges by node; ghosts come after the flow's own.
  void lay_out() {
    first_edge_.assign(nodes_.size() + 1, 0);
    for (const Edge& edge : edges_) ++first_edge_[edge.from + 1];
    std::partial_sum(first_edge_.begin(), first_edge_.end(), first_edge_.begin());
    if (edges_.size() == own_edges_) return;
    std::vector<std::uint32_t> next(first_edge_.begin(), first_edge_.end() - 1);
    std::vector<Edge> ordered(edges_.size());
    for (const Edge& edge : edges_) ordered[next[edge.from]++] = edge;
    edges_ = std::move(ordered);
  }

  std::string_view title_{};
  std::optional<std::string_view> id_;  // none for a static flow
  std::string_view version_{};
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> first_edge_;
  std::size_t own_nodes_ = 0, own_edges_ = 0;
  std::optional<std::size_t> drift_count_;
  std::string_view other_ = "expected";
  std::optional<std::uint32_t> start_, current_;
  std::vector<std::uint32_t> path_;
  std::vector<std::uint32_t> by_name_, by_ends_;  // the flow's own, sorted
  std::map<std::string_view, std::uint32_t> ghosts_;
};

}  // namespace patchbay::detail
