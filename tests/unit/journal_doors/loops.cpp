// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Doors on event loops under a journal: loops that end at any event, syncs on other threads, webhooks that deliver
// themselves.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/scripted_transport.hpp>

#include "mortal.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A world whose processes have an event loop each, on which every span of an exchange takes a millisecond.
class LoopWorld {
 public:
  explicit LoopWorld(std::uint64_t seed = 1) : world(seed) { world.cloud.latency(Duration::zero()); }

  /// A process's loop and transport.
  class Process {
   public:
    explicit Process(World& world) : loop(world.clock), transport(loop, world.cloud) {
      transport.latency(milliseconds{1});
    }
    ManualLoop loop;
    LoopTransport<SimulatedCloud> transport;
  };
  [[nodiscard]] auto policies(Process& process) const {
    return Policies{.transport = process.transport, .clock = world.clock};
  }

  using LoopPolicies = Policies<LoopTransport<SimulatedCloud>, ManualClock>;
  using Transitions = decltype(StateTransitioner{std::declval<LoopPolicies>(), std::declval<Settings>()});
  using Holds = decltype(HoldController{std::declval<LoopPolicies>(), std::declval<Settings>()});
  [[nodiscard]] auto transitions(Process& process) const {
    return std::make_unique<Transitions>(policies(process), world.settings);
  }
  [[nodiscard]] auto holds(Process& process) const {
    return std::make_unique<Holds>(policies(process), world.settings);
  }

  World world;
};

/// What one operation's handler was told.
template <class T>
class Told {
 public:
  auto handler() {
    return [this](Result<T> told) {
      result.emplace(std::move(told));
      ++calls;
    };
  }
  std::optional<Result<T>> result;
  int calls = 0;
};

template <class T, class Start>
Result<T> await(const ManualLoop& loop, Start&& start) {
  Told<T> told;
  start(told.handler());
  while (!told.result) REQUIRE(loop.run_one());
  return std::move(*told.result);
}

}  // namespace

TEST_CASE("on a loop a journaled transition ends without the CRM, which is told while the door lives",
          "[journal][loop][I17][A30]") {
  LoopWorld on;
  LoopWorld::Process process(on.world);
  on.world.cloud.plan([](FaultPlan& plan) { plan.on("POST", "/webhook").times(3).answer(503); });
  std::unique_ptr door = on.transitions(process);
  const auto moved =
      await<TransitionResult>(process.loop, [&](auto done) { door->start_transition(going(), std::move(done)); });
  REQUIRE(moved);
  CHECK(moved->webhook == WebhookStatus::queued);
  CHECK(on.world.webhooks().empty());
  process.loop.run_for(seconds{30});
  CHECK(on.world.webhooks() == std::vector<std::string>{moved->transition_id});
  CHECK(on.world.journal().deliveries().empty());
  CHECK(process.loop.pending() == 0);  // nobody waits when nothing is left
  const auto next = await<TransitionResult>(process.loop, [&](auto done) {
    door->start_transition(going("BillingInquiry", "BillingDispute"), std::move(done));
  });
  REQUIRE(next);
  process.loop.run_for(seconds{30});
  CHECK(on.world.webhooks().size() == 2);
}

TEST_CASE("a door that is destroyed while the CRM is down leaves its webhooks to the next one",
          "[journal][loop][I17][I23]") {
  LoopWorld on;
  on.world.cloud.plan([](FaultPlan& plan) { plan.on("POST", "/webhook").always().answer(503); });
  std::string id;
  {
    LoopWorld::Process process(on.world);
    std::unique_ptr door = on.transitions(process);
    const auto moved =
        await<TransitionResult>(process.loop, [&](auto done) { door->start_transition(going(), std::move(done)); });
    REQUIRE(moved);
    id = moved->transition_id;
    process.loop.run_for(seconds{5});
    door.reset();
    process.loop.run();
    CHECK(process.loop.pending() == 0);
  }
  CHECK(on.world.journal().deliveries().size() == 1);
  on.world.cloud.plan([](FaultPlan& plan) { plan.clear(); });
  on.world.crash();
  LoopWorld::Process process(on.world);
  StateTransitioner door{on.policies(process), on.world.settings};
  REQUIRE(await<RecoveryReport>(process.loop, [&](auto done) { door.start_recover(std::nullopt, std::move(done)); }));
  process.loop.run();
  CHECK(on.world.webhooks() == std::vector<std::string>{id});
}

