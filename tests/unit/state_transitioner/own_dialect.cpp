// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/dialect.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulated_disk.hpp>

#include "door.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A cloud that has nothing in common with the others: an interaction is a line, `version;node;writer`, and is moved by posting
/// another one, `version;node;writer`, with the version that it is to replace. It shows the same line as its answer.
struct Lines {
  Locking lock = Locking::body_version;

  [[nodiscard]] Locking locking() const noexcept { return lock; }
  [[nodiscard]] static std::string_view scope() noexcept { return "lines"; }
  [[nodiscard]] static int readings() noexcept { return 1; }
  static void reading_target(std::string& out, const Endpoint& api, std::string_view id, int) {
    out.assign(api.path()).append("/lines/").append(id);
  }
  Result<void> parse_reading(const HttpResponse& response, JsonReader&, std::string_view, int, InteractionSnapshot& out) const {
    std::array<std::string_view, 3> parts;
    std::string_view line = response.body.view();
    for (std::string_view& part : parts) {
      const std::size_t end = line.find(';');
      part = line.substr(0, end);
      line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    }
    if (parts[1].empty()) return fail(ErrorCode::malformed_response, "no line");
    if (lock != Locking::none) out.etag.assign(parts[0]);
    out.flow_node.assign(parts[1]);
    out.has_flow_node = true;
    out.transition_id.assign(parts[2]);
    return {};
  }
  [[nodiscard]] static Method write_method(const InteractionSnapshot&) noexcept { return Method::post; }
  static void write_target(std::string& out, const Endpoint& api, std::string_view id, const InteractionSnapshot& seen) {
    reading_target(out, api, id, 0);
    out.append("/moves/").append(seen.etag.empty() ? "any" : "locked");
  }
  static Result<std::size_t> encode_transition(std::string& out, const TransitionWrite& write, JsonReader&) {
    if (!write.variables.empty()) return fail(ErrorCode::validation_failed, "a line has no variables");
    out.assign(";").append(write.node).append(";").append(write.transition_id);
    return out.size();
  }
  static std::string_view locked(std::string& room, std::string_view body, const InteractionSnapshot& seen) {
    return room.assign(seen.etag).append(body);
  }
  [[nodiscard]] static bool is_done(int status) noexcept { return status != 202; }
  static bool is_conflict(const HttpResponse& response, JsonReader&) { return response.body.view() != "closed today"; }
  Result<void> parse_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) const {
    out.clear();
    if (response.status == 202) return {};
    return parse_reading(response, reader, {}, 0, out);
  }
  static void flow_target(std::string& out, const Endpoint& api, std::string_view id) {
    out.assign(api.path()).append("/graphs/").append(id);
  }
  static Result<FlowGraph> parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view, const FlowLimits& limits) {
    return FlowGraph::parse(response.body, reader, limits);
  }
};
static_assert(Dialect<Lines>);

/// The same with several lines for an interaction, of which the door is told one: its name stands in front of the version,
/// `b:7;node;writer`, and is read at an address of its own.
struct SheetsOfLines : Lines {
  std::string sheet = "a";

  void reading_target(std::string& out, const Endpoint& api, std::string_view id, int number) const {
    Lines::reading_target(out, api, id, number);
    out.append("/").append(sheet);
  }
  static void place(std::string& out, const InteractionSnapshot& seen) {
    out.assign(std::string_view(seen.etag).substr(0, std::min(seen.etag.find(':'), seen.etag.size())));
  }
  static Result<void> place_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view place) {
    if (place.size() != 1) return fail(ErrorCode::invalid_settings, "no such sheet");
    Lines::reading_target(out, api, id, 0);
    out.append("/").append(place);
    return {};
  }
  Result<void> parse_place(const HttpResponse& response, JsonReader& reader, std::string_view id, std::string_view,
                           InteractionSnapshot& out) const {
    return parse_reading(response, reader, id, 0, out);
  }
};
static_assert(PlacedDialect<SheetsOfLines> && !PlacedDialect<Lines>);

/// The same as lines, whose versions tell which of two is older: they are of one length.
struct NumberedLines : Lines {
  [[nodiscard]] static bool precedes(std::string_view a, std::string_view b) noexcept { return a < b; }
};
static_assert(OrderedDialect<NumberedLines> && !OrderedDialect<Lines>);

