// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Transitions under a journal: a process that dies at any step of them, and what the next one finds out.
#include <algorithm>  // find, max
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mortal.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// Everything that the journal promises, once a later process has recovered and delivered.
void check_settled(const World& world) {
  CHECK(world.journal().open_intents().empty());
  CHECK(world.journal().deliveries().empty());
  // Each that was applied was told, at least once, and nothing else; those of one interaction in the order of the
  // moves.
  const std::vector<std::string> told = world.webhooks();
  const auto first_told = [&](const std::string& id) { return std::find(told.begin(), told.end(), id) - told.begin(); };
  const std::vector<AppliedOperation> done =
      world.cloud.inspect([](const CloudModel& model) { return model.operations(); });
  std::map<std::string, std::ptrdiff_t> last;
  for (const AppliedOperation& each : done) {
    CHECK(world.applied(each.id) == 1);
    CHECK(world.times_told(each.id) >= 1);
    const auto before = std::exchange(last[each.interaction], first_told(each.id));
    CHECK(before <= first_told(each.id));
  }
  for (const std::string& id : told) CHECK(world.applied(id) == 1);
}

/// The next process recovers and delivers.
RecoveryReport recover(World& world) {
  StateTransitioner door{world.policies(), world.settings};
  auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  auto delivered = door.deliver_webhooks(std::chrono::hours{1});
  REQUIRE(delivered);
  CHECK(delivered->left == 0);
  return *report;
}

}  // namespace

TEST_CASE("with a journal a transition ends with its intent and terminal on the disk, and its webhook queued",
          "[journal][I16][I17][A28][A30]") {
  World world;
  StateTransitioner door{world.policies(), world.settings};
  const auto moved = door.transition(going().text("customer_tier", "gold"));
  REQUIRE(moved);
  CHECK(moved->webhook == WebhookStatus::queued);
  CHECK(world.webhooks().empty());
  CHECK(world.journal().open_intents().empty());
  REQUIRE(world.journal().deliveries().size() == 1);
  CHECK(world.journal().deliveries().front().event == moved->transition_id);
  CHECK(door.metrics()[TransitionCount::webhooks_queued] == 1);
  SECTION("and it is delivered when somebody does") {
    const auto report = door.deliver_webhooks(seconds{10});
    REQUIRE(report);
    CHECK(report->delivered == 1);
    CHECK(report->left == 0);
    CHECK(world.times_told(moved->transition_id) == 1);
    CHECK(world.journal().deliveries().empty());
    CHECK(door.metrics()[TransitionCount::webhooks_delivered] == 1);
    CHECK(door.deliver_webhooks(seconds{10})->delivered == 0);
  }
  SECTION("also by the next process") {
    world.crash();
    recover(world);
    CHECK(world.times_told(moved->transition_id) == 1);
  }
}

TEST_CASE("a process that dies at any step of its transitions leaves nothing untold",
          "[journal][I3][I4][I16][I17][A28][A30]") {
  std::size_t steps = 0;
  bool finished = false;
  std::size_t applied = 0, not_applied = 0, sure = 0;
  for (; !finished; ++steps) {
    INFO("dies at step " << steps);
    World world(steps + 1);
    world.life.end();
    world.begin(steps);
    std::vector<std::string> told;
    if (world.settings.journal) {
      StateTransitioner door{world.policies(), world.settings};
      for (const auto& request : {going(), going("BillingInquiry", "BillingDispute"),
                                  going("MainMenu", "TechnicalSupport", second_interaction)}) {
        const auto moved = door.transition(request);
        if (moved && !world.life.over()) told.push_back(moved->transition_id);
      }
      if (!world.life.over()) static_cast<void>(door.deliver_webhooks(seconds{10}));
      finished = !world.life.over();
    }
    world.crash();
    const RecoveryReport report = recover(world);
    applied += report.applied;
    not_applied += report.not_applied;
    CHECK(report.given_up == 0);
    check_settled(world);
    for (const std::string& id : told) CHECK(world.applied(id) == 1);
    sure += told.size();
  }
  CHECK(steps > 40);
  CHECK(applied > 0);      // died after the write, before its end was on the disk
  CHECK(not_applied > 0);  // died between intent and write
  CHECK(sure > 0);
}

