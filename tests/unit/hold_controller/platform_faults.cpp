// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on the real platform's dialect when things go wrong: requests that are lost, refused or late, channels that
// cannot be made or end, readings that fail, parties that change, clocks that jump.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/protocol/channel_open.hpp>
#include <patchbay/testing/simulated_disk.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "support/catch.hpp"
#include "support/platform_holds.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using cloud::Platform;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

const std::string call(platform_call);
constexpr std::string_view conversations = "/api/v2/conversations/";
constexpr std::string_view channels = "/api/v2/notifications/channels";
constexpr std::string_view other_agent = "b0000000-0000-4000-8000-000000000044";

/// Everything that was ever logged, as one text.
struct HeardLogger {
  std::shared_ptr<std::string> heard = std::make_shared<std::string>();
  static bool enabled(Level) noexcept { return true; }
  void log(Level, const Event& event) const {
    heard->append(event.name).push_back('\n');
    for (const Field& field : event.fields)
      heard->append(field.name()).append("=").append(field.text()).push_back('\n');
  }
};

/// The same as in ordinary tests, with faults, and all that is logged.
struct Faults : test::PlatformHolds {
  HeardLogger logger;

  using PlatformHolds::PlatformHolds;
  auto door() {
    return HoldController{Policies{.transport = cloud, .clock = clock, .logger = logger, .dialect = dialect}, settings};
  }
  HttpFault& on_patch(FaultPlan& plan) { return plan.on("PATCH", std::string(conversations)); }
  void plan(const std::function<void(HttpFault&)>& how, std::string method = "PATCH",
            std::string_view prefix = conversations) {
    cloud.plan([&](FaultPlan& all) { how(all.on(std::move(method), std::string(prefix))); });
  }
  static std::string refusal(std::string_view code, int status = 400) {
    return R"({"message":"no","code":")" + std::string(code) + R"(","status":)" + std::to_string(status) +
           R"(,"contextId":"c0ffee00-0000-4000-8000-000000000001","details":[],"errors":[]})";
  }
  /// More calls of the agent, who puts them on hold.
  template <class Door>
  std::vector<std::string> hold_many(Door& door, std::size_t many) {
    cloud.change([&](PlatformModel& model) { test::add_agents_calls(model, many); });
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < many; ++i) ids.push_back(test::agents_call(i));
    for (const std::string& id : ids) REQUIRE(door.hold(hold(id)));
    return ids;
  }
  /// How many of a kind took effect.
  std::size_t changed(AppliedOperation::Kind kind) {
    return cloud.inspect([&](const PlatformModel& model) {
      std::size_t count = 0;
      for (const AppliedOperation& each : model.operations()) count += each.kind == kind && each.changed ? 1U : 0U;
      return count;
    });
  }
  /// Holds and releases that reached the model.
  [[nodiscard]] std::size_t patches() const {
    return applied(AppliedOperation::Kind::hold) + applied(AppliedOperation::Kind::unhold);
  }
  /// Nothing that a channel is known by was logged, told or written down.
  template <class Door>
  void check_secrecy(Door& door, std::string_view told = {}) {
    std::string all = *logger.heard;
    all.append(told);
    for (const AuditRecord& each : door.audit_log())
      all.append(each.error_message).append("\n").append(each.error_code).append("\n");
    const auto ids = cloud.inspect([](const PlatformModel& model) {
      std::vector<std::string> out;
      for (const PlatformChannel& each : model.channels().all()) out.push_back(each.id);
      return out;
    });
    for (const std::string& id : ids) CHECK(all.find(id) == std::string::npos);
    CHECK(all.find("s3cr3t-canary") == std::string::npos);
    CHECK(all.find("wss://") == std::string::npos);
  }
};

/// One way in which a request ends badly.
struct Ending {
  const char* name;
  std::function<void(HttpFault&)> how;
  bool applied;
};
const std::vector<Ending> ambiguous_endings{
    {"503", [](HttpFault& fault) { fault.answer(503); }, false},
    {"500 when it was done", [](HttpFault& fault) { fault.answer(500).after_applying(); }, true},
    {"408 when it was done", [](HttpFault& fault) { fault.answer(408).after_applying(); }, true},
    {"a reset", [](HttpFault& fault) { fault.reset(); }, false},
    {"a reset when it was done", [](HttpFault& fault) { fault.after_applying().reset(); }, true},
    {"half an answer", [](HttpFault& fault) { fault.truncate(); }, true},
    {"too large an answer", [](HttpFault& fault) { fault.too_large(std::size_t{64} << 20); }, true},
    {"no answer", [](HttpFault& fault) { fault.timeout(); }, false},
    {"no answer when it was done", [](HttpFault& fault) { fault.after_applying().timeout(); }, true},
    {"a proxy's page", [](HttpFault& fault) { fault.garbage(); }, false},
    {"a proxy's page when it was done", [](HttpFault& fault) { fault.after_applying().garbage(); }, true},
};

}  // namespace

