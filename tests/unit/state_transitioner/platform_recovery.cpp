// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform.hpp>

#include <cstddef>
#include <memory>
#include <string>

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
    cloud.plan([&](FaultPlan& plan) {
      for (const char* const method : {"PATCH", "PUT"}) {
        auto& fault = plan.on(method).always().reset();
        if (applied) fault.after_applying();
      }
      const std::size_t checked = dialect.store == TransitionStore::custom_attributes ? 2 : 1;
      plan.on("GET", "/api/v2/conversations/").skip(checked).always().answer(503);
    });
    const auto moved = move(from, to);
    REQUIRE_FALSE(moved);
    REQUIRE(moved.error().outcome() == Outcome::unknown);
    cloud.plan([](FaultPlan& plan) { plan = FaultPlan{}; });
    settings.guards = std::make_shared<HostGuards>();  // what the faults have closed
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
    const RecoveryReport report = f.recover();
    CHECK(report.not_applied == 0);
    CHECK(report.given_up == 1);
  }
  SECTION("it was written elsewhere, by a program that was told another store") {
    f.dialect = Platform{.schema_id = std::string(platform_schema)};
    f.lose(f.main_menu, f.billing, true);
    f.dialect = Platform{.store = TransitionStore::participant_attributes};
    const RecoveryReport report = f.recover();
    CHECK(report.not_applied == 0);
    CHECK(report.given_up == 1);
  }
}
