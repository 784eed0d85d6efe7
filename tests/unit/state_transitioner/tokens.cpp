// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <stop_token>
#include <utility>

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
}

TEST_CASE("of a write refused for its token a copy that the network made may have been applied", "[token][A11][I4]") {
  Fixture f = scripted_tokens();
  f.cloud.answer(200, {}, good_token);
  f.interaction("1", "MainMenu", "before");
  f.cloud.answer(401);
  constexpr const char* newer_token = R"({"access_token":"tok-2","expires_in":3600})";
  const auto moved = [&] { return f.door().transition(f.request()); };
  const auto check_unknown = [&](const Result<TransitionResult>& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code() == ErrorCode::outcome_unknown);
    CHECK(result.error().outcome() == Outcome::unknown);
  };
  SECTION("and without a newer token nobody knows") {
    f.cloud.answer(400, {}, R"({"error":"invalid_client"})");
    check_unknown(moved());
  }
  SECTION("nor when it could not be sent again, nor read") {
    f.cloud.answer(200, {}, newer_token);
    for (int i = 0; i < 4; ++i) f.cloud.fail(TransportFault::connect, Delivery::not_sent);
    f.cloud.answer(403);
    check_unknown(moved());
  }
  SECTION("a refusal behind it is looked into") {
    f.cloud.answer(200, {}, newer_token).answer(422);
    SECTION("the version is as it was: not applied, nor ever, for that token is dead") {
      f.interaction("1", "MainMenu", "before");
      const auto result = moved();
      REQUIRE_FALSE(result);
      CHECK(result.error().code() == ErrorCode::unprocessable);
      CHECK(result.error().outcome() == Outcome::not_applied);
    }
    SECTION("the interaction carries our id: applied") {
      f.interaction("2", "BillingInquiry", first_id());
      const auto result = moved();
      REQUIRE(result);
      CHECK(result->resolved_by == ResolvedBy::state);
    }
    SECTION("another writer without ids was there: not applied") {
      f.interaction("2", "MainMenu", "before");
      const auto result = moved();
      REQUIRE_FALSE(result);
      CHECK(result.error().outcome() == Outcome::not_applied);
    }
    SECTION("another writer was there, perhaps behind a copy") {
      f.interaction("3", "Support", "another");
      check_unknown(moved());
    }
    SECTION("no version is shown") {
      f.cloud.answer(200, {}, f.body("MainMenu", "before"));
      check_unknown(moved());
    }
    SECTION("it cannot be read") {
      f.cloud.answer(401);
      check_unknown(moved());
    }
  }
  SECTION("the newer token may live although it was refused: a copy may come with it") {
    f.cloud.answer(200, {}, newer_token).answer(401);
    f.interaction("1", "MainMenu", "before");
    check_unknown(moved());
  }
  SECTION("a conflict behind it is looked into as well") {
    f.cloud.answer(200, {}, newer_token).answer(412);
    f.interaction("3", "Support", "another");
    check_unknown(moved());
  }
  CHECK(f.cloud.left() == 0);
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("a write whose token is refused behind a reading that has had the one replay is in doubt as well", "[token][A11][I4][I10]") {
  Fixture f = scripted_tokens();
  f.cloud.answer(200, {}, good_token).answer(401).answer(200, {}, R"({"access_token":"tok-2","expires_in":3600})");
  f.interaction("1", "MainMenu", "before");
  f.cloud.answer(401);
  SECTION("a copy of it was applied") {
    f.interaction("2", "BillingInquiry", first_id());
    const auto moved = f.door().transition(f.request());
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
  }
  SECTION("nobody knows") {
    f.interaction("1", "MainMenu", "before");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(moved.error().http_status() == 401);
  }
  CHECK(f.cloud.left() == 0);
  CHECK(f.cloud.overruns() == 0);
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
  g.clock.advance(std::chrono::hours{24});
  g.cloud.answer(200, {}, good_token);
  g.interaction("1");
  g.cloud.answer(200);
  CHECK(other.transition(g.request()));
}

TEST_CASE("a login host that asks for hours is left alone for hours, and each error says what is left of them", "[token][A8][I9]") {
  Fixture f = scripted_tokens();
  auto door = f.door();
  f.cloud.answer(429, {{"Retry-After", "7800"}, {"inin-correlation-id", "login-1"}});
  const auto first = door.transition(f.request());
  REQUIRE_FALSE(first);
  CHECK(first.error().code() == ErrorCode::rate_limited);
  CHECK(first.error().retry_after() == seconds{7800});
  CHECK(first.error().message().find("token.post answered 429; the server asked for no request for 2 h 10 min, until ") == 0);
  CHECK(first.error().message().find("Z, which is beyond the deadline") != std::string::npos);
  f.clock.advance(seconds{7200});
  const auto second = door.transition(f.request());
  REQUIRE_FALSE(second);
  CHECK(second.error().message() == first.error().message());  // until when is as true as before
  CHECK(second.error().retry_after() == seconds{600});
  CHECK(second.error().server_correlation_id() == "login-1");
  CHECK(f.cloud.request_count() == 1);
  CHECK(f.clock.sleeps().empty());
  f.clock.advance(seconds{600});
  f.cloud.answer(200, {}, good_token);
  f.interaction("1");
  f.cloud.answer(200);
  CHECK(door.transition(f.request()));
}