struct LinesFixture : Fixture {
  explicit LinesFixture(Locking lock = Locking::body_version) : dialect{lock} {
    cloud.when(Method::post, "/oauth/token", 200, {},
               R"({"access_token":"tok-1","expires_in":3600,"token_type":"Bearer","scope":"lines"})");
    cloud.when(Method::get, "/graphs/" + flow_id, 200, {},
               R"({"id":"lines","version":"1","nodes":[{"id":"A","transitions":[{"targetId":"B"}]},
                   {"id":"B","transitions":[{"targetId":"A"}]}]})");
  }
  auto door() { return StateTransitioner{Policies{.transport = cloud, .clock = clock, .dialect = dialect}, settings}; }
  static TransitionRequest move(std::string from = "A", std::string to = "B") {
    return TransitionRequest{interaction_id, flow_id, std::move(from), std::move(to)};
  }
  /// A journal with a move of before over `version`, where `writer` had been, whose fate is not known.
  void leave_open(std::string version, std::string writer) {
    auto journal = Journal::open(std::make_shared<testing::SimulatedDisk>());
    REQUIRE(journal);
    settings.journal = *journal;
    IntentRecord write;
    write.action = JournalAction::transition;
    write.operation = id;
    write.interaction = interaction_id;
    write.etag = std::move(version);
    write.prior_transition = std::move(writer);
    const auto position = (*journal)->intent(write);
    REQUIRE(position);
    (*journal)->abandon(*position);
  }
  Lines dialect;
  const std::string id = first_id();
};

const std::string line = "/lines/" + interaction_id;

}  // namespace

TEST_CASE("a door speaks a client's own dialect, with its addresses, methods and bodies", "[transition][dialect]") {
  LinesFixture f;
  f.cloud.answer(200, {}, "7;A;k").answer(200, {}, "8;B;" + f.id);
  auto door = f.door();
  const auto moved = door.transition(f.move());
  REQUIRE(moved);
  CHECK(moved->etag_used == "7");
  CHECK(moved->etag == "8");
  const auto writes = f.requests("interaction.patch");
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].method == Method::post);
  CHECK(writes[0].target == line + "/moves/locked");
  CHECK(writes[0].body == "7;B;" + f.id);
  CHECK_FALSE(writes[0].header("If-Match"));
  const auto refused = door.transition(f.move("B", "A").json("call_duration_seconds", "2"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::validation_failed);
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("versions of an own dialect are remembered where one exchange shows everything", "[transition][dialect][warm]") {
  LinesFixture f;
  f.settings.transition.remember = std::make_shared<InteractionMemory>();
  f.cloud.answer(200, {}, "7;A;k").answer(200, {}, "8;B;");
  auto door = f.door();
  REQUIRE(door.transition(f.move()));
  f.cloud.answer(200, {}, "9;A;");
  const auto moved = door.transition(f.move("B", "A"));
  REQUIRE(moved);
  CHECK(moved->warm);
  CHECK(moved->etag_used == "8");
}

TEST_CASE("a conflict is what the dialect calls one", "[transition][dialect][A2]") {
  LinesFixture f;
  f.cloud.answer(200, {}, "7;A;k");
  SECTION("one: read again, and written over the new version") {
    f.cloud.answer(409, {}, "another version").answer(200, {}, "8;A;other").answer(200, {}, "9;B;" + f.id);
    const auto moved = f.door().transition(f.move());
    REQUIRE(moved);
    CHECK(moved->etag_used == "8");
    CHECK(f.requests("interaction.patch").back().body == "8;B;" + f.id);
  }
  SECTION("none: nothing is read, and nothing written") {
    f.cloud.answer(409, {}, "closed today");
    const auto moved = f.door().transition(f.move());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::conflict);
    CHECK(moved.error().outcome() == Outcome::not_applied);
  }
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("without a version where the dialect locks by one nothing is written", "[transition][dialect][A3][I1]") {
  LinesFixture f;
  f.cloud.answer(200, {}, ";A;k");
  const auto moved = f.door().transition(f.move());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::no_etag);
  CHECK(f.requests("interaction.patch").empty());
}

