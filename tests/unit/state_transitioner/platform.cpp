// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "door.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using cloud::Platform;
using cloud::TransitionStore;

namespace {

const std::string main_menu = "Main menu", billing = "Billing inquiry", survey = "Survey";

/// A door that speaks the real platform's dialect, in front of that platform in memory.
struct PlatformFixture {
  ManualClock clock;
  SimulatedPlatform cloud;
  Settings settings;
  Platform dialect{.schema_id = std::string(platform_schema)};

  explicit PlatformFixture(PlatformOptions options = {}) : cloud(clock, std::move(options)) {
    settings.base_url = "https://api.mypurecloud.com";
    settings.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = "https://login.mypurecloud.com",
                                                                  .client_id = "client",
                                                                  .client_secret = Secret("s3cr3t-canary"),
                                                                  .credentials_in = CredentialsIn::basic});
    settings.random = std::make_shared<RandomSource>(7);
    cloud.change([](PlatformModel& model) { model.find(platform_flow_call)->records.clear(); });  // as a new call
  }
  auto door() { return StateTransitioner{Policies{.transport = cloud, .clock = clock, .schema = schema<IvrVariables>, .dialect = dialect}, settings}; }
  static TransitionRequest move(std::string from, std::string to, std::string_view conversation = platform_flow_call) {
    return TransitionRequest{std::string(conversation), std::string(platform_flow), std::move(from), std::move(to)};
  }
  /// The conversation's attribute as JSON, of its only record.
  std::string stored(std::string_view name) {
    return cloud.inspect([&](const PlatformModel& model) {
      const auto& records = model.find(platform_flow_call)->records;
      if (records.size() != 1) return std::string("<records: " + std::to_string(records.size()) + ">");
      const std::string* const value = records.front().attribute(name);
      return value ? *value : std::string("<none>");
    });
  }
  int version() {
    return cloud.inspect([](const PlatformModel& model) { return model.find(platform_flow_call)->records.front().version; });
  }
  std::string on_participant(std::string_view name) {
    return cloud.inspect([&](const PlatformModel& model) {
      for (const auto& [each, value] : model.find(platform_flow_call)->participant(platform_ivr)->attributes)
        if (each == name) return value;
      return std::string("<none>");
    });
  }
};

}  // namespace

TEST_CASE("on the platform a transition writes custom attributes under the record's version", "[transition][platform][A1][I1]") {
  PlatformFixture f;
  auto door = f.door();
  const auto first = door.transition(f.move(main_menu, billing).json("call_duration_seconds", "2"));
  REQUIRE(first);
  CHECK(first->resolved_by == ResolvedBy::answer);
  CHECK(first->etag_used == "new@" + std::string(platform_flow_call));
  CHECK(f.stored("flow_node") == "\"Billing inquiry\"");
  CHECK(f.stored("transition_id") == "\"" + first->transition_id + "\"");
  CHECK(f.stored("call_duration_seconds") == "2");  // typed
  CHECK(f.version() == 1);
  const auto second = door.transition(f.move(billing, survey));
  REQUIRE(second);
  CHECK(second->etag_used == "1@" + std::string(platform_flow_call));
  CHECK(f.stored("ivr_state") == "\"Survey\"");
  CHECK(f.stored("call_duration_seconds") == "2");  // merged
  CHECK(f.version() == 2);
  const auto stale = door.transition(f.move(billing, survey));
  REQUIRE_FALSE(stale);
  CHECK(stale.error().code() == ErrorCode::stale_state);
  CHECK(door.metrics().pending() == 0);
}

