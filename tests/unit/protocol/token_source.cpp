// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/token_source.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>

#include "bench.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

constexpr SteadyTime start{std::chrono::hours{9}};

TokenSettings credentials() {
  return {.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")};
}

/// One operation that wants a token.
struct Asker {
  Turn ask(TokenSource& tokens, SteadyTime now, std::uint64_t stale = 0) {
    return tokens.ask(now, stale, waiter, ticket, authorization, generation, error);
  }
  Sleeper sleeper;
  Waiter waiter{sleeper};
  SingleFlight::Ticket ticket = 0;
  std::string authorization;
  std::uint64_t generation = 0;
  std::optional<Error> error;
};

void publish(TokenSource& tokens, SteadyTime requested, Duration lifetime, std::string text = "tok",
             double jitter = 0) {
  Asker leader;
  REQUIRE(leader.ask(tokens, requested, tokens.generation()) == Turn::lead);
  tokens.publish(Secret(std::move(text)), "a b", requested, lifetime, jitter);
}

}  // namespace

TEST_CASE("the first asker leads, the others wait, and all use what it brings", "[token][A12]") {
  TokenSource tokens(credentials());
  Asker leader, one, two;
  CHECK(leader.ask(tokens, start) == Turn::lead);
  CHECK(one.ask(tokens, start) == Turn::wait);
  CHECK(two.ask(tokens, start) == Turn::wait);
  tokens.publish(Secret("tok-1"), "a", start, seconds{100}, 0);
  for (Asker* each : {&leader, &one, &two}) {
    CHECK(each->ask(tokens, start + seconds{1}) == Turn::use);
    CHECK(each->authorization == "Bearer tok-1");
    CHECK(each->generation == 1);
  }
  CHECK(one.sleeper.wakes == 1);
  CHECK(leader.sleeper.wakes == 0);
  CHECK(tokens.granted_scope() == "a");
}

TEST_CASE("when the leader gives up for its own reason, one of those who wait takes over and the rest wait on",
          "[token][A12]") {
  TokenSource tokens(credentials());
  Asker leader, one, two;
  (void)leader.ask(tokens, start);
  (void)one.ask(tokens, start);
  (void)two.ask(tokens, start);
  tokens.abandon();
  CHECK(one.sleeper.wakes == 1);
  CHECK(two.sleeper.wakes == 1);
  CHECK(two.ask(tokens, start) == Turn::lead);
  Asker again;  // a waiter that was woken stands in the queue anew, with a new place
  again.ticket = one.ticket;
  CHECK(again.ask(tokens, start) == Turn::wait);
  CHECK_FALSE(again.error);
  tokens.publish(Secret("tok-1"), "", start, seconds{100}, 0);
  CHECK(again.ask(tokens, start) == Turn::use);
}

TEST_CASE("a failed refresh fails those who waited for it; the next to come tries anew", "[token][A12]") {
  TokenSource tokens(credentials());
  Asker leader, waiter, later;
  (void)leader.ask(tokens, start);
  (void)waiter.ask(tokens, start);
  tokens.fail_refresh(Error(ErrorCode::authentication_failed, "refused"));
  CHECK(waiter.ask(tokens, start) == Turn::failed);
  REQUIRE(waiter.error);
  CHECK(waiter.error->code() == ErrorCode::authentication_failed);
  CHECK(later.ask(tokens, start) == Turn::lead);
}

TEST_CASE("one that waited for a failed refresh uses a token that came in the meantime", "[token]") {
  TokenSource tokens(credentials());
  Asker leader, waiter;
  (void)leader.ask(tokens, start);
  (void)waiter.ask(tokens, start);
  tokens.fail_refresh(Error(ErrorCode::network, "gone"));
  publish(tokens, start, seconds{100});
  CHECK(waiter.ask(tokens, start) == Turn::use);
  CHECK_FALSE(waiter.error);
}

TEST_CASE("while a token is renewed early the present one serves, to its last moment and no longer",
          "[token][A12][A13]") {
  TokenSource tokens(credentials());
  publish(tokens, start, seconds{100}, "old");  // skew 10 s
  Asker before, leader, meanwhile, at_end;
  CHECK(before.ask(tokens, start + seconds{90} - milliseconds{1}) == Turn::use);
  CHECK(leader.ask(tokens, start + seconds{90}) == Turn::lead);
  CHECK(meanwhile.ask(tokens, start + seconds{100} - milliseconds{1}) == Turn::use);
  CHECK(meanwhile.authorization == "Bearer old");
  CHECK(at_end.ask(tokens, start + seconds{100}) == Turn::wait);
}

