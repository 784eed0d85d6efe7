// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/flow/detail/index_place.hpp>
#include <patchbay/flow/detail/text_index.hpp>
#include <patchbay/flow/node_index.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

class Body;
class JsonReader;

namespace detail {
class FlowConfigurationParser;
class FlowParser;
}

/// What a flow definition may hold at most; what exceeds it is `ErrorCode::flow_malformed` (hazard A27).
struct FlowLimits {
  std::size_t max_bytes = std::size_t{256} << 20;  ///< Of the whole text; never more than 4 GiB - 1.
  std::size_t max_nodes = 1'000'000;
  std::size_t max_edges = 10'000'000;
  std::size_t max_id_bytes = 256;         ///< Of an id, a node's type, the version.
  std::size_t max_condition_bytes = 4096;
  int max_depth = 64;                     ///< Nesting of the whole text, members that are not ours included.
};

/// One transition of a node.
class FlowEdge {
 public:
  FlowEdge(NodeIndex target_in, std::uint32_t condition_in) noexcept : target_(target_in), condition_(condition_in) {}
  /// Where it leads; at least `node_count()` when the flow has no such node.
  [[nodiscard]] NodeIndex target() const noexcept { return target_; }
  [[nodiscard]] bool conditional() const noexcept { return condition_ != 0; }
  friend bool operator==(const FlowEdge&, const FlowEdge&) = default;

 private:
  friend class FlowGraph;
  friend class detail::FlowConfigurationParser;
  friend class detail::FlowParser;
  NodeIndex target_;
  std::uint32_t condition_;  // 0 for none, else its number from 1
};

/// A flow definition, checked and compact: each distinct text once in one arena, edges in one array ordered by node.
///
/// Immutable, so that threads share one behind a `std::shared_ptr<const FlowGraph>`. Views that it hands out live as
/// long as it stays where it is. A node takes 32 to 48 bytes beside its texts, an edge 8; while read, 4 and 8 more. A
/// node of the real platform takes up to 192, for its names.
class FlowGraph {
 public:
  /// Reads `{"id", "version"?, "nodes": [{"id", "type"?, "transitions"?: [{"targetId", "condition"?}]}]}` in one pass.
  ///
  /// Members that are `null` count as absent where they may be; an empty condition counts as none; `version` is a
  /// string or a number; members that are not ours are checked as JSON and ignored. A transition to a node that the
  /// flow does not have is kept, but leads nowhere (`dangling_count()`).
  ///
  /// `flow_malformed` for anything else: not JSON, wrong types, an absent `nodes`, `id` of a node or `targetId`, ids
  /// that are empty, too long, given twice or hold control characters, members given twice, and every limit. The
  /// message names the place, `nodes[3].transitions[0].targetId`, and the reason.
  [[nodiscard]] PATCHBAY_DECL static Result<FlowGraph> parse(const Body& text, JsonReader& reader,
                                                             const FlowLimits& limits = {});
  /// The same for text that is not in a `Body`; it is copied once.
  [[nodiscard]] PATCHBAY_DECL static Result<FlowGraph> parse(std::string_view text, JsonReader& reader,
                                                             const FlowLimits& limits = {});

  /// Empty when the definition names none.
  [[nodiscard]] std::string_view id() const noexcept { return id_; }
  /// As text, a number as it was written; empty when the definition names none.
  [[nodiscard]] std::string_view version() const noexcept { return version_; }
  [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.empty() ? 0 : nodes_.size() - 1; }
  /// All transitions, those that lead nowhere included.
  [[nodiscard]] std::size_t edge_count() const noexcept { return edges_.size(); }
  /// Transitions to nodes that the flow does not have.
  [[nodiscard]] std::size_t dangling_count() const noexcept { return dangling_; }
  /// Distinct names that such transitions mention: the indices from `node_count()` on.
  [[nodiscard]] std::size_t unknown_count() const noexcept { return names_.size() - node_count(); }

