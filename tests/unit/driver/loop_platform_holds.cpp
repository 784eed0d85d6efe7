// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on the real platform's dialect and on an event loop: requests and events at the same time, releases that
// overtake their holds, channels handed over under way, and doors, loops and processes that end at any point.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
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

TEST_CASE("a hold and its release on the platform and an event loop", "[loop][hold][platform][I4]") {
  World world;
  auto door = world.door();
  world.open(door);
  Ended held, released;
  door.start_hold(hold(), held.handler());
  CHECK(held.calls == 0);
  world.await(held);
  if (!held.result->has_value()) FAIL(held.result->error().describe());
  CHECK((*held.result)->attempts == 1);
  CHECK((*held.result)->resolved_by == ResolvedBy::answer);
  CHECK((*held.result)->http_status == 202);
  CHECK(world.held());
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().confirmed);
  door.start_unhold(unhold(), released.handler());
  world.await(released);
  REQUIRE(released.result->has_value());
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
  Done closed;
  door.start_close(seconds{1}, closed.handler());
  world.await(closed);
  CHECK(closed.result->has_value());
  CHECK(world.cloud.channels().empty());
  world.loop.run();
  CHECK(world.loop.pending() == 0);
  CHECK(world.transport.under_way() == 0);
}

TEST_CASE("what is done seconds after it was accepted is waited for on an event loop", "[loop][hold][platform]") {
  PlatformOptions options;
  options.effect_delay = seconds{2};
  World world(1, options);
  SECTION("by its event") {}
  SECTION("by readings, without a channel") { world.dialect.user.clear(); }
  auto door = world.door();
  if (!world.dialect.user.empty()) world.open(door);
  Ended held, released;
  door.start_hold(hold(), held.handler());
  world.await(held);
  REQUIRE(held.result->has_value());
  CHECK((*held.result)->resolved_by == (world.dialect.user.empty() ? ResolvedBy::state : ResolvedBy::answer));
  CHECK((*held.result)->latency >= seconds{2});
  door.start_unhold(unhold(), released.handler());
  world.await(released);
  REQUIRE(released.result->has_value());
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
}

TEST_CASE("two hundred calls are held and released at once over one channel", "[loop][hold][platform][I11][I20]") {
  constexpr std::size_t many = 200;
  World world(many);
  auto door = world.door();
  world.open(door);
  std::vector<Ended> held(many), released(many);
  for (std::size_t i = 0; i < many; ++i) door.start_hold(hold(i), held[i].handler());
  for (Ended& each : held) {
    world.await(each);
    REQUIRE(each.result->has_value());
    CHECK((*each.result)->resolved_by == ResolvedBy::answer);
  }
  CHECK(door.held().size() == many);
  CHECK(world.sockets() == 1);
  for (std::size_t i = 0; i < many; ++i) door.start_unhold(unhold(i), released[i].handler());
  for (Ended& each : released) {
    world.await(each);
    REQUIRE(each.result->has_value());
  }
  CHECK(door.held().empty());
  CHECK(world.count(AppliedOperation::Kind::hold) == many);
  CHECK(world.count(AppliedOperation::Kind::unhold) == many);
}

TEST_CASE("a release that overtakes its hold on the way is sent again behind it", "[loop][hold][platform][I6][I14]") {
  for (const bool done : {true, false}) {
    CAPTURE(done);
    World world;
    auto door = world.door();
    world.open(door);
    Ended held, released;
    world.start_slow_hold(door, held, seconds{1});
    if (!done)
      world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).skip(1).answer(403); });
    door.start_unhold(unhold(), released.handler());
    world.await(released);
    REQUIRE(released.result->has_value());
    world.await(held);
    CHECK(held.result->has_value() == done);
    world.run_for(seconds{20});
    CHECK(world.count(AppliedOperation::Kind::hold) == (done ? 1U : 0U));
    CHECK(world.count(AppliedOperation::Kind::unhold) == (done ? 2U : 1U));
    CHECK_FALSE(world.held());
    CHECK(door.held().empty());
  }
}

