// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <patchbay/flow/node_index.hpp>

namespace patchbay {

namespace detail {

/// The marks and the queue of one direction of a search; every mark carries a word of its owner's.
class SearchSide {
 public:
  /// Forgets all marks in constant time.
  void start(std::size_t nodes) {
    if (marks_.size() < nodes) marks_.resize(nodes);
    if (queue_.size() < nodes) queue_.resize(nodes);
    head_ = tail_ = 0;
    if (++epoch_ != 0) return;
    for (Mark& mark : marks_) mark.epoch = 0;
    epoch_ = 1;
  }
  /// Puts `node` behind the queue, unless it has been in it since `start`.
  bool push(NodeIndex node, std::uint32_t word) noexcept {
    if (seen(node)) return false;
    marks_[node] = {epoch_, word};
    queue_[tail_++] = node;
    return true;
  }
  /// The same without a mark, so that the search may come back to it once. Only into an empty queue.
  void push_unmarked(NodeIndex node) noexcept { queue_[tail_++] = node; }
  [[nodiscard]] bool seen(NodeIndex node) const noexcept { return marks_[node].epoch == epoch_; }
  [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
  /// Nodes in the queue.
  [[nodiscard]] std::size_t waiting() const noexcept { return tail_ - head_; }
  NodeIndex pop() noexcept { return queue_[head_++]; }
  [[nodiscard]] std::uint32_t word(NodeIndex node) const noexcept { return marks_[node].word; }
  /// How many have been in the queue since `start`, and they themselves in order.
  [[nodiscard]] std::size_t pushed() const noexcept { return tail_; }
  [[nodiscard]] std::span<const NodeIndex> all() const noexcept { return {queue_.data(), tail_}; }

 private:
  struct Mark {
    std::uint32_t epoch = 0;
    std::uint32_t word = 0;
  };
  std::vector<Mark> marks_;
  std::vector<NodeIndex> queue_;  // each node enters at most once, and one more without a mark, so it never wraps
  std::size_t head_ = 0, tail_ = 0;
  std::uint32_t epoch_ = 0;
};

}  // namespace detail

/// Memory of searches, used again by the next one: no allocation once it has the size of the largest graph. One search
/// at a time.
class RouteScratch {
 public:
  /// Forgets all marks in constant time.
  void start(std::size_t nodes) { forward_.start(nodes + 1); }
  /// Puts `node` behind the queue, unless it has been in it since `start`.
  bool push(NodeIndex node, NodeIndex parent) noexcept { return forward_.push(node, parent); }
  [[nodiscard]] bool seen(NodeIndex node) const noexcept { return forward_.seen(node); }
  [[nodiscard]] bool empty() const noexcept { return forward_.empty(); }
  NodeIndex pop() noexcept { return forward_.pop(); }
  [[nodiscard]] NodeIndex parent(NodeIndex node) const noexcept { return forward_.word(node); }
  /// How many nodes have been in the queue since `start`.
  [[nodiscard]] std::size_t visited() const noexcept { return forward_.pushed(); }
  /// Room for a path, whose content is the caller's.
  std::vector<NodeIndex>& path() noexcept { return path_; }

  /// The two directions of a search that goes from both ends; the first is the one of the members above.
  [[nodiscard]] detail::SearchSide& forward() noexcept { return forward_; }
  [[nodiscard]] detail::SearchSide& backward() noexcept { return backward_; }

 private:
  detail::SearchSide forward_, backward_;
  std::vector<NodeIndex> path_;
};

}  // namespace patchbay
