// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <stop_token>

#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A fixture whose token requests are scripted too. The order is: token, flow (by route), interaction, write.
Fixture scripted_tokens(CredentialsIn credentials_in = CredentialsIn::basic) {
  Fixture f(credentials_in);
  ScriptedTransport fresh(f.clock);
  fresh.when(Method::get, flow_target, 200, {}, "{\"id\":\"" + flow_id + R"(","nodes":[{"id":"MainMenu","transitions":[{"targetId":"BillingInquiry"}]},{"id":"BillingInquiry"}]})");
  f.cloud = fresh;
  return f;
}

constexpr const char* good_token = R"({"access_token":"tok-1","expires_in":3600,"token_type":"bearer"})";

}  // namespace

TEST_CASE("credentials travel in Basic, or in the form by setting, and only to the login host", "[token][A15]") {
  SECTION("Basic") {
    Fixture f = scripted_tokens();
    f.cloud.answer(200, {}, good_token);
    f.interaction("1");
    f.cloud.answer(200);
    REQUIRE(f.door().transition(f.request()));
    const RecordedRequest token = f.requests("token.post").at(0);
    CHECK(token.origin == "https://login.example.com");
    CHECK(token.header("Authorization") == "Basic Y2xpZW50OnMzY3IzdC1jYW5hcnk=");
    CHECK(token.header("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(token.body == "grant_type=client_credentials&scope=interaction%3Aupdate+interaction%3Aread+flow%3Aread+interaction%3Acontrol");
  }
  SECTION("body") {
    Fixture f = scripted_tokens(CredentialsIn::body);
    f.cloud.answer(200, {}, good_token);
    f.interaction("1");
    f.cloud.answer(200);
    REQUIRE(f.door().transition(f.request()));
    const RecordedRequest token = f.requests("token.post").at(0);
    CHECK_FALSE(token.header("Authorization"));
    CHECK(token.body.find("&client_id=client&client_secret=s3cr3t-canary&scope=") != std::string::npos);
  }
}

TEST_CASE("a token is fetched once, used until shortly before its end, and then renewed", "[token][A11][A12][A13]") {
  Fixture f = scripted_tokens();
  auto door = f.door();
  const auto move = [&] {
    f.interaction("1");
    f.cloud.answer(200);
    return door.transition(f.request()).has_value();
  };
  f.cloud.answer(200, {}, good_token);
  REQUIRE(move());
  REQUIRE(move());
  CHECK(f.requests("token.post").size() == 1);
  f.clock.advance(seconds{3600 - 121});  // skew 60 s, and jitter of at most as much
  REQUIRE(move());
  CHECK(f.requests("token.post").size() == 1);
  f.clock.advance(seconds{61});
  f.cloud.answer(200, {}, R"({"access_token":"tok-2","expires_in":3600})");
  REQUIRE(move());
  CHECK(f.requests("token.post").size() == 2);
  CHECK(f.requests("interaction.patch").back().header("Authorization") == "Bearer tok-2");
}

TEST_CASE("lifetimes that are short or absent do not mean a request each time", "[token][A13]") {
  for (const char* body : {R"({"access_token":"t","expires_in":50})", R"({"access_token":"t"})", R"({"access_token":"t","expires_in":null})"}) {
    Fixture f = scripted_tokens();
    auto door = f.door();
    f.cloud.answer(200, {}, body);
    for (int i = 0; i < 3; ++i) {
      f.interaction("1");
      f.cloud.answer(200);
      REQUIRE(door.transition(f.request()));
    }
    CHECK(f.requests("token.post").size() == 1);
  }
}

TEST_CASE("the lifetime counts from the request on the monotonic clock", "[token][A14][I22]") {
  Fixture f = scripted_tokens();
  auto door = f.door();
  const auto move = [&] {
    f.interaction("1");
    f.cloud.answer(200);
    return door.transition(f.request()).has_value();
  };
  f.cloud.answer(200, {}, R"({"access_token":"tok-1","expires_in":100})").take(seconds{9});
  REQUIRE(move());
  f.clock.jump_wall(std::chrono::hours{-24});
  REQUIRE(move());
  f.clock.jump_wall(std::chrono::hours{48});
  REQUIRE(move());
  CHECK(f.requests("token.post").size() == 1);
  f.clock.advance(seconds{91});  // 100 s after the request, though only 91 s after the answer
  f.cloud.answer(200, {}, R"({"access_token":"tok-2","expires_in":100})");
  REQUIRE(move());
  CHECK(f.requests("interaction.patch").back().header("Authorization") == "Bearer tok-2");
}

TEST_CASE("a token answer that grants nothing usable is an error and is not kept", "[token][A13]") {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"access_token":""})", R"({"access_token":null})", R"({"access_token":5})",
        R"({"access_token":"a\r\nX: y"})", R"({"access_token":"t","expires_in":-1})", R"({"access_token":"t","expires_in":0})",
        R"({"access_token":"t","expires_in":"soon"})", R"({"access_token":"t","token_type":"mac"})", R"({"access_token":"t")"}) {
    Fixture f = scripted_tokens();
    f.cloud.answer(200, {}, body);
    auto door = f.door();
    const auto moved = door.transition(f.request());
    INFO(body);
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::malformed_response);
    f.cloud.answer(200, {}, good_token);
    f.interaction("1");
    f.cloud.answer(200);
    CHECK(door.transition(f.request()));
  }
}

