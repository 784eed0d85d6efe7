// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/hold_turns.hpp>

#include <optional>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

class Sleeper final : public Wakeable {
 public:
  void wake_up() noexcept override { ++woken; }
  int woken = 0;
};
using Entry = HoldTurns::Entry;

}  // namespace

TEST_CASE("holds of one interaction take turns, others do not wait for them", "[hold][turns][B27]") {
  HoldTurns turns;
  Sleeper sleeper;
  std::optional<HoldTurn> first(std::in_place, turns, sleeper, "a");
  HoldTurn second(turns, sleeper, "a"), third(turns, sleeper, "a"), other(turns, sleeper, "b");
  CHECK(turns.ask(*first) == Entry::entered);
  CHECK(turns.ask(second) == Entry::queued);
  CHECK(turns.ask(third) == Entry::queued);
  CHECK(turns.ask(other) == Entry::entered);
  first.reset();
  CHECK(second.waiter().woken());
  CHECK(turns.inside(second));
  CHECK_FALSE(third.waiter().woken());
  CHECK(sleeper.woken == 1);
}

TEST_CASE("a release that repeats an earlier one takes no hold's place, and holds wait for it", "[hold][turns][B27][I6]") {
  HoldTurns turns;
  Sleeper sleeper;
  std::optional<HoldTurn> first(std::in_place, turns, sleeper, "a"), release(std::in_place, turns, sleeper, "a");
  HoldTurn second(turns, sleeper, "a");
  REQUIRE(turns.ask(*first) == Entry::entered);
  REQUIRE(turns.ask(second) == Entry::queued);
  turns.enter(*release, true);
  CHECK(turns.inside(*release));
  CHECK_FALSE(turns.superseded(*first));
  CHECK_FALSE(turns.superseded(second));
  first.reset();
  CHECK_FALSE(turns.inside(second));
  release.reset();
  CHECK(turns.inside(second));
}

TEST_CASE("a release enters at once, and every hold before it gives way", "[hold][turns][B27][I14]") {
  HoldTurns turns;
  Sleeper sleeper;
  std::optional<HoldTurn> first(std::in_place, turns, sleeper, "a");
  HoldTurn second(turns, sleeper, "a"), other(turns, sleeper, "b");
  REQUIRE(turns.ask(*first) == Entry::entered);
  REQUIRE(turns.ask(second) == Entry::queued);
  REQUIRE(turns.ask(other) == Entry::entered);
  std::optional<HoldTurn> release(std::in_place, turns, sleeper, "a"), another(std::in_place, turns, sleeper, "a");
  turns.enter(*release);
  turns.enter(*another);
  CHECK(turns.inside(*release));
  CHECK(turns.superseded(*first));
  CHECK(turns.superseded(second));
  CHECK_FALSE(turns.superseded(other));
  CHECK(second.waiter().woken());
  CHECK_FALSE(turns.inside(second));
  CHECK(sleeper.woken == 1);  // each is woken once

  HoldTurn late(turns, sleeper, "a");
  CHECK(turns.ask(late) == Entry::queued);  // behind the releases that are under way
  CHECK_FALSE(turns.superseded(late));
  first.reset();
  release.reset();
  CHECK_FALSE(turns.inside(late));
  another.reset();
  CHECK(turns.inside(late));
  CHECK(late.waiter().woken());
}

TEST_CASE("holds are bounded, releases are not", "[hold][turns][I14][I20]") {
  HoldTurns turns(1);
  Sleeper sleeper;
  {
    HoldTurn first(turns, sleeper, "a"), second(turns, sleeper, "b"), release(turns, sleeper, "c");
    CHECK(turns.ask(first) == Entry::entered);
    CHECK(turns.ask(second) == Entry::full);
    turns.enter(release);
    CHECK(turns.size() == 2);
  }
  CHECK(turns.size() == 0);
}
