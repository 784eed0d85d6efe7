// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Whose hold it is, across processes: a hold that an earlier one made on the real platform belongs to the party that it put on
// hold, whatever party the settings mean by now.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulated_disk.hpp>

#include "support/catch.hpp"
#include "support/platform_holds.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using cloud::Platform;
using cloud::platform::ParticipantSelector;
using std::chrono::minutes;

namespace {

constexpr std::string_view second_agent = "b0000000-0000-4000-8000-000000000044";
constexpr std::string_view second_user = "a0000000-0000-4000-8000-000000000044";

/// A call with two agents, of whom processes with different settings put one each on hold, and the journal that they leave to
/// one another.
struct Parties : test::PlatformHolds {
  std::shared_ptr<SimulatedDisk> disk = std::make_shared<SimulatedDisk>();

  Parties() {
    cloud.latency(milliseconds{20});
    cloud.change([](PlatformModel& model) {
      PlatformConversation all = *model.find(platform_call);
      all.participants.emplace_back(second_agent, "agent").user_id = std::string(second_user);
      model.add(std::move(all));
    });
    open_journal();
  }
  void open_journal() {
    auto journal = Journal::open(disk);
    REQUIRE(journal);
    settings.journal = std::move(*journal);
  }
  /// The process that has the doors ends, and the next one means others.
  void next_process(Platform means) {
    REQUIRE(settings.journal->flush());
    settings.journal.reset();
    dialect = std::move(means);
    cloud.plan([](FaultPlan& plan) { plan.clear(); });
    clock.advance(minutes{1});
    open_journal();
  }
  bool party_held(std::string_view party = platform_agent) { return held(platform_call, party); }
  /// What became of the one command that was open.
  template <class Door>
  static void recover(Door& door, bool applied) {
    const auto report = door.recover();
    REQUIRE(report);
    CHECK(report->complete());
    CHECK(report->applied == (applied ? 1U : 0U));
    CHECK(report->not_applied == (applied ? 0U : 1U));
  }
  void lose_patches(bool applied) {
    cloud.plan([&](FaultPlan& plan) {
      HttpFault& fault = plan.on("PATCH", "/api/v2/conversations/");
      if (applied) fault.after_applying();
      fault.always().timeout();
    });
  }
};

/// What another process may mean: the other agent by id, or with a channel of its own, or one that nobody can tell.
Platform others(int which) {
  if (which == 0) return Platform{.participant = ParticipantSelector::by_id(std::string(second_agent))};
  if (which == 1) return Platform::of_user(std::string(second_user));
  return Platform{.participant = ParticipantSelector::by_purpose("agent")};
}

}  // namespace

TEST_CASE("a hold of an earlier process is watched and released for the party that it was of", "[hold][platform][journal][B6][I16]") {
  const int which = GENERATE(0, 1, 2);
  CAPTURE(which);
  Parties p;
  {
    auto door = p.door();
    REQUIRE(door.hold(p.hold()));
  }
  p.next_process(others(which));
  auto door = p.door();
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->holds_rebuilt == 1);
  CHECK(report->holds_released == 0);
  REQUIRE(door.held().size() == 1);

  SECTION("by whoever asks") {
    door.pump_for(minutes{1});
    REQUIRE(door.held().size() == 1);
    REQUIRE(door.unhold(p.unhold()));
  }
  SECTION("by the watchdog") {
    p.settings.hold.limit = HoldLimit::release;
    auto strict = p.door();
    REQUIRE(strict.recover());
    strict.pump_for(minutes{20});
    CHECK(strict.held().empty());
  }
  SECTION("while its own party changes, which is another matter") {
    p.cloud.change([](PlatformModel& model) { model.set_held(platform_call, second_agent, true); });
    door.pump_for(seconds{5});
    p.cloud.change([](PlatformModel& model) { model.set_held(platform_call, second_agent, false); });
    door.pump_for(seconds{5});
    REQUIRE(door.held().size() == 1);
    CHECK(p.party_held());
    p.cloud.change([](PlatformModel& model) { model.set_held(platform_call, second_agent, true); });
    REQUIRE(door.unhold(p.unhold()));
    CHECK(p.party_held(second_agent));
  }
  CHECK_FALSE(p.party_held());
  CHECK(p.settings.journal->holds().empty());
}