TEST_CASE("a hold that was asked for behind a release does not give way to that release's repeat",
          "[loop][hold][platform][I4][I6]") {
  for (int wait = 0; wait < 60; ++wait) {
    CAPTURE(wait);
    World world;
    auto door = world.door();
    world.open(door);
    Ended first, released, again;
    world.start_slow_hold(door, first, milliseconds{30});
    door.start_unhold(unhold(), released.handler());
    world.run_for(milliseconds{wait});
    door.start_hold(hold(), again.handler());
    world.await(first);
    world.await(released);
    world.await(again);
    REQUIRE(first.result->has_value());
    REQUIRE(released.result->has_value());
    if (!again.result->has_value()) FAIL_CHECK(again.result->error().describe());
    world.run_for(seconds{30});
    CHECK(world.held());
    CHECK(door.held().size() == 1);
  }
}

TEST_CASE("a hold that is cancelled anywhere on the platform tells the truth",
          "[loop][hold][platform][I4][I23][cancellation]") {
  int not_applied = 0, resolved = 0, done = 0;
  for (std::size_t steps = 0;; ++steps) {
    CAPTURE(steps);
    World world;
    auto door = world.door();
    Ended ended;
    const OperationHandle handle = door.start_hold(hold(), ended.handler());
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
    const bool over = ended.calls != 0;
    handle.cancel();
    world.await(ended);
    if (ended.result->has_value()) {
      ++done;
      resolved += (*ended.result)->attempts == 1 && !over ? 1 : 0;
      CHECK(world.held());
      CHECK(door.held().size() == 1);
    } else if (ended.result->error().outcome() == Outcome::not_applied) {
      ++not_applied;
      CHECK(ended.result->error().code() == ErrorCode::cancelled);
      CHECK(door.held().empty());
      world.run_for(seconds{5});
      CHECK_FALSE(world.held());
    } else {
      CHECK(door.held().size() == 1);
    }
    CHECK(ended.calls == 1);
    if (over) break;
  }
  CHECK(not_applied > 0);
  CHECK(done > 0);
  CHECK(resolved > 0);  // cancelled when it was sent, and found out
}

TEST_CASE("a release that is cancelled anywhere on the platform tells the truth",
          "[loop][hold][platform][I4][I14][cancellation]") {
  int not_applied = 0, done = 0;
  for (std::size_t steps = 0;; ++steps) {
    CAPTURE(steps);
    World world;
    auto door = world.door();
    world.open(door);
    Ended held, ended;
    door.start_hold(hold(), held.handler());
    world.await(held);
    REQUIRE(held.result->has_value());
    const OperationHandle handle = door.start_unhold(unhold(), ended.handler());
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
    const bool over = ended.calls != 0;
    handle.cancel();
    world.await(ended);
    if (ended.result->has_value()) {
      ++done;
      CHECK_FALSE(world.held());
    } else {
      not_applied += ended.result->error().outcome() == Outcome::not_applied ? 1 : 0;
      if (ended.result->error().outcome() == Outcome::not_applied) CHECK(world.held());
      world.run_for(seconds{5});
      CHECK(door.held().size() == (world.held() ? 1U : 0U));  // an event, or a reading, has told
    }
    CHECK(ended.calls == 1);
    if (over) break;
  }
  CHECK(not_applied > 0);
  CHECK(done > 0);
}

TEST_CASE("a channel is handed over while commands are under way", "[loop][hold][platform][B36][I11]") {
  PlatformOptions options;
  options.effect_delay = milliseconds{20};
  std::size_t handovers = 0;
  for (std::size_t steps = 0; steps < 60; ++steps) {
    CAPTURE(steps);
    World world(2, options);
    auto door = world.door();
    world.open(door);
    std::size_t most = 0;
    const auto look = [&] { most = std::max(most, world.cloud.channels().size()); };
    Ended held[2], released;
    door.start_hold(hold(0), held[0].handler());
    world.cloud.change([](PlatformModel& model) { model.announce_closing(); });
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one(), look();
    door.start_hold(hold(1), held[1].handler());
    for (Ended& each : held) {
      world.run_until([&] { return look(), each.calls != 0; });
      REQUIRE(each.calls == 1);
      REQUIRE(each.result->has_value());
    }
    door.start_unhold(unhold(0), released.handler());
    world.await(released);
    REQUIRE(released.result->has_value());
    world.run_for(minutes{2});
    CHECK(most <= 2);
    CHECK(world.sockets() == 1);
    CHECK(door.state() == ChannelState::open);
    CHECK(door.metrics()[HoldCount::connects] == 2);
    handovers += door.metrics()[HoldCount::handovers];
    CHECK(door.held().size() == 1);
    // The connection that took the place tells of what others do.
    world.cloud.change([](PlatformModel& model) { model.set_held(call(1), platform_agent, false); });
    world.run_for(seconds{1});
    CHECK(door.held().empty());
  }
  CHECK(handovers >= 50);
}