TEST_CASE("on the platform a version conflict is known by its code, read anew and tried with the new version", "[transition][platform][A2][A4]") {
  PlatformFixture f;
  REQUIRE(f.door().transition(f.move(main_menu, billing)));
  SECTION("the other writer left the node") {
    f.cloud.plan([&](FaultPlan& plan) { plan.on("PATCH").foreign_write(billing); });
    auto door = f.door();
    const auto moved = door.transition(f.move(billing, survey));
    REQUIRE(moved);
    CHECK(moved->attempts == 2);
    CHECK(moved->etag_used == "2@" + std::string(platform_flow_call));
    CHECK(door.metrics()[TransitionCount::conflicts] == 1);
    CHECK(f.version() == 3);
  }
  SECTION("the other writer moved it") {
    f.cloud.plan([&](FaultPlan& plan) { plan.on("PATCH").foreign_write(main_menu); });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::stale_state);
    CHECK(f.stored("flow_node") == "\"Main menu\"");
  }
  SECTION("another 409 is no conflict of versions") {
    f.cloud.plan([&](FaultPlan& plan) {
      plan.on("PATCH").answer(409, {}, R"({"status":409,"code":"request.conflict","message":"too many at once"})");
    });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::conflict);
    CHECK(moved.error().server_code() == "request.conflict");
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(f.version() == 1);
  }
}

TEST_CASE("of two writers that make the first record at once the second is refused, and replaces nothing", "[transition][platform][I1]") {
  PlatformFixture f;
  const auto first = f.door().transition(f.move(main_menu, billing));
  REQUIRE(first);
  f.cloud.plan([](FaultPlan& plan) {  // a reading from before the first one's write
    plan.on("GET", "/api/v2/conversations/" + std::string(platform_flow_call) + "/customattributes").answer(200, {}, R"({"results":[]})");
  });
  auto door = f.door();
  const auto second = door.transition(f.move(main_menu, "Account menu"));
  REQUIRE_FALSE(second);
  CHECK(second.error().code() == ErrorCode::stale_state);
  CHECK(door.metrics()[TransitionCount::conflicts] == 1);
  CHECK(f.stored("transition_id") == "\"" + first->transition_id + "\"");
  CHECK(f.version() == 1);
}

TEST_CASE("a lost answer of the platform is resolved by the transition's id, without a guess", "[transition][platform][A5][A6][I4]") {
  PlatformFixture f;
  REQUIRE(f.door().transition(f.move(main_menu, billing)));
  SECTION("it was applied") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").after_applying().reset(); });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
    CHECK(f.version() == 2);
  }
  SECTION("every attempt is lost before it is applied: the version is the same, and a late one may still come") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").always().reset(); });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(f.version() == 1);
  }
  SECTION("a writer without an id was quicker: it left the id of before, so ours was not there") {
    f.cloud.plan([&](FaultPlan& plan) {
      plan.on("PATCH").reset();
      plan.on("PATCH").foreign_write(billing);
    });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE(moved);
    CHECK(moved->attempts == 3);
    CHECK(f.version() == 3);
  }
  SECTION("the same where there was no id before: it may have replaced ours") {
    f.cloud.change([](PlatformModel& model) {
      auto& attributes = model.find(platform_flow_call)->records.front().attributes;
      std::erase_if(attributes, [](const auto& each) { return each.first == "transition_id"; });
    });
    f.cloud.plan([&](FaultPlan& plan) {
      plan.on("PATCH").reset();
      plan.on("PATCH").foreign_write(billing);
    });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
  }
  SECTION("a page of a proxy in place of an answer proves nothing") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").garbage(); });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
  }
}

