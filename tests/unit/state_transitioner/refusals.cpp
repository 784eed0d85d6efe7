// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// What errors and records tell of the answers that they come from, on every path of a transition.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

constexpr const char* not_party =
    R"({"message":"not a party","code":"conversation.error.user.not.party","status":400,"contextId":"ctx-1","details":[],"errors":[]})";

/// Whether the one terminal record, and all others that had an answer, show the id.
bool recorded(const std::vector<AuditRecord>& records, std::string_view terminal, std::string_view attempt = {}) {
  std::size_t ends = 0;
  for (const AuditRecord& each : records) {
    const bool end = each.kind == AuditKind::operation;
    ends += end ? 1U : 0U;
    UNSCOPED_INFO(to_string(each.kind) << " " << each.server_correlation_id);
    if (each.server_correlation_id != (end ? terminal : attempt)) return false;
  }
  return ends == 1;
}

void check_end(const Fixture& f, const Result<TransitionResult>& moved, std::string_view id) {
  REQUIRE_FALSE(moved);
  CHECK(moved.error().server_correlation_id() == id);
  CHECK(f.cloud.overruns() == 0);
}

}  // namespace

TEST_CASE("a refused write tells the cloud's code, message and id", "[refusal][A33][A34]") {
  Fixture f;
  auto door = f.door();
  f.interaction("1");
  SECTION("the id in the header") {
    f.cloud.answer(400, {{"inin-correlation-id", "srv-1"}}, not_party);
    const auto moved = door.transition(f.request());
    check_end(f, moved, "srv-1");
    CHECK(moved.error().server_code() == "conversation.error.user.not.party");
    CHECK(moved.error().server_message() == "not a party");
    CHECK(moved.error().http_status() == 400);
    CHECK(moved.error().describe().find("interaction.patch answered 400 (conversation.error.user.not.party); next: ") != std::string::npos);
    CHECK(recorded(door.audit_log(), "srv-1", "srv-1"));
  }
  SECTION("the id in the body alone, or in the body because the header is empty") {
    f.cloud.answer(400, GENERATE(HeaderList{}, HeaderList{{"inin-correlation-id", ""}}), not_party);
    check_end(f, door.transition(f.request()), "ctx-1");
    CHECK(recorded(door.audit_log(), "ctx-1", "ctx-1"));
  }
  SECTION("a body that is none of the cloud's") {
    f.cloud.answer(400, {{"inin-correlation-id", "srv-1"}}, "<html>Bad Request</html>");
    const auto moved = door.transition(f.request());
    check_end(f, moved, "srv-1");
    CHECK(moved.error().server_code().empty());
    CHECK(moved.error().server_message() == "<html>Bad Request</html>");
  }
  SECTION("a body with a code and no message is shown as it came") {
    f.cloud.answer(400, {}, R"({"code":"bad.request"})");
    const auto moved = door.transition(f.request());
    CHECK(moved.error().server_code() == "bad.request");
    CHECK(moved.error().server_message() == R"({"code":"bad.request"})");
  }
  SECTION("no body") {
    f.cloud.answer(400);
    const auto moved = door.transition(f.request());
    check_end(f, moved, "");
    CHECK(moved.error().server_code().empty());
    CHECK(moved.error().server_message().empty());
    CHECK(recorded(door.audit_log(), "", ""));
  }
}

TEST_CASE("a refused reading tells the cloud's code, message and id", "[refusal][A34]") {
  Fixture f;
  auto door = f.door();
  f.cloud.answer(404, {}, R"({"message":"no such conversation","code":"not.found","status":404,"contextId":"ctx-2"})");
  const auto moved = door.transition(f.request());
  check_end(f, moved, "ctx-2");
  CHECK(moved.error().code() == ErrorCode::not_found);
  CHECK(moved.error().server_code() == "not.found");
  CHECK(moved.error().server_message() == "no such conversation");
  CHECK(recorded(door.audit_log(), "ctx-2"));
}

TEST_CASE("an answer that cannot be understood, or cannot be written over, tells its id", "[refusal][A34]") {
  Fixture f;
  auto door = f.door();
  SECTION("no JSON") {
    f.cloud.answer(200, {{"inin-correlation-id", "srv-3"}}, "<html>");
    check_end(f, door.transition(f.request()), "srv-3");
  }
  SECTION("no ETag") {
    f.cloud.answer(200, {{"inin-correlation-id", "srv-3"}}, Fixture::body("MainMenu"));
    const auto moved = door.transition(f.request());
    check_end(f, moved, "srv-3");
    CHECK(moved.error().code() == ErrorCode::no_etag);
  }
  SECTION("elsewhere") {
    f.cloud.answer(200, {{"ETag", "\"1\""}, {"inin-correlation-id", "srv-3"}}, Fixture::body("Verify"));
    const auto moved = door.transition(f.request());
    check_end(f, moved, "srv-3");
    CHECK(moved.error().code() == ErrorCode::stale_state);
  }
  CHECK(recorded(door.audit_log(), "srv-3"));
}

