// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds and releases under a journal: a process that dies at any step of them, and who is watched by the next one.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortal.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

HoldRequest hold_of(std::string_view interaction = document_interaction) {
  return HoldRequest{interaction, "consultation", 5};
}
UnholdRequest release_of(std::string_view interaction = document_interaction) { return UnholdRequest{interaction, 5}; }

/// A process's clock on which time goes on while somebody waits for a disk.
class RunningClock {
 public:
  explicit RunningClock(ManualClock clock) : clock_(std::move(clock)) {}
  SteadyTime steady_now() { return clock_.advance(milliseconds{50}), clock_.steady_now(); }
  WallTime wall_now() { return clock_.wall_now(); }
  void sleep_until(SteadyTime until) { clock_.sleep_until(until); }

 private:
  ManualClock clock_;
};

}  // namespace

TEST_CASE("whoever was on hold when the machine died is watched again, since the hold began", "[journal][B6][I13]") {
  World world;
  world.settings.hold.max_hold = seconds{300};
  {
    HoldController door{world.policies(), world.settings};
    REQUIRE(door.hold(hold_of()));
    REQUIRE(door.hold(hold_of(second_interaction)));
    REQUIRE(door.unhold(release_of(second_interaction)));
    REQUIRE(world.journal().open_intents().empty());
    REQUIRE(world.journal().flush());
    world.clock.advance(seconds{100});
    world.life.end();
  }
  world.crash();
  world.clock.advance(seconds{20});
  HoldController door{world.policies(), world.settings};
  CHECK(door.held().empty());
  const SteadyTime now = world.clock.steady_now();
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->holds_rebuilt == 1);
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().interaction == document_interaction);
  CHECK(door.held().front().confirmed);
  CHECK(now - door.held().front().since >= seconds{120});
  CHECK(now - door.held().front().since < seconds{121});
  std::vector<HoldLimitEvent> events;
  door.on_limit([&](const HoldLimitEvent& event) { events.push_back(event); });
  door.pump_for(seconds{200});
  REQUIRE(events.size() >= 2);
  CHECK(events[1].kind == HoldLimitEvent::Kind::escalation);
  REQUIRE(door.unhold(release_of()));
  CHECK(door.held().empty());
  CHECK(world.journal().holds().empty());
}

TEST_CASE("a wall clock that jumped makes no hold younger than now, and none older than its limit",
          "[journal][B6][I22]") {
  World world;
  {
    HoldController door{world.policies(), world.settings};
    REQUIRE(door.hold(hold_of()));
    REQUIRE(world.journal().flush());
    world.life.end();
  }
  Duration jump{};
  SECTION("back") { jump = -std::chrono::hours{24}; }
  SECTION("ahead") { jump = std::chrono::hours{24}; }
  world.clock.jump_wall(jump);
  world.crash();
  HoldController door{world.policies(), world.settings};
  const SteadyTime now = world.clock.steady_now();
  REQUIRE(door.recover());
  REQUIRE(door.held().size() == 1);
  const Duration age = now - door.held().front().since;
  CHECK(age >= Duration::zero());
  CHECK(age <= world.settings.hold.max_hold + seconds{1});
  if (jump > Duration::zero()) CHECK(age >= world.settings.hold.max_hold);
}

TEST_CASE("an interaction that cannot be read stays watched, and one that is not on hold any more does not",
          "[journal][B6][I13]") {
  World world;
  {
    HoldController door{world.policies(), world.settings};
    REQUIRE(door.hold(hold_of()));
    REQUIRE(door.hold(hold_of(second_interaction)));
    REQUIRE(world.journal().flush());
    world.life.end();
  }
  world.crash();
  world.cloud.change([](CloudModel& model) { model.set_held(second_interaction, false); });
  world.cloud.plan([](FaultPlan& plan) {
    plan.on("GET", "/api/v2/interactions/" + std::string(document_interaction)).always().answer(500);
  });
  HoldController door{world.policies(), world.settings};
  const auto report = door.recover(seconds{5});
  REQUIRE(report);
  CHECK(report->unseen == std::vector<std::string>{std::string(document_interaction)});
  CHECK(report->holds_released == 1);
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().interaction == document_interaction);
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  CHECK(door.recover()->complete());
  CHECK(door.held().size() == 1);
}

