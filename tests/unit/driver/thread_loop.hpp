// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

#include <patchbay/policy/clock.hpp>
#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

namespace patchbay::tests {

using testing::SimulatedCloud;

/// An event loop on real time that any number of threads run, and a cloud on it that takes a random while.
class ThreadLoop {
  struct State;

 public:
  explicit ThreadLoop(SimulatedCloud cloud) : state_(std::make_shared<State>(std::move(cloud))) {}

  /// Runs until `stop`.
  void run() const {
    std::unique_lock lock(state_->mutex);
    while (!state_->stopped) {
      const auto now = std::chrono::steady_clock::now();
      if (state_->work.empty() || state_->work.begin()->first > now) {
        if (state_->work.empty()) {
          state_->changed.wait(lock);
        } else {
          const SteadyTime next = state_->work.begin()->first;  // a copy: it may be gone before the wait has ended
          state_->changed.wait_until(lock, next);
        }
        continue;
      }
      auto node = state_->work.extract(state_->work.begin());
      lock.unlock();
      node.mapped()->run();
      node.mapped().reset();
      lock.lock();
    }
  }
  void stop() const {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    state_->changed.notify_all();
  }

  class timer_type {
   public:
    explicit timer_type(std::shared_ptr<State> loop) : loop_(std::move(loop)) {}
    timer_type(timer_type&&) = default;
    timer_type& operator=(timer_type&&) = default;
    ~timer_type() { cancel(); }
    void wait(SteadyTime when, Completion<void> done) {
      wait_ = std::make_shared<Wait>();
      wait_->done = std::move(done);
      loop_->add(when, [wait = wait_] {
        if (!wait->taken.exchange(true)) wait->done();
      });
    }
    void cancel() noexcept {
      const auto cancelled = std::exchange(wait_, nullptr);
      if (!cancelled || cancelled->taken.exchange(true)) return;
      loop_->add({}, [done = std::make_shared<Completion<void>>(std::move(cancelled->done))] { *done = {}; });
    }

   private:
    struct Wait {
      std::atomic<bool> taken{false};
      Completion<void> done;
    };
    std::shared_ptr<State> loop_;
    std::shared_ptr<Wait> wait_;
  };

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime, Completion<TransportResult<void>> done) const {
    auto exchange = std::make_shared<Exchange>();
    exchange->done = std::move(done);
    const std::lock_guard lock(state_->mutex);
    const ExchangeId id = ++state_->last;
    state_->exchanges.emplace(id, exchange);
    const auto latency = std::chrono::microseconds(state_->random() % 500);
    state_->work.emplace(std::chrono::steady_clock::now() + latency, state_->make([this_state = state_.get(), id, exchange, &request, &response] {
      if (exchange->taken.exchange(true)) return;
      TransportResult<void> result = this_state->cloud.send(request, response, never);
      this_state->forget(id);
      exchange->done(std::move(result));
    }));
    state_->changed.notify_one();
    return id;
  }
  void cancel(ExchangeId id) const noexcept {
    std::shared_ptr<Exchange> exchange;
    {
      const std::lock_guard lock(state_->mutex);
      if (const auto found = state_->exchanges.find(id); found != state_->exchanges.end()) exchange = found->second;
    }
    if (!exchange || exchange->taken.exchange(true)) return;
    state_->forget(id);
    state_->add({}, [exchange] { exchange->done(tl::unexpected(TransportError(TransportFault::cancelled, Delivery::not_sent))); });
  }
  void post(Completion<void> work) const {
    state_->add({}, [work = std::make_shared<Completion<void>>(std::move(work))] { (*work)(); });
  }
  timer_type make_timer() const { return timer_type(state_); }

 private:
  struct Work {
    virtual ~Work() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct WorkOf final : Work {
    explicit WorkOf(F f) : function(std::move(f)) {}
    void run() override { function(); }
    F function;
  };
  struct Exchange {
    std::atomic<bool> taken{false};
    Completion<TransportResult<void>> done;
  };
  struct State {
    explicit State(SimulatedCloud cloud_in) : cloud(std::move(cloud_in)) {}
    template <class F>
    static std::unique_ptr<Work> make(F f) {
      return std::make_unique<WorkOf<F>>(std::move(f));
    }
    template <class F>
    void add(SteadyTime when, F f) {
      const std::lock_guard lock(mutex);
      work.emplace(when, make(std::move(f)));
      changed.notify_one();
    }
    void forget(ExchangeId id) {
      const std::lock_guard lock(mutex);
      exchanges.erase(id);
    }
    SimulatedCloud cloud;
    std::mutex mutex;
    std::condition_variable changed;
    std::multimap<SteadyTime, std::unique_ptr<Work>> work;
    std::map<ExchangeId, std::shared_ptr<Exchange>> exchanges;
    ExchangeId last = 0;
    std::minstd_rand random{5};
    bool stopped = false;
  };

  std::shared_ptr<State> state_;
};
static_assert(CompletionTransport<ThreadLoop>);

}  // namespace patchbay::tests
