// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Transitions that start from a remembered version: one request when it holds, and never more than a refused write when
// it does not.
#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A fixture whose doors remember, with an interaction that goes round in circles.
class WarmFixture : public Fixture {
 public:
  WarmFixture() {
    flow(R"({"id":"A","transitions":[{"targetId":"B"}]},{"id":"B","transitions":[{"targetId":"A"},{"targetId":"C"}]},{"id":"C"})");
    settings.transition.remember = memory;
  }
  static TransitionRequest move(const char* from, const char* to) { return TransitionRequest{interaction_id, flow_id, from, to}; }
  /// The answer to a write under which the interaction has `etag` from now on.
  void written(std::string_view etag) { cloud.answer(200, {{"ETag", quoted(etag)}}); }
  static std::string quoted(std::string_view etag) { return '"' + std::string(etag) + '"'; }

  /// Moves the interaction from A to B, where it has version 2; the id of that write.
  template <class Door>
  std::string warm_up(Door& door) {
    interaction("1", "A");
    written("2");
    const auto moved = door.transition(move("A", "B"));
    REQUIRE(moved);
    CHECK_FALSE(moved->warm);
    return moved->transition_id;
  }
  [[nodiscard]] std::size_t interaction_requests() const {
    return requests("interaction.get").size() + requests("interaction.patch").size();
  }

  std::shared_ptr<InteractionMemory> memory = std::make_shared<InteractionMemory>(8, seconds{60});
};

}  // namespace

TEST_CASE("a transition from where the last one led takes one request", "[transition][warm][I1]") {
  WarmFixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(door);
  const std::size_t before = f.cloud.requests().size();
  for (int i = 0; i < 5; ++i) {
    f.written(std::to_string(3 + i));
    const auto moved = i % 2 == 0 ? door.transition(f.move("B", "A")) : door.transition(f.move("A", "B"));
    REQUIRE(moved);
    CHECK(moved->warm);
    CHECK(moved->attempts == 1);
    CHECK(moved->etag_used == f.quoted(std::to_string(2 + i)));
    CHECK(moved->etag == f.quoted(std::to_string(3 + i)));
  }
  CHECK(f.cloud.requests().size() == before + 5);
  CHECK(f.requests("interaction.get").size() == 1);
  CHECK(door.metrics()[TransitionCount::warm_writes] == 5);
  CHECK(door.metrics()[TransitionCount::warm_conflicts] == 0);
  const auto audit = door.audit_log();
  REQUIRE(audit.size() == 12);
  for (const AuditRecord& record : audit) CHECK(record.warm == (record.sequence > 2));
  std::string json;
  append_json(audit.back(), json);
  CHECK(json.find("\"warm\":true") != std::string::npos);
  json.clear();
  append_json(audit.front(), json);
  CHECK(json.find("warm") == std::string::npos);
}

TEST_CASE("without the setting every transition reads first", "[transition][warm]") {
  WarmFixture f;
  f.settings.transition.remember = nullptr;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(door);
  f.interaction("2", "B");
  f.written("3");
  const auto moved = door.transition(f.move("B", "A"));
  REQUIRE(moved);
  CHECK_FALSE(moved->warm);
  CHECK(f.interaction_requests() == 4);
}