TEST_CASE("a process that dies at any step of its recovery leaves it to the next", "[journal][I3][I16][I17][L3]") {
  // The first one dies after its write, and after it wrote what became of it; and in the midst of several moves that
  // are one.
  std::size_t longest = 0;
  for (const bool together : {false, true}) {
    for (const std::size_t first : {10U, 13U, 16U}) {
      bool finished = false;
      std::size_t steps = 0;
      for (; !finished; ++steps) {
        INFO("together " << together << ", dies at step " << first << ", then at step " << steps);
        World world(first + steps);
        world.life.end();
        world.begin(first);
        REQUIRE(world.settings.journal);
        {
          StateTransitioner door{world.policies(), world.settings};
          BulkSettings how;
          if (together) how.coalesce();
          const std::vector<TransitionRequest> moves{going(), going("BillingInquiry", "BillingDispute")};
          static_cast<void>(door.transition_all(moves, how));
          REQUIRE(world.life.over());
        }
        world.settings.journal.reset();
        world.disk->crash();
        world.begin(steps);
        if (world.settings.journal) {
          StateTransitioner door{world.policies(), world.settings};
          const auto report = door.recover();
          static_cast<void>(door.deliver_webhooks(seconds{10}));
          finished = !world.life.over();
          if (finished) CHECK(report->complete());
        }
        world.crash();
        recover(world);
        check_settled(world);
      }
      longest = (std::max)(longest, steps);
    }
  }
  CHECK(longest > 8);
}

TEST_CASE("nothing is sent before its intent is on the disk", "[journal][I16]") {
  World world;
  StateTransitioner door{world.policies(), world.settings};
  SECTION("a disk that cannot sync") { world.disk->fail(DiskOperation::sync); }
  SECTION("a full disk") { world.disk->capacity(0); }
  const auto moved = door.transition(going());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::journal_failed);
  CHECK(moved.error().outcome() == Outcome::not_applied);
  CHECK(world.done(AppliedOperation::Kind::transition).empty());
  CHECK(door.metrics()[TransitionCount::journal_failures] >= 1);
  CHECK(door.metrics()[TransitionCount::patch_attempts] == 0);
}

TEST_CASE("a disk that has room again is written again", "[journal][B31]") {
  World world;
  StateTransitioner door{world.policies(), world.settings};
  world.disk->capacity(0);
  CHECK_FALSE(door.transition(going()));
  world.disk->capacity(1 << 30);
  CHECK(door.transition(going()));
}

TEST_CASE("an operation whose intent is not written by its deadline is not applied, and has its terminal",
          "[journal][I7][I16]") {
  World world;
  std::vector<std::function<void()>> syncs;
  world.options.run_sync = [&](std::function<void()> job) { syncs.push_back(std::move(job)); };
  world.crash();
  // Time stands still while a blocking door waits for the disk: whoever looks at this clock moves it on.
  struct RunningClock {
    ManualClock clock;
    SteadyTime steady_now() { return clock.advance(milliseconds{500}), clock.steady_now(); }
    WallTime wall_now() { return clock.wall_now(); }
    void sleep_until(SteadyTime until) { clock.sleep_until(until); }
  };
  StateTransitioner slow{
      Policies{.transport = MortalCloud(world.cloud, world.life), .clock = RunningClock{world.clock}}, world.settings};
  const auto moved = slow.transition(going());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::deadline_exceeded);
  CHECK(moved.error().outcome() == Outcome::not_applied);
  CHECK(world.done(AppliedOperation::Kind::transition).empty());
  CHECK(world.journal().open_intents().empty());
  CHECK_FALSE(syncs.empty());
}

TEST_CASE("a late write is waited for before a transition is called not applied", "[journal][I4][L2]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").delay(seconds{45}); });
  std::string id;
  {
    world.settings.deadline = seconds{5};
    StateTransitioner door{world.policies(), world.settings};
    const auto moved = door.transition(going());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
    REQUIRE(world.journal().open_intents().size() == 1);
    id = world.journal().open_intents().front().record.operation;
    SECTION("in the process that sent it") {}
    SECTION("in the next one") { world.crash(); }
  }
  world.settings.deadline = seconds{20};
  StateTransitioner door{world.policies(), world.settings};
  // Nobody moves the interaction before that is known.
  const auto early = door.transition(going("MainMenu", "TechnicalSupport"));
  REQUIRE_FALSE(early);
  CHECK(early.error().code() == ErrorCode::unrecovered);
  CHECK(early.error().outcome() == Outcome::not_applied);
  // Too short to be sure.
  const auto first = door.recover(seconds{10});
  REQUIRE(first);
  CHECK(first->open.size() == 1);
  CHECK_FALSE(first->complete());
  const auto second = door.recover();
  REQUIRE(second);
  CHECK(second->complete());
  CHECK(second->applied == 1);
  CHECK(world.applied(id) == 1);
  static_cast<void>(door.deliver_webhooks(seconds{10}));
  CHECK(world.times_told(id) == 1);
  CHECK(door.transition(going("BillingInquiry", "MainMenu")));
}

