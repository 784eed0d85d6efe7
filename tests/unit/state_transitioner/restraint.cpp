// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <patchbay/state_transitioner.hpp>

#include "door.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// Counts the events of one name.
struct CountingLogger {
  [[nodiscard]] static bool enabled(Level) noexcept { return true; }
  void log(Level, const Event& event) { names->emplace_back(event.name); }
  [[nodiscard]] auto count(std::string_view name) const { return std::count(names->begin(), names->end(), name); }
  std::shared_ptr<std::vector<std::string>> names = std::make_shared<std::vector<std::string>>();
};

}  // namespace

TEST_CASE("a wait that one door hears of binds the others that share its settings", "[restraint][I9][A8]") {
  Fixture f;
  auto first = f.door(), second = f.door();
  f.cloud.answer(429, {{"Retry-After", "5"}});
  const SteadyTime heard = f.clock.steady_now();
  const auto limited = first.transition(f.request().deadline(seconds{3}));
  CHECK(limited.error().code() == ErrorCode::rate_limited);
  CHECK(limited.error().retry_after() == seconds{5});

  const auto at_once = second.transition(f.request().deadline(seconds{3}));
  REQUIRE_FALSE(at_once);
  CHECK(at_once.error().code() == ErrorCode::rate_limited);
  CHECK(at_once.error().outcome() == Outcome::not_applied);
  CHECK(at_once.error().retry_after() == seconds{5});
  CHECK(f.clock.steady_now() == heard);
  CHECK(second.metrics()[ExchangeCount::pacer_refusals] == 1);

  f.interaction("1");
  f.cloud.answer(200);
  const auto patient = second.transition(f.request());
  REQUIRE(patient);
  CHECK(f.requests("interaction.get")[1].at == heard + seconds{5});
  CHECK(patient->waited >= seconds{5});
  CHECK(second.metrics()[ExchangeCount::paced_waits] >= 1);
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("of fifty operations behind one that was told to wait none is sent before", "[restraint][I9]") {
  Fixture f;
  auto door = f.door();
  f.cloud.answer(429, {{"Retry-After", "5"}});
  const SteadyTime heard = f.clock.steady_now();
  CHECK_FALSE(door.transition(f.request().deadline(seconds{1})));
  for (int i = 0; i < 50; ++i) {
    f.interaction(std::to_string(i));
    f.cloud.answer(200);
    CHECK(door.transition(f.request()));
  }
  const std::vector<RecordedRequest> reads = f.requests("interaction.get");
  REQUIRE(reads.size() == 51);
  for (std::size_t i = 1; i < reads.size(); ++i) CHECK(reads[i].at >= heard + seconds{5});
}

TEST_CASE("without a pacer each operation minds its own answers alone", "[restraint]") {
  Fixture f;
  f.settings.pacer = nullptr;
  f.settings.guards = nullptr;
  auto door = f.door();
  f.cloud.answer(429, {{"Retry-After", "5"}});
  CHECK_FALSE(door.transition(f.request().deadline(seconds{1})));
  f.interaction("1");
  f.cloud.answer(200);
  CHECK(door.transition(f.request().deadline(seconds{1})));
}

TEST_CASE("fields that tell of the rate limit slow the door down before it is hit", "[restraint][rate_limit]") {
  Fixture f;
  auto door = f.door();
  const auto fields = [](int count) {
    return HeaderList{{"ETag", "\"1\""}, {"inin-ratelimit-allowed", "300"}, {"inin-ratelimit-count", std::to_string(count)}, {"inin-ratelimit-reset", "19"}};
  };
  f.cloud.answer(200, fields(295), Fixture::body("MainMenu"));
  f.cloud.answer(200, fields(296));
  SteadyTime begun = f.clock.steady_now();
  REQUIRE(door.transition(f.request()));
  CHECK(f.clock.steady_now() - begun == Duration::zero());  // the first is free, and its answer was the first to tell
  f.cloud.answer(200, fields(300), Fixture::body("MainMenu"));
  begun = f.clock.steady_now();
  f.cloud.answer(200, {{"ETag", "\"2\""}});
  REQUIRE(door.transition(f.request().deadline(seconds{120})));
  CHECK(f.requests("interaction.get")[1].at - begun >= seconds{4});  // four were left for twenty seconds
  CHECK(f.clock.steady_now() - f.requests("interaction.get")[1].at >= seconds{20});  // and then none
}

TEST_CASE("an open circuit refuses at once, is logged once, and lets the host be tried again", "[restraint][breaker]") {
  Fixture f;
  f.settings.guards = std::make_shared<HostGuards>(BreakerSettings{.min_exchanges = 4});
  CountingLogger logger;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .retry = NoRetry{}, .logger = logger}, f.settings};
  REQUIRE(door.flow(flow_id));  // one that went well
  for (int i = 0; i < 3; ++i) {
    f.cloud.fail(TransportFault::connect, Delivery::not_sent);
    CHECK(door.transition(f.request()).error().code() == ErrorCode::network);
  }
  const std::size_t asked = f.cloud.requests().size();
  const auto refused = door.transition(f.request());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::circuit_open);
  CHECK(refused.error().retry_after() == seconds{5});
  CHECK(refused.error().describe().find("ask again after the time") != std::string::npos);
  for (int i = 0; i < 20; ++i) CHECK_FALSE(door.transition(f.request()));
  CHECK(f.cloud.requests().size() == asked);
  CHECK(logger.count("breaker.opened") == 1);
  CHECK(door.metrics()[ExchangeCount::circuits_opened] == 1);
  CHECK(door.metrics()[ExchangeCount::circuit_refusals] == 21);
  CHECK(door.audit_log().back().error_code == "circuit_open");

  f.clock.advance(seconds{5});
  f.interaction("1");
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
  CHECK(logger.count("breaker.closed") == 1);
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("a write whose answer was lost is looked for even while the circuit is open", "[restraint][breaker][I4][A6]") {
  Fixture f;
  f.settings.guards = std::make_shared<HostGuards>(BreakerSettings{.min_exchanges = 3, .failure_share = 0.3});
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .retry = NoRetry{}}, f.settings};
  REQUIRE(door.flow(flow_id));
  f.interaction("1");
  f.cloud.fail(TransportFault::reset, Delivery::maybe_sent).then([&](const HttpRequest& patch) {  // opens it: one of three
    RecordedRequest seen;
    seen.body = patch.body;
    f.interaction("2", "BillingInquiry", transition_id_of(seen));
  });
  const auto moved = door.transition(f.request());
  CHECK(door.metrics()[ExchangeCount::circuits_opened] == 1);
  REQUIRE(moved);
  CHECK(moved->resolved_by == ResolvedBy::state);
  CHECK(door.transition(f.request()).error().code() == ErrorCode::circuit_open);
}