TEST_CASE("whatever becomes of a hold's request, its outcome is true and it is sent once",
          "[hold][platform][A6][B20][B21][I3][I4][I13]") {
  for (const bool with_channel : {true, false})
    for (const Ending& each : ambiguous_endings) {
      CAPTURE(with_channel, each.name);
      Faults f;
      if (!with_channel) f.dialect.user.clear();
      auto door = f.door();
      if (with_channel) REQUIRE(door.ready());
      f.plan([&](HttpFault& fault) { each.how(fault); });
      const auto held = door.hold(f.hold());
      CHECK(f.held() == each.applied);
      if (each.applied) {
        REQUIRE(held);
        const bool accepted = with_channel && std::string_view(each.name).find("page") != std::string_view::npos;
        CHECK(held->resolved_by == (accepted ? ResolvedBy::answer : ResolvedBy::state));
        CHECK(held->attempts == 1);
        CHECK(f.changed(AppliedOperation::Kind::hold) == 1);
        CHECK(f.patches() == 1);
        REQUIRE(door.held().size() == 1);
        CHECK(door.held().front().confirmed);
      } else {
        REQUIRE_FALSE(held);
        CHECK(held.error().outcome() == Outcome::unknown);
        CHECK(held.error().code() == ErrorCode::outcome_unknown);
        CHECK(held.error().attempts() == 1);
        CHECK(f.patches() == 0);
        REQUIRE(door.held().size() == 1);  // it may come: it is watched
        CHECK_FALSE(door.held().front().confirmed);
      }
      CHECK(f.cloud.faults_pending() == 0);
      // Whatever was said, a release ends it. Of a request that may still be on its way only time does, and without an
      // alarm.
      const auto released = door.unhold(f.unhold());
      REQUIRE(released);
      CHECK_FALSE(f.held());
      CHECK(door.held().size() == (each.applied ? 0U : 1U));
      door.pump_for(minutes{20});
      CHECK(door.held().empty());
      CHECK(door.metrics()[HoldCount::watchdog_escalations] == 0);
      f.check_secrecy(door, held ? std::string_view{} : std::string_view(held.error().message()));
    }
}

TEST_CASE("an unknown hold's error says how its request ended", "[hold][platform][A10]") {
  Faults f;
  auto door = f.door();
  REQUIRE(door.ready());
  f.plan([](HttpFault& fault) { fault.answer(503, {{"inin-correlation-id", "5e4e4000"}}); });
  const auto held = door.hold(f.hold());
  REQUIRE_FALSE(held);
  CHECK(held.error().http_status() == 503);
  CHECK(held.error().message().find("503") != std::string::npos);
}

TEST_CASE("whatever becomes of a release's request, it is sent until it is through", "[hold][platform][I3][I4][I14]") {
  for (const bool with_channel : {true, false})
    for (const Ending& each : ambiguous_endings) {
      CAPTURE(with_channel, each.name);
      Faults f;
      if (!with_channel) f.dialect.user.clear();
      auto door = f.door();
      REQUIRE(door.hold(f.hold()));
      f.plan([&](HttpFault& fault) { each.how(fault); });
      const auto released = door.unhold(f.unhold());
      const bool held = f.held();
      if (released) {
        CHECK_FALSE(held);
        CHECK(f.changed(AppliedOperation::Kind::unhold) == 1);
        CHECK(door.held().empty());
      } else {
        CHECK(released.error().outcome() == Outcome::unknown);
        CHECK(door.held().size() == 1);
      }
      // All but those whose answer says neither yes nor no are sent again.
      const bool repeated = std::string_view(each.name).find("page") == std::string_view::npos &&
                            std::string_view(each.name).find("large") == std::string_view::npos;
      if (repeated || each.applied) CHECK(released);
    }
}

