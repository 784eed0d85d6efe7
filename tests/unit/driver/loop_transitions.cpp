// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Transitions on an event loop: many at once, cancelled at every point, their door or their loop destroyed under way.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

const std::string flow_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

std::string interaction(std::size_t i) {
  const std::string digits = std::to_string(i);
  return "550e8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}
TransitionRequest request(std::size_t i = 0) { return TransitionRequest{interaction(i), flow_id, "MainMenu", "BillingInquiry"}; }

/// What the handler of one operation was told.
struct Ended {
  std::optional<Result<TransitionResult>> result;
  int calls = 0;
  auto handler() {
    return [this](Result<TransitionResult> told) {
      result.emplace(std::move(told));
      ++calls;
    };
  }
};

/// A cloud of interactions at `MainMenu` behind an event loop, each span of an exchange a millisecond long.
class World {
 public:
  explicit World(std::size_t interactions = 1) {
    transport.latency(milliseconds{1});
    cloud.change([&](CloudModel& model) {
      model.set_flow(flow_id, R"({"id":")" + flow_id + R"(","nodes":[{"id":"MainMenu","transitions":[{"targetId":"BillingInquiry"}]},)"
                                  R"({"id":"BillingInquiry","transitions":[{"targetId":"MainMenu"}]}]})");
      for (std::size_t i = 0; i < interactions; ++i) {
        CloudInteraction each;
        each.id = interaction(i);
        each.set_attribute("flow_node", "\"MainMenu\"");
        model.add(std::move(each));
      }
    });
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
    settings.random = std::make_shared<RandomSource>(7);
  }
  auto door() { return StateTransitioner{Policies{.transport = transport, .clock = loop.clock()}, settings}; }
  /// How often the first operation of the first door was applied.
  [[nodiscard]] std::size_t applied() const {
    std::string id;
    RandomSource(7).uuid(id);
    return cloud.inspect([&](const CloudModel& model) { return model.times_applied(id); });
  }

  ManualLoop loop;
  SimulatedCloud cloud{loop.clock()};
  LoopTransport<SimulatedCloud> transport{loop, cloud};
  Settings settings;
};

}  // namespace

TEST_CASE("a transition on an event loop calls back once, and not from within the call", "[loop][I4]") {
  World world;
  auto door = world.door();
  Ended ended;
  door.start_transition(request().text("customer_tier", "gold"), ended.handler());
  CHECK(ended.calls == 0);
  world.loop.run();
  REQUIRE(ended.calls == 1);
  if (!ended.result->has_value()) FAIL(ended.result->error().describe());
  REQUIRE(ended.result->has_value());
  CHECK((*ended.result)->path.size() == 2);
  CHECK((*ended.result)->interaction == interaction(0));
  CHECK(world.applied() == 1);
  CHECK(door.metrics()[TransitionCount::submitted] == 1);
  CHECK(door.audit_log().back().success);
}

TEST_CASE("what is refused before anything is sent is told by the loop as well", "[loop]") {
  World world;
  auto door = world.door();
  Ended ended;
  SECTION("an identifier") { door.start_transition(TransitionRequest{"not/an/id", flow_id, "MainMenu", "BillingInquiry"}, ended.handler()); }
  SECTION("a variable") { door.start_transition(request().text("undeclared", "x"), ended.handler()); }
  SECTION("settings") {
    world.settings.base_url.clear();
    auto invalid = world.door();
    invalid.start_transition(request(), ended.handler());
    CHECK(ended.calls == 0);
    world.loop.run();
    CHECK(ended.result->error().code() == ErrorCode::invalid_settings);
    return;
  }
  CHECK(ended.calls == 0);
  world.loop.run();
  REQUIRE(ended.calls == 1);
  REQUIRE_FALSE(ended.result->has_value());
  CHECK(ended.result->error().outcome() == Outcome::not_applied);
  CHECK(world.cloud.exchanges() == 0);
  CHECK(door.audit_log().size() == 1);
}

TEST_CASE("a thousand transitions under way share one token and one flow", "[loop][A12][A26]") {
  constexpr std::size_t count = 1000;
  World world(count);
  auto door = world.door();
  std::vector<Ended> ended(count);
  for (std::size_t i = 0; i < count; ++i) door.start_transition(request(i), ended[i].handler());
  std::size_t most = 0;
  while (world.loop.run_one()) most = std::max(most, world.transport.under_way());
  CHECK(most == count);
  for (const Ended& each : ended) {
    REQUIRE(each.calls == 1);
    REQUIRE(each.result->has_value());
  }
  CHECK(world.cloud.exchanges() == 2 + 2 * count);
  CHECK(world.loop.pending() == 0);
}