TEST_CASE("a connection that ends at any point of a hold on the platform loses no command",
          "[loop][hold][platform][B16][I4]") {
  for (const bool announced : {true, false})
    for (std::size_t steps = 0; steps < 50; ++steps) {
      CAPTURE(announced, steps);
      World world;
      auto door = world.door();
      world.open(door);
      Ended held;
      door.start_hold(hold(), held.handler());
      if (announced) world.cloud.change([](PlatformModel& model) { model.announce_closing(); });
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      world.cut();
      world.await(held);
      REQUIRE(held.result->has_value());
      world.run_for(minutes{1});
      CHECK(door.state() == ChannelState::open);
      CHECK(world.sockets() == 1);
      CHECK(world.count(AppliedOperation::Kind::hold) == 1);
      REQUIRE(door.held().size() == 1);
      CHECK(door.held().front().confirmed);
    }
}

TEST_CASE("a channel that ends while its next connection is made is followed by a new one",
          "[loop][hold][platform][B36]") {
  for (const bool revoked : {true, false})
    for (std::size_t steps = 0; steps < 40; ++steps) {
      CAPTURE(revoked, steps);
      World world;
      auto door = world.door();
      world.open(door);
      world.cloud.change([](PlatformModel& model) { model.announce_closing(); });
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      world.cloud.change([&](PlatformModel& model) { revoked ? model.revoke_tokens() : model.end_channels(); });
      world.run_for(minutes{2});
      CHECK(door.state() == ChannelState::open);
      CHECK(world.sockets() == 1);
      world.cloud.change([](PlatformModel& model) { model.set_held(call(), platform_agent, true); });
      world.run_for(seconds{1});
      CHECK(door.held().size() == 1);  // it hears
    }
}

TEST_CASE("behind a gap a few readings at a time tell what became of many holds", "[loop][hold][platform][I20]") {
  constexpr std::size_t many = 100;
  World world(many);
  auto door = world.door();
  world.open(door);
  std::vector<Ended> held(many);
  for (std::size_t i = 0; i < many; ++i) door.start_hold(hold(i), held[i].handler());
  for (Ended& each : held) {
    world.await(each);
    REQUIRE(each.result->has_value());
  }
  world.cut();
  world.cloud.change([](PlatformModel& model) {
    for (std::size_t i = 0; i < many; i += 2) model.set_held(call(i), platform_agent, false);
  });
  std::size_t most = 0;
  world.run_until([&] {
    if (door.state() == ChannelState::open) most = std::max(most, world.transport.under_way());
    return door.held().size() == many / 2;
  });
  CHECK(door.held().size() == many / 2);
  CHECK(most >= 2);
  CHECK(most <= 8);
  // A release is not kept waiting by them.
  Ended released;
  door.start_unhold(unhold(1), released.handler());
  world.await(released);
  REQUIRE(released.result->has_value());
  world.run_for(minutes{1});
  CHECK(door.held().size() == many / 2 - 1);
}

TEST_CASE("the watchdog's release on an event loop goes on until it is through", "[loop][hold][platform][B2][I15]") {
  World world;
  world.settings.hold.limit = HoldLimit::release;
  auto door = world.door();
  world.open(door);
  Ended held;
  door.start_hold(hold(), held.handler());
  world.await(held);
  REQUIRE(held.result->has_value());
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).times(10).answer(503); });
  world.run_for(minutes{14});
  CHECK(world.held());
  world.run_for(minutes{5});
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
  CHECK(door.metrics()[HoldCount::watchdog_releases] >= 1);
}