TEST_CASE("attributes of a participant are text, and count as written when they show", "[transition][platform][I4]") {
  PlatformOptions options;
  options.effect_delay = milliseconds{400};
  PlatformFixture f(options);
  f.dialect = Platform{.store = TransitionStore::participant_attributes};
  SECTION("a write that is accepted is looked for until it shows") {
    auto door = f.door();
    const auto moved = door.transition(f.move(main_menu, billing).json("call_duration_seconds", "2").json("requires_supervisor", "true"));
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
    CHECK(moved->http_status == 202);
    CHECK(moved->etag_used.empty());  // nothing was locked
    CHECK(f.on_participant("flow_node") == billing);
    CHECK(f.on_participant("call_duration_seconds") == "2");
    CHECK(f.on_participant("requires_supervisor") == "true");
    CHECK(moved->waited >= milliseconds{300});
    const auto attempt = door.audit_log().front();
    CHECK(attempt.kind == AuditKind::attempt);
    CHECK(attempt.outcome == Outcome::unknown);  // accepted is not applied
    CHECK_FALSE(attempt.success);
    CHECK(attempt.error_code.empty());
    const auto wrong = door.transition(f.move(main_menu, billing));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code() == ErrorCode::stale_state);
  }
  SECTION("one that never shows is unknown") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").answer(202); });
    const auto moved = f.door().transition(f.move(main_menu, billing));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(f.on_participant("flow_node") == "<none>");
  }
  SECTION("one whose answer is lost is not sent again, which could overwrite another's, but looked for") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").after_applying().reset(); });
    const auto moved = f.door().transition(f.move(main_menu, billing));
    REQUIRE(moved);
    CHECK(moved->attempts == 1);
    CHECK(moved->resolved_by == ResolvedBy::state);
  }
  SECTION("a refusal is not applied") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").answer(403, {}, R"({"code":"missing.permissions"})"); });
    const auto moved = f.door().transition(f.move(main_menu, billing));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::forbidden);
    CHECK(moved.error().outcome() == Outcome::not_applied);
  }
}

TEST_CASE("who is over, absent or meant twice is not written", "[transition][platform]") {
  PlatformFixture f;
  SECTION("a conversation that has ended") {
    f.cloud.change([](PlatformModel& model) { model.end(platform_flow_call); });
    const auto moved = f.door().transition(f.move(main_menu, billing));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::not_eligible);
    CHECK(moved.error().outcome() == Outcome::not_applied);
  }
  SECTION("no participant of that purpose") {
    f.dialect.participant = cloud::platform::ParticipantSelector::by_purpose("botflow");
    const auto moved = f.door().transition(f.move(main_menu, billing));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::not_found);
  }
  SECTION("no record, and no schema to make one of") {
    f.dialect.schema_id.clear();
    const auto moved = f.door().transition(f.move(main_menu, billing));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::invalid_settings);
  }
  SECTION("no such conversation") {
    const auto moved = f.door().transition(f.move(main_menu, billing, "c0000000-0000-4000-8000-00000000dead"));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::not_found);
    CHECK(moved.error().server_code() == "not.found");
  }
  const auto writes = f.cloud.inspect([](const PlatformModel& model) { return model.find(platform_flow_call)->records.size(); });
  CHECK(writes == 0);
}

TEST_CASE("the platform's flows allow and refuse by tasks, menus and actions", "[transition][platform][A25]") {
  PlatformFixture f;
  auto door = f.door();
  const auto back = door.transition(f.move(survey, main_menu));
  REQUIRE_FALSE(back);
  CHECK(back.error().code() == ErrorCode::not_reachable);
  const auto path = door.path(platform_flow, main_menu, "Account menu");
  REQUIRE(path);
  const auto nowhere = door.transition(f.move(main_menu, "Lost and found"));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code() == ErrorCode::unknown_node);
  f.dialect.flow_version = std::string(platform_flow_version);
  f.settings.flows = std::make_shared<FlowCache>();
  const auto flow = f.door().flow(platform_flow, platform_flow_version);
  REQUIRE(flow);
  CHECK((*flow)->version() == platform_flow_version);
}

TEST_CASE("what became of a write is read from the record alone, whatever else can be read", "[transition][platform][I4]") {
  PlatformFixture f;
  REQUIRE(f.door().transition(f.move(main_menu, billing)));
  const std::string conversation = "/api/v2/conversations/" + std::string(platform_flow_call);
  f.cloud.plan([&](FaultPlan& plan) {
    plan.on("PATCH").after_applying().reset();
    plan.on("GET", conversation + "/customattributes").always().delay(Duration{});  // as ever
    plan.on("GET", conversation).skip(1).always().answer(500);
  });
  const auto moved = f.door().transition(f.move(billing, survey));
  REQUIRE(moved);
  CHECK(moved->resolved_by == ResolvedBy::state);
}

