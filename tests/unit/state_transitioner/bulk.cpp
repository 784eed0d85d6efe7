// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Many transitions in one call, against the simulated cloud, whose own log says what was done, and in which order.
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using patchbay::testing::AppliedOperation;
using patchbay::testing::CloudInteraction;
using patchbay::testing::CloudModel;
using patchbay::testing::CloudOptions;
using patchbay::testing::FaultPlan;
using patchbay::testing::ManualClock;
using patchbay::testing::SimulatedCloud;

namespace {

/// A door to a simulated cloud with the interactions i-0, i-1, … at A, in a flow A -> B -> C -> D -> A, where C leads to E
/// on a condition.
class BulkFixture {
 public:
  explicit BulkFixture(CloudOptions options = {}, std::size_t interactions = 8) : cloud(clock, std::move(options)) {
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(TokenSettings{
        .login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
    settings.random = std::make_shared<RandomSource>(7);
    settings.audit_records = 10'000;
    cloud.change([&](CloudModel& model) {
      model.set_flow("flow", R"({"id":"flow","version":"1","nodes":[{"id":"A","transitions":[{"targetId":"B"}]},)"
                             R"({"id":"B","transitions":[{"targetId":"C"}]},)"
                             R"({"id":"C","transitions":[{"targetId":"D"},{"targetId":"E","condition":"open"}]},)"
                             R"({"id":"D","transitions":[{"targetId":"A"}]},{"id":"E"},{"id":"Island"}]})");
      for (std::size_t i = 0; i < interactions; ++i) {
        model.add(CloudInteraction(id(i)));
        (void)model.move(id(i), "A");
      }
    });
  }
  auto make_door() { return StateTransitioner{Policies{.transport = cloud, .clock = clock}, settings}; }
  static std::string id(std::size_t i) { return "i-" + std::to_string(i); }
  static TransitionRequest move(std::size_t i, const char* from, const char* to) { return TransitionRequest(id(i), "flow", from, to); }

  /// What our writes did to the interaction, by the cloud's log: the node after each.
  [[nodiscard]] std::vector<std::string> written(std::size_t i) const {
    return cloud.inspect([&](const CloudModel& model) {
      std::vector<std::string> out;
      for (const AppliedOperation& each : model.operations())
        if (each.kind == AppliedOperation::Kind::transition && each.interaction == id(i)) out.push_back(each.node.substr(1, each.node.size() - 2));
      return out;
    });
  }
  [[nodiscard]] std::string attribute(std::size_t i, std::string_view name) const {
    return cloud.inspect([&](const CloudModel& model) {
      const std::string* const json = model.find(id(i))->attribute(name);
      return json ? *json : std::string{};
    });
  }
  [[nodiscard]] std::size_t writes() const {
    return cloud.inspect([](const CloudModel& model) {
      std::size_t count = 0;
      for (const AppliedOperation& each : model.operations()) count += each.kind == AppliedOperation::Kind::transition ? 1 : 0;
      return count;
    });
  }

  ManualClock clock;
  SimulatedCloud cloud;
  Settings settings;
};

using Nodes = std::vector<std::string>;

/// The error's code; nothing for a success.
std::optional<ErrorCode> code_of(const BulkItem& item) {
  return item.result ? std::nullopt : std::optional(item.result.error().code());
}

/// Each item has ended once, and the books agree with what they say.
template <class Door>
void check_books(const Door& door, const BulkResult& bulk) {
  const auto metrics = door.metrics();
  CHECK(metrics.pending() == 0);
  CHECK(metrics[TransitionCount::succeeded] == bulk.count(Outcome::applied));
  std::size_t terminals = 0;
  for (const AuditRecord& record : door.audit_log()) terminals += record.kind == AuditKind::operation ? 1 : 0;
  CHECK(terminals == metrics.settled());
  std::size_t cancelled = 0;
  for (const BulkItem& item : bulk.items) cancelled += !item.result && item.result.error().code() == ErrorCode::cancelled ? 1 : 0;
  CHECK(metrics[TransitionCount::submitted] == bulk.items.size() - cancelled);
}

}  // namespace

TEST_CASE("results come in the order of the range, each as its own transition would have given it", "[transition][bulk]") {
  BulkFixture f;
  auto door = f.make_door();
  const std::vector<TransitionRequest> requests{
      f.move(0, "A", "B"), f.move(1, "A", "Island"), f.move(2, "B", "C"),
      f.move(3, "A", "B").text("call_duration_seconds", "soon"), TransitionRequest("missing", "flow", "A", "B"),
      f.move(0, "B", "C"), f.move(4, "A", "D").text("call_duration_seconds", "7")};
  const BulkResult bulk = door.transition_all(requests);
  REQUIRE(bulk.items.size() == 7);
  CHECK(bulk.items[0].result);
  CHECK(code_of(bulk.items[1]) == ErrorCode::not_reachable);
  CHECK(code_of(bulk.items[2]) == ErrorCode::stale_state);
  CHECK(code_of(bulk.items[3]) == ErrorCode::validation_failed);
  CHECK(code_of(bulk.items[4]) == ErrorCode::not_found);
  CHECK(bulk.items[5].result);
  REQUIRE(bulk.items[6].result);
  CHECK(bulk.items[6].result->path.to_string() == "A -> B -> C -> D");
  CHECK(bulk.count(Outcome::applied) == 3);
  CHECK(bulk.count(Outcome::not_applied) == 4);
  CHECK(bulk.count(Outcome::unknown) == 0);
  CHECK_FALSE(bulk.all_applied());
  for (std::size_t i = 0; i < bulk.items.size(); ++i) {
    CHECK(bulk.items[i].carried_by == i);
    const std::string& shown = bulk.items[i].result ? bulk.items[i].result->interaction : bulk.items[i].result.error().interaction();
    CHECK(shown == requests[i].interaction());
  }
  CHECK(f.written(0) == Nodes{"B", "C"});
  CHECK(f.written(4) == Nodes{"D"});
  CHECK(f.attribute(4, "call_duration_seconds") == "7");
  check_books(door, bulk);
}

TEST_CASE("any range of requests will do", "[transition][bulk]") {
  BulkFixture f;
  auto door = f.make_door();
  const auto all_applied = [&](auto&& range, std::size_t count, const BulkSettings& how = {}) {
    const BulkResult bulk = door.transition_all(std::forward<decltype(range)>(range), how);
    return bulk.items.size() == count && bulk.all_applied();
  };
  CHECK(all_applied(std::vector<TransitionRequest>{}, 0));
  std::list<TransitionRequest> list{f.move(0, "A", "B"), f.move(1, "A", "B")};
  CHECK(all_applied(list, 2));
  const TransitionRequest array[]{f.move(0, "B", "C"), f.move(1, "B", "C")};
  CHECK(all_applied(array, 2));
  const auto made = std::views::iota(std::size_t{2}, std::size_t{5}) | std::views::transform([](std::size_t i) { return BulkFixture::move(i, "A", "B"); });
  CHECK(all_applied(made, 3, BulkSettings().window(2)));
  CHECK(all_applied(std::vector{f.move(5, "A", "B")} | std::views::all, 1));
}

TEST_CASE("once a stop is requested nothing more begins, and each item says so", "[transition][bulk]") {
  BulkFixture f;
  auto door = f.make_door();
  std::stop_source source;
  std::vector<TransitionRequest> requests;
  for (std::size_t i = 0; i < 6; ++i) requests.push_back(f.move(i, "A", "B"));
  std::vector<std::size_t> reported;
  const BulkResult bulk = door.transition_all(requests, BulkSettings().stop(source.get_token()).progress([&](const BulkProgress& progress) {
    reported.push_back(progress.index);
    CHECK(progress.ended == reported.size());
    CHECK(progress.total == 6);
    if (progress.index == 2) source.request_stop();
  }));
  CHECK(reported == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  for (std::size_t i = 0; i < 6; ++i) {
    if (i < 3) {
      CHECK(bulk.items[i].result);
      continue;
    }
    REQUIRE_FALSE(bulk.items[i].result);
    const Error& error = bulk.items[i].result.error();
    CHECK(error.code() == ErrorCode::cancelled);
    CHECK(error.outcome() == Outcome::not_applied);
    CHECK(error.message() == "did not begin: the bulk operation was stopped before its turn");
    CHECK(error.interaction() == f.id(i));
    CHECK(f.written(i).empty());
  }
  check_books(door, bulk);
  CHECK(door.transition_all(requests, BulkSettings().stop(source.get_token())).count(Outcome::not_applied) == 6);
}

TEST_CASE("a window of nothing lets nothing begin, and says so", "[transition][bulk]") {
  BulkFixture f;
  auto door = f.make_door();
  std::size_t reported = 0;
  const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B")}, BulkSettings().window(0).progress([&](const auto&) { ++reported; }));
  REQUIRE(bulk.items.size() == 1);
  CHECK(code_of(bulk.items[0]) == ErrorCode::invalid_argument);
  CHECK(reported == 1);
  CHECK(f.cloud.exchanges() == 0);
}

TEST_CASE("a door that cannot work says so for each item", "[transition][bulk]") {
  BulkFixture f;
  f.settings.base_url.clear();
  auto door = f.make_door();
  for (const BulkSettings& how : {BulkSettings(), BulkSettings().coalesce()}) {
    const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B"), f.move(0, "B", "C")}, how);
    REQUIRE(bulk.items.size() == 2);
    for (const BulkItem& item : bulk.items) CHECK(code_of(item) == ErrorCode::invalid_settings);
  }
}

TEST_CASE("callbacks that throw are counted, and change nothing", "[transition][bulk][I25]") {
  BulkFixture f;
  auto door = f.make_door();
  const auto hook = [](std::size_t count, const BulkSettings::Work&) {
    CHECK(count == 1);
    throw std::runtime_error("no threads today");
  };
  const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B"), f.move(1, "A", "B")},
                                              BulkSettings().workers(hook).progress([](const BulkProgress&) { throw 1; }));
  CHECK(bulk.all_applied());
  CHECK(door.metrics()[TransitionCount::callback_failures] == 3);
}

TEST_CASE("work that is called on the spot, twice, late or never leaves nothing undone and does nothing twice", "[transition][bulk]") {
  BulkFixture f;
  auto door = f.make_door();
  BulkSettings::Work kept;
  std::size_t asked = 0;
  const auto how = [&](bool at_once) {
    return BulkSettings().window(3).workers([&, at_once](std::size_t count, const BulkSettings::Work& work) {
      asked = count;
      kept = work;
      if (at_once) work(), work();
    });
  };
  const auto all = [&](const char* from, const char* to) {
    std::vector<TransitionRequest> requests;
    for (std::size_t i = 0; i < 8; ++i) requests.push_back(f.move(i, from, to));
    return requests;
  };
  CHECK(door.transition_all(all("A", "B"), how(true)).all_applied());
  CHECK(asked == 2);
  CHECK(door.transition_all(all("B", "C"), how(false)).all_applied());
  const std::size_t before = f.cloud.exchanges();
  kept();
  CHECK(f.cloud.exchanges() == before);
  // Where one at a time is all that can be, no thread is asked for.
  asked = 0;
  CHECK(door.transition_all(std::vector{f.move(0, "C", "D"), f.move(0, "D", "A")}, how(false)).all_applied());
  CHECK(asked == 0);
}

TEST_CASE("adjacent moves of one interaction become one write, with all their variables", "[transition][bulk][coalesce]") {
  BulkFixture f;
  f.settings.transition.webhook.url = "https://api.example.com/webhook";
  auto door = f.make_door();
  const std::vector<TransitionRequest> requests{
      f.move(0, "A", "B").text("customer_tier", "standard").text("call_duration_seconds", "1"),
      f.move(1, "A", "B"),
      f.move(0, "B", "C").json("routing_metadata", R"({"a":"x,\"y\":}","b":[1,{"c":2}]})").text("call_duration_seconds", "22"),
      f.move(0, "C", "D").text("customer_tier", "enterprise")};
  const BulkResult bulk = door.transition_all(requests, BulkSettings().coalesce());
  REQUIRE(bulk.all_applied());
  CHECK(f.written(0) == Nodes{"D"});
  CHECK(f.attribute(0, "customer_tier") == R"("enterprise")");
  CHECK(f.attribute(0, "call_duration_seconds") == "22");
  CHECK(f.attribute(0, "routing_metadata") == R"({"a":"x,\"y\":}","b":[1,{"c":2}]})");
  const TransitionResult& last = *bulk.items[3].result;
  for (const std::size_t i : {0U, 2U, 3U}) {
    const TransitionResult& moved = *bulk.items[i].result;
    CHECK(bulk.items[i].carried_by == 3);
    CHECK(moved.coalesced == 3);
    CHECK(moved.transition_id == last.transition_id);
    CHECK(moved.etag == last.etag);
    CHECK(moved.attempts == 1);
    CHECK(moved.path.front() == requests[i].from());
    CHECK(moved.path.back() == requests[i].to());
    CHECK(moved.path.size() == 2);
    CHECK(moved.webhook == WebhookStatus::delivered);
  }
  CHECK(bulk.items[1].result->coalesced == 1);
  CHECK(bulk.items[1].carried_by == 1);
  CHECK(bulk.items[1].result->transition_id != last.transition_id);
  check_books(door, bulk);
  CHECK(door.metrics()[TransitionCount::patch_attempts] == 2);
  // The group's write, then a record of each move.
  std::vector<std::string> records;
  for (const AuditRecord& record : door.audit_log()) {
    if (record.operation_id != last.transition_id) continue;
    CHECK(record.coalesced == 3);
    records.push_back(std::string(to_string(record.kind)) + " " + record.from + record.to);
  }
  CHECK(records == Nodes{"attempt AD", "operation AB", "operation BC", "operation CD"});
  const auto webhooks = f.cloud.inspect([](const CloudModel& model) { return model.webhooks(); });
  REQUIRE(webhooks.size() == 2);
  CHECK(webhooks[0].find(R"("previousState":"A","newState":"D")") != std::string::npos);
  CHECK(webhooks[0].find(R"("call_duration_seconds":22)") != std::string::npos);
}

