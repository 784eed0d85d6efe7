// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <atomic>
#include <cmath>  // isfinite
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>  // exchange

#include <patchbay/cloud/rate_limit.hpp>
#include <patchbay/protocol/counted_queue.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

class Pacer;

/// One request's place with a `Pacer`: in its queue, then under way; given back when it ends. Stands in its protocol's frame.
class PacerTurn : private detail::CountedPlace {
 public:
  PacerTurn() noexcept = default;
  PacerTurn(const PacerTurn&) = delete;
  PacerTurn& operator=(const PacerTurn&) = delete;
  ~PacerTurn() { end(); }

  /// The request has ended, or is given up.
  inline void end() noexcept;
  /// After `wait`: when to ask again. After `too_late`: when the turn would have come, as far as can be told.
  [[nodiscard]] SteadyTime at() const noexcept { return at_; }

 private:
  friend class Pacer;
  enum class State : std::uint8_t { none, waiting, absent, flying };
  Pacer* pacer_ = nullptr;
  SteadyTime at_{};
  State state_ = State::none;
};

/// Spaces the requests of one credential, and learns from the answers how far apart they must be. One handle, shared by
/// every door that uses the credential. Requests to the API pass through it; releases (unhold) do not, and tokens and
/// webhooks, which go to other hosts, have waits of their own.
///
/// *The bucket.* `per_minute` requests on average and `burst` at once is the ceiling. Without one nothing is spaced until the
/// cloud complains. Who has to wait stands in a queue of at most `max_waiting`, and is served in its order: when a turn comes
/// follows from the present rate and the place in the queue, so that everybody moves up when somebody leaves it or the rate
/// rises, and back when the scope is closed. Newcomers stand behind all others, so nobody starves. Those who wait ask again
/// after a second at most, and are told then when their turn has moved beyond their limit; nobody waits for longer than another
/// second for one that does not ask.
///
/// *The closed scope.* A 429 or 503 with a `Retry-After` closes the pacer to everybody until that time (invariant I9), at most
/// for a day, so that no single answer shuts a credential out for good.
///
/// *The rate.* A 429 multiplies the rate by 0.7, once for all requests that were sent before it was lowered, and never below
/// 1/64 of the ceiling. Each answer that is no complaint adds 1/50 of the ceiling, which at full use brings any rate back in
/// less than a minute and at 300 a minute 0.7 back to 1 in four seconds (L4). Without a ceiling the first complaint starts at
/// 300 a minute (the platform's usual limit) and 10 at once, each good answer adds 12, and beyond 4,800 nothing is spaced
/// again: a lone operation that is told off hardly notices, a flood does.
///
/// *The window.* `inin-ratelimit-*` fields tell what is left of the limit's window. Once less than a quarter is left, counting
/// requests under way as spent, the rest is spread evenly over the window's remaining time, a second added because the fields
/// tell whole seconds; when nothing is left the pacer closes until the window's end.
///
/// Pure: time is handed in. Never blocks but for its own lock, under which nobody waits. Thread-safe.
class Pacer {
 public:
  /// No ceiling.
  Pacer() noexcept : Pacer(std::numeric_limits<double>::infinity(), relearn_burst, default_max_waiting, 0) {}
  /// `per_minute` requests a minute on average, `burst` at once. Values that are not positive or not finite are taken
  /// as 1; at the slowest there is one request a year.
  explicit Pacer(double per_minute, int burst = 1, std::size_t max_waiting = default_max_waiting) noexcept
      : Pacer(std::isfinite(per_minute) && per_minute > 0 ? per_minute : 1.0, burst, max_waiting, 0) {}
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  static constexpr std::size_t default_max_waiting = 10'000;

  enum class Answer : std::uint8_t {
    go,        ///< The request starts now.
    wait,      ///< It is queued: ask again at `turn.at()`.
    too_late,  ///< Its turn would come after `limit`; it has none.
    full,      ///< `max_waiting` wait already; it has none.
  };
  /// Asks for a turn, or again for one that is waited for, which may have moved: the scope may have been closed meanwhile.
  /// `turn` is ended before the pacer is.
  [[nodiscard]] Answer ask(PacerTurn& turn, SteadyTime now, SteadyTime limit) noexcept { return ask(turn, now, limit, true); }
  /// As `ask`, for a request that something else keeps back: when its turn has come the answer is `go`, but it takes none,
  /// which leaves the rate to those who can be served.
  [[nodiscard]] Answer look(PacerTurn& turn, SteadyTime now, SteadyTime limit) noexcept { return ask(turn, now, limit, false); }

  /// Before this nothing may be sent, not even what need not wait for a turn; past when the scope is open.
  [[nodiscard]] SteadyTime closed_until() const noexcept {
    if (!engaged_.load(std::memory_order_acquire)) return SteadyTime::min();
    const std::lock_guard lock(mutex_);
    return closed_until_;
  }

