// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/manual_clock.hpp>

#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;
using patchbay::testing::ManualClock;

TEST_CASE("a manual clock stands still until it is told to move", "[testing][clock]") {
  const ManualClock clock;
  const SteadyTime begin = clock.steady_now();
  const WallTime wall = clock.wall_now();
  CHECK(clock.steady_now() == begin);
  CHECK(begin > SteadyTime{});
  CHECK(std::chrono::duration_cast<seconds>(wall.time_since_epoch()) == seconds{1'767'225'600});
  clock.advance(milliseconds{1500});
  CHECK(clock.steady_now() - begin == milliseconds{1500});
  CHECK(clock.wall_now() - wall == milliseconds{1500});
  clock.advance(milliseconds{-1});
  clock.advance_to(begin);
  CHECK(clock.steady_now() - begin == milliseconds{1500});
  CHECK(clock.sleeps().empty());
}

TEST_CASE("sleeping takes no real time and is noted", "[testing][clock]") {
  const ManualClock clock;
  const ManualClock copy = clock;
  const SteadyTime begin = clock.steady_now();
  clock.sleep_until(begin + seconds{3600});
  CHECK(copy.steady_now() == begin + seconds{3600});
  copy.sleep_until(begin + seconds{60});  // past already
  copy.sleep_until(begin + seconds{3601});
  CHECK(clock.sleeps() == std::vector<Duration>{seconds{3600}, seconds{1}});
  CHECK(clock.slept() == seconds{3601});
  clock.forget_sleeps();
  CHECK(copy.sleeps().empty());
}

TEST_CASE("the wall clock moves by itself where an administrator moves it", "[testing][clock]") {
  const ManualClock clock;
  const SteadyTime begin = clock.steady_now();
  const WallTime wall = clock.wall_now();
  clock.jump_wall(-std::chrono::hours{2});
  CHECK(clock.wall_now() == wall - std::chrono::hours{2});
  clock.set_wall(WallTime{} + seconds{5});
  CHECK(clock.wall_now() == WallTime{} + seconds{5});
  clock.advance(seconds{1});
  CHECK(clock.wall_now() == WallTime{} + seconds{6});
  CHECK(clock.steady_now() == begin + seconds{1});
}

TEST_CASE("the end of time is reached, not passed", "[testing][clock]") {
  const ManualClock clock;
  const WallTime wall = clock.wall_now();
  clock.advance((Duration::max)());
  CHECK(clock.steady_now() == never);
  CHECK(clock.wall_now() > wall);
  clock.advance(seconds{1});
  clock.sleep_until(never);
  CHECK(clock.steady_now() == never);
}

TEST_CASE("handles are equal when they show the same clock", "[testing][clock]") {
  const ManualClock clock, another;
  const ManualClock copy = clock;
  CHECK(copy == clock);
  CHECK_FALSE(another == clock);
}