TEST_CASE("the token endpoint is asked again after 429, 5xx and lost connections, never after a refusal", "[token][A15][I10]") {
  SECTION("transient") {
    Fixture f = scripted_tokens();
    f.cloud.answer(429, {{"Retry-After", "2"}}).answer(503).fail(TransportFault::reset, Delivery::maybe_sent).answer(200, {}, good_token);
    f.interaction("1");
    f.cloud.answer(200);
    CHECK(f.door().transition(f.request()));
    CHECK(f.clock.sleeps().at(0) >= seconds{2});
  }
  SECTION("refused") {
    for (const int status : {400, 401}) {
      Fixture f = scripted_tokens();
      f.cloud.answer(status, {}, R"({"error":"invalid_client","error_description":"client s3cr3t-canary is unknown"})");
      const auto moved = f.door().transition(f.request());
      REQUIRE_FALSE(moved);
      CHECK(moved.error().code() == ErrorCode::authentication_failed);
      CHECK(moved.error().message() == "the login host refused the credentials: invalid_client");
      CHECK(moved.error().describe().find("s3cr3t") == std::string::npos);
      CHECK(f.requests("token.post").size() == 1);
    }
  }
  SECTION("redirected: the secret does not follow") {
    for (const int status : {302, 307, 308}) {
      Fixture f = scripted_tokens();
      f.cloud.answer(status, {{"Location", "https://thief.example/oauth/token"}});
      CHECK_FALSE(f.door().transition(f.request()));
      CHECK(f.cloud.request_count() == 1);
    }
  }
}

TEST_CASE("a scope that was not granted is found before anything is asked of the cloud", "[token][A15]") {
  Fixture f = scripted_tokens();
  f.cloud.answer(200, {}, R"({"access_token":"t","expires_in":3600,"scope":"interaction:read flow:read interaction:updates"})");
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::insufficient_scope);
  CHECK(moved.error().message().find("interaction:update") != std::string::npos);
  CHECK(f.cloud.request_count() == 1);
}

TEST_CASE("a 401 is answered once, with a newer token, on whichever call it comes", "[token][A11][I10]") {
  SECTION("on the reading") {
    Fixture f = scripted_tokens();
    f.cloud.answer(200, {}, good_token).answer(401).answer(200, {}, R"({"access_token":"tok-2","expires_in":3600})");
    f.interaction("1");
    f.cloud.answer(200);
    REQUIRE(f.door().transition(f.request()));
    CHECK(f.requests("interaction.get").at(1).header("Authorization") == "Bearer tok-2");
  }
  SECTION("on the write") {
    Fixture f = scripted_tokens();
    f.cloud.answer(200, {}, good_token);
    f.interaction("1");
    f.cloud.answer(401).answer(200, {}, R"({"access_token":"tok-2","expires_in":3600})").answer(200);
    auto door = f.door();
    REQUIRE(door.transition(f.request()));
    CHECK(f.requests("interaction.patch").at(1).header("Authorization") == "Bearer tok-2");
    CHECK(door.metrics()[ExchangeCount::token_refreshes] == 1);
  }
  SECTION("twice is a refusal") {
    Fixture f = scripted_tokens();
    f.cloud.answer(200, {}, good_token);
    f.interaction("1");
    f.cloud.answer(401).answer(200, {}, R"({"access_token":"tok-2","expires_in":3600})").answer(401);
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::authentication_failed);
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(f.cloud.left() == 0);
    CHECK(f.cloud.overruns() == 0);
  }
}

TEST_CASE("an early renewal that fails leaves the present token in use", "[token][A12]") {
  Fixture f = scripted_tokens();
  auto door = f.door();
  f.cloud.answer(200, {}, good_token);
  f.interaction("1");
  f.cloud.answer(200);
  REQUIRE(door.transition(f.request()));
  f.clock.advance(seconds{3599});
  f.cloud.answer(400, {}, R"({"error":"server_error"})");
  f.interaction("2");
  f.cloud.answer(200);
  REQUIRE(door.transition(f.request()));
  CHECK(f.requests("interaction.patch").back().header("Authorization") == "Bearer tok-1");
}

