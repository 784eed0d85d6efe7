// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <patchbay/journal/journal.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_disk.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "door.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using cloud::Platform;
using cloud::TransitionStore;

namespace {

const std::string other_schema = "5c000000-0000-4000-8000-0000000000ff", other_record = "7ec00000-0000-4000-8000-0000000000ff";
const std::string third_record = "7ec00000-0000-4000-8000-0000000000aa", first_record = "7ec00000-0000-4000-8000-000000000001";

/// A door with a journal, in front of the platform in memory. What a participant's attributes hold nothing locks, so
/// that recovery has only what it reads there to go by.
struct RecoveryFixture {
  const std::string main_menu = "Main menu", billing = "Billing inquiry", survey = "Survey";
  ManualClock clock;
  SimulatedPlatform cloud{clock, PlatformOptions{}};
  Settings settings;
  Platform dialect{.store = TransitionStore::participant_attributes};

  RecoveryFixture() {
    settings.base_url = "https://api.mypurecloud.com";
    TokenSettings login;
    login.login_url = "https://login.mypurecloud.com";
    login.client_id = "client";
    login.client_secret = Secret("s3cr3t-canary");
    settings.tokens = std::make_shared<TokenSource>(std::move(login));
    settings.random = std::make_shared<RandomSource>(7);
    auto journal = Journal::open(std::make_shared<SimulatedDisk>());
    REQUIRE(journal);
    settings.journal = *journal;
    cloud.change([](PlatformModel& model) { model.find(platform_flow_call)->records.clear(); });  // as a new call
  }
  auto door() {
    return StateTransitioner{
        Policies{.transport = cloud, .clock = clock, .schema = schema<IvrVariables>, .dialect = dialect}, settings};
  }
  Result<TransitionResult> move(const std::string& from, const std::string& to) {
    return door().transition(TransitionRequest{std::string(platform_flow_call), std::string(platform_flow), from, to});
  }
  /// A move whose answer is lost, as are those of all that would look for it; applied or not.
  void lose(const std::string& from, const std::string& to, bool applied) {
    const auto moved = move_lost(from, to, applied);
    REQUIRE_FALSE(moved);
    REQUIRE(moved.error().outcome() == Outcome::unknown);
  }
  Result<TransitionResult> move_lost(const std::string& from, const std::string& to, bool applied) {
    cloud.plan([&](FaultPlan& plan) {
      for (const char* const method : {"PATCH", "PUT"}) {
        auto& fault = plan.on(method).always().reset();
        if (applied) fault.after_applying();
      }
      const std::size_t checked = dialect.store == TransitionStore::custom_attributes ? 2 : 1;
      plan.on("GET", "/api/v2/conversations/").skip(checked).always().answer(503);
    });
    auto moved = move(from, to);
    heal();
    return moved;
  }
  void heal() {
    cloud.plan([](FaultPlan& plan) { plan = FaultPlan{}; });
    settings.guards = std::make_shared<HostGuards>();  // what the faults have closed
  }
  /// A record of custom attributes that somebody else has made.
  void add_record(const std::string& id, const std::string& schema_id, std::int32_t version, const std::string& node) {
    cloud.change([&](PlatformModel& model) {
      PlatformRecord& record = model.find(platform_flow_call)->records.emplace_back(id);
      record.schema_id = schema_id;
      record.version = version;
      record.set_attribute("flow_node", '"' + node + '"');
    });
  }
  /// A write of which the journal says that its process died.
  void leave_open(const std::string& operation, const std::string& etag, const std::string& place) {
    IntentRecord record;
    record.operation = operation;
    record.interaction = platform_flow_call;
    record.from = main_menu, record.to = billing;
    record.flow = platform_flow;
    record.etag = etag;
    record.place = place;
    record.webhook = "{}";
    const auto position = settings.journal->intent(record);
    REQUIRE(position);
    settings.journal->abandon(*position);
  }
  /// What the journal says of the only write that is open.
  IntentRecord open_write() {
    const auto open = settings.journal->open_intents();
    REQUIRE(open.size() == 1);
    return open.front().record;
  }
  RecoveryReport recover() {
    const auto report = door().recover();
    REQUIRE(report);
    REQUIRE(report->complete());
    return *report;
  }
};

}  // namespace

