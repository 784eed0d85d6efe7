// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>  // hash
#include <mutex>
#include <string_view>

#include <patchbay/protocol/effect.hpp>
#include <patchbay/protocol/protocol.hpp>

namespace patchbay {

class Lanes;

/// The right to act on one interaction; given back when it ends. Stands in the frame of the protocol that acts.
class LanePermit {
 public:
  LanePermit(Lanes& lanes, Wakeable& who) noexcept : lanes_(&lanes), waiter_(who) {}
  LanePermit(const LanePermit&) = delete;
  LanePermit& operator=(const LanePermit&) = delete;
  inline ~LanePermit();

 private:
  friend class Lanes;
  enum class State : std::uint8_t { outside, waiting, inside };
  Lanes* lanes_;
  Waiter waiter_;
  std::string_view key_;
  LanePermit* next_ = nullptr;
  State state_ = State::outside;
};

/// One side effect at a time per interaction, in the order of asking (hazards A32, B27; invariant I6).
///
/// Allocates nothing: the permits themselves form the queues. Bounded: more than `capacity` permits at once are refused, and
/// more than `max_waiting` behind the one that is inside of one lane. Thread-safe.
class Lanes {
 public:
  explicit Lanes(std::size_t capacity = 100'000, std::size_t max_waiting = 1'000) noexcept : capacity_(capacity), max_waiting_(max_waiting) {}
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  enum class Entry : std::uint8_t { entered, queued, full };

  /// Asks for `key`'s lane; `key` outlives the permit. When `queued`, await a `WaitEffect` on `waiter(permit)`.
  Entry ask(std::string_view key, LanePermit& permit) noexcept {
    const std::lock_guard lock(mutex_);
    if (count_ >= capacity_) return Entry::full;
    LanePermit** place = &bucket(key);
    std::size_t taken = 0;
    for (; *place; place = &(*place)->next_) taken += (*place)->key_ == key ? 1 : 0;
    if (taken > max_waiting_) return Entry::full;
    ++count_;
    permit.key_ = key;
    *place = &permit;
    permit.state_ = taken != 0 ? LanePermit::State::waiting : LanePermit::State::inside;
    return taken != 0 ? Entry::queued : Entry::entered;
  }
  [[nodiscard]] static Waiter& waiter(LanePermit& permit) noexcept { return permit.waiter_; }
  /// Whether the permit's turn has come; asked after a wait, which may have ended for another reason.
  [[nodiscard]] bool inside(const LanePermit& permit) noexcept {
    const std::lock_guard lock(mutex_);
    return permit.state_ == LanePermit::State::inside;
  }
  /// Permits that are inside or waiting.
  [[nodiscard]] std::size_t size() noexcept {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  friend class LanePermit;
  LanePermit*& bucket(std::string_view key) noexcept { return buckets_[std::hash<std::string_view>{}(key) % buckets_.size()]; }
  void leave(LanePermit& permit) noexcept {
    const std::lock_guard lock(mutex_);
    if (permit.state_ == LanePermit::State::outside) return;
    LanePermit** place = &bucket(permit.key_);
    while (*place != &permit) place = &(*place)->next_;
    *place = permit.next_;
    --count_;
    if (permit.state_ == LanePermit::State::waiting) return;
    for (LanePermit* each = bucket(permit.key_); each; each = each->next_) {
      if (each->key_ != permit.key_) continue;
      each->state_ = LanePermit::State::inside;
      each->waiter_.wake();
      return;
    }
  }
  std::mutex mutex_;
  std::array<LanePermit*, 4096> buckets_{};  // so that tens of thousands of permits find each other soon
  std::size_t count_ = 0;
  std::size_t capacity_;
  std::size_t max_waiting_;
};

inline LanePermit::~LanePermit() { lanes_->leave(*this); }

/// Waits for the turn of a permit that `Lanes::ask` has queued, by the operation's deadline.
inline Protocol<Result<void>> await_turn(Operation& operation, Lanes& lanes, LanePermit& permit) {
  WaitEffect wait(Lanes::waiter(permit), operation.deadline);
  const SteadyTime from = operation.steady_now();
  co_await wait;
  operation.slept += operation.steady_now() - from;
  if (wait.cancelled) co_return fail(ErrorCode::cancelled, "cancelled while waiting for another operation on the interaction");
  if (!lanes.inside(permit))
    co_return fail(ErrorCode::deadline_exceeded, "the deadline passed while another operation on the interaction was under way");
  co_return Result<void>{};
}

/// The error for a permit that `Lanes::ask` has refused.
[[nodiscard]] inline Failure lanes_full() {
  return fail(ErrorCode::queue_full, "too many operations are under way (max_operations), or wait for this interaction's turn (max_waiting)");
}

}  // namespace patchbay
