// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace patchbay::benchmarks {

/// Allocations since the program began, counted by the replaced `operator new` of the benchmark.
inline std::uint64_t allocations = 0;

struct Side {
  double nanoseconds;  ///< Median over the batches, for one call.
  double allocations;  ///< Mean for one call.
};

struct Pair {
  Side ours, peer;
  double ratio;  ///< Median of the ratios batch by batch: both sides of each are measured next to each other.
};

/// Times two callables in turn, `batches` times `calls` each, so that drift of the machine hits both alike.
template <class Ours, class Peer>
Pair measure(Ours&& ours, Peer&& peer, int batches, int calls) {
  using clock = std::chrono::steady_clock;
  std::vector<double> a, b, ratios;
  std::uint64_t allocated_a = 0, allocated_b = 0;
  const auto batch = [&](auto& side, std::uint64_t& allocated) {
    const std::uint64_t before = allocations;
    const auto start = clock::now();
    for (int i = 0; i < calls; ++i) side();
    const auto end = clock::now();
    allocated += allocations - before;
    return std::chrono::duration<double, std::nano>(end - start).count() / calls;
  };
  std::uint64_t ignored = 0;
  batch(ours, ignored), batch(peer, ignored);
  for (int i = 0; i < batches; ++i) {
    a.push_back(batch(ours, allocated_a));
    b.push_back(batch(peer, allocated_b));
    ratios.push_back(a.back() / b.back());
  }
  const auto median = [](std::vector<double>& values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
  };
  const double total = static_cast<double>(batches) * calls;
  return {{median(a), static_cast<double>(allocated_a) / total}, {median(b), static_cast<double>(allocated_b) / total}, median(ratios)};
}

inline void print(const char* name, const Pair& pair) {
  std::printf("%-28s ours %8.0f ns %6.2f allocations | hand-written %8.0f ns %6.2f allocations | ratio %.2f\n", name, pair.ours.nanoseconds,
              pair.ours.allocations, pair.peer.nanoseconds, pair.peer.allocations, pair.ratio);
}

}  // namespace patchbay::benchmarks