TEST_CASE("moves that do not follow each other are written one by one", "[transition][bulk][coalesce]") {
  BulkFixture f;
  f.cloud.change([](CloudModel& model) {
    model.set_flow("other", R"({"id":"other","version":"1","nodes":[{"id":"B","transitions":[{"targetId":"C"}]},{"id":"C"}]})");
  });
  auto door = f.make_door();
  const auto writes_of = [&](std::vector<TransitionRequest> requests, const BulkSettings& how = BulkSettings().coalesce()) {
    const std::size_t before = f.writes();
    const BulkResult bulk = door.transition_all(requests, how);
    CHECK(bulk.all_applied());
    return f.writes() - before;
  };
  CHECK(writes_of({f.move(0, "A", "B"), f.move(0, "B", "C")}, {}) == 2);  // not asked for
  CHECK(writes_of({f.move(1, "A", "B"), f.move(1, "B", "C")}) == 1);
  CHECK(writes_of({f.move(2, "A", "B"), TransitionRequest("i-2", "other", "B", "C")}) == 2);
  CHECK(writes_of({f.move(3, "A", "B"), f.move(3, "B", "C").flow_version("1")}) == 2);
  CHECK(writes_of({f.move(4, "A", "B").flow_version("1"), f.move(4, "B", "C").flow_version("1")}) == 1);
  CHECK(writes_of({f.move(5, "A", "B"), f.move(5, "B", "C"), f.move(5, "C", "D")}, BulkSettings().coalesce(2)) == 2);
  CHECK(writes_of({f.move(6, "A", "B").deadline(seconds{1}), f.move(6, "B", "C").deadline(seconds{30})}) == 2);
  CHECK(writes_of({f.move(7, "A", "B").deadline(seconds{30}), f.move(7, "B", "C").deadline(seconds{30})}) == 1);
}