TEST_CASE("recovery knows a participant that nobody has written to by the id that it had, and no other way",
          "[transition][platform][journal][I4]") {
  RecoveryFixture f;
  SECTION("it was written") {
    f.lose(f.main_menu, f.billing, true);
    CHECK(f.recover().applied == 1);
  }
  SECTION("it carries the transition of before") {
    REQUIRE(f.move(f.main_menu, f.billing));
    f.lose(f.billing, f.survey, false);
    CHECK(f.recover().not_applied == 1);
  }
  SECTION("nobody has ever written to it") {
    f.lose(f.main_menu, f.billing, false);
    CHECK(f.recover().given_up == 1);
  }
  SECTION("the flow has another participant by now, and the one that was written to has left") {
    f.lose(f.main_menu, f.billing, true);
    f.cloud.change([&](PlatformModel& model) {
      PlatformConversation& call = *model.find(platform_flow_call);
      PlatformParticipant next(*call.participant(platform_ivr));
      CHECK(*next.attribute("flow_node") == f.billing);
      call.participant(platform_ivr)->state = "disconnected";
      next.id = "b0000000-0000-4000-8000-000000000077";
      next.attributes.clear();
      call.participants.push_back(std::move(next));
    });
    CHECK(f.recover().applied == 1);
  }
  SECTION("it was written elsewhere, by a program that was told another store") {
    f.dialect = Platform{.schema_id = std::string(platform_schema)};
    f.lose(f.main_menu, f.billing, true);
    f.dialect = Platform{.store = TransitionStore::participant_attributes};
    CHECK(f.recover().applied == 1);
  }
}

TEST_CASE("recovery reads the record that a write went to, whatever the door would write now", "[transition][platform][journal][I4]") {
  RecoveryFixture f;
  f.dialect = Platform{.schema_id = std::string(platform_schema)};
  // Nobody who gives ids has ever written either record, and their versions have nothing to do with each other.
  f.add_record(third_record, std::string(platform_schema), 7, f.main_menu);
  f.add_record(other_record, other_schema, GENERATE(7, 9), f.main_menu);
  const bool applied = GENERATE(true, false);
  f.lose(f.main_menu, f.billing, applied);
  CHECK(f.open_write().etag == "7@" + third_record);
  SECTION("it is told another schema") { f.dialect.schema_id = other_schema; }
  SECTION("it is told none") { f.dialect.schema_id.clear(); }
  SECTION("it is told another store") { f.dialect = Platform{.store = TransitionStore::participant_attributes}; }
  SECTION("it is told what it was told then") {}
  SECTION("another record of the same schema stands before it") {
    f.add_record(first_record, std::string(platform_schema), 1, f.main_menu);
    f.cloud.change([](PlatformModel& model) {
      auto& records = model.find(platform_flow_call)->records;
      std::swap(records.front(), records.back());
    });
  }
  const RecoveryReport report = f.recover();
  CHECK(report.applied == (applied ? 1 : 0));
  CHECK(report.not_applied == (applied ? 0 : 1));
  CHECK(report.given_up == 0);
}

TEST_CASE("a record that is not shown any more may have been written, also where another one takes its place",
          "[transition][platform][journal][I4]") {
  RecoveryFixture f;
  f.dialect = Platform{.schema_id = std::string(platform_schema)};
  f.add_record(third_record, std::string(platform_schema), 7, f.main_menu);
  f.lose(f.main_menu, f.billing, true);
  f.cloud.change([](PlatformModel& model) { model.find(platform_flow_call)->records.clear(); });
  if (GENERATE(true, false)) f.add_record(other_record, std::string(platform_schema), 9, f.main_menu);
  const RecoveryReport report = f.recover();
  CHECK(report.not_applied == 0);
  CHECK(report.given_up == 1);
}