TEST_CASE("a flow that cannot be had tells the id, also to those who hear of it from another", "[refusal][A34]") {
  Fixture f;
  SECTION("refused") {
    f.cloud.when(Method::get, flow_target, 403, {},
                 R"({"message":"no","code":"missing.any.permissions","status":403,"contextId":"ctx-4"})");
    auto door = f.door();
    const auto moved = door.transition(f.request());
    check_end(f, moved, "ctx-4");
    CHECK(moved.error().code() == ErrorCode::forbidden);
    CHECK(moved.error().server_code() == "missing.any.permissions");
    CHECK(recorded(door.audit_log(), "ctx-4"));
  }
  SECTION("malformed") {
    f.cloud.when(Method::get, flow_target, 200, {{"inin-correlation-id", "ctx-4"}}, "[]");
    auto door = f.door();
    check_end(f, door.transition(f.request()), "ctx-4");
    CHECK(recorded(door.audit_log(), "ctx-4"));
  }
}

TEST_CASE("an error of the login tells the login host's id, not that of what was answered before", "[refusal][A34]") {
  Fixture f;
  ScriptedTransport fresh(f.clock);
  f.cloud = fresh;
  f.cloud.answer(200, {{"inin-correlation-id", "login-1"}}, R"({"access_token":"tok-1","expires_in":3600})");
  SECTION("at first") {
    Fixture g;
    g.cloud = ScriptedTransport(g.clock);
    g.cloud.answer(401, {}, R"({"error":"invalid_client","contextId":"login-2"})");
    auto door = g.door();
    const auto moved = door.transition(g.request());
    check_end(g, moved, "login-2");
    CHECK(recorded(door.audit_log(), "login-2"));
  }
  SECTION("in the midst of an operation") {
    f.cloud.answer(401, {{"inin-correlation-id", "srv-5"}}, R"({"code":"bad.credentials"})");  // to the flow
    f.cloud.answer(400, {{"inin-correlation-id", "login-2"}}, R"({"error":"invalid_client","description":"authentication failed"})");
    auto door = f.door();
    const auto moved = door.transition(f.request());
    check_end(f, moved, "login-2");
    CHECK(moved.error().server_code() == "invalid_client");
    CHECK(recorded(door.audit_log(), "login-2"));
  }
  SECTION("an answer that grants nothing") {
    Fixture g;
    g.cloud = ScriptedTransport(g.clock);
    g.cloud.answer(200, {{"inin-correlation-id", "login-3"}}, "{}");
    auto door = g.door();
    check_end(g, door.transition(g.request()), "login-3");
    CHECK(recorded(door.audit_log(), "login-3"));
  }
}

TEST_CASE("a write whose fate is not known tells the id of the write, not of the reading that proved nothing", "[refusal][A34][I4]") {
  Fixture f;
  auto door = f.door();
  f.interaction("1");
  for (int i = 0; i < 4; ++i)
    f.cloud.answer(503, {{"inin-correlation-id", "write-" + std::to_string(i)}}, R"({"code":"service.unavailable","message":"busy"})");
  for (int i = 0; i < 8; ++i) f.cloud.answer(403, {{"inin-correlation-id", "read-" + std::to_string(i)}}, R"({"code":"not.authorized"})");
  const auto moved = door.transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::outcome_unknown);
  CHECK(moved.error().server_code() == "service.unavailable");
  CHECK(moved.error().server_message() == "busy");
  CHECK(moved.error().http_status() == 503);
  const std::string id = moved.error().server_correlation_id();
  CHECK(id.find("write-") == 0);
  std::string last;
  for (const AuditRecord& each : door.audit_log()) {
    if (each.kind != AuditKind::attempt) continue;
    last = each.server_correlation_id;
    CHECK(last.find("write-") == 0);
  }
  CHECK(last == id);
  CHECK(door.audit_log().back().server_correlation_id == id);
}

