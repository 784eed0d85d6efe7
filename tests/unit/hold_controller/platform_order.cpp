// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on the real platform's dialect and a blocking door, which does one thing after the other: what goes first, what
// is put off, and what must not be lost between two of them.
#include <algorithm>  // min
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "support/catch.hpp"
#include "support/platform_holds.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using std::chrono::minutes;

namespace {

constexpr std::string_view all_conversations = "/api/v2/conversations/";
constexpr std::string_view all_channels = "/api/v2/notifications/channels";

/// Calls back at everything that is logged, between what the door does before and behind it.
struct Between {
  std::shared_ptr<std::function<void(const Event&)>> then = std::make_shared<std::function<void(const Event&)>>();
  static bool enabled(Level) noexcept { return true; }
  void log(Level, const Event& event) const {
    if (*then) (*then)(event);
  }
};

/// Virtual time that calls back, once, at the next wait.
struct Interrupted {
  ManualClock clock;
  std::shared_ptr<std::function<void()>> then = std::make_shared<std::function<void()>>();
  [[nodiscard]] SteadyTime steady_now() const { return clock.steady_now(); }
  [[nodiscard]] WallTime wall_now() const { return clock.wall_now(); }
  void sleep_until(SteadyTime when) const {
    if (const std::function<void()> call = std::exchange(*then, nullptr)) call();
    clock.sleep_until(when);
  }
};

struct Ordered : test::PlatformHolds {
  Between logger;

  using PlatformHolds::PlatformHolds;
  auto door() {
    return HoldController{Policies{.transport = cloud, .clock = clock, .logger = logger, .dialect = dialect}, settings};
  }
  void cut() {
    for (ChannelPeer each : cloud.channels()) each.cut();
  }
  /// Somebody else holds it, or releases it.
  void set_held(bool held) {
    cloud.change([held](PlatformModel& model) { model.set_held(platform_call, platform_agent, held); });
  }
};

}  // namespace

TEST_CASE("what the connection that is replaced has still to say is heard", "[hold][platform][B36][B38]") {
  Ordered o;
  bool told = false;
  auto door = o.door();
  REQUIRE(door.ready());
  *o.logger.then = [&](const Event& event) {
    if (told || event.name != "http.attempt") return;
    told = true;
    o.set_held(true);  // before the next connection stands
  };
  o.cloud.change([](PlatformModel& model) { model.announce_closing(); });
  door.pump_for(seconds{2});
  REQUIRE(told);
  REQUIRE(door.metrics()[HoldCount::handovers] == 1);
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().interaction == platform_call);
}

TEST_CASE("a refused subscription that repeats the channel's id is not repeated", "[hold][platform][B12][I19]") {
  Ordered o;
  std::string logged;
  *o.logger.then = [&](const Event& event) {
    for (const Field& field : event.fields) logged.append(field.text()).push_back('\n');
  };
  o.cloud.plan([](FaultPlan& plan) { plan.on_open().always().reset(); });
  auto door = o.door();
  REQUIRE_FALSE(door.ready(seconds{5}));
  const std::string id = o.cloud.inspect([](const PlatformModel& model) {
    REQUIRE(model.channels().all().size() == 1);
    return model.channels().all().front().id;
  });
  o.cloud.plan([&](FaultPlan& plan) {
    plan.on("PUT", std::string(all_channels))
        .always()
        .answer(403, {}, R"({"message":"no right to )" + id + R"(","code":"missing.permissions","status":403})");
  });
  const auto refused = door.ready();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::forbidden);
  CHECK(refused.error().server_code() == "missing.permissions");
  CHECK(refused.error().describe().find(id) == std::string::npos);
  CHECK(refused.error().server_message().find(id) == std::string::npos);
  CHECK(logged.find(id) == std::string::npos);
}