TEST_CASE("a flow that cannot be had is asked for once for all moves of a group", "[transition][bulk][coalesce]") {
  const auto without_flow = [](BulkFixture& f) {
    f.cloud.plan([](FaultPlan& plan) { plan.on("GET").always().answer(503); });
  };
  BulkFixture single;
  without_flow(single);
  auto alone = single.make_door().transition(single.move(0, "A", "B"));
  REQUIRE_FALSE(alone);
  BulkFixture f;
  without_flow(f);
  auto door = f.make_door();
  const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B"), f.move(0, "B", "C"), f.move(0, "C", "D")}, BulkSettings().coalesce());
  for (const BulkItem& item : bulk.items) {
    CHECK(code_of(item) == alone.error().code());
    REQUIRE_FALSE(item.result);
    CHECK(item.result.error().outcome() == Outcome::not_applied);
    CHECK(item.result.error().interaction() == "i-0");
  }
  CHECK(single.cloud.exchanges() > 2);
  CHECK(f.cloud.exchanges() == single.cloud.exchanges());
  check_books(door, bulk);
}

TEST_CASE("each move is checked by the rule, not the way from end to end", "[transition][bulk][coalesce][I2][A25]") {
  BulkFixture f;
  f.settings.transition.reachability = Reachability::direct_edge;
  auto door = f.make_door();
  const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B"), f.move(0, "B", "C")}, BulkSettings().coalesce());
  CHECK(bulk.all_applied());
  CHECK(f.written(0) == Nodes{"C"});
  const BulkResult wide = door.transition_all(std::vector{f.move(1, "A", "B"), f.move(1, "B", "D")}, BulkSettings().coalesce());
  CHECK(wide.items[0].result);
  CHECK(code_of(wide.items[1]) == ErrorCode::not_reachable);
  CHECK(f.written(1) == Nodes{"B"});
}

