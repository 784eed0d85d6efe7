// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

#include <patchbay/policy/transport.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

// The effects: everything that a protocol asks of the world. A protocol makes one, awaits it, and reads the answer from
// it when it is resumed; the driver carries it out. They are classes with constructors because g++ 12 copies aggregate
// temporaries bitwise when they live across a suspension.

/// "Send this request by this deadline."
class HttpEffect {
 public:
  HttpEffect(const HttpRequest& request_in, HttpResponse& response_in, SteadyTime deadline_in) noexcept
      : request(&request_in), response(&response_in), deadline(deadline_in) {}

  const HttpRequest* request;
  HttpResponse* response;
  SteadyTime deadline;
  TransportResult<void> result{};
};

/// "Sleep until."
class SleepEffect {
 public:
  explicit SleepEffect(SteadyTime until_in) noexcept : until(until_in) {}

  SteadyTime until;
  /// What follows is another attempt, which an operation that was cancelled does not make, even while it settles.
  bool another_attempt = false;
  bool cancelled = false;  ///< The operation was cancelled before the time came.
};

/// Who can be told that something it waits for has come; called from any thread.
class Wakeable {
 public:
  virtual void wake_up() noexcept = 0;

 protected:
  Wakeable() = default;
  ~Wakeable() = default;
};

/// One protocol's place in a queue that another operation will release it from: a token that is being refreshed, a flow
/// that is being fetched, an interaction that is being written.
///
/// Laws: it is put into its queue and taken out under the queue's own lock, and `wake` is called under that lock, so that
/// it cannot end while it is being woken.
class Waiter {
 public:
  explicit Waiter(Wakeable& sleeper) noexcept : sleeper_(&sleeper) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// Called once, by whoever releases the place.
  void wake() noexcept {
    woken_.store(true, std::memory_order_release);
    sleeper_->wake_up();
  }
  [[nodiscard]] bool woken() const noexcept { return woken_.load(std::memory_order_acquire); }

  Waiter* next = nullptr;  ///< Belongs to the queue that the waiter stands in.

 private:
  std::atomic<bool> woken_{false};
  Wakeable* sleeper_;
};

/// "Wait until this waiter is woken, by this deadline." Used by `join` (single flight) and `enter` (lanes).
class WaitEffect {
 public:
  WaitEffect(Waiter& waiter_in, SteadyTime deadline_in) noexcept : waiter(&waiter_in), deadline(deadline_in) {}

  Waiter* waiter;
  SteadyTime deadline;
  bool kept = false;  ///< Whoever wakes the waiter keeps the deadline as well, so that the driver needs no timer.
  bool cancelled = false;
};

/// What the protocol of an operation is waiting for: at most one effect at a time.
class PendingEffect {
 public:
  enum class Kind : std::uint8_t { none, http, sleep, wait };

  PendingEffect() = default;
  explicit PendingEffect(HttpEffect& effect) noexcept : kind_(Kind::http), effect_(&effect) {}
  explicit PendingEffect(SleepEffect& effect) noexcept : kind_(Kind::sleep), effect_(&effect) {}
  explicit PendingEffect(WaitEffect& effect) noexcept : kind_(Kind::wait), effect_(&effect) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] HttpEffect& http() const noexcept { return *static_cast<HttpEffect*>(effect_); }
  [[nodiscard]] SleepEffect& sleep() const noexcept { return *static_cast<SleepEffect*>(effect_); }
  [[nodiscard]] WaitEffect& wait() const noexcept { return *static_cast<WaitEffect*>(effect_); }

 private:
  Kind kind_ = Kind::none;
  void* effect_ = nullptr;
};

}  // namespace patchbay
