// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on the real platform's dialect and on an event loop, where answers come in another order than what they tell of
// happened in: old readings, releases that are owed no more, and what nobody waits for any more.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/manual_loop.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include <support/catch.hpp>
#include <support/platform_loop.hpp>

using namespace patchbay;
using namespace patchbay::testing;
using test::conversations;
using test::Done;
using test::Ended;
using std::chrono::minutes;

namespace {

/// A transport that takes a while to cancel what is under way.
class SlowToCancel : public LoopTransport<SimulatedPlatform> {
 public:
  SlowToCancel(ManualLoop loop, LoopTransport inner) : LoopTransport(std::move(inner)), loop_(std::move(loop)) {}
  void cancel(ExchangeId id) noexcept {
    loop_.at(after(loop_.clock().steady_now(), milliseconds{20}),
             [inner = static_cast<LoopTransport&>(*this), id]() mutable { inner.cancel(id); });
  }

 private:
  ManualLoop loop_;
};

/// A platform with one call of the agent behind an event loop.
class CallWorld : public test::PlatformLoop {
 public:
  auto door_slow_to_cancel() {
    return HoldController{
        Policies{.transport = SlowToCancel(loop, transport), .clock = loop.clock(), .dialect = dialect}, settings};
  }
  template <class Door>
  void hold(Door& door) {
    Ended ended;
    door.start_hold(request(), ended.handler());
    await(ended);
    REQUIRE(ended.result->has_value());
  }
  template <class Door>
  void unhold(Door& door) {
    Ended ended;
    door.start_unhold(release(), ended.handler());
    await(ended);
    REQUIRE(ended.result->has_value());
  }
  /// What was begun just now takes `span` from leaving to arriving.
  void on_its_way(Duration span) {
    REQUIRE(transport.under_way() == 1);
    transport.latency(span);
    run_for(milliseconds{1});
    transport.latency(milliseconds{1});
  }
  /// The answer to the next exchange takes `span`.
  void next_answer_takes(Duration span) {
    const std::size_t before = cloud.exchanges();
    REQUIRE(run_until([&] { return transport.under_way() == 1; }));
    run_for(milliseconds{1});
    transport.latency(span);
    REQUIRE(run_until([&] { return cloud.exchanges() == before + 1; }));
    transport.latency(milliseconds{1});
    REQUIRE(transport.under_way() == 1);
  }
  /// Somebody else holds it, or releases it.
  void set_held(bool held) {
    cloud.change([held](PlatformModel& model) { model.set_held(test::agents_call(), platform_agent, held); });
  }
  [[nodiscard]] std::size_t holds() const { return count(AppliedOperation::Kind::hold); }
  [[nodiscard]] std::size_t releases() const { return count(AppliedOperation::Kind::unhold); }
  static HoldRequest request() { return test::hold(); }
  static UnholdRequest release() { return test::unhold(); }
};

}  // namespace

TEST_CASE("a reading that is older than a hold does not end its watch", "[loop][hold][platform][B38][I6][I13]") {
  CallWorld world;
  auto door = world.door();
  world.open(door);
  world.hold(door);
  world.cut();
  world.set_held(false);  // which nobody hears
  REQUIRE(world.run_until([&] { return door.state() != ChannelState::open; }));
  REQUIRE(world.run_until([&] { return door.state() == ChannelState::open; }));
  world.next_answer_takes(seconds{3});  // of the reading behind the gap, which shows that it is not held
  world.hold(door);
  REQUIRE(door.held().size() == 1);
  REQUIRE(world.transport.under_way() == 1);  // and comes when another hold is confirmed
  world.run_for(seconds{5});
  REQUIRE(world.transport.under_way() == 0);
  CHECK(world.held());
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().confirmed);
}