TEST_CASE("a spent retry budget ends an operation with its last error, and says so", "[restraint][retry_budget][I8]") {
  Fixture f;
  f.settings.guards = std::make_shared<HostGuards>(BreakerSettings{.enabled = false}, RetryBudgetSettings{.quota = 10});
  CountingLogger logger;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .logger = logger}, f.settings};
  REQUIRE(door.flow(flow_id));
  for (int i = 0; i < 3 + 5; ++i) f.cloud.answer(503, {}, "down");
  const auto first = door.transition(f.request());
  CHECK(first.error().code() == ErrorCode::unavailable);
  CHECK(first.error().http_status() == 503);
  CHECK(first.error().server_message() == "down");
  CHECK(first.error().message() ==
        "interaction.get answered 503, after 3 attempts; not tried again, since the retry budget of https://api.example.com is spent");
  CHECK(f.requests("interaction.get").size() == 3);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(door.transition(f.request()));
  CHECK(f.requests("interaction.get").size() == 8);
  CHECK(logger.count("retry_budget.spent") == 1);
  CHECK(door.metrics()[ExchangeCount::retries_refused] == 6);

  // What succeeds fills it again.
  for (int i = 0; i < 3; ++i) {
    f.interaction(std::to_string(i));
    f.cloud.answer(200);
    REQUIRE(door.transition(f.request()));
  }
  f.cloud.answer(503);
  f.interaction("9");
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("what a retry has cost comes back by its own success alone", "[restraint][retry_budget][I8]") {
  Fixture f;
  f.settings.guards = std::make_shared<HostGuards>();
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .retry = AttemptsLimited<>{.max_attempts = 2}}, f.settings};
  const RetryBudget& budget = f.settings.guards->of(*Endpoint::parse("https://api.example.com", "u")).budget;
  f.interaction("1");
  f.cloud.answer(503);
  SECTION("and not by that of the reading that resolves the write") {
    f.cloud.answer(503);
    f.interaction("1");
    CHECK(door.transition(f.request()).error().outcome() == Outcome::unknown);
    CHECK(budget.left() == 500 - 5 + 1);
  }
  SECTION("as here") {
    f.cloud.answer(200);
    CHECK(door.transition(f.request()));
    CHECK(budget.left() == 500);
  }
  SECTION("nor when it finds the transport's queue full: it was not made") {
    f.cloud.fail(TransportFault::queue_full, Delivery::not_sent);
    f.interaction("1");
    const auto refused = door.transition(f.request());
    CHECK(refused.error().attempts() == 1);
    CHECK(budget.left() == 500);
  }
  CHECK(f.cloud.left() == 0);
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("nor does a token that the same host grants meanwhile bring back what a retry has cost", "[restraint][retry_budget][I8]") {
  Fixture f;
  f.settings.guards = std::make_shared<HostGuards>();
  f.settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = f.settings.base_url, .client_id = "client", .client_secret = Secret("s3cr3t-canary")});
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .retry = AttemptsLimited<>{.max_attempts = 2}}, f.settings};
  const RetryBudget& budget = f.settings.guards->of(*Endpoint::parse("https://api.example.com", "u")).budget;
  f.interaction("1");
  f.cloud.answer(503);
  f.cloud.answer(401);  // and then a token
  f.cloud.answer(503);
  f.interaction("1");
  CHECK(door.transition(f.request()).error().outcome() == Outcome::unknown);
  CHECK(f.requests("token.post").size() == 2);
  CHECK(f.requests("interaction.patch").size() == 3);
  CHECK(budget.left() == 500 - 5 + 1 + 1);  // the token and the reading each were a first attempt
}

