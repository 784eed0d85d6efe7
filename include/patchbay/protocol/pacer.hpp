// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cmath>  // isfinite
#include <mutex>
#include <optional>

#include <patchbay/time.hpp>

namespace patchbay {

/// A token bucket that spaces requests, so that a client stays below its credential's rate limit. One handle, shared by
/// every door that uses the credential. Releases (unhold) do not pass through it. Thread-safe.
class Pacer {
 public:
  /// `per_minute` requests a minute on average, `burst` at once. Values that are not positive are taken as 1.
  explicit Pacer(double per_minute, int burst = 1) noexcept
      : interval_(std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(60.0 / (std::isfinite(per_minute) && per_minute > 0.001 ? per_minute : 1.0)))),
        slack_(interval_ * ((burst > 1 ? burst : 1) - 1)) {}

  /// The earliest time at which the next request may start, which is reserved by this call; nothing, and no reservation,
  /// when that is later than `deadline`.
  [[nodiscard]] std::optional<SteadyTime> reserve(SteadyTime now, SteadyTime deadline) noexcept {
    const std::lock_guard lock(mutex_);
    // The bucket as one number: the time at which it would be full again, which lies at most `slack_` behind now.
    const SteadyTime start = !begun_ || next_ < now - slack_ ? now - slack_ : next_;
    const SteadyTime when = start > now ? start : now;
    if (when > deadline) return std::nullopt;
    begun_ = true;
    next_ = start + interval_;
    return when;
  }

 private:
  std::mutex mutex_;
  Duration interval_;
  Duration slack_;
  bool begun_ = false;
  SteadyTime next_{};
};

}  // namespace patchbay