TEST_CASE("a process that dies at any step of holds and releases leaves nobody unwatched",
          "[journal][B6][I13][I16][I3]") {
  std::size_t steps = 0;
  bool finished = false;
  std::size_t applied = 0, not_applied = 0, rebuilt = 0;
  for (; !finished; ++steps) {
    INFO("dies at step " << steps);
    World world(steps + 1);
    world.life.end();
    world.begin(steps);
    std::vector<std::string> told_held, told_released;
    if (world.settings.journal) {
      HoldController door{world.policies(), world.settings};
      const auto tell = [&](const Result<HoldResult>& result, std::vector<std::string>& list) {
        if (result && !world.life.over()) list.push_back(result->interaction);
      };
      tell(door.hold(hold_of()), told_held);
      tell(door.hold(hold_of(second_interaction)), told_held);
      tell(door.unhold(release_of()), told_released);
      finished = !world.life.over();
      world.life.end();
    }
    world.crash();
    HoldController door{world.policies(), world.settings};
    // Whatever was done before anything is read: who may be on hold is watched at once.
    const auto report = door.recover();
    REQUIRE(report);
    CHECK(report->complete());
    CHECK(report->given_up == 0);
    CHECK(world.journal().open_intents().empty());
    applied += report->applied, not_applied += report->not_applied, rebuilt += report->holds_rebuilt;
    for (const std::string_view each : {document_interaction, second_interaction}) {
      bool watched = false, journaled = false;
      for (const HeldInteraction& held : door.held()) watched = watched || held.interaction == each;
      for (const BelievedHold& held : world.journal().holds()) journaled = journaled || held.interaction == each;
      CHECK(watched == world.held(each));
      CHECK(journaled == world.held(each));
    }
    for (const auto kind : {AppliedOperation::Kind::hold, AppliedOperation::Kind::unhold})
      for (const std::string& id : world.done(kind)) CHECK(world.applied(id) == 1);
    for (const std::string& each : told_released) CHECK_FALSE(world.held(each));
  }
  CHECK(steps > 30);
  CHECK(applied > 0);
  CHECK(not_applied > 0);
  CHECK(rebuilt > 0);
}

TEST_CASE("a process that dies at any step of recovering its holds leaves it to the next",
          "[journal][B6][I13][I16][L3]") {
  for (const std::size_t first : {12U, 14U, 20U, 26U}) {
    bool finished = false;
    std::size_t steps = 0;
    for (; !finished; ++steps) {
      INFO("dies at step " << first << ", then at step " << steps);
      World world(first + steps);
      world.life.end();
      world.begin(first);
      REQUIRE(world.settings.journal);
      {
        HoldController door{world.policies(), world.settings};
        static_cast<void>(door.hold(hold_of()));
        static_cast<void>(door.unhold(release_of()));
        static_cast<void>(door.hold(hold_of(second_interaction)));
        world.life.end();
      }
      world.settings.journal.reset();
      world.disk->crash();
      world.begin(steps);
      if (world.settings.journal) {
        HoldController door{world.policies(), world.settings};
        const auto report = door.recover();
        finished = !world.life.over();
        if (finished) CHECK(report->complete());
        world.life.end();
      }
      world.crash();
      HoldController door{world.policies(), world.settings};
      REQUIRE(door.recover());
      CHECK(world.journal().open_intents().empty());
      for (const std::string_view each : {document_interaction, second_interaction}) {
        bool watched = false;
        for (const HeldInteraction& held : door.held()) watched = watched || held.interaction == each;
        CHECK(watched == world.held(each));
      }
    }
    CHECK(steps > 3);
  }
}

TEST_CASE("a hold whose intent the disk does not take is not sent; a release is", "[journal][I14][I16]") {
  World world;
  HoldController door{world.policies(), world.settings};
  REQUIRE(door.hold(hold_of()));
  SECTION("a full disk") { world.disk->capacity(0); }
  SECTION("a disk that cannot sync") { world.disk->fail(DiskOperation::sync); }
  const auto hold = door.hold(hold_of(second_interaction));
  REQUIRE_FALSE(hold);
  CHECK(hold.error().code() == ErrorCode::journal_failed);
  CHECK(hold.error().outcome() == Outcome::not_applied);
  CHECK_FALSE(world.held(second_interaction));
  CHECK(door.metrics()[HoldCount::journal_failures] >= 1);
  REQUIRE(door.unhold(release_of()));
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
  CHECK(door.metrics()[HoldCount::releases_unjournaled] == 1);
}

