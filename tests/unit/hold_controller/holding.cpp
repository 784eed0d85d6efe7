// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <optional>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("the document's example: hold with music and prompt, then unhold", "[hold]") {
  HoldFixture f;
  ChannelPeer peer = f.accept();
  auto door = f.door();
  std::vector<QualityEvent> told;
  door.on_quality([&](const QualityEvent& event) { told.push_back(event); });

  const auto held = door.hold(f.hold().music("hold_music_standard.wav").prompt("please_remain_on_the_line.wav"));
  REQUIRE(held);
  CHECK(held->verb == HoldVerb::hold);
  CHECK(held->attempts == 1);
  CHECK(held->http_status == 200);
  CHECK(held->resolved_by == ResolvedBy::answer);
  CHECK_FALSE(held->already_held);
  REQUIRE(door.held().size() == 1);
  CHECK(door.held()[0].confirmed);
  CHECK(door.held()[0].interaction == interaction_id);

  f.clock.advance(seconds{2});
  const auto released = door.unhold(f.unhold());
  REQUIRE(released);
  CHECK(released->held_for == seconds{2});
  CHECK(door.held().empty());

  const auto sent = peer.sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0] == R"({"command":"send","correlationId":")" + held->correlation_id +
                       R"(","body":{"type":"hold","interactionId":"550e8400-e29b-41d4-a716-446655440000","holdReason":"consultation",)"
                       R"("priority":5,"holdMusic":"hold_music_standard.wav","holdPrompt":"please_remain_on_the_line.wav"}})");
  CHECK(sent[1] == R"({"command":"send","correlationId":")" + released->correlation_id +
                       R"(","body":{"type":"unhold","interactionId":"550e8400-e29b-41d4-a716-446655440000","priority":5}})");
  CHECK(held->correlation_id != released->correlation_id);

  REQUIRE(told.size() == 2);
  CHECK(told[0].event == HoldVerb::hold);
  CHECK(told[0].status() == "success");
  CHECK(told[0].interaction == interaction_id);
  CHECK(told[1].event == HoldVerb::unhold);
  std::string json;
  to_json(told[0], json);
  CHECK(json == R"({"event":"hold","interactionId":"550e8400-e29b-41d4-a716-446655440000","status":"success","latencyMs":0,)"
                R"("timestamp":"2026-01-01T00:00:00.000Z"})");
  CHECK(f.cloud.overruns() == 0);
}

TEST_CASE("a release asks no REST endpoint, though a hold does", "[hold][B7]") {
  HoldFixture f;
  f.accept();
  auto door = f.door();
  REQUIRE(door.unhold(f.unhold()));
  CHECK(f.reads() == 0);
  f.cloud.when(Method::get, interaction_target, 503);
  REQUIRE(door.unhold(f.unhold()));
  CHECK(f.reads() == 0);
}