TEST_CASE("a door on the platform that is destroyed at any point ends its commands truthfully",
          "[loop][hold][platform][I23][B35]") {
  for (std::size_t steps = 0; steps < 90; ++steps) {
    CAPTURE(steps);
    World world(4);
    world.settings.hold.limit = HoldLimit::release;
    Ended ended[4];
    Done ready, run;
    int told = 0;
    {
      auto door = world.door();
      door.on_state([&](const ChannelStateEvent&) { ++told; });
      door.on_quality([&](const QualityEvent&) { ++told; });
      door.start_run(run.handler());
      for (std::size_t i = 0; i < 3; ++i) door.start_hold(hold(i), ended[i].handler());
      door.start_unhold(unhold(0), ended[3].handler());
      door.start_ready(std::nullopt, ready.handler());
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      // Somebody else's hold, and a gap, so that there are readings under way.
      world.cloud.change([](PlatformModel& model) { model.set_held(call(3), platform_agent, true); });
      if (steps % 2 == 0)
        world.cut();
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      told = 0;
    }
    CHECK(world.loop.run() < 5000);  // nothing goes on for ever
    CHECK(told == 0);
    for (std::size_t i = 0; i < 4; ++i) {
      REQUIRE(ended[i].calls == 1);
      if (ended[i].result->has_value()) continue;
      const ErrorCode code = ended[i].result->error().code();
      CHECK((code == ErrorCode::cancelled || code == ErrorCode::closed || code == ErrorCode::outcome_unknown));
      if (ended[i].result->error().outcome() == Outcome::not_applied && i > 0 && i < 3) CHECK_FALSE(world.held(i));
    }
    CHECK(ready.calls == 1);
    CHECK(run.calls == 1);
    CHECK(world.transport.under_way() == 0);
    CHECK(world.cloud.channels().empty());
  }
}

TEST_CASE("a loop that is torn down at any point of a hold on the platform leaves nothing behind",
          "[loop][hold][platform][I20][I23]") {
  for (std::size_t steps = 0; steps < 90; ++steps) {
    CAPTURE(steps);
    World world(2);
    const auto witness = std::make_shared<int>(0);
    int calls = 0;
    const auto handler = [&calls, witness](const auto&) { ++calls; };
    {
      auto door = world.door();
      std::vector<OperationHandle> handles;
      handles.push_back(door.start_run(handler));
      for (std::size_t i = 0; i < 4; ++i) handles.push_back(door.start_hold(hold(i % 2), handler));
      handles.push_back(door.start_unhold(unhold(0), handler));
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      if (steps % 2 == 0) world.cloud.change([](PlatformModel& model) { model.announce_closing(); });
      if (steps % 3 == 0)
        world.cut();
      for (std::size_t i = 0; i < steps % 17; ++i) world.loop.run_one();
      if (steps % 5 == 0) handles[1].cancel();
      if (steps % 4 == 0) handles.push_back(door.start_close(seconds{1}, handler));
      const int before = calls;
      world.transport.tear_down();
      CHECK(calls == before);
      for (const OperationHandle& each : handles) each.cancel();
      CHECK(calls == before);
      CHECK(witness.use_count() == 2);  // this one, and the lambda's here
    }
  }
}

TEST_CASE("closing a door on the platform waits for what is under way, and no longer than it may",
          "[loop][hold][platform][B35][I23]") {
  for (const bool answers : {true, false}) {
    CAPTURE(answers);
    World world;
    auto door = world.door();
    world.open(door);
    Ended held;
    Done closed;
    world.start_slow_hold(door, held, answers ? Duration(milliseconds{500}) : Duration(minutes{1}));
    const SteadyTime when = world.loop.clock().steady_now();
    door.start_close(seconds{1}, closed.handler());
    world.await(closed);
    CHECK(world.loop.clock().steady_now() - when <= seconds{1} + milliseconds{300});
    CHECK(closed.result->has_value() == answers);
    world.await(held);
    // Who was not waited for is told what a reading shows, or that nobody knows.
    if (!held.result->has_value()) CHECK(held.result->error().outcome() == Outcome::unknown);
    if (held.result->has_value()) CHECK(world.held());
    world.loop.run();
    CHECK(world.transport.under_way() == 0);
    CHECK(world.cloud.channels().empty());
  }
}

