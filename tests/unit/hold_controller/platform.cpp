// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on the real platform's dialect: requests that are only accepted, confirmed by events or readings.
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "support/catch.hpp"
#include "support/platform_holds.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using cloud::Platform;
using std::chrono::minutes;
using test::PlatformHolds;

TEST_CASE("a hold on the platform is a request that an event confirms", "[hold][platform]") {
  PlatformHolds f(PlatformOptions{});
  auto door = f.door();
  REQUIRE(door.ready());
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK(held->resolved_by == ResolvedBy::answer);
  CHECK(held->attempts == 1);
  CHECK(held->http_status == 202);
  CHECK(f.held());
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().confirmed);
  const auto released = door.unhold(f.unhold());
  REQUIRE(released);
  CHECK_FALSE(f.held());
  CHECK(door.held().empty());
  CHECK(door.metrics()[HoldCount::acks_positive] == 2);
}

TEST_CASE("what is accepted and done later is waited for", "[hold][platform]") {
  PlatformOptions options;
  options.effect_delay = seconds{2};
  PlatformHolds f(options);
  SECTION("by its event") {
    auto door = f.door();
    REQUIRE(door.ready());
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK(held->resolved_by == ResolvedBy::answer);
    CHECK(held->ack_latency >= seconds{2});
  }
  SECTION("or, without a channel, by readings") {
    f.dialect.user.clear();
    auto door = f.door();
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK(held->resolved_by == ResolvedBy::state);
    CHECK(held->latency >= seconds{2});
    CHECK(f.held());
    const auto released = door.unhold(f.unhold());
    REQUIRE(released);
    CHECK(released->resolved_by == ResolvedBy::state);
    CHECK_FALSE(f.held());
  }
}

TEST_CASE("a hold that never takes effect is reported unknown", "[hold][platform][I4]") {
  PlatformHolds f;
  f.cloud.change([](PlatformModel& model) { model.find(platform_call)->participant(platform_agent)->in_consult = true; });
  f.settings.deadline = seconds{10};
  auto door = f.door();
  const auto held = door.hold(f.hold());
  REQUIRE_FALSE(held);
  CHECK(held.error().outcome() == Outcome::unknown);
  CHECK(held.error().code() == ErrorCode::outcome_unknown);
  REQUIRE(door.held().size() == 1);  // it may come: it is watched
  CHECK_FALSE(door.held().front().confirmed);
}

TEST_CASE("another's hold is adopted by the watchdog, and another's release ends it", "[hold][platform][B38]") {
  PlatformHolds f;
  auto door = f.door();
  REQUIRE(door.ready());
  f.cloud.change([](PlatformModel& model) { model.set_held(platform_call, platform_agent, true); });
  door.pump_for(seconds{1});
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().interaction == platform_call);
  CHECK(door.metrics()[HoldCount::holds_adopted] == 1);
  const auto again = door.hold(f.hold());
  REQUIRE(again);
  CHECK(again->already_held);
  f.cloud.change([](PlatformModel& model) { model.set_held(platform_call, platform_agent, false); });
  door.pump_for(seconds{1});
  CHECK(door.held().empty());
}

TEST_CASE("the watchdog releases by requests", "[hold][platform][B1][I15]") {
  PlatformHolds f;
  f.settings.hold.limit = HoldLimit::release;
  f.settings.hold.max_hold = minutes{5};
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  door.pump_for(minutes{4});
  CHECK(f.held());
  door.pump_for(minutes{2});
  CHECK_FALSE(f.held());
  CHECK(door.held().empty());
  CHECK(door.metrics()[HoldCount::watchdog_releases] == 1);
}

TEST_CASE("a closing that the server announces is followed by a handover", "[hold][platform][B36][I11]") {
  PlatformHolds f;
  std::vector<ChannelState> states;  // outlives the door, which tells of its end
  auto door = f.door();
  REQUIRE(door.ready());
  door.on_state([&](const ChannelStateEvent& event) { states.push_back(event.state); });
  REQUIRE(door.hold(f.hold()));
  f.cloud.change([](PlatformModel& model) { model.announce_closing(); });
  door.pump_for(seconds{2});
  CHECK(door.metrics()[HoldCount::handovers] == 1);
  CHECK(states.empty());  // it was open all the time
  door.pump_for(minutes{2});
  CHECK(door.metrics()[HoldCount::connects] == 2);
  CHECK(f.cloud.inspect([](const PlatformModel& model) { return model.channels().sockets(); }) == 1);
  REQUIRE(door.unhold(f.unhold()));
  CHECK_FALSE(f.held());
}

TEST_CASE("a channel is renewed long before its day is over", "[hold][platform]") {
  PlatformHolds f;
  auto door = f.door();
  REQUIRE(door.ready());
  const auto channels = [&] { return f.cloud.inspect([](const PlatformModel& model) { return model.channels().all().size(); }); };
  door.pump_for(std::chrono::hours{72});
  CHECK(door.state() == ChannelState::open);
  CHECK(door.metrics()[HoldCount::handovers] >= 5);
  CHECK(door.metrics()[HoldCount::connects] < 12);
  CHECK(channels() == 1);
}

TEST_CASE("a channel that is gone is made anew", "[hold][platform]") {
  PlatformHolds f;
  auto door = f.door();
  REQUIRE(door.ready());
  REQUIRE(door.hold(f.hold()));
  SECTION("because nobody renewed it") { f.cloud.change([](PlatformModel& model) { model.end_channels(); }); }
  SECTION("because the token was revoked") { f.cloud.change([](PlatformModel& model) { model.revoke_tokens(); }); }
  // What happens while nobody listens is read afterwards.
  f.cloud.change([](PlatformModel& model) { model.set_held(platform_call, platform_agent, false); });
  door.pump_for(minutes{1});
  CHECK(door.state() == ChannelState::open);
  CHECK(door.held().empty());
  REQUIRE(door.hold(f.hold()));
  CHECK(f.held());
}

TEST_CASE("a door without a channel is ready at once, and keeps its limits", "[hold][platform][B1][I15]") {
  PlatformHolds f;
  f.dialect.user.clear();
  f.settings.hold.max_hold = minutes{5};
  SECTION("while it is pumped") {
    f.settings.hold.limit = HoldLimit::release;
    auto door = f.door();
    REQUIRE(door.ready());
    REQUIRE(door.hold(f.hold()));
    door.pump_for(minutes{6});
    CHECK_FALSE(f.held());
    CHECK(door.held().empty());
    CHECK(door.state() == ChannelState::idle);
  }
  SECTION("while it runs") {
    std::stop_source stop;
    int told = 0;
    auto door = f.door();
    REQUIRE(door.hold(f.hold()));
    door.on_limit([&](const HoldLimitEvent& event) {
      if (event.kind == HoldLimitEvent::Kind::escalation && ++told == 2) stop.request_stop();
    });
    door.run(stop.get_token());
    CHECK(told == 2);
    CHECK(door.state() == ChannelState::idle);
  }
  REQUIRE(f.cloud.inspect([](const PlatformModel& model) { return model.channels().all().empty(); }));
}
