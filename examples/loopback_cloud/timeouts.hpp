// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopback_cloud {

/// What a connection may be waiting for, each with a span of its own.
enum class Limit : std::uint8_t { handshake, idle, request, write, linger, hang, channel };
inline constexpr std::size_t limit_count = 7;

class Timeouts;

/// Something that may wait for one `Limit` at a time.
class Timed {
 public:
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  /// The span is over. The wait has been taken off its queue.
  virtual void expired(Limit limit) = 0;

 protected:
  Timed() = default;
  virtual ~Timed();

 private:
  friend class Timeouts;
  Timeouts* queued_in_ = nullptr;
  Timed* before_ = nullptr;
  Timed* behind_ = nullptr;
  std::chrono::steady_clock::time_point end_{};
  Limit limit_ = Limit::idle;
};

/// The waits of all connections. All waits of one kind last equally long, so a queue in the order of their beginning is
/// in the order of their ends too: to begin or end one costs a few assignments and no memory, and a server of 10,000
/// connections needs one timer. One thread uses it.
class Timeouts {
 public:
  using Clock = std::chrono::steady_clock;

  Timeouts() = default;
  Timeouts(const Timeouts&) = delete;
  Timeouts& operator=(const Timeouts&) = delete;

  void set(Limit limit, Clock::duration span) noexcept { spans_[index(limit)] = span; }
  /// Begins a wait in place of the present one.
  void arm(Timed& timed, Limit limit) noexcept {
    disarm(timed);
    Queue& queue = queues_[index(limit)];
    timed.limit_ = limit;
    timed.end_ = Clock::now() + spans_[index(limit)];
    timed.queued_in_ = this;
    timed.before_ = queue.last;
    (queue.last != nullptr ? queue.last->behind_ : queue.first) = &timed;
    queue.last = &timed;
  }
  void disarm(Timed& timed) noexcept {
    if (timed.queued_in_ == nullptr) return;
    Queue& queue = queues_[index(timed.limit_)];
    (timed.before_ != nullptr ? timed.before_->behind_ : queue.first) = timed.behind_;
    (timed.behind_ != nullptr ? timed.behind_->before_ : queue.last) = timed.before_;
    timed.before_ = timed.behind_ = nullptr;
    timed.queued_in_ = nullptr;
  }
  [[nodiscard]] static bool is_waiting_for(const Timed& timed, Limit limit) noexcept {
    return timed.queued_in_ != nullptr && timed.limit_ == limit;
  }
  /// Ends the waits that are over.
  void sweep() {
    const Clock::time_point now = Clock::now();
    for (std::size_t i = 0; i < limit_count; ++i)
      // What begins to wait anew meanwhile ends later than now.
      while (queues_[i].first != nullptr && queues_[i].first->end_ <= now) expire(*queues_[i].first);
  }
  /// Ends every wait of a kind, whatever is left of its span. For kinds that are not waited for anew when they end.
  void expire_all(Limit limit) {
    while (queues_[index(limit)].first != nullptr) expire(*queues_[index(limit)].first);
  }

 private:
  struct Queue {
    Timed* first = nullptr;
    Timed* last = nullptr;
  };
  static constexpr std::size_t index(Limit limit) noexcept { return static_cast<std::size_t>(limit); }
  void expire(Timed& timed) {
    const Limit limit = timed.limit_;
    disarm(timed);
    timed.expired(limit);
  }

  std::array<Queue, limit_count> queues_;
  std::array<Clock::duration, limit_count> spans_{
      std::chrono::seconds(10), std::chrono::seconds(120), std::chrono::seconds(60), std::chrono::seconds(60),
      std::chrono::seconds(2),  std::chrono::seconds(600), std::chrono::seconds(60)};
};

inline Timed::~Timed() {
  if (queued_in_ != nullptr) queued_in_->disarm(*this);
}

}  // namespace loopback_cloud
