// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Commands that meet on one interaction. One thread: what happens "at the same time" is done from within the transport.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "meeting.hpp"

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("a release takes the place of a hold that is not sent yet", "[hold][B27][I14]") {
  HoldFixture f;
  ChannelPeer peer = f.accept();
  const auto midst = std::make_shared<std::function<void()>>();
  auto door = f.door(Meeting(f.cloud, midst));
  Result<HoldResult> released = fail(ErrorCode::internal, "not called");
  *midst = [&] { released = door.unhold(f.unhold()); };
  const auto held = door.hold(f.hold());
  REQUIRE_FALSE(held);
  CHECK(held.error().code() == ErrorCode::cancelled);
  CHECK(held.error().outcome() == Outcome::not_applied);
  CHECK(held.error().message().find("superseded by a release") != std::string::npos);
  REQUIRE(released);
  REQUIRE(peer.sent().size() == 1);
  CHECK(member(peer.sent()[0], "type") == "unhold");
  CHECK(door.held().empty());
}

TEST_CASE("a hold that reads what a release of the door's own has ended meanwhile is sent, and nobody else is watched",
          "[hold][B5][B27][I6]") {
  HoldFixture f;
  f.settings.hold.limit = HoldLimit::release;
  ChannelPeer peer = f.accept();
  const auto midst = std::make_shared<std::function<void()>>();
  auto door = f.door(Meeting(f.cloud, midst));
  REQUIRE(door.hold(f.hold()));
  f.interaction(R"(,"held":true)");
  door.pump_for(seconds{898});
  const bool overtaken = GENERATE(true, false);
  if (overtaken) *midst = [&] { door.pump_for(seconds{4}); };
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK(held->already_held == !overtaken);
  REQUIRE(peer.sent().size() == (overtaken ? 3 : 1));
  CHECK(member(peer.sent().back(), "type") == "hold");
  REQUIRE(door.held().size() == 1);
  if (overtaken) CHECK(door.held().front().since > f.clock.steady_now() - seconds{2});
}

TEST_CASE("a hold that reads what a late acknowledgement ends meanwhile is sent", "[hold][B22][B27][I6]") {
  HoldFixture f;
  f.settings.hold.limit = HoldLimit::release;
  ChannelPeer peer = f.cloud.accept();
  std::string late;
  peer.on_text([&](std::string_view text, ChannelPeer& to) {
    if (member(text, "type") == "hold") {
      to.deliver(ack_of(text));
    } else {
      late = ack_of(text);
    }
  });
  const auto midst = std::make_shared<std::function<void()>>();
  auto door = f.door(Meeting(f.cloud, midst));
  REQUIRE(door.hold(f.hold()));
  f.interaction(R"(,"held":true)");
  door.pump_for(seconds{908});  // the door's own release, which nobody answers in time
  REQUIRE_FALSE(late.empty());
  *midst = [&] {
    peer.deliver(late);
    door.pump_for(seconds{1});
    CHECK(door.held().empty());
  };
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK_FALSE(held->already_held);
  CHECK(peer.sent().size() == 3);
  CHECK(door.held().size() == 1);
}

TEST_CASE("a release goes at once, behind a hold that was sent and is not settled", "[hold][B27][I6][I14]") {
  HoldFixture f;
  ChannelPeer peer = f.cloud.accept();
  auto door = f.door();
  REQUIRE(door.ready());
  Result<HoldResult> released = fail(ErrorCode::internal, "not called");
  door.on_message([&](const ChannelMessage&) { released = door.unhold(f.unhold()); });
  std::string hold_id;
  peer.on_text([&](std::string_view text, ChannelPeer& p) {
    if (member(text, "type") == "hold") {
      hold_id = member(text, "correlationId");
      p.deliver(R"({"topic":"anything"})");
    } else {
      p.deliver(ack(hold_id, "hold"));
      p.deliver(ack_of(text));
    }
  });
  const SteadyTime begun = f.clock.steady_now();
  const auto held = door.hold(f.hold());
  CHECK(held);
  CHECK(released);
  CHECK(f.clock.steady_now() == begun);  // nobody waited for anybody's timeout
  CHECK(peer.sent().size() == 2);
  CHECK(door.held().empty());
}

TEST_CASE("acknowledgements out of order do not put a released interaction back on hold", "[hold][B27]") {
  HoldFixture f;
  ChannelPeer peer = f.cloud.accept();
  auto door = f.door();
  REQUIRE(door.ready());
  Result<HoldResult> released = fail(ErrorCode::internal, "not called");
  door.on_message([&](const ChannelMessage&) {
    if (!released) released = door.unhold(f.unhold());
  });
  std::string hold_id;
  peer.on_text([&](std::string_view text, ChannelPeer& p) {
    if (member(text, "type") == "hold") {
      hold_id = member(text, "correlationId");
      p.deliver(R"({"topic":"anything"})");
    } else {
      p.deliver(ack_of(text));
      p.deliver(ack(hold_id, "hold"));
    }
  });
  CHECK(door.hold(f.hold()));
  CHECK(released);
  CHECK(door.held().empty());
}

TEST_CASE("a release waits for no pacing", "[hold][B7]") {
  HoldFixture f;
  f.settings.pacer = std::make_shared<Pacer>(6.0);
  f.accept();
  auto door = f.door();
  SteadyTime begun = f.clock.steady_now();
  REQUIRE(door.hold(f.hold()));
  CHECK(f.clock.steady_now() == begun);  // one read; the next turn is 10 s away
  begun = f.clock.steady_now();
  REQUIRE(door.unhold(f.unhold()));
  CHECK(f.clock.steady_now() == begun);
}

TEST_CASE("a monitor that holds and releases from within is no deadlock", "[hold][B30][I25]") {
  HoldFixture f;
  f.accept();
  auto door = f.door();
  int depth = 0;
  std::vector<bool> inner;
  door.on_quality([&](const QualityEvent&) {
    if (++depth == 1) {
      inner.push_back(door.unhold(f.unhold()).has_value());
      inner.push_back(door.hold(f.hold()).has_value());
    }
  });
  CHECK(door.hold(f.hold()));
  CHECK(inner == std::vector<bool>{true, true});
  CHECK(door.held().size() == 1);
}

TEST_CASE("the number of commands under way is bounded, with a reserve for releases", "[hold][B26][I20]") {
  HoldFixture f;
  f.settings.hold.max_holds = 1;
  f.accept();
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  const std::string other = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
  f.cloud.when(Method::get, "/api/v2/interactions/" + other, 200, {}, R"({"id":")" + other + R"(","routingData":{"skillGroup":{"id":"s"}}})");
  const auto second = door.hold(HoldRequest{other, "consultation", 5});
  CHECK(second.error().code() == ErrorCode::queue_full);
  CHECK(second.error().outcome() == Outcome::not_applied);
  CHECK(door.unhold(f.unhold()));
  CHECK(door.hold(HoldRequest{other, "consultation", 5}));
}
