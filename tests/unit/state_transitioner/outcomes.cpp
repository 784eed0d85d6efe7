// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("a transition reads the interaction, locks with its ETag and writes the document's payload", "[transition][A34]") {
  Fixture f;
  f.interaction("41");
  f.cloud.answer(200, {{"ETag", "\"42\""}, {"inin-correlation-id", "srv-1"}}, "{}");
  auto door = f.door();
  const auto moved = door.transition(f.request()
                                         .text("customer_tier", "enterprise")
                                         .text("call_duration_seconds", "145")
                                         .text("requires_supervisor", "false")
                                         .text("routing_metadata", R"({"queue":"billing_team","priority":"high"})"));
  REQUIRE(moved);
  const auto patches = f.requests("interaction.patch");
  REQUIRE(patches.size() == 1);
  CHECK(patches[0].method == Method::patch);
  CHECK(patches[0].target == interaction_target);
  CHECK(patches[0].header("If-Match") == "\"41\"");
  CHECK(patches[0].header("Authorization") == "Bearer tok-1");
  CHECK(patches[0].header("Content-Type") == "application/json");
  CHECK(patches[0].body == R"({"customAttributes":{"ivr_state":"BillingInquiry","flow_node":"BillingInquiry","last_updated":"2026-01-01T00:00:00.000Z",)"
                           R"("transition_id":")" + first_id() + R"(","customer_tier":"enterprise","call_duration_seconds":145,)"
                           R"("requires_supervisor":false,"routing_metadata":{"queue":"billing_team","priority":"high"}}})");
  CHECK(moved->transition_id == first_id());
  CHECK(moved->interaction == interaction_id);
  CHECK(moved->etag_used == "\"41\"");
  CHECK(moved->etag == "\"42\"");
  CHECK(moved->http_status == 200);
  CHECK(moved->attempts == 1);
  CHECK(moved->resolved_by == ResolvedBy::answer);
  CHECK(moved->server_correlation_id == "srv-1");
  CHECK(moved->path.to_string() == "MainMenu -> Verify -> BillingInquiry");
  CHECK(moved->webhook == WebhookStatus::none);
  CHECK(f.cloud.left() == 0);
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("any 2xx is success, with or without a body", "[transition]") {
  for (const int status : {200, 201, 202, 204}) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(status);
    CHECK(f.door().transition(f.request()));
  }
}

TEST_CASE("a 2xx that echoes our id is ours, and one that echoes another id is looked into", "[transition][A34]") {
  Fixture f;
  SECTION("ours") {
    f.interaction("1");
    f.cloud.answer(200, {}, R"({"customAttributes":{"transition_id":")" + first_id() + "\"}}");
    CHECK(f.door().transition(f.request()));
  }
  SECTION("another's, and the interaction carries ours: applied") {
    f.interaction("1");
    f.cloud.answer(200, {}, R"({"customAttributes":{"transition_id":"somebody-else"}})");
    f.interaction("2", "BillingInquiry", first_id());
    const auto moved = f.door().transition(f.request());
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
  }
  SECTION("another's, and the interaction carries that: nobody knows") {
    f.interaction("1");
    f.cloud.answer(200, {}, R"({"customAttributes":{"transition_id":"somebody-else"}})");
    f.interaction("2", "BillingInquiry", "somebody-else");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
  }
  SECTION("a body that is no JSON object proves nothing: a captive page, for example") {
    f.interaction("1");
    f.cloud.answer(200, {}, "<html>welcome</html>");
    f.interaction("1");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
  }
}

TEST_CASE("a lost answer is resolved by reading the interaction, never guessed", "[transition][A6][I4]") {
  Fixture f;
  f.settings.random = std::make_shared<RandomSource>(7);
  const auto lose_all_answers = [&] {
    f.interaction("1");
    for (int i = 0; i < 4; ++i) f.cloud.fail(TransportFault::reset, Delivery::maybe_sent);
  };
  SECTION("our id is there: applied, once") {
    lose_all_answers();
    f.interaction("2", "BillingInquiry", first_id());
    const auto moved = f.door().transition(f.request());
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
    CHECK(moved->attempts == 4);
  }
  SECTION("the version stands still: the write may still come") {
    lose_all_answers();
    f.interaction("1");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
    CHECK(moved.error().outcome() == Outcome::unknown);
  }
  SECTION("the same node by another writer is no proof") {
    lose_all_answers();
    f.interaction("2", "BillingInquiry", "somebody-else");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
  }
  SECTION("the version moved on under the id that it had: not applied, and it cannot be any more") {
    lose_all_answers();
    f.interaction("2", "Verify");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::network);
    CHECK(moved.error().outcome() == Outcome::not_applied);
  }
  SECTION("the reading fails as well: unknown") {
    lose_all_answers();
    for (int i = 0; i < 4; ++i) f.cloud.answer(503);
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
  }
  SECTION("the interaction comes back without an ETag: unknown") {
    lose_all_answers();
    f.cloud.answer(200, {}, Fixture::body("Verify"));
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
  }
  CHECK(f.cloud.left() == 0);
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("a write is repeated with the same ETag only, so that it is applied at most once", "[transition][A2][A5][I3]") {
  Fixture f;
  f.interaction("1");
  f.cloud.fail(TransportFault::timed_out, Delivery::maybe_sent).answer(503).answer(500).answer(200);
  const auto moved = f.door().transition(f.request());
  REQUIRE(moved);
  const auto patches = f.requests("interaction.patch");
  REQUIRE(patches.size() == 4);
  for (const auto& patch : patches) {
    CHECK(patch.header("If-Match") == "\"1\"");
    CHECK(patch.body == patches[0].body);
  }
}