TEST_CASE("a remembered version that has passed costs one refused write, and counts for no conflict", "[transition][warm][A2][I5]") {
  const int status = GENERATE(409, 412);
  WarmFixture f;
  f.settings.transition.max_conflicts = 0;  // not even one of those would be forgiven
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  const std::string first = f.warm_up(door);
  f.cloud.answer(status);
  SECTION("the interaction is where it was: written with what was read") {
    f.interaction("7", "B", first);
    f.written("8");
    const auto moved = door.transition(f.move("B", "A"));
    REQUIRE(moved);
    CHECK_FALSE(moved->warm);
    CHECK(moved->attempts == 2);
    CHECK(moved->etag_used == "\"7\"");
    CHECK(door.metrics()[TransitionCount::warm_conflicts] == 1);
    CHECK(door.audit_log()[2].warm);        // the refused write
    CHECK_FALSE(door.audit_log()[3].warm);  // the one that did it
    f.written("9");
    const auto next = door.transition(f.move("A", "B"));
    REQUIRE(next);
    CHECK(next->warm);
    CHECK(next->etag_used == "\"8\"");
  }
  SECTION("another writer moved it: it is not dragged back") {
    f.interaction("7", "C", "somebody-else");
    const auto moved = door.transition(f.move("B", "A"));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::stale_state);
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(f.requests("interaction.patch").size() == 2);
  }
  SECTION("the version is still that one: a 409 is the cloud's own, known by a reading, and a 412 has readings that are old") {
    const bool outdated = status == 412;
    for (int reading = 0; reading < (outdated ? 3 : 1); ++reading) f.interaction("2", "B", first);
    const auto moved = door.transition(f.move("B", "A"));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == (outdated ? ErrorCode::outcome_unknown : ErrorCode::conflict));
    CHECK(moved.error().outcome() == (outdated ? Outcome::unknown : Outcome::not_applied));
    CHECK(f.memory->size() == 0);
  }
  SECTION("the reading fails: nothing is known, and nothing is remembered") {
    f.cloud.answer(404);
    const auto moved = door.transition(f.move("B", "A"));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(f.memory->size() == 0);
  }
  CHECK(f.cloud.left() == 0);
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("a move from another node than the remembered one reads first, and is judged by what it reads", "[transition][warm][A25]") {
  WarmFixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(door);
  SECTION("somebody has moved the interaction there") {
    f.interaction("5", "A");
    f.written("6");
    const auto moved = door.transition(f.move("A", "B"));
    REQUIRE(moved);
    CHECK_FALSE(moved->warm);
    CHECK(moved->etag_used == "\"5\"");
  }
  SECTION("nobody has: stale, and what was read serves the next transition") {
    f.interaction("2", "B");
    const auto stale = door.transition(f.move("A", "B"));
    REQUIRE_FALSE(stale);
    CHECK(stale.error().code() == ErrorCode::stale_state);
    f.written("3");
    const auto moved = door.transition(f.move("B", "A"));
    REQUIRE(moved);
    CHECK(moved->warm);
    CHECK(moved->etag_used == "\"2\"");
  }
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("a stale answer about an interaction that is over, or cannot be locked, is not remembered", "[transition][warm][A3]") {
  const auto stale_at = [](const HeaderList& headers, const std::string& body) {
    WarmFixture f;
    StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
    f.warm_up(door);
    f.cloud.answer(200, headers, body);
    CHECK_FALSE(door.transition(f.move("A", "B")));
    return f.memory->size();
  };
  CHECK(stale_at({{"ETag", "\"9\""}}, Fixture::body("B")) == 1);
  CHECK(stale_at({{"ETag", "\"9\""}}, R"({"id":")" + interaction_id + R"(","state":"closed","customAttributes":{"flow_node":"B"}})") == 0);
}

TEST_CASE("an answer that does not show the version of the write leaves nothing to try", "[transition][warm][A3][I1]") {
  struct Answer {
    const char* what;
    int status;
    HeaderList headers;
    std::string body;
    bool remembered;
  };
  const std::vector<Answer> answers = {
      {"no ETag", 200, {}, "", false},
      {"a weak one", 200, {{"ETag", "W/\"2\""}}, "", false},
      {"a malformed one", 200, {{"ETag", "*"}}, "", false},
      {"the one of before, of a write that is only accepted", 202, {{"ETag", "\"1\""}}, "", false},
      {"another writer's node already", 200, {{"ETag", "\"3\""}}, R"({"customAttributes":{"flow_node":"C"}})", false},
      {"an interaction that is over", 200, {{"ETag", "\"2\""}}, R"({"state":"closed"})", false},
      {"no body", 204, {{"ETag", "\"2\""}}, "", true},
      {"the node that was written", 200, {{"ETag", "\"2\""}}, R"({"customAttributes":{"flow_node":"B"}})", true},
      {"a body without a node", 200, {{"ETag", "\"2\""}}, R"({"id":"x","customAttributes":{}})", true},
      {"the version in the body", 200, {}, R"({"etag":"\"2\""})", true},
      {"a version in the body that is no text", 200, {}, R"({"etag":{"a":1}})", false},
  };
  for (const Answer& answer : answers) {
    INFO(answer.what);
    WarmFixture f;
    StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
    f.interaction("1", "A");
    f.cloud.answer(answer.status, answer.headers, answer.body);
    REQUIRE(door.transition(f.move("A", "B")));
    CHECK(f.memory->size() == (answer.remembered ? 1U : 0U));
    if (!answer.remembered) f.interaction("5", "B");
    f.written("6");
    const auto next = door.transition(f.move("B", "A"));
    REQUIRE(next);
    CHECK(next->warm == answer.remembered);
    CHECK(next->etag_used == (answer.remembered ? "\"2\"" : "\"5\""));
  }
}