TEST_CASE("operations on one interaction keep their order on an event loop", "[loop][I6][A32]") {
  World world;
  auto door = world.door();
  std::vector<int> order;
  const auto note = [&order](int which, bool good) {
    return [&order, which, good](const Result<TransitionResult>& result) {
      CHECK(result.has_value() == good);
      order.push_back(which);
    };
  };
  const auto back = TransitionRequest{interaction(0), flow_id, "BillingInquiry", "MainMenu"};
  door.start_transition(request(), note(1, true));
  door.start_transition(back, note(2, true));
  const OperationHandle third = door.start_transition(request(), note(3, false));
  door.start_transition(request(), note(4, true));
  third.cancel();  // while it waits for its turn
  world.loop.run();
  CHECK(order == std::vector<int>{3, 1, 2, 4});
  third.cancel();  // which has ended long ago
  CHECK(world.loop.run() == 0);
}

TEST_CASE("a transition that is cancelled anywhere tells the truth", "[loop][I4][I20][cancellation]") {
  int not_applied = 0, unknown = 0, done = 0, resolved = 0;
  for (std::size_t steps = 0;; ++steps) {
    CAPTURE(steps);
    World world;
    auto door = world.door();
    Ended ended;
    const OperationHandle handle = door.start_transition(request(), ended.handler());
    for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
    const bool over = ended.calls != 0;
    const SteadyTime when = world.loop.clock().steady_now();
    handle.cancel();
    handle.cancel();
    world.loop.run();
    REQUIRE(ended.calls == 1);
    if (ended.result->has_value()) {
      REQUIRE(world.applied() == 1);
      ++((*ended.result)->resolved_by == ResolvedBy::state ? resolved : done);
    } else if (ended.result->error().outcome() == Outcome::not_applied) {
      REQUIRE(ended.result->error().code() == ErrorCode::cancelled);
      REQUIRE(world.applied() == 0);
      ++not_applied;
    } else {
      REQUIRE(ended.result->error().code() == ErrorCode::outcome_unknown);
      ++unknown;
    }
    // Soon: at most one reading is done after it.
    CHECK(world.loop.clock().steady_now() - when <= milliseconds{4});
    CHECK(door.audit_log().back().outcome ==
          (ended.result->has_value() ? Outcome::applied : ended.result->error().outcome()));
    CHECK(world.transport.under_way() == 0);
    CHECK(world.loop.pending() == 0);
    if (over) break;
  }
  CHECK(not_applied > 5);
  CHECK(resolved > 0);
  CHECK(done > 0);
  CHECK(unknown == 0);  // the late request arrives before the reading does, in this world
}

TEST_CASE("a cancelled write that may still come is unknown", "[loop][I4][cancellation]") {
  // The reading overtakes the write, whose connection hangs.
  World world;
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").reset(); });
  auto door = world.door();
  Ended ended;
  const OperationHandle handle = door.start_transition(request(), ended.handler());
  while (door.audit_log().empty() && world.cloud.exchanges() < 4 && world.loop.run_one()) {}
  handle.cancel();
  world.loop.run();
  REQUIRE(ended.calls == 1);
  REQUIRE_FALSE(ended.result->has_value());
  CHECK(ended.result->error().code() == ErrorCode::outcome_unknown);
}

TEST_CASE("an operation waits for its retries on the loop's timers, and can be cancelled there", "[loop][I7][cancellation]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) { plan.on("GET").always().answer(503); });
  auto door = world.door();
  Ended ended;
  SECTION("to its deadline") {
    const SteadyTime begun = world.loop.clock().steady_now();
    door.start_transition(request().deadline(seconds{3}), ended.handler());
    world.loop.run();
    REQUIRE(ended.calls == 1);
    CHECK(ended.result->error().code() == ErrorCode::unavailable);
    CHECK(world.loop.clock().steady_now() - begun <= seconds{3});
    CHECK(ended.result->error().attempts() == 0);
  }
  SECTION("cancelled") {
    const OperationHandle handle = door.start_transition(request(), ended.handler());
    while (world.transport.under_way() != 0 || world.cloud.exchanges() < 2) REQUIRE(world.loop.run_one());
    handle.cancel();
    const SteadyTime when = world.loop.clock().steady_now();
    world.loop.run();
    CHECK(ended.result->error().code() == ErrorCode::cancelled);
    CHECK(world.loop.clock().steady_now() == when);
  }
  CHECK(world.loop.pending() == 0);
}

TEST_CASE("a door that is destroyed ends its operations truthfully", "[loop][I23]") {
  for (std::size_t steps = 0; steps < 16; ++steps) {
    World world(3);
    Ended ended[3];
    {
      auto door = world.door();
      for (std::size_t i = 0; i < 3; ++i) door.start_transition(request(i), ended[i].handler());
      for (std::size_t i = 0; i < steps * 3; ++i) world.loop.run_one();
    }
    world.loop.run();
    for (const Ended& each : ended) {
      REQUIRE(each.calls == 1);
      if (!each.result->has_value()) CHECK(each.result->error().code() == ErrorCode::cancelled);
    }
    CHECK(world.transport.under_way() == 0);
  }
}

