// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/clock.hpp>

#include <type_traits>

#include "support/catch.hpp"

using patchbay::SteadyTime;
using patchbay::SystemClock;
using patchbay::WallTime;

namespace {

// Exactly what the concept asks for, and nothing more: not even a default constructor or a copy.
struct MinimalClock {
  explicit MinimalClock(int) {}
  MinimalClock(const MinimalClock&) = delete;
  SteadyTime steady_now() { return {}; }
  WallTime wall_now() { return {}; }
  void sleep_until(SteadyTime) {}
};
struct clock_without_steady_now {
  WallTime wall_now() { return {}; }
  void sleep_until(SteadyTime) {}
};
struct clock_without_wall_now {
  SteadyTime steady_now() { return {}; }
  void sleep_until(SteadyTime) {}
};
struct clock_without_sleep_until {
  SteadyTime steady_now() { return {}; }
  WallTime wall_now() { return {}; }
};
struct clock_whose_steady_time_is_wall_time {
  WallTime steady_now() { return {}; }
  WallTime wall_now() { return {}; }
  void sleep_until(SteadyTime) {}
};
struct clock_that_sleeps_until_wall_time {
  SteadyTime steady_now() { return {}; }
  WallTime wall_now() { return {}; }
  void sleep_until(WallTime) {}
};
struct clock_whose_sleep_returns_something {
  SteadyTime steady_now() { return {}; }
  WallTime wall_now() { return {}; }
  bool sleep_until(SteadyTime) { return true; }
};

}  // namespace

TEST_CASE("the clock concept takes what it names and refuses each omission", "[concepts][clock]") {
  STATIC_REQUIRE(patchbay::Clock<SystemClock>);
  STATIC_REQUIRE(patchbay::Clock<const SystemClock>);
  STATIC_REQUIRE(patchbay::Clock<MinimalClock>);
  STATIC_REQUIRE_FALSE(patchbay::Clock<clock_without_steady_now>);
  STATIC_REQUIRE_FALSE(patchbay::Clock<clock_without_wall_now>);
  STATIC_REQUIRE_FALSE(patchbay::Clock<clock_without_sleep_until>);
  STATIC_REQUIRE_FALSE(patchbay::Clock<clock_whose_steady_time_is_wall_time>);
  STATIC_REQUIRE_FALSE(patchbay::Clock<clock_that_sleeps_until_wall_time>);
  STATIC_REQUIRE_FALSE(patchbay::Clock<clock_whose_sleep_returns_something>);
  STATIC_REQUIRE_FALSE(patchbay::Clock<int>);
}

TEST_CASE("the system's clock is empty, never goes back and does not sleep for what is past", "[clock]") {
  STATIC_REQUIRE(std::is_empty_v<SystemClock>);
  const SystemClock clock;
  SteadyTime last = clock.steady_now();
  for (int i = 0; i < 1000; ++i) {
    const SteadyTime now = clock.steady_now();
    REQUIRE(now >= last);
    last = now;
  }
  clock.sleep_until(last);                               // reached: returns at once
  clock.sleep_until(last - std::chrono::hours{24});      // long past
  clock.sleep_until(SteadyTime{});                       // the clock's own beginning
  const SteadyTime soon = clock.steady_now() + patchbay::milliseconds{2};
  clock.sleep_until(soon);
  CHECK(clock.steady_now() >= soon);
  CHECK(clock.wall_now() > WallTime{} + std::chrono::hours{24 * 365 * 50});  // the year 2020
}