TEST_CASE("the moves before one that is not allowed are written, and what comes after it is judged by what is there",
          "[transition][bulk][coalesce][I2]") {
  BulkFixture f;
  auto door = f.make_door();
  const std::vector<TransitionRequest> requests{f.move(0, "A", "B"), f.move(0, "B", "C"), f.move(0, "C", "Island"), f.move(0, "Island", "A"),
                                                f.move(0, "C", "D")};
  const BulkResult bulk = door.transition_all(requests, BulkSettings().coalesce());
  CHECK(bulk.items[0].result);
  CHECK(bulk.items[1].result);
  CHECK(bulk.items[0].carried_by == 1);
  CHECK(bulk.items[0].result->coalesced == 2);
  CHECK(code_of(bulk.items[2]) == ErrorCode::not_reachable);
  CHECK(code_of(bulk.items[3]) == ErrorCode::not_reachable);
  CHECK(bulk.items[4].result);
  CHECK(f.written(0) == Nodes{"C", "D"});
  check_books(door, bulk);
}

TEST_CASE("a move with variables that the schema refuses fails alone", "[transition][bulk][coalesce]") {
  BulkFixture f;
  auto door = f.make_door();
  const std::vector<TransitionRequest> requests{f.move(0, "A", "B"), f.move(0, "B", "C"), f.move(0, "C", "D").text("requires_supervisor", "perhaps"),
                                                f.move(0, "D", "A")};
  const BulkResult bulk = door.transition_all(requests, BulkSettings().coalesce());
  CHECK(f.written(0) == Nodes{"C"});
  CHECK(bulk.items[1].carried_by == 1);
  CHECK(code_of(bulk.items[2]) == ErrorCode::validation_failed);
  CHECK(code_of(bulk.items[3]) == ErrorCode::stale_state);
  check_books(door, bulk);
  const BulkResult first = door.transition_all(
      std::vector{f.move(1, "A", "B").text("nobody", "knows it"), f.move(1, "A", "B"), f.move(1, "B", "C")}, BulkSettings().coalesce());
  CHECK(code_of(first.items[0]) == ErrorCode::validation_failed);
  CHECK(first.items[1].carried_by == 2);
}