TEST_CASE("nothing is read for a door that is closed", "[loop][hold][platform][I23]") {
  constexpr std::size_t many = 40;
  for (std::size_t steps = 0; steps < 40; ++steps) {
    CAPTURE(steps);
    World world(many);
    auto door = world.door();
    world.open(door);
    std::vector<Ended> held(many);
    for (std::size_t i = 0; i < many; ++i) door.start_hold(hold(i), held[i].handler());
    for (Ended& each : held) world.await(each);
    world.cut();
    world.run_until([&] { return door.state() != ChannelState::open; });
    world.transport.latency(milliseconds{30});
    world.run_until([&] { return door.state() == ChannelState::open; });
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
    Done closed;
    door.start_close(seconds{1}, closed.handler());
    world.await(closed);
    CHECK(closed.result->has_value());
    CHECK(world.transport.under_way() == 0);
    CHECK(world.cloud.channels().empty());
    const std::size_t before = world.cloud.exchanges();
    world.run_for(minutes{1});
    CHECK(world.cloud.exchanges() == before);
  }
}

TEST_CASE("gaps one after the other have every hold read once more, and not once for each",
          "[loop][hold][platform][I20]") {
  constexpr std::size_t many = 100;
  World world(many);
  auto door = world.door();
  world.open(door);
  std::vector<Ended> held(many);
  for (std::size_t i = 0; i < many; ++i) door.start_hold(hold(i), held[i].handler());
  for (Ended& each : held) world.await(each);
  const std::size_t before = world.cloud.exchanges();
  constexpr std::size_t gaps = 4;
  world.transport.latency(seconds{1});
  for (std::size_t gap = 0; gap < gaps; ++gap) {
    world.cut();
    world.run_until([&] { return door.state() != ChannelState::open; });
    world.run_until([&] { return door.state() == ChannelState::open; });
  }
  world.transport.latency(milliseconds{1});
  world.run_for(minutes{1});
  CHECK(world.cloud.exchanges() - before >= many);
  CHECK(world.cloud.exchanges() - before < 2 * many);
  CHECK(door.held().size() == many);
}

TEST_CASE("a release that is owed behind a hold is asked for until it is through", "[loop][hold][platform][I6][I14]") {
  for (const int answer : {503, 403}) {
    CAPTURE(answer);
    World world;
    auto door = world.door();
    world.open(door);
    Ended held, released;
    world.start_slow_hold(door, held, seconds{1});
    world.cloud.plan([&](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).skip(2).always().answer(answer); });
    door.start_unhold(unhold(), released.handler());
    world.await(released);
    world.await(held);
    world.run_for(minutes{3});
    CHECK(world.held());
    REQUIRE(door.held().size() == 1);
    world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
    world.run_for(minutes{1});
    CHECK_FALSE(world.held());
    CHECK(door.held().empty());
    // Nothing is asked for any more.
    const std::uint64_t submitted = door.metrics()[HoldCount::submitted];
    world.run_for(minutes{3});
    CHECK(door.metrics()[HoldCount::submitted] == submitted);
  }
}

TEST_CASE("a release that is owed ends with what it is owed for", "[loop][hold][platform][I6][I20]") {
  World world;
  auto door = world.door();
  world.open(door);
  Ended held, released;
  world.start_slow_hold(door, held, seconds{1});
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).skip(2).always().answer(503); });
  door.start_unhold(unhold(), released.handler());
  world.await(released);
  world.await(held);
  world.run_for(minutes{1});
  world.cloud.change([](PlatformModel& model) { model.set_held(call(), platform_agent, false); });
  world.run_for(minutes{1});
  CHECK(door.held().empty());
  const std::uint64_t submitted = door.metrics()[HoldCount::submitted];
  world.run_for(minutes{3});
  CHECK(door.metrics()[HoldCount::submitted] == submitted);
}