TEST_CASE("a write that was applied although its answer was lost is found on the conflict of its repetition", "[transition][A6]") {
  for (const int status : {409, 412}) {
    Fixture f;
    f.interaction("1");
    f.cloud.fail(TransportFault::reset, Delivery::maybe_sent).answer(status);
    f.interaction("2", "BillingInquiry", first_id());
    const auto moved = f.door().transition(f.request());
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
    CHECK(moved->attempts == 2);
  }
}

TEST_CASE("a refusal for another version proves nothing while the interaction cannot be read", "[transition][A5][A6][I4]") {
  for (const int status : {409, 412}) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(status);  // maybe to the second copy of our own write
    f.cloud.answer(404);
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(moved.error().http_status() == status);
    CHECK(f.requests("interaction.patch").size() == 1);
    CHECK(f.cloud.left() == 0);
  }
}

TEST_CASE("a request that provably was not sent leaves no doubt", "[transition][A5]") {
  Fixture f;
  f.interaction("1");
  for (int i = 0; i < 4; ++i) f.cloud.fail(TransportFault::connect, Delivery::not_sent);
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::network);
  CHECK(moved.error().outcome() == Outcome::not_applied);
  CHECK(f.requests("interaction.get").size() == 1);
}

TEST_CASE("an answer that breaks off, is too large or is no HTTP leaves the write in doubt until it is read", "[transition][A5][A33]") {
  for (const auto fault : {TransportFault::too_large, TransportFault::malformed, TransportFault::tls}) {
    Fixture f;
    f.interaction("1");
    f.cloud.fail(fault, Delivery::maybe_sent);
    f.interaction("2", "BillingInquiry", first_id());
    CHECK(f.door().transition(f.request()));
    CHECK(f.cloud.left() == 0);
  }
}

TEST_CASE("refusals are final, typed, and carry what the server said", "[transition][A4][A10]") {
  const std::pair<int, ErrorCode> refusals[] = {{400, ErrorCode::unexpected_status}, {403, ErrorCode::forbidden},
                                                {404, ErrorCode::not_found},         {422, ErrorCode::unprocessable},
                                                {428, ErrorCode::precondition_required}, {301, ErrorCode::unexpected_status},
                                                {307, ErrorCode::unexpected_status}, {501, ErrorCode::unexpected_status}};
  for (const auto& [status, code] : refusals) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(status, {{"Location", "https://elsewhere.example"}, {"inin-correlation-id", "srv-9"}}, "no: 409 is not the reason\n");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    INFO(status);
    CHECK(moved.error().code() == code);
    CHECK(moved.error().http_status() == status);
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(moved.error().attempts() == 1);
    CHECK(moved.error().interaction() == interaction_id);
    CHECK(moved.error().server_correlation_id() == "srv-9");
    CHECK(moved.error().server_message().find("no: 409") == 0);
    CHECK(f.cloud.left() == 0);
    CHECK(f.cloud.overruns() == 0);
  }
}

TEST_CASE("a refusal after a lost answer does not pretend that nothing happened", "[transition][A6]") {
  Fixture f;
  f.interaction("1");
  f.cloud.fail(TransportFault::reset, Delivery::maybe_sent).answer(403);
  f.interaction("1");
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().outcome() == Outcome::unknown);
  CHECK(moved.error().http_status() == 403);
}

TEST_CASE("attempts end with the last cause, its count, and no sleep after the last", "[transition][A9][A10]") {
  Fixture f;
  f.interaction("1");
  for (int i = 0; i < 4; ++i) f.cloud.answer(429);
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::rate_limited);
  CHECK(moved.error().http_status() == 429);
  CHECK(moved.error().attempts() == 4);
  CHECK(moved.error().outcome() == Outcome::not_applied);
  CHECK(moved.error().message().find("after 4 attempts") != std::string::npos);
  CHECK(f.clock.sleeps().size() == 3);
}