TEST_CASE("whom a confirmed release has let go is not watched again because the journal did not take that",
          "[journal][B6][I13]") {
  World world(1, [] {
    CloudOptions options;
    options.show_held = false;  // so that no reading says so either
    return options;
  }());
  HoldController door{world.policies(), world.settings};
  REQUIRE(door.hold(hold_of()));
  world.disk->capacity(0);
  REQUIRE(door.unhold(release_of()));
  world.disk->capacity(1 << 20);
  REQUIRE(world.journal().holds().size() == 1);
  const auto report = door.recover(seconds{1});
  REQUIRE(report);
  CHECK(report->holds_rebuilt == 0);
  CHECK(door.held().empty());
  CHECK(world.journal().holds().empty());  // the next process does not watch it either
  SECTION("but a hold that came since is watched, also by the next process") {
    const auto hold = door.hold(hold_of());
    REQUIRE(hold);
    CHECK_FALSE(hold->already_held);
    REQUIRE(door.recover(seconds{1}));
    CHECK(door.held().size() == 1);
    CHECK(world.journal().holds().size() == 1);
  }
}

TEST_CASE("a release waits for a hanging disk as long as it is told to, a hold to its deadline", "[journal][I7][I14]") {
  World world;
  bool hanging = false;
  std::vector<std::function<void()>> syncs;
  world.options.run_sync = [&](std::function<void()> job) { hanging ? syncs.push_back(std::move(job)) : job(); };
  world.crash();
  HoldController door{Policies{.transport = MortalCloud(world.cloud, world.life), .clock = RunningClock(world.clock)},
                      world.settings};
  REQUIRE(door.hold(hold_of()));
  hanging = true;
  const SteadyTime begun = world.clock.steady_now();
  REQUIRE(door.unhold(release_of()));
  CHECK(world.clock.steady_now() - begun >= seconds{1});
  CHECK(world.clock.steady_now() - begun < seconds{10});
  CHECK(door.metrics()[HoldCount::releases_unjournaled] == 1);
  const auto hold = door.hold(hold_of(second_interaction).deadline(seconds{8}));
  REQUIRE_FALSE(hold);
  CHECK(hold.error().code() == ErrorCode::deadline_exceeded);
  CHECK_FALSE(world.held(second_interaction));
  CHECK(world.journal().open_intents().empty());
  CHECK(syncs.size() == 1);
}

TEST_CASE("the watchdog's own releases stand in the journal too, and go out whatever it does",
          "[journal][I14][I15][I16]") {
  World world;
  world.settings.hold.limit = HoldLimit::release;
  world.settings.hold.max_hold = seconds{120};
  bool failing = false;
  SECTION("written") {}
  SECTION("not written") { failing = true; }
  HoldController door{world.policies(), world.settings};
  REQUIRE(door.hold(hold_of()));
  if (failing) world.disk->capacity(0);
  door.pump_for(seconds{125});
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
  CHECK(door.metrics()[HoldCount::releases_unjournaled] == (failing ? 1 : 0));
  if (!failing) CHECK(world.journal().holds().empty());
  CHECK(world.journal().open_intents().empty());
}