TEST_CASE("every end is recorded, counted and told to the monitors", "[hold][B28][B32]") {
  HoldFixture f;
  f.cloud.accept().on_text([](std::string_view text, ChannelPeer& peer) {
    if (member(text, "holdReason") == "queueing") return;  // never answered
    peer.deliver_after(milliseconds{120}, member(text, "type") == "unhold" ? ack(member(text, "correlationId"), "error", R"(,"message":"not on hold")")
                                                                           : ack_of(text));
  });
  auto door = f.door();
  std::vector<std::string> told;
  door.on_quality([&](const QualityEvent& e) { told.push_back(std::string(to_string(e.event)) + " " + std::string(e.status())); });

  CHECK(door.hold(HoldRequest{interaction_id, "lunch", 12}).error().code() == ErrorCode::validation_failed);
  REQUIRE(door.hold(f.hold()));
  const auto refused = door.unhold(f.unhold());
  CHECK(refused.error().code() == ErrorCode::command_refused);
  CHECK(refused.error().server_message() == "not on hold");
  CHECK(refused.error().outcome() == Outcome::not_applied);
  f.interaction(R"(,"held":false)");
  const auto lost = door.hold(HoldRequest{interaction_id, "queueing", 1});
  CHECK(lost.error().code() == ErrorCode::outcome_unknown);
  CHECK(told == std::vector<std::string>{"hold failed", "hold success", "unhold failed", "hold unknown"});

  const HoldMetricsSnapshot metrics = door.metrics();
  CHECK(metrics[HoldCount::submitted] == 4);
  CHECK(metrics[HoldCount::succeeded] == 1);
  CHECK(metrics[HoldCount::not_applied] == 2);
  CHECK(metrics[HoldCount::unknown] == 1);
  CHECK(metrics.pending() == 0);
  CHECK(metrics[HoldCount::acks_positive] == 1);
  CHECK(metrics[HoldCount::acks_negative] == 1);
  CHECK(metrics[HoldCount::ack_timeouts] == 1);
  CHECK(metrics.command.count == 2);
  CHECK(metrics.state_consistency_rate() == 1.0);
  CHECK(metrics.prompt_ack_rate() == 0.25);

  std::vector<AuditRecord> ends;
  for (AuditRecord& each : door.audit_log())
    if (each.kind == AuditKind::operation) ends.push_back(std::move(each));
  REQUIRE(ends.size() == 4);
  CHECK(ends[0].action == "hold");
  CHECK(ends[0].error_code == "validation_failed");
  CHECK(ends[0].reason == "lunch");
  CHECK(ends[0].interaction_id == interaction_id);
  CHECK(ends[1].success);
  CHECK(ends[1].reason == "consultation");
  CHECK(ends[1].priority == 5);
  REQUIRE(ends[1].consistency_rate);
  CHECK(ends[1].latency == milliseconds{120});
  CHECK(ends[2].action == "unhold");
  CHECK(ends[2].outcome == Outcome::not_applied);
  CHECK(ends[3].outcome == Outcome::unknown);
  CHECK(ends[3].attempt == 1);
  std::string line;
  append_json(ends[1], line);
  CHECK(line.find(R"("consistencyRate":"100.00%")") != std::string::npos);
  CHECK(line.find(R"("status":"success")") != std::string::npos);
}

TEST_CASE("the bad input of the document's schema is refused before anything is asked of the network", "[hold][B11][B33]") {
  HoldFixture f;
  auto door = f.door();
  const auto paths = [](const Result<HoldResult>& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code() == ErrorCode::validation_failed);
    std::string out;
    for (const Violation& each : result.error().violations()) out += each.path + " ";
    return out;
  };
  CHECK(paths(door.hold(HoldRequest{"../x", "consultation", 5})) == "interactionId ");
  CHECK(paths(door.hold(HoldRequest{"", "consultation", 5})) == "interactionId ");
  CHECK(paths(door.hold(HoldRequest{std::string(300, 'a'), "consultation", 5})) == "interactionId ");
  CHECK(paths(door.hold(HoldRequest{std::string("550e8400-e29b-41d4-a716-44665544\x01\x02\n0"), "consultation", 5})) == "interactionId ");
  CHECK(paths(door.hold(HoldRequest{interaction_id, "lunch", 5})) == "holdReason ");
  CHECK(paths(door.hold(HoldRequest{interaction_id, "consultation", 10})) == "priority ");
  CHECK(paths(door.hold(HoldRequest{interaction_id, "consultation", -1})) == "priority ");
  CHECK(paths(door.hold(HoldRequest{interaction_id}.with("holdReason", "consultation").with("priority", "4.5"))) == "priority ");
  CHECK(paths(door.hold(HoldRequest{interaction_id}.with("holdReason", "consultation"))) == "priority ");
  CHECK(paths(door.hold(f.hold().with("type", "unhold"))) == "type ");
  CHECK(paths(door.hold(HoldRequest{"x", "lunch", 12}.prompt("../../etc/passwd"))) == "interactionId holdReason priority holdPrompt ");
  CHECK(paths(door.unhold(UnholdRequest{"x", 12})) == "interactionId priority ");
  CHECK(f.cloud.requests().empty());
  CHECK(f.cloud.openings().empty());
  CHECK(door.held().empty());
}

