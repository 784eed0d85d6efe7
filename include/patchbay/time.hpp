// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace patchbay {

/// A point on the monotonic clock. Every deadline, timer and latency is measured on it (hazard B37).
using SteadyTime = std::chrono::steady_clock::time_point;

/// A point on the wall clock. It labels records; nothing is decided by it but the date form of `Retry-After`.
using WallTime = std::chrono::system_clock::time_point;

/// A span of time on either clock.
using Duration = std::chrono::steady_clock::duration;

using std::chrono::milliseconds;
using std::chrono::seconds;

/// "Never": later than every deadline, and safe to compare with.
inline constexpr SteadyTime never = (SteadyTime::max)();

/// `from + span`, saturating at `never` so that a huge timeout setting cannot wrap into the past.
[[nodiscard]] constexpr SteadyTime after(SteadyTime from, Duration span) noexcept {
  if (span > Duration::zero() && from > never - span) return never;
  return from + span;
}

}  // namespace patchbay
