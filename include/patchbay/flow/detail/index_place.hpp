// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <patchbay/config.hpp>

namespace patchbay {
class FlowGraph;
class ReachabilityIndex;
}  // namespace patchbay

namespace patchbay::detail {

/// Where a graph keeps the index that is built when it is first wanted. Safe to use from several threads, but not while
/// the graph is moved or assigned. A copy of a graph begins without an index; a move takes it along.
class IndexPlace {
 public:
  IndexPlace() noexcept = default;
  IndexPlace(const IndexPlace&) noexcept {}
  IndexPlace(IndexPlace&& other) noexcept { take(other); }
  PATCHBAY_DECL IndexPlace& operator=(const IndexPlace& other) noexcept;
  PATCHBAY_DECL IndexPlace& operator=(IndexPlace&& other) noexcept;
  PATCHBAY_DECL ~IndexPlace();

  [[nodiscard]] const ReachabilityIndex* get() const noexcept { return index_.load(std::memory_order_acquire); }
  /// The index, built now unless it is there; who asks while it is built waits for it. Throws what memory throws.
  PATCHBAY_DECL const ReachabilityIndex& wait(const FlowGraph& graph);
  /// Counts nodes that a search without the index visited, and builds the index once they are worth one. Nobody waits:
  /// one caller builds while the others search on. When memory does not suffice there is none, and twice as many nodes
  /// must be visited before it is tried again.
  PATCHBAY_DECL void count(const FlowGraph& graph, std::size_t visited) noexcept;

 private:
  enum State : std::uint32_t { absent, building, present };

  PATCHBAY_DECL void drop() noexcept;
  PATCHBAY_DECL void build(const FlowGraph& graph);
  void take(IndexPlace& other) noexcept {
    state_.store(other.state_.exchange(absent, std::memory_order_relaxed), std::memory_order_relaxed);
    index_.store(other.index_.exchange(nullptr, std::memory_order_relaxed), std::memory_order_relaxed);
    visited_.store(other.visited_.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
    patience_.store(other.patience_.exchange(start_patience, std::memory_order_relaxed), std::memory_order_relaxed);
  }

  static constexpr std::uint32_t start_patience = 8;
  std::atomic<const ReachabilityIndex*> index_{nullptr};
  std::atomic<std::uint64_t> visited_{0};
  std::atomic<std::uint32_t> state_{absent};
  std::atomic<std::uint32_t> patience_{start_patience};  // how often a search may visit every node before an index pays
};

}  // namespace patchbay::detail
