// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "support/catch.hpp"

using patchbay::Duration;
using patchbay::LatencyHistogram;
using patchbay::LatencySummary;
using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

double error_of(Duration shown, Duration real) {
  return std::abs(static_cast<double>(shown.count()) - static_cast<double>(real.count())) / static_cast<double>(real.count());
}

}  // namespace

TEST_CASE("an empty histogram is all zero", "[histogram]") {
  const LatencySummary empty = LatencyHistogram{}.snapshot();
  CHECK(empty.count == 0);
  CHECK(empty.mean == Duration::zero());
  CHECK(empty.p50 == Duration::zero());
  CHECK(empty.p99 == Duration::zero());
  CHECK(empty.max == Duration::zero());
  CHECK(empty.min == Duration::zero());
}

TEST_CASE("one record is its own mean, minimum, maximum and quantiles", "[histogram]") {
  for (const Duration span : {Duration{nanoseconds{1}}, Duration{microseconds{1}}, Duration{milliseconds{37}}, Duration{hours{2}}}) {
    LatencyHistogram histogram;
    histogram.record(span);
    const LatencySummary summary = histogram.snapshot();
    CHECK(summary.count == 1);
    CHECK(summary.mean == span);
    CHECK(summary.p50 == span);  // a quantile never lies outside what was recorded
    CHECK(summary.p99 == span);
    CHECK(summary.max == span);
    CHECK(summary.min == span);
  }
}

TEST_CASE("a quantile is within 1/64 of a recorded value from a microsecond to two hours", "[histogram]") {
  // Bounds on both sides, so that the clamping to the extremes cannot hide the bucket's own error.
  double worst = 0;
  for (double ns = 1024; ns < 7.2e12; ns *= 1.0037) {
    const Duration span = duration_cast<Duration>(nanoseconds{static_cast<std::int64_t>(ns)});
    LatencyHistogram histogram;
    histogram.record(Duration::zero());
    for (int i = 0; i < 3; ++i) histogram.record(span);
    histogram.record(LatencyHistogram::longest);
    worst = std::max(worst, error_of(histogram.snapshot().p50, span));
  }
  CHECK(worst <= 1.0 / 64);
  CHECK(worst > 0.01);  // the sweep did meet the far end of a bucket
}

TEST_CASE("below a microsecond a quantile is within 16 ns", "[histogram]") {
  for (std::int64_t ns = 0; ns < 1024; ++ns) {
    LatencyHistogram histogram;
    histogram.record(Duration::zero());
    for (int i = 0; i < 3; ++i) histogram.record(nanoseconds{ns});
    histogram.record(hours{1});
    const auto shown = duration_cast<nanoseconds>(histogram.snapshot().p50).count();
    REQUIRE(std::abs(shown - ns) <= 16);
  }
}

TEST_CASE("negative latencies count as zero and endless ones saturate", "[histogram]") {
  LatencyHistogram histogram;
  histogram.record(seconds{-5});
  histogram.record((Duration::min)());
  CHECK(histogram.snapshot().max == Duration::zero());
  histogram.record((Duration::max)());
  histogram.record(hours{24});
  const LatencySummary summary = histogram.snapshot();
  CHECK(summary.count == 4);
  CHECK(summary.min == Duration::zero());
  CHECK(summary.max == LatencyHistogram::longest);
  CHECK(summary.max > hours{1});
  CHECK(summary.mean == LatencyHistogram::longest / 2);
}

TEST_CASE("the mean is exact and quantiles are nearest rank, as a sorted list gives them", "[histogram]") {
  std::mt19937_64 random(20261121);
  std::lognormal_distribution<double> latency(16, 2);  // around 9 ms, with a long tail
  for (const std::size_t count : {1U, 2U, 3U, 99U, 100U, 101U, 10'000U}) {
    LatencyHistogram histogram;
    std::vector<Duration> all;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const nanoseconds span{static_cast<std::int64_t>(std::min(latency(random), 3.6e12)) + 1024};
      all.push_back(span);
      sum += span.count();
      histogram.record(span);
    }
    std::sort(all.begin(), all.end());
    const auto rank = [&](std::size_t percent) { return all[(count * percent + 99) / 100 - 1]; };
    const LatencySummary summary = histogram.snapshot();
    CHECK(summary.count == count);
    CHECK(duration_cast<nanoseconds>(summary.mean).count() == sum / static_cast<std::int64_t>(count));
    CHECK(error_of(summary.p50, rank(50)) <= 1.0 / 64);
    CHECK(error_of(summary.p99, rank(99)) <= 1.0 / 64);
    CHECK(summary.max == all.back());
    CHECK(summary.min == all.front());
  }
}

TEST_CASE("a histogram takes 9 KB, however much is recorded", "[histogram]") {
  STATIC_REQUIRE(sizeof(LatencyHistogram) <= 9 * 1024);
  STATIC_REQUIRE(std::atomic<std::uint64_t>::is_always_lock_free);
}