TEST_CASE("the skew is a tenth of the lifetime and at most a minute, doubled at most by the jitter",
          "[token][A12][A13]") {
  struct Row {
    Duration lifetime;
    double jitter;
    Duration renewed_at;
  };
  for (const Row& row :
       {Row{seconds{50}, 0, seconds{45}}, Row{seconds{3600}, 0, seconds{3540}}, Row{seconds{3600}, 0.5, seconds{3510}},
        Row{seconds{10}, 0.5, milliseconds{8500}}, Row{milliseconds{10}, 0, milliseconds{9}}}) {
    TokenSource tokens(credentials());
    publish(tokens, start, row.lifetime, "t", row.jitter);
    Asker early, due;
    CHECK(early.ask(tokens, start + row.renewed_at - Duration{1}) == Turn::use);
    CHECK(due.ask(tokens, start + row.renewed_at) == Turn::lead);
  }
}

TEST_CASE("a token that is due for renewal when its answer comes serves those who waited for it", "[token][A13]") {
  TokenSource tokens(credentials());
  Asker leader, waiter, later;
  REQUIRE(leader.ask(tokens, start) == Turn::lead);
  REQUIRE(waiter.ask(tokens, start) == Turn::wait);
  tokens.publish(Secret("short"), "", start, seconds{10}, 0);  // to be renewed from the ninth second on
  CHECK(leader.ask(tokens, start + milliseconds{9500}) == Turn::use);
  CHECK(waiter.ask(tokens, start + milliseconds{9500}) == Turn::use);
  CHECK(later.ask(tokens, start + milliseconds{9500}) == Turn::lead);
  Asker refused;
  refused.ticket = leader.ticket;
  CHECK(refused.ask(tokens, start + milliseconds{9500}, 1) == Turn::wait);  // not what the server has refused already
}

TEST_CASE("a lifetime beyond the clock's end lasts for ever", "[token]") {
  TokenSource tokens(credentials());
  publish(tokens, start, Duration::max());
  Asker asker;
  CHECK(asker.ask(tokens, start + std::chrono::hours{24 * 365 * 50}) == Turn::use);
}

TEST_CASE("a 401 kills the token that it was given to, and no other", "[token][A11]") {
  TokenSource tokens(credentials());
  publish(tokens, start, seconds{100}, "one");
  SECTION("its own") {
    tokens.invalidate(1);
    Asker asker;
    CHECK(asker.ask(tokens, start) == Turn::lead);
  }
  SECTION("an older or unknown one") {
    publish(tokens, start, seconds{100}, "two");
    for (const std::uint64_t other : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3}}) tokens.invalidate(other);
    Asker asker;
    CHECK(asker.ask(tokens, start) == Turn::use);
    CHECK(asker.authorization == "Bearer two");
  }
}

TEST_CASE("one whose token was refused takes a newer one that is there already, and never the same again",
          "[token][A11]") {
  TokenSource tokens(credentials());
  publish(tokens, start, seconds{100}, "one");
  Asker refused;
  CHECK(refused.ask(tokens, start, 1) == Turn::lead);  // valid in time, but stale for this asker
  Asker content;
  CHECK(content.ask(tokens, start) == Turn::use);
  tokens.publish(Secret("two"), "", start, seconds{100}, 0);
  CHECK(refused.ask(tokens, start, 1) == Turn::use);
  CHECK(refused.authorization == "Bearer two");
  CHECK(refused.generation == 2);
}

TEST_CASE("a renewal that failed is put off a little, never beyond the token's end", "[token][A12]") {
  TokenSource tokens(credentials());
  CHECK_FALSE(tokens.postpone(start, 0));  // there is none
  publish(tokens, start, seconds{100});
  Asker leader, next, then, dead;
  REQUIRE(leader.ask(tokens, start + seconds{92}) == Turn::lead);
  tokens.fail_refresh(Error(ErrorCode::network, "gone"));
  CHECK(tokens.postpone(start + seconds{92}, 0));
  CHECK(next.ask(tokens, start + seconds{97} - milliseconds{1}) == Turn::use);
  REQUIRE(then.ask(tokens, start + seconds{97}) == Turn::lead);
  tokens.abandon();
  CHECK(tokens.postpone(start + seconds{97}, 0));
  CHECK(next.ask(tokens, start + seconds{100} - milliseconds{1}) == Turn::use);
  CHECK(dead.ask(tokens, start + seconds{100}) == Turn::lead);
  CHECK_FALSE(tokens.postpone(start + seconds{100}, 0));
  CHECK_FALSE(tokens.postpone(start + seconds{92}, 1));  // stale for the asker
}