TEST_CASE("moves whose variables are too much for one write are parted", "[transition][bulk][coalesce][A24]") {
  BulkFixture f;
  f.settings.transition.max_attributes_bytes = 1'000;
  auto door = f.make_door();
  const auto filled = [&](const char* from, const char* to, char what, std::size_t bytes) {
    return f.move(0, from, to).json("routing_metadata", R"({")" + std::string(1, what) + R"(":")" + std::string(bytes, 'x') + "\"}");
  };
  // One in the place of the other: together they fit.
  CHECK(door.transition_all(std::vector{filled("A", "B", 'a', 600), filled("B", "C", 'b', 600)}, BulkSettings().coalesce()).all_applied());
  CHECK(f.written(0) == Nodes{"C"});
  CHECK(f.attribute(0, "routing_metadata").substr(0, 5) == R"({"b":)");
  // The last of these does not fit beside the others, and is written by itself.
  CHECK(door.transition_all(std::vector{f.move(0, "C", "D").text("customer_tier", "enterprise"), f.move(0, "D", "A").text("call_duration_seconds", "1"),
                                        filled("A", "B", 'c', 810)},
                            BulkSettings().coalesce())
            .all_applied());
  CHECK(f.written(0) == Nodes{"C", "A", "B"});
}

TEST_CASE("moves of one write fail alike", "[transition][bulk][coalesce][I4]") {
  struct How {
    const char* what;
    void (*plan)(FaultPlan&);
    ErrorCode code;
    Outcome outcome;
  };
  const How all[] = {
      {"refused", [](FaultPlan& plan) { plan.on("PATCH").answer(422); }, ErrorCode::unprocessable, Outcome::not_applied},
      {"not found", [](FaultPlan& plan) { plan.on("GET", "/api/v2/interactions/").answer(404); }, ErrorCode::not_found, Outcome::not_applied},
      {"lost", [](FaultPlan& plan) { plan.on("PATCH").always().reset(); }, ErrorCode::outcome_unknown, Outcome::unknown},
      {"overtaken", [](FaultPlan& plan) { plan.on("PATCH").foreign_write("D"); }, ErrorCode::stale_state, Outcome::not_applied},
  };
  for (const How& how : all) {
    INFO(how.what);
    BulkFixture f;
    auto door = f.make_door();
    REQUIRE(door.flow("flow"));
    f.cloud.plan(how.plan);
    const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B"), f.move(0, "B", "C")}, BulkSettings().coalesce());
    for (const BulkItem& item : bulk.items) {
      REQUIRE_FALSE(item.result);
      CHECK(item.result.error().code() == how.code);
      CHECK(item.result.error().outcome() == how.outcome);
      CHECK(item.result.error().interaction() == "i-0");
      CHECK(item.carried_by == 1);
    }
    CHECK(f.written(0).empty());
    check_books(door, bulk);
  }
}

