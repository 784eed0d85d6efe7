// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// What the real platform's model says of limits and causes, as the library hears it.
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/cloud/error_body.hpp>
#include <patchbay/cloud/rate_limit.hpp>
#include <patchbay/cloud/retry_after.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/protocol/pacer.hpp>

#include "support/catch.hpp"
#include "unit/testing/platform_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

const std::string conversation = "/api/v2/conversations/" + std::string(platform_call);

std::optional<Duration> wait_of(const HttpResponse& response) {
  const auto value = response.headers.find("Retry-After");
  return value ? parse_retry_after(*value, std::nullopt, WallTime{}) : std::nullopt;
}

PlatformOptions limited(unsigned requests) {
  PlatformOptions options;
  options.rate_limit = requests;
  return options;
}

}  // namespace

TEST_CASE("the platform's ordinary answers tell its limit", "[rate_limit][pacer]") {
  PlatformClient client(limited(3));
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(client.get(conversation) == 200);
    const auto limits = rate_limit_of(client.response.headers);
    REQUIRE(limits);
    CHECK(limits->allowed == 3);
    CHECK(limits->count == i);
    CHECK(limits->reset == seconds{60});
  }
  client.wait(seconds{20});
  REQUIRE(client.get(conversation) == 429);
  CHECK(rate_limit_of(client.response.headers)->reset == seconds{40});
  CHECK(wait_of(client.response) == Duration(seconds{40}));
}

TEST_CASE("a pacer that hears the platform's fields keeps a flood below its limit", "[rate_limit][pacer][L4]") {
  const bool known = GENERATE(true, false);  // whether the pacer was told the limit before
  PlatformClient client(limited(60));
  Pacer told(60, 1), untold;
  Pacer& pacer = known ? told : untold;
  int refused = 0, sent = 0;
  const SteadyTime end = client.now + std::chrono::minutes{10};
  while (client.now < end) {
    PacerTurn turn;
    Pacer::Answer answer = pacer.ask(turn, client.now, end);
    while (answer == Pacer::Answer::wait) {
      client.wait(turn.at() - client.now);
      answer = pacer.ask(turn, client.now, end);
    }
    if (answer != Pacer::Answer::go) break;
    const SteadyTime at = client.now;
    const int status = client.get(conversation);
    ++sent;
    refused += status == 429 ? 1 : 0;
    client.wait(milliseconds{50});
    turn.end();
    pacer.answered(client.now, at, status, status == 429 ? wait_of(client.response) : std::nullopt, rate_limit_of(client.response.headers));
  }
  CHECK(refused == 0);
  // And uses it: of ten windows of sixty, all but the margins.
  CHECK(sent >= 480);
  CHECK(sent <= 660);
}

TEST_CASE("the platform's refusals tell code, message and id, in both of its shapes", "[error_body][A34]") {
  PlatformClient client;
  JsonReader reader;
  ErrorBody told;
  REQUIRE(client.get("/api/v2/conversations/00000000-0000-4000-8000-00000000dead") == 404);
  REQUIRE(parse_error_body(client.response.body, reader, told));
  CHECK(told.code.find("not.found") != std::string::npos);
  CHECK_FALSE(told.message.empty());
  CHECK(told.context_id == client.header("inin-correlation-id"));
  client.token = "another";
  REQUIRE(client.get(conversation) == 401);
  REQUIRE(parse_error_body(client.response.body, reader, told));
  CHECK(told.code == "bad.credentials");
  REQUIRE(client.grant("grant_type=password", {{"Authorization", "Basic YTpi"}}) == 400);
  REQUIRE(parse_error_body(client.response.body, reader, told));
  CHECK(told.code == "unsupported_grant_type");
  CHECK_FALSE(told.message.empty());
  CHECK(told.context_id.empty());
}
