// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

struct Told {
  HoldLimitEvent::Kind kind;
  Duration held_for;
  friend bool operator==(const Told&, const Told&) = default;
};
using Kind = HoldLimitEvent::Kind;

}  // namespace

TEST_CASE("the watchdog warns, then escalates until the hold ends, and the release is never refused", "[hold][B1][B2][I15]") {
  HoldFixture f;
  f.accept();
  auto door = f.door();
  std::vector<Told> told;
  door.on_limit([&](const HoldLimitEvent& event) { told.push_back({event.kind, event.held_for}); });
  REQUIRE(door.hold(f.hold()));
  door.pump_for(seconds{965});
  CHECK(told == std::vector<Told>{{Kind::warning, seconds{840}}, {Kind::escalation, seconds{900}}, {Kind::escalation, seconds{930}},
                                  {Kind::escalation, seconds{960}}});
  CHECK(door.metrics()[HoldCount::watchdog_warnings] == 1);
  CHECK(door.metrics()[HoldCount::watchdog_escalations] == 3);
  const auto released = door.unhold(f.unhold());
  REQUIRE(released);
  CHECK(released->held_for == seconds{965});
  door.pump_for(seconds{3600});
  CHECK(told.size() == 4);
}

TEST_CASE("after a pause an interaction is told of once, not once for every time that was missed", "[hold][B2][B37][I22]") {
  HoldFixture f;
  f.accept();
  auto door = f.door();
  std::vector<Told> told;
  door.on_limit([&](const HoldLimitEvent& event) { told.push_back({event.kind, event.held_for}); });
  REQUIRE(door.hold(f.hold()));
  f.clock.jump_wall(std::chrono::hours{24});  // the wall clock decides nothing
  door.pump_for(seconds{10});
  CHECK(told.empty());
  f.clock.advance(std::chrono::hours{2});  // nobody pumps
  f.accept();
  door.pump_for(seconds{1});
  CHECK(told == std::vector<Told>{{Kind::escalation, std::chrono::hours{2} + seconds{10}}});
}

#if !defined(PATCHBAY_TEST_HOLDS_ON_LOOP)  // there nobody waits for an attempt to connect
TEST_CASE("who connects on the caller's thread keeps no limit waiting, and connects all the same", "[hold][B2][I15]") {
  HoldFixture f;
  f.settings.hold.max_hold = seconds{120};
  f.settings.hold.warn_before = Duration::zero();
  f.settings.hold.delay_cap = seconds{1};
  ChannelPeer peer = f.accept();
  auto door = f.door();
  std::vector<Duration> told;
  SteadyTime begun{};
  door.on_limit([&](const HoldLimitEvent&) { told.push_back(f.clock.steady_now() - begun); });
  begun = f.clock.steady_now();
  REQUIRE(door.hold(f.hold()));
  SECTION("what is due when nobody has served the channel for long is told before it connects") {
    f.clock.advance(seconds{119});
    peer.cut();
    f.cloud.fail_open(TransportFault::timed_out);
    door.pump_for(milliseconds{1});
    f.clock.advance(seconds{81});  // both are due: the limit, and to connect
    door.pump_for(seconds{5});
    REQUIRE_FALSE(told.empty());
    CHECK(told.front() == seconds{200} + milliseconds{1});
  }
  SECTION("what becomes due while it connects is told then, and the next attempt has its whole time") {
    peer.close_after(seconds{114}, 1006);
    for (int i = 0; i < 4; ++i) f.cloud.fail_open(TransportFault::timed_out);
    door.pump_for(seconds{135});
    CHECK(told == std::vector<Duration>{seconds{120}});
    const auto openings = f.cloud.openings();
    REQUIRE(openings.size() >= 3);
    CHECK(openings[1].deadline - begun == seconds{120});
    CHECK(openings[2].deadline - openings[2].at == f.settings.hold.connect_timeout);
  }
  SECTION("an attempt that fails by itself, with time to spare, gives the next one none for the limit's") {
    peer.close_after(seconds{114}, 1006);
    f.cloud.fail_open(TransportFault::reset);
    for (int i = 0; i < 4; ++i) f.cloud.fail_open(TransportFault::timed_out);
    door.pump_for(seconds{135});
    CHECK(told == std::vector<Duration>{seconds{120}});
    const auto openings = f.cloud.openings();
    REQUIRE(openings.size() >= 3);
    CHECK(openings[1].deadline - begun == seconds{120});
    CHECK(openings[2].at - begun < seconds{120});
    CHECK(openings[2].deadline - begun == seconds{120});
  }
}

TEST_CASE("limits that are due all the time shorten every other attempt to connect and no more", "[hold][B2][I15]") {
  HoldFixture f;
  f.settings.hold.max_hold = seconds{120};
  f.settings.hold.warn_before = Duration::zero();
  f.settings.hold.repeat_every = seconds{2};
  f.settings.hold.delay_cap = seconds{1};
  f.accept().on_text(&acknowledge).close_after(seconds{121}, 1006);
  auto door = f.door();
  int told = 0;
  door.on_limit([&](const HoldLimitEvent&) { ++told; });
  REQUIRE(door.hold(f.hold()));
  for (int i = 0; i < 40; ++i) f.cloud.fail_open(TransportFault::timed_out);
  door.pump_for(seconds{180});
  const auto openings = f.cloud.openings();
  REQUIRE(openings.size() > 6);
  int whole = 0, shortened = 0;
  for (std::size_t i = 1; i + 1 < openings.size(); ++i) {  // the last one ends with the call
    const bool all = openings[i].deadline - openings[i].at == f.settings.hold.connect_timeout;
    const bool before = openings[i - 1].deadline - openings[i - 1].at == f.settings.hold.connect_timeout;
    CHECK((all || before));
    ++(all ? whole : shortened);
  }
  CHECK(whole >= 3);
  CHECK(shortened >= 3);
  CHECK(told >= whole + shortened);
}
#endif