TEST_CASE("a loop that ends at any event of journaled transitions leaves nothing untold",
          "[journal][loop][I3][I4][I16][I17]") {
  bool finished = false;
  std::size_t events = 0, applied = 0, not_applied = 0;
  for (; !finished; ++events) {
    INFO("ends after " << events << " events");
    LoopWorld on(events + 1);
    World& world = on.world;
    Told<TransitionResult> first, second, third;
    {
      LoopWorld::Process process(world);
      std::unique_ptr door = on.transitions(process);
      door->start_transition(going(), first.handler());
      door->start_transition(going("BillingInquiry", "BillingDispute"), second.handler());
      door->start_transition(going("MainMenu", "TechnicalSupport", second_interaction), third.handler());
      for (std::size_t i = 0; i < events && !finished; ++i) finished = !process.loop.run_one();
      world.life.end();  // nothing that is torn down reaches the disk
      process.transport.tear_down();
      door.reset();
    }
    world.crash();
    LoopWorld::Process process(world);
    StateTransitioner door{on.policies(process), world.settings};
    const auto report =
        await<RecoveryReport>(process.loop, [&](auto done) { door.start_recover(std::nullopt, std::move(done)); });
    REQUIRE(report);
    CHECK(report->complete());
    applied += report->applied, not_applied += report->not_applied;
    process.loop.run();
    CHECK(world.journal().open_intents().empty());
    CHECK(world.journal().deliveries().empty());
    for (const std::string& id : world.done(AppliedOperation::Kind::transition)) {
      CHECK(world.applied(id) == 1);
      CHECK(world.times_told(id) >= 1);
    }
    for (const std::string& id : world.webhooks()) CHECK(world.applied(id) == 1);
    for (const auto* told : {&first, &second, &third})
      if (told->result && *told->result) CHECK(world.applied((*told->result)->transition_id) == 1);
  }
  CHECK(events > 30);
  CHECK(applied > 0);
  CHECK(not_applied > 0);
}

TEST_CASE("a loop that is destroyed leaves intents to another door of the same process", "[journal][loop][I16]") {
  LoopWorld on;
  {
    LoopWorld::Process process(on.world);
    std::unique_ptr door = on.transitions(process);
    Told<TransitionResult> told;
    door->start_transition(going(), told.handler());
    while (on.world.journal().open_intents().empty()) REQUIRE(process.loop.run_one());
    process.transport.tear_down();
    door.reset();
    CHECK(told.calls == 0);
  }
  REQUIRE(on.world.journal().open_intents().size() == 1);
  LoopWorld::Process process(on.world);
  StateTransitioner door{on.policies(process), on.world.settings};
  const auto report =
      await<RecoveryReport>(process.loop, [&](auto done) { door.start_recover(std::nullopt, std::move(done)); });
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->applied + report->not_applied == 1);
}

TEST_CASE("on a loop nothing is sent while the sync is on another thread, and one serves many",
          "[journal][loop][I16]") {
  LoopWorld on;
  World& world = on.world;
  std::vector<std::function<void()>> syncs;
  world.options.run_sync = [&](std::function<void()> job) { syncs.push_back(std::move(job)); };
  world.crash();
  LoopWorld::Process process(world);
  StateTransitioner door{on.policies(process), world.settings};
  Told<TransitionResult> first, second;
  door.start_transition(going().deadline(seconds{10}), first.handler());
  const OperationHandle handle = door.start_transition(
      going("MainMenu", "TechnicalSupport", second_interaction).deadline(seconds{10}), second.handler());
  process.loop.run_for(seconds{1});
  REQUIRE(syncs.size() == 1);
  CHECK(world.done(AppliedOperation::Kind::transition).empty());
  CHECK(first.calls + second.calls == 0);
  SECTION("done") {
    const std::size_t before = world.disk->syncs();
    while (first.calls + second.calls < 2) {
      for (auto& job : std::exchange(syncs, {})) job();
      REQUIRE(process.loop.run_one());
    }
    CHECK(*first.result);
    CHECK(*second.result);
    CHECK(world.disk->syncs() - before <= 4);  // two intents, two ends that carry webhooks
  }
  SECTION("cancelled") {
    handle.cancel();
    process.loop.run_for(seconds{1});
    REQUIRE(second.calls == 1);
    CHECK(second.result->error().code() == ErrorCode::cancelled);
    CHECK(first.calls == 0);
  }
  SECTION("never done") {
    process.loop.run_for(seconds{20});
    REQUIRE(first.calls == 1);
    REQUIRE(second.calls == 1);
    CHECK(first.result->error().code() == ErrorCode::deadline_exceeded);
    CHECK(first.result->error().outcome() == Outcome::not_applied);
    CHECK(world.done(AppliedOperation::Kind::transition).empty());
    CHECK(world.journal().open_intents().empty());
  }
  SECTION("failed") {
    world.disk->fail(DiskOperation::sync);
    for (auto& job : std::exchange(syncs, {})) job();
    process.loop.run_for(seconds{1});
    REQUIRE(first.calls == 1);
    CHECK(first.result->error().code() == ErrorCode::journal_failed);
    CHECK(second.result->error().code() == ErrorCode::journal_failed);
    CHECK(world.done(AppliedOperation::Kind::transition).empty());
  }
  process.transport.tear_down();  // with what still waits
}

