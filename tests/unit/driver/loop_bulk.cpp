// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Many transitions in one operation on an event loop: window, order, cancellation at every step, the end of door and loop.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
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

const char* const around[] = {"A", "B", "C"};
std::string numbered(std::size_t i) { return "i-" + std::to_string(i); }

/// What the handler was told.
struct BulkEnded {
  std::optional<BulkResult> result;
  int calls = 0;
  auto handler() {
    return [this](BulkResult told) {
      result.emplace(std::move(told));
      ++calls;
    };
  }
};

/// A cloud of interactions at A, in a flow that is a ring, behind an event loop.
class BulkWorld {
 public:
  explicit BulkWorld(std::size_t interactions) {
    transport.latency(milliseconds{1});
    cloud.change([&](CloudModel& model) {
      model.set_flow("flow", R"({"id":"flow","nodes":[{"id":"A","transitions":[{"targetId":"B"}]},)"
                             R"({"id":"B","transitions":[{"targetId":"C"}]},{"id":"C","transitions":[{"targetId":"A"}]}]})");
      for (std::size_t i = 0; i < interactions; ++i) {
        model.add(CloudInteraction(numbered(i)));
        (void)model.move(numbered(i), "A");
      }
    });
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
    settings.random = std::make_shared<RandomSource>(7);
    settings.audit_records = 10'000;
  }
  auto door() { return StateTransitioner{Policies{.transport = transport, .clock = loop.clock()}, settings}; }
  /// `moves` of each interaction round the ring, mixed with those of the others.
  static std::vector<TransitionRequest> rounds(std::size_t interactions, std::size_t moves) {
    std::vector<TransitionRequest> out;
    for (std::size_t step = 0; step < moves; ++step)
      for (std::size_t i = 0; i < interactions; ++i) out.emplace_back(numbered(i), "flow", around[step % 3], around[(step + 1) % 3]);
    return out;
  }
  /// The ids of the writes that were applied, by interaction and in order.
  [[nodiscard]] std::map<std::string, std::vector<std::string>> written() const {
    return cloud.inspect([](const CloudModel& model) {
      std::map<std::string, std::vector<std::string>> out;
      for (const AppliedOperation& each : model.operations())
        if (each.kind == AppliedOperation::Kind::transition) out[each.interaction].push_back(each.id);
      return out;
    });
  }
  /// Whether what is said of the requests is what the cloud has done, in their order.
  [[nodiscard]] bool is_true(const std::vector<TransitionRequest>& requests, const BulkResult& bulk) const {
    std::map<std::string, std::vector<std::string>> said;
    std::size_t unknown = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const BulkItem& item = bulk.items[i];
      if (!item.result) {
        unknown += item.result.error().outcome() == Outcome::unknown ? 1 : 0;
        continue;
      }
      auto& ids = said[requests[i].interaction()];
      if (ids.empty() || ids.back() != item.result->transition_id) ids.push_back(item.result->transition_id);
    }
    if (unknown == 0) return said == written();
    // What is not known may have been applied, in its place.
    std::size_t more = 0;
    for (const auto& [id, ids] : written()) {
      const std::vector<std::string>& known = said[id];
      auto at = ids.begin();
      for (const std::string& each : known) {
        at = std::find(at, ids.end(), each);
        if (at == ids.end()) return false;
      }
      more += ids.size() - known.size();
    }
    return more <= unknown;
  }

  ManualLoop loop;
  SimulatedCloud cloud{loop.clock()};
  LoopTransport<SimulatedCloud> transport{loop, cloud};
  Settings settings;
};

}  // namespace

TEST_CASE("a bulk operation on an event loop calls back once, with all results in order", "[loop][bulk][I6]") {
  for (const bool coalesce : {false, true}) {
    for (const std::size_t window : {1U, 3U, 50U}) {
      BulkWorld world(10);
      auto door = world.door();
      const auto requests = BulkWorld::rounds(10, 6);
      BulkEnded ended;
      std::size_t reports = 0, most = 0;
      BulkSettings how;
      how.window(window).progress([&](const BulkProgress& progress) {
        most = (std::max)(most, world.transport.under_way());
        CHECK(progress.ended == ++reports);
      });
      if (coalesce) how.coalesce(3);
      door.start_transition_all(requests, how, ended.handler());
      CHECK(ended.calls == 0);
      world.loop.run();
      REQUIRE(ended.calls == 1);
      CHECK(ended.result->all_applied());
      CHECK(world.is_true(requests, *ended.result));
      CHECK(reports == 60);
      CHECK(most <= window);
      CHECK((most >= 2) == (window > 2));
      CHECK(door.metrics()[TransitionCount::submitted] == 60);
      CHECK(door.metrics()[TransitionCount::patch_attempts] == (coalesce ? 20 : 60));
      CHECK(door.metrics().pending() == 0);
    }
  }
}

