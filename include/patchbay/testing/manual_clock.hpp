// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include <patchbay/policy/clock.hpp>

namespace patchbay::testing {

/// A clock that stands still until it is told to move: the `Clock` of deterministic tests.
///
/// A handle: copies show the same time, so a test keeps one and gives the other to a door. Begins at a fixed point of
/// both time lines, 2026-01-01T00:00:00Z on the wall. Safe to share between threads; reading it allocates nothing.
class ManualClock {
 public:
  ManualClock() : state_(std::make_shared<State>()) {}

  [[nodiscard]] SteadyTime steady_now() const noexcept { return SteadyTime(Duration(state_->steady.load())); }
  [[nodiscard]] WallTime wall_now() const noexcept {
    return wall_at(state_->steady.load(), state_->wall_offset.load());
  }

  /// Moves both time lines to `when` at once, and notes the sleep; a time that is past already is no sleep.
  void sleep_until(SteadyTime when) const {
    const Duration slept = move_to(when);
    if (slept <= Duration::zero()) return;
    const std::lock_guard lock(state_->mutex);
    state_->sleeps.push_back(slept);
  }

  /// A stop that was requested before it ends the sleep at once, without moving time.
  void sleep_until(SteadyTime when, const std::stop_token& stop) const {
    if (!stop.stop_requested()) sleep_until(when);
  }

  /// Moves both time lines forward, as time passes; a span that is not positive moves nothing. Stops at `never`.
  void advance(Duration span) const noexcept { advance_to(after(steady_now(), span)); }
  /// The same, to a point; one that is past already moves nothing.
  void advance_to(SteadyTime when) const noexcept { move_to(when); }

  /// Sets the wall clock alone, as an administrator would.
  void set_wall(WallTime when) const noexcept {
    state_->wall_offset = std::chrono::duration_cast<Duration>(when.time_since_epoch()).count() - state_->steady.load();
  }
  /// Moves the wall clock alone, forward or back.
  void jump_wall(Duration span) const noexcept { state_->wall_offset += span.count(); }

  /// How long each `sleep_until` slept, in order, since the last `forget_sleeps`.
  [[nodiscard]] std::vector<Duration> sleeps() const {
    const std::lock_guard lock(state_->mutex);
    return state_->sleeps;
  }
  /// All of them together.
  [[nodiscard]] Duration slept() const {
    Duration sum{};
    for (const Duration each : sleeps()) sum += each;
    return sum;
  }
  void forget_sleeps() const {
    const std::lock_guard lock(state_->mutex);
    state_->sleeps.clear();
  }

  /// Whether two handles show the same clock.
  [[nodiscard]] friend bool operator==(const ManualClock&, const ManualClock&) = default;

 private:
  using Ticks = Duration::rep;

  struct State {
    // Not zero, so that code that takes a zero time for "none" is found out.
    std::atomic<Ticks> steady{std::chrono::duration_cast<Duration>(std::chrono::hours{1000}).count()};
    std::atomic<Ticks> wall_offset{
        std::chrono::duration_cast<Duration>(seconds{1'767'225'600} - std::chrono::hours{1000}).count()};
    std::mutex mutex;
    std::vector<Duration> sleeps;
  };

  static WallTime wall_at(Ticks steady, Ticks offset) noexcept {
    // `never` on one line is the end of the other.
    constexpr Ticks most = (Duration::max)().count();
    const Ticks sum = offset > 0 && steady > most - offset ? most : steady + offset;
    return WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(sum)));
  }
  // How far it moved; nothing when the time is past.
  Duration move_to(SteadyTime when) const noexcept {
    const Ticks target = when.time_since_epoch().count();
    Ticks now = state_->steady.load();
    while (now < target && !state_->steady.compare_exchange_weak(now, target)) {
    }
    return now < target ? Duration(target - now) : Duration::zero();
  }

  std::shared_ptr<State> state_;
};

static_assert(StoppableClock<ManualClock>);

}  // namespace patchbay::testing