namespace {

/// A client's own matrix and limits.
struct WarehouseHold {
  WarehouseHold(Uuid interaction, OneOf<"picking", "packing"> why, Bounded<int, 0, 99> rank)
      : interactionId(interaction), holdReason(why), priority(rank) {}
  BOOST_HANA_DEFINE_STRUCT(WarehouseHold,
    (Uuid, interactionId),
    (OneOf<"picking", "packing">, holdReason),
    (Bounded<int, 0, 99>, priority));
};

}  // namespace

TEST_CASE("a client's schema replaces the matrix and the limits", "[hold]") {
  HoldFixture f;
  ChannelPeer peer = f.accept();
  auto door = f.door(f.cloud, NullLogger{}, schema<WarehouseHold>);
  CHECK_FALSE(door.hold(f.hold()));
  REQUIRE(door.hold(HoldRequest{interaction_id, "packing", 42}));
  CHECK(peer.sent().at(0).find(R"("holdReason":"packing","priority":42)") != std::string::npos);
  REQUIRE(door.unhold(f.unhold()));
  const auto id = Uuid::make(interaction_id);
  REQUIRE(id);
  REQUIRE(door.hold(WarehouseHold{*id, "picking", 7}));
  CHECK(peer.sent().at(2).find(R"("holdReason":"picking","priority":7)") != std::string::npos);
}

TEST_CASE("an interaction's id is one whatever its case", "[hold][B5]") {
  HoldFixture f;
  f.accept();
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  const std::string upper = "550E8400-E29B-41D4-A716-446655440000";
  f.cloud.when(Method::get, "/api/v2/interactions/" + upper, 200, {}, R"({"id":")" + interaction_id + R"(","routingData":{"skillGroup":{"id":"s"}}})");
  const auto again = door.hold(HoldRequest{upper, "consultation", 5});
  REQUIRE(again);
  CHECK(again->already_held);
  REQUIRE(door.unhold(UnholdRequest{upper, 5}));
  CHECK(door.held().empty());
}

TEST_CASE("latencies are split: the call, its waits, each exchange, the command alone", "[hold][B29]") {
  HoldFixture f;
  f.cloud.accept().on_text([](std::string_view text, ChannelPeer& peer) { peer.deliver_after(milliseconds{30}, ack_of(text)); });
  f.cloud.when(Method::get, interaction_target, 429, {{"Retry-After", "2"}});
  auto door = f.door();
  const auto limited = door.hold(f.hold().deadline(seconds{5}));
  CHECK(limited.error().code() == ErrorCode::rate_limited);
  f.interaction("");
  f.clock.advance(seconds{2});  // the cloud wants nothing earlier, of anybody
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK(held->ack_latency == milliseconds{30});
  CHECK(held->latency == milliseconds{30});
  CHECK(held->waited == Duration::zero());
  const auto metrics = door.metrics();
  CHECK(metrics.command.count == 1);
  CHECK(metrics.command.max == milliseconds{30});
  CHECK(metrics.operation.count == 2);
  CHECK(metrics.waited.max >= seconds{2});        // the rate limit's
  CHECK(metrics.exchange.max == Duration::zero());  // and no exchange's
  CHECK(metrics[ExchangeCount::rate_limits] >= 2);
}

TEST_CASE("an audit sink that fails changes no outcome and is counted", "[hold][B31]") {
  class FailingSink final : public AuditSink {
   public:
    bool write(const AuditRecord&) override {
      if (++writes % 2 == 0) throw 1;
      return false;
    }
    int writes = 0;
  };
  HoldFixture f;
  f.accept();
  const auto sink = std::make_shared<FailingSink>();
  f.settings.audit = sink;
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  REQUIRE(door.unhold(f.unhold()));
  CHECK(sink->writes == 4);  // an attempt and an operation each
  CHECK(door.metrics()[HoldCount::audit_failures] == 4);
  CHECK(door.audit_log().size() == 4);
}