TEST_CASE("a refusal says nothing of a release that was sent before it", "[hold][platform][I4]") {
  for (const int status : {400, 403, 404, 409}) {
    CAPTURE(status);
    Faults f;
    auto door = f.door();
    REQUIRE(door.hold(f.hold()));
    f.cloud.plan([&](FaultPlan& plan) {
      f.on_patch(plan).after_applying().reset();
      f.on_patch(plan).answer(status, {}, f.refusal("something.else", status));
    });
    SECTION("which was done") {
      const auto released = door.unhold(f.unhold());
      REQUIRE(released);  // as the event tells, or the reading
      CHECK_FALSE(f.held());
      CHECK(door.held().empty());
    }
    SECTION("or was not") {
      f.cloud.plan([&](FaultPlan& plan) {
        plan.clear();
        f.on_patch(plan).reset();
        f.on_patch(plan).answer(status, {}, f.refusal("something.else", status));
      });
      const auto released = door.unhold(f.unhold());
      REQUIRE_FALSE(released);
      CHECK(released.error().outcome() == Outcome::unknown);  // the first may still be on its way
      CHECK(f.held());
      CHECK(door.held().size() == 1);
    }
  }
}

TEST_CASE("a hold that arrives late is learnt of when it has taken effect", "[hold][platform][I4][I13]") {
  Faults f;
  auto door = f.door();
  REQUIRE(door.ready());
  f.plan([](HttpFault& fault) { fault.delay(minutes{1}); });
  const auto held = door.hold(f.hold());
  REQUIRE_FALSE(held);
  CHECK(held.error().outcome() == Outcome::unknown);
  REQUIRE(door.held().size() == 1);
  const SteadyTime since = door.held().front().since;
  CHECK_FALSE(door.held().front().confirmed);
  door.pump_for(minutes{2});
  REQUIRE(f.held());
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().confirmed);
  CHECK(door.held().front().since == since);
  CHECK(f.patches() == 1);
}

TEST_CASE("a 401 is answered with a newer token, once", "[hold][platform][A11][I10]") {
  Faults f;
  auto door = f.door();
  REQUIRE(door.ready());
  SECTION("for a hold") {
    f.plan([&](HttpFault& fault) { fault.answer(401, {}, f.refusal("bad.credentials", 401)); });
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK(held->attempts == 2);
    CHECK(f.changed(AppliedOperation::Kind::hold) == 1);
    CHECK(f.cloud.inspect([](const PlatformModel& model) { return model.tokens_issued(); }) == 2);
  }
  SECTION("and a second one ends it: nobody knows, for a copy of the first that the network made may have been done") {
    f.plan([&](HttpFault& fault) { fault.times(2).answer(401, {}, f.refusal("bad.credentials", 401)); });
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().outcome() == Outcome::unknown);
    CHECK(held.error().http_status() == 401);
    CHECK(door.held().size() == 1);
    CHECK_FALSE(f.held());
    REQUIRE(door.hold(f.hold()));
  }
  SECTION("nor does a refusal behind it tell of that copy, which a reading may show") {
    f.cloud.plan([&](FaultPlan& plan) {
      f.on_patch(plan).after_applying().answer(401, {}, f.refusal("bad.credentials", 401));
      f.on_patch(plan).answer(403, {}, f.refusal("missing.permissions", 403));
    });
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK(held->resolved_by == ResolvedBy::state);
    CHECK(door.held().size() == 1);
  }
  SECTION("without a newer one neither, for a copy that the network made may have been done") {
    f.cloud.plan([&](FaultPlan& plan) {
      f.on_patch(plan).answer(401, {}, f.refusal("bad.credentials", 401));
      plan.on("POST", "/oauth").always().answer(400, {}, R"({"error":"temporarily_unavailable"})");
    });
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().outcome() == Outcome::unknown);
    CHECK(door.held().size() == 1);
    f.cloud.plan([](FaultPlan& plan) { plan.clear(); });
    REQUIRE(door.unhold(f.unhold()));
    CHECK(door.held().size() == 1);  // for as long as that copy may still come
    door.pump_for(minutes{3});
    CHECK(door.held().empty());
  }
}

TEST_CASE("what the platform refuses was not done, and is not watched", "[hold][platform][B8][I13]") {
  struct Case {
    int status;
    std::string_view code;
    ErrorCode wanted;
  };
  for (const Case& each :
       {Case{403, "missing.permissions", ErrorCode::forbidden},
        Case{404, "conversation.error.conversation.not.found", ErrorCode::not_found},
        Case{409, "request.conflict", ErrorCode::command_refused}, Case{400, "bad.request", ErrorCode::command_refused},
        Case{422, "unprocessable", ErrorCode::command_refused},
        Case{400, "conversation.error.hold.alerting", ErrorCode::not_eligible},
        Case{400, "conversation.error.user.not.party", ErrorCode::not_eligible},
        Case{400, "conversation.error.call.disconnected", ErrorCode::not_eligible},
        Case{400, "not.a.user", ErrorCode::not_eligible}}) {
    CAPTURE(each.status, each.code);
    Faults f;
    auto door = f.door();
    REQUIRE(door.ready());
    f.plan([&](HttpFault& fault) { fault.answer(each.status, {}, f.refusal(each.code, each.status)); });
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == each.wanted);
    CHECK(held.error().outcome() == Outcome::not_applied);
    CHECK(held.error().http_status() == each.status);
    CHECK(held.error().server_code() == each.code);
    CHECK(held.error().server_correlation_id() == "c0ffee00-0000-4000-8000-000000000001");
    CHECK(held.error().attempts() == 1);
    CHECK(door.held().empty());
    CHECK(door.metrics()[HoldCount::not_applied] == 1);
    const auto records = door.audit_log();
    REQUIRE_FALSE(records.empty());
    CHECK(records.back().outcome == Outcome::not_applied);
    CHECK(records.back().server_correlation_id == "c0ffee00-0000-4000-8000-000000000001");
    REQUIRE(door.hold(f.hold()));  // the interaction's turn is free, and its party known
  }
}