TEST_CASE("what can never begin is told on the loop as well", "[loop][bulk]") {
  BulkWorld world(1);
  auto door = world.door();
  BulkEnded none, closed, stopped;
  std::stop_source source;
  source.request_stop();
  door.start_transition_all(std::vector<TransitionRequest>{}, BulkSettings(), none.handler());
  door.start_transition_all(BulkWorld::rounds(1, 2), BulkSettings().window(0), closed.handler());
  door.start_transition_all(BulkWorld::rounds(1, 2), BulkSettings().stop(source.get_token()), stopped.handler());
  CHECK(none.calls + closed.calls + stopped.calls == 0);
  world.loop.run();
  REQUIRE((none.calls == 1 && closed.calls == 1 && stopped.calls == 1));
  CHECK(none.result->items.empty());
  for (const BulkItem& item : closed.result->items) CHECK(item.result.error().code() == ErrorCode::invalid_argument);
  for (const BulkItem& item : stopped.result->items) CHECK(item.result.error().code() == ErrorCode::cancelled);
  CHECK(world.written().empty());
}

TEST_CASE("moves that cannot be of one write are told apart on the loop as well", "[loop][bulk][coalesce]") {
  BulkWorld world(1);
  auto door = world.door();
  BulkEnded ended;
  std::vector<TransitionRequest> requests{{"i-0", "flow", "A", "B"}, {"i-0", "flow", "B", "C"}, {"i-0", "flow", "C", "Nowhere"}, {"i-0", "flow", "C", "A"}};
  requests.push_back(TransitionRequest("i-0", "flow", "A", "B").text("nobody", "knows it"));
  door.start_transition_all(std::move(requests), BulkSettings().coalesce(), ended.handler());
  world.loop.run();
  REQUIRE(ended.calls == 1);
  const auto& items = ended.result->items;
  REQUIRE(items.size() == 5);
  REQUIRE((items[0].result && items[1].result && items[3].result));
  CHECK((items[0].carried_by == 1 && items[1].carried_by == 1 && items[3].carried_by == 3));
  CHECK(items[2].result.error().code() == ErrorCode::unknown_node);
  CHECK(items[4].result.error().code() == ErrorCode::validation_failed);
  CHECK(world.written()["i-0"].size() == 2);
}

TEST_CASE("cancelled at every step, a bulk operation tells the truth about each item, and begins nothing more", "[loop][bulk][I4][I23]") {
  for (const bool coalesce : {false, true}) {
    const auto requests = BulkWorld::rounds(3, 4);
    std::size_t steps = 0, cancelled = 0, applied = 0;
    for (bool reached = true; reached; ++steps) {
      INFO("step " << steps);
      REQUIRE(steps < 1'000);
      BulkWorld world(3);
      auto door = world.door();
      BulkEnded ended;
      BulkSettings how = BulkSettings().window(2);
      if (coalesce) how.coalesce(2);
      const OperationHandle handle = door.start_transition_all(requests, how, ended.handler());
      std::size_t done = 0;
      while (done < steps && world.loop.run_one()) ++done;
      reached = ended.calls == 0;
      handle.cancel();
      world.loop.run();
      REQUIRE(ended.calls == 1);
      CHECK(ended.result->items.size() == requests.size());
      CHECK(world.is_true(requests, *ended.result));
      CHECK(door.metrics().pending() == 0);
      handle.cancel();
      for (const BulkItem& item : ended.result->items) {
        applied += item.result ? 1 : 0;
        cancelled += !item.result && item.result.error().code() == ErrorCode::cancelled ? 1 : 0;
      }
    }
    CHECK(steps > 20);
    CHECK(applied > 20);
    CHECK(cancelled > 20);
  }
}

TEST_CASE("a door that is destroyed at any step ends its bulk operations with the truth", "[loop][bulk][I23]") {
  const auto requests = BulkWorld::rounds(3, 3);
  for (std::size_t steps = 0; steps < 60; ++steps) {
    INFO("step " << steps);
    BulkWorld world(3);
    BulkEnded ended;
    {
      auto door = world.door();
      door.start_transition_all(requests, BulkSettings().window(2).coalesce(2), ended.handler());
      for (std::size_t i = 0; i < steps && world.loop.run_one(); ++i) {
      }
    }
    world.loop.run();
    REQUIRE(ended.calls == 1);
    CHECK(world.is_true(requests, *ended.result));
  }
}

TEST_CASE("a loop that is destroyed at any step destroys the handler uncalled", "[loop][bulk][I23]") {
  for (std::size_t steps = 0; steps < 60; ++steps) {
    INFO("step " << steps);
    const auto alive = std::make_shared<int>(0);
    bool called = false;
    {
      BulkWorld world(3);
      auto door = world.door();
      door.start_transition_all(BulkWorld::rounds(3, 3), BulkSettings().window(2).coalesce(2), [&called, alive](BulkResult) { called = true; });
      for (std::size_t i = 0; i < steps && world.loop.run_one(); ++i) {
      }
      world.transport.tear_down();
    }
    CHECK(alive.use_count() == 1);
    if (called) CHECK(steps > 10);
  }
}

TEST_CASE("under faults and beside other writers every item ends once, and truly", "[loop][bulk][I4][I6][property]") {
  std::size_t applied = 0, unknown = 0, together = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    BulkWorld world(5);
    if (random() % 2 == 0) world.settings.transition.remember = std::make_shared<InteractionMemory>();
    auto door = world.door();
    const auto requests = BulkWorld::rounds(5, 1 + random() % 6);
    world.cloud.plan([&](FaultPlan& plan) {
      for (int i = 0; i < 6; ++i) {
        HttpFault& fault = plan.on(random() % 3 == 0 ? "GET" : "PATCH", "/api/v2/interactions/").skip(random() % 6);
        if (random() % 2 == 0) fault.after_applying();
        switch (random() % 4) {
          case 0: fault.reset(); break;
          case 1: fault.answer(503); break;
          case 2: fault.garbage(); break;
          default: fault.applied = false, fault.foreign_write(around[random() % 3]); break;
        }
      }
    });
    BulkEnded ended;
    std::size_t reports = 0;
    BulkSettings how;
    how.window(1 + random() % 6).progress([&](const BulkProgress&) { ++reports; });
    if (random() % 2 == 0) how.coalesce(2 + random() % 3);
    door.start_transition_all(requests, how, ended.handler());
    world.loop.run();
    REQUIRE(ended.calls == 1);
    CHECK(reports == requests.size());
    CHECK(world.is_true(requests, *ended.result));
    CHECK(door.metrics().settled() == requests.size());
    applied += ended.result->count(Outcome::applied);
    unknown += ended.result->count(Outcome::unknown);
    for (const BulkItem& item : ended.result->items) together += item.result && item.result->coalesced > 1 ? 1 : 0;
  }
  CHECK(applied > 300);
  CHECK(unknown > 0);
  CHECK(together > 50);
}