TEST_CASE("a write that nothing locks is not sent again once it may have been applied", "[transition][dialect][I3][I5]") {
  LinesFixture f(Locking::none);
  f.cloud.answer(200, {}, ";A;k");
  SECTION("its answer is lost: it is looked for until it shows") {
    f.cloud.fail(TransportFault::reset, Delivery::maybe_sent).answer(200, {}, ";A;k").answer(200, {}, ";B;" + f.id);
    const auto moved = f.door().transition(f.move());
    REQUIRE(moved);
    CHECK(moved->resolved_by == ResolvedBy::state);
  }
  SECTION("it was applied, and somebody else moved on: what they wrote stays") {
    f.settings.attempt_timeout = milliseconds{200};
    f.cloud.answer(503).answer(200, {}, ";A;other").answer(200, {}, ";A;other").answer(200, {}, ";A;other");
    const auto moved = f.door().transition(f.move());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == Outcome::unknown);
  }
  SECTION("the server was busy and wants to be left alone") {
    f.cloud.answer(503, {{"Retry-After", "2"}}).answer(200, {}, ";B;" + f.id);
    const auto before = f.clock.steady_now();
    const auto moved = f.door().transition(f.move());
    REQUIRE(moved);
    CHECK(f.clock.steady_now() - before >= seconds{2});
  }
  CHECK(f.requests("interaction.patch").size() == 1);
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("a write that nothing locks and that was not taken is sent again", "[transition][dialect][A5]") {
  LinesFixture f(Locking::none);
  f.cloud.answer(200, {}, ";A;k").answer(429, {{"Retry-After", "1"}}).answer(200, {}, ";B;" + f.id);
  const auto moved = f.door().transition(f.move());
  REQUIRE(moved);
  CHECK(moved->attempts == 2);
  CHECK(moved->resolved_by == ResolvedBy::answer);
}

TEST_CASE("what was accepted is looked for as long as it can be read", "[transition][dialect][I4][I8][I9]") {
  LinesFixture f;
  f.cloud.answer(200, {}, "7;A;k").answer(202);
  SECTION("a server that asks for a long wait is asked no more") {
    f.cloud.answer(429, {{"Retry-After", "3600"}});
    const auto moved = f.door().transition(f.move());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
  }
  SECTION("it shows at last") {
    f.cloud.answer(200, {}, "7;A;k").answer(200, {}, "7;A;k").answer(200, {}, "8;B;" + f.id);
    auto door = f.door();
    const auto moved = door.transition(f.move());
    REQUIRE(moved);
    CHECK(moved->waited == milliseconds{150});
    const auto attempt = door.audit_log().front();
    CHECK(attempt.kind == AuditKind::attempt);
    CHECK(attempt.outcome == Outcome::unknown);
    CHECK_FALSE(attempt.success);  // nor has it failed
    CHECK(attempt.error_code.empty());
  }
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("what became of a write is read at its own place of an own dialect", "[transition][dialect][journal][I4]") {
  LinesFixture f;
  SheetsOfLines dialect;
  const auto door = [&] { return StateTransitioner{Policies{.transport = f.cloud, .clock = f.clock, .dialect = dialect}, f.settings}; };
  f.cloud.answer(200, {}, "a:7;A;k");
  SECTION("in the midst of the operation") {
    f.cloud.answer(409, {}, "another version").answer(200, {}, "a:8;A;other");
    // And then all anew, as the door is told: the place may be another one by now.
    f.cloud.answer(200, {}, "b:2;A;").answer(200, {}, "b:3;B;" + f.id);
    const auto moved = door().transition(f.move());
    REQUIRE(moved);
    CHECK(moved->etag_used == "b:2");
    const auto reads = f.requests("interaction.get");
    REQUIRE(reads.size() == 3);
    CHECK(reads[1].target == line + "/a");
  }
  SECTION("in a recovery by a door that is told another one") {
    auto journal = Journal::open(std::make_shared<testing::SimulatedDisk>());
    REQUIRE(journal);
    f.settings.journal = *journal;
    for (int i = 0; i < 3; ++i) f.cloud.fail(TransportFault::reset, Delivery::maybe_sent);
    f.cloud.answer(200, {}, "a:7;A;k");
    const auto moved = door().transition(f.move());
    REQUIRE_FALSE(moved);
    REQUIRE(moved.error().outcome() == Outcome::unknown);
    f.settings.guards = std::make_shared<HostGuards>();
    dialect.sheet = "b";
    f.cloud.answer(200, {}, "a:8;B;" + f.id);
    const auto report = door().recover();
    REQUIRE(report);
    CHECK(report->applied == 1);
    CHECK(f.requests("interaction.get").back().target == line + "/a");
  }
  CHECK(f.cloud.left() == 0);
}

TEST_CASE("a version of another place than was written is not remembered", "[transition][dialect][warm][I1]") {
  LinesFixture f;
  f.settings.transition.remember = std::make_shared<InteractionMemory>();
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .dialect = SheetsOfLines{}}, f.settings};
  const bool same = GENERATE(true, false);
  f.cloud.answer(200, {}, "a:7;A;k").answer(200, {}, (same ? "a:8;B;" : "b:8;B;") + f.id);
  REQUIRE(door.transition(f.move()));
  CHECK(f.settings.transition.remember->size() == (same ? 1 : 0));
}