TEST_CASE("a reading that is older than a release and another hold says nothing of that one",
          "[loop][hold][platform][B38][I6][I13]") {
  CallWorld world;
  auto door = world.door();
  world.open(door);
  world.hold(door);
  world.cut();
  REQUIRE(world.run_until([&] { return door.state() != ChannelState::open; }));
  REQUIRE(world.run_until([&] { return door.state() == ChannelState::open; }));
  world.next_answer_takes(seconds{3});  // of the reading behind the gap, which shows that it is held
  world.unhold(door);
  Ended held;
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).answer(403); });
  const std::size_t before = world.cloud.exchanges();
  door.start_hold(CallWorld::request(), held.handler());
  REQUIRE(world.run_until([&] { return world.cloud.exchanges() == before + 1; }));  // the reading of the hold
  world.run_for(milliseconds{1});
  REQUIRE(world.transport.under_way() == 2);
  world.transport.latency(seconds{5});  // which is refused when that old reading has come
  world.run_for(milliseconds{1});
  world.transport.latency(milliseconds{1});
  world.run_for(seconds{4});
  REQUIRE(held.calls == 0);
  REQUIRE(door.held().size() == 1);
  CHECK_FALSE(door.held().front().confirmed);
  world.await(held);
  REQUIRE_FALSE(held.result->has_value());
  CHECK(held.result->error().outcome() == Outcome::not_applied);
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
}

TEST_CASE("a reading that is older than a release does not have its interaction watched again",
          "[loop][hold][platform][I4][I6][I13]") {
  CallWorld world;
  auto door = world.door();
  Ended held;
  Done ready;
  // Nobody hears what becomes of the hold, so that it is read.
  world.cloud.plan([](FaultPlan& plan) { plan.on_open().times(3).reset(); });
  door.start_ready(std::nullopt, ready.handler());
  REQUIRE(world.run_until([&] { return world.cloud.faults_pending() == 0; }));
  REQUIRE(world.run_until([&] { return door.state() == ChannelState::waiting; }));
  door.start_hold(CallWorld::request(), held.handler());
  REQUIRE(world.run_until([&] { return world.holds() == 1; }));
  world.run_for(milliseconds{1});
  REQUIRE(door.state() == ChannelState::waiting);
  world.next_answer_takes(seconds{8});  // which shows that it is held
  world.await(ready);
  world.run_for(milliseconds{100});
  world.unhold(door);
  REQUIRE(held.calls == 0);
  REQUIRE_FALSE(world.held());
  REQUIRE(door.held().empty());
  world.await(held);
  CHECK(held.result->has_value());  // it was done
  CHECK(door.held().empty());
}

TEST_CASE("a hold that finds its interaction held has no release behind it", "[loop][hold][platform][B5][I6]") {
  CallWorld world;
  auto door = world.door();
  world.open(door);
  Ended held, released;
  world.start_slow_hold(door, held, seconds{1});
  // Of the releases the first is done, and overtakes the hold; those that repeat it are refused.
  world.cloud.plan(
      [](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).skip(2).always().answer(403); });
  door.start_unhold(CallWorld::release(), released.handler());
  world.await(released);
  world.await(held);
  world.run_for(seconds{40});
  REQUIRE(world.held());
  REQUIRE(world.transport.under_way() == 0);
  Ended again;
  door.start_hold(CallWorld::request(), again.handler());
  world.await(again);
  REQUIRE(again.result->has_value());
  CHECK((*again.result)->already_held);
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  world.run_for(minutes{3});
  CHECK(world.held());
  CHECK(door.held().size() == 1);
}

TEST_CASE("a release is repeated once behind a hold whose fate nobody knows", "[loop][hold][platform][I6][I14]") {
  CallWorld world;
  auto door = world.door();
  world.open(door);
  Ended held, released;
  world.start_slow_hold(door, held, seconds{1});
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).skip(1).reset(); });
  door.start_unhold(CallWorld::release(), released.handler());
  world.await(released);
  world.await(held);
  REQUIRE_FALSE(held.result->has_value());
  world.run_for(seconds{10});
  REQUIRE(world.releases() == 2);
  REQUIRE(world.holds() == 0);
  REQUIRE(world.transport.under_way() == 0);
  REQUIRE(door.held().size() == 1);  // the hold may still come
  // It is not what anybody else does from now on that the release was for.
  world.set_held(true);
  world.run_for(minutes{3});
  CHECK(world.releases() == 2);
  CHECK(world.held());
  CHECK(door.held().size() == 1);
}

