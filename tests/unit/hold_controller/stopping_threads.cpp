// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Blocking holds and releases that a stop token cancels.
#include <stop_token>
#include <thread>

#include <patchbay/policy/clock.hpp>

#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("a hold that was stopped before it began sends nothing", "[stop]") {
  HoldFixture f;
  std::stop_source stop;
  stop.request_stop();
  auto door = f.door();
  const auto held = door.hold(f.hold().stop(stop.get_token()));
  REQUIRE_FALSE(held);
  CHECK(held.error().code() == ErrorCode::cancelled);
  CHECK(held.error().outcome() == Outcome::not_applied);
  CHECK(f.cloud.requests().empty());
  CHECK(door.held().empty());
}

TEST_CASE("a hold that is stopped after it was sent tells the truth", "[stop][I4][I13][cancellation]") {
  HoldFixture f;
  std::stop_source stop;
  std::string shown;
  SECTION("it shows in the interaction") { shown = R"(,"held":true)"; }
  SECTION("it does not show") { shown = R"(,"held":false)"; }
  f.cloud.accept().on_text([&](std::string_view, ChannelPeer&) {
    f.interaction(shown);
    stop.request_stop();
  });
  auto door = f.door();
  const SteadyTime begun = f.clock.steady_now();
  const auto held = door.hold(f.hold().stop(stop.get_token()));
  CHECK(f.clock.steady_now() - begun < seconds{1});
  CHECK(f.reads() == 2);
  if (shown == R"(,"held":true)") {
    REQUIRE(held);
    CHECK(held->resolved_by == ResolvedBy::state);
  } else {
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == ErrorCode::outcome_unknown);
  }
  CHECK(door.held().size() == 1);  // watched either way
  CHECK(door.metrics()[HoldCount::ack_timeouts] == 0);
}

TEST_CASE("a release that is stopped after it was sent stays watched until it shows", "[stop][I4][I13][cancellation]") {
  HoldFixture f;
  std::stop_source stop;
  f.cloud.accept().on_text([&](std::string_view text, ChannelPeer& peer) {
    if (member(text, "type") == "hold") return acknowledge(text, peer);
    stop.request_stop();
  });
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  const auto released = door.unhold(f.unhold().stop(stop.get_token()));
  REQUIRE_FALSE(released);
  CHECK(released.error().outcome() == Outcome::unknown);
  CHECK(door.held().size() == 1);
}

TEST_CASE("a hold that waits for an acknowledgement is stopped from another thread", "[stop][threads]") {
  HoldFixture f;
  f.cloud.accept();  // which acknowledges nothing
  f.settings.hold.ack_timeout = std::chrono::hours{1};
  f.settings.deadline = std::chrono::hours{2};
  std::stop_source stop;
  HoldController door{Policies{.transport = f.cloud, .clock = SystemClock{}}, f.settings};
  const std::jthread other([&] {
    while (door.metrics()[HoldCount::submitted] == 0) std::this_thread::yield();
    stop.request_stop();
  });
  const auto held = door.hold(f.hold().stop(stop.get_token()));
  REQUIRE_FALSE(held);
  CHECK((held.error().code() == ErrorCode::cancelled || held.error().code() == ErrorCode::outcome_unknown));
}
