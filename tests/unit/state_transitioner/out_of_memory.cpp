// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Memory runs out at each allocation of an operation in turn. Whatever breaks: the outcome is true, the operation is
// counted once, and nothing escapes from the door once it was submitted.
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/driver/transition_core.hpp>
#include <patchbay/protocol/transition_group.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include "door.hpp"

#include "support/catch.hpp"
#include "support/failing_memory.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A cloud with one interaction, whose own memory never runs out, and which may lose the answers to writes.
class LossyCloud {
 public:
  LossyCloud(ScriptedTransport tokens_and_flows, bool loses) : rest_(std::move(tokens_and_flows)), loses_(loses) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    const Plenty plenty;
    if (request.name == "token.post" || request.name == "flow.get") return rest_.send(request, response, deadline);
    response.clear();
    response.status = 200;
    if (request.name == "interaction.patch") {
      *applied_ = true;
      id_ = request.body.substr(request.body.find("\"transition_id\":\"") + 17, 36);
      if (loses_) return tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent));
      response.headers.add("inin-correlation-id", "an id that is longer than the room which a short string has");
    } else if (request.name == "interaction.get") {
      response.headers.add("ETag", *applied_ ? "\"2\"" : "\"1\"");
      response.body.assign(Fixture::body(*applied_ ? "BillingInquiry" : "MainMenu", id_));
    }
    return {};
  }
  [[nodiscard]] std::shared_ptr<bool> applied() const { return applied_; }

 private:
  class Plenty {
   public:
    Plenty() noexcept : before_(std::exchange(spared_allocations, -1)) {}
    Plenty(const Plenty&) = delete;
    Plenty& operator=(const Plenty&) = delete;
    ~Plenty() { spared_allocations = before_; }

   private:
    long before_;
  };
  ScriptedTransport rest_;
  bool loses_;
  std::shared_ptr<bool> applied_ = std::make_shared<bool>(false);
  std::string id_;
};

/// Moves an interaction while the allocation behind `spared` others fails. True when none was left to fail.
bool move_with(long spared, bool loses, bool cold) {
  Fixture f;
  f.settings.transition.webhook.url = "https://crm.example.com/hook";
  LossyCloud cloud(f.cloud, loses);
  const auto applied = cloud.applied();
  StateTransitioner door{Policies{.transport = cloud, .clock = f.clock}, f.settings};
  if (!cold) REQUIRE(door.flow(flow_id));
  const auto request = f.request().text("customer_tier", "enterprise").text("routing_metadata", R"({"queue":"billing_team"})");
  memory_ran_out = false;
  spared_allocations = spared;
  std::optional<Result<TransitionResult>> moved;
  try {
    moved.emplace(door.transition(request));
    spared_allocations = -1;
  } catch (const std::bad_alloc&) {
    spared_allocations = -1;
  }
  const auto metrics = door.metrics();
  CHECK(metrics.pending() == 0);
  if (!moved) {  // there was no memory to begin with
    CHECK(metrics[TransitionCount::submitted] == 0);
    CHECK_FALSE(*applied);
    return false;
  }
  if (*moved) CHECK(*applied);
  if (!*moved && moved->error().outcome() == Outcome::not_applied) CHECK_FALSE(*applied);
  CHECK(metrics.settled() == 1);
  std::size_t ends = 0;
  for (const AuditRecord& record : door.audit_log()) ends += record.kind == AuditKind::operation ? 1 : 0;
  CHECK(ends + metrics[TransitionCount::audit_failures] >= 1);
  return !memory_ran_out;
}

}  // namespace

TEST_CASE("memory that runs out at any point leaves the outcome true and the operation counted once", "[faults][I4][I24]") {
  const bool loses = GENERATE(false, true);
  const bool cold = GENERATE(false, true);
  CAPTURE(loses, cold);
  long spared = 0;
  while (!move_with(spared, loses, cold)) {
    ++spared;
    REQUIRE(spared < 10'000);
  }
  CHECK(spared > 10);
}

namespace {

// The same for bulk operations, over coalesced moves that start warm.

/// The simulated cloud, whose own memory never runs out, and which may lose the answers to writes.
class PlentifulCloud {
 public:
  PlentifulCloud(testing::SimulatedCloud cloud, const bool& loses) : cloud_(std::move(cloud)), loses_(&loses) {}
  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    const long before = std::exchange(spared_allocations, -1);
    auto sent = cloud_.send(request, response, deadline);
    if (*loses_ && request.name == "interaction.patch") {
      response.clear();
      sent = tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent));
    }
    spared_allocations = before;
    return sent;
  }

 private:
  testing::SimulatedCloud cloud_;
  const bool* loses_;
};