TEST_CASE("who asks for hours is not asked again, and the wait is told", "[hold][platform][A8][I9]") {
  Faults f;
  auto door = f.door();
  REQUIRE(door.ready());
  SECTION("a hold ends at once") {
    f.plan([](HttpFault& fault) { fault.answer(429, {{"Retry-After", "10800"}}); });
    const SteadyTime before = f.clock.steady_now();
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == ErrorCode::rate_limited);
    CHECK(held.error().outcome() == Outcome::not_applied);
    CHECK(held.error().retry_after() == hours{3});
    CHECK(f.clock.steady_now() - before < seconds{1});
    CHECK(door.held().empty());
  }
  SECTION("a short wait is kept, and nothing was done before it") {
    f.plan([](HttpFault& fault) { fault.answer(429, {{"Retry-After", "2"}}); });
    const SteadyTime before = f.clock.steady_now();
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK(held->attempts == 2);
    CHECK(f.clock.steady_now() - before >= seconds{2});
    CHECK(f.changed(AppliedOperation::Kind::hold) == 1);
  }
}

TEST_CASE("what cannot be read is not put on hold, and what may be held stays watched",
          "[hold][platform][B8][I4][I13]") {
  Faults f;
  auto door = f.door();
  REQUIRE(door.ready());
  SECTION("a hold is refused before anything is sent") {
    f.plan([](HttpFault& fault) { fault.always().answer(500); }, "GET");
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().outcome() == Outcome::not_applied);
    CHECK(held.error().attempts() == 0);
    CHECK(f.patches() == 0);
    CHECK(door.held().empty());
  }
  SECTION("an accepted one without event or reading is unknown") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("GET", std::string(conversations)).skip(1).always().answer(500); });
    f.plan([](HttpFault& fault) { fault.answer(202); });  // accepted, and never done
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().outcome() == Outcome::unknown);
    CHECK(door.held().size() == 1);
  }
  SECTION("a release needs no reading when one has shown the party") {
    REQUIRE(door.hold(f.hold()));
    f.plan([](HttpFault& fault) { fault.always().answer(500); }, "GET");
    REQUIRE(door.unhold(f.unhold()));
    CHECK_FALSE(f.held());
  }
}

TEST_CASE("a release finds the party that its user has by now", "[hold][platform][I14]") {
  Faults f;
  f.dialect.user.clear();  // so that no event tells
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  SECTION("when the former one has left") {
    f.cloud.change([](PlatformModel& model) {
      PlatformConversation& all = *model.find(platform_call);
      PlatformParticipant& before = *all.participant(platform_agent);
      before.state = "disconnected", before.held = false;
      PlatformParticipant& after = all.participants.emplace_back(other_agent, "agent");
      after.user_id = std::string(platform_user), after.held = true;
    });
    const auto released = door.unhold(f.unhold());
    REQUIRE(released);
    CHECK(released->attempts == 2);
    CHECK_FALSE(f.held(platform_call, other_agent));
    CHECK(door.held().empty());
  }
  SECTION("and ends with the interaction when that is over") {
    f.cloud.change([](PlatformModel& model) { model.end(platform_call); });
    const auto released = door.unhold(f.unhold());
    REQUIRE_FALSE(released);
    CHECK(released.error().code() == ErrorCode::not_eligible);
    CHECK(released.error().outcome() == Outcome::not_applied);
    CHECK(door.held().empty());  // nothing is on hold there any more
  }
  SECTION("and no other when it is the same that is refused") {
    f.plan([&](HttpFault& fault) { fault.always().answer(404, {}, f.refusal("not.found", 404)); });
    const auto released = door.unhold(f.unhold());
    REQUIRE_FALSE(released);
    CHECK(released.error().attempts() == 1);
    CHECK(door.held().size() == 1);
  }
}