TEST_CASE("a dialect without places leaves a write open that went to one", "[transition][dialect][journal][I4]") {
  LinesFixture f;
  auto journal = Journal::open(std::make_shared<testing::SimulatedDisk>());
  REQUIRE(journal);
  f.settings.journal = *journal;
  IntentRecord write;
  write.operation = "t-1";
  write.interaction = interaction_id;
  write.etag = "7";
  write.place = "a";
  const auto position = (*journal)->intent(write);
  REQUIRE(position);
  (*journal)->abandon(*position);
  const auto report = f.door().recover(seconds{5});
  REQUIRE(report);
  REQUIRE(report->open.size() == 1);
  CHECK(report->open.front().why.find("a place that this dialect does not know") != std::string::npos);
  CHECK(f.requests("interaction.get").empty());  // nothing of elsewhere is looked at
}

TEST_CASE("a reading of a version before the one that was written over proves nothing where versions are ordered",
          "[transition][dialect][journal][I4]") {
  LinesFixture f;
  const bool later = GENERATE(false, true);
  const std::string shown = later ? "8;A;k" : "6;A;k";  // another writer, without ids; or a replica that lags
  const auto door = [&] { return StateTransitioner{Policies{.transport = f.cloud, .clock = f.clock, .dialect = NumberedLines{}}, f.settings}; };
  SECTION("in the midst of the operation") {
    f.cloud.answer(200, {}, "7;A;k");
    for (int i = 0; i < 4; ++i) f.cloud.fail(TransportFault::reset, Delivery::maybe_sent);
    f.cloud.answer(200, {}, shown);
    const auto moved = door().transition(f.move());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().outcome() == (later ? Outcome::not_applied : Outcome::unknown));
    CHECK(f.requests("interaction.patch").size() == 4);
  }
  SECTION("behind a refusal for another version it is read again") {
    f.cloud.answer(200, {}, "7;A;k").answer(412);
    if (later) {
      f.cloud.answer(200, {}, shown).answer(200, {}, "9;B;" + f.id);
      REQUIRE(door().transition(f.move()));
    } else {
      f.cloud.answer(200, {}, shown).answer(200, {}, shown).answer(200, {}, "8;B;" + f.id);
      const auto moved = door().transition(f.move());
      REQUIRE(moved);
      CHECK(moved->resolved_by == ResolvedBy::state);
    }
  }
  SECTION("in a recovery") {
    f.leave_open("7", "k");
    f.cloud.answer(200, {}, shown);
    if (!later) f.cloud.answer(200, {}, "8;B;" + f.id);
    const auto report = door().recover(seconds{120});
    REQUIRE(report);
    CHECK(report->not_applied == (later ? 1 : 0));
    CHECK(report->applied == (later ? 0 : 1));
  }
  SECTION("in a recovery that sees nothing else, also behind the fence") {
    f.leave_open("7", "k");
    f.cloud.when(Method::get, line, 200, {}, shown);
    const auto report = door().recover(seconds{120});
    REQUIRE(report);
    CHECK(report->not_applied == (later ? 1 : 0));
    CHECK(report->given_up == (later ? 0 : 1));
    CHECK(report->complete());
  }
  CHECK(f.cloud.left() == 0);
}