/// Moves two interactions by three moves each while the allocation behind `spared` others fails. True when none was left
/// to fail.
bool move_all_with(long spared, bool loses) {
  ManualClock clock;
  testing::SimulatedCloud cloud(clock);
  cloud.change([](testing::CloudModel& model) {
    model.set_flow("flow", R"({"id":"flow","nodes":[{"id":"A","transitions":[{"targetId":"B"}]},{"id":"B","transitions":[{"targetId":"C"}]},)"
                           R"({"id":"C","transitions":[{"targetId":"A"}]}]})");
    for (const char* id : {"i-0", "i-1"}) {
      model.add(testing::CloudInteraction(id));
      (void)model.move(id, "A");
    }
  });
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
  settings.random = std::make_shared<RandomSource>(7);
  settings.transition.remember = std::make_shared<InteractionMemory>();
  settings.transition.webhook.url = "https://api.example.com/webhook";
  bool losing = false;
  StateTransitioner door{Policies{.transport = PlentifulCloud(cloud, losing), .clock = clock, .retry = NoRetry{}}, settings};
  REQUIRE(door.transition(TransitionRequest("i-0", "flow", "A", "B")));
  losing = loses;
  const auto text = R"({"a":"a value that is longer than a short string's room"})";
  std::vector<TransitionRequest> requests{{"i-0", "flow", "B", "C"}, {"i-1", "flow", "A", "B"}, {"i-0", "flow", "C", "A"},
                                          {"i-1", "flow", "B", "C"}, {"i-0", "flow", "A", "B"}, {"i-1", "flow", "C", "A"}};
  for (TransitionRequest& each : requests) each.json("routing_metadata", text);
  std::size_t reports = 0;
  const BulkSettings how = BulkSettings().coalesce().progress([&](const BulkProgress&) { ++reports; });

  memory_ran_out = false;
  spared_allocations = spared;
  std::optional<BulkResult> bulk;
  try {
    bulk.emplace(door.transition_all(requests, how));
    spared_allocations = -1;
  } catch (const std::bad_alloc&) {
    spared_allocations = -1;
  }
  const auto metrics = door.metrics();
  CHECK(metrics.pending() == 0);
  if (!bulk) {  // there was no memory to begin with
    CHECK(metrics[TransitionCount::submitted] == 1);
    CHECK(cloud.inspect([](const testing::CloudModel& model) { return model.operations().size(); }) == 3);
    return false;
  }
  REQUIRE(bulk->items.size() == requests.size());
  CHECK(reports == requests.size());
  int untrue = 0;
  for (const BulkItem& item : bulk->items) {
    if (item.result && cloud.inspect([&](const testing::CloudModel& model) { return model.times_applied(item.result->transition_id); }) != 1) ++untrue;
  }
  // The last thing that is known to have happened to an interaction is where it is, unless what became of a later one is not known.
  for (const char* id : {"i-0", "i-1"}) {
    std::string at = id == std::string("i-0") ? "B" : "A";
    bool known = true;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].interaction() != id) continue;
      if (bulk->items[i].result) at = requests[i].to(), known = true;
      if (!bulk->items[i].result && bulk->items[i].result.error().outcome() == Outcome::unknown) known = false;
    }
    const std::string node = cloud.inspect([&](const testing::CloudModel& model) { return *model.find(id)->attribute("flow_node"); });
    if (known && node != "\"" + at + "\"") ++untrue;
  }
  CHECK(untrue == 0);
  return !memory_ran_out;
}

}  // namespace

TEST_CASE("memory that runs out at any point of a bulk operation leaves every item with a true result", "[faults][bulk][coalesce][warm][I4][I24]") {
  const bool loses = GENERATE(false, true);
  CAPTURE(loses);
  long spared = 0;
  while (!move_all_with(spared, loses)) {
    ++spared;
    REQUIRE(spared < 10'000);
  }
  CHECK(spared > 20);
}

namespace {

/// An operation without a driver.
class BareOperation final : public Operation {
 public:
  RetryAnswer decide_retry(const RetryQuestion&) override { return RetryAnswer{}; }
  std::uint64_t random_bits() override { return 4; }
  bool log_enabled(Level) const override { return false; }
  void log_event(Level, const Event&) noexcept override {}
  void wake_up() noexcept override {}

 private:
  SteadyTime read_steady_clock() override { return SteadyTime{}; }
  WallTime read_wall_clock() override { return WallTime{}; }
};

}  // namespace

TEST_CASE("moves of a write behind which all memory is gone end, and say that nobody knows how", "[faults][bulk][coalesce][I4][I24]") {
  const std::string id = "an-interaction-whose-name-is-longer-than-a-short-string";
  const std::vector<TransitionRequest> requests{{id, "flow", "A", "B"}, {id, "flow", "B", "A"}, {id, "flow", "A", "B"}};
  for (const bool sent : {false, true}) {
    Settings settings;
    settings.base_url = "https://api.example.com";
    const detail::DialectOf dialect(cloud::Interactions{});
    detail::TransitionCore core(settings, dialect);
    BareOperation operation;
    core.begin(operation, id, seconds{1});
    TransitionGroup group;
    for (const TransitionRequest& each : requests) group.add(each, {});
    group.begin(operation, core.context);
    if (sent) operation.side_effects = 1;
    memory_ran_out = false;
    memory_stays_out = true;
    spared_allocations = 0;
    group.settle_rest(operation, core.context, WallTime{});
    memory_stays_out = false;
    spared_allocations = -1;
    CHECK(memory_ran_out);
    REQUIRE(group.results.size() == 3);
    for (const Result<TransitionResult>& each : group.results) {
      REQUIRE_FALSE(each);
      CHECK(each.error().code() == ErrorCode::internal);
      CHECK(each.error().outcome() == (sent ? Outcome::unknown : Outcome::not_applied));
      CHECK(each.error().message() == "a policy threw, or memory ran out");
    }
    CHECK(core.metrics.snapshot().pending() == 0);
    CHECK(core.metrics.snapshot().settled() == 3);
  }
}
