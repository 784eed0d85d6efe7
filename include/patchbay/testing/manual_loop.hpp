// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // push_heap, pop_heap
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/manual_clock.hpp>

namespace patchbay::testing {

/// An event loop on virtual time: what happens next happens in the order of its time, and things of one time in the order
/// in which they were asked for, so that the same test gives the same course of events every time.
///
/// A handle: copies are the same loop. For one thread.
class ManualLoop {
 public:
  using Action = std::function<void()>;

  explicit ManualLoop(ManualClock clock = {}) : state_(std::make_shared<State>(std::move(clock))) {}

  [[nodiscard]] const ManualClock& clock() const noexcept { return state_->clock; }

  /// Lets `action` happen at `when`, or as soon as possible.
  void at(SteadyTime when, Action action) const { state_->add(when, std::move(action), {}); }
  /// The same as long as `alive` is; what is not is nothing that happens, and moves no clock.
  void at(SteadyTime when, Action action, std::weak_ptr<const void> alive) const {
    state_->add(when, [alive, action = std::move(action)] {
      if (const auto keep = alive.lock()) action();
    }, {}, nullptr, alive);
  }
  /// Ends `done` at `when`; a loop that is torn down abandons it.
  void at(SteadyTime when, Completion<void> done) const { state_->add(when, {}, std::move(done)); }

  /// Lets the next thing happen, and moves the clock to its time. False when there is nothing.
  bool run_one() const { return state_->run_one(never); }
  /// The same, if it happens by `limit`; otherwise the clock stays where it is.
  bool run_one(SteadyTime limit) const { return state_->run_one(limit); }
  /// Runs until nothing is left; says how much happened.
  std::size_t run() const {
    std::size_t count = 0;
    while (run_one()) ++count;
    return count;
  }
  /// Runs what happens by `when`, then moves the clock there.
  std::size_t run_until(SteadyTime when) const {
    std::size_t count = 0;
    while (state_->run_one(when)) ++count;
    state_->clock.advance_to(when);
    return count;
  }
  std::size_t run_for(Duration span) const { return run_until(after(state_->clock.steady_now(), span)); }
  /// Things that are to happen.
  [[nodiscard]] std::size_t pending() const noexcept { return state_->events.size(); }

  /// Ends the loop with work in it, as the destruction of one does: everything is abandoned.
  void tear_down() const { state_->tear_down(); }

  class Timer;

 private:
  struct Wait {
    Completion<void> done;
    bool cancelled = false;
  };
  struct Event {
    SteadyTime at;
    std::uint64_t order;
    Action action;
    Completion<void> done;
    std::shared_ptr<Wait> wait;
    std::optional<std::weak_ptr<const void>> alive;
    /// Whether it has become nothing.
    [[nodiscard]] bool void_now() const noexcept { return (wait && !wait->done) || (alive && alive->expired()); }
    // Of a heap whose top is the first to come.
    friend bool operator<(const Event& a, const Event& b) noexcept { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };
  struct State {
    explicit State(ManualClock clock_in) : clock(std::move(clock_in)) {}

    void add(SteadyTime when, Action action, Completion<void> done, std::shared_ptr<Wait> wait = nullptr,
             std::optional<std::weak_ptr<const void>> alive = std::nullopt) {
      if (torn_down && !tearing) return;
      events.push_back(Event{(std::max)(when, clock.steady_now()), order++, std::move(action), std::move(done), std::move(wait), std::move(alive)});
      std::push_heap(events.begin(), events.end());
    }
    bool run_one(SteadyTime limit) {
      while (!events.empty() && events.front().void_now()) take();
      if (events.empty() || events.front().at > limit) return false;
      Event event = take();
      clock.advance_to(event.at);
      if (event.action) event.action();
      if (event.done) event.done();
      if (event.wait) {
        Completion<void> done = std::move(event.wait->done);
        if (!event.wait->cancelled) done();
      }
      return true;
    }
    Event take() {
      std::pop_heap(events.begin(), events.end());
      Event event = std::move(events.back());
      events.pop_back();
      return event;
    }
    void tear_down() {
      // What is asked for meanwhile is abandoned in its turn, and not from within the call: whoever asks may hold a
      // lock.
      torn_down = true;
      const bool outermost = !std::exchange(tearing, true);
      while (!events.empty()) {
        const Event event = take();
        if (event.wait) const Completion<void> abandoned = std::move(event.wait->done);
      }
      if (outermost) tearing = false;
    }

    ManualClock clock;
    std::vector<Event> events;
    std::uint64_t order = 0;
    bool torn_down = false, tearing = false;
  };

  std::shared_ptr<State> state_;
};

/// Models `LoopTimer`.
class ManualLoop::Timer {
 public:
  explicit Timer(ManualLoop loop) noexcept : loop_(std::move(loop)) {}
  Timer(Timer&&) noexcept = default;
  Timer& operator=(Timer&& other) noexcept {
    if (this != &other) drop(), loop_ = std::move(other.loop_), wait_ = std::move(other.wait_);
    return *this;
  }
  ~Timer() { drop(); }

  void wait(SteadyTime when, Completion<void> done) {
    wait_ = std::make_shared<Wait>();
    wait_->done = std::move(done);
    loop_.state_->add(when, {}, {}, wait_);
  }
  /// The wait is abandoned, by the loop, as one of Asio's is.
  void cancel() noexcept {
    if (!wait_ || !wait_->done) return;
    const std::shared_ptr<Wait> cancelled = std::exchange(wait_, nullptr);
    cancelled->cancelled = true;
    loop_.state_->add(SteadyTime::min(), {}, {}, cancelled);
  }

 private:
  void drop() noexcept {
    if (wait_) cancel();
  }
  ManualLoop loop_;
  std::shared_ptr<Wait> wait_;
};

static_assert(LoopTimer<ManualLoop::Timer>);

}  // namespace patchbay::testing
