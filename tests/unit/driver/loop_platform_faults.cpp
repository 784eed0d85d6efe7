// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What a door on the platform and an event loop owes by itself when something goes wrong: releases behind holds that they
// overtook, of one that is being closed too; many at once; and readings that come to nothing.
#include <algorithm>  // max
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/driver/hold_outbox.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulated_disk.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include <support/catch.hpp>
#include <support/platform_loop.hpp>

using namespace patchbay;
using namespace patchbay::testing;
using test::conversations;
using test::Done;
using test::Ended;
using test::hold;
using test::unhold;
using World = test::PlatformLoop;
using std::chrono::minutes;

namespace {

std::string call(std::size_t i = 0) { return test::agents_call(i); }

}  // namespace

TEST_CASE("a door that is closed behind a confirmed release leaves nobody on hold", "[loop][hold][platform][I4][I6][I23]") {
  for (const bool channel : {true, false})
    for (const bool backs_off : {true, false}) {
      CAPTURE(channel, backs_off);
      World world;
      if (!channel) world.dialect.user.clear();
      auto door = world.door();
      Ended warm, held, released;
      if (channel) world.open(door);
      door.start_unhold(unhold(), warm.handler());  // which has a token fetched
      world.await(warm);
      if (backs_off) {
        world.cloud.plan([](FaultPlan& plan) {
          plan.on("PATCH", std::string(conversations)).answer(429, {{"Retry-After", "3"}});
        });
        door.start_hold(hold(), held.handler());
        world.run_for(seconds{1});
        REQUIRE(held.calls == 0);
      } else {
        world.start_slow_hold(door, held, seconds{1});
      }
      door.start_unhold(unhold(), released.handler());
      world.await(released);
      REQUIRE(released.result->has_value());
      REQUIRE_FALSE(world.held());
      Done closed;
      door.start_close(seconds{20}, closed.handler());
      world.await(closed);
      CHECK(closed.result->has_value());
      CHECK_FALSE(world.held());
      if (!backs_off) CHECK(world.count(AppliedOperation::Kind::hold) == 1);
      world.run_for(minutes{1});
      CHECK(held.calls == 1);
      CHECK_FALSE(world.held());
      CHECK(world.transport.under_way() == 0);
    }
}

TEST_CASE("closing waits no longer than it may for a release that is owed, and says that it was",
          "[loop][hold][platform][I23]") {
  World world;
  auto door = world.door();
  world.open(door);
  Ended held, released;
  world.start_slow_hold(door, held, seconds{1});
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).skip(2).always().answer(503); });
  door.start_unhold(unhold(), released.handler());
  world.await(released);
  const SteadyTime when = world.loop.clock().steady_now();
  Done closed;
  door.start_close(seconds{5}, closed.handler());
  world.await(closed);
  CHECK(world.loop.clock().steady_now() - when <= seconds{5} + milliseconds{300});
  CHECK_FALSE(closed.result->has_value());
  world.await(held);
  CHECK(world.held());
  // What was begun ends, and nothing else is.
  world.run_for(minutes{1});
  const std::size_t before = world.cloud.exchanges();
  world.run_for(minutes{5});
  CHECK(world.cloud.exchanges() == before);
  world.loop.run();
  CHECK(world.transport.under_way() == 0);
}

TEST_CASE("a release whose requests were all refused is not in doubt, whatever ends it", "[loop][hold][platform][I4][I23]") {
  World world;
  auto door = world.door();
  world.open(door);
  world.cloud.plan([](FaultPlan& plan) {
    plan.on("PATCH", std::string(conversations)).always().answer(429, {{"Retry-After", "8"}});
  });
  Ended released;
  UnholdRequest request = unhold();
  request.deadline(seconds{20});
  door.start_unhold(request, released.handler());
  world.run_for(seconds{1});
  REQUIRE(released.calls == 0);  // it waits to try again
  SECTION("its deadline") {}
  SECTION("a stop") {
    Done closed;
    door.start_close(seconds{2}, closed.handler());
    world.await(closed);
  }
  world.await(released);
  REQUIRE_FALSE(released.result->has_value());
  CHECK(released.result->error().outcome() == Outcome::not_applied);
  CHECK(world.count(AppliedOperation::Kind::unhold) == 0);
}

TEST_CASE("a hold that was refused for its token, of which a copy may have been done, is in doubt, whatever ends it",
          "[loop][hold][platform][I4][I13]") {
  World world;
  auto door = world.door();
  world.open(door);
  world.cloud.plan([](FaultPlan& plan) {
    plan.on("PATCH", std::string(conversations)).after_applying().answer(401);
    plan.on("POST", "/oauth/token").always().delay(minutes{1});
  });
  Ended held;
  HoldRequest request = hold();
  request.deadline(seconds{20});
  door.start_hold(request, held.handler());
  world.run_for(seconds{1});
  REQUIRE(held.calls == 0);  // it waits for a newer token
  SECTION("its deadline") {
    world.await(held);
    CHECK(door.held().size() == 1);
  }
  SECTION("a stop") {
    Done closed;
    door.start_close(seconds{2}, closed.handler());
    world.await(closed);
    world.await(held);
  }
  REQUIRE_FALSE(held.result->has_value());
  CHECK(held.result->error().outcome() == Outcome::unknown);
}

