// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// One door on an event loop that several threads serve, used by several others.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <patchbay/hold_controller.hpp>

#include "support/catch.hpp"
#include "threaded_loop.hpp"

using namespace patchbay;
using namespace patchbay::tests;

static_assert(CompletionChannelTransport<ThreadedCloud>);

namespace {

std::string interaction(int i) {
  const std::string digits = std::to_string(i);
  return "550e8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}
Settings settings() {
  Settings out;
  out.base_url = "https://api.example.com";
  out.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  out.hold.first_delay = milliseconds{1};  // of reconnecting
  out.hold.delay_cap = milliseconds{2};
  out.hold.max_commands = 10'000;
  return out;
}

/// A cloud whose login host answers with something that is no token.
class TokenlessCloud : public ThreadedCloud {
 public:
  TokenlessCloud(ThreadedLoop& loop, std::atomic<int>& opened) noexcept : ThreadedCloud(loop, 100), loop_(&loop), opened_(&opened) {}

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline, Completion<TransportResult<void>> done) {
    if (request.name != "token.post") return ThreadedCloud::send(request, response, deadline, std::move(done));
    loop_->post([&response, done = std::move(done)]() mutable {
      response.status = 200;
      response.body.assign("junk");
      done(TransportResult<void>{});
    });
    return 1;
  }
  ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline, Completion<TransportResult<channel_type>> done) {
    ++*opened_;
    return ThreadedCloud::open(request, refusal, deadline, std::move(done));
  }

 private:
  ThreadedLoop* loop_;
  std::atomic<int>* opened_;
};
/// A clock that takes its time, so that threads meet while the pump looks at it.
class SlowClock : public SystemClock {
 public:
  [[nodiscard]] SteadyTime steady_now() const {
    const SteadyTime now = SystemClock{}.steady_now();
    std::this_thread::sleep_for(std::chrono::microseconds{150});
    return now;
  }
};

}  // namespace

TEST_CASE("commands of many threads on a loop of many threads each end once", "[loop][hold][threads][I11][I24]") {
  constexpr int users = 3, rounds = 60, each = 4;
  std::atomic<int> calls{0}, applied{0}, unknown{0}, cancelled{0}, told{0};
  {
    ThreadedLoop loop(3);
    HoldController door{Policies{.transport = ThreadedCloud(loop, 300)}, settings()};
    std::atomic<int> inside{0};
    door.on_state([&](const ChannelStateEvent&) {
      if (inside.fetch_add(1) != 0) told = -1'000'000;  // two at a time
      ++told;
      inside.fetch_sub(1);
    });
    const auto count = [&](const Result<HoldResult>& result) {
      ++calls;
      if (result) {
        ++applied;
      } else if (result.error().outcome() == Outcome::unknown) {
        ++unknown;
      } else {
        ++cancelled;
      }
    };
    std::vector<std::thread> threads;
    for (int user = 0; user < users; ++user) {
      threads.emplace_back([&, user] {
        for (int round = 0; round < rounds; ++round) {
          std::vector<OperationHandle> handles;
          for (int i = 0; i < each; ++i) {
            const std::string id = interaction(user * 1000 + round * each + i);
            handles.push_back(door.start_hold(HoldRequest{id, "consultation", 5}, count));
            handles.push_back(door.start_unhold(UnholdRequest{id, 5}, count));
          }
          if (round % 5 == 0) handles[static_cast<std::size_t>(round) % handles.size()].cancel();
          if (round % 3 == 0) static_cast<void>(door.held());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    // Closed at once, the door of a busy machine would end everything before any of it was sent.
    while (applied == 0 && calls < users * rounds * each * 2) std::this_thread::sleep_for(milliseconds{1});
    std::atomic<bool> closed{false};
    door.start_close(seconds{20}, [&](const Result<void>&) { closed = true; });
    while (!closed) std::this_thread::sleep_for(milliseconds{1});
    loop.stop();
  }
  CHECK(calls == users * rounds * each * 2);
  CHECK(applied > 0);
  CHECK(told > 0);
  CHECK(applied + unknown + cancelled == calls);
}

TEST_CASE("a door is destroyed while its loop's threads are at work", "[loop][hold][threads][I23]") {
  for (int round = 0; round < 30; ++round) {
    std::atomic<int> calls{0};
    ThreadedLoop loop(3);
    {
      HoldController door{Policies{.transport = ThreadedCloud(loop, 20)}, settings()};
      for (int i = 0; i < 20; ++i) {
        door.start_hold(HoldRequest{interaction(i), "consultation", 5}, [&](const Result<HoldResult>&) { ++calls; });
        if (i % 2 == 0) door.start_unhold(UnholdRequest{interaction(i), 5}, [&](const Result<HoldResult>&) { ++calls; });
      }
      if (round % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds{round * 50});
    }
    loop.stop();
    CHECK(calls == 30);
  }
}

TEST_CASE("a token that fails on one thread while others wake the channel is told in order", "[loop][hold][threads][I11]") {
  constexpr int users = 3, rounds = 60;
  for (int round = 0; round < 4; ++round) {
    std::atomic<int> calls{0}, refused{0}, opened{0};
    ThreadedLoop loop(3);
    {
      Settings with = settings();
      with.deadline = milliseconds{300};
      HoldController door{Policies{.transport = TokenlessCloud(loop, opened), .clock = SlowClock{}}, with};
      std::vector<std::thread> threads;
      for (int user = 0; user < users; ++user) {
        threads.emplace_back([&, user] {
          for (int i = 0; i < rounds; ++i) {
            door.start_unhold(UnholdRequest{interaction(user * 1000 + i), 5}, [&](const Result<HoldResult>& result) {
              ++calls;
              if (!result && result.error().outcome() == Outcome::not_applied) ++refused;
            });
            std::this_thread::sleep_for(std::chrono::microseconds{200});
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
    }
    loop.stop();
    CHECK(calls == users * rounds);
    CHECK(refused == users * rounds);
    CHECK(opened == 0);  // never without a token
  }
}
