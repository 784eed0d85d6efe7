// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cmath>      // isfinite
#include <mutex>
#include <optional>

#include <patchbay/time.hpp>

namespace patchbay {

/// A token bucket that spaces requests, so that a client stays below its credential's rate limit. One handle, shared by
/// every door that uses the credential. Requests to the API pass through it; releases (unhold), tokens and webhooks do not.
/// Thread-safe.
class Pacer {
 public:
  /// `per_minute` requests a minute on average, `burst` at once. Values that are not positive or not finite are taken
  /// as 1; at the slowest there is one request a year.
  explicit Pacer(double per_minute, int burst = 1) noexcept
      : interval_(interval_of(std::isfinite(per_minute) && per_minute > 0 ? per_minute : 1.0)),
        slack_(slack_of(interval_, std::max(burst, 1) - 1)) {}

  /// The earliest time at which the next request may start, which is reserved by this call; nothing, and no
  /// reservation, when that is later than `deadline`.
  [[nodiscard]] std::optional<SteadyTime> reserve(SteadyTime now, SteadyTime deadline) noexcept {
    const std::lock_guard lock(mutex_);
    // The bucket as one number: the time at which it would be full again, which lies at most `slack_` behind now.
    const SteadyTime start = !begun_ || next_ < now - slack_ ? now - slack_ : next_;
    const SteadyTime when = start > now ? start : now;
    if (when > deadline) return std::nullopt;
    begun_ = true;
    next_ = after(start, interval_);
    return when;
  }

 private:
  static constexpr Duration year = std::chrono::hours{24 * 365};
  // Rounded up, because a bucket that is a little too quick passes the limit in the end.
  static Duration interval_of(double per_minute) noexcept {
    const std::chrono::duration<double> each(60.0 / per_minute);
    return each < year ? std::chrono::ceil<Duration>(each) : year;
  }
  // At most a year, which no clock's beginning lies behind by an overflow.
  static Duration slack_of(Duration interval, int times) noexcept {
    return times == 0 || interval <= year / times ? interval * times : year;
  }
  std::mutex mutex_;
  Duration interval_;
  Duration slack_;
  bool begun_ = false;
  SteadyTime next_{};
};

}  // namespace patchbay