  /// The node of that name; constant time, no allocation. In a flow of the real platform a node has several, and a name
  /// that several nodes share finds none of them (`parse_flow_configuration`).
  [[nodiscard]] std::optional<NodeIndex> find(std::string_view name) const noexcept {
    std::uint32_t i = number_of(name);
    if (!called_.empty() && i != detail::TextIndex::none) i = called_[i].node;
    if (!is_node(i)) return std::nullopt;
    return i;
  }
  /// Whether `name` is that of several nodes, as it can be in a flow of the real platform alone.
  [[nodiscard]] bool is_ambiguous(std::string_view name) const noexcept {
    const std::uint32_t i = called_.empty() ? detail::TextIndex::none : number_of(name);
    return i != detail::TextIndex::none && called_[i].node == detail::TextIndex::none;
  }
  [[nodiscard]] bool is_node(NodeIndex i) const noexcept { return i < node_count(); }
  /// The name of a node, or of a target that is none. `i` is less than `node_count() + unknown_count()`.
  [[nodiscard]] std::string_view name(NodeIndex i) const noexcept { return text(names_[i]); }
  /// The id of a node: its name, but in a flow of the real platform, where names are for people.
  [[nodiscard]] std::string_view id_of(NodeIndex node) const noexcept {
    return text(called_.empty() ? names_[node] : called_[node].text);
  }
  /// The number under which people know a node of the real platform; nothing when it has none.
  [[nodiscard]] std::optional<std::uint32_t> tracking_id(NodeIndex node) const noexcept {
    if (tracking_.empty() || tracking_[node] == detail::TextIndex::none) return std::nullopt;
    return tracking_[node];
  }
  /// The type of a node; empty when it has none.
  [[nodiscard]] std::string_view type(NodeIndex node) const noexcept { return text(types_[nodes_[node].type]); }
  /// A node's transitions in the order of the definition.
  [[nodiscard]] std::span<const FlowEdge> edges(NodeIndex node) const noexcept {
    const std::uint32_t first = nodes_[node].first_edge;
    return {edges_.data() + first, nodes_[node + 1].first_edge - first};
  }
  /// The condition's text; empty when the edge has none.
  [[nodiscard]] std::string_view condition(const FlowEdge& edge) const noexcept {
    return text(conditions_[edge.condition_]);
  }

  /// What answers questions about ways without a search. Built when it is first asked for, by one caller while others
  /// wait, and kept: about ten times a search of the whole flow. Throws `std::bad_alloc`; the flow stays as it is.
  [[nodiscard]] const ReachabilityIndex& index() const { return index_place_.wait(*this); }
  /// The same if it is there; null otherwise.
  [[nodiscard]] const ReachabilityIndex* index_if_built() const noexcept { return index_place_.get(); }
  /// Tells that a search without the index visited `nodes`. Enough of them, eight times the flow's own, and the index
  /// is built within this call, by one caller while others search on; a flow of which little is asked has none.
  void count_search(std::size_t nodes) const noexcept { index_place_.count(*this, nodes); }

  /// Whether both say the same in the same order: ids, versions, nodes, transitions. Linear, and quick.
  [[nodiscard]] PATCHBAY_DECL bool same_as(const FlowGraph& other) const noexcept;

  /// Bytes held on the heap, without the index.
  [[nodiscard]] std::size_t memory() const noexcept {
    return id_.capacity() + version_.capacity() + arena_.capacity() + nodes_.capacity() * sizeof(Node) +
           edges_.capacity() * sizeof(FlowEdge) + index_.memory() + called_.capacity() * sizeof(Called) +
           tracking_.capacity() * sizeof(std::uint32_t) +
           (names_.capacity() + types_.capacity() + conditions_.capacity()) * sizeof(Text);
  }

 private:
  friend class detail::FlowConfigurationParser;
  friend class detail::FlowParser;
  struct Text {
    std::uint32_t at, size;
    friend bool operator==(const Text&, const Text&) = default;
  };
  struct Node {
    std::uint32_t first_edge, type;
    friend bool operator==(const Node&, const Node&) = default;
  };
  struct Called {
    Text text;
    std::uint32_t node;  // none where several are called so
    friend bool operator==(const Called&, const Called&) = default;
  };
  explicit FlowGraph(std::uint64_t seed) noexcept : index_(seed) {}
  [[nodiscard]] std::uint32_t number_of(std::string_view name) const noexcept {
    return index_.find(name, [this](std::uint32_t n) { return text(called_.empty() ? names_[n] : called_[n].text); });
  }
  [[nodiscard]] std::string_view text(Text which) const noexcept {
    return std::string_view(arena_).substr(which.at, which.size);
  }

  std::string id_;
  std::string version_;
  std::string arena_;
  std::vector<Node> nodes_;        // one more than there are, for the end of the last one's edges
  std::vector<FlowEdge> edges_;
  std::vector<Text> names_;        // nodes, then unknown targets
  std::vector<Text> types_;        // distinct
  std::vector<Text> conditions_;   // distinct; the first is empty
  std::vector<Called> called_;     // where nodes have several names, each of them, the nodes' ids first; else empty
  std::vector<std::uint32_t> tracking_;
  detail::TextIndex index_;        // of called_, or, where that is empty, of names_
  std::size_t dangling_ = 0;
  mutable detail::IndexPlace index_place_;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/flow_graph.ipp>
#include <patchbay/flow/impl/index_place.ipp>
#endif
