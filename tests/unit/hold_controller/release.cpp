// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Nothing keeps a release from being sent, and what is believed about a hold is not more than what is known.
#include "door.hpp"

#include <functional>
#include <memory>

#include <patchbay/protocol/hold_session.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

std::string numbered(int i) {
  std::string digits = std::to_string(i);
  return "550e8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}

/// A transport that runs something in the midst of reading an interaction for the second time.
class Rendezvous {
 public:
  using channel_type = testing::VirtualChannel;

  Rendezvous(ScriptedTransport cloud_in, std::shared_ptr<std::function<void()>> midst_in) : cloud(std::move(cloud_in)), midst(std::move(midst_in)) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    if (request.name == "interaction.get" && ++reads == 2) (*midst)();
    return cloud.send(request, response, deadline);
  }
  TransportResult<channel_type> open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline) {
    return cloud.open(request, refusal, deadline);
  }

  ScriptedTransport cloud;
  std::shared_ptr<std::function<void()>> midst;
  int reads = 0;
};

}  // namespace

TEST_CASE("a reading that is older than a confirmed release does not bring the watch back", "[hold][B4][I13]") {
  HoldFixture f;
  ChannelPeer peer = f.cloud.accept();
  peer.on_text([](std::string_view text, ChannelPeer& p) {
    if (member(text, "type") == "unhold") p.deliver(ack_of(text));
  });
  const auto midst = std::make_shared<std::function<void()>>();
  auto door = f.door(Rendezvous(f.cloud, midst));
  Result<HoldResult> released = fail(ErrorCode::internal, "not called");
  *midst = [&] {
    released = door.unhold(f.unhold());
    f.interaction(R"(,"held":true)");  // as it was when the server read it
  };
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK(held->resolved_by == ResolvedBy::state);
  CHECK(released);
  CHECK(door.held().empty());
}

TEST_CASE("a release does not wait for a paced token when the channel has to be opened", "[hold][B7][I14]") {
  HoldFixture f;
  f.settings.pacer = std::make_shared<Pacer>(1.0);
  PacerTurn taken;  // by another door
  REQUIRE(f.settings.pacer->ask(taken, f.clock.steady_now(), never) == Pacer::Answer::go);
  f.accept();
  auto door = f.door();
  const SteadyTime begun = f.clock.steady_now();
  CHECK(door.unhold(f.unhold()));
  CHECK(f.clock.steady_now() == begun);
}

TEST_CASE("calls without the time to connect leave the next attempt to those who have it", "[hold][I14]") {
  HoldFixture f;
  for (int i = 0; i < 12; ++i) f.cloud.fail_open(TransportFault::timed_out);
  auto door = f.door();
  REQUIRE_FALSE(door.ready(milliseconds{50}));
  while (f.cloud.openings().size() < 12) door.pump_for(milliseconds{50});
  f.accept();
  CHECK(door.unhold(f.unhold()));
  CHECK(f.cloud.openings().size() == 13);
}

TEST_CASE("releases of the door's own making leave room for the client's", "[hold][I14][I20]") {
  HoldFixture f;
  f.settings.hold.limit = HoldLimit::release;
  f.settings.hold.max_commands = 2;
  ChannelPeer peer = f.accept();
  auto door = f.door();
  for (int i = 0; i < 6; ++i) {
    f.cloud.when(Method::get, "/api/v2/interactions/" + numbered(i), 200, {},
                 R"({"id":")" + numbered(i) + R"(","routingData":{"skillGroup":{"id":"s"}}})");
    REQUIRE(door.hold(HoldRequest{numbered(i), "consultation", 5}));
  }
  peer.on_text([](std::string_view, ChannelPeer&) {});  // nothing is acknowledged any more
  Result<HoldResult> released = fail(ErrorCode::internal, "not called");
  door.on_limit([&](const HoldLimitEvent& event) {
    if (event.kind != HoldLimitEvent::Kind::release || released) return;
    peer.on_text(&acknowledge);
    released = door.unhold(UnholdRequest{numbered(0), 5});
  });
  door.pump_for(seconds{901});
  CHECK(released);
}

TEST_CASE("behind a release of unknown fate a hold is sent, not taken for granted", "[hold][B5][B21][I4]") {
  HoldFixture f;
  ChannelPeer peer = f.accept();
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  peer.on_text([](std::string_view, ChannelPeer&) {});
  CHECK(door.unhold(f.unhold()).error().outcome() == Outcome::unknown);  // it may well have been applied
  REQUIRE(door.held().size() == 1);
  CHECK_FALSE(door.held()[0].confirmed);
  peer.on_text(&acknowledge);
  const auto again = door.hold(f.hold());
  REQUIRE(again);
  CHECK_FALSE(again->already_held);
  CHECK(again->attempts == 1);
  CHECK(door.held()[0].confirmed);
}

TEST_CASE("a refused hold behind a release of unknown fate leaves the first one watched", "[hold][B4][I13]") {
  HoldFixture f;
  ChannelPeer peer = f.accept();
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  peer.on_text([](std::string_view, ChannelPeer&) {});
  CHECK_FALSE(door.unhold(f.unhold()));
  peer.on_text([](std::string_view text, ChannelPeer& p) { p.deliver(ack(member(text, "correlationId"), "error")); });
  CHECK_FALSE(door.hold(f.hold()));
  CHECK(door.held().size() == 1);
}

TEST_CASE("while a handler is slow, messages wait in bounded memory, and the watchdog is heard over them", "[hold][I15][I20][I25]") {
  HoldFixture f;
  ChannelPeer peer = f.accept();
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  std::size_t messages = 0, bytes = 0, escalations = 0;
  door.on_limit([&](const HoldLimitEvent& event) { escalations += event.kind == HoldLimitEvent::Kind::escalation ? 1U : 0U; });
  door.on_message([&](const ChannelMessage& message) {
    bytes += message.payload.size();
    if (++messages != 1) return;
    door.pump_for(seconds{901});  // what happens meanwhile waits for this handler
    SECTION("many") {
      for (int i = 0; i < 3000; ++i) peer.deliver(R"({"topic":"anything"})");
    }
    SECTION("large") {
      for (int i = 0; i < 20; ++i) peer.deliver(R"({"topic":")" + std::string(1'000'000, 'x') + "\"}");
    }
    door.pump_for(seconds{5});
  });
  peer.deliver(R"({"topic":"first"})");
  door.pump_for(seconds{1});
  CHECK(messages > 1);
  CHECK(messages <= 1 + HoldSettings{}.max_notices);
  CHECK(bytes <= 100 + HoldSettings{}.max_notice_bytes);
  CHECK(escalations == 1);
}

TEST_CASE("a hold of somebody else's is not adopted beyond the bound", "[hold][B38][I20]") {
  HoldFixture f;
  f.settings.hold.max_holds = 1;
  ChannelPeer peer = f.accept();
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  f.cloud.when(Method::get, "/api/v2/interactions/" + numbered(1), 200, {},
               R"({"id":")" + numbered(1) + R"(","routingData":{"skillGroup":{"id":"s"}},"held":true})");
  const auto adopted = door.hold(HoldRequest{numbered(1), "consultation", 5});
  CHECK(adopted.error().code() == ErrorCode::queue_full);
  CHECK(adopted.error().outcome() == Outcome::not_applied);
  CHECK(door.held().size() == 1);
  f.interaction(R"(,"held":true)");
  CHECK(door.hold(f.hold()).value().already_held);  // watched before
  CHECK(peer.sent().size() == 1);
}
