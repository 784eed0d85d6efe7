// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Holds on the platform's dialect from several threads at once: one channel, whose leader hears for all, carries out
// what the door owes, and hands the channel over under way.
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "support/catch.hpp"
#include "support/platform_holds.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using test::agents_call;

TEST_CASE("threads hold and release over one channel while it is cut, handed over and made anew",
          "[hold][platform][threads][B36][I4][I11][I13][I24]") {
  constexpr std::size_t threads = 4, rounds = 12;
  ManualClock clock;
  PlatformOptions options;
  options.rate_limit = 0;
  SimulatedPlatform cloud(clock, test::with_agent(options));
  cloud.change([](PlatformModel& model) { test::add_agents_calls(model, threads); });
  const auto held = [&](std::size_t i) { return test::is_held(cloud, agents_call(i)); };
  Settings settings = test::platform_settings();
  settings.deadline = std::chrono::minutes{10};  // of a time that all threads share, each of which moves it on
  HoldController door{
      Policies{.transport = cloud, .clock = clock, .dialect = cloud::Platform::of_user(std::string(platform_user))},
      settings};
  std::atomic<std::size_t> asked{0}, lies{0};
  std::vector<std::thread> all;
  for (std::size_t i = 0; i < threads; ++i)
    all.emplace_back([&, i] {
      for (std::size_t round = 0; round < rounds; ++round) {
        // Nobody else touches this thread's call, so that what is said can be held against what is.
        const auto put = door.hold(HoldRequest{agents_call(i), "consultation", 5});
        if (put ? !held(i) : put.error().outcome() == Outcome::not_applied && held(i)) ++lies;
        if (i == 0 && round % 4 == 1) cloud.change([](PlatformModel& model) { model.announce_closing(); });
        if (i == 1 && round % 4 == 2)
          for (ChannelPeer& each : cloud.channels()) each.cut();
        if (i == 2 && round % 4 == 3) cloud.change([](PlatformModel& model) { model.end_channels(); });
        const auto taken = door.unhold(UnholdRequest{agents_call(i), 5});
        if (taken && held(i)) ++lies;
        asked += 2;
      }
    });
  for (std::thread& each : all) each.join();
  CHECK(lies == 0);
  CHECK(asked == 2 * threads * rounds);
  for (std::size_t i = 0; i < threads; ++i) REQUIRE(door.unhold(UnholdRequest{agents_call(i), 5}));
  door.pump_for(std::chrono::minutes{3});
  CHECK(door.held().empty());
  const HoldMetricsSnapshot metrics = door.metrics();
  CHECK(metrics.pending() == 0);
  CHECK(metrics[HoldCount::submitted] >= 2 * threads * rounds);
  CHECK(cloud.inspect([](const PlatformModel& model) { return model.channels().sockets(); }) <= 1);
  REQUIRE(door.close(seconds{1}));
  CHECK(cloud.channels().empty());
}
