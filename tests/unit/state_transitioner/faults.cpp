// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What goes wrong in unusual places: policies that throw at the worst moment, tokens that are dead on arrival, limits
// without an end, operations that overtake one another.
#include <stdexcept>
#include <thread>

#include <patchbay/driver/blocking.hpp>
#include <patchbay/protocol/call.hpp>

#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A logger that cannot even say whether it listens.
struct LoggerWithoutAnswer {
  [[nodiscard]] bool enabled(Level) const { throw std::runtime_error("where is my configuration?"); }
  void log(Level, const Event&) {}
};

/// An operation whose policies have no safety net, and whose exchanges are answered by hand.
class BareOperation final : public Operation {
 public:
  RetryAnswer decide_retry(const RetryQuestion&) override { return RetryAnswer::stop(); }
  std::uint64_t random_bits() override { return 0; }
  bool log_enabled(Level) const override { return false; }
  void log_event(Level, const Event&) noexcept override {}
  void wake_up() noexcept override {}

 private:
  SteadyTime read_steady_clock() override { return SteadyTime(seconds{1000}); }
  WallTime read_wall_clock() override { return WallTime(); }
};

Protocol<Result<void>> sends_and_throws(Operation& operation) {
  SleepEffect sleep(operation.steady_now());
  co_await sleep;
  operation.side_effects = 1;
  throw std::runtime_error("at the worst moment");
  co_return Result<void>{};
}

}  // namespace

TEST_CASE("a logger that throws when it is asked changes no outcome", "[faults][I4][I25]") {
  Fixture f;
  f.interaction("1");
  SECTION("after an answer") { f.cloud.answer(200); }
  SECTION("after a lost answer") { f.cloud.fail(TransportFault::reset, Delivery::maybe_sent).answer(200); }
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .logger = LoggerWithoutAnswer{}}, f.settings};
  CHECK(door.transition(f.request()));
  CHECK(door.metrics()[TransitionCount::callback_failures] > 0);
}

TEST_CASE("what is thrown after something was sent leaves the outcome unknown", "[faults][I4]") {
  BareOperation operation;
  operation.begin("i", seconds{10});
  auto protocol = sends_and_throws(operation);
  protocol.start();
  REQUIRE_FALSE(protocol.done());
  operation.resume_at.resume();
  REQUIRE(protocol.done());
  const auto end = protocol.take();
  REQUIRE_FALSE(end);
  CHECK(end.error().code() == ErrorCode::internal);
  CHECK(end.error().outcome() == Outcome::unknown);
}

TEST_CASE("a write counts from the moment it is sent", "[faults][I4]") {
  BareOperation operation;
  operation.begin("i", seconds{10});
  TokenSource tokens(TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  const Gateway gateway(*Endpoint::parse("https://api.example.com", "base_url"), tokens);
  HttpRequest request(Method::patch, gateway.api, "/x");
  Attempt last;
  RetryCharge charge;
  {
    auto write = attempt(operation, gateway, ExchangeKind::write, request, operation.deadline, last, charge);
    write.start();
    CHECK(operation.side_effects == 1);
  }
  auto read = attempt(operation, gateway, ExchangeKind::read, request, operation.deadline, last, charge);
  read.start();
  CHECK(operation.side_effects == 1);
}

TEST_CASE("a status that is no final answer says nothing about a write", "[faults][I4]") {
  for (const int status : {0, 101, 103, 199}) {
    CHECK(classify(ExchangeKind::write, status).ambiguous);
    CHECK_FALSE(classify(ExchangeKind::read, status).ambiguous);
  }
  CHECK_FALSE(classify(ExchangeKind::write, 304).ambiguous);
  CHECK_FALSE(classify(ExchangeKind::write, 418).ambiguous);
}

TEST_CASE("a token that is dead on arrival is an error, not a reason to ask for ever", "[faults][token][A13][I8]") {
  Fixture f;
  ScriptedTransport fresh(f.clock);
  f.cloud = fresh;
  SECTION("a lifetime of nothing") { f.cloud.answer(200, {}, R"({"access_token":"t","expires_in":1e-12})"); }
  SECTION("an answer that took longer than the token lives") {
    f.cloud.answer(200, {}, R"({"access_token":"t","expires_in":2})").take(seconds{3});
  }
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::unavailable);
  CHECK(f.requests("token.post").size() == 1);
}

TEST_CASE("a 401 to a fresh token does not condemn it for everybody else", "[faults][token][A11]") {
  Fixture f;
  const std::uint64_t before = f.settings.tokens->generation();
  f.interaction("1");
  f.cloud.answer(401).answer(401);
  f.interaction("1");  // what became of it
  auto door = f.door();
  const auto moved = door.transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().http_status() == 401);
  CHECK(f.settings.tokens->generation() == before + 2);
  f.interaction("1");
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
  CHECK(f.settings.tokens->generation() == before + 2);
}

TEST_CASE("a login address with a query is refused, as base_url's is", "[faults][token]") {
  const TokenSource tokens(TokenSettings{.login_url = "https://login.example.com/?tenant=7", .client_id = "c", .client_secret = Secret("s")});
  REQUIRE_FALSE(tokens.login());
  CHECK(tokens.login().error().code() == ErrorCode::invalid_settings);
}

TEST_CASE("a server's wait beyond all time is not taken for none", "[faults][waits][A8][I9]") {
  for (const char* value : {"9223372036", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
    Fixture f;
    f.settings.retry_after_cap = (Duration::max)();
    f.settings.deadline = (Duration::max)();
    f.interaction("1");
    f.cloud.answer(429, {{"Retry-After", value}});
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::rate_limited);
    CHECK(f.requests("interaction.patch").size() == 1);
  }
}