TEST_CASE("what never arrives is not applied when the fence has passed, by the monotonic clock",
          "[journal][I4][I22][L2]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").always().reset(); });
  StateTransitioner door{world.policies(), world.settings};
  const auto moved = door.transition(going());
  REQUIRE_FALSE(moved);
  REQUIRE(moved.error().outcome() == Outcome::unknown);
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  world.clock.jump_wall(std::chrono::hours{24});
  CHECK(door.recover(seconds{30})->open.size() == 1);
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->not_applied == 1);
  CHECK(world.journal().deliveries().empty());
  CHECK(door.metrics()[TransitionCount::recovered] == 1);
  CHECK(door.transition(going()));
}

TEST_CASE("of an interaction that others have written to since, nobody can say; and says so once",
          "[journal][I4][L2]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").always().reset(); });
  StateTransitioner door{world.policies(), world.settings};
  REQUIRE_FALSE(door.transition(going()));
  world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  SECTION("a writer without ids cannot hide it") {
    world.cloud.change([](CloudModel& model) { model.move(document_interaction, "TechnicalSupport"); });
    const auto report = door.recover(seconds{10});
    REQUIRE(report);
    CHECK(report->not_applied == 1);
  }
  SECTION("one with ids can") {
    world.cloud.change(
        [](CloudModel& model) { model.move(document_interaction, "TechnicalSupport", "somebody-else"); });
    CHECK(door.recover(seconds{10})->open.size() == 1);
    const auto report = door.recover();
    REQUIRE(report);
    CHECK(report->given_up == 1);
  }
  CHECK(world.journal().open_intents().empty());
  CHECK(door.recover()->complete());
  CHECK(world.webhooks().empty());
}

TEST_CASE("a success that the disk had no room for is not forgotten, whoever wrote since, and its webhook is delivered",
          "[journal][B31][I17][L3]") {
  World world;
  // The disk is full when the write has been answered, before the terminal.
  class FillingCloud {
   public:
    FillingCloud(MortalCloud cloud, std::shared_ptr<SimulatedDisk> disk)
        : cloud_(std::move(cloud)), disk_(std::move(disk)) {}
    TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
      auto sent = cloud_.send(request, response, deadline);
      if (request.method == Method::patch) disk_->capacity(0);
      return sent;
    }

   private:
    MortalCloud cloud_;
    std::shared_ptr<SimulatedDisk> disk_;
  };
  StateTransitioner door{
      Policies{.transport = FillingCloud(MortalCloud(world.cloud, world.life), world.disk), .clock = world.clock},
      world.settings};
  const auto moved = door.transition(going());
  REQUIRE(moved);
  CHECK(moved->webhook == WebhookStatus::failed);
  REQUIRE(world.journal().open_intents().size() == 1);
  CHECK(world.journal().open_intents().front().applied);
  // No reading will show it any more.
  world.cloud.change([](CloudModel& model) { model.move(document_interaction, "TechnicalSupport", "somebody-else"); });
  CHECK(door.recover(seconds{10}).error().code() == ErrorCode::journal_failed);
  world.disk->capacity(1 << 30);
  SECTION("by who recovers") {
    const auto report = door.recover(seconds{10});
    REQUIRE(report);
    CHECK(report->complete());
    CHECK(report->applied == 1);
  }
  SECTION("by the next move of the interaction") {
    CHECK(door.transition(going("TechnicalSupport", "MainMenu")).error().code() != ErrorCode::unrecovered);
    world.disk->capacity(1 << 30);
  }
  CHECK(door.deliver_webhooks(std::chrono::hours{1})->left == 0);
  CHECK(world.times_told(moved->transition_id) == 1);
  CHECK(world.journal().deliveries().empty());
  for (const OpenIntent& each : world.journal().open_intents()) CHECK(each.record.operation != moved->transition_id);
}

TEST_CASE("what is not known to be applied is not remembered so", "[journal][B31][I4]") {
  World world;
  IntentRecord record;
  record.operation = "op", record.interaction = main_interaction;
  const auto intent = world.journal().intent(record);
  REQUIRE(intent);
  world.disk->capacity(0);
  SECTION("not applied") { CHECK_FALSE(world.journal().terminal(*intent, EndRecord(Outcome::not_applied))); }
  SECTION("unknown") { CHECK_FALSE(world.journal().terminal(*intent, EndRecord(Outcome::unknown))); }
  SECTION("orphaned before") {
    world.journal().abandon(*intent);
    CHECK_FALSE(world.journal().terminal(*intent, EndRecord(Outcome::applied)));
  }
  CHECK_FALSE(world.journal().open_intent(*intent)->applied);
}

