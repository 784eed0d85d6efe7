// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/scripted_transport.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

const Endpoint& endpoint() {
  static const Endpoint one = *Endpoint::parse("https://cloud.example:8443", "base_url");
  return one;
}

struct Exchange {
  ManualClock clock;
  ScriptedTransport transport{clock};
  HttpResponse response;

  TransportResult<void> get(std::string_view target, Duration budget = seconds{10}) {
    return transport.send(HttpRequest(Method::get, endpoint(), target), response, clock.steady_now() + budget);
  }
};

}  // namespace

TEST_CASE("a script answers in order, and its end is loud", "[testing][script]") {
  Exchange exchange;
  exchange.transport.answer(200, {{"ETag", "\"1\""}}, "first").answer(503);
  REQUIRE(exchange.get("/a"));
  CHECK(exchange.response.status == 200);
  CHECK(exchange.response.headers.find("etag") == "\"1\"");
  CHECK(exchange.response.body.view() == "first");
  CHECK(exchange.transport.left() == 1);
  REQUIRE(exchange.get("/b"));
  CHECK(exchange.response.status == 503);
  CHECK(exchange.response.headers.size() == 0);
  CHECK(exchange.response.body.empty());
  CHECK(exchange.transport.overruns() == 0);

  const auto beyond = exchange.get("/c");
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().fault == TransportFault::reset);
  CHECK(beyond.error().delivery == Delivery::not_sent);
  CHECK(beyond.error().detail.find("script") != std::string::npos);
  CHECK(exchange.response.status == 0);
  CHECK(exchange.transport.overruns() == 1);
}

TEST_CASE("requests are recorded whole, for a handle that the test kept", "[testing][script]") {
  ManualClock clock;
  ScriptedTransport kept(clock);
  kept.answer(200);
  ScriptedTransport given = kept;
  HttpResponse response;
  std::string body = "{\"a\":1}";
  const HeaderView headers[] = {{"If-Match", "\"7\""}, {"Authorization", "Bearer t"}};
  HttpRequest request(Method::patch, endpoint(), "/api/v2/interactions/x?y=z");
  request.headers = headers;
  request.body = body;
  request.name = "interaction.patch";
  REQUIRE(given.send(request, response, clock.steady_now() + seconds{3}));
  body.assign("overwritten");

  REQUIRE(kept.requests().size() == 1);
  const RecordedRequest seen = kept.request(0);
  CHECK(seen.method == Method::patch);
  CHECK(seen.origin == "https://cloud.example:8443");
  CHECK(seen.target == "/api/v2/interactions/x?y=z");
  CHECK(seen.name == "interaction.patch");
  CHECK(seen.header("if-match") == "\"7\"");
  CHECK_FALSE(seen.header("If-None-Match"));
  CHECK(seen.body == "{\"a\":1}");
  CHECK(seen.deadline - seen.at == seconds{3});
  CHECK(kept.last_request().target == seen.target);
  CHECK(kept.request(1).target.empty());
}

TEST_CASE("an exchange takes virtual time, and never more than its deadline", "[testing][script]") {
  Exchange exchange;
  const SteadyTime begin = exchange.clock.steady_now();
  exchange.transport.answer(200).take(milliseconds{40});
  exchange.transport.answer(200).take(seconds{11});
  exchange.transport.fail(TransportFault::timed_out, Delivery::maybe_sent);
  exchange.transport.fail(TransportFault::connect, Delivery::not_sent).take(milliseconds{5});
  REQUIRE(exchange.get("/"));
  CHECK(exchange.clock.steady_now() - begin == milliseconds{40});

  const auto late = exchange.get("/");
  REQUIRE_FALSE(late);
  CHECK(late.error().fault == TransportFault::timed_out);
  CHECK(late.error().delivery == Delivery::maybe_sent);
  CHECK(exchange.clock.steady_now() - begin == milliseconds{40} + seconds{10});

  const auto lost = exchange.get("/", seconds{2});
  REQUIRE_FALSE(lost);
  CHECK(lost.error().fault == TransportFault::timed_out);
  CHECK(exchange.clock.steady_now() - begin == milliseconds{40} + seconds{12});

  const auto refused = exchange.get("/");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == TransportFault::connect);
  CHECK(refused.error().delivery == Delivery::not_sent);
  CHECK(exchange.clock.steady_now() - begin == milliseconds{45} + seconds{12});
  CHECK(exchange.clock.sleeps().empty());
}