TEST_CASE("a record that never had an id may have been replaced behind our write, and proves nothing",
          "[transition][platform][journal][I4]") {
  RecoveryFixture f;
  f.dialect = Platform{.schema_id = std::string(platform_schema)};
  f.add_record(third_record, std::string(platform_schema), 7, f.main_menu);
  const bool applied = GENERATE(true, false);
  f.lose(f.main_menu, f.billing, applied);
  f.cloud.change([&](PlatformModel& model) {
    PlatformRecord& record = model.find(platform_flow_call)->records.front();
    record.attributes.clear();
    record.set_attribute("flow_node", '"' + f.main_menu + '"');
    ++record.version;
  });
  const RecoveryReport report = f.recover();
  CHECK(report.not_applied == 0);
  CHECK(report.given_up == 1);
}

TEST_CASE("a first record that others make under another id is no newer version of the one that we were to make",
          "[transition][platform][journal][I3][I4]") {
  RecoveryFixture f;
  f.dialect = Platform{.schema_id = std::string(platform_schema)};
  const std::string records = "/api/v2/conversations/" + std::string(platform_flow_call) + "/customattributes";
  const std::string theirs = R"({"results":[{"id":")" + other_record + R"(","version":1,"schema":{"id":")" + std::string(platform_schema) +
                             R"("},"customAttributes":{"flow_node":"Main menu"}}]})";
  f.cloud.plan([&](FaultPlan& plan) {
    plan.on("PUT").always().reset();
    plan.on("GET", records).answer(200, {}, R"({"results":[]})");
    plan.on("GET", records).always().answer(200, {}, theirs);
  });
  const auto moved = f.move(f.main_menu, f.billing);
  REQUIRE_FALSE(moved);
  CHECK(moved.error().outcome() == Outcome::unknown);  // ours may still come
  f.heal();
  f.add_record(other_record, std::string(platform_schema), 1, f.main_menu);
  SECTION("it comes") {
    const std::string id = f.open_write().operation;
    f.add_record(std::string(platform_flow_call), std::string(platform_schema), 1, f.billing);
    f.cloud.change([&](PlatformModel& model) {
      model.find(platform_flow_call)->records.back().set_attribute("transition_id", '"' + id + '"');
    });
    CHECK(f.recover().applied == 1);
  }
  SECTION("it does not, which is known when it is too late for that") {
    const SteadyTime begun = f.clock.steady_now();
    CHECK(f.recover().not_applied == 1);
    CHECK(f.clock.steady_now() - begun >= f.settings.journaling.fence_after);
  }
}

TEST_CASE("recovery reads the participant that a write went to, whoever the flow's is now", "[transition][platform][journal][I4]") {
  RecoveryFixture f;
  REQUIRE(f.move(f.main_menu, f.billing));
  const bool applied = GENERATE(true, false);
  f.lose(f.billing, f.survey, applied);
  SECTION("it is told another store") { f.dialect = Platform{.schema_id = std::string(platform_schema)}; }
  SECTION("it is told another participant") {
    f.dialect.participant = cloud::platform::ParticipantSelector::by_purpose("agent");
  }
  SECTION("the flow has another one, which has all that the first had before") {
    f.cloud.change([&](PlatformModel& model) {
      PlatformConversation& call = *model.find(platform_flow_call);
      PlatformParticipant next(*call.participant(platform_ivr));
      call.participant(platform_ivr)->state = "disconnected";
      next.id = "b0000000-0000-4000-8000-000000000077";
      if (applied) next.attributes.clear();
      call.participants.push_back(std::move(next));
    });
  }
  const RecoveryReport report = f.recover();
  CHECK(report.applied == (applied ? 1 : 0));
  CHECK(report.not_applied == (applied ? 0 : 1));
}