TEST_CASE("an error of a request without an answer tells no id of an earlier one", "[refusal][A34]") {
  Fixture f;
  auto door = f.door();
  f.cloud.answer(503, {{"inin-correlation-id", "srv-6"}}).fail(TransportFault::tls, Delivery::not_sent, "handshake");
  const auto moved = door.transition(f.request());
  check_end(f, moved, "");
  CHECK(moved.error().http_status() == 0);
  CHECK(moved.error().server_code().empty());
}

TEST_CASE("a token that the cloud repeats is in no error, in whatever words", "[refusal][I19][A33]") {
  Fixture f;
  f.cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"t0ken-canary-0123","expires_in":3600})");
  for (const char* body : {R"({"message":"the token t0ken-canary-0123 is odd","code":"bad.credentials"})", R"({"code":"t0ken-canary-0123"})",
                           "t0ken-canary-0123 is odd", R"({"message":"t\u0030ken-canary-0123"})"}) {
    auto door = f.door();
    f.cloud.answer(400, {}, body);
    const auto moved = door.transition(f.request());
    REQUIRE_FALSE(moved);
    for (const std::string& text : {moved.error().server_message(), moved.error().server_code(), moved.error().describe()})
      CHECK(text.find("t0ken-canary") == std::string::npos);
  }
}

TEST_CASE("a wait of hours is refused by the deadline, and the error says how long it is and when it ends", "[refusal][A8][I9]") {
  for (const auto& [asked, said] : {std::pair{"150", "for 2 min 30 s, until "}, {"7200", "for 2 h, until "}, {"86399", "for 23 h 59 min 59 s, until "}}) {
    Fixture f;
    f.settings.pacer = nullptr;
    auto door = f.door();
    f.cloud.answer(429, {{"Retry-After", asked}, {"inin-correlation-id", "srv-7"}}, R"({"code":"too.many.requests.retry.after","message":"later"})");
    const SteadyTime heard = f.clock.steady_now();
    const auto moved = door.transition(f.request());
    check_end(f, moved, "srv-7");
    CHECK(moved.error().code() == ErrorCode::rate_limited);
    CHECK(moved.error().server_code() == "too.many.requests.retry.after");
    CHECK(moved.error().retry_after() == seconds{std::stoi(asked)});
    const std::string& message = moved.error().message();
    INFO(message);
    CHECK(message.find(std::string("interaction.get answered 429; the server asked for no request ") + said) == 0);
    CHECK(message.find("Z, which is beyond the deadline") != std::string::npos);
    CHECK(door.audit_log().back().error_message == message);
    // Neither slept through nor cut short.
    CHECK(f.clock.steady_now() == heard);
    CHECK(f.clock.sleeps().empty());
    CHECK(f.requests("interaction.get").size() == 1);
  }
}

TEST_CASE("a wait that fits the deadline but not the cap says so, and one of years is no number of years", "[refusal][A8]") {
  Fixture f;
  f.settings.pacer = nullptr;
  auto door = f.door();
  f.cloud.answer(429, {{"Retry-After", "120"}});
  const auto capped = door.transition(f.request().deadline(std::chrono::minutes{10}));
  REQUIRE_FALSE(capped);
  CHECK(capped.error().message().find("for 2 min, until ") != std::string::npos);
  CHECK(capped.error().message().find("Z, which is longer than retry_after_cap") != std::string::npos);
  f.cloud.answer(429, {{"Retry-After", "99999999999999999999"}});
  const auto endless = door.transition(f.request());
  REQUIRE_FALSE(endless);
  CHECK(endless.error().message().find("for more than a year, which is beyond the deadline") != std::string::npos);
}

TEST_CASE("whoever finds the scope closed is told how long it stays so", "[refusal][A8][I9]") {
  Fixture f;
  auto door = f.door();
  f.cloud.answer(429, {{"Retry-After", "7200"}});
  REQUIRE_FALSE(door.transition(f.request()));
  f.clock.advance(seconds{1800});
  const auto later = door.transition(f.request());
  REQUIRE_FALSE(later);
  CHECK(later.error().code() == ErrorCode::rate_limited);
  CHECK(later.error().retry_after() == seconds{5400});
  CHECK(later.error().message().find("the server asked for no request before a time beyond the deadline; there is none for 1 h 30 min, until ") == 0);
  const auto patient = door.transition(f.request().deadline(std::chrono::hours{3}));
  REQUIRE_FALSE(patient);
  CHECK(patient.error().message().find("retry_after_cap; there is none for 1 h 30 min, until ") != std::string::npos);
  CHECK(f.cloud.request_count() == f.requests("token.post").size() + 1 + f.requests("flow.get").size());
}
