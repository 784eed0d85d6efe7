// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/protocol/effect.hpp>
#include <patchbay/settings.hpp>

namespace patchbay {

/// One webhook that the journal holds and the CRM has not taken yet.
class QueuedWebhook {
 public:
  QueuedWebhook() = default;
  QueuedWebhook(std::string event_in, std::string interaction_in, std::string body_in)
      : event(std::move(event_in)), interaction(std::move(interaction_in)), body(std::move(body_in)) {}

  std::uint64_t position = 0;  ///< In the journal.
  std::string event;        ///< The transition's id.
  std::string interaction;
  std::string body;         ///< The same at every attempt.
  /// Where its age counts from: the first attempt of this process, and `min` before. When it was queued the wall clock
  /// alone tells, over restarts, and that may have jumped: no webhook is given up for that (invariant I22).
  SteadyTime since = SteadyTime::min();
  int attempts = 0;         ///< In this process.
};

/// Which webhook is to be delivered next: those of one interaction one after the other, in the order of its moves
/// (hazard A31), and each of them not before its time after a failure. What is to be delivered stands in the journal;
/// this is the order of the work on it. Takes the time and reads no clock. Thread-safe.
class WebhookOutbox {
 public:
  explicit WebhookOutbox(const OutboxSettings& settings) noexcept : settings_(&settings) {}
  WebhookOutbox(const WebhookOutbox&) = delete;
  WebhookOutbox& operator=(const WebhookOutbox&) = delete;

  /// Behind those of its interaction.
  void add(QueuedWebhook delivery) {
    const std::lock_guard lock(mutex_);
    Queue& queue = queues_[delivery.interaction];
    queue.waiting.push_back(std::move(delivery));
    ++size_;
    if (queue.waiting.size() == 1) line_up(queue, SteadyTime::min());
  }
  /// Waits for `next_due` to come earlier than it is, which is returned: somebody is woken for each that is lined up.
  /// To be taken back by `forget`.
  [[nodiscard]] SteadyTime await(Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    waiter.next = std::exchange(waiters_, &waiter);
    return due_.empty() ? never : due_.begin()->first;
  }
  void forget(Waiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    for (Waiter** place = &waiters_; *place; place = &(*place)->next) {
      if (*place != &waiter) continue;
      *place = waiter.next;
      return;
    }
  }
  /// The next one whose time has come; whoever takes it says by `end` what became of it. None: see `next_due`.
  [[nodiscard]] std::optional<QueuedWebhook> take(SteadyTime now) {
    const std::lock_guard lock(mutex_);
    if (due_.empty() || due_.begin()->first > now) return std::nullopt;
    Queue& queue = *due_.begin()->second;
    QueuedWebhook out = queue.waiting.front();  // it keeps its place until it has ended
    due_.erase(due_.begin());
    queue.due.reset();
    return out;
  }
  /// When there is something to be taken; `never` when all that there is, is under way.
  [[nodiscard]] SteadyTime next_due() const {
    const std::lock_guard lock(mutex_);
    return due_.empty() ? never : due_.begin()->first;
  }
  /// The delivery that was taken is done with, delivered or given up.
  void end(const QueuedWebhook& delivery) {
    const std::lock_guard lock(mutex_);
    const auto at = queues_.find(delivery.interaction);
    if (at == queues_.end()) return;
    Queue& queue = at->second;
    queue.waiting.pop_front();
    --size_;
    if (queue.waiting.empty()) {
      queues_.erase(at);
    } else {
      line_up(queue, SteadyTime::min());
    }
  }
  /// The delivery that was taken has failed, for the `attempts`th time; it is tried again at `when`, or, when nobody
  /// goes on with it now, at once.
  void put_back(const QueuedWebhook& delivery, int attempts, SteadyTime when) {
    const std::lock_guard lock(mutex_);
    const auto at = queues_.find(delivery.interaction);
    if (at == queues_.end()) return;
    at->second.waiting.front().attempts = attempts;
    at->second.waiting.front().since = delivery.since;
    line_up(at->second, when);
  }
  /// How long to wait after that many failed attempts; `random` in [0, 1) spreads the waits over their upper half.
  [[nodiscard]] Duration wait_after(int attempts, double random) const noexcept {
    Duration wait = settings_->first_delay;
    for (int i = 1; i < attempts && wait < settings_->delay_cap; ++i) wait *= 2;
    wait = (std::min)(wait, settings_->delay_cap);
    return wait / 2 + std::chrono::duration_cast<Duration>((wait / 2) * random);
  }
  /// Whether one that has failed so often, at `now`, is to be given up.
  [[nodiscard]] bool hopeless(const QueuedWebhook& delivery, int attempts, SteadyTime now) const noexcept {
    return attempts >= settings_->max_attempts || now - delivery.since >= settings_->max_age;
  }
  /// Those that are not done with, the ones under way among them.
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }

 private:
  struct Queue;
  using Due = std::multimap<SteadyTime, Queue*>;
  struct Queue {
    std::deque<QueuedWebhook> waiting;
    std::optional<Due::iterator> due;  ///< Of the first one, unless it is under way.
  };
  void line_up(Queue& queue, SteadyTime when) {
    queue.due = due_.emplace(when, &queue);
    if (Waiter* const first = waiters_) {
      waiters_ = first->next;
      first->wake();
    }
  }

  const OutboxSettings* settings_;
  mutable std::mutex mutex_;
  std::map<std::string, Queue, std::less<>> queues_;  // by interaction
  Due due_;
  Waiter* waiters_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace patchbay
