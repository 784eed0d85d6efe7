// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on the real platform's dialect whose requests, events and readings come in unlucky orders: what is older never
// outdoes what is newer, and nobody stays on hold unwatched.
#include <string>
#include <string_view>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include <support/catch.hpp>
#include <support/platform_loop.hpp>

using namespace patchbay;
using namespace patchbay::testing;
using test::agents_call;
using test::conversations;
using test::Done;
using test::Ended;
using test::hold;
using test::unhold;
using World = test::PlatformLoop;
using std::chrono::minutes;

namespace {

/// The channel ends, and another is there.
template <class Door>
void reconnect(World& world, Door& door) {
  world.cut();
  REQUIRE(world.run_until([&] { return door.state() != ChannelState::open; }));
  REQUIRE(world.run_until([&] { return door.state() == ChannelState::open; }));
}
/// The exchange that is on its way is served, and its answer takes `span`.
void answer_late(World& world, Duration span) {
  const std::size_t before = world.cloud.exchanges();
  world.run_for(milliseconds{1});
  world.transport.latency(span);
  REQUIRE(world.run_until([&] { return world.cloud.exchanges() == before + 1; }));
  world.transport.latency(milliseconds{1});
}

}  // namespace

TEST_CASE("a slow reading from before a hold does not end the watch over it", "[loop][hold][platform][I13][I15]") {
  World world;
  auto door = world.door();
  world.open(door);
  Ended held;
  world.start_slow_hold(door, held, seconds{3});
  reconnect(world, door);
  // The look behind the gap sees that nobody is on hold, and says so when the hold is long confirmed.
  REQUIRE(world.run_until([&] { return world.transport.under_way() == 2; }));
  answer_late(world, seconds{6});
  world.await(held);
  world.run_for(minutes{1});
  REQUIRE(world.held());
  CHECK(door.held().size() == 1);
  world.run_for(minutes{30});
  CHECK(door.metrics()[HoldCount::watchdog_escalations] > 0);
}

TEST_CASE("another's hold that is heard of during our reading stays watched", "[loop][hold][platform][B38][I13]") {
  World world;
  auto door = world.door();
  world.open(door);
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).answer(403); });
  Ended held;
  door.start_hold(hold(), held.handler());
  REQUIRE(world.run_until([&] { return world.transport.under_way() == 1; }));
  answer_late(world, seconds{3});  // nobody is on hold
  world.cloud.change([](PlatformModel& model) { model.set_held(agents_call(), platform_agent, true); });
  world.run_for(seconds{1});
  REQUIRE(door.held().size() == 1);
  world.await(held);
  world.run_for(minutes{20});
  CHECK(door.held().size() == 1);
  CHECK(door.metrics()[HoldCount::watchdog_escalations] > 0);
}

TEST_CASE("a hold that backs off is not sent behind the release that takes its place, nor behind the door's end",
          "[loop][hold][platform][I6]") {
  World world;
  auto door = world.door();
  world.open(door);
  Ended held, released;
  Done closed;
  world.cloud.plan([](FaultPlan& plan) {
    plan.on("PATCH", std::string(conversations)).answer(429, {{"Retry-After", "3"}});
  });
  door.start_hold(hold(), held.handler());
  world.run_for(seconds{1});
  REQUIRE(held.calls == 0);
  SECTION("a release") {
    door.start_unhold(unhold(), released.handler());
    world.await(released);
    world.await(held);
    REQUIRE_FALSE(held.result->has_value());
    CHECK(held.result->error().code() == ErrorCode::cancelled);
  }
  SECTION("the end") {
    door.start_close(seconds{10}, closed.handler());
    world.await(held);
    REQUIRE_FALSE(held.result->has_value());
    CHECK(held.result->error().code() == ErrorCode::closed);
  }
  CHECK(held.result->error().outcome() == Outcome::not_applied);
  world.run_for(minutes{1});
  CHECK(world.count(AppliedOperation::Kind::hold) == 0);
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
}

TEST_CASE("a release that is confirmed behind a reading ends the watch", "[loop][hold][platform][I13]") {
  World world;
  auto door = world.door();
  world.open(door);
  Ended held, released;
  door.start_hold(hold(), held.handler());
  world.await(held);
  REQUIRE(held.result->has_value());
  world.cut();
  REQUIRE(world.run_until([&] { return door.state() != ChannelState::open; }));
  door.start_unhold(unhold(), released.handler());
  world.transport.latency(seconds{3});  // its request is on its way for so long
  world.run_for(milliseconds{1});
  world.transport.latency(milliseconds{1});
  world.await(released);
  REQUIRE(released.result->has_value());
  world.run_for(seconds{30});
  CHECK(door.held().empty());
  world.run_for(minutes{20});
  CHECK(door.metrics()[HoldCount::watchdog_escalations] == 0);
}

TEST_CASE("a release is not done before the hold that it follows has landed", "[loop][hold][platform][I4][I13]") {
  const int apart = GENERATE(range(10, 400, 30));
  CAPTURE(apart);
  PlatformOptions options;
  options.effect_delay = milliseconds{300};
  World world(1, options);
  world.dialect.user.clear();  // no channel: readings tell
  auto door = world.door();
  Ended held, released;
  door.start_hold(hold(), held.handler());
  world.run_for(milliseconds{apart});
  door.start_unhold(unhold(), released.handler());
  world.await(released);
  if (released.result->has_value()) CHECK(world.cloud.inspect([](const PlatformModel& model) { return model.pending(); }) == 0);
  world.await(held);
  world.run_for(minutes{3});
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
}
