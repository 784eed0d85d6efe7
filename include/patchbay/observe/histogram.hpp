// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <patchbay/time.hpp>

namespace patchbay {

/// What a `LatencyHistogram` held at one moment. All zero when nothing was recorded.
class LatencySummary {
 public:
  LatencySummary() noexcept = default;
  std::uint64_t count = 0;
  Duration mean{};  ///< Exact: from the sum, not from the buckets.
  Duration p50{};   ///< Nearest rank, within 1.6 % of the value recorded.
  Duration p99{};
  Duration max{};
  Duration min{};
};

[[nodiscard]] constexpr double to_milliseconds(Duration span) noexcept {
  return std::chrono::duration<double, std::milli>(span).count();
}

/// Counts durations in log-linear buckets: 32 to each power of two, so that a quantile is within 1/64 (1.6 %) of a recorded
/// value from 1 us to 2.4 h, and within 16 ns below that. Longer ones count as 2.4 h, negative ones as zero.
///
/// Memory is fixed at 9 KB (invariant I20; the documents keep every latency, hazard B29). Recording is lock-free and safe
/// from every thread. A summary that is taken meanwhile is of some moment during the call: its count is the sum of the
/// buckets that it saw, and its mean lies between its minimum and its maximum.
class LatencyHistogram {
 public:
  /// Longer durations saturate.
  static constexpr Duration longest = std::chrono::duration_cast<Duration>(std::chrono::nanoseconds{(std::int64_t{1} << 43) - 1});

  void record(Duration span) noexcept {
    const std::int64_t whole = std::clamp(span, Duration::zero(), longest) / std::chrono::nanoseconds{1};
    const auto ns = static_cast<std::uint64_t>(whole);
    for (std::uint64_t seen = min_.load(std::memory_order_relaxed);
         ns < seen && !min_.compare_exchange_weak(seen, ns, std::memory_order_relaxed);) {
    }
    for (std::uint64_t seen = max_.load(std::memory_order_relaxed);
         ns > seen && !max_.compare_exchange_weak(seen, ns, std::memory_order_relaxed);) {
    }
    sum_.fetch_add(ns, std::memory_order_relaxed);
    // Released last: whoever counts this record also sees it in the sum and within the bounds.
    buckets_[bucket_of(ns)].fetch_add(1, std::memory_order_release);
  }

  [[nodiscard]] LatencySummary snapshot() const noexcept {
    std::array<std::uint64_t, bucket_count> counts;
    LatencySummary out;
    for (std::size_t i = 0; i < bucket_count; ++i) out.count += counts[i] = buckets_[i].load(std::memory_order_acquire);
    if (out.count == 0) return out;
    const std::uint64_t sum = sum_.load(std::memory_order_relaxed);
    const std::uint64_t low = min_.load(std::memory_order_relaxed), high = max_.load(std::memory_order_relaxed);
    const auto within = [&](std::uint64_t ns) { return span_of(std::clamp(ns, low, high)); };
    // The value at or below which `percent` of the records lie.
    const auto quantile = [&](std::uint64_t percent) {
      const std::uint64_t rank = out.count / 100 * percent + (out.count % 100 * percent + 99) / 100;
      std::uint64_t passed = 0;
      for (std::size_t i = 0; i < bucket_count; ++i)
        if ((passed += counts[i]) >= rank) return within(middle_of(i));
      return span_of(high);
    };
    out.mean = within(sum / out.count);
    out.p50 = quantile(50);
    out.p99 = quantile(99);
    out.max = span_of(high);
    out.min = span_of(low);
    return out;
  }

 private:
  static constexpr unsigned linear_bits = 5;  // 32 buckets to each power of two
  static constexpr unsigned unit_bits = 5;    // the first 32 are 32 ns wide and reach to 1 us
  static constexpr std::size_t per_octave = std::size_t{1} << linear_bits;
  static constexpr unsigned range_bits = 43;
  static constexpr std::size_t bucket_count = per_octave * (1 + range_bits - linear_bits - unit_bits);

  static constexpr std::size_t bucket_of(std::uint64_t ns) noexcept {
    const std::uint64_t units = ns >> unit_bits;
    if (units < per_octave) return static_cast<std::size_t>(units);
    const unsigned shift = static_cast<unsigned>(std::bit_width(units)) - 1 - linear_bits;
    return static_cast<std::size_t>(units >> shift) + shift * per_octave;
  }
  static constexpr std::uint64_t middle_of(std::size_t bucket) noexcept {
    const std::size_t octave = bucket / per_octave;
    const auto shift = static_cast<unsigned>(octave == 0 ? 0 : octave - 1) + unit_bits;
    const std::uint64_t step = octave == 0 ? bucket : bucket % per_octave + per_octave;
    return (step << shift) + ((std::uint64_t{1} << shift) >> 1);
  }
  static Duration span_of(std::uint64_t ns) noexcept {
    return std::chrono::duration_cast<Duration>(std::chrono::nanoseconds{static_cast<std::int64_t>(ns)});
  }

  std::array<std::atomic<std::uint64_t>, bucket_count> buckets_{};
  std::atomic<std::uint64_t> sum_{0};  // of ns; two million records of 2.4 h each would be needed to exceed it
  std::atomic<std::uint64_t> min_{~std::uint64_t{0}};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace patchbay
