// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include <support/catch.hpp>
#include <support/loop_world.hpp>
#include <support/platform_holds.hpp>

// What the tests of holds on the real platform's dialect and on event loops have alike.
namespace patchbay::test {

/// Where requests about conversations go, for plans of faults.
inline constexpr std::string_view conversations = "/api/v2/conversations/";

[[nodiscard]] inline HoldRequest hold(std::size_t i = 0) { return HoldRequest{agents_call(i), "consultation", 5}; }
[[nodiscard]] inline UnholdRequest unhold(std::size_t i = 0) { return UnholdRequest{agents_call(i), 5}; }

/// A platform with an agent's calls behind an event loop.
class PlatformLoop : public LoopWorld<testing::SimulatedPlatform> {
 public:
  explicit PlatformLoop(std::size_t calls = 1, testing::PlatformOptions options = {})
      : LoopWorld(platform_settings(), unlimited(with_agent(std::move(options)))) {
    cloud.change([&](testing::PlatformModel& model) { add_agents_calls(model, calls); });
  }
  static testing::PlatformOptions unlimited(testing::PlatformOptions options) {
    options.rate_limit = 0;
    return options;
  }
  auto door() {
    return HoldController{Policies{.transport = transport, .clock = loop.clock(), .dialect = dialect}, settings};
  }
  template <class Door>
  void open(Door& door) {
    Done ready;
    door.start_ready(std::nullopt, ready.handler());
    await(ready);
    REQUIRE(ready.result->has_value());
  }
  /// What happens until the next connection is told to nobody.
  void cut() {
    for (testing::ChannelPeer& each : cloud.channels()) each.cut();
  }
  [[nodiscard]] bool held(std::size_t i = 0) const { return is_held(cloud, agents_call(i)); }
  [[nodiscard]] std::size_t count(testing::AppliedOperation::Kind kind) const { return operations_of(cloud, kind); }
  [[nodiscard]] std::size_t sockets() const {
    return cloud.inspect([](const testing::PlatformModel& model) { return model.channels().sockets(); });
  }
  /// Begins a hold, whose request has left and arrives in `span`; what is begun from then on is as fast as ever.
  template <class Door>
  OperationHandle start_slow_hold(Door& door, Ended& ended, Duration span) {
    const std::size_t before = cloud.exchanges();
    OperationHandle handle = door.start_hold(hold(), ended.handler());
    REQUIRE(run_until([&] { return cloud.exchanges() == before + 1; }));  // the reading has arrived
    run_for(milliseconds{1});                                             // so has its answer
    transport.latency(span);
    run_for(milliseconds{1});
    transport.latency(milliseconds{1});
    REQUIRE(cloud.exchanges() == before + 1);
    REQUIRE(transport.under_way() == 1);
    return handle;
  }

  cloud::Platform dialect = cloud::Platform::of_user(std::string(testing::platform_user));
};

}  // namespace patchbay::test