TEST_CASE("an interaction that ends is watched no more", "[hold][platform][I13]") {
  Faults f;
  auto door = f.door();
  SECTION("as an event tells") { REQUIRE(door.ready()); }
  SECTION("or a reading, when it ends before the channel is open") {}
  REQUIRE(door.hold(f.hold()));
  f.cloud.change([](PlatformModel& model) { model.end(platform_call); });
  door.pump_for(seconds{2});
  CHECK(door.held().empty());
  const auto again = door.hold(f.hold());
  REQUIRE_FALSE(again);
  CHECK(again.error().code() == ErrorCode::not_eligible);
}

TEST_CASE("an old event does not make a hold of what was released", "[hold][platform][B38][I13]") {
  Faults f;
  std::string event;
  auto door = f.door();
  door.on_message([&](const ChannelMessage& message) {
    if (message.payload.find("\"held\":true") != std::string::npos) event = message.payload;
  });
  REQUIRE(door.ready());
  REQUIRE(door.hold(f.hold()));
  door.pump_for(seconds{1});
  REQUIRE_FALSE(event.empty());
  REQUIRE(door.unhold(f.unhold()));
  REQUIRE(f.cloud.channels().size() == 1);
  f.cloud.channels().front().deliver(event);
  door.pump_for(seconds{2});
  CHECK(door.held().empty());  // a reading has told
  REQUIRE(door.hold(f.hold()));
  f.cloud.channels().front().deliver(event);
  door.pump_for(seconds{2});
  CHECK(door.held().size() == 1);
}

TEST_CASE("a wall clock that jumps makes none of our holds older", "[hold][platform][I22]") {
  for (const Duration jump : {Duration(hours{24}), Duration(-hours{24})}) {
    Faults f;
    f.settings.hold.limit = HoldLimit::release;
    auto door = f.door();
    REQUIRE(door.hold(f.hold()));
    const SteadyTime since = door.held().front().since;
    f.clock.jump_wall(jump);
    // Any event of the conversation tells of the hold again.
    f.cloud.change([](PlatformModel& model) { model.set_attribute(platform_call, platform_agent, "any", "thing"); });
    door.pump_for(minutes{5});
    REQUIRE(door.held().size() == 1);
    CHECK(door.held().front().since == since);
    CHECK(f.held());
    CHECK(door.metrics()[HoldCount::watchdog_releases] == 0);
    door.pump_for(minutes{11});
    CHECK_FALSE(f.held());  // at its limit, and not before
  }
}

TEST_CASE("another's hold is as old as the platform says", "[hold][platform][B38][I15]") {
  Faults f;
  f.settings.hold.limit = HoldLimit::release;
  f.cloud.change([](PlatformModel& model) { model.set_held(platform_call, platform_agent, true); });
  f.clock.advance(minutes{10});
  auto door = f.door();
  REQUIRE(door.ready());
  f.cloud.change([](PlatformModel& model) { model.set_attribute(platform_call, platform_agent, "any", "thing"); });
  door.pump_for(seconds{1});
  REQUIRE(door.held().size() == 1);
  CHECK(f.clock.steady_now() - door.held().front().since >= minutes{10});
  door.pump_for(minutes{6});
  CHECK_FALSE(f.held());
}

TEST_CASE("a channel that cannot be made is said, and holds go by readings", "[hold][platform][B13][B17]") {
  Faults f;
  ErrorCode wanted{};
  std::string_view word;
  SECTION("because the roles do not allow it") {
    f.plan([&](HttpFault& fault) { fault.always().answer(403, {}, f.refusal("missing.permissions", 403)); }, "POST",
           channels);
    wanted = ErrorCode::forbidden;
    word = "channel.post";
  }
  SECTION("because the topic is refused") {
    f.plan(
        [](HttpFault& fault) {
          fault.always().answer(200, {{"Content-Type", "application/json"}},
                                R"({"entities":[{"id":"v2.users.a0000000-0000-4000-8000-000000000001.conversations",)"
                                R"("state":"Rejected","rejectionReason":"no right to it",)"
                                R"("missingPermissions":["conversation:call:view"]}]})");
        },
        "PUT", channels);
    wanted = ErrorCode::forbidden;
    word = "conversation:call:view";
  }
  auto door = f.door();
  const auto ready = door.ready();
  REQUIRE_FALSE(ready);
  CHECK(ready.error().code() == wanted);
  CHECK(ready.error().message().find(word) != std::string::npos);
  CHECK(door.state() == ChannelState::refused);
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK(held->resolved_by == ResolvedBy::state);
  REQUIRE(door.unhold(f.unhold()));
  f.check_secrecy(door, ready.error().message());
}

