// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include <patchbay/time.hpp>

namespace patchbay {

/// Since when recovery sees an interaction in a state that proves nothing, because a request of before may still be on
/// its way. The time is the monotonic clock's of this process: no wall clock that jumps makes a wait shorter (invariant
/// I22). Bounded by the journal's open intents. Thread-safe.
class FenceBook {
 public:
  FenceBook() = default;
  FenceBook(const FenceBook&) = delete;
  FenceBook& operator=(const FenceBook&) = delete;

  /// When that intent was first seen so; `now` when this is the first time.
  [[nodiscard]] SteadyTime first_seen(std::uint64_t intent, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    return seen_.emplace(intent, now).first->second;
  }
  void forget(std::uint64_t intent) noexcept {
    const std::lock_guard lock(mutex_);
    seen_.erase(intent);
  }

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, SteadyTime> seen_;
};

}  // namespace patchbay
