// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <patchbay/flow/detail/index_place.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability_index.hpp>

namespace patchbay::detail {

PATCHBAY_DECL void IndexPlace::drop() noexcept {
  delete index_.exchange(nullptr, std::memory_order_relaxed);
  state_.store(absent, std::memory_order_relaxed);
  visited_.store(0, std::memory_order_relaxed);
  patience_.store(start_patience, std::memory_order_relaxed);
}

PATCHBAY_DECL IndexPlace& IndexPlace::operator=(const IndexPlace& other) noexcept {
  if (this != &other) drop();
  return *this;
}

PATCHBAY_DECL IndexPlace& IndexPlace::operator=(IndexPlace&& other) noexcept {
  if (this != &other) drop(), take(other);
  return *this;
}

PATCHBAY_DECL IndexPlace::~IndexPlace() { drop(); }

/// By the one that moved the state to `building`.
PATCHBAY_DECL void IndexPlace::build(const FlowGraph& graph) {
#ifdef __cpp_exceptions
  try {
#endif
    index_.store(new ReachabilityIndex(graph), std::memory_order_release);
#ifdef __cpp_exceptions
  } catch (...) {
    state_.store(absent, std::memory_order_release);
    state_.notify_all();
    throw;
  }
#endif
  state_.store(present, std::memory_order_release);
  state_.notify_all();
}

PATCHBAY_DECL const ReachabilityIndex& IndexPlace::wait(const FlowGraph& graph) {
  for (;;) {
    if (const ReachabilityIndex* const index = get()) return *index;
    std::uint32_t state = absent;
    if (state_.compare_exchange_strong(state, building, std::memory_order_acquire)) {
      build(graph);
    } else if (state == building) {
      state_.wait(building, std::memory_order_acquire);
    }
  }
}

PATCHBAY_DECL void IndexPlace::count(const FlowGraph& graph, std::size_t visited) noexcept {
  const std::uint64_t due = std::uint64_t{graph.node_count()} * patience_.load(std::memory_order_relaxed);
  if (visited_.fetch_add(visited, std::memory_order_relaxed) + visited < due) return;
  std::uint32_t state = absent;
  if (!state_.compare_exchange_strong(state, building, std::memory_order_acquire)) return;
#ifdef __cpp_exceptions
  try {
#endif
    build(graph);
#ifdef __cpp_exceptions
  } catch (...) {  // the flow is as good without it
    visited_.store(0, std::memory_order_relaxed);
    if (const std::uint32_t patience = patience_.load(std::memory_order_relaxed); patience < 1u << 30)
      patience_.store(patience * 2, std::memory_order_relaxed);
  }
#endif
}

}  // namespace patchbay::detail