TEST_CASE("a wall clock that jumps makes no webhook old, in this process or the next", "[journal][A30][I17][I22]") {
  World world;
  std::optional<TransitionResult> moved;
  {
    StateTransitioner door{world.policies(), world.settings};
    auto result = door.transition(going());
    REQUIRE(result);
    moved = *result;
  }
  world.cloud.plan([](FaultPlan& plan) { plan.on("POST", "/webhook").times(1).answer(500); });
  bool crashed = false;
  SECTION("one of a transition") {}
  SECTION("one of an earlier process") { crashed = true; }
  if (crashed) world.crash();
  StateTransitioner door{world.policies(), world.settings};
  SECTION("one that was a dead letter") {
    const auto due = world.journal().deliveries();
    REQUIRE(due.size() == 1);
    REQUIRE(world.journal().dead_letter(due.front().position, "given up", world.clock.wall_now()));
    REQUIRE(door.redrive_webhooks().value() == 1);
  }
  world.clock.jump_wall(std::chrono::hours{240});
  const auto report = door.deliver_webhooks(std::chrono::hours{1});
  REQUIRE(report);
  CHECK(report->dead == 0);
  CHECK(report->left == 0);
  CHECK(world.times_told(moved->transition_id) >= 1);
  CHECK(world.journal().dead_letters().empty());
}

TEST_CASE("without a journal there is nothing to recover", "[journal]") {
  World world;
  world.settings.journal.reset();
  StateTransitioner door{world.policies(), world.settings};
  CHECK(door.recover().error().code() == ErrorCode::invalid_settings);
  CHECK(door.deliver_webhooks(seconds{1}).error().code() == ErrorCode::invalid_settings);
  const auto moved = door.transition(going());
  REQUIRE(moved);
  CHECK(moved->webhook == WebhookStatus::delivered);
}

TEST_CASE("a webhook that the CRM does not take is tried again, then is a dead letter, and can be driven again",
          "[journal][I17][A30][A31]") {
  World world;
  std::vector<DeadLetter> dead;
  world.settings.transition.webhook.outbox.max_attempts = 3;
  world.settings.transition.webhook.outbox.on_dead_letter = [&](const DeadLetter& letter) { dead.push_back(letter); };
  world.cloud.plan([](FaultPlan& plan) { plan.on("POST", "/webhook").always().answer(500); });
  StateTransitioner door{world.policies(), world.settings};
  const auto first = door.transition(going());
  const auto second = door.transition(going("BillingInquiry", "BillingDispute"));
  REQUIRE(first);
  REQUIRE(second);
  SECTION("given up") {
    const auto report = door.deliver_webhooks(std::chrono::hours{1});
    REQUIRE(report);
    CHECK(report->dead == 2);
    CHECK(report->failed == 4);
    REQUIRE(dead.size() == 2);
    CHECK(dead[0].event_id == first->transition_id);
    CHECK(dead[1].event_id == second->transition_id);
    CHECK(dead[0].attempts == 3);
    CHECK(world.journal().dead_letters().size() == 2);
    CHECK(door.metrics()[TransitionCount::webhooks_dead] == 2);
    world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
    REQUIRE(world.journal().flush());  // nobody waits for these: a machine that dies would have them tried again
    world.crash();
    StateTransitioner next{world.policies(), world.settings};
    CHECK(next.deliver_webhooks(seconds{10})->delivered == 0);
    CHECK(next.redrive_webhooks().value() == 2);
    CHECK(next.deliver_webhooks(seconds{10})->delivered == 2);
    CHECK(world.webhooks() == std::vector<std::string>{first->transition_id, second->transition_id});
    CHECK(world.journal().dead_letters().empty());
  }
  SECTION("taken at last, in order") {
    const auto report = door.deliver_webhooks(milliseconds{200});
    REQUIRE(report);
    CHECK(report->left == 2);
    world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
    CHECK(door.deliver_webhooks(std::chrono::minutes{5})->delivered == 2);
    CHECK(world.webhooks() == std::vector<std::string>{first->transition_id, second->transition_id});
    CHECK(dead.empty());
  }
}

TEST_CASE("moves that are coalesced into one write have one intent and one webhook", "[journal][I16][I17]") {
  World world;
  StateTransitioner door{world.policies(), world.settings};
  BulkSettings how;
  how.coalesce();
  const std::vector<TransitionRequest> moves{going(), going("BillingInquiry", "BillingDispute")};
  const BulkResult all = door.transition_all(moves, how);
  REQUIRE(all.all_applied());
  CHECK(world.journal().open_intents().empty());
  REQUIRE(world.journal().deliveries().size() == 1);
  CHECK(all.items[0].result->webhook == WebhookStatus::queued);
  static_cast<void>(door.deliver_webhooks(seconds{10}));
  CHECK(world.webhooks().size() == 1);
}