TEST_CASE("only writes count as conflicts", "[faults][observe][I24]") {
  Fixture f;
  f.settings.transition.webhook.url = "https://crm.example.com/hook";
  f.interaction("1");
  f.cloud.answer(200).answer(409);
  auto door = f.door();
  REQUIRE(door.transition(f.request()));
  CHECK(door.metrics()[TransitionCount::conflicts] == 0);
}

TEST_CASE("a correlation id belongs to its own exchange", "[faults][observe][A34]") {
  Fixture f;
  f.cloud.answer(200, {{"ETag", "\"1\""}, {"inin-correlation-id", "of-the-reading"}}, Fixture::body("MainMenu"));
  f.cloud.answer(403);
  auto door = f.door();
  const auto moved = door.transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().server_correlation_id().empty());
  for (const AuditRecord& record : door.audit_log()) CHECK(record.server_correlation_id.empty());
}

TEST_CASE("the record of a write whose answer proves nothing does not claim success", "[faults][observe][A34][I4]") {
  for (const char* body : {R"({"customAttributes":{"transition_id":"somebody-else"}})", "<html>welcome</html>"}) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(200, {}, body);
    f.interaction("2", "BillingInquiry", "somebody-else");
    auto door = f.door();
    REQUIRE_FALSE(door.transition(f.request()));
    const auto log = door.audit_log();
    REQUIRE(log.size() == 2);
    CHECK(log[0].kind == AuditKind::attempt);
    CHECK_FALSE(log[0].success);
    CHECK(log[0].outcome == Outcome::unknown);
    CHECK(log[0].status_code == 200);
  }
}

TEST_CASE("a flow that a later fetch brought serves those who asked before it", "[faults][flows][A26]") {
  FlowCache flows(Duration::zero());
  JsonReader json;
  BareOperation operation;
  const auto definition = [&] {
    return std::make_shared<const FlowGraph>(std::move(*FlowGraph::parse(R"({"id":"f","nodes":[{"id":"a"}]})", json)));
  };
  const auto ask = [&](SingleFlight::Ticket& ticket) {
    Waiter waiter(operation);
    std::shared_ptr<const FlowGraph> flow;
    std::string etag;
    std::optional<Error> error;
    return flows.ask(SteadyTime(seconds{1000}), "f", {}, waiter, ticket, flow, etag, error);
  };
  SingleFlight::Ticket one = 0, two = 0;
  REQUIRE(ask(one) == Turn::lead);
  flows.publish(SteadyTime(seconds{1000}), "f", definition(), {});
  REQUIRE(ask(two) == Turn::lead);
  flows.publish(SteadyTime(seconds{1000}), "f", definition(), {});
  CHECK(ask(one) == Turn::use);
  CHECK(ask(two) == Turn::use);
}

TEST_CASE("operations on one interaction keep their order although the first must fetch its flow", "[faults][lanes][A32][I2][I6]") {
  Fixture f;
  const std::string other = "another-flow";
  auto door = f.door();
  REQUIRE(door.flow(flow_id));  // the second's flow is in the cache
  std::thread second;
  std::size_t overtaken = 0;
  f.cloud.answer(200, {}, R"({"id":"another-flow","nodes":[{"id":"MainMenu","transitions":[{"targetId":"BillingInquiry"}]},{"id":"BillingInquiry"}]})")
      .then([&](const HttpRequest&) {
        second = std::thread([&] { static_cast<void>(door.transition(f.request())); });
        for (int i = 0; i < 100 && overtaken == 0; ++i) {
          std::this_thread::sleep_for(milliseconds{1});
          overtaken = f.requests("interaction.get").size();
        }
      });
  for (const char* etag : {"1", "2"}) {
    f.interaction(etag);
    f.cloud.answer(200);
  }
  CHECK(door.transition(TransitionRequest{interaction_id, other, "MainMenu", "BillingInquiry"}));
  second.join();
  CHECK(overtaken == 0);
  CHECK(f.requests("interaction.patch").size() == 2);
}

TEST_CASE("a pooled operation gives the memory of a huge answer back", "[faults][I20]") {
  Fixture f;
  detail::PoliciesOf policies{Policies{.transport = f.cloud, .clock = f.clock}};
  OperationPool pool(policies, *f.settings.random);
  {
    const auto operation = pool.take();
    static_cast<void>(operation->response.body.prepare(std::size_t{8} << 20));
    operation->attributes.reserve(std::size_t{8} << 20);
  }
  const auto operation = pool.take();
  CHECK(operation->response.body.allocated() <= std::size_t{1} << 20);
  CHECK(operation->attributes.capacity() <= std::size_t{1} << 20);
}

TEST_CASE("a clock that throws ends a wait, and what was sent is settled all the same", "[faults][I4][I24][I25]") {
  struct TiredClock : ManualClock {
    void sleep_until(SteadyTime) const { throw std::runtime_error("too tired to sleep"); }
  };
  Fixture f;
  f.interaction("1");
  f.cloud.fail(TransportFault::reset, Delivery::maybe_sent);
  f.interaction("2", "BillingInquiry", first_id());
  TiredClock tired;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = tired}, f.settings};
  const auto moved = door.transition(f.request());
  REQUIRE(moved);
  CHECK(moved->resolved_by == ResolvedBy::state);
  CHECK(door.metrics().pending() == 0);
}