TEST_CASE("a conversation that ends while another writer is quicker is not written any more", "[transition][platform][A2]") {
  PlatformFixture f;
  REQUIRE(f.door().transition(f.move(main_menu, billing)));
  const std::string conversation = "/api/v2/conversations/" + std::string(platform_flow_call);
  f.cloud.plan([&](FaultPlan& plan) {
    plan.on("PATCH").foreign_write(billing);
    plan.on("GET", conversation + "/customattributes").always().delay(Duration{});  // as ever
    plan.on("GET", conversation).skip(1).always().answer(
        200, {}, "{\"id\":\"" + std::string(platform_flow_call) +
                     R"(","endTime":"2026-01-01T00:00:00Z","participants":[{"id":"p","purpose":"ivr","endTime":"2026-01-01T00:00:00Z"}]})");
  });
  const auto moved = f.door().transition(f.move(billing, survey));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::not_eligible);
  CHECK(moved.error().attempts() == 1);
  CHECK(f.version() == 2);  // the other's
}

TEST_CASE("no version of the platform is remembered: it does not tell whether the conversation has ended", "[transition][platform][warm]") {
  PlatformFixture f;
  f.settings.transition.remember = std::make_shared<InteractionMemory>();
  auto door = f.door();
  REQUIRE(door.transition(f.move(main_menu, billing)));
  f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").after_applying().reset(); });
  REQUIRE(door.transition(f.move(billing, survey)));  // proved by a reading
  REQUIRE_FALSE(door.transition(f.move(main_menu, billing)));  // which another one showed to be elsewhere
  CHECK(f.settings.transition.remember->size() == 0);
  f.cloud.change([](PlatformModel& model) { model.end(platform_flow_call); });
  const auto late = door.transition(f.move(survey, main_menu));
  REQUIRE_FALSE(late);
  CHECK(f.version() == 2);
}

TEST_CASE("a refusal that cannot be read is looked into: it may be that of a copy of what was applied", "[transition][platform][I4]") {
  PlatformFixture f;
  REQUIRE(f.door().transition(f.move(main_menu, billing)));
  const auto answer = GENERATE(as<std::string>{}, "", "<html>Conflict</html>", R"({"status":409})");
  SECTION("it was applied") {
    f.cloud.plan([&](FaultPlan& plan) { plan.on("PATCH").after_applying().answer(409, {}, answer); });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
    CHECK(f.version() == 2);
  }
  SECTION("it was not, and the version is the same") {
    f.cloud.plan([&](FaultPlan& plan) { plan.on("PATCH").answer(409, {}, answer); });
    const auto moved = f.door().transition(f.move(billing, survey));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::conflict);
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(f.version() == 1);
  }
}

TEST_CASE("a conflict of versions that no reading shows yet leaves the write in doubt", "[transition][platform][I4]") {
  PlatformFixture f;
  REQUIRE(f.door().transition(f.move(main_menu, billing)));
  // A proxy sends a copy, which is applied; the other one is refused; and the replica that is read knows of neither.
  const std::string before = f.cloud.inspect([](const PlatformModel& model) {
    const PlatformRecord& record = model.find(platform_flow_call)->records.front();
    return R"({"results":[{"id":")" + record.id + R"(","version":)" + std::to_string(record.version) + R"(,"schema":{"id":")" +
           std::string(platform_schema) + R"("},"customAttributes":{"flow_node":"Billing inquiry","transition_id":"t-before"}}]})";
  });
  f.cloud.plan([&](FaultPlan& plan) {
    plan.on("PATCH").after_applying().answer(409, {}, R"({"status":409,"code":"conversation.custom.attributes.version.conflict"})");
    plan.on("GET", "/api/v2/conversations/" + std::string(platform_flow_call) + "/customattributes").skip(1).always().answer(200, {}, before);
  });
  const auto moved = f.door().transition(f.move(billing, survey));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().outcome() == Outcome::unknown);
  CHECK(f.version() == 2);
}