TEST_CASE("id and secret are form-encoded before they are joined for Basic", "[token][A15]") {
  Fixture f = scripted_tokens();
  f.settings.tokens = std::make_shared<TokenSource>(TokenSettings{
      .login_url = "https://login.example.com", .client_id = "a:b c", .client_secret = Secret("100% +/=\xc3\xa9~"), .scope = ""});
  f.cloud.answer(200, {}, good_token);
  CHECK_FALSE(f.door().transition(f.request()));  // what follows is not scripted
  const RecordedRequest token = f.requests("token.post").at(0);
  // a%3Ab+c:100%25+%2B%2F%3D%C3%A9%7E
  CHECK(token.header("Authorization") == "Basic YSUzQWIrYzoxMDAlMjUrJTJCJTJGJTNEJUMzJUE5JTdF");
  CHECK(token.body == "grant_type=client_credentials");  // no scope is asked for where there is none
}

TEST_CASE("lifetimes from five minutes to two days are used but for their last part", "[token][A13]") {
  for (const auto& [lifetime, margin] : {std::pair{300, 30}, {3600, 60}, {86400, 60}, {172800, 60}}) {
    Fixture f = scripted_tokens();
    auto door = f.door();
    const auto move = [&] {
      f.interaction("1");
      f.cloud.answer(200);
      return door.transition(f.request()).has_value();
    };
    f.cloud.answer(200, {}, R"({"access_token":"tok-1","expires_in":)" + std::to_string(lifetime) + "}");
    REQUIRE(move());
    f.clock.advance(seconds{lifetime - 2 * margin - 1});  // the jitter is at most another margin
    REQUIRE(move());
    CHECK(f.requests("token.post").size() == 1);
    f.clock.advance(seconds{margin + 1});
    f.cloud.answer(200, {}, good_token);
    REQUIRE(move());
    CHECK(f.requests("token.post").size() == 2);
  }
}

TEST_CASE("a login host's refusal is told in either shape, and who is not active there is told apart", "[token][A15]") {
  const auto refusal = [](int status, std::string_view body, HeaderList headers = {}) {
    Fixture f = scripted_tokens();
    f.cloud.answer(status, std::move(headers), std::string(body));
    auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(f.requests("token.post").size() == 1);
    return std::move(moved.error());
  };
  const std::string refused = "the login host refused the credentials: ";
  const Error wrong = refusal(400, R"({"error":"invalid_client","description":"authentication failed","error_description":"authentication failed"})",
                              {{"inin-correlation-id", "login-7"}});
  CHECK(wrong.code() == ErrorCode::authentication_failed);
  CHECK(wrong.message() == refused + "invalid_client");
  CHECK(wrong.server_code() == "invalid_client");
  CHECK(wrong.server_message() == "authentication failed");
  CHECK(wrong.server_correlation_id() == "login-7");
  CHECK(wrong.http_status() == 400);

  const Error api = refusal(401, R"({"message":"Bad client.","code":"bad.credentials","status":401,"contextId":"login-8"})");
  CHECK(api.message() == refused + "bad.credentials");
  CHECK(api.server_message() == "Bad client.");
  CHECK(api.server_correlation_id() == "login-8");

  for (const std::string_view said : {"client is Inactive", "The client has been disabled.", "OAuth client is not active", "deactivated"}) {
    const Error idle = refusal(401, R"({"error":"invalid_client","description":")" + std::string(said) + R"("})");
    CHECK(idle.code() == ErrorCode::authentication_failed);
    CHECK(idle.message() == refused + "invalid_client; it says that the client is not active there, so that another secret does not help");
  }
  CHECK(refusal(400, R"({"error":"client.inactive"})").message().find("not active there") != std::string::npos);
  CHECK(refusal(400, R"({"error":"invalid_client","description":"client not found: invalid clientId"})").message() ==
        refused + "invalid_client; it knows no client of that id, which may belong to another region");
  // Neither JSON nor anything else that can be told apart.
  const Error page = refusal(401, "<html>no</html>");
  CHECK(page.message() == "token.post answered 401");
  CHECK(page.server_code().empty());
  CHECK(page.server_message() == "<html>no</html>");
  CHECK(refusal(403, "").code() == ErrorCode::forbidden);
}

TEST_CASE("a login host that repeats the credentials is told of without its words", "[token][A33][I19]") {
  for (const auto credentials_in : {CredentialsIn::basic, CredentialsIn::body}) {
    for (const std::string_view repeated : {"s3cr3t-canary", "Y2xpZW50OnMzY3IzdC1jYW5hcnk="}) {
      for (const int status : {400, 401, 503, 302}) {
        if (credentials_in == CredentialsIn::body && repeated.front() == 'Y') continue;  // nothing of that kind was sent
        for (const char* shape : {R"({"error":"invalid_client","description":"no client with %"})", R"({"error":"%"})", "no such thing: %"}) {
          Fixture f = scripted_tokens(credentials_in);
          std::string body = shape;
          body.replace(body.find('%'), 1, repeated);
          for (int i = 0; i < 8; ++i) f.cloud.answer(status, {}, body);
          const auto moved = f.door().transition(f.request());
          REQUIRE_FALSE(moved);
          const Error& error = moved.error();
          for (const std::string& text : {error.message(), error.server_message(), error.server_code(), error.describe()})
            CHECK(text.find(repeated) == std::string::npos);
        }
      }
    }
  }
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
