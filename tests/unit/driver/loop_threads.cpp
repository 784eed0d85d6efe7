// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// A transition door on an event loop that several threads run, with completions, timers and cancellations from all of them.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/policy/clock.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

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
          state_->changed.wait_until(lock, state_->work.begin()->first);
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

}  // namespace

TEST_CASE("a door on a loop of four threads ends every operation once", "[loop][threads][I4][I6]") {
  constexpr int interactions = 8, rounds = 400;
  ManualClock cloud_clock;
  SimulatedCloud cloud(cloud_clock);
  const std::string flow_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
  cloud.change([&](CloudModel& model) {
    model.set_flow(flow_id, R"({"id":")" + flow_id + R"(","nodes":[{"id":"A","transitions":[{"targetId":"A"}]}]})");
    for (int i = 0; i < interactions; ++i) {
      CloudInteraction each("550e8400-e29b-41d4-a716-44665544000" + std::to_string(i));
      each.set_attribute("flow_node", "\"A\"");
      model.add(std::move(each));
    }
  });
  cloud.plan([](FaultPlan& plan) { plan.on("GET").times(3).answer(503); });
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  const ThreadLoop loop(cloud);
  std::vector<std::thread> threads;
  std::atomic<int> ended{0}, applied{0};
  std::vector<std::atomic<int>> calls(rounds);
  std::vector<std::string> written_by(rounds);  // the operation's id, where it succeeded
  std::mutex mutex;
  std::condition_variable all;
  {
    StateTransitioner door{Policies{.transport = loop}, settings};
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { loop.run(); });
    for (int i = 0; i < rounds; ++i) {
      const OperationHandle handle = door.start_transition(
          TransitionRequest{"550e8400-e29b-41d4-a716-44665544000" + std::to_string(i % interactions), flow_id, "A", "A"}.deadline(seconds{60}),
          [&, i](const Result<TransitionResult>& result) {
            if (calls[static_cast<std::size_t>(i)]++ == 0 && result) written_by[static_cast<std::size_t>(i)] = result->transition_id;
            if (result) ++applied;
            if (!result && result.error().code() != ErrorCode::cancelled && result.error().code() != ErrorCode::outcome_unknown &&
                result.error().code() != ErrorCode::unavailable) {
              std::fputs(result.error().describe().c_str(), stderr);
              std::abort();
            }
            if (++ended == rounds) {
              const std::lock_guard lock(mutex);
              all.notify_one();
            }
          });
      if (i % 3 == 0) {
        std::this_thread::yield();
        handle.cancel();
      }
    }
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return ended == rounds; });
    CHECK(door.metrics()[TransitionCount::submitted] == rounds);
  }
  loop.stop();
  for (std::thread& each : threads) each.join();
  CHECK(applied > 0);
  CHECK(ended == rounds);  // nor did one end again while the door and the loop came to their ends
  for (const std::atomic<int>& each : calls) CHECK(each == 1);
  cloud.inspect([&](const CloudModel& model) {
    std::size_t changes = 0;
    for (const std::string& id : written_by) {
      if (id.empty()) continue;
      CHECK(model.times_applied(id) == 1);
      ++changes;
    }
    CHECK(changes == static_cast<std::size_t>(applied));
  });
}