TEST_CASE("a loop that is torn down anywhere leaves nothing behind", "[loop][I20][I23]") {
  for (std::size_t steps = 0; steps < 24; ++steps) {
    CAPTURE(steps);
    World world(2);
    const auto witness = std::make_shared<int>(0);
    int calls = 0;
    const auto handler = [&calls, witness](const Result<TransitionResult>&) { ++calls; };
    {
      auto door = world.door();
      std::vector<OperationHandle> handles;
      for (int i = 0; i < 4; ++i) handles.push_back(door.start_transition(request(static_cast<std::size_t>(i) % 2), handler));
      for (std::size_t i = 0; i < steps; ++i) world.loop.run_one();
      if (steps % 3 == 0) handles[0].cancel();
      const int before = calls;
      world.transport.tear_down();
      CHECK(calls == before);
      for (const OperationHandle& each : handles) each.cancel();
      CHECK(calls == before);
    }
    CHECK(witness.use_count() == 2);  // this one, and the lambda's here
  }
}

TEST_CASE("a handler may start the next operation", "[loop]") {
  World world;
  auto door = world.door();
  int moves = 0;
  const std::function<void()> next = [&] {
    const bool there = moves % 2 == 0;
    door.start_transition(TransitionRequest{interaction(0), flow_id, there ? "MainMenu" : "BillingInquiry", there ? "BillingInquiry" : "MainMenu"},
                          [&](Result<TransitionResult> result) {
                            REQUIRE(result.has_value());
                            if (++moves < 20) next();
                          });
  };
  next();
  world.loop.run();
  CHECK(moves == 20);
}

TEST_CASE("a flow that the program knows as a type is followed on an event loop", "[loop][static_flow]") {
  using Flow = StaticFlow<Edge<"MainMenu", "BillingInquiry">, Edge<"BillingInquiry", "MainMenu">>;
  using Other = StaticFlow<Edge<"MainMenu", "Support">>;
  World world;
  auto door = world.door();
  Ended ended;
  int followed = 0;
  door.start_follow<Flow>(flow_id, {}, [&](auto flow) {
    ++followed;
    REQUIRE(flow.has_value());
    CHECK(flow->drift().empty());
    flow->template start_transition<"MainMenu", "BillingInquiry">(interaction(0), Variables().text("customer_tier", "gold"), ended.handler());
  });
  door.start_follow<Other>(flow_id, {}, [&](auto flow) {
    ++followed;
    REQUIRE_FALSE(flow.has_value());
    CHECK(flow.error().code() == ErrorCode::flow_drifted);
  });
  CHECK(followed == 0);
  world.loop.run();
  CHECK(followed == 2);
  REQUIRE(ended.calls == 1);
  CHECK(ended.result->has_value());
}

TEST_CASE("a flow is not followed by a door that is gone", "[loop][static_flow][I23]") {
  using Flow = StaticFlow<Edge<"MainMenu", "BillingInquiry">, Edge<"BillingInquiry", "MainMenu">>;
  World world;
  auto door = std::make_unique<decltype(world.door())>(Policies{.transport = world.transport, .clock = world.loop.clock()}, world.settings);
  door->start_flow(flow_id, {}, [](const auto&) {});
  world.loop.run();
  int told = 0;
  door->start_follow<Flow>(flow_id, {}, [&](auto flow) {  // from the cache: its end is on its way already
    ++told;
    REQUIRE_FALSE(flow.has_value());
    CHECK(flow.error().code() == ErrorCode::cancelled);
  });
  door.reset();
  world.loop.run();
  CHECK(told == 1);
}

TEST_CASE("an operation that was cancelled before it is launched sends nothing", "[loop][cancellation]") {
  // As a bulk operation's next item may be: its handle is kept before it begins.
  World world;
  auto door = world.door();
  door.start_flow(flow_id, {}, [](const auto&) {});
  world.loop.run();
  const std::size_t before = world.cloud.exchanges();
  Ended ended;
  const OperationHandle handle = door.start_transition(request(), ended.handler());
  handle.cancel();
  world.loop.run();
  CHECK(ended.result->error().code() == ErrorCode::cancelled);
  CHECK(world.cloud.exchanges() == before);
}

TEST_CASE("a flow can be asked for on an event loop", "[loop][flow]") {
  World world;
  auto door = world.door();
  std::optional<Result<std::shared_ptr<const FlowGraph>>> flow;
  const auto keep = [&](Result<std::shared_ptr<const FlowGraph>> told) { flow.emplace(std::move(told)); };
  door.start_flow(flow_id, {}, keep);
  CHECK_FALSE(flow);
  world.loop.run();
  REQUIRE(flow);
  REQUIRE(flow->has_value());
  CHECK((**flow)->node_count() == 2);
  flow.reset();
  door.start_flow("..", {}, keep);
  world.loop.run();
  CHECK(flow->error().code() == ErrorCode::invalid_argument);
}