  /// Learns from the answer to a request that was sent at `sent_at`: its status, the wait it asked for, and what it says of
  /// the limit. True when that closed the scope, which was open until then.
  bool answered(SteadyTime now, SteadyTime sent_at, int status, std::optional<Duration> retry_after,
                const std::optional<RateLimitStatus>& limits) noexcept {
    const bool told_off = status == 429 || (status == 503 && retry_after);
    if (!told_off && !limits && !reduced_.load(std::memory_order_relaxed)) return false;
    const std::lock_guard lock(mutex_);
    bool closed = false;
    if (told_off) {
      if (status == 429 || !has_ceiling()) slow_down(now, sent_at);
      if (retry_after) closed = close(after(now, *retry_after), now);
    } else if (status >= 200 && status <= 499) {
      speed_up(now);
    }
    if (limits) closed = heed(*limits, now) || closed;
    return closed;
  }

  /// Requests a minute at present, apart from the window's spacing; infinite when nothing is spaced.
  [[nodiscard]] double rate() const noexcept {
    const std::lock_guard lock(mutex_);
    return rate_;
  }
  /// Turns that are waited for.
  [[nodiscard]] std::size_t waiting() const noexcept {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  /// Requests that were given their turn and have not ended; not counted while nothing is spaced.
  [[nodiscard]] std::size_t in_flight() const noexcept {
    const std::lock_guard lock(mutex_);
    return in_flight_;
  }

 private:
  friend class PacerTurn;
  static constexpr Duration year = std::chrono::hours{24 * 365};
  static constexpr Duration look_again = seconds{1}, patience = seconds{1};
  static constexpr Duration longest_closure = std::chrono::hours{24};
  static constexpr double decrease = 0.7, floor_share = 1.0 / 64, increase_share = 1.0 / 50;
  static constexpr double relearn_from = 300, relearn_step = 12, relearn_until = 4800;  // a minute
  static constexpr int relearn_burst = 10;

  Pacer(double per_minute, int burst, std::size_t max_waiting, int) noexcept
      : ceiling_(per_minute), rate_(per_minute), interval_(interval_of(per_minute)), burst_(std::max(burst, 1)), max_waiting_(max_waiting) {
    engaged_.store(has_ceiling(), std::memory_order_release);
  }
  [[nodiscard]] Answer ask(PacerTurn& turn, SteadyTime now, SteadyTime limit, bool takes) noexcept {
    if (turn.state_ == PacerTurn::State::none && !engaged_.load(std::memory_order_acquire)) return Answer::go;
    const std::lock_guard lock(mutex_);
    if (turn.state_ == PacerTurn::State::absent) enter(turn, true);
    const bool queued = turn.state_ == PacerTurn::State::waiting;
    if (queued) turn.at_ = now;  // it is there
    while (!queue_.empty() && first().at_ < now - patience) step_aside(first());
    turn.at_ = std::max(slot(static_cast<std::int64_t>(queued ? queue_.before(turn) : queue_.size()), now), now);
    if (turn.at_ > limit) {
      if (queued) leave(turn);
      return Answer::too_late;
    }
    if (turn.at_ > now) {
      if (!queued && waiting_ >= max_waiting_) return Answer::full;
      if (!queued) {
        ++waiting_;
        enter(turn, false);
      }
      turn.at_ = std::max(std::min(turn.at_, after(now, look_again)), closed_until_);
      return Answer::wait;
    }
    if (queued) leave(turn);
    if (!takes) return Answer::go;
    take(now);
    ++in_flight_;
    turn.pacer_ = this;
    turn.state_ = PacerTurn::State::flying;
    return Answer::go;
  }
  [[nodiscard]] PacerTurn& first() const noexcept { return static_cast<PacerTurn&>(*queue_.first()); }
  [[nodiscard]] bool has_ceiling() const noexcept { return std::isfinite(ceiling_); }
  // Rounded up, because a bucket that is a little too quick passes the limit in the end.
  static Duration interval_of(double per_minute) noexcept {
    if (!std::isfinite(per_minute)) return Duration::zero();
    const std::chrono::duration<double> each(60.0 / per_minute);
    return each < year ? std::chrono::ceil<Duration>(each) : year;
  }
  [[nodiscard]] bool window_rules(SteadyTime now) const noexcept { return now < window_ends_ && window_interval_ > interval_; }
  /// The bucket as one number: the time at which it would be full again, which lies at most its slack behind now.
  [[nodiscard]] SteadyTime first_free(SteadyTime now) const noexcept {
    const int spare = window_rules(now) ? 0 : burst_ - 1;
    // At most a year, which no clock's beginning lies behind by an overflow.
    const Duration slack = spare == 0 || interval_ <= year / spare ? interval_ * spare : year;
    return !begun_ || next_ < now - slack ? now - slack : next_;
  }
  /// When a request may start that `before` others are served before, as far as can be told now.
  [[nodiscard]] SteadyTime slot(std::int64_t before, SteadyTime now) const noexcept {
    SteadyTime at = first_free(now);
    Duration::rep left = before;
    if (left == 0) return at;
    if (window_rules(at)) {
      const auto within = std::min(left, (window_ends_ - at) / window_interval_ + 1);
      at = std::min(at + window_interval_ * within, window_ends_);
      left -= within;
    }
    // Behind the window the limit that was told counts, so that not all who wait for the next meet at its beginning.
    const Duration each = std::max(interval_, sustained_);
    return left == 0 ? at : after(at, each <= year / left ? each * left : year);
  }
  void take(SteadyTime now) noexcept {
    const SteadyTime at = first_free(now);
    if (window_rules(std::max(at, now))) {
      next_ = std::max(std::min(after(at, window_interval_), window_ends_), after(at, interval_));
    } else {
      next_ = after(at, !queue_.empty() ? std::max(interval_, sustained_) : interval_);
    }
    begun_ = true;
  }
  void enter(PacerTurn& turn, bool in_front) noexcept {
    turn.pacer_ = this;
    turn.state_ = PacerTurn::State::waiting;
    in_front ? queue_.push_front(turn) : queue_.push_back(turn);
  }
  /// Nobody waits for one that does not come for its turn, because its loop stands still. It is the first when it comes.
  void step_aside(PacerTurn& turn) noexcept {
    queue_.erase(turn);
    turn.state_ = PacerTurn::State::absent;
  }
  void leave(PacerTurn& turn) noexcept {
    if (turn.state_ == PacerTurn::State::waiting) step_aside(turn);
    --(turn.state_ == PacerTurn::State::absent ? waiting_ : in_flight_);
    turn.state_ = PacerTurn::State::none;
  }
  bool close(SteadyTime until, SteadyTime now) noexcept {
    until = std::min(until, after(now, longest_closure));
    if (until <= closed_until_ || until <= now) return false;
    const bool was_open = std::exchange(closed_until_, until) <= now;
    next_ = begun_ ? std::max(next_, until) : until;  // no burst when it opens
    begun_ = true;
    engage();
    return was_open;
  }
  void slow_down(SteadyTime now, SteadyTime sent_at) noexcept {
    if (reduced_.load(std::memory_order_relaxed) && sent_at < reduced_at_) return;
    reduced_at_ = now;
    set_rate(std::isfinite(rate_) ? std::max(rate_ * decrease, (has_ceiling() ? ceiling_ : relearn_from) * floor_share) : relearn_from);
    reduced_.store(true, std::memory_order_relaxed);
    engage();
  }
  void speed_up(SteadyTime now) noexcept {
    if (!reduced_.load(std::memory_order_relaxed)) return;
    const double top = has_ceiling() ? ceiling_ : relearn_until;
    const double faster = rate_ + (has_ceiling() ? ceiling_ * increase_share : relearn_step);
    if (faster < top) return set_rate(faster);
    set_rate(ceiling_);
    reduced_.store(false, std::memory_order_relaxed);
    if (!has_ceiling() && waiting_ == 0 && now >= closed_until_ && now >= window_ends_) engaged_.store(false, std::memory_order_release);
  }
  bool heed(const RateLimitStatus& limits, SteadyTime now) noexcept {
    const auto left = limits.allowed - limits.count;
    const auto unspent = left - static_cast<std::int64_t>(in_flight_);
    window_ends_ = after(now, limits.reset + seconds{1});
    window_interval_ = Duration::zero();
    if (!has_ceiling()) sustained_ = std::chrono::ceil<Duration>(std::chrono::minutes{1}) / limits.allowed;
    engage();
    if (left <= 0) return close(window_ends_, now);
    if (unspent >= limits.allowed / 4) return false;
    window_interval_ = (window_ends_ - now) / std::max<std::int64_t>(unspent, 1);
    return false;
  }
  void set_rate(double per_minute) noexcept {
    rate_ = per_minute;
    interval_ = interval_of(per_minute);
  }
  void engage() noexcept { engaged_.store(true, std::memory_order_release); }

  mutable std::mutex mutex_;
  std::atomic<bool> engaged_{false};  ///< Something is spaced, closed or counted; otherwise asking costs one load.
  std::atomic<bool> reduced_{false};  ///< The rate is below the ceiling. Written under the lock.
  double ceiling_;
  double rate_;
  Duration interval_;
  int burst_;
  std::size_t max_waiting_;
  std::size_t waiting_ = 0, in_flight_ = 0;
  detail::CountedQueue queue_;  ///< Of those who wait, and come when they are to.
  bool begun_ = false;
  SteadyTime next_{};
  SteadyTime reduced_at_{};
  SteadyTime closed_until_ = SteadyTime::min();
  SteadyTime window_ends_ = SteadyTime::min();
  Duration window_interval_{};
  Duration sustained_{};     ///< A minute, which is the platform's window, by the limit that was told; for want of a ceiling.
};

inline void PacerTurn::end() noexcept {
  if (state_ == State::none) return;
  const std::lock_guard lock(pacer_->mutex_);
  pacer_->leave(*this);
}

}  // namespace patchbay
