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

#include "thread_loop.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;
using patchbay::tests::ThreadLoop;

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
