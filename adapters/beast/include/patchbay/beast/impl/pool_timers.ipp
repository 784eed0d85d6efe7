// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <chrono>
#include <exception>

#include <patchbay/beast/impl/pool.hpp>

/// Time: the deadlines of a pool, which share one timer of the loop, and the timers of clients.
namespace patchbay::beast::detail {

void Pool::watch(Timed& timed, SteadyTime when) {
  deadlines_.remove(timed);
  timed.when = when;
  if (when == never) return;
  deadlines_.add(timed);
  if (deadlines_.soonest() == &timed || !armed_) arm_timer();
}

void Pool::arm_timer() {
  SteadyTime when = deadlines_.soonest() ? deadlines_.soonest()->when : never;
  if (options_.watch_idle_connections)
    for (const auto& host : hosts_)
      if (!host->idle.empty()) when = std::min(when, after(host->idle.front()->idle_since, options_.idle_timeout));
  if (when == never || (armed_ && armed_until_ <= when)) return;
  struct Fired {
    void operator()(const error_code& ec) const { pool->timer_fired(ec); }
    std::shared_ptr<Pool> pool;
  };
  timer_->expires_at(when);
  timer_->async_wait(Fired{shared_from_this()});
  armed_until_ = when;
  armed_ = true;
}

void Pool::timer_fired(const error_code& ec) {
  Lock lock(mutex_);
  if (dead_ || ec) return;
  armed_ = false;
  const SteadyTime now = std::chrono::steady_clock::now();
  while (Timed* const timed = deadlines_.soonest()) {
    if (timed->when > now) break;
    deadlines_.remove(*timed);
    if (timed->kind == Timed::Kind::exchange) {
      end_now(static_cast<Exchange&>(*timed), TransportFault::timed_out);
    } else {
      expire(static_cast<Link&>(*timed));
    }
  }
  close_expired(now);
  try {
    if (active_ != 0 || options_.watch_idle_connections) arm_timer();
  } catch (const std::exception&) {  // no memory; the next exchange that is begun arms it
  }
  settle(lock);
}

std::shared_ptr<LoopTimerState> Pool::make_timer() {
  const Lock lock(mutex_);
  if (dead_) return std::make_shared<LoopTimerState>();
  auto timer = std::make_shared<LoopTimerState>(executor_);
  add_bound(timer);
  return timer;
}

void LoopTimerState::wait(SteadyTime when, Completion<void> done) {
  struct Waited {
    void operator()(const error_code&) { done(); }
    Completion<void> done;
  };
  const std::lock_guard lock(mutex_);
  if (!timer_) return;
  timer_->expires_at(when);
  timer_->async_wait(Waited{std::move(done)});
}

void LoopTimerState::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  if (!timer_) return;
  try {
    timer_->cancel();
  } catch (const std::exception&) {  // Asio's declaration allows it; its timers do not do it
  }
}

void LoopTimerState::shut_down() noexcept {
  const std::lock_guard lock(mutex_);
  timer_.reset();
}

}  // namespace patchbay::beast::detail

namespace patchbay::beast {

Timer::Timer(std::shared_ptr<detail::LoopTimerState> state) noexcept : state_(std::move(state)) {}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    if (state_) state_->cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}
Timer::~Timer() {
  if (state_) state_->shut_down();
}
void Timer::wait(SteadyTime when, Completion<void> done) {
  if (state_) state_->wait(when, std::move(done));
}
void Timer::cancel() noexcept {
  if (state_) state_->cancel();
}

}  // namespace patchbay::beast