TEST_CASE("a request behind its deadline is not sent and uses up nothing", "[testing][script]") {
  Exchange exchange;
  exchange.transport.answer(200);
  const auto late = exchange.get("/", Duration::zero());
  REQUIRE_FALSE(late);
  CHECK(late.error().fault == TransportFault::timed_out);
  CHECK(late.error().delivery == Delivery::not_sent);
  CHECK(exchange.transport.request_count() == 0);
  CHECK(exchange.transport.left() == 1);
}

TEST_CASE("an answer beyond the request's limit is too large", "[testing][script]") {
  Exchange exchange;
  exchange.transport.answer(200, {}, "12345").answer(200, {}, "12345");
  HttpRequest request(Method::get, endpoint(), "/");
  request.max_body = 5;
  REQUIRE(exchange.transport.send(request, exchange.response, never));
  request.max_body = 4;
  const auto beyond = exchange.transport.send(request, exchange.response, never);
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().fault == TransportFault::too_large);
  CHECK(exchange.response.body.empty());
}

TEST_CASE("a callback sees the request before it is answered, and may go on with the script", "[testing][script]") {
  Exchange exchange;
  std::string seen;
  exchange.transport.answer(200).then([&](const HttpRequest& request) {
    seen = request.target;
    exchange.transport.answer(201);
  });
  REQUIRE(exchange.get("/first"));
  CHECK(seen == "/first");
  CHECK(exchange.response.status == 200);
  REQUIRE(exchange.get("/second"));
  CHECK(exchange.response.status == 201);
  CHECK(exchange.transport.overruns() == 0);
}

TEST_CASE("what is said of a last step that is not there is loud", "[testing][script]") {
  ScriptedTransport transport;
  transport.take(seconds{1});
  CHECK(transport.overruns() == 1);
}

TEST_CASE("a route answers every request that it matches, before the script", "[testing][script]") {
  Exchange exchange;
  exchange.transport.when(Method::get, "/token", 200, {}, "first").answer(404);
  exchange.transport.when(Method::get, "/token", 200, {{"A", "b"}}, "second");
  for (int i = 0; i < 3; ++i) {
    REQUIRE(exchange.get("/token"));
    CHECK(exchange.response.body.view() == "second");
    CHECK(exchange.response.headers.find("a") == "b");
  }
  REQUIRE(exchange.get("/other"));
  CHECK(exchange.response.status == 404);
  CHECK(exchange.transport.request_count() == 4);
  exchange.transport.keep_requests(false);
  REQUIRE(exchange.get("/token"));
  CHECK(exchange.transport.requests().size() == 4);
  CHECK(exchange.transport.request_count() == 5);
}

TEST_CASE("openings are scripted like exchanges", "[testing][script][channel]") {
  ManualClock clock;
  ScriptedTransport transport(clock);
  HttpResponse refusal;
  transport.refuse(401, {{"WWW-Authenticate", "Bearer"}}, "no").fail_open(TransportFault::connect);
  ChannelPeer peer = transport.accept();
  const HeaderView headers[] = {{"Authorization", "Bearer t"}};
  ChannelRequest request(endpoint(), "/api/v2/interactions");
  request.headers = headers;

  const auto refused = transport.open(request, refusal, never);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == TransportFault::upgrade_refused);
  CHECK(refusal.status == 401);
  CHECK(refusal.headers.find("www-authenticate") == "Bearer");
  const auto failed = transport.open(request, refusal, never);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().fault == TransportFault::connect);
  CHECK(refusal.status == 0);
  CHECK_FALSE(peer.is_open());
  auto opened = transport.open(request, refusal, never);
  REQUIRE(opened);
  CHECK(peer.is_open());
  const auto beyond = transport.open(request, refusal, never);
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().fault == TransportFault::reset);
  CHECK(transport.overruns() == 1);
  REQUIRE(transport.openings().size() == 4);
  CHECK(transport.openings()[2].header("authorization") == "Bearer t");
  CHECK(transport.openings()[2].target == "/api/v2/interactions");
}