TEST_CASE("a hold that was refused for its token is not sent behind a release, nor forgotten: a copy of it may have been done",
          "[loop][hold][platform][I4][I6][I13]") {
  World world;
  auto door = world.door();
  world.open(door);
  world.cloud.plan([](FaultPlan& plan) {
    plan.on("PATCH", std::string(conversations)).after_applying().answer(401);
    plan.on("POST", "/oauth/token").delay(seconds{5});
    plan.on("PATCH", std::string(conversations)).always().answer(403);  // the releases'
  });
  Ended held, released;
  door.start_hold(hold(), held.handler());
  world.run_for(seconds{1});
  REQUIRE(held.calls == 0);  // it waits for a newer token
  door.start_unhold(unhold(), released.handler());
  world.await(held);
  world.await(released);
  CHECK(world.count(AppliedOperation::Kind::hold) == 1);
  REQUIRE_FALSE(released.result->has_value());
  // Whatever is said of it, it is held, and watched.
  CHECK((held.result->has_value() || held.result->error().outcome() == Outcome::unknown));
  CHECK(door.held().size() == 1);
}

TEST_CASE("what came of a hold is not asked again and again with a token that is refused", "[loop][hold][platform][A11][I10]") {
  World world;
  world.dialect.user.clear();  // nobody tells
  auto door = world.door();
  const std::string all(conversations);
  world.cloud.plan([&](FaultPlan& plan) { plan.on("GET", all).skip(1).always().answer(401); });
  Ended held;
  door.start_hold(hold(), held.handler());
  world.await(held);
  REQUIRE_FALSE(held.result->has_value());
  CHECK(held.result->error().outcome() == Outcome::unknown);
  // Two tokens, the reading before the hold, the hold, and what came of it with either token.
  CHECK(world.cloud.exchanges() == 6);
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
}

TEST_CASE("recovery gets through with what is over, whatever releases its limit asks for", "[loop][hold][platform][journal][B6]") {
  World world;
  world.dialect.user.clear();  // nobody tells
  world.settings.hold.limit = HoldLimit::release;
  const auto disk = std::make_shared<SimulatedDisk>();
  const auto start = [&] {
    auto journal = Journal::open(disk);
    REQUIRE(journal);
    world.settings.journal = std::move(*journal);
  };
  start();
  {
    auto door = world.door();
    world.cloud.plan([](FaultPlan& plan) {
      plan.on("PATCH", std::string(conversations)).always().after_applying().timeout();
      plan.on("GET", std::string(conversations)).skip(1).always().answer(503);
    });
    Ended held;
    door.start_hold(hold(), held.handler());
    world.await(held);
    REQUIRE_FALSE(held.result->has_value());
    REQUIRE(held.result->error().outcome() == Outcome::unknown);
    REQUIRE(world.settings.journal->flush());
    world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  }
  world.settings.journal.reset();
  world.cloud.change([](PlatformModel& model) { model.end(call()); });
  world.run_for(minutes{20});
  start();
  REQUIRE(world.settings.journal->unresolved(call()));
  auto door = world.door();
  int recovered = 0;
  door.start_recover(minutes{3}, [&](const Result<RecoveryReport>& report) { recovered += report && report->complete() ? 1 : 0; });
  world.run_for(minutes{3});
  CHECK(recovered == 1);
  CHECK_FALSE(world.settings.journal->unresolved(call()));
  CHECK(door.held().empty());
  const std::size_t before = world.cloud.exchanges();
  world.run_for(minutes{3});
  CHECK(world.cloud.exchanges() - before < 5);
}

TEST_CASE("the watchdog's releases are sent so many at a time, until all are through", "[loop][hold][platform][I14][I20]") {
  constexpr std::size_t many = 100;
  World world(many);
  world.settings.hold.limit = HoldLimit::release;
  auto door = world.door();
  world.open(door);
  std::vector<Ended> held(many);
  for (std::size_t i = 0; i < many; ++i) door.start_hold(hold(i), held[i].handler());
  for (Ended& each : held) world.await(each);
  world.run_for(minutes{14});
  REQUIRE(door.held().size() == many);
  world.transport.latency(seconds{1});
  std::size_t most = 0;
  const SteadyTime until = after(world.loop.clock().steady_now(), minutes{3});
  world.run_until([&] {
    most = std::max(most, world.transport.under_way());
    return world.loop.clock().steady_now() >= until;
  });
  CHECK(most >= HoldOutbox::max_releases);
  CHECK(most <= HoldOutbox::max_releases + HoldOutbox::max_looks + 1);  // and perhaps a token
  CHECK(door.held().empty());
  for (std::size_t i = 0; i < many; ++i) CHECK_FALSE(world.held(i));
}

TEST_CASE("a reading behind a gap that comes to nothing is made again", "[loop][hold][platform][I13]") {
  World world;
  auto door = world.door();
  world.open(door);
  Ended held;
  door.start_hold(hold(), held.handler());
  world.await(held);
  REQUIRE(held.result->has_value());
  world.cut();
  world.cloud.change([](PlatformModel& model) { model.set_held(call(), platform_agent, false); });
  world.cloud.plan([](FaultPlan& plan) { plan.on("GET", std::string(conversations)).times(8).answer(503); });
  world.run_for(minutes{5});
  CHECK(door.state() == ChannelState::open);
  CHECK(door.held().empty());
  // Nor for ever, once one has told.
  const std::size_t before = world.cloud.exchanges();
  world.run_for(minutes{11});
  CHECK(door.metrics()[HoldCount::watchdog_escalations] == 0);
  CHECK(world.cloud.exchanges() - before < 8);
}

TEST_CASE("what an old connection said before it was replaced is heard", "[loop][hold][platform][B36]") {
  for (int wait = 0; wait < 60; ++wait) {
    CAPTURE(wait);
    World world;
    auto door = world.door();
    world.open(door);
    world.cloud.change([](PlatformModel& model) { model.announce_closing(); });
    for (int i = 0; i < wait; ++i) world.loop.run_one();
    world.cloud.change([](PlatformModel& model) { model.set_held(call(), platform_agent, true); });
    world.run_for(seconds{30});
    CHECK(door.held().size() == 1);
  }
}
