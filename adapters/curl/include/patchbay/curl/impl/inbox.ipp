// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <patchbay/curl/impl/inbox.hpp>

namespace patchbay::curl::detail {

constexpr unsigned index_bits = 24;  // of an exchange's number: sixteen million at once
constexpr std::size_t most_calls = std::size_t{1} << index_bits;

Inbox::Inbox() {
  int ends[2];
  if (::pipe(ends) != 0) return;
  for (const int fd : ends) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  wake_read_ = ends[0];
  wake_write_ = ends[1];
}

Inbox::~Inbox() {
  if (wake_read_ >= 0) ::close(wake_read_);
  if (wake_write_ >= 0) ::close(wake_write_);
}

ExchangeId Inbox::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                       Completion<TransportResult<void>> done) noexcept {
  response.clear();
  const std::lock_guard lock(mutex_);
  if (closed_) return 0;  // parameters are destroyed when the lock is free: `done` is abandoned
  Call* call = free_.pop_front();
  if (call == nullptr) {
    if (calls_.size() == most_calls) return 0;
    try {
      call = &calls_.emplace_back();
    } catch (const std::exception&) {
      return 0;
    }
    call->index = static_cast<std::uint32_t>(calls_.size() - 1);
  }
  call->id = ++call->uses << index_bits | call->index;
  call->request = &request;
  call->response = &response;
  call->when = deadline;
  call->done = std::move(done);
  call->host = nullptr;
  call->slot = nullptr;
  call->timed = false;
  incoming_.push_back(*call);
  ++under_way_;
  wake_locked();
  return call->id;
}

void Inbox::cancel(ExchangeId id) noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t index = id & (most_calls - 1);
  if (closed_ || id == 0 || index >= calls_.size()) return;
  Call& call = calls_[index];
  if (call.id != id || call.cancelled.listed) return;
  cancelled_.push_back(call);
  wake_locked();
}

void Inbox::post(Completion<void> work) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  try {
    work_.push_back(std::move(work));
  } catch (const std::exception&) {
    return;
  }
  ++under_way_;
  wake_locked();
}

void Inbox::wait(TimerNode& timer, SteadyTime when, Completion<void> done) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  timer.done = std::move(done);
  timer.when = when;
  timer.stage = TimerNode::Stage::armed;
  timers_.push(timer);
  ++under_way_;
  if (timers_.top() == &timer) wake_locked();
}

void Inbox::cancel(TimerNode& timer) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_ || timer.stage != TimerNode::Stage::armed) return;
  timers_.erase(timer);
  timer.stage = TimerNode::Stage::due;
  due_.push_back(timer);
  wake_locked();
}

void Inbox::let_go(TimerNode* timer) noexcept {
  cancel(*timer);
  {
    const std::lock_guard lock(mutex_);
    timer->orphaned = true;
    if (timer->stage != TimerNode::Stage::idle) return;
  }
  delete timer;
}

void Inbox::wake() noexcept {
  const std::lock_guard lock(mutex_);
  nudged_ = true;
  wake_locked();
}

void Inbox::wake_locked() noexcept {
  if (!asleep_ || woken_) return;
  woken_ = true;
  const char byte = 0;
  static_cast<void>(!::write(wake_write_, &byte, 1));  // a full pipe wakes as well
}

bool Inbox::has_work() noexcept {
  const std::lock_guard lock(mutex_);
  return under_way_ != 0;
}

void Inbox::take(CallList& calls, std::vector<Completion<void>>& work, SteadyTime now) noexcept {
  const std::lock_guard lock(mutex_);
  calls.append(incoming_);
  work_.swap(work);
  for (HeapNode* next; (next = timers_.top()) != nullptr && next->when <= now;) {
    TimerNode& timer = static_cast<TimerNode&>(*next);
    timers_.erase(timer);
    timer.stage = TimerNode::Stage::due;
    due_.push_back(timer);
  }
}

Call* Inbox::take_cancelled() noexcept {
  const std::lock_guard lock(mutex_);
  return incoming_.empty() ? cancelled_.pop_front() : nullptr;
}

bool Inbox::run_timer() noexcept {
  Completion<void> done;
  {
    const std::lock_guard lock(mutex_);
    TimerNode* const timer = due_.pop_front();
    if (timer == nullptr) return false;
    done = std::move(timer->done);
    timer->stage = TimerNode::Stage::idle;
    if (timer->orphaned) delete timer;
    --under_way_;
  }
  done();
  return true;
}

void Inbox::done(std::size_t count) noexcept {
  const std::lock_guard lock(mutex_);
  under_way_ -= count;
}

void Inbox::end(Call& call, TransportResult<void> result) noexcept {
  Completion<TransportResult<void>> done;
  {
    const std::lock_guard lock(mutex_);
    done = std::move(call.done);
    call.id = 0;
    if (call.cancelled.listed) cancelled_.erase(call);
    free_.push_back(call);
    --under_way_;
  }
  done(std::move(result));
}

bool Inbox::may_sleep(SteadyTime& until) noexcept {
  const std::lock_guard lock(mutex_);
  if (std::exchange(nudged_, false)) return false;
  if (!incoming_.empty() || !cancelled_.empty() || !work_.empty() || !due_.empty()) return false;
  if (const HeapNode* const next = timers_.top(); next != nullptr && next->when < until) until = next->when;
  asleep_ = true;
  return true;
}

void Inbox::woke() noexcept {
  const std::lock_guard lock(mutex_);
  asleep_ = false;
  if (!std::exchange(woken_, false)) return;
  char bytes[16];
  while (::read(wake_read_, bytes, sizeof bytes) > 0) {
  }
}

void Inbox::close() noexcept {
  std::vector<Completion<void>> work;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    work.swap(work_);
  }
  work.clear();
  // Nothing is added any more, and what is here belongs to this thread but for timers that end meanwhile.
  for (Call& call : calls_) Completion<TransportResult<void>>().swap(call.done);
  for (;;) {
    Completion<void> done;
    const std::lock_guard lock(mutex_);
    HeapNode* const armed = timers_.top();
    if (armed != nullptr) timers_.erase(*armed);
    TimerNode* const timer = armed != nullptr ? static_cast<TimerNode*>(armed) : due_.pop_front();
    if (timer == nullptr) break;
    done = std::move(timer->done);
    timer->stage = TimerNode::Stage::idle;
    if (timer->orphaned) delete timer;
  }
}

}  // namespace patchbay::curl::detail