TEST_CASE("a hold of what somebody else has released meanwhile has a limit of its own",
          "[hold][platform][B8][I13][I15]") {
  Ordered o;
  o.dialect.user.clear();  // so that nobody hears of that
  o.settings.hold.limit = HoldLimit::reject_late_unhold;
  auto door = o.door();
  REQUIRE(door.hold(o.hold()));
  const SteadyTime first = o.clock.steady_now();
  o.set_held(false);
  door.pump_for(minutes{10});
  const auto again = door.hold(o.hold());
  REQUIRE(again);
  CHECK_FALSE(again->already_held);
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().since - first >= minutes{10});
  door.pump_for(minutes{10});
  CHECK(door.metrics()[HoldCount::watchdog_escalations] == 0);
  CHECK(door.unhold(o.unhold()));
  CHECK_FALSE(o.held());
}

TEST_CASE("a door that has many releases to send connects between them", "[hold][platform][B2][I14][I15]") {
  constexpr std::size_t many = 30;
  PlatformOptions options;
  options.rate_limit = 0;
  Ordered o(options);
  o.settings.hold.limit = HoldLimit::release;
  std::size_t released = many;  // when it was connected again
  auto door = o.door();
  REQUIRE(door.ready());
  o.cloud.change([](PlatformModel& model) { test::add_agents_calls(model, many); });
  for (std::size_t i = 0; i < many; ++i) REQUIRE(door.hold(o.hold(test::agents_call(i))));
  o.clock.advance(minutes{15});
  o.cut();
  o.cloud.plan([](FaultPlan& plan) { plan.on("PATCH", std::string(all_conversations)).always().delay(seconds{2}); });
  door.on_state([&](const ChannelStateEvent& event) {
    if (event.state == ChannelState::open) released = std::min(released, o.applied(AppliedOperation::Kind::unhold));
  });
  door.pump_for(seconds{20});
  CHECK(released >= 1);
  CHECK(released <= 3);
  o.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  door.pump_for(minutes{2});
  CHECK(door.held().empty());
}

TEST_CASE("a reading that fails is put off, and not for ever", "[hold][platform][I20]") {
  Ordered o;
  auto door = o.door();
  REQUIRE(door.hold(o.hold()));
  o.cloud.latency(milliseconds{1});
  o.cloud.plan([](FaultPlan& plan) { plan.on("GET", std::string(all_conversations)).always().garbage(); });
  o.cut();
  o.set_held(false);
  door.pump_for(seconds{5});
  REQUIRE(door.state() == ChannelState::open);
  const std::size_t before = o.cloud.exchanges();
  for (int i = 0; i < 20; ++i) door.pump_for(seconds{1});
  CHECK(o.cloud.exchanges() - before >= 1);
  CHECK(o.cloud.exchanges() - before <= 25);
  REQUIRE(door.held().size() == 1);
  o.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  door.pump_for(minutes{2});
  CHECK(door.held().empty());
}

TEST_CASE("a hold that waits for its request's paced turn gives way to a release", "[hold][platform][pacer][I6][I14]") {
  PlatformOptions options;
  options.rate_limit = 0;
  Ordered o(options);
  o.settings.pacer = std::make_shared<Pacer>(60.0);  // a minute
  const Interrupted clock{o.clock};
  HoldController door{Policies{.transport = o.cloud, .clock = clock, .logger = o.logger, .dialect = o.dialect}, o.settings};
  REQUIRE(door.ready());
  bool released = false;
  *o.logger.then = [&](const Event& event) {
    if (event.name != "http.attempt" || released) return;
    *clock.then = [&] { released = door.unhold(o.unhold()).has_value(); };  // the hold was read, and waits for its own turn
  };
  o.clock.advance(seconds{5});
  const auto held = door.hold(o.hold());
  REQUIRE(released);
  REQUIRE_FALSE(held);
  CHECK(held.error().outcome() == Outcome::not_applied);
  CHECK(o.applied(AppliedOperation::Kind::hold) == 0);
  CHECK(o.applied(AppliedOperation::Kind::unhold) == 1);
  CHECK_FALSE(o.held());
  CHECK(door.held().empty());
}