TEST_CASE("a loop that ends at any event of holds and releases leaves nobody unwatched",
          "[journal][loop][B6][I13][I16]") {
  bool finished = false;
  std::size_t events = 0, settled = 0;
  for (; !finished; ++events) {
    INFO("ends after " << events << " events");
    LoopWorld on(events + 1);
    World& world = on.world;
    Told<HoldResult> first, second, third;
    {
      LoopWorld::Process process(world);
      std::unique_ptr door = on.holds(process);
      door->start_hold(HoldRequest{document_interaction, "consultation", 5}, first.handler());
      door->start_hold(HoldRequest{second_interaction, "consultation", 5}, second.handler());
      bool released = false;
      for (std::size_t i = 0; i < events && !finished; ++i) {
        finished = third.calls != 0 || !process.loop.run_one();
        if (first.calls != 0 && !std::exchange(released, true))
          door->start_unhold(UnholdRequest{document_interaction, 5}, third.handler());
      }
      world.life.end();
      process.transport.tear_down();
      door.reset();
    }
    world.crash();
    LoopWorld::Process process(world);
    HoldController door{on.policies(process), world.settings};
    const auto report =
        await<RecoveryReport>(process.loop, [&](auto done) { door.start_recover(std::nullopt, std::move(done)); });
    REQUIRE(report);
    CHECK(report->complete());
    settled += report->applied + report->not_applied;
    CHECK(world.journal().open_intents().empty());
    for (const std::string_view each : {document_interaction, second_interaction}) {
      bool watched = false, journaled = false;
      for (const HeldInteraction& held : door.held()) watched = watched || held.interaction == each;
      for (const BelievedHold& held : world.journal().holds()) journaled = journaled || held.interaction == each;
      CHECK(watched == world.held(each));
      CHECK(journaled == world.held(each));
    }
    process.transport.tear_down();  // with the watchdog's timer
  }
  CHECK(events > 20);
  CHECK(settled > 0);
}

