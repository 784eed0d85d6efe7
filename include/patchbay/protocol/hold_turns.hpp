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

namespace patchbay {

class HoldTurns;

/// One hold's or release's place in the order of an interaction; given back when it ends. Stands in its protocol's frame.
class HoldTurn {
 public:
  HoldTurn(HoldTurns& turns, Wakeable& who, std::string_view interaction) noexcept
      : turns_(&turns), waiter_(who), interaction_(interaction), hash_(std::hash<std::string_view>{}(interaction)) {}
  HoldTurn(const HoldTurn&) = delete;
  HoldTurn& operator=(const HoldTurn&) = delete;
  inline ~HoldTurn();

  [[nodiscard]] Waiter& waiter() noexcept { return waiter_; }

 private:
  friend class HoldTurns;
  enum class State : std::uint8_t { outside, waiting, inside };
  HoldTurns* turns_;
  Waiter waiter_;
  /// Whether it is of the same interaction.
  [[nodiscard]] bool beside(const HoldTurn& other) const noexcept {
    return hash_ == other.hash_ && interaction_ == other.interaction_;
  }

  std::string_view interaction_;
  std::size_t hash_;  ///< Of the interaction, which most comparisons need not touch then.
  HoldTurn* next_ = nullptr;
  State state_ = State::outside;
  bool superseded_ = false;
  bool release_ = false;
};

/// The order of commands on one interaction (hazard B27, invariants I6 and I14): holds take turns, and wait for releases that
/// are under way; a release waits for nobody, and every hold that has not been sent by then gives way to it.
///
/// Allocates nothing: the turns themselves form the queues. Bounded for holds: more than `capacity` turns at once refuse the
/// next, and so do more than `max_waiting` of one interaction that nobody has superseded. Thread-safe.
class HoldTurns {
 public:
  explicit HoldTurns(std::size_t capacity = 100'000, std::size_t max_waiting = 1'000) noexcept
      : capacity_(capacity), max_waiting_(max_waiting) {}
  HoldTurns(const HoldTurns&) = delete;
  HoldTurns& operator=(const HoldTurns&) = delete;

  enum class Entry : std::uint8_t { entered, queued, full };

  /// A hold asks for its turn. When `queued`, await a `WaitEffect` on the turn's waiter, then ask `inside`.
  Entry ask(HoldTurn& hold) noexcept {
    const std::lock_guard lock(mutex_);
    if (count_ >= capacity_ || waiting(hold) >= max_waiting_) return Entry::full;
    const bool taken = push(hold);
    hold.state_ = taken ? HoldTurn::State::waiting : HoldTurn::State::inside;
    return taken ? Entry::queued : Entry::entered;
  }
  /// A release enters, and supersedes the holds that are there; unless it `repeats` an earlier one, which the holds that were
  /// asked for behind that one do not give way to.
  void enter(HoldTurn& release, bool repeats = false) noexcept {
    const std::lock_guard lock(mutex_);
    push(release);
    release.state_ = HoldTurn::State::inside;
    release.release_ = true;
    if (repeats) return;
    for (HoldTurn* each = bucket(release); each; each = each->next_) {
      if (each->release_ || each->superseded_ || !each->beside(release)) continue;
      each->superseded_ = true;
      if (each->state_ == HoldTurn::State::waiting) each->waiter_.wake();
    }
  }
  [[nodiscard]] bool inside(const HoldTurn& turn) noexcept {
    const std::lock_guard lock(mutex_);
    return turn.state_ == HoldTurn::State::inside;
  }
  /// Whether a release was asked for after this hold.
  [[nodiscard]] bool superseded(const HoldTurn& turn) noexcept {
    const std::lock_guard lock(mutex_);
    return turn.superseded_;
  }
  [[nodiscard]] std::size_t size() noexcept {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  friend class HoldTurn;
  HoldTurn*& bucket(const HoldTurn& turn) noexcept { return buckets_[turn.hash_ % buckets_.size()]; }
  std::size_t waiting(const HoldTurn& turn) noexcept {
    std::size_t found = 0;
    for (const HoldTurn* each = bucket(turn); each; each = each->next_)
      found += each->state_ == HoldTurn::State::waiting && !each->superseded_ && each->beside(turn) ? 1 : 0;
    return found;
  }
  // At the end of its bucket; whether another of the interaction is there.
  bool push(HoldTurn& turn) noexcept {
    ++count_;
    bool taken = false;
    HoldTurn** place = &bucket(turn);
    for (; *place; place = &(*place)->next_) taken = taken || (*place)->beside(turn);
    *place = &turn;
    return taken;
  }
  void leave(HoldTurn& turn) noexcept {
    const std::lock_guard lock(mutex_);
    if (turn.state_ == HoldTurn::State::outside) return;
    HoldTurn** place = &bucket(turn);
    while (*place != &turn) place = &(*place)->next_;
    *place = turn.next_;
    --count_;
    HoldTurn* first = nullptr;
    for (HoldTurn* each = bucket(turn); each; each = each->next_) {
      if (!each->beside(turn)) continue;
      if (each->state_ == HoldTurn::State::inside) return;
      if (!first && !each->superseded_) first = each;
    }
    if (!first) return;
    first->state_ = HoldTurn::State::inside;
    first->waiter_.wake();
  }

  std::mutex mutex_;
  std::array<HoldTurn*, 4096> buckets_{};  // so that tens of thousands of turns find each other soon
  std::size_t count_ = 0;
  std::size_t capacity_;
  std::size_t max_waiting_;
};

inline HoldTurn::~HoldTurn() { turns_->leave(*this); }

}  // namespace patchbay