TEST_CASE("the short way to a token gives what the long way gives, at every moment of a token's life", "[token]") {
  for (const bool renewing : {false, true})
    for (const std::uint64_t stale : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}})
      for (int ms = 0; ms <= 110'000; ms += 500) {
        TokenSource tokens(credentials());
        publish(tokens, start, seconds{100}, "one");
        if (renewing) {
          Asker leader;
          REQUIRE(leader.ask(tokens, start + seconds{95}) == Turn::lead);
        }
        std::string authorization = "kept";
        std::uint64_t generation = 77;
        const SteadyTime now = start + milliseconds{ms};
        const bool used = tokens.try_use(now, stale, authorization, generation);
        Asker asker;
        REQUIRE(used == (asker.ask(tokens, now, stale) == Turn::use));
        REQUIRE(authorization == (used ? asker.authorization : "kept"));
        REQUIRE(generation == (used ? asker.generation : 77));
        tokens.forget(asker.waiter);
      }
}

TEST_CASE("one who stops waiting for a token is not touched any more", "[token]") {
  TokenSource tokens(credentials());
  Asker leader;
  (void)leader.ask(tokens, start);
  {
    Asker gone;
    (void)gone.ask(tokens, start);
    tokens.forget(gone.waiter);
  }
  tokens.publish(Secret("t"), "", start, seconds{100}, 0);  // the address sanitizer watches
  CHECK(tokens.generation() == 1);
}

TEST_CASE("scopes are compared as words", "[token][A15]") {
  CHECK_FALSE(missing_scope("", ""));
  CHECK_FALSE(missing_scope("a", ""));
  CHECK_FALSE(missing_scope("a b c", "c a"));
  CHECK_FALSE(missing_scope("  a   b ", " b  a  "));
  CHECK_FALSE(missing_scope("a a", "a a"));
  CHECK(missing_scope("", "a") == "a");
  CHECK(missing_scope("   ", "a") == "a");
  CHECK(missing_scope("ab", "a") == "a");
  CHECK(missing_scope("a", "ab") == "ab");
  CHECK(missing_scope("interaction:updates xinteraction:update", "interaction:update") == "interaction:update");
  CHECK(missing_scope("a c", "a b c d") == "b");  // the first
  CHECK(missing_scope("A", "a") == "a");          // RFC 6749 section 3.3: case matters
  CHECK(missing_scope("a\tb", "a") == "a");       // only the space separates
}

TEST_CASE("credentials that cannot work are known before anything is sent", "[token][A16][A17]") {
  const auto problem = [](auto change) {
    TokenSettings settings = credentials();
    change(settings);
    const TokenSource tokens(std::move(settings));
    return tokens.login() ? std::string() : tokens.login().error().message();
  };
  CHECK(problem([](TokenSettings&) {}).empty());
  CHECK(problem([](TokenSettings& s) { s.client_id.clear(); }) == "client_id: is empty");
  CHECK(problem([](TokenSettings& s) { s.client_secret = Secret(); }) == "client_secret: is empty");
  CHECK(problem([](TokenSettings& s) { s.login_url.clear(); }).starts_with("login_url"));
  CHECK(problem([](TokenSettings& s) { s.login_url = "undefined"; }).starts_with("login_url"));
  CHECK(problem([](TokenSettings& s) {
          s.login_url = "https://login.example.com/?a=b";
        }).starts_with("login_url: holds a query"));
  CHECK(problem([](TokenSettings& s) {
          s.login_url = "http://login.example.com";
        }).starts_with("login_url: credentials go only over https"));
  CHECK(problem([](TokenSettings& s) { s.login_url = "http://127.0.0.1:80"; }).empty());
  CHECK(problem([](TokenSettings& s) { s.login_url = "http://login.example.com", s.allow_plain_text = true; }).empty());
}
