// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include <patchbay/driver/any_policies.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/protocol.hpp>
#include <patchbay/random_source.hpp>

namespace patchbay {

/// Carries out the waits of a door that has something else to do meanwhile: to serve a channel.
class WaitServer : public Wakeable {
 public:
  /// Returns when the waiter is woken, when a stop is requested, or by the deadline. `wake_up` says that one of these may have
  /// come about.
  virtual void wait(const WaitEffect& effect, const std::stop_token& stop) = 0;

 protected:
  ~WaitServer() = default;
};

/// The driver behind the plain calls: carries out a protocol's effects one after the other on the calling thread.
///
/// What a policy throws becomes a value here: a transport that throws counts as a failure after which the request may have
/// been sent.
class BlockingOperation final : public Operation {
 public:
  BlockingOperation(detail::AnyBlockingPolicies& policies, RandomSource& random) noexcept : policies_(&policies), random_(&random) {}

  /// Runs `protocol` to its end, or, when a stop is requested, as far as the truth about what was sent needs.
  template <class T>
  [[nodiscard]] T run(Protocol<T> protocol, const std::stop_token& stop = {}) {
    stop_ = stop;
    const std::stop_callback wake(stop, [this] { wake_up(); });
    cancel_requested = stop.stop_requested();
    protocol.start();
    while (!protocol.done()) {
      carry_out(std::exchange(pending, PendingEffect{}));
      read_clock();
      cancel_requested = stop.stop_requested();
      resume_at.resume();
    }
    stop_ = std::stop_token{};
    return protocol.take();
  }

  RetryAnswer decide_retry(const RetryQuestion& question) override { return policies_->decide(question); }
  std::uint64_t random_bits() override { return random_->bits(); }
  bool log_enabled(Level level) const override {
    bool enabled = false;
    if (!guarded([&] { enabled = policies_->log_enabled(level); }) && observer) observer->callback_failed();
    return enabled;
  }
  void log_event(Level level, const Event& event) noexcept override {
    if (!guarded([&] { policies_->log(level, event); }) && observer) observer->callback_failed();
  }

  void wake_up() noexcept override {
    // The lock orders this after the sleeper's look at its waiter, so that no wake-up falls between look and sleep.
    { const std::lock_guard lock(mutex_); }
    woken_.notify_one();
    if (waits) waits->wake_up();
  }

  WaitServer* waits = nullptr;  ///< The door's; none: a wait is a sleep.

 private:
  SteadyTime read_steady_clock() override { return policies_->steady_now(); }
  WallTime read_wall_clock() override { return policies_->wall_now(); }
  void carry_out(PendingEffect effect) {
    switch (effect.kind()) {
      case PendingEffect::Kind::none: return;
      case PendingEffect::Kind::http: {
        HttpEffect& http = effect.http();
        const bool calm = guarded([&] {
          http.result = policies_->send(*http.request, *http.response, http.deadline, settling ? std::stop_token{} : stop_);
        });
        if (!calm) http.result = tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent, "the transport threw"));
        return;
      }
      case PendingEffect::Kind::sleep: {
        SleepEffect& sleep = effect.sleep();
        sleep.cancelled = stopped();
        if (sleep.cancelled) return;
        // A clock that throws ends the wait as a cancellation does, so that what was sent is settled all the same.
        const std::stop_token stop = settling && !sleep.another_attempt ? std::stop_token{} : stop_;
        const bool calm = guarded([&] { policies_->sleep_until(sleep.until, stop); });
        sleep.cancelled = !calm || stop.stop_requested();
        return;
      }
      case PendingEffect::Kind::wait: {
        WaitEffect& wait = effect.wait();
        wait.cancelled = stopped();
        if (wait.cancelled) return;
        // Memory may run out under what is served meanwhile. The protocol goes on all the same: others still know of what it
        // waits for, and it has to take that back.
        const std::stop_token stop = settling ? std::stop_token{} : stop_;
        const bool calm = guarded([&] {
          if (waits) return waits->wait(wait, stop);
          std::unique_lock lock(mutex_);
          // Short sleeps, because the deadline is on the policy's clock, which need not be the machine's.
          while (!wait.waiter->woken() && !stop.stop_requested() && policies_->steady_now() < wait.deadline)
            woken_.wait_for(lock, milliseconds{5});
        });
        wait.cancelled = !calm || (stop.stop_requested() && !wait.waiter->woken());
        return;
      }
    }
  }

  detail::AnyBlockingPolicies* policies_;
  RandomSource* random_;
  std::stop_token stop_;  ///< Of the run.
  std::mutex mutex_;
  std::condition_variable woken_;
};

/// Operations that are used again, so that a warm door allocates little. As many as there were calls at once, none of
/// which keeps the memory of a huge answer.
/// Thread-safe.
class OperationPool {
 public:
  OperationPool(detail::AnyBlockingPolicies& policies, RandomSource& random) noexcept : policies_(&policies), random_(&random) {}

  /// An operation for one call; goes back to the pool by itself.
  class Lease {
   public:
    Lease(OperationPool& pool, std::unique_ptr<BlockingOperation> operation) noexcept
        : pool_(&pool), operation_(std::move(operation)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_->give_back(std::move(operation_)); }
    BlockingOperation& operator*() const noexcept { return *operation_; }
    BlockingOperation* operator->() const noexcept { return operation_.get(); }

   private:
    OperationPool* pool_;
    std::unique_ptr<BlockingOperation> operation_;
  };

  [[nodiscard]] Lease take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto operation = std::move(free_.back());
        free_.pop_back();
        return Lease(*this, std::move(operation));
      }
    }
    auto made = std::make_unique<BlockingOperation>(*policies_, *random_);
    const std::lock_guard lock(mutex_);
    free_.reserve(++made_);  // so that giving back cannot fail
    return Lease(*this, std::move(made));
  }

 private:
  void give_back(std::unique_ptr<BlockingOperation> operation) noexcept {
    operation->trim();
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(operation));
  }
  detail::AnyBlockingPolicies* policies_;
  RandomSource* random_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<BlockingOperation>> free_;
  std::size_t made_ = 0;
};

}  // namespace patchbay