TEST_CASE("what fails while a channel is made is tried again", "[hold][platform][B17][B18]") {
  Faults f;
  std::size_t made = 1;
  SECTION("its making") {
    f.plan([](HttpFault& fault) { fault.times(2).answer(503); }, "POST", channels);
  }
  SECTION("its subscription") {
    f.plan([](HttpFault& fault) { fault.times(2).reset(); }, "PUT", channels);
  }
  SECTION("an answer that is none") {
    f.plan([](HttpFault& fault) { fault.garbage(); }, "POST", channels);
  }
  SECTION("a subscription to a channel that has gone meanwhile") {
    // The first attempt makes it, and cannot open it; then it is gone.
    f.cloud.plan([](FaultPlan& plan) { plan.on_open().reset(); });
    f.cloud.plan([&](FaultPlan& plan) {
      plan.on("PUT", std::string(channels)).skip(1).answer(404, {}, f.refusal("not.found", 404));
    });
    made = 2;
  }
  SECTION("an upgrade that is refused, since the channel is gone") {
    f.cloud.plan([](FaultPlan& plan) { plan.on_open().refuse(401); });
    made = 2;
  }
  SECTION("an upgrade for which the server has no time") {
    f.cloud.plan([](FaultPlan& plan) { plan.on_open().times(2).refuse(503, {{"Retry-After", "1"}}); });
  }
  auto door = f.door();
  REQUIRE(door.ready());
  CHECK(f.cloud.inspect([](const PlatformModel& model) { return model.channels().all().size(); }) == made);
  CHECK(f.cloud.faults_pending() == 0);
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK(held->resolved_by == ResolvedBy::answer);
  f.check_secrecy(door);
}

TEST_CASE("a server that refuses every channel is not flooded with new ones", "[hold][platform][B17][L5]") {
  Faults f;
  f.cloud.plan([](FaultPlan& plan) { plan.on_open().always().refuse(401); });
  auto door = f.door();
  CHECK_FALSE(door.ready(minutes{10}));
  // Twelve in a minute is the most; the platform itself keeps twenty.
  const std::size_t exchanges = f.cloud.exchanges();
  CHECK(exchanges <= 3 * 12 * 11);
  CHECK(exchanges >= 10);
}

TEST_CASE("a refused upgrade that repeats the channel's id is not repeated", "[hold][platform][B12][I19]") {
  HttpResponse refusal;
  refusal.status = 404;
  refusal.body.append(R"({"message":"there is no channel streaming-5-abcdefgh","code":"not.found","status":404})");
  const OpenFailure failure = upgrade_failure(TransportError(TransportFault::upgrade_refused, Delivery::maybe_sent),
                                              refusal, WallTime{}, {}, "streaming-5-abcdefgh");
  CHECK(failure.kind == OpenFailure::Kind::channel_gone);
  CHECK(failure.error.server_message().find("abcdefgh") == std::string::npos);
  CHECK(failure.error.server_code() == "not.found");
  const OpenFailure fixed =
      upgrade_failure(TransportError(TransportFault::upgrade_refused, Delivery::maybe_sent), refusal, WallTime{});
  CHECK(fixed.kind == OpenFailure::Kind::permanent);
}

TEST_CASE("a release beyond the limit is refused where the settings say so", "[hold][platform][B1]") {
  Faults f;
  f.settings.hold.limit = HoldLimit::reject_late_unhold;
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  door.pump_for(minutes{16});
  const std::size_t before = f.patches();
  const auto late = door.unhold(f.unhold());
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == ErrorCode::hold_limit);
  CHECK(f.patches() == before);
  CHECK(f.held());
}

TEST_CASE("a pacer spaces holds, and releases do not wait for it", "[hold][platform][pacer][I14]") {
  Faults f;
  f.settings.hold.pacer = std::make_shared<Pacer>(6.0);  // a minute
  auto door = f.door();
  REQUIRE(door.ready());
  const SteadyTime start = f.clock.steady_now();
  const std::vector<std::string_view> all{platform_call, platform_chat, platform_email};
  for (const std::string_view id : all) REQUIRE(door.hold(f.hold(id)));
  const Duration took = f.clock.steady_now() - start;
  CHECK(took >= seconds{10});
  const SteadyTime released = f.clock.steady_now();
  for (const std::string_view id : all) REQUIRE(door.unhold(f.unhold(id)));
  CHECK(f.clock.steady_now() - released < seconds{1});
}