TEST_CASE("commands of an earlier process are settled by readings of the party that they were for", "[hold][platform][journal][I4]") {
  const int which = GENERATE(0, 1, 2);
  const bool applied = GENERATE(false, true);
  CAPTURE(which, applied);
  Parties p;
  SECTION("a hold") {
    {
      auto door = p.door();
      p.lose_patches(applied);
      p.cloud.plan([](FaultPlan& plan) { plan.on("GET", "/api/v2/conversations/").skip(1).always().answer(503); });
      const auto lost = door.hold(p.hold());
      REQUIRE_FALSE(lost);
      REQUIRE(lost.error().outcome() == Outcome::unknown);
    }
    p.next_process(others(which));
    // What the other agent does says nothing.
    p.cloud.change([&](PlatformModel& model) { model.set_held(platform_call, second_agent, !applied); });
    auto door = p.door();
    p.recover(door, applied);
    CHECK(door.held().size() == (applied ? 1U : 0U));
  }
  SECTION("a release") {
    {
      auto door = p.door();
      REQUIRE(door.hold(p.hold()));
      p.lose_patches(applied);
      p.cloud.plan([](FaultPlan& plan) { plan.on("GET", "/api/v2/conversations/").always().answer(503); });
      const auto lost = door.unhold(p.unhold());
      REQUIRE_FALSE(lost);
      REQUIRE(lost.error().outcome() == Outcome::unknown);
    }
    p.next_process(others(which));
    p.cloud.change([&](PlatformModel& model) { model.set_held(platform_call, second_agent, applied); });
    auto door = p.door();
    p.recover(door, applied);
    CHECK(door.held().size() == (applied ? 0U : 1U));
    CHECK(p.settings.journal->holds().size() == (applied ? 0U : 1U));
  }
}

TEST_CASE("whom a lost release has left on hold is watched for the party that it was of", "[hold][platform][journal][B6][I13][I16]") {
  const int which = GENERATE(0, 1, 2);
  CAPTURE(which);
  Parties p;
  p.cloud.change([](PlatformModel& model) { model.set_held(platform_call, platform_agent, true); });  // by somebody else
  {
    auto door = p.door();
    p.lose_patches(false);
    p.cloud.plan([](FaultPlan& plan) { plan.on("GET", "/api/v2/conversations/").skip(1).always().answer(503); });
    const auto lost = door.unhold(p.unhold());
    REQUIRE_FALSE(lost);
    REQUIRE(lost.error().outcome() == Outcome::unknown);
  }
  REQUIRE(p.settings.journal->holds().empty());  // nothing says that it was on hold
  p.next_process(others(which));
  auto door = p.door();
  p.recover(door, false);
  REQUIRE(door.held().size() == 1);
  const auto known = p.settings.journal->hold_of(platform_call);
  REQUIRE(known);
  CHECK(known->place == "participant " + std::string(platform_agent));
  door.pump_for(minutes{1});
  REQUIRE(door.held().size() == 1);
  REQUIRE(door.unhold(p.unhold()));
  CHECK_FALSE(p.party_held());
  CHECK(p.settings.journal->holds().empty());
}

TEST_CASE("nobody else is put on hold while an earlier process's hold of another party lasts", "[hold][platform][journal][B5]") {
  Parties p;
  {
    auto door = p.door();
    REQUIRE(door.hold(p.hold()));
  }
  p.next_process(others(0));
  auto door = p.door();
  REQUIRE(door.recover());
  const auto second = door.hold(p.hold());
  REQUIRE_FALSE(second);
  CHECK(second.error().code() == ErrorCode::not_eligible);
  CHECK(second.error().outcome() == Outcome::not_applied);
  CHECK_FALSE(p.party_held(second_agent));
  REQUIRE(door.unhold(p.unhold()));
  CHECK_FALSE(p.party_held());
  // From then on the party is the one that the settings mean.
  REQUIRE(door.hold(p.hold()));
  CHECK(p.party_held(second_agent));
  REQUIRE(door.unhold(p.unhold()));
  CHECK_FALSE(p.party_held(second_agent));
}

TEST_CASE("the journal hears when a release turns to another party", "[hold][platform][journal][I16]") {
  Parties p;
  {
    auto door = p.door();
    REQUIRE(door.hold(p.hold()));
    // The agent comes back as another participant, whom somebody puts on hold, and the door has not heard of it.
    p.cloud.change([](PlatformModel& model) {
      PlatformConversation all = *model.find(platform_call);
      all.participant(platform_agent)->state = "disconnected", all.participant(platform_agent)->held = false;
      all.participant(second_agent)->user_id = std::string(platform_user);
      all.participant(second_agent)->held = true;
      model.add(std::move(all));
    });
    p.cloud.plan([](FaultPlan& plan) {
      plan.on("PATCH", "/api/v2/conversations/").skip(1).after_applying().always().timeout();
      plan.on("GET", "/api/v2/conversations/").skip(1).always().answer(503);
    });
    const auto lost = door.unhold(p.unhold());
    REQUIRE_FALSE(lost);
    CHECK(lost.error().outcome() == Outcome::unknown);
    const auto open = p.settings.journal->unresolved_intents();
    REQUIRE(open.size() == 1);
    CHECK(open.front().record.place == "participant " + std::string(second_agent));
    CHECK(open.front().amendments == 1);
  }
  p.next_process(p.dialect);
  auto door = p.door();
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->applied == 1);
  CHECK(door.held().empty());
  CHECK(p.settings.journal->holds().empty());
}
