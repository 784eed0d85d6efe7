// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <patchbay/protocol/effect.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// "One of us fetches it, the others wait": the bookkeeping behind the token source and the flow cache.
///
/// A leader that fails passes its error to those who waited for that flight; a leader that gives up for a reason of its
/// own passes the lead on. Not thread-safe by itself: its owner's mutex guards it.
class SingleFlight {
 public:
  /// Which flight a waiter waited for; 0 is none yet.
  using Ticket = std::uint64_t;

  [[nodiscard]] bool busy() const noexcept { return busy_; }
  /// Takes the lead; only when not busy.
  Ticket lead() noexcept {
    busy_ = true;
    return ++flight_;
  }
  /// Stands in the queue of the present flight; only when busy. False, and it does not, when `most` stand there already.
  [[nodiscard]] bool join(Waiter& waiter, Ticket& ticket, std::size_t most) noexcept {
    if (waiting_ >= most) return false;
    ++waiting_;
    ticket = flight_;
    waiter.next = waiters_;
    waiters_ = &waiter;
    return true;
  }
  /// The error of the flight that `ticket` names or of a later one, if it failed and nothing succeeded since.
  [[nodiscard]] const Error* failure_of(Ticket ticket) const noexcept {
    return ticket != 0 && error_ && failed_flight_ >= ticket ? &*error_ : nullptr;
  }
  /// Whether the flight that `ticket` names ended well, or a later one: others may have flown before its waiter came back.
  [[nodiscard]] bool landed(Ticket ticket) const noexcept { return ticket != 0 && landed_ >= ticket; }
  void succeed() noexcept {
    error_.reset();
    landed_ = flight_;
    end();
  }
  void fail(const Error& error) {
    error_ = error;
    failed_flight_ = flight_;
    end();
  }
  void abandon() noexcept { end(); }
  /// Takes a waiter out of the queue, if it still stands there.
  void forget(Waiter& waiter) noexcept {
    for (Waiter** place = &waiters_; *place; place = &(*place)->next) {
      if (*place != &waiter) continue;
      *place = std::exchange(waiter.next, nullptr);
      --waiting_;
      return;
    }
  }

 private:
  void end() noexcept {
    busy_ = false;
    waiting_ = 0;
    Waiter* each = std::exchange(waiters_, nullptr);
    while (each) {
      Waiter* const next = std::exchange(each->next, nullptr);
      each->wake();  // the last touch: the waiter may be gone as soon as the owner's lock is released
      each = next;
    }
  }
  bool busy_ = false;
  Ticket flight_ = 0;
  Ticket landed_ = 0;
  Ticket failed_flight_ = 0;
  std::optional<Error> error_;
  Waiter* waiters_ = nullptr;
  std::size_t waiting_ = 0;
};

/// Takes a waiter out of the queue of its owner (a token source, a flow cache) when the wait ends, however it ends: a frame
/// that is destroyed while it waits leaves nothing behind.
template <class Forget>
class QueuePlace {
 public:
  explicit QueuePlace(Forget forget) noexcept : forget_(forget) {}
  QueuePlace(const QueuePlace&) = delete;
  QueuePlace& operator=(const QueuePlace&) = delete;
  ~QueuePlace() { forget_(); }

 private:
  Forget forget_;
};

/// What an asker of a single flight is to do.
enum class Turn : std::uint8_t {
  use,     ///< The thing is there.
  lead,    ///< Fetch it, then say how it ended.
  wait,    ///< Somebody fetches it; the waiter stands in the queue.
  failed,  ///< The flight that was waited for failed; the error is there.
  full,    ///< No room to fetch another thing, or for another who waits.
};

}  // namespace patchbay