TEST_CASE("an answer without a list of records is none, and makes no record", "[transition][platform][I1]") {
  PlatformFixture f;
  f.cloud.plan([](FaultPlan& plan) { plan.on("GET", "/api/v2/conversations/" + std::string(platform_flow_call) + "/customattributes").always().garbage(R"({"welcome":true})"); });
  const auto moved = f.door().transition(f.move(main_menu, billing));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::malformed_response);
  CHECK(f.cloud.inspect([](const PlatformModel& model) { return model.find(platform_flow_call)->records.empty(); }));
}

TEST_CASE("a first record has one id however the conversation's is spelt", "[platform][dialect][I1]") {
  const Platform dialect{.schema_id = "s"};
  HttpResponse response;
  response.status = 200;
  response.body.assign(R"({"results":[]})");
  JsonReader reader;
  InteractionSnapshot large, small;
  REQUIRE(dialect.parse_reading(response, reader, "C0FFEE00-0000-4000-8000-00000000ABCD", 1, large));
  REQUIRE(dialect.parse_reading(response, reader, "c0ffee00-0000-4000-8000-00000000abcd", 1, small));
  CHECK(large.etag == "new@c0ffee00-0000-4000-8000-00000000abcd");
  CHECK(large.etag == small.etag);
}

TEST_CASE("a participant without an id has no attributes that could be written", "[platform][dialect]") {
  const Platform dialect{.store = TransitionStore::participant_attributes};
  HttpResponse response;
  response.status = 200;
  response.body.assign(R"({"id":"c-1","participants":[{"purpose":"ivr"}]})");
  JsonReader reader;
  InteractionSnapshot seen;
  const auto read = dialect.parse_reading(response, reader, "c-1", 0, seen);
  REQUIRE_FALSE(read);
  CHECK(read.error().code() == ErrorCode::malformed_response);
}

TEST_CASE("on a loop the dialect lives as long as the operations of a door that is gone, and cancelling cuts the search short",
          "[transition][platform][loop][I4][I23]") {
  const bool typed = GENERATE(true, false);
  for (int steps = 0; steps < 24; ++steps) {
    CAPTURE(steps);
    PlatformOptions options;
    options.effect_delay = milliseconds{400};
    PlatformFixture f(options);
    f.dialect.store = typed ? TransitionStore::custom_attributes : TransitionStore::participant_attributes;
    ManualLoop loop(f.clock);
    LoopTransport<SimulatedPlatform> transport(loop, f.cloud);
    transport.latency(milliseconds{1});
    std::optional<Result<TransitionResult>> ended;
    int calls = 0;
    {
      StateTransitioner door{Policies{.transport = transport, .clock = f.clock, .dialect = f.dialect}, f.settings};
      door.start_transition(f.move(main_menu, billing), [&](Result<TransitionResult> told) { ended.emplace(std::move(told)), ++calls; });
      for (int i = 0; i < steps; ++i) loop.run_one();
    }
    const SteadyTime destroyed = f.clock.steady_now();
    loop.run();
    REQUIRE(calls == 1);
    const std::string node = typed ? "\"Billing inquiry\"" : billing;
    const std::string found = typed ? f.stored("flow_node") : f.on_participant("flow_node");
    if (ended->has_value()) CHECK(found == node);
    if (!ended->has_value() && ended->error().outcome() == Outcome::not_applied) CHECK(found != node);
    CHECK(f.clock.steady_now() - destroyed < milliseconds{100});  // one reading
    CHECK(transport.under_way() == 0);
  }
}

TEST_CASE("a node is the same by each of the names that the flow has for it", "[transition][platform][A2]") {
  PlatformFixture f;
  f.cloud.change([](PlatformModel& model) {
    model.move(platform_flow_call, "f0000000-0000-4000-8000-000000000011");  // written by its id
  });
  const auto moved = f.door().transition(f.move(main_menu, billing));
  REQUIRE(moved);
  f.cloud.change([](PlatformModel& model) { model.move(platform_flow_call, "Not of this flow"); });
  const auto lost = f.door().transition(f.move(main_menu, billing));
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code() == ErrorCode::stale_state);
}
