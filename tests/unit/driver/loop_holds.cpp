// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on an event loop: many at once, cancelled at every point, their door or their loop destroyed under way.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>
#include <support/loop_world.hpp>

using namespace patchbay;
using namespace patchbay::testing;
using test::Done;
using test::Ended;

namespace {

std::string interaction(std::size_t i) {
  const std::string digits = std::to_string(i);
  return "550e8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}
HoldRequest hold(std::size_t i = 0) { return HoldRequest{interaction(i), "consultation", 5}; }
UnholdRequest unhold(std::size_t i = 0) { return UnholdRequest{interaction(i), 5}; }

[[nodiscard]] Settings example_settings() {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  settings.random = std::make_shared<RandomSource>(7);
  return settings;
}

/// A cloud of interactions behind an event loop.
class World : public test::LoopWorld<SimulatedCloud> {
 public:
  explicit World(std::size_t interactions = 1) : LoopWorld(example_settings()) {
    cloud.change([&](CloudModel& model) {
      for (std::size_t i = 0; i < interactions; ++i) {
        CloudInteraction each;
        each.id = interaction(i);
        model.add(std::move(each));
      }
    });
  }
  auto door() { return HoldController{Policies{.transport = transport, .clock = loop.clock()}, settings}; }

  [[nodiscard]] bool held(std::size_t i = 0) const {
    return cloud.inspect([&](const CloudModel& model) { return model.find(interaction(i))->held; });
  }
};

}  // namespace

TEST_CASE("a hold and its release on an event loop", "[loop][hold][I4]") {
  World world;
  auto door = world.door();
  Ended held, released;
  door.start_hold(hold(), held.handler());
  CHECK(held.calls == 0);
  world.await(held);
  if (!held.result->has_value()) FAIL(held.result->error().describe());
  CHECK((*held.result)->attempts == 1);
  CHECK((*held.result)->resolved_by == ResolvedBy::answer);
  CHECK(world.held());
  CHECK(door.held().size() == 1);
  CHECK(door.state() == ChannelState::open);
  door.start_unhold(unhold(), released.handler());
  CHECK(released.calls == 0);
  world.await(released);
  REQUIRE(released.result->has_value());
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
  Done closed;
  door.start_close(seconds{1}, closed.handler());
  world.await(closed);
  CHECK(closed.result->has_value());
  CHECK(door.state() == ChannelState::closed);
  CHECK(world.cloud.channels().empty());
  world.loop.run();
  CHECK(world.loop.pending() == 0);
  CHECK(door.metrics()[HoldCount::submitted] == 2);
  CHECK(door.audit_log().size() == 4);
}

TEST_CASE("a hold that is cancelled anywhere tells the truth", "[loop][hold][I4][I20][cancellation]") {
  int not_applied = 0, unknown = 0, done = 0, resolved = 0;
  for (std::size_t steps = 0;; ++steps) {
    CAPTURE(steps);
    World world;
    auto door = world.door();
    Ended ended;
    const OperationHandle handle = door.start_hold(hold(), ended.handler());
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
    const bool over = ended.calls != 0;
    const SteadyTime when = world.loop.clock().steady_now();
    handle.cancel();
    handle.cancel();
    world.await(ended);
    // Soon: at most one reading is done after it, or the token's fetching is waited for.
    CHECK(world.loop.clock().steady_now() - when <= milliseconds{4});
    world.loop.run_for(seconds{1});
    REQUIRE(ended.calls == 1);
    if (ended.result->has_value()) {
      REQUIRE(world.held());
      ++((*ended.result)->resolved_by == ResolvedBy::state ? resolved : done);
    } else if (ended.result->error().outcome() == Outcome::not_applied) {
      REQUIRE(ended.result->error().code() == ErrorCode::cancelled);
      REQUIRE_FALSE(world.held());
      CHECK(door.held().empty());
      ++not_applied;
    } else {
      REQUIRE(ended.result->error().code() == ErrorCode::outcome_unknown);
      CHECK(ended.result->error().message().find("cancelled") != std::string::npos);
      ++unknown;
    }
    if (world.held()) CHECK(door.held().size() == 1);  // watched, whatever was told
    CHECK(door.metrics()[HoldCount::ack_timeouts] == 0);
    CHECK(door.metrics().pending() == 0);
    CHECK(door.audit_log().back().kind == AuditKind::operation);
    if (over) break;
  }
  CHECK(not_applied > 10);
  CHECK(resolved > 0);
  CHECK(done > 0);
  CHECK(unknown == 0);  // the command arrives before the reading does, in this world
}

TEST_CASE("a release that is cancelled anywhere tells the truth", "[loop][hold][I4][I14][cancellation]") {
  int not_applied = 0, unknown = 0, done = 0, resolved = 0;
  for (std::size_t steps = 0;; ++steps) {
    CAPTURE(steps);
    World world;
    auto door = world.door();
    Ended held, ended;
    door.start_hold(hold(), held.handler());
    world.await(held);
    const OperationHandle handle = door.start_unhold(unhold(), ended.handler());
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
    const bool over = ended.calls != 0;
    handle.cancel();
    world.await(ended);
    world.loop.run_for(seconds{1});
    if (ended.result->has_value()) {
      REQUIRE_FALSE(world.held());
      CHECK(door.held().empty());
      ++((*ended.result)->resolved_by == ResolvedBy::state ? resolved : done);
    } else if (ended.result->error().outcome() == Outcome::not_applied) {
      REQUIRE(ended.result->error().code() == ErrorCode::cancelled);
      REQUIRE(world.held());
      CHECK(door.held().size() == 1);
      ++not_applied;
    } else {
      ++unknown;
    }
    if (over) break;
  }
  CHECK(not_applied > 1);
  CHECK(resolved > 0);
  CHECK(done > 0);
  CHECK(unknown == 0);
}

TEST_CASE("a cancelled hold that may still come is unknown, and stays watched", "[loop][hold][I4][B3][cancellation]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) { plan.on_command().drop_ack().before_applying(); });
  auto door = world.door();
  Ended ended;
  const OperationHandle handle = door.start_hold(hold(), ended.handler());
  world.loop.run_for(milliseconds{500});
  REQUIRE(ended.calls == 0);
  handle.cancel();
  world.await(ended);
  REQUIRE_FALSE(ended.result->has_value());
  CHECK(ended.result->error().code() == ErrorCode::outcome_unknown);
  REQUIRE(door.held().size() == 1);
  CHECK_FALSE(door.held()[0].confirmed);
}

TEST_CASE("a connection that ends at any point of a hold on an event loop loses no command", "[loop][hold][B16][B20][I4]") {
  int applied = 0, resolved = 0;
  for (std::size_t steps = 0;; ++steps) {
    CAPTURE(steps);
    World world;
    world.cloud.ack_delay(milliseconds{3});
    auto door = world.door();
    Ended ended;
    door.start_hold(hold(), ended.handler());
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
    const bool over = ended.calls != 0;
    for (ChannelPeer& each : world.cloud.channels()) each.cut();
    world.await(ended);
    REQUIRE(ended.calls == 1);
    REQUIRE(ended.result->has_value());  // what was not sent goes over the next connection, the rest is proved by the state
    REQUIRE(world.held());
    ++((*ended.result)->resolved_by == ResolvedBy::state ? resolved : applied);
    world.loop.run_for(seconds{5});
    CHECK(door.state() == ChannelState::open);  // it comes back although nobody asks
    CHECK(world.cloud.channels().size() == 1);
    CHECK(door.held().size() == 1);
    if (over) break;
  }
  CHECK(applied > 0);
  CHECK(resolved > 0);
}

TEST_CASE("a door that is destroyed at any point ends its commands truthfully and tells its handlers nothing", "[loop][hold][I23][B35]") {
  for (std::size_t steps = 0; steps < 60; ++steps) {
    CAPTURE(steps);
    World world(3);
    Ended ended[4];
    Done ready, run;
    int told = 0;
    {
      auto door = world.door();
      door.on_state([&](const ChannelStateEvent&) { ++told; });
      door.on_quality([&](const QualityEvent&) { ++told; });
      for (std::size_t i = 0; i < 3; ++i) door.start_hold(hold(i), ended[i].handler());
      door.start_unhold(unhold(0), ended[3].handler());
      door.start_ready(std::nullopt, ready.handler());
      door.start_run(run.handler());
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      told = 0;
    }
    CHECK(world.loop.run() < 1000);  // nothing goes on for ever
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

TEST_CASE("a loop that is torn down at any point of a hold leaves nothing behind", "[loop][hold][I20][I23]") {
  for (std::size_t steps = 0; steps < 60; ++steps) {
    CAPTURE(steps);
    World world(2);
    const auto witness = std::make_shared<int>(0);
    int calls = 0;
    const auto handler = [&calls, witness](const auto&) { ++calls; };
    {
      auto door = world.door();
      std::vector<OperationHandle> handles;
      for (std::size_t i = 0; i < 4; ++i) handles.push_back(door.start_hold(hold(i % 2), handler));
      handles.push_back(door.start_unhold(unhold(0), handler));
      handles.push_back(door.start_run(handler));
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      if (steps % 3 == 0) handles[0].cancel();
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

TEST_CASE("two thousand holds are under way at once on one channel", "[loop][hold][I11][I20]") {
  constexpr std::size_t count = 2000;
  World world(count);
  world.cloud.ack_delay(milliseconds{500});
  world.transport.latency(std::chrono::microseconds{1});
  world.settings.hold.max_commands = count;
  auto door = world.door();
  std::vector<Ended> ended(count), released(count);
  for (std::size_t i = 0; i < count; ++i) door.start_hold(hold(i), ended[i].handler());
  world.loop.run_for(milliseconds{400});
  CHECK(door.metrics().pending() == count);
  CHECK(world.cloud.exchanges() == 2 + count);  // a token, the channel, and a reading for each
  CHECK(world.cloud.channels().at(0).sent().size() == count);
  world.loop.run_for(seconds{1});
  for (const Ended& each : ended) {
    REQUIRE(each.calls == 1);
    REQUIRE(each.result->has_value());
  }
  CHECK(door.held().size() == count);
  for (std::size_t i = 0; i < count; ++i) door.start_unhold(unhold(i), released[i].handler());
  world.loop.run_for(seconds{1});
  for (const Ended& each : released) REQUIRE((each.calls == 1 && each.result->has_value()));
  CHECK(door.held().empty());
  CHECK(door.metrics().pending() == 0);
}

TEST_CASE("a handler may start the next command, close its door, or destroy it", "[loop][hold][I25]") {
  World world;
  auto door = std::make_unique<decltype(world.door())>(Policies{.transport = world.transport, .clock = world.loop.clock()}, world.settings);
  int moves = 0;
  Done closed;
  bool destroy = false;
  SECTION("close") {}
  SECTION("destroy") { destroy = true; }
  const std::function<void(Result<HoldResult>)> next = [&](const Result<HoldResult>& result) {
    REQUIRE(result.has_value());
    if (++moves == 20) {
      if (destroy) return door.reset();
      return void(door->start_close(seconds{1}, closed.handler()));
    }
    if (moves % 2 == 0) {
      door->start_hold(hold(), next);
    } else {
      door->start_unhold(unhold(), next);
    }
  };
  door->start_hold(hold(), next);
  REQUIRE(world.run_until([&] { return moves == 20; }));
  world.loop.run();
  CHECK(closed.calls == (destroy ? 0 : 1));
  CHECK(world.cloud.channels().empty());
}

TEST_CASE("those who wait for the channel are bounded, and do not keep its door from being closed", "[loop][hold][I20]") {
  World world;
  world.settings.max_operations = 3;
  auto door = world.door();
  Done ready[5], run[5], closed;
  for (Done& each : ready) door.start_ready(std::nullopt, each.handler());
  for (Done& each : run) door.start_run(each.handler());
  world.await(ready[0]);
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    REQUIRE(ready[i].calls == 1);
    REQUIRE(run[i].calls == (i < 3 ? 0 : 1));
    CHECK(ready[i].result->has_value() == (i < 3));
    if (i < 3) continue;
    CHECK(ready[i].result->error().code() == ErrorCode::queue_full);
    CHECK(run[i].result->error().code() == ErrorCode::queue_full);
  }
  Ended held, released;
  door.start_hold(hold(), held.handler());
  world.await(held);
  CHECK(held.result->has_value());
  Done again;
  door.start_ready(std::nullopt, again.handler());  // those before have left
  world.await(again);
  CHECK(again.result->has_value());
  door.start_close(seconds{1}, closed.handler());
  world.await(closed);
  CHECK(closed.result->has_value());
  world.loop.run();
  for (std::size_t i = 0; i < 3; ++i) CHECK((run[i].calls == 1 && run[i].result->has_value()));
}

TEST_CASE("run keeps the channel until it is cancelled, the door is closed, or the server refuses it", "[loop][hold][B18][B35]") {
  World world;
  Done run;
  SECTION("cancelled: the door is still in use") {
    auto door = world.door();
    const OperationHandle handle = door.start_run(run.handler());
    world.loop.run_for(seconds{100});
    CHECK(run.calls == 0);
    CHECK(door.state() == ChannelState::open);
    handle.cancel();
    world.loop.run_for(seconds{1});
    REQUIRE(run.calls == 1);
    CHECK(run.result->error().code() == ErrorCode::cancelled);
    Ended held;
    door.start_hold(hold(), held.handler());
    world.await(held);
    CHECK(held.result->has_value());
    CHECK(world.cloud.exchanges() == 3);  // over the same connection
  }
  SECTION("closed") {
    auto door = world.door();
    door.start_run(run.handler());
    world.loop.run_for(seconds{1});
    Done closed;
    door.start_close(seconds{1}, closed.handler());
    world.await(closed);
    world.await(run);
    CHECK(run.result->has_value());
  }
  SECTION("refused for good") {
    world.cloud.plan([](FaultPlan& plan) { plan.on_open().refuse(404); });
    auto door = world.door();
    door.start_run(run.handler());
    world.await(run);
    REQUIRE_FALSE(run.result->has_value());
    CHECK(run.result->error().http_status() == 404);
    CHECK(door.state() == ChannelState::refused);
    Done ready;
    door.start_ready(std::nullopt, ready.handler());
    world.await(ready);
    CHECK(ready.result->has_value());  // who asks again may have changed what was wrong
  }
  SECTION("lost again and again") {
    auto door = world.door();
    door.start_run(run.handler());
    for (int i = 0; i < 5; ++i) {
      world.loop.run_for(seconds{70});
      REQUIRE(door.state() == ChannelState::open);
      for (ChannelPeer& each : world.cloud.channels()) each.cut();
    }
    CHECK(run.calls == 0);
    CHECK(door.metrics()[HoldCount::reconnects] == 4);
  }
}

TEST_CASE("closing waits for acknowledgements as long as it may, and not when it is cancelled", "[loop][hold][B35][I23]") {
  World world(2);
  world.cloud.plan([](FaultPlan& plan) { plan.on_command().times(2).delay_ack(seconds{3}); });
  auto door = world.door();
  Ended first, second;
  Done closed;
  door.start_hold(hold(0), first.handler());
  door.start_hold(hold(1), second.handler());
  world.loop.run_for(milliseconds{100});
  const SteadyTime begun = world.loop.clock().steady_now();
  SECTION("long enough") {
    door.start_close(seconds{4}, closed.handler());
    world.await(closed);
    CHECK(closed.result->has_value());
    CHECK(first.result->has_value());
    CHECK(second.result->has_value());
    CHECK(world.loop.clock().steady_now() - begun <= seconds{3});
  }
  SECTION("not long enough") {
    door.start_close(seconds{1}, closed.handler());
    world.await(closed);
    CHECK(closed.result->error().code() == ErrorCode::outcome_unknown);
    CHECK(world.loop.clock().steady_now() - begun <= milliseconds{1010});
  }
  SECTION("cancelled") {
    const OperationHandle handle = door.start_close(seconds{4}, closed.handler());
    world.loop.run_for(milliseconds{500});
    handle.cancel();
    world.await(closed);
    CHECK(closed.result->error().code() == ErrorCode::outcome_unknown);
    CHECK(world.loop.clock().steady_now() - begun <= milliseconds{510});
  }
  world.loop.run();
  CHECK(first.calls == 1);
  CHECK(second.calls == 1);
  CHECK(door.state() == ChannelState::closed);
  CHECK(world.cloud.channels().empty());
  Ended refused;
  door.start_unhold(unhold(), refused.handler());
  world.await(refused);
  CHECK(refused.result->error().code() == ErrorCode::closed);
}

TEST_CASE("a command's deadline holds while the channel is being opened, and the attempt goes on for others", "[loop][hold][I7][I14]") {
  World world;
  world.cloud.latency(Duration::zero());
  world.transport.latency(seconds{2});  // a token takes six seconds, and the channel as long
  auto door = world.door();
  Ended late, patient;
  const SteadyTime begun = world.loop.clock().steady_now();
  door.start_unhold(unhold().deadline(seconds{1}), late.handler());
  door.start_unhold(unhold().deadline(seconds{60}), patient.handler());
  world.await(late);
  CHECK(late.result->error().code() == ErrorCode::not_connected);
  CHECK(late.result->error().outcome() == Outcome::not_applied);
  CHECK(world.loop.clock().steady_now() - begun == seconds{1});
  world.await(patient);
  // The first attempt ends with its own timeout; the token stays, and the second succeeds.
  CHECK(patient.result->has_value());
  CHECK(door.metrics()[HoldCount::connects] == 1);
}

TEST_CASE("a hold that meets its interaction's release takes nothing for granted", "[loop][hold][I4][I13][B5]") {
  // The watchdog's release is under way at any point of the second hold.
  const bool shown = GENERATE(false, true);
  for (int offset = -6; offset <= 6; ++offset) {
    World world;
    world.settings.hold.limit = HoldLimit::release;
    world.settings.hold.max_hold = seconds{60};
    world.settings.hold.warn_before = Duration::zero();
    world.cloud.change([&](CloudModel& model) { model.options().show_held = shown; });
    auto door = world.door();
    Ended first, second;
    door.start_hold(hold(), first.handler());
    world.await(first);
    REQUIRE(first.result->has_value());
    const SteadyTime limit = door.held().at(0).since + seconds{60};
    world.loop.run_until(limit + milliseconds{offset});
    door.start_hold(hold(), second.handler());
    world.await(second);
    world.loop.run_for(seconds{2});
    INFO("asked for " << offset << " ms after the limit");
    CHECK(door.held().empty() == !world.held());
    // One that found it on hold already was right, or the release came behind it; one that was sent has put it there.
    if (second.result->has_value() && !(*second.result)->already_held) CHECK(world.held());
    Ended third;
    door.start_hold(hold(), third.handler());
    world.await(third);
    REQUIRE(third.result->has_value());
    CHECK(world.held());
  }
}