TEST_CASE("on a loop the watchdog's release waits for its intent, but not for a disk that hangs",
          "[journal][loop][I14][I15]") {
  LoopWorld on;
  World& world = on.world;
  world.settings.hold.limit = HoldLimit::release;
  world.settings.hold.max_hold = seconds{120};
  bool hanging = false;
  std::vector<std::function<void()>> syncs;
  world.options.run_sync = [&](std::function<void()> job) { hanging ? syncs.push_back(std::move(job)) : job(); };
  world.crash();
  LoopWorld::Process process(world);
  std::unique_ptr door = on.holds(process);
  REQUIRE(await<HoldResult>(process.loop, [&](auto done) {
    door->start_hold(HoldRequest{document_interaction, "consultation", 5}, std::move(done));
  }));
  const SteadyTime begun = door->held().front().since;
  hanging = true;
  process.loop.run_until(begun + milliseconds{120'500});
  CHECK(world.held());
  REQUIRE(syncs.size() == 1);
  SECTION("written in time") {
    for (auto& job : std::exchange(syncs, {})) job();
    process.loop.run_until(begun + milliseconds{120'600});
    CHECK(door->metrics()[HoldCount::releases_unjournaled] == 0);
  }
  SECTION("hanging") {
    process.loop.run_until(begun + milliseconds{121'100});
    CHECK(door->metrics()[HoldCount::releases_unjournaled] == 1);
  }
  CHECK_FALSE(world.held());
  CHECK(door->held().empty());
  door.reset();
  process.loop.run_for(seconds{60});
}

namespace {

/// A cloud that answers commands when a test says so, and a process with a loop and a journal.
class ScriptedProcess {
 public:
  ScriptedProcess() : peer(cloud.accept()) {
    cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"t","expires_in":36000})");
    cloud.when(Method::get, "/api/v2/interactions/" + std::string(document_interaction), 200, {{"ETag", "\"1\""}},
               R"({"id":")" + std::string(document_interaction) +
                   R"(","state":"connected","routingData":{"skillGroup":{"id":"s","name":"B"},"orgId":"o"}})");
    transport.latency(milliseconds{100});
  }
  ScriptedProcess(const ScriptedProcess&) = delete;
  ScriptedProcess& operator=(const ScriptedProcess&) = delete;
  ~ScriptedProcess() { loop.run_for(seconds{60}); }  // a door that is gone closes its channel on it
  void acknowledge(std::size_t command, std::string_view type) {
    const std::string sent = peer.sent().at(command);
    const std::size_t at = sent.find("\"correlationId\":\"") + 17;
    peer.deliver(R"({"correlationId":")" + sent.substr(at, 36) + R"(","body":{"type":")" + std::string(type) +
                 R"(","interactionId":")" + std::string(document_interaction) + R"("}})");
  }
  [[nodiscard]] std::size_t reads() const {
    std::size_t count = 0;
    for (const RecordedRequest& each : cloud.requests()) count += each.name == "interaction.get" ? 1U : 0U;
    return count;
  }
  template <class Until>
  void run_until(Until&& until) const {
    for (int i = 0; !until(); ++i) REQUIRE((i < 1000 && loop.run_one()));
  }
  [[nodiscard]] auto policies() const { return Policies{.transport = transport, .clock = world.clock}; }

  World world;
  ManualLoop loop{world.clock};
  ScriptedTransport cloud{world.clock};
  LoopTransport<ScriptedTransport> transport{loop, cloud};
  ChannelPeer peer;
};

}  // namespace

TEST_CASE("a hold and the release behind it, answered in one breath, leave nobody on hold in the journal",
          "[journal][loop][B6][B22][I13]") {
  ScriptedProcess on;
  Told<HoldResult> held, released;
  HoldController door{on.policies(), on.world.settings};
  door.start_hold(HoldRequest{document_interaction, "consultation", 5}, held.handler());
  on.run_until([&] { return on.peer.sent().size() == 1; });
  door.start_unhold(UnholdRequest{document_interaction, 5}.deadline(milliseconds{300}), released.handler());
  on.run_until([&] { return released.result.has_value(); });
  REQUIRE_FALSE(*released.result);
  REQUIRE(released.result->error().outcome() == Outcome::unknown);
  REQUIRE(held.calls == 0);
  on.acknowledge(0, "hold");
  on.acknowledge(1, "unhold");
  on.run_until([&] { return held.result.has_value(); });
  CHECK(*held.result);
  CHECK(door.held().empty());
  CHECK(on.world.journal().open_intents().empty());
  CHECK(on.world.journal().holds().empty());
}

TEST_CASE("an answer that comes while the interaction is read for want of it settles what the journal calls unknown",
          "[journal][loop][B22][L2][I13]") {
  ScriptedProcess on;
  const bool positive = GENERATE(true, false);
  Told<HoldResult> held;
  HoldController door{on.policies(), on.world.settings};
  door.start_hold(HoldRequest{document_interaction, "consultation", 5}, held.handler());
  on.run_until([&] { return on.peer.sent().size() == 1; });
  const std::size_t reads = on.reads();
  on.run_until([&] { return on.reads() == reads + 1; });
  REQUIRE(held.calls == 0);
  on.acknowledge(0, positive ? "hold" : "error");
  on.run_until([&] { return held.result.has_value(); });
  REQUIRE_FALSE(*held.result);
  CHECK(held.result->error().outcome() == Outcome::unknown);
  CHECK(door.metrics()[HoldCount::late_acks] == 1);
  CHECK(door.held().size() == (positive ? 1U : 0U));
  CHECK(on.world.journal().open_intents().empty());
  CHECK(on.world.journal().holds().size() == (positive ? 1U : 0U));
}
