// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <patchbay/time.hpp>

namespace patchbay {

/// Where time comes from.
///
/// Laws: `steady_now` never goes back and is callable from every thread; neither it nor `wall_now` throws; `sleep_until`
/// returns when `steady_now` has reached the time, and at once when it is past already. The library asks no other clock (the transports' own
/// deadlines apart, which are points on this one).
template <class T>
concept Clock = requires(T& clock, SteadyTime when) {
  { clock.steady_now() } -> std::same_as<SteadyTime>;
  { clock.wall_now() } -> std::same_as<WallTime>;
  { clock.sleep_until(when) } -> std::same_as<void>;
};

/// A clock whose sleep can be ended from another thread.
///
/// Laws: those of `Clock`; and once a stop is requested `sleep_until` returns soon.
template <class T>
concept StoppableClock = Clock<T> && requires(T& clock, SteadyTime when, std::stop_token stop) {
  { clock.sleep_until(when, std::move(stop)) } -> std::same_as<void>;
};

/// The machine's clocks. Empty, and safe to share between threads.
struct SystemClock {
  [[nodiscard]] SteadyTime steady_now() const noexcept { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall_now() const noexcept { return std::chrono::system_clock::now(); }
  void sleep_until(SteadyTime when) const { std::this_thread::sleep_until(when); }
  void sleep_until(SteadyTime when, std::stop_token stop) const {
    if (!stop.stop_possible()) return sleep_until(when);
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    const auto never_before = [] { return false; };
    if (when == never) {
      stopped.wait(lock, std::move(stop), never_before);  // a wait until `never` overflows in some libraries
    } else {
      stopped.wait_until(lock, std::move(stop), when, never_before);
    }
  }
};
static_assert(StoppableClock<SystemClock>);

}  // namespace patchbay