TEST_CASE("a warm write whose answer is lost is resolved by the id that the remembered version carried", "[transition][warm][A6][I4]") {
  WarmFixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .retry = NoRetry{}}, f.settings};
  const std::string first = f.warm_up(door);
  f.cloud.fail(TransportFault::reset, Delivery::maybe_sent);
  const auto end = [&] { return door.transition(f.move("B", "A")); };
  SECTION("ours is there: applied, and what was read is remembered") {
    f.cloud.then([&](const HttpRequest& patch) {
      f.interaction("3", "A", patch.body.substr(patch.body.find("\"transition_id\":\"") + 17, 36));
    });
    const auto moved = end();
    REQUIRE(moved);
    CHECK(moved->warm);
    CHECK(moved->resolved_by == ResolvedBy::state);
    f.written("4");
    const auto next = door.transition(f.move("A", "B"));
    REQUIRE(next);
    CHECK(next->warm);
    CHECK(next->etag_used == "\"3\"");
  }
  SECTION("another version under our previous id: not applied") {
    f.interaction("3", "B", first);
    const auto moved = end();
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::network);
    CHECK(moved.error().outcome() == Outcome::not_applied);
    CHECK(f.memory->size() == 0);
  }
  SECTION("another version under a third id: unknown, and forgotten") {
    f.interaction("3", "B", "somebody-else");
    const auto moved = end();
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(f.memory->size() == 0);
  }
  SECTION("the same version: a late write may still come, unknown and forgotten") {
    f.interaction("2", "B", first);
    const auto moved = end();
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
    CHECK(f.memory->size() == 0);
  }
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("a warm write is repeated with its own version, and with a new token", "[transition][warm][I3][A11]") {
  WarmFixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(door);
  f.cloud.answer(401).answer(429).answer(503);
  f.written("3");
  const auto moved = door.transition(f.move("B", "A"));
  REQUIRE(moved);
  CHECK(moved->warm);
  CHECK(moved->attempts == 4);
  const auto patches = f.requests("interaction.patch");
  REQUIRE(patches.size() == 5);
  for (std::size_t i = 1; i < patches.size(); ++i) {
    CHECK(patches[i].header("If-Match") == "\"2\"");
    CHECK(patches[i].target == interaction_target);
    CHECK(transition_id_of(patches[i]) == moved->transition_id);
  }
  CHECK(f.requests("interaction.get").size() == 1);
}

TEST_CASE("a warm move that the flow does not allow sends nothing, and leaves what is remembered", "[transition][warm][A25][I2]") {
  WarmFixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(door);
  const std::size_t before = f.cloud.requests().size();
  const auto moved = door.transition(f.move("B", "Nowhere"));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::unknown_node);
  CHECK(f.cloud.requests().size() == before);
  f.written("3");
  CHECK(door.transition(f.move("B", "A"))->warm);
}

TEST_CASE("the client's conditions are asked again after a warm conflict", "[transition][warm][A2][A25]") {
  WarmFixture f;
  bool open = true;
  f.flow(R"({"id":"A","transitions":[{"targetId":"B"}]},{"id":"B","transitions":[{"targetId":"A","condition":"open"}]})");
  f.settings.transition.reachability = Reachability::conditional;
  f.settings.transition.condition = [&](const ConditionalEdge&) { return open; };
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(door);
  f.cloud.answer(412).then([&](const HttpRequest&) { open = false; });
  f.interaction("3", "B");
  const auto moved = door.transition(f.move("B", "A"));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::not_reachable);
  CHECK(f.requests("interaction.patch").size() == 2);
}

TEST_CASE("what is too old is read anew", "[transition][warm]") {
  WarmFixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(door);
  f.clock.advance(seconds{60});
  f.written("3");
  CHECK(door.transition(f.move("B", "A"))->warm);
  f.clock.advance(seconds{60} + milliseconds{1});
  f.interaction("3", "A");
  f.written("4");
  CHECK_FALSE(door.transition(f.move("A", "B"))->warm);
}

TEST_CASE("doors that share the memory go on where the other ended, but not in another cloud", "[transition][warm]") {
  WarmFixture f;
  StateTransitioner one{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  StateTransitioner two{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.warm_up(one);
  f.written("3");
  const auto other = two.transition(f.move("B", "A"));
  REQUIRE(other);
  CHECK(other->warm);
  f.settings.base_url = "https://api.example.org";
  StateTransitioner elsewhere{Policies{.transport = f.cloud, .clock = f.clock}, f.settings};
  f.interaction("3", "A");
  f.written("4");
  const auto foreign = elsewhere.transition(f.move("A", "B"));
  REQUIRE(foreign);
  CHECK_FALSE(foreign->warm);
}
