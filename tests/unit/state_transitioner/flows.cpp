// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

std::string definition(std::string_view version, std::string_view nodes = R"({"id":"MainMenu","transitions":[{"targetId":"BillingInquiry"}]},{"id":"BillingInquiry"})") {
  return "{\"id\":\"" + flow_id + "\",\"version\":\"" + std::string(version) + "\",\"nodes\":[" + std::string(nodes) + "]}";
}

/// A door whose flow requests are scripted, with a valid token.
struct Scripted {
  Scripted() {
    ScriptedTransport fresh(f.clock);
    fresh.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"t","expires_in":360000})");
    fresh.when(Method::get, interaction_target, 200, {{"ETag", "\"1\""}}, Fixture::body("MainMenu"));
    fresh.when(Method::patch, interaction_target, 200);
    f.cloud = fresh;
  }
  Fixture f;
};

}  // namespace

TEST_CASE("a flow is fetched once and serves until its time is over", "[flows][A26]") {
  Scripted s;
  s.f.settings.flows = std::make_shared<FlowCache>(seconds{60});
  auto door = s.f.door();
  s.f.cloud.answer(200, {{"ETag", "\"f1\""}}, definition("1"));
  REQUIRE(door.transition(s.f.request()));
  s.f.clock.advance(seconds{59});
  REQUIRE(door.transition(s.f.request()));
  CHECK(s.f.requests("flow.get").size() == 1);
  CHECK(door.metrics()[TransitionCount::flow_cache_hits] == 1);
  CHECK(door.metrics()[TransitionCount::flow_cache_misses] == 1);
  s.f.clock.advance(seconds{1});
  SECTION("and is then asked for with its ETag") {
    s.f.cloud.answer(304);
    REQUIRE(door.transition(s.f.request()));
    CHECK(s.f.requests("flow.get").at(1).header("If-None-Match") == "\"f1\"");
    REQUIRE(door.transition(s.f.request()));
    CHECK(s.f.requests("flow.get").size() == 2);
  }
  SECTION("and a new version replaces it, and is recorded") {
    s.f.cloud.answer(200, {}, definition("2"));
    REQUIRE(door.transition(s.f.request()));
    const auto audit = door.audit_log();
    CHECK(audit.front().flow_version == "1");
    CHECK(audit.back().flow_version == "2");
  }
}

TEST_CASE("a pinned version is served whatever its age, and another one is refused", "[flows][A26]") {
  Scripted s;
  auto door = s.f.door();
  s.f.cloud.answer(200, {}, definition("1"));
  REQUIRE(door.transition(s.f.request().flow_version("1")));
  s.f.clock.advance(seconds{120});
  REQUIRE(door.transition(s.f.request().flow_version("1")));
  CHECK(s.f.requests("flow.get").size() == 1);
  s.f.cloud.answer(200, {}, definition("2"));
  REQUIRE(door.transition(s.f.request()));
  REQUIRE(door.transition(s.f.request().flow_version("1")));  // still known
  const auto moved = door.transition(s.f.request().flow_version("9"));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::stale_state);
}

TEST_CASE("hostile and malformed flows are typed errors, and are not kept", "[flows][A27]") {
  for (const std::string& body :
       {std::string(), std::string("<html>"), std::string("{}"), std::string(R"({"nodes":null})"), std::string(R"({"nodes":5})"),
        definition("1", R"({"id":"A"},{"id":"A"})"), definition("1", R"({"type":"menu"})"), definition("1", R"({"id":"A","transitions":5})"),
        std::string(R"({"id":"another","nodes":[]})"), std::string(3000, '[') + std::string(3000, ']'), std::string("{\"nodes\":[{\"id\":\"\xff\"}]}"),
        definition("1").substr(0, 60)}) {
    Scripted s;
    auto door = s.f.door();
    s.f.cloud.answer(200, {}, body);
    const auto moved = door.transition(s.f.request());
    INFO(body.substr(0, 80));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::flow_malformed);
    CHECK(s.f.requests("interaction.get").empty());
    s.f.cloud.answer(200, {}, definition("1"));
    CHECK(door.transition(s.f.request()));
  }
}

TEST_CASE("a flow that cannot be read is reported with the reason", "[flows][A5]") {
  Scripted s;
  auto door = s.f.door();
  s.f.cloud.answer(404);
  CHECK(door.transition(s.f.request()).error().code() == ErrorCode::not_found);
  s.f.cloud.answer(503).fail(TransportFault::reset, Delivery::maybe_sent).answer(429).answer(200, {}, definition("1"));
  CHECK(door.transition(s.f.request()));
  CHECK(s.f.cloud.left() == 0);
}

TEST_CASE("the door answers questions about flows without touching an interaction", "[flows]") {
  Scripted s;
  auto door = s.f.door();
  s.f.cloud.answer(200, {}, definition("4"));
  const auto flow = door.flow(flow_id);
  REQUIRE(flow);
  CHECK((*flow)->version() == "4");
  const auto path = door.path(flow_id, "MainMenu", "BillingInquiry");
  REQUIRE(path);
  CHECK(path->to_string() == "MainMenu -> BillingInquiry");
  CHECK(door.path(flow_id, "BillingInquiry", "MainMenu").error().code() == ErrorCode::not_reachable);
  CHECK(s.f.requests("flow.get").size() == 1);
  CHECK(s.f.requests("interaction.get").empty());
}

TEST_CASE("the cache keeps its bound", "[flows][I20]") {
  Scripted s;
  s.f.settings.flows = std::make_shared<FlowCache>(std::chrono::hours{1}, 2);
  auto door = s.f.door();
  for (const char* id : {"a", "b", "c", "a", "c"}) {
    s.f.cloud.when(Method::get, std::string("/api/v2/flows/") + id, 200, {}, std::string("{\"id\":\"") + id + "\",\"nodes\":[]}");
    REQUIRE(door.flow(id));
  }
  CHECK(s.f.requests("flow.get").size() == 4);  // a, b, c, a again; c was still there
}