TEST_CASE("a hold that the disk had no room for is not called not applied, whatever is read since",
          "[journal][B31][I4][L2]") {
  World world;
  // The disk is full when the command has left, before its terminal.
  class FillingCloud {
   public:
    class Channel {
     public:
      Channel(MortalCloud::Channel channel, std::shared_ptr<SimulatedDisk> disk)
          : channel_(std::move(channel)), disk_(std::move(disk)) {}
      TransportResult<void> send(std::string_view text, SteadyTime deadline) {
        auto sent = channel_.send(text, deadline);
        disk_->capacity(0);
        return sent;
      }
      void receive(ChannelEvent& event, SteadyTime deadline) { channel_.receive(event, deadline); }
      TransportResult<void> ping(SteadyTime deadline) { return channel_.ping(deadline); }
      void close(std::uint16_t code, SteadyTime deadline) { channel_.close(code, deadline); }
      void interrupt() noexcept { channel_.interrupt(); }

     private:
      MortalCloud::Channel channel_;
      std::shared_ptr<SimulatedDisk> disk_;
    };
    using channel_type = Channel;
    FillingCloud(MortalCloud cloud, std::shared_ptr<SimulatedDisk> disk)
        : cloud_(std::move(cloud)), disk_(std::move(disk)) {}
    TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
      return cloud_.send(request, response, deadline);
    }
    TransportResult<Channel> open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline) {
      auto opened = cloud_.open(request, refusal, deadline);
      if (!opened) return tl::unexpected(std::move(opened.error()));
      return Channel(std::move(*opened), disk_);
    }

   private:
    MortalCloud cloud_;
    std::shared_ptr<SimulatedDisk> disk_;
  };
  HoldController door{
      Policies{.transport = FillingCloud(MortalCloud(world.cloud, world.life), world.disk), .clock = world.clock},
      world.settings};
  REQUIRE(door.hold(hold_of()));
  REQUIRE(world.journal().open_intents().size() == 1);
  CHECK(world.journal().open_intents().front().applied);
  // Somebody else releases it, and no reading shows the hold any more.
  world.cloud.change([](CloudModel& model) { model.set_held(document_interaction, false); });
  world.disk->capacity(1 << 30);
  world.clock.advance(world.settings.journaling.fence_after + seconds{1});
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->applied == 1);
  CHECK(report->not_applied == 0);
  CHECK(world.journal().open_intents().empty());
}

TEST_CASE("a hold of unknown outcome is settled later, by the state or by a late acknowledgement",
          "[journal][L2][B20][B21][B22]") {
  World world;
  SECTION("by the state") {
    world.cloud.plan([](FaultPlan& plan) {
      plan.on_command("hold").drop_ack();
      plan.on("GET", "/api/v2/interactions/").skip(1).times(40).answer(500);
    });
  }
  SECTION("which shows in time that it never came") {
    world.cloud.plan([](FaultPlan& plan) {
      plan.on_command("hold").drop_ack().before_applying();
    });
  }
  HoldController door{world.policies(), world.settings};
  const auto hold = door.hold(hold_of());
  REQUIRE_FALSE(hold);
  REQUIRE(hold.error().outcome() == Outcome::unknown);
  REQUIRE(world.journal().open_intents().size() == 1);
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->applied + report->not_applied == 1);
  CHECK((report->applied == 1) == world.held());
  CHECK(door.held().size() == (world.held() ? 1U : 0U));
  CHECK(world.journal().open_intents().empty());
}

TEST_CASE("what a door reads to be on hold no more, its journal does not have on hold either", "[journal][B6][B8][I13]") {
  World world;
  HoldController door{world.policies(), world.settings};
  REQUIRE(door.hold(hold_of()));
  REQUIRE(world.journal().holds().size() == 1);
  SECTION("behind a release that was refused, since somebody else had released it") {
    world.cloud.plan([](FaultPlan& plan) { plan.on_command("unhold").refuse("no"); });
    world.cloud.change([](CloudModel& model) { model.set_held(document_interaction, false); });
    CHECK(door.unhold(release_of()).error().code() == ErrorCode::command_refused);
  }
  SECTION("since it is over") {
    world.cloud.change([](CloudModel& model) { model.set_state(document_interaction, "closed"); });
    CHECK(door.hold(hold_of()).error().code() == ErrorCode::not_eligible);
  }
  SECTION("since it is over, behind a release that was refused") {
    world.cloud.change([](CloudModel& model) { model.set_state(document_interaction, "closed"); });
    CHECK(door.unhold(release_of()).error().code() == ErrorCode::command_refused);
  }
  CHECK(door.held().empty());
  CHECK(world.journal().holds().empty());
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->holds_rebuilt == 0);
  CHECK(door.held().empty());
}

TEST_CASE("an acknowledgement that comes late settles the intent that it is about", "[journal][B22][L2]") {
  World world(1, [] {
    CloudOptions options;
    options.show_held = false;
    return options;
  }());
  world.cloud.plan([](FaultPlan& plan) { plan.on_command("hold").delay_ack(seconds{12}); });
  HoldController door{world.policies(), world.settings};
  const auto hold = door.hold(hold_of());
  REQUIRE_FALSE(hold);
  REQUIRE(hold.error().outcome() == Outcome::unknown);
  REQUIRE(world.journal().open_intents().size() == 1);
  door.pump_for(seconds{20});
  CHECK(world.journal().open_intents().empty());
  REQUIRE(world.journal().holds().size() == 1);
  CHECK(world.journal().holds().front().confirmed);
}
