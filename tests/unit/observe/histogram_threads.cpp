// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/metrics.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;

TEST_CASE("snapshots taken while others record keep their sums and bounds", "[histogram][threads]") {
  LatencyHistogram histogram;
  std::atomic<bool> stop{false};
  std::vector<std::thread> recorders;
  constexpr int each = 20'000;
  for (int t = 0; t < 3; ++t)
    recorders.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) histogram.record(std::chrono::microseconds{1 + (i * 7 + t) % 5000});
    });
  std::thread reader([&] {
    std::uint64_t last = 0;
    while (!stop) {
      const LatencySummary now = histogram.snapshot();
      if (now.count < last) std::abort();  // counters never decrease
      last = now.count;
      if (now.count == 0) continue;
      const bool ordered = now.min <= now.p50 && now.p50 <= now.p99 && now.p99 <= now.max && now.min <= now.mean && now.mean <= now.max;
      if (!ordered || now.min < std::chrono::microseconds{1} || now.max > std::chrono::microseconds{5000}) std::abort();
    }
  });
  for (std::thread& thread : recorders) thread.join();
  stop = true;
  reader.join();
  CHECK(histogram.snapshot().count == 3 * each);
}

TEST_CASE("outcomes and pending make up the submitted operations at every moment", "[metrics][threads]") {
  TransitionMetrics metrics;
  std::atomic<bool> stop{false};
  std::vector<std::thread> doors;
  constexpr int each = 20'000;
  for (int t = 0; t < 3; ++t)
    doors.emplace_back([&] {
      for (int i = 0; i < each; ++i) {
        metrics.count(TransitionCount::submitted);
        metrics.complete(static_cast<Outcome>(i % 3), std::chrono::microseconds{i}, Duration::zero());
      }
    });
  std::atomic<bool> sound{true};
  std::thread reader([&] {
    while (!stop) {
      const TransitionMetricsSnapshot now = metrics.snapshot();
      // Three threads: each has at most one operation begun, and a reader may see a few more begin while it reads.
      if (now.settled() > now[TransitionCount::submitted] || now.pending() > now[TransitionCount::submitted]) sound = false;
    }
  });
  for (std::thread& door : doors) door.join();
  stop = true;
  reader.join();
  CHECK(sound);
  const TransitionMetricsSnapshot end = metrics.snapshot();
  CHECK(end[TransitionCount::submitted] == 3 * each);
  CHECK(end.pending() == 0);
  CHECK(end.operation.count == end.settled());
}