TEST_CASE("what the login host asked of one operation binds the next", "[token][A8][I9]") {
  Fixture f = scripted_tokens();
  auto door = f.door();
  f.cloud.answer(429, {{"Retry-After", "600"}});
  CHECK(door.transition(f.request()).error().code() == ErrorCode::rate_limited);
  CHECK(door.transition(f.request()).error().code() == ErrorCode::rate_limited);
  CHECK(f.cloud.request_count() == 1);
  f.clock.advance(seconds{600});
  f.cloud.answer(200, {}, good_token);
  f.interaction("1");
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
  // A year is not believed.
  Fixture g = scripted_tokens();
  auto other = g.door();
  g.cloud.answer(429, {{"Retry-After", "31536000"}});
  CHECK_FALSE(other.transition(g.request()));
  g.clock.advance(seconds{600});
  g.cloud.answer(200, {}, good_token);
  g.interaction("1");
  g.cloud.answer(200);
  CHECK(other.transition(g.request()));
}

TEST_CASE("what the login host asked binds the next also when whoever heard it is cancelled meanwhile", "[token][A8][I9]") {
  Fixture f = scripted_tokens();
  auto door = f.door();
  std::stop_source stop;
  f.cloud.answer(503, {{"Retry-After", "2"}}).then([&](const HttpRequest&) { stop.request_stop(); });
  CHECK(door.transition(f.request().stop(stop.get_token())).error().code() == ErrorCode::cancelled);
  CHECK(door.transition(f.request().deadline(seconds{1})).error().code() == ErrorCode::unavailable);
  CHECK(f.cloud.request_count() == 1);
  f.clock.advance(seconds{2});
  f.cloud.answer(200, {}, good_token);
  f.interaction("1");
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
}

TEST_CASE("who has the time for the login host's wait sleeps through it, though whoever heard of it had not", "[token][A8][I9]") {
  Fixture f = scripted_tokens();
  auto door = f.door();
  const SteadyTime heard = f.clock.steady_now();
  f.cloud.answer(429, {{"Retry-After", "5"}});
  CHECK(door.transition(f.request().deadline(seconds{1})).error().code() == ErrorCode::rate_limited);
  SECTION("and then it goes on") {
    f.cloud.answer(200, {}, good_token);
    f.interaction("1");
    f.cloud.answer(200);
    const auto moved = door.transition(f.request().deadline(seconds{20}));
    REQUIRE(moved);
    CHECK(moved->waited >= seconds{5});
    const auto asked = f.requests("token.post");
    REQUIRE(asked.size() == 2);
    CHECK(asked[1].at >= heard + seconds{5});
    CHECK(asked[1].at <= heard + seconds{6});
  }
  SECTION("for as long as it takes, but not beyond its own deadline") {
    const SteadyTime before = f.clock.steady_now();
    const auto moved = door.transition(f.request().deadline(seconds{4}));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::rate_limited);
    CHECK(f.clock.steady_now() == before);  // at once: waiting could not help
    CHECK(f.requests("token.post").size() == 1);
  }
  SECTION("unless it is cancelled") {
    std::stop_source stop;
    stop.request_stop();
    const auto moved = door.transition(f.request().deadline(seconds{20}).stop(stop.get_token()));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::cancelled);
    CHECK(f.requests("token.post").size() == 1);
  }
}

TEST_CASE("two doors with one credential share one token", "[token][A12]") {
  Fixture f = scripted_tokens();
  auto one = f.door();
  auto two = f.door();
  f.cloud.answer(200, {}, good_token);
  for (auto* door : {&one, &two}) {
    f.interaction("1");
    f.cloud.answer(200);
    REQUIRE(door->transition(f.request()));
  }
  CHECK(f.requests("token.post").size() == 1);
}

TEST_CASE("a token that dies while its request waits for a turn is replaced before that leaves", "[token][I10][A14]") {
  Fixture f;
  f.cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"short","expires_in":4,"token_type":"Bearer"})");
  auto door = f.door();
  f.cloud.answer(429, {{"Retry-After", "5"}});
  REQUIRE_FALSE(door.transition(f.request().deadline(seconds{1})));
  REQUIRE(f.requests("token.post").size() == 1);
  const SteadyTime begun = f.clock.steady_now();
  f.interaction("1");
  f.cloud.answer(200);
  REQUIRE(door.transition(f.request()));
  // It had a token that was good when it began to wait, and for a second less than it had to.
  REQUIRE(f.requests("token.post").size() == 2);
  CHECK(f.requests("token.post")[1].at >= begun + seconds{5});
  std::string order;
  for (const RecordedRequest& each : f.cloud.requests()) order.append(each.name).append(" ");
  CHECK(order == "token.post flow.get interaction.get token.post interaction.get interaction.patch ");
  CHECK(door.metrics()[ExchangeCount::token_refreshes] == 0);  // none was refused
}