TEST_CASE("a hold that nobody waits for any more is not sent", "[loop][hold][platform][I4][I23]") {
  CallWorld world;
  auto door = world.door();
  world.open(door);
  Ended held;
  Done closed;
  world.cloud.plan([](FaultPlan& plan) {
    plan.on("PATCH", std::string(conversations)).answer(429, {{"Retry-After", "3"}});
  });
  door.start_hold(CallWorld::request(), held.handler());
  REQUIRE(world.run_until([&] { return world.cloud.faults_pending() == 0; }));
  world.run_for(milliseconds{10});
  REQUIRE(held.calls == 0);  // it waits to be sent again
  door.start_close(seconds{1}, closed.handler());
  world.await(closed);
  world.await(held);
  CHECK_FALSE(held.result->has_value());
  world.run_for(minutes{1});
  CHECK(world.holds() == 0);
  CHECK_FALSE(world.held());
}

TEST_CASE("a door that reads is closed without waiting for the answer, and not before it has stopped reading",
          "[loop][hold][platform][I23]") {
  CallWorld world;
  auto door = world.door_slow_to_cancel();
  world.open(door);
  world.hold(door);
  world.cut();
  REQUIRE(world.run_until([&] { return door.state() != ChannelState::open; }));
  REQUIRE(world.run_until([&] { return door.state() == ChannelState::open; }));
  world.next_answer_takes(seconds{5});
  const SteadyTime since = world.loop.clock().steady_now();
  bool closed = false;
  door.start_close(seconds{3}, [&](const Result<void>& result) {
    closed = true;
    CHECK(result.has_value());
    CHECK(world.transport.under_way() == 0);
  });
  REQUIRE(world.run_until([&] { return closed; }));
  CHECK(world.loop.clock().steady_now() - since <= milliseconds{100});
  CHECK(world.cloud.channels().empty());
  const std::size_t before = world.cloud.exchanges();
  world.run_for(minutes{2});
  CHECK(world.cloud.exchanges() == before);
}

TEST_CASE("the same of a door without a channel, which reads by itself what nobody has confirmed", "[loop][hold][platform][I23]") {
  CallWorld world;
  world.dialect.user.clear();
  auto door = world.door_slow_to_cancel();
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(conversations)).reset(); });
  Ended held;
  door.start_hold(CallWorld::request(), held.handler());
  world.await(held);
  REQUIRE_FALSE(held.result->has_value());
  REQUIRE(world.transport.under_way() == 0);
  REQUIRE(world.run_until([&] { return world.transport.under_way() == 1; }));  // a minute later
  bool closed = false;
  door.start_close(seconds{3}, [&](const Result<void>& result) {
    closed = true;
    CHECK(result.has_value());
    CHECK(world.transport.under_way() == 0);
  });
  REQUIRE(world.run_until([&] { return closed; }));
}

TEST_CASE("a hold that waits for its request's paced turn leaves behind nothing that was asked for meanwhile",
          "[hold][platform][loop][pacer][I6][I14]") {
  CallWorld w;
  w.settings.pacer = std::make_shared<Pacer>(60.0);  // a minute
  auto door = w.door();
  w.open(door);
  w.run_for(seconds{5});
  Ended held;
  door.start_hold(w.request(), held.handler());
  const std::size_t before = w.cloud.exchanges();
  REQUIRE(w.run_until([&] { return w.cloud.exchanges() == before + 1; }));  // the reading has had the turn that there was
  w.run_for(milliseconds{100});
  REQUIRE(held.calls == 0);
  REQUIRE(door.held().size() == 1);  // its turn among the commands has come
  SECTION("a release") {
    w.unhold(door);
    w.await(held);
    w.run_for(minutes{1});
    CHECK(w.releases() == 1);  // which has overtaken nothing
    CHECK(door.held().empty());
  }
  SECTION("a stop") {
    Done closed;
    door.start_close(seconds{20}, closed.handler());
    w.await(closed);
    w.await(held);
  }
  REQUIRE_FALSE(held.result->has_value());
  CHECK(held.result->error().outcome() == Outcome::not_applied);
  CHECK(w.holds() == 0);
  CHECK_FALSE(w.held());
}