TEST_CASE("every kind of conversation is held and released", "[hold][platform]") {
  struct Kind {
    std::string_view id;
    std::optional<cloud::platform::Media> media;
  };
  using cloud::platform::Media;
  for (const Kind& each : {Kind{platform_callback, std::nullopt}, Kind{platform_chat, std::nullopt},
                           Kind{platform_email, std::nullopt}, Kind{platform_message, std::nullopt},
                           Kind{platform_call, Media::call}, Kind{platform_callback, Media::callback},
                           Kind{platform_email, Media::email}, Kind{platform_message, Media::message}}) {
    CAPTURE(each.id, each.media.has_value());
    Faults f;
    f.dialect.media = each.media;
    auto door = f.door();
    REQUIRE(door.ready());
    const auto held = door.hold(f.hold(each.id));
    REQUIRE(held);
    CHECK(held->resolved_by == ResolvedBy::answer);
    CHECK(f.held(each.id));
    const auto released = door.unhold(f.unhold(each.id));
    REQUIRE(released);
    CHECK(released->resolved_by == ResolvedBy::answer);
    CHECK_FALSE(f.held(each.id));
    CHECK(door.held().empty());
  }
}

TEST_CASE("who is put on hold hears music where that is asked for", "[hold][platform]") {
  for (const bool music : {true, false}) {
    Faults f;
    f.dialect.hold_music = music;
    auto door = f.door();
    const auto confined = [&] {
      return f.cloud.inspect(
          [](const PlatformModel& model) { return model.find(platform_call)->participant(platform_agent)->confined; });
    };
    REQUIRE(door.hold(f.hold()));
    CHECK(confined() == music);
    REQUIRE(door.unhold(f.unhold()));
    CHECK_FALSE(confined());
    CHECK_FALSE(f.held());
  }
}

TEST_CASE("the reason of a hold is kept beside it, and changes nothing of it", "[hold][platform]") {
  Faults f;
  f.dialect.hold_reason_attribute = "hold_reason";
  auto door = f.door();
  const auto kept = [&]() -> std::string {
    return f.cloud.inspect([](const PlatformModel& model) {
      const std::string* const text = model.find(platform_call)->participant(platform_agent)->attribute("hold_reason");
      return text ? *text : std::string{};
    });
  };
  SECTION("when it can be") {
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK(held->reason_kept);
    CHECK(kept() == "consultation");
  }
  SECTION("and when it cannot") {
    f.cloud.plan([&](FaultPlan& plan) {
      f.on_patch(plan).skip(1).always().answer(403, {{"inin-correlation-id", "another"}},
                                               f.refusal("missing.permissions", 403));
    });
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK_FALSE(held->reason_kept);
    CHECK(kept().empty());
    CHECK(held->http_status == 202);
    CHECK(door.audit_log().back().server_correlation_id != "another");
    CHECK(f.held());
  }
}

TEST_CASE("a hold that is stopped before it is sent was not done", "[hold][platform][cancellation][I23]") {
  Faults f;
  auto door = f.door();
  std::stop_source stop;
  stop.request_stop();
  const auto held = door.hold(f.hold().stop(stop.get_token()));
  REQUIRE_FALSE(held);
  CHECK(held.error().code() == ErrorCode::cancelled);
  CHECK(held.error().outcome() == Outcome::not_applied);
  CHECK(f.patches() == 0);
  CHECK(door.held().empty());
}

TEST_CASE("what was under way when a process died is found out by readings", "[hold][platform][journal][B6][I16]") {
  Faults f;
  const auto disk = std::make_shared<SimulatedDisk>();
  const auto with_journal = [&] {
    auto journal = Journal::open(disk);
    REQUIRE(journal);
    f.settings.journal = std::move(*journal);
  };
  with_journal();
  {
    auto door = f.door();
    REQUIRE(door.hold(f.hold()));
    f.plan([](HttpFault& fault) { fault.after_applying().timeout(); }, "PATCH", conversations);
    f.cloud.plan([](FaultPlan& plan) { plan.on("GET", std::string(conversations)).skip(1).always().answer(503); });
    for (ChannelPeer peer : f.cloud.channels()) peer.cut();
    f.cloud.plan([](FaultPlan& plan) { plan.on_open().always().reset(); });
    const auto unknown = door.hold(f.hold(platform_chat));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().outcome() == Outcome::unknown);
    REQUIRE(f.settings.journal->flush());
  }
  f.settings.journal.reset();
  f.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  f.clock.advance(minutes{2});
  with_journal();
  auto door = f.door();
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->holds_rebuilt == 2);
  REQUIRE(door.held().size() == 2);
  for (const HeldInteraction& each : door.held()) {
    CHECK(each.confirmed);
    CHECK(f.clock.steady_now() - each.since >= minutes{2});
  }
  REQUIRE(door.unhold(f.unhold()));
  REQUIRE(door.unhold(f.unhold(platform_chat)));
  CHECK(f.settings.journal->holds().empty());
}

