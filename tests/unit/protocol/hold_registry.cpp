// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/hold_registry.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

constexpr SteadyTime start{std::chrono::hours{5}};
using Belief = HoldRegistry::Belief;

}  // namespace

TEST_CASE("each hold is told of by its own limit, also while an older one is counted and is told of seldom",
          "[hold][registry][I15]") {
  HoldSettings settings;
  settings.max_hold = seconds{100};
  settings.warn_before = seconds{10};
  settings.repeat_every = seconds{500};
  HoldRegistry registry(settings);
  HoldLimitEvent event;
  registry.hold_sent("a", 1, start);  // and is never answered
  REQUIRE(registry.take_event(start + seconds{90}, event));
  REQUIRE(registry.take_event(start + seconds{100}, event));
  REQUIRE(registry.next_deadline() == start + seconds{600});
  registry.seen_released("a");  // which says nothing of what is still under way
  SECTION("one that was sent since") {
    registry.hold_sent("a", 2, start + seconds{300});
    CHECK(registry.since("a") == start);
    CHECK(registry.next_deadline() == start + seconds{400});
    REQUIRE(registry.take_event(start + seconds{400}, event));
    CHECK(event.kind == HoldLimitEvent::Kind::escalation);
    CHECK(registry.next_deadline() == start + seconds{900});
  }
  SECTION("and not later than the older one") {
    registry.hold_sent("a", 2, start + seconds{550});
    CHECK(registry.next_deadline() == start + seconds{600});
  }
  SECTION("what is only learnt of late is no new hold") {
    registry.may_be_held("a", 2, start + seconds{50});
    CHECK(registry.next_deadline() == start + seconds{600});
  }
}

TEST_CASE("an interaction is watched from the first hold that may have taken effect", "[hold][registry][B3][I13]") {
  const HoldSettings settings;
  HoldRegistry registry(settings);
  CHECK(registry.belief("a") == Belief::not_held);
  registry.hold_sent("a", 1, start);
  CHECK(registry.belief("a") == Belief::unknown);
  CHECK(registry.since("a") == start);
  SECTION("a refusal ends it") {
    registry.hold_void("a", 1);
    CHECK(registry.belief("a") == Belief::not_held);
    CHECK(registry.next_deadline() == never);
  }
  SECTION("a confirmation keeps the start, and a refusal of a second hold changes nothing") {
    REQUIRE(registry.hold_applied("a", 1));
    registry.hold_sent("a", 2, start + seconds{10});
    registry.hold_void("a", 2);
    CHECK(registry.belief("a") == Belief::held);
    CHECK(registry.since("a") == start);
  }
  SECTION("of two unsettled holds one refusal leaves the other, and its start") {
    registry.hold_sent("a", 2, start + seconds{10});
    registry.hold_void("a", 1);
    CHECK(registry.belief("a") == Belief::unknown);
    CHECK(registry.since("a") == start + seconds{10});
    CHECK(registry.next_deadline() == start + seconds{850});
    registry.hold_void("a", 2);
    CHECK(registry.size() == 0);
  }
  SECTION("a release speaks for the holds before it alone") {
    registry.hold_sent("a", 3, start + seconds{10});
    registry.release_confirmed("a", 2);
    CHECK(registry.belief("a") == Belief::unknown);
    CHECK(registry.since("a") == start + seconds{10});
    CHECK_FALSE(registry.hold_applied("a", 1));  // settled by the release
    REQUIRE(registry.hold_applied("a", 3));
    registry.release_confirmed("a", 2);
    CHECK(registry.belief("a") == Belief::held);
    registry.release_confirmed("a", 4);
    CHECK(registry.belief("a") == Belief::not_held);
  }
  SECTION("what was seen is newer than every command before it") {
    registry.seen_held("a", 5, start + seconds{1});
    CHECK(registry.belief("a") == Belief::held);
    CHECK(registry.since("a") == start);
    registry.release_confirmed("a", 5);
    CHECK(registry.belief("a") == Belief::held);
    registry.released("a");
    CHECK(registry.belief("a") == Belief::not_held);
  }
}

TEST_CASE("a release in doubt leaves the interaction watched, and its hold in doubt", "[hold][registry][B4]") {
  const HoldSettings settings;
  HoldRegistry registry(settings);
  registry.hold_sent("a", 1, start);
  REQUIRE(registry.hold_applied("a", 1));
  registry.release_in_doubt("a", 2);
  registry.release_in_doubt("nobody", 2);
  CHECK(registry.belief("a") == Belief::unknown);
  CHECK(registry.since("a") == start);
  CHECK(registry.held().size() == 1);
  registry.seen_held("a", 2, start + seconds{9});
  CHECK(registry.belief("a") == Belief::held);
  CHECK(registry.since("a") == start);
}