TEST_CASE("one write for several moves is resolved, and decided anew after a conflict, as any other", "[transition][bulk][coalesce][A2][A6]") {
  BulkFixture f;
  bool open = true;
  f.settings.transition.reachability = Reachability::conditional;
  f.settings.transition.condition = [&](const ConditionalEdge&) { return open; };
  auto door = f.make_door();
  REQUIRE(door.flow("flow"));
  SECTION("the answer is lost, and the state proves it") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").after_applying().reset(); });
    const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B"), f.move(0, "B", "C")}, BulkSettings().coalesce());
    REQUIRE(bulk.all_applied());
    for (const BulkItem& item : bulk.items) CHECK(item.result->resolved_by == ResolvedBy::state);
  }
  SECTION("another writer leaves it where it is") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").foreign_write("A"); });
    const BulkResult bulk = door.transition_all(std::vector{f.move(0, "A", "B"), f.move(0, "B", "C")}, BulkSettings().coalesce());
    REQUIRE(bulk.all_applied());
    for (const BulkItem& item : bulk.items) CHECK(item.result->attempts == 2);
    CHECK(bulk.items[1].result->path.to_string() == "B -> C");
    CHECK(f.written(0) == Nodes{"C"});
  }
  SECTION("and a move has become illegal meanwhile") {
    f.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").foreign_write("A"); });
    int asked = 0;
    f.settings.transition.condition = [&](const ConditionalEdge&) { return ++asked == 1; };
    auto fickle = f.make_door();
    const BulkResult bulk = fickle.transition_all(std::vector{f.move(0, "A", "C"), f.move(0, "C", "E")}, BulkSettings().coalesce());
    for (const BulkItem& item : bulk.items) CHECK(code_of(item) == ErrorCode::not_reachable);
    CHECK(f.written(0).empty());
    check_books(fickle, bulk);
  }
}

TEST_CASE("coalesced moves start from a remembered version as well", "[transition][bulk][coalesce][warm]") {
  BulkFixture f;
  f.settings.transition.remember = std::make_shared<InteractionMemory>();
  auto door = f.make_door();
  REQUIRE(door.transition(f.move(0, "A", "B")));
  const std::size_t before = f.cloud.exchanges();
  const BulkResult bulk = door.transition_all(std::vector{f.move(0, "B", "C"), f.move(0, "C", "D")}, BulkSettings().coalesce());
  REQUIRE(bulk.all_applied());
  CHECK(bulk.items[0].result->warm);
  CHECK(f.cloud.exchanges() == before + 1);
  CHECK(door.transition(f.move(0, "D", "A"))->warm);
}