TEST_CASE("the document's letter refuses a late release, when it is chosen", "[hold][B1]") {
  HoldFixture f;
  f.settings.hold.limit = HoldLimit::reject_late_unhold;
  f.accept();
  auto door = f.door();
  int escalations = 0;
  door.on_limit([&](const HoldLimitEvent& event) { escalations += event.kind == Kind::escalation ? 1 : 0; });
  REQUIRE(door.hold(f.hold()));
  f.clock.advance(seconds{900});
  REQUIRE(door.unhold(f.unhold()));  // at the limit, not beyond it
  REQUIRE(door.hold(f.hold()));
  f.clock.advance(seconds{901});
  const auto late = door.unhold(f.unhold());
  CHECK(late.error().code() == ErrorCode::hold_limit);
  CHECK(late.error().outcome() == Outcome::not_applied);
  CHECK(door.held().size() == 1);
  door.pump_for(seconds{1});
  CHECK(escalations == 2);  // one for each hold
}

TEST_CASE("a hold that is seen to be over, whose release nobody knew the fate of, lends the next one no limit",
          "[hold][B1][B8][I13][I14][I15]") {
  HoldFixture f;
  f.settings.hold.limit = HoldLimit::reject_late_unhold;
  f.settings.hold.max_hold = seconds{100};
  f.settings.hold.warn_before = seconds{10};
  f.settings.hold.repeat_every = seconds{500};
  ChannelPeer peer = f.accept();
  auto door = f.door();
  std::vector<Told> told;
  door.on_limit([&](const HoldLimitEvent& event) { told.push_back({event.kind, event.held_for}); });
  REQUIRE(door.hold(f.hold()));
  peer.on_text({});
  f.interaction(R"(,"held":true)");
  REQUIRE(door.unhold(f.unhold()).error().code() == ErrorCode::outcome_unknown);
  REQUIRE(door.held().size() == 1);
  peer.on_text(&acknowledge);
  f.interaction(R"(,"held":false)");
  door.pump_for(seconds{300});
  REQUIRE(told.back().kind == Kind::escalation);  // of the first
  told.clear();
  REQUIRE(door.hold(f.hold()));
  REQUIRE(door.held().size() == 1);
  CHECK(door.held().front().since == f.clock.steady_now());
  SECTION("its release is not refused for that one's age") {
    CHECK(door.unhold(f.unhold()));
    CHECK(door.held().empty());
  }
  SECTION("its own limit is told, in time") {
    door.pump_for(seconds{101});
    CHECK(told == std::vector<Told>{{Kind::warning, seconds{90}}, {Kind::escalation, seconds{100}}});
  }
}

TEST_CASE("a client may let the door release by itself, again and again with new ids", "[hold][B2]") {
  HoldFixture f;
  f.settings.hold.limit = HoldLimit::release;
  ChannelPeer peer = f.accept();
  auto door = f.door();
  std::vector<std::string> told;
  door.on_quality([&](const QualityEvent& e) { told.push_back(std::string(to_string(e.event)) + " " + std::string(e.status())); });
  REQUIRE(door.hold(f.hold()));
  peer.on_text({});  // the first two releases are lost
  door.pump_for(seconds{940});
  CHECK(peer.sent().size() == 3);
  CHECK(door.held().size() == 1);
  peer.on_text(&acknowledge);
  door.pump_for(seconds{30});
  REQUIRE(peer.sent().size() == 4);
  CHECK(door.held().empty());
  CHECK(member(peer.sent()[1], "correlationId") != member(peer.sent()[2], "correlationId"));
  CHECK(peer.sent()[3].find(R"("body":{"type":"unhold","interactionId":"550e8400-e29b-41d4-a716-446655440000","priority":5}})") != std::string::npos);
  CHECK(told == std::vector<std::string>{"hold success", "unhold unknown", "unhold unknown", "unhold success"});
  const auto metrics = door.metrics();
  CHECK(metrics[HoldCount::watchdog_releases] == 3);
  CHECK(metrics[HoldCount::submitted] == 4);
  CHECK(metrics.pending() == 0);
  std::size_t ends = 0;
  for (const AuditRecord& each : door.audit_log()) ends += each.kind == AuditKind::operation ? 1U : 0U;
  CHECK(ends == 4);
  door.pump_for(seconds{3600});
  CHECK(peer.sent().size() == 4);
}

TEST_CASE("a handler may act on its door, and what it throws changes nothing", "[hold][B30][I25]") {
  HoldFixture f;
  f.accept();
  auto door = f.door();
  Result<HoldResult> released = fail(ErrorCode::internal, "not called");
  door.on_limit([&](const HoldLimitEvent& event) {
    if (event.kind == Kind::escalation) released = door.unhold(f.unhold());
  });
  door.on_quality([](const QualityEvent&) { throw 1; });
  door.on_message([](const ChannelMessage&) { throw 2; });
  door.on_state([&](const ChannelStateEvent&) { static_cast<void>(door.held()); });
  REQUIRE(door.hold(f.hold()));
  door.pump_for(seconds{901});
  REQUIRE(released);
  CHECK(released->held_for == seconds{900});
  CHECK(door.metrics()[HoldCount::monitor_failures] == 2);
  CHECK(door.held().empty());
}