TEST_CASE("the journal tells where a write went, and where it goes when another writer was quicker", "[transition][platform][journal][I16]") {
  RecoveryFixture f;
  SECTION("to a participant") {
    f.lose(f.main_menu, f.billing, false);
    CHECK(f.open_write().place == "participant " + std::string(platform_ivr));
  }
  SECTION("to a record that is to be made") {
    f.dialect = Platform{.schema_id = std::string(platform_schema)};
    f.lose(f.main_menu, f.billing, false);
    CHECK(f.open_write().place == "first record " + std::string(platform_flow_call));
  }
  SECTION("to a record that is there, and was not before") {
    f.dialect = Platform{.schema_id = std::string(platform_schema)};
    const std::string records = "/api/v2/conversations/" + std::string(platform_flow_call) + "/customattributes";
    f.add_record(std::string(platform_flow_call), std::string(platform_schema), 1, f.main_menu);
    f.cloud.plan([&](FaultPlan& plan) {
      plan.on("GET", records).answer(200, {}, R"({"results":[]})");  // of before it was made
      plan.on("PATCH").always().reset();
    });
    REQUIRE_FALSE(f.move(f.main_menu, f.billing));
    f.heal();
    CHECK(f.open_write().etag == "1@" + std::string(platform_flow_call));
    CHECK(f.open_write().place == "record " + std::string(platform_flow_call));
    CHECK(f.recover().not_applied == 1);
  }
}

TEST_CASE("a journal that is older than places is still read, and nothing is concluded from elsewhere", "[transition][platform][journal][I4]") {
  RecoveryFixture f;
  f.add_record(third_record, std::string(platform_schema), 7, f.main_menu);
  f.add_record(other_record, other_schema, 9, f.main_menu);
  f.dialect = Platform{.schema_id = other_schema};
  SECTION("its version names the record, which has not been written") {
    f.leave_open("t-1", "7@" + third_record, {});
    CHECK(f.recover().not_applied == 1);
  }
  SECTION("its version names the record, which has been written") {
    f.leave_open("t-1", "6@" + third_record, {});
    f.cloud.change([](PlatformModel& model) { model.find(platform_flow_call)->record(third_record)->set_attribute("transition_id", R"("t-1")"); });
    CHECK(f.recover().applied == 1);
  }
  SECTION("nothing names the participant") {
    f.leave_open("t-1", {}, {});
    const auto report = f.door().recover(seconds{5});
    REQUIRE(report);
    REQUIRE(report->open.size() == 1);
    CHECK(report->open.front().why.find("participant_attributes") != std::string::npos);
    f.dialect = Platform{.store = TransitionStore::participant_attributes};
    CHECK(f.recover().given_up == 1);
  }
  SECTION("its place is of another dialect") {
    f.leave_open("t-1", "7", "table 4");
    const auto report = f.door().recover(seconds{5});
    REQUIRE(report);
    REQUIRE(report->open.size() == 1);
    CHECK(report->open.front().why.find("place") != std::string::npos);
    // Nor is the interaction written before that is known.
    const auto moved = f.move(f.main_menu, f.billing);
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::unrecovered);
    CHECK(moved.error().message().find("place") != std::string::npos);
  }
}

TEST_CASE("writes that went to several places of one interaction are settled in the order in which they were begun",
          "[transition][platform][journal][I17]") {
  RecoveryFixture f;
  f.add_record(third_record, std::string(platform_schema), 8, f.main_menu);
  f.add_record(other_record, other_schema, 9, f.main_menu);
  f.leave_open("t-1", "8@" + other_record, "record " + other_record);
  f.leave_open("t-2", {}, "participant " + std::string(platform_ivr));
  f.leave_open("t-3", "7@" + third_record, "record " + third_record);
  f.leave_open("t-4", "8@" + other_record, "record " + other_record);
  f.cloud.change([](PlatformModel& model) {
    PlatformConversation& call = *model.find(platform_flow_call);
    call.record(other_record)->set_attribute("transition_id", R"("t-1")");
    call.participant(platform_ivr)->set_attribute("transition_id", "t-2");
    call.record(third_record)->set_attribute("transition_id", R"("t-3")");
  });
  const RecoveryReport report = f.recover();
  CHECK(report.applied == 3);
  CHECK(report.not_applied == 1);  // locked with the version that the first replaced
  std::string order;
  for (const JournalDelivery& each : f.settings.journal->deliveries()) order.append(each.event).append(" ");
  CHECK(order == "t-1 t-2 t-3 ");
}
