// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("409 and 412 alike: another version at the same node is checked again and written with its own ETag", "[transition][A1][A2][A4]") {
  for (const int status : {409, 412}) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(status);
    f.interaction("2");
    f.cloud.answer(200);
    auto door = f.door();
    const auto moved = door.transition(f.request());
    REQUIRE(moved);
    const auto patches = f.requests("interaction.patch");
    REQUIRE(patches.size() == 2);
    CHECK(patches[0].header("If-Match") == "\"1\"");
    CHECK(patches[1].header("If-Match") == "\"2\"");
    CHECK(moved->etag_used == "\"2\"");
    CHECK(moved->attempts == 2);
    CHECK(door.metrics()[TransitionCount::conflicts] == 1);
    CHECK(door.metrics()[TransitionCount::succeeded] == 1);
    CHECK(f.cloud.left() == 0);
  }
}

TEST_CASE("an interaction that another writer moved is stale, and is not dragged back", "[transition][A2][I5]") {
  for (const int status : {409, 412}) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(status);
    f.interaction("2", "Support", "somebody-else");
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::stale_state);
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(moved.error().message() == "the interaction is at Support, not at MainMenu");
    CHECK(f.requests("interaction.patch").size() == 1);
    CHECK(f.cloud.overruns() == 0);
  }
}

TEST_CASE("a conflict under the same version is the cloud's own, and is not repeated", "[transition][A4]") {
  Fixture f;
  f.interaction("1");
  f.cloud.answer(409, {}, "attribute is locked");
  f.interaction("1");
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::conflict);
  CHECK(moved.error().http_status() == 409);
  CHECK(moved.error().outcome() == Outcome::not_applied);
  CHECK(moved.error().server_message() == "attribute is locked");
  CHECK(f.requests("interaction.patch").size() == 1);
  CHECK(f.clock.sleeps().empty());
}

TEST_CASE("an interaction that is elsewhere from the start is not written", "[transition][A25]") {
  Fixture f;
  f.interaction("1", "Support");
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::stale_state);
  CHECK(f.requests("interaction.patch").empty());
}

TEST_CASE("an interaction that names no node has nothing to compare with", "[transition]") {
  for (const char* more : {"", R"(,"customAttributes":null)", R"(,"customAttributes":{"flow_node":null})", R"(,"customAttributes":{})"}) {
    Fixture f;
    f.cloud.answer(200, {{"ETag", "\"1\""}}, R"({"id":")" + interaction_id + "\"" + more + "}");
    f.cloud.answer(200);
    CHECK(f.door().transition(f.request()));
  }
}

TEST_CASE("an answer that does not say which interaction it shows is not taken for one without a node", "[transition][I5]") {
  for (const char* body : {"{}", R"({"customAttributes":{}})", R"({"id":"","customAttributes":{"flow_node":"MainMenu"}})",
                           R"({"id":"550e8400-e29b-41d4-a716-446655440001","customAttributes":{"flow_node":"MainMenu"}})"}) {
    Fixture f;
    f.cloud.answer(200, {{"ETag", "\"1\""}}, body);
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::malformed_response);
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(f.requests("interaction.patch").empty());
  }
}

TEST_CASE("without a strong ETag nothing is written, and never under a star", "[transition][A3][I1]") {
  const std::vector<HeaderList> useless = {{},
                                           {{"ETag", "W/\"1\""}},
                                           {{"ETag", "*"}},
                                           {{"ETag", ""}},
                                           {{"ETag", "\"1"}},
                                           {{"ETag", "\"a\"b\""}},
                                           {{"ETag", "\"a\r\nX: y\""}},
                                           {{"ETag", "a, b"}}};
  for (const HeaderList& headers : useless) {
    Fixture f;
    f.cloud.answer(200, headers, Fixture::body("MainMenu"));
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::no_etag);
    CHECK(f.requests("interaction.patch").empty());
  }
}

TEST_CASE("an ETag in the body serves where there is no header", "[transition]") {
  Fixture f;
  f.cloud.answer(200, {}, R"({"id":")" + interaction_id + R"(","etag":"\"body-7\"","customAttributes":{"flow_node":"MainMenu"}})");
  f.cloud.answer(200);
  REQUIRE(f.door().transition(f.request()));
  CHECK(f.requests("interaction.patch")[0].header("If-Match") == "\"body-7\"");
}

TEST_CASE("a failed re-read is not taken for a licence to overwrite", "[transition][A3]") {
  for (const int status : {403, 404}) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(409).answer(status);
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
    CHECK(moved.error().http_status() == 409);
    CHECK(moved.error().message().find("the interaction could not be read: ") != std::string::npos);
    CHECK(moved.error().message().find(std::to_string(status)) != std::string::npos);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(f.requests("interaction.patch").size() == 1);
  }
}

TEST_CASE("writers that never rest end the operation after the configured number of conflicts", "[transition][A9][I8]") {
  Fixture f;
  f.settings.transition.max_conflicts = 3;
  f.interaction("0");
  int version = 0;
  f.cloud.answer(409);
  f.interaction(std::to_string(++version));
  f.cloud.answer(409);  // the first conflict is decided on at once
  f.interaction(std::to_string(++version));
  for (int i = 0; i < 2; ++i) {  // the others give way and look again
    f.interaction(std::to_string(++version));
    f.cloud.answer(412);
    f.interaction(std::to_string(++version));
  }
  const auto moved = f.door().transition(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::conflict);
  CHECK(moved.error().outcome() == Outcome::not_applied);
  CHECK(f.requests("interaction.patch").size() == 4);
  CHECK(f.clock.sleeps().size() == 2);
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("a reading of the version that a write was just refused for is old, and proves nothing", "[transition][A3][I4]") {
  Fixture f;
  const auto go = [&] { return f.door().transition(f.request()); };
  f.interaction("1");
  // A proxy has sent the write twice: the first copy was applied, the second one is what the answer is to.
  f.cloud.answer(412);
  f.interaction("1");  // from a replica that lags
  SECTION("until one shows who it was") {
    f.interaction("2", "BillingInquiry", first_id());
    const auto moved = go();
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
    CHECK(f.requests("interaction.patch").size() == 1);
  }
  SECTION("or that it was somebody else") {
    f.interaction("1");
    f.interaction("2", "Support", "x");
    const auto moved = go();
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::stale_state);
    CHECK(moved.error().outcome() == Outcome::not_applied);
  }
  SECTION("however often it is shown") {
    f.interaction("1");
    f.interaction("1");
    const auto moved = go();
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(moved.error().http_status() == 412);
    CHECK(f.clock.sleeps().size() == 2);
  }
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("rate limits and conflicts have budgets of their own", "[transition][A9]") {
  Fixture f;
  f.interaction("1");
  f.cloud.answer(429).answer(429).answer(429).answer(409);
  f.interaction("2");
  f.cloud.answer(429).answer(429).answer(429).answer(200);
  CHECK(f.door().transition(f.request()));
}

TEST_CASE("the client's conditions are asked again after a conflict", "[transition][A2][A25]") {
  Fixture f;
  bool open = true;
  f.settings.transition.reachability = Reachability::conditional;
  f.settings.transition.condition = [&](const ConditionalEdge& edge) { return edge.condition == "open" && open; };
  f.interaction("1");
  f.cloud.answer(409).then([&](const HttpRequest&) { open = false; });
  f.interaction("2");
  const auto moved = f.door().transition(TransitionRequest{interaction_id, flow_id, "MainMenu", "Support"});
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::not_reachable);
  CHECK(f.requests("interaction.patch").size() == 1);
}
