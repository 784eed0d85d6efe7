// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <stdexcept>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// Keeps everything that is logged as one text.
struct KeepingLogger {
  std::shared_ptr<std::string> text = std::make_shared<std::string>();
  bool enabled(Level) const { return true; }
  void log(Level, const Event& event) {
    text->append(event.name);
    for (const Field& field : event.fields) text->append(" ").append(field.name()).append("=").append(field.text());
    text->push_back('\n');
  }
};
struct ThrowingLogger {
  bool enabled(Level) const { return true; }
  void log(Level, const Event&) { throw std::runtime_error("no logging today"); }
};
struct ThrowingSink : AuditSink {
  bool write(const AuditRecord&) override { throw std::runtime_error("no disk today"); }
};
struct ThrowingTransport {
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime) { throw std::runtime_error("no network today"); }
};
struct ThrowingRetry {
  RetryAnswer decide(const RetryQuestion&) const { throw std::runtime_error("no patience today"); }
};

}  // namespace

TEST_CASE("every operation has exactly one terminal record, and every write one of its own", "[observe][A1][A28][I24]") {
  Fixture f;
  auto door = f.door();
  const auto terminals = [&] {
    std::size_t count = 0;
    for (const AuditRecord& record : door.audit_log()) count += record.kind == AuditKind::operation;
    return count;
  };
  f.interaction("1");
  f.cloud.answer(503).answer(200);
  REQUIRE(door.transition(f.request()));
  CHECK(terminals() == 1);
  CHECK(door.audit_log().size() == 3);
  CHECK_FALSE(door.transition(TransitionRequest{"../x", flow_id, "a", "b"}));
  CHECK_FALSE(door.transition(TransitionRequest{interaction_id, flow_id, "MainMenu", "Nowhere"}));
  CHECK_FALSE(door.transition(f.request().text("nope", "1")));
  f.cloud.answer(404);
  CHECK_FALSE(door.transition(f.request()));
  f.interaction("1");
  f.cloud.answer(422);
  CHECK_FALSE(door.transition(f.request()));
  CHECK(terminals() == 6);
  std::uint64_t expected = 0;
  for (const AuditRecord& record : door.audit_log()) CHECK(record.sequence == ++expected);
  const auto metrics = door.metrics();
  CHECK(metrics[TransitionCount::submitted] == 6);
  CHECK(metrics[TransitionCount::succeeded] == 1);
  CHECK(metrics[TransitionCount::not_applied] == 5);
  CHECK(metrics.pending() == 0);
  CHECK(metrics.operation.count == 6);
  CHECK(metrics[TransitionCount::patch_attempts] == 3);
}

TEST_CASE("a record says who, what, under which version and how it ended", "[observe][A26][A34]") {
  Fixture f;
  f.interaction("1");
  f.cloud.answer(412, {{"inin-correlation-id", "srv-5"}});
  f.interaction("2", "Support", "x");
  auto door = f.door();
  CHECK_FALSE(door.transition(f.request()));
  const auto records = door.audit_log();
  REQUIRE(records.size() == 2);
  CHECK(records[0].kind == AuditKind::attempt);
  CHECK(records[0].status_code == 412);
  CHECK(records[0].attempt == 1);
  CHECK(records[0].etag_used == "\"1\"");
  CHECK(records[0].server_correlation_id == "srv-5");
  CHECK(records[1].kind == AuditKind::operation);
  CHECK(records[1].error_code == "stale_state");
  CHECK(records[1].operation_id == first_id());
  CHECK(records[1].from == "MainMenu");
  CHECK(records[1].to == "BillingInquiry");
  CHECK(records[1].flow_id == flow_id);
  CHECK(records[1].flow_version == "3");
  CHECK(records[1].outcome == Outcome::not_applied);
}

TEST_CASE("latency is told apart from waiting, and means are over what they name", "[observe][A29]") {
  Fixture f;
  f.interaction("1");
  f.cloud.answer(429, {{"Retry-After", "10"}}).answer(200).take(milliseconds{30});
  auto door = f.door();
  const auto moved = door.transition(f.request());
  REQUIRE(moved);
  CHECK(moved->waited >= seconds{10});
  CHECK(moved->latency - moved->waited == milliseconds{30});
  f.interaction("2");
  f.cloud.answer(422).take(seconds{5});
  CHECK_FALSE(door.transition(f.request()));
  CHECK(door.metrics().succeeded_mean == moved->latency);
}

