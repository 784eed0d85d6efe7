// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/time.hpp>

#include <chrono>

#include "support/catch.hpp"

using patchbay::after;
using patchbay::Duration;
using patchbay::never;
using patchbay::SteadyTime;

TEST_CASE("after adds a span to a time", "[time]") {
  const SteadyTime start{std::chrono::seconds{100}};
  STATIC_REQUIRE(after(SteadyTime{}, Duration{5}) == SteadyTime{Duration{5}});
  CHECK(after(start, std::chrono::seconds{3}) == SteadyTime{std::chrono::seconds{103}});
  CHECK(after(start, Duration::zero()) == start);
  CHECK(after(start, -std::chrono::seconds{3}) == SteadyTime{std::chrono::seconds{97}});
  CHECK(after(SteadyTime{}, -Duration{1}) == SteadyTime{Duration{-1}});
}

TEST_CASE("after saturates at never and cannot wrap into the past", "[time]") {
  const SteadyTime start{std::chrono::seconds{100}};
  CHECK(after(start, Duration::max()) == never);
  CHECK(after(start, never - start) == never);
  CHECK(after(start, never - start - Duration{1}) == never - Duration{1});
  CHECK(after(start, never - start + Duration{1}) == never);
  CHECK(after(never, Duration::zero()) == never);
  CHECK(after(never, Duration{1}) == never);
  CHECK(after(never, Duration::max()) == never);
  CHECK(after(never, -Duration{1}) == never - Duration{1});
  CHECK(after(SteadyTime{}, Duration::max()) == never);
}

TEST_CASE("after knows times before the clock's epoch", "[time]") {
  const SteadyTime early{-std::chrono::hours{1}};
  CHECK(after(early, std::chrono::hours{2}) == SteadyTime{std::chrono::hours{1}});
  CHECK(after((SteadyTime::min)(), Duration::zero()) == (SteadyTime::min)());
  CHECK(after((SteadyTime::min)(), Duration{1}) == (SteadyTime::min)() + Duration{1});
  CHECK(after((SteadyTime::min)(), Duration::max()) == SteadyTime{Duration{-1}});
  CHECK(after(early, Duration::max()) == early + Duration::max());
}

TEST_CASE("never is later than every deadline", "[time]") {
  STATIC_REQUIRE(never == (SteadyTime::max)());
  CHECK(never > std::chrono::steady_clock::now() + std::chrono::hours{24 * 365 * 200});
}
