// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Recovery beside another one, releases beside a disk that hangs, and what a restart must not forget.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing/loop_transport.hpp>

#include "mortal.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

HoldRequest hold_of(std::string_view interaction = document_interaction) {
  return HoldRequest{interaction, "consultation", 5};
}

CloudOptions showing_no_holds() {
  CloudOptions options;
  options.show_held = false;
  return options;
}

/// A loop on which every span of an exchange takes a millisecond.
class Process {
 public:
  explicit Process(World& world) : loop(world.clock), transport(loop, world.cloud), clock(world.clock) {
    world.cloud.latency(Duration::zero());
    transport.latency(milliseconds{1});
  }
  ~Process() { transport.tear_down(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  [[nodiscard]] auto policies() const { return Policies{.transport = transport, .clock = clock}; }
  ManualLoop loop;
  LoopTransport<SimulatedCloud> transport;
  ManualClock clock;
};

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

TEST_CASE("an interaction whose hold nobody could settle is watched after every restart", "[journal][B6][I13]") {
  World world(1, showing_no_holds());
  world.cloud.plan([](FaultPlan& plan) { plan.on_command("hold").drop_ack(); });
  {
    HoldController door{world.policies(), world.settings};
    const auto hold = door.hold(hold_of());
    REQUIRE_FALSE(hold);
    REQUIRE(hold.error().outcome() == Outcome::unknown);
    REQUIRE(world.journal().flush());
    world.life.end();
  }
  REQUIRE(world.held());
  for (int process = 1; process <= 3; ++process) {
    INFO("process " << process);
    world.crash();
    HoldController door{world.policies(), world.settings};
    const auto report = door.recover();
    REQUIRE(report);
    CHECK(report->given_up == (process == 1 ? 1U : 0U));  // the cloud does not say who is on hold
    CHECK(report->holds_rebuilt == 1);
    REQUIRE(door.held().size() == 1);
    CHECK(door.held().front().interaction == document_interaction);
    CHECK_FALSE(door.held().front().confirmed);
    REQUIRE(world.journal().flush());
    world.life.end();
  }
  world.crash();
  HoldController door{world.policies(), world.settings};
  REQUIRE(door.unhold(UnholdRequest{document_interaction, 5}));
  CHECK(world.journal().holds().empty());
  CHECK(door.recover()->holds_rebuilt == 0);
}

namespace {

/// Two recoveries of one door beside each other, which has one operation to settle.
template <class Door>
void recover_twice_at_once(Door& door, const ManualLoop& loop) {
  std::vector<Result<RecoveryReport>> reports;
  const auto told = [&](Result<RecoveryReport> report) { reports.push_back(std::move(report)); };
  door.start_recover(std::nullopt, told);
  door.start_recover(std::nullopt, told);
  while (reports.size() < 2) REQUIRE(loop.run_one());
  std::size_t settled = 0;
  for (const Result<RecoveryReport>& each : reports) {
    REQUIRE(each);
    CHECK(each->complete());
    settled += each->applied + each->not_applied + each->given_up;
  }
  CHECK(settled == 1);
}

}  // namespace

TEST_CASE("two recoveries of transitions at once settle each of them once, and neither fails",
          "[journal][loop][I16][L2]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) {
    plan.on("PATCH", "/api/v2/interactions/").always().after_applying().reset();
    plan.on("GET", "/api/v2/interactions/").skip(1).times(100).answer(500);
  });
  Process process(world);
  StateTransitioner door{process.policies(), world.settings};
  std::optional<Result<TransitionResult>> moved;
  door.start_transition(going(), [&](Result<TransitionResult> result) { moved.emplace(std::move(result)); });
  while (!moved) REQUIRE(process.loop.run_one());
  REQUIRE_FALSE(*moved);
  REQUIRE(moved->error().outcome() == Outcome::unknown);
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });

  recover_twice_at_once(door, process.loop);
  CHECK(door.metrics()[TransitionCount::recovered] == 1);
  CHECK(world.journal().open_intents().empty());
}

TEST_CASE("two recoveries of holds at once settle each of them once, and neither fails", "[journal][loop][I16][L2]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) {
    plan.on_command("hold").drop_ack();
    plan.on("GET", "/api/v2/interactions/").skip(1).times(40).answer(500);
  });
  Process process(world);
  HoldController door{process.policies(), world.settings};
  std::optional<Result<HoldResult>> held;
  door.start_hold(hold_of(), [&](Result<HoldResult> result) { held.emplace(std::move(result)); });
  while (!held) REQUIRE(process.loop.run_one());
  REQUIRE_FALSE(*held);
  REQUIRE(held->error().outcome() == Outcome::unknown);
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });

  recover_twice_at_once(door, process.loop);
  CHECK(door.metrics()[HoldCount::recovered] == 1);
  CHECK(door.held().size() == 1);
}

TEST_CASE("a release with little time is sent within it, whatever the disk does", "[journal][I14]") {
  World world;
  bool hanging = false;
  std::vector<std::function<void()>> syncs;
  world.options.run_sync = [&](std::function<void()> job) { hanging ? syncs.push_back(std::move(job)) : job(); };
  world.crash();
  world.settings.journaling.release_wait = seconds{5};
  HoldController door{Policies{.transport = MortalCloud(world.cloud, world.life), .clock = RunningClock(world.clock)},
                      world.settings};
  REQUIRE(door.hold(hold_of()));
  hanging = true;
  UnholdRequest release{document_interaction, 5};
  release.deadline(seconds{4});
  const auto released = door.unhold(release);
  CAPTURE(released ? std::string{} : released.error().describe());
  REQUIRE(released);
  CHECK_FALSE(world.held());
  CHECK(door.metrics()[HoldCount::releases_unjournaled] == 1);
}

TEST_CASE("the watchdog's release is sent before it is asked for again, whatever the disk does",
          "[journal][loop][I14][I15]") {
  World world;
  bool hanging = false;
  std::vector<std::function<void()>> syncs;
  world.options.run_sync = [&](std::function<void()> job) { hanging ? syncs.push_back(std::move(job)) : job(); };
  world.crash();
  world.settings.hold.limit = HoldLimit::release;
  world.settings.hold.max_hold = seconds{120};
  world.settings.hold.repeat_every = seconds{4};
  world.settings.journaling.release_wait = seconds{10};
  Process process(world);
  using Door = decltype(HoldController{process.policies(), std::declval<Settings>()});
  auto door = std::make_unique<Door>(process.policies(), world.settings);
  bool held = false;
  door->start_hold(hold_of(), [&](Result<HoldResult> result) { held = result.has_value(); });
  while (!held) REQUIRE(process.loop.run_one());
  const SteadyTime since = door->held().front().since;
  hanging = true;
  process.loop.run_until(since + seconds{123});
  CHECK_FALSE(world.held());
  CHECK(door->held().empty());
  CHECK(door->metrics()[HoldCount::releases_unjournaled] == 1);
  SECTION("the door goes first") {}
  SECTION("the disk wakes up first") {
    for (auto& job : std::exchange(syncs, {})) job();
  }
  door.reset();
  process.loop.run();
  for (auto& job : std::exchange(syncs, {})) job();
}