TEST_CASE("the watchdog's release goes on until it is through", "[hold][platform][B2][I15]") {
  Faults f;
  f.settings.hold.limit = HoldLimit::release;
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  f.plan([](HttpFault& fault) { fault.times(12).answer(503); });
  SECTION("while somebody serves at length") { door.pump_for(minutes{20}); }
  SECTION("and while nobody serves for longer than an exchange takes") {
    f.cloud.latency(milliseconds{100});
    for (int i = 0; i < 17 * 60 * 20 && f.held(); ++i) door.pump_for(milliseconds{50});
    door.pump_for(seconds{1});
  }
  CHECK_FALSE(f.held());
  CHECK(door.held().empty());
}

TEST_CASE("readings behind a gap keep neither the watchdog nor a stop waiting", "[hold][platform][I15][I23]") {
  constexpr std::size_t many = 60;
  PlatformOptions options;
  options.rate_limit = 0;
  Faults f(options);
  std::size_t escalated = 0;
  Duration latest{};
  std::stop_source stop;
  SteadyTime stopped{};
  auto door = f.door();
  REQUIRE(door.ready());
  const std::vector<std::string> ids = f.hold_many(door, many);
  door.on_limit([&](const HoldLimitEvent& event) {
    if (event.kind != HoldLimitEvent::Kind::escalation) return;
    latest = std::max<Duration>(latest, event.held_for - f.settings.hold.max_hold);
    if (++escalated != many) return;
    stop.request_stop();
    stopped = f.clock.steady_now();
  });
  door.pump_for(minutes{14} + seconds{40});
  REQUIRE(escalated == 0);
  REQUIRE(door.held().size() == many);
  f.cloud.change([&](PlatformModel& model) {
    for (std::size_t i = 0; i < many; i += 2) model.set_held(ids[i], platform_agent, true);  // nothing changes
  });
  for (ChannelPeer peer : f.cloud.channels()) peer.cut();
  f.cloud.change([&](PlatformModel& model) {
    for (std::size_t i = 0; i < many; i += 2) model.set_held(ids[i], platform_agent, false);
  });
  f.plan([](HttpFault& fault) { fault.always().delay(seconds{20}); }, "GET");
  door.run(stop.get_token());
  CHECK(escalated == many);
  CHECK(latest <= seconds{1});
  CHECK(f.clock.steady_now() - stopped <= seconds{1});
  CHECK(door.held().size() == many);
  // What had no time is not lost.
  f.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  door.pump_for(seconds{20});
  CHECK(door.held().size() == many / 2);
}

TEST_CASE("readings behind a gap keep no caller waiting, nor the channel", "[hold][platform][I7][I14]") {
  constexpr std::size_t many = 40;
  PlatformOptions options;
  options.rate_limit = 0;
  options.effect_delay = seconds{1};
  Faults f(options);
  std::size_t heard = 0;
  SteadyTime last{};
  Duration longest{};
  auto door = f.door();
  REQUIRE(door.ready());
  const std::vector<std::string> ids = f.hold_many(door, many);
  for (ChannelPeer peer : f.cloud.channels()) peer.cut();
  f.plan([](HttpFault& fault) { fault.always().delay(seconds{4}); }, "GET");
  door.pump_for(milliseconds{1});
  REQUIRE(door.state() != ChannelState::open);
  REQUIRE(door.ready());
  const SteadyTime begun = f.clock.steady_now();
  const auto released = door.unhold(f.unhold(ids.back()));
  REQUIRE(released);
  CHECK(f.clock.steady_now() - begun <= seconds{3});
  CHECK(door.held().size() == many - 1);
  // Who serves reads, and hears the channel between any two readings.
  last = f.clock.steady_now();
  door.on_message([&](const ChannelMessage&) {
    ++heard;
    longest = std::max<Duration>(longest, f.clock.steady_now() - last);
    last = f.clock.steady_now();
  });
  for (int i = 0; i < 10; ++i) {
    f.cloud.change([&](PlatformModel& model) { model.set_held(ids[0], platform_agent, i % 2 == 0); });
    door.pump_for(seconds{2});
  }
  CHECK(heard >= 9);
  CHECK(longest <= seconds{8});
  f.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  door.pump_for(minutes{1});
  CHECK(door.held().size() == many - 2);
}