TEST_CASE("a retry that the closed scope keeps back costs nothing", "[restraint][retry_budget][I8][I9]") {
  Fixture f;
  f.settings.guards = std::make_shared<HostGuards>();
  auto door = f.door();
  REQUIRE(door.flow(flow_id));
  const RetryBudget& budget = f.settings.guards->of(*Endpoint::parse("https://api.example.com", "u")).budget;
  for (int i = 0; i < 20; ++i) {
    f.cloud.answer(429).then([&](const HttpRequest&) {  // another door hears meanwhile how long to wait
      const SteadyTime now = f.clock.steady_now();
      f.settings.pacer->answered(now, now, 429, seconds{50}, std::nullopt);
    });
    const auto refused = door.transition(f.request().deadline(seconds{30}));
    CHECK(refused.error().code() == ErrorCode::rate_limited);
    CHECK(budget.left() == 500);
    f.clock.advance(seconds{60});
  }
  CHECK(f.requests("interaction.get").size() == 20);
}

TEST_CASE("a write that finds the transport's queue full was not sent, and says nothing about the host", "[restraint][breaker][I20]") {
  Fixture f;
  f.settings.guards = std::make_shared<HostGuards>(BreakerSettings{.min_exchanges = 4, .failure_share = 0.3});
  auto door = f.door();
  for (int i = 0; i < 20; ++i) {
    f.interaction("1");
    f.cloud.fail(TransportFault::queue_full, Delivery::not_sent);
    const auto refused = door.transition(f.request());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::queue_full);
    CHECK(refused.error().outcome() == Outcome::not_applied);
    CHECK(refused.error().attempts() == 0);
    CHECK(door.audit_log().back().attempt == 0);
  }
  f.interaction("1");
  f.cloud.answer(200);
  const auto moved = door.transition(f.request());
  REQUIRE(moved);
  CHECK(moved->attempts == 1);
  CHECK(door.metrics()[ExchangeCount::circuits_opened] == 0);
}

TEST_CASE("a failing login host does not use up what the API's retries are paid from", "[restraint][retry_budget]") {
  Fixture f;
  const auto guards = f.settings.guards = std::make_shared<HostGuards>();
  f.cloud.when(Method::post, "/oauth/token", 503);
  auto door = f.door();
  CHECK_FALSE(door.transition(f.request()));
  CHECK(guards->of(*Endpoint::parse("https://login.example.com", "u")).budget.left() < 500);
  CHECK(guards->of(*Endpoint::parse("https://api.example.com", "u")).budget.left() == 500);
}

TEST_CASE("operations under way are bounded, and so are those that wait for one interaction", "[restraint][I20]") {
  Fixture f;
  f.settings.max_operations = 1;
  auto door = f.door();
  std::optional<Error> inner;
  f.cloud.answer(200, {{"ETag", "\"1\""}}, Fixture::body("MainMenu")).then([&](const HttpRequest&) {
    const auto second = door.transition(TransitionRequest{"another", flow_id, "MainMenu", "BillingInquiry"});
    if (!second) inner = second.error();
  });
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
  REQUIRE(inner);
  CHECK(inner->code() == ErrorCode::queue_full);
  CHECK(inner->outcome() == Outcome::not_applied);
  CHECK(inner->message().find("max_operations") != std::string::npos);
  f.interaction("2");
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
}

TEST_CASE("settings whose bounds or guards cannot work are refused by name", "[restraint][settings]") {
  Fixture f;
  const auto refusal = [&](auto change) {
    Settings settings = f.settings;
    change(settings);
    const auto checked = settings.check();
    return checked ? std::string{} : checked.error().message();
  };
  CHECK(refusal([](Settings& s) { s.max_operations = 0; }).starts_with("max_operations"));
  CHECK(refusal([](Settings& s) { s.hold.max_notices = 0; }).starts_with("hold.max_notices"));
  CHECK(refusal([](Settings& s) { s.guards = std::make_shared<HostGuards>(BreakerSettings{.probes = 0}); }).starts_with("guards"));
  CHECK(refusal([](Settings& s) { s.guards = nullptr, s.pacer = nullptr; }).empty());
}