TEST_CASE("timers fire in order and once for each time", "[hold][registry][B2][I15]") {
  HoldSettings settings;
  settings.max_hold = seconds{100};
  settings.warn_before = seconds{20};
  settings.repeat_every = seconds{10};
  HoldRegistry registry(settings);
  registry.hold_sent("b", 1, start + seconds{5});
  registry.hold_sent("a", 2, start);
  HoldLimitEvent event;
  CHECK_FALSE(registry.take_event(start + seconds{79}, event));
  REQUIRE(registry.take_event(start + seconds{85}, event));
  CHECK(event.interaction == "a");
  CHECK(event.kind == HoldLimitEvent::Kind::warning);
  CHECK_FALSE(event.confirmed);
  REQUIRE(registry.take_event(start + seconds{85}, event));
  CHECK(event.interaction == "b");
  CHECK_FALSE(registry.take_event(start + seconds{85}, event));
  CHECK(registry.next_deadline() == start + seconds{100});
  registry.released("b");
  for (int i = 0; i < 5; ++i) {
    REQUIRE(registry.take_event(start + seconds{100 + 10 * i}, event));
    CHECK(event.interaction == "a");
    CHECK(event.kind == HoldLimitEvent::Kind::escalation);
    CHECK(event.repetition == i);
    CHECK(event.held_for == seconds{100 + 10 * i});
    CHECK_FALSE(registry.take_event(start + seconds{100 + 10 * i}, event));
  }
  CHECK_FALSE(registry.beyond_limit("a", start + seconds{100}));
  CHECK(registry.beyond_limit("a", start + seconds{100} + Duration{1}));
  registry.released("a");
  registry.released("a");
  CHECK(registry.next_deadline() == never);
  CHECK(registry.held().empty());
}

TEST_CASE("many unanswered holds of one interaction stay bounded and keep the first start", "[hold][registry][I20]") {
  const HoldSettings settings;
  HoldRegistry registry(settings);
  for (std::uint64_t i = 1; i <= 1000; ++i) registry.hold_sent("a", i, start + seconds{i});
  CHECK(registry.since("a") == start + seconds{1});
  registry.release_confirmed("a", 1001);
  CHECK(registry.size() == 0);
}

TEST_CASE("what is seen settles what was sent before it, and no more", "[hold][registry][I13]") {
  const HoldSettings settings;
  HoldRegistry registry(settings);
  registry.hold_sent("a", 1, start);
  SECTION("seen on hold, the hold is settled, and its late confirmation is no news") {
    registry.seen_held("a", 1, start + seconds{1});
    CHECK(registry.belief("a") == Belief::held);
    CHECK(registry.hold_applied("a", 1));
    registry.seen_released("a");
    CHECK(registry.belief("a") == Belief::not_held);
    CHECK(registry.next_deadline() == never);
  }
  SECTION("seen off hold, a hold that is under way may still come") {
    registry.seen_released("a");
    CHECK(registry.belief("a") == Belief::unknown);
    CHECK(registry.since("a") == start);
    REQUIRE(registry.hold_applied("a", 1));
    registry.seen_released("a");
    CHECK(registry.size() == 0);
  }
  SECTION("seen on hold before a later hold, that one is still under way") {
    registry.hold_sent("a", 2, start + seconds{2});
    registry.seen_held("a", 1, start + seconds{1});
    registry.seen_released("a");
    CHECK(registry.belief("a") == Belief::unknown);
    CHECK(registry.since("a") == start + seconds{2});
  }
  registry.seen_released("nobody");
  CHECK(registry.belief("nobody") == Belief::not_held);
}

TEST_CASE("who has ended is told exactly for the last thousand ends, and left to whoever asks beyond", "[hold][registry][I6][I20]") {
  HoldSettings settings;
  HoldRegistry registry(settings);
  registry.released("before");
  const std::uint64_t begun = registry.ends();
  registry.released("x");
  for (int i = 0; i < 1'023; ++i) registry.released("other " + std::to_string(i));
  for (const bool otherwise : {true, false}) {
    CHECK(registry.ended_since("x", begun, otherwise));
    CHECK_FALSE(registry.ended_since("before", begun, otherwise));
    CHECK_FALSE(registry.ended_since("x", registry.ends(), otherwise));
  }
  registry.released("one more");
  CHECK(registry.ended_since("x", begun, true));
  CHECK_FALSE(registry.ended_since("x", begun, false));
  CHECK_FALSE(registry.ended_since("x", begun + 1, true));
  CHECK(registry.ended_since("one more", begun, false));
}

TEST_CASE("a hold that was refused has ended nothing, nor has a release behind which another hold is known", "[hold][registry][B22][I6]") {
  HoldSettings settings;
  HoldRegistry registry(settings);
  registry.hold_sent("x", 1, SteadyTime(seconds{1}));
  std::uint64_t begun = registry.ends();
  registry.hold_void("x", 1);
  REQUIRE(registry.belief("x") == HoldRegistry::Belief::not_held);
  CHECK_FALSE(registry.ended_since("x", begun, true));
  registry.hold_sent("x", 3, SteadyTime(seconds{2}));
  REQUIRE(registry.hold_applied("x", 3));
  registry.release_confirmed("x", 2);
  REQUIRE(registry.belief("x") == HoldRegistry::Belief::held);
  CHECK_FALSE(registry.ended_since("x", begun, true));
  SECTION("one behind which it was only read to be on hold has") {
    registry.seen_held("x", 4, SteadyTime(seconds{3}));
  }
  registry.release_confirmed("x", 4);
  CHECK(registry.ended_since("x", begun, true));
}