namespace {

/// A bulk operation on an interaction of which somebody else moves A to B in the meantime, 1.2 s long.
class BehindAnother {
 public:
  BehindAnother(std::vector<TransitionRequest> requests) {
    world.transport.latency(milliseconds{100});
    const SteadyTime from = world.loop.clock().steady_now();
    auto door = world.door();
    door.start_transition(TransitionRequest("i-0", "flow", "A", "B"), [&](const Result<TransitionResult>& moved) {
      REQUIRE(moved);
      first = world.loop.clock().steady_now() - from;
    });
    door.start_transition_all(std::move(requests), BulkSettings().coalesce().progress([&](const BulkProgress&) {
      reports.push_back(world.loop.clock().steady_now() - from);
    }), ended.handler());
    world.loop.run();
    REQUIRE(ended.calls == 1);
    CHECK(door.metrics().pending() == 0);
  }
  BulkWorld world{1};
  BulkEnded ended;
  Duration first{};
  std::vector<Duration> reports;
};

}  // namespace

TEST_CASE("moves that wait together for their turn end by their deadline, and not again by another one", "[loop][bulk][coalesce][I7]") {
  const BehindAnother f({TransitionRequest("i-0", "flow", "B", "C").deadline(seconds{1}), TransitionRequest("i-0", "flow", "C", "A").deadline(seconds{1})});
  CHECK(f.first > seconds{1});
  REQUIRE(f.reports.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(f.reports[i] == seconds{1});
    REQUIRE_FALSE(f.ended.result->items[i].result);
    CHECK(f.ended.result->items[i].result.error().code() == ErrorCode::deadline_exceeded);
    CHECK(f.ended.result->items[i].result.error().outcome() == Outcome::not_applied);
  }
}

TEST_CASE("a move that waited with others and is then to be made alone has the time that is left", "[loop][bulk][coalesce][I7]") {
  const auto moves = [](Duration deadline) {
    return std::vector{TransitionRequest("i-0", "flow", "B", "C").deadline(deadline), TransitionRequest("i-0", "flow", "C", "Nowhere").deadline(deadline)};
  };
  // It takes two exchanges, 0.6 s, from when it has its turn.
  const BehindAnother late(moves(milliseconds{1'500}));
  REQUIRE(late.reports.size() == 2);
  CHECK(late.reports[0] > late.first);
  CHECK(late.reports[0] <= milliseconds{1'500});
  CHECK_FALSE(late.ended.result->items[0].result);
  const BehindAnother soon(moves(seconds{3}));
  REQUIRE(soon.ended.result->items[0].result);
  const TransitionResult& moved = *soon.ended.result->items[0].result;
  CHECK(moved.coalesced == 1);
  CHECK(moved.latency == soon.reports[0]);
  CHECK(moved.waited == soon.first);
  CHECK(soon.ended.result->items[1].result.error().code() == ErrorCode::unknown_node);
}
