// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // copy
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability_rule.hpp>
#include <patchbay/flow/route_scratch.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// A transition with a condition, as a predicate sees it. Views of the graph.
class ConditionalEdge {
 public:
  ConditionalEdge(std::string_view from_in, std::string_view to_in, std::string_view condition_in) noexcept
      : from(from_in), to(to_in), condition(condition_in) {}
  std::string_view from;
  std::string_view to;
  std::string_view condition;  ///< Never empty.
};

/// Whether a conditional transition may be taken now. An empty predicate accepts none. It is asked at most once for
/// each transition of a query; what it throws fails that query with `ErrorCode::internal`.
using EdgePredicate = std::function<bool(const ConditionalEdge&)>;

/// A way through a flow: its nodes in order, both ends included. Shares the graph, so that it outlives a refresh of the
/// cache. Up to 16 nodes need no memory of their own.
class FlowPath {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string_view;

    Iterator() = default;
    Iterator(const FlowPath* path, std::size_t i) noexcept : path_(path), i_(i) {}
    std::string_view operator*() const noexcept { return (*path_)[i_]; }
    Iterator& operator++() noexcept { return ++i_, *this; }
    Iterator operator++(int) noexcept { return {path_, i_++}; }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const FlowPath* path_ = nullptr;
    std::size_t i_ = 0;
  };

  FlowPath() = default;
  /// The nodes from `first` to `last` of `graph`.
  template <class It>
  FlowPath(std::shared_ptr<const FlowGraph> graph, It first, It last)
      : graph_(std::move(graph)), size_(static_cast<std::size_t>(std::distance(first, last))) {
    if (size_ > small_.size()) {
      large_.assign(first, last);
    } else {
      std::copy(first, last, small_.begin());
    }
  }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Nodes; the transitions are one fewer.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] NodeIndex index(std::size_t i) const noexcept { return large_.empty() ? small_[i] : large_[i]; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept { return graph_->name(index(i)); }
  [[nodiscard]] std::string_view front() const noexcept { return (*this)[0]; }
  [[nodiscard]] std::string_view back() const noexcept { return (*this)[size_ - 1]; }
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size_}; }
  [[nodiscard]] const std::shared_ptr<const FlowGraph>& graph() const noexcept { return graph_; }

  /// `MainMenu -> BillingInquiry`
  [[nodiscard]] std::string to_string() const {
    std::string out;
    for (const std::string_view name : *this) {
      if (!out.empty()) out.append(" -> ");
      out.append(name);
    }
    return out;
  }

 private:
  std::shared_ptr<const FlowGraph> graph_;
  std::size_t size_ = 0;
  std::array<NodeIndex, 16> small_{};
  std::vector<NodeIndex> large_;
};

/// The shortest way by which `graph` allows a move; of several, the one whose transitions come first in the definition.
///
/// `unknown_node` when the flow lacks either node, `not_reachable` when it allows no way, `internal` when the predicate
/// throws. Allocates nothing when `scratch` is warm and the way has at most 16 nodes, except for errors. `graph` is not
/// null.
///
/// A flow of up to 64 nodes is searched. So is a larger one until that has visited eight times as many nodes as it has;
/// then this call builds the graph's index, once for all threads, and from then on `path` is answered by it: a "no"
/// needs no search as a rule, and a way is searched from both ends, in some square root of the nodes where each leads
/// to a few others at random, and never in more than linear time. `direct_edge` looks through the transitions of the
/// node, or, where these are many, asks the index. `conditional` is a search always, linear in nodes and edges.
[[nodiscard]] PATCHBAY_DECL Result<FlowPath> route(std::shared_ptr<const FlowGraph> graph, std::string_view from,
                                                   std::string_view to, Reachability reachability,
                                                   const EdgePredicate& predicate, RouteScratch& scratch);

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/reachability.ipp>
#endif
