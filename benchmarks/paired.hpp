// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <vector>

namespace patchbay::benchmarks {

/// Allocations since the program began, counted by the replaced `operator new` of the benchmark.
inline std::uint64_t allocations = 0;

struct Side {
  double nanoseconds;  ///< Median over the batches, for one call.
  double allocations;  ///< Mean for one call.
  double ratio;        ///< To the first side: the median of the ratios batch by batch, each measured next to the other.
};

struct Pair {
  Side ours, peer;
  double ratio;  ///< Of ours to the peer's, as `Side::ratio`.
};

namespace detail {

[[nodiscard]] inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace detail

/// Times all sides in turn, `batches` times `calls` each, so that drift of the machine hits all alike. A side is called
/// with the number of calls that it must make. There is at least one side and one batch.
[[nodiscard]] inline std::vector<Side> measure_all(std::span<const std::function<void(int calls)>> sides, int batches,
                                                   int calls) {
  using clock = std::chrono::steady_clock;
  std::vector<std::vector<double>> nanoseconds(sides.size()), ratios(sides.size());
  std::vector<std::uint64_t> allocated(sides.size());
  for (const auto& side : sides) side(calls);  // warms caches and buffers
  for (int batch = 0; batch < batches; ++batch) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const std::uint64_t before = allocations;
      const auto start = clock::now();
      sides[i](calls);
      const auto end = clock::now();
      allocated[i] += allocations - before;
      nanoseconds[i].push_back(std::chrono::duration<double, std::nano>(end - start).count() / calls);
      ratios[i].push_back(nanoseconds[i].back() / nanoseconds.front().back());
    }
  }
  std::vector<Side> out;
  const double total = static_cast<double>(batches) * calls;
  for (std::size_t i = 0; i < sides.size(); ++i)
    out.push_back(
        {detail::median(nanoseconds[i]), static_cast<double>(allocated[i]) / total, detail::median(ratios[i])});
  return out;
}

/// Times two callables in the same way, one call each.
template <class Ours, class Peer>
Pair measure(Ours&& ours, Peer&& peer, int batches, int calls) {
  const std::function<void(int)> sides[] = {[&](int times) {
                                              for (int i = 0; i < times; ++i) peer();
                                            },
                                            [&](int times) {
                                              for (int i = 0; i < times; ++i) ours();
                                            }};
  const std::vector<Side> measured = measure_all(sides, batches, calls);
  return {measured[1], measured[0], measured[1].ratio};
}

inline void print(const char* name, const Pair& pair) {
  std::printf("%-28s ours %8.0f ns %6.2f allocations | hand-written %8.0f ns %6.2f allocations | ratio %.2f\n", name,
              pair.ours.nanoseconds, pair.ours.allocations, pair.peer.nanoseconds, pair.peer.allocations, pair.ratio);
}

}  // namespace patchbay::benchmarks