TEST_CASE("two doors do not share their figures", "[observe][A29]") {
  Fixture f;
  auto one = f.door();
  auto two = f.door();
  f.interaction("1");
  f.cloud.answer(200);
  REQUIRE(one.transition(f.request()));
  CHECK(one.metrics()[TransitionCount::submitted] == 1);
  CHECK(two.metrics()[TransitionCount::submitted] == 0);
  CHECK(two.audit_log().empty());
}

TEST_CASE("secrets reach no log, no record and no error", "[observe][A15][B32][I19]") {
  for (const auto credentials_in : {CredentialsIn::basic, CredentialsIn::body}) {
    Fixture f(credentials_in);
    f.cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"t0ken-canary","expires_in":3600})");
    f.settings.transition.webhook.url = "https://crm.example.com/hook?key=url-canary";
    KeepingLogger logger;
    StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .logger = logger}, f.settings};
    f.interaction("1");
    f.cloud.answer(429).fail(TransportFault::reset, Delivery::maybe_sent).answer(200).answer(500).answer(500).answer(500);
    const auto moved = door.transition(f.request().text("customer_tier", "pii-canary"));
    REQUIRE(moved);
    f.interaction("1");
    f.cloud.answer(422, {}, R"({"message":"token Bearer t0ken-canary-0123456789 is odd"})");
    const auto refused = door.transition(f.request());
    REQUIRE_FALSE(refused);
    std::string all = *logger.text;
    for (const AuditRecord& record : door.audit_log()) append_json(record, all);
    to_json(door.metrics(), all);
    all.append(moved->webhook_error->describe()).append(refused.error().describe());
    CHECK(all.find("http.attempt") != std::string::npos);
    CHECK(refused.error().server_message().find("t0ken-canary") == std::string::npos);
    for (const char* canary : {"canary", "Bearer", "Y2xpZW50OnMzY3IzdC1jYW5hcnk"}) {
      INFO(canary);
      CHECK(all.find(canary) == std::string::npos);
    }
  }
}

TEST_CASE("server text in errors is bounded and harmless", "[observe][A33]") {
  Fixture f;
  f.interaction("1");
  f.cloud.answer(422, {}, std::string(100'000, 'x') + "\x1b[31m");
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().server_message().size() <= 512);
  CHECK(moved.error().describe().size() < 600);
}

TEST_CASE("user code that throws changes no outcome", "[observe][B30][I25]") {
  SECTION("logger") {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(200);
    StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .logger = ThrowingLogger{}}, f.settings};
    CHECK(door.transition(f.request()));
    CHECK(door.metrics()[TransitionCount::callback_failures] > 0);
  }
  SECTION("audit sink") {
    Fixture f;
    f.settings.audit = std::make_shared<ThrowingSink>();
    f.interaction("1");
    f.cloud.answer(200);
    auto door = f.door();
    CHECK(door.transition(f.request()));
    CHECK(door.metrics()[TransitionCount::audit_failures] == 2);
    CHECK(door.audit_log().size() == 2);
  }
  SECTION("transport") {
    Fixture f;
    StateTransitioner door{Policies{.transport = ThrowingTransport{}, .clock = f.clock}, f.settings};
    const auto moved = door.transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::network);
  }
  SECTION("retry policy, in doubt about a write: the doubt is resolved") {
    Fixture f;
    f.interaction("1");
    f.cloud.fail(TransportFault::reset, Delivery::maybe_sent);
    f.interaction("2", "BillingInquiry", first_id());
    StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .retry = ThrowingRetry{}}, f.settings};
    CHECK(door.transition(f.request()));
  }
  SECTION("condition") {
    Fixture f;
    f.settings.transition.reachability = Reachability::conditional;
    f.settings.transition.condition = [](const ConditionalEdge&) -> bool { throw std::runtime_error("no opinion today"); };
    const auto moved = f.door().transition(TransitionRequest{interaction_id, flow_id, "MainMenu", "Support"});
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::internal);
    CHECK(moved.error().outcome() == Outcome::not_applied);
  }
}

TEST_CASE("the audit snapshot keeps its bound and is a copy", "[observe][A28][I20]") {
  Fixture f;
  f.settings.audit_records = 3;
  auto door = f.door();
  for (int i = 0; i < 5; ++i) CHECK_FALSE(door.transition(TransitionRequest{"..", flow_id, "a", "b"}));
  auto log = door.audit_log();
  REQUIRE(log.size() == 3);
  CHECK(log.front().sequence == 3);
  log.clear();
  CHECK(door.audit_log().size() == 3);
}
