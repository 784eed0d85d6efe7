// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <stdexcept>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

struct Hooked : Fixture {
  Hooked() { settings.transition.webhook.url = "https://crm.example.com/hooks/genesys?team=7"; }
};

}  // namespace

TEST_CASE("the CRM is told of a success, with the transition's id and the variables as written", "[webhook][A31]") {
  Hooked f;
  f.interaction("1");
  f.cloud.answer(200).answer(204);
  const auto moved = f.door().transition(f.request().text("call_duration_seconds", "145").text("requires_supervisor", "1"));
  REQUIRE(moved);
  CHECK(moved->webhook == WebhookStatus::delivered);
  CHECK_FALSE(moved->webhook_error);
  const RecordedRequest post = f.requests("webhook.post").at(0);
  CHECK(post.origin == "https://crm.example.com");
  CHECK(post.target == "/hooks/genesys?team=7");
  CHECK(post.header("Content-Type") == "application/json");
  CHECK_FALSE(post.header("Authorization"));
  CHECK(post.body == "{\"eventId\":\"" + moved->transition_id + "\",\"interactionId\":\"" + interaction_id +
                         R"(","previousState":"MainMenu","newState":"BillingInquiry","variables":{"call_duration_seconds":145,"requires_supervisor":true},)"
                         R"("timestamp":"2026-01-01T00:00:00.000Z"})");
}

TEST_CASE("a delivery is signed when the client says how, and not sent when that fails", "[webhook][A31][I25]") {
  Hooked f;
  f.interaction("1");
  f.cloud.answer(200);
  SECTION("signed, over the very body that is sent") {
    f.settings.transition.webhook.sign = [](std::string_view body) { return "size=" + std::to_string(body.size()); };
    f.cloud.answer(204);
    REQUIRE(f.door().transition(f.request()));
    const RecordedRequest post = f.requests("webhook.post").at(0);
    CHECK(post.header("X-Signature") == "size=" + std::to_string(post.body.size()));
  }
  SECTION("a signer that throws") {
    f.settings.transition.webhook.sign = [](std::string_view) -> std::string { throw std::runtime_error("no key today"); };
    const auto moved = f.door().transition(f.request());
    REQUIRE(moved);
    CHECK(moved->webhook == WebhookStatus::failed);
    CHECK(f.requests("webhook.post").empty());
  }
  SECTION("a signature that would break out of its header") {
    f.settings.transition.webhook.sign = [](std::string_view) { return std::string("x\r\nEvil: 1"); };
    const auto moved = f.door().transition(f.request());
    REQUIRE(moved);
    CHECK(moved->webhook == WebhookStatus::failed);
    CHECK(f.requests("webhook.post").empty());
  }
}

TEST_CASE("only 2xx is delivered; what can pass is tried again, with the same event", "[webhook][A30]") {
  Hooked f;
  f.interaction("1");
  f.cloud.answer(200).answer(503).fail(TransportFault::reset, Delivery::maybe_sent).answer(200);
  auto door = f.door();
  const auto moved = door.transition(f.request());
  REQUIRE(moved);
  CHECK(moved->webhook == WebhookStatus::delivered);
  const auto posts = f.requests("webhook.post");
  REQUIRE(posts.size() == 3);
  CHECK(posts[0].body == posts[2].body);
  CHECK(door.metrics()[TransitionCount::webhooks_delivered] == 1);
}

TEST_CASE("a webhook that fails changes nothing but its own report", "[webhook][A30]") {
  for (const int status : {400, 404, 410, 301, 500}) {
    Hooked f;
    f.interaction("1");
    f.cloud.answer(200);
    for (int i = 0; i < (status == 500 ? 3 : 1); ++i) f.cloud.answer(status);
    auto door = f.door();
    const auto moved = door.transition(f.request());
    REQUIRE(moved);
    CHECK(moved->webhook == WebhookStatus::failed);
    REQUIRE(moved->webhook_error);
    CHECK(moved->webhook_error->http_status() == status);
    CHECK(moved->http_status == 200);
    CHECK(door.metrics()[TransitionCount::webhooks_failed] == 1);
    CHECK(door.metrics()[TransitionCount::succeeded] == 1);
    CHECK(f.cloud.left() == 0);
  }
}

TEST_CASE("an attempt takes at most 5 s and all of them at most 15 s, within the deadline", "[webhook][A30][I7]") {
  Hooked f;
  f.settings.deadline = seconds{60};
  f.settings.transition.webhook.max_attempts = 100;
  f.interaction("1");
  f.cloud.answer(200);
  for (int i = 0; i < 10; ++i) f.cloud.fail(TransportFault::timed_out, Delivery::maybe_sent);
  SECTION("15 s") {
    const SteadyTime start = f.clock.steady_now();
    REQUIRE(f.door().transition(f.request()));
    CHECK(f.clock.steady_now() - start <= seconds{15});
    for (const RecordedRequest& post : f.requests("webhook.post")) CHECK(post.deadline - post.at <= seconds{5});
  }
  SECTION("the operation's deadline") {
    const SteadyTime start = f.clock.steady_now();
    REQUIRE(f.door().transition(f.request().deadline(seconds{6})));
    CHECK(f.clock.steady_now() - start <= seconds{6});
  }
}

TEST_CASE("nobody is told of a failure, and nobody at all without an address", "[webhook][A17][I17]") {
  Hooked f;
  f.interaction("1");
  f.cloud.answer(422);
  CHECK_FALSE(f.door().transition(f.request()));
  CHECK(f.requests("webhook.post").empty());
  Fixture quiet;
  quiet.interaction("1");
  quiet.cloud.answer(200);
  REQUIRE(quiet.door().transition(quiet.request()));
  CHECK(quiet.requests("webhook.post").empty());
}
