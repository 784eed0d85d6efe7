// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/pacer.hpp>

#include <cstdint>
#include <limits>
#include <optional>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

constexpr SteadyTime at{std::chrono::hours{5}};

/// When a request that asks at `now` may start, however often it has to ask; nothing when that is after `limit`. Its turn ends
/// then, and the turns that are asked for after it are behind it.
std::optional<SteadyTime> turn_of(Pacer& pacer, SteadyTime now, SteadyTime limit) {
  PacerTurn turn;
  for (;;) {
    switch (pacer.ask(turn, now, limit)) {
      case Pacer::Answer::go: return now;
      case Pacer::Answer::wait: now = turn.at(); break;
      default: return std::nullopt;
    }
  }
}
/// The same without asking once a second, for turns that are far away.
std::optional<SteadyTime> far_turn_of(Pacer& pacer, SteadyTime now) {
  PacerTurn turn;
  if (pacer.ask(turn, now, now) == Pacer::Answer::go) return now;
  const SteadyTime told = turn.at();
  return pacer.ask(turn, told, told) == Pacer::Answer::go ? std::optional(told) : std::nullopt;
}
/// How often `pacer` grants a turn at `now` itself.
int at_once(Pacer& pacer, SteadyTime now, int limit = 1000) {
  int granted = 0;
  while (granted < limit && turn_of(pacer, now, now)) ++granted;
  return granted;
}

}  // namespace

TEST_CASE("a pacer spaces its turns evenly, and the first is free", "[pacer]") {
  Pacer pacer(300);
  for (int i = 0; i < 50; ++i) CHECK(turn_of(pacer, at, never) == at + i * milliseconds{200});
}

TEST_CASE("a burst goes at once, comes back as time passes, and never grows beyond itself", "[pacer]") {
  Pacer pacer(60, 5);
  CHECK(at_once(pacer, at) == 5);
  CHECK(at_once(pacer, at + milliseconds{999}) == 0);
  CHECK(at_once(pacer, at + seconds{1}) == 1);
  CHECK(at_once(pacer, at + seconds{3}) == 2);
  CHECK(at_once(pacer, at + std::chrono::hours{1000}) == 5);
}

TEST_CASE("a turn beyond the deadline is not given, and takes nothing from those who can wait", "[pacer]") {
  Pacer pacer(60);
  REQUIRE(turn_of(pacer, at, at) == at);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(turn_of(pacer, at, at + milliseconds{999}));
  CHECK(turn_of(pacer, at, at + seconds{1}) == at + seconds{1});
  CHECK_FALSE(turn_of(pacer, at, at + seconds{1}));
  CHECK(turn_of(pacer, at, never) == at + seconds{2});
}

TEST_CASE("a refusal before the first turn begins nothing", "[pacer]") {
  Pacer pacer(60);
  CHECK_FALSE(turn_of(pacer, at, at - seconds{1}));
  CHECK(turn_of(pacer, at, at) == at);
}

TEST_CASE("over a long run no pacer is quicker than its rate, whatever the rate's fraction of a nanosecond",
          "[pacer]") {
  for (const double per_minute : {7.0, 299.0, 300.0, 1000.0 / 7, 60e9 / 2.5, 60e9 / 1.1, 0.1, 59.999999}) {
    Pacer pacer(per_minute, 3);
    SteadyTime last = at;
    constexpr int turns = 30'000;
    for (int i = 0; i < turns; ++i) {
      const auto turn = far_turn_of(pacer, last);
      REQUIRE(turn);
      REQUIRE(*turn >= last);
      last = *turn;
    }
    // The third and every later turn wait for one interval each.
    const double minutes = std::chrono::duration<double, std::ratio<60>>(last - at).count();
    INFO(per_minute);
    CHECK(static_cast<double>(turns - 3) <= per_minute * minutes * (1 + 1e-12) + 1e-9);
    CHECK(static_cast<double>(turns) >= per_minute * minutes * (per_minute > 1e9 ? 0.4 : 0.999));
  }
}

TEST_CASE("hostile values make a slow pacer, never a quick or a broken one", "[pacer]") {
  using limits = std::numeric_limits<double>;
  for (const double per_minute :
       {0.0, -0.0, -1.0, limits::quiet_NaN(), limits::infinity(), -limits::infinity(), -limits::max()}) {
    Pacer pacer(per_minute);
    INFO(per_minute);
    CHECK(at_once(pacer, at) == 1);
    CHECK(turn_of(pacer, at, never) == at + std::chrono::minutes{1});
  }
  SECTION("slower than a turn in days is as slow as it says, to one a year") {
    Pacer slow(0.0005);  // one in 2000 minutes
    REQUIRE(turn_of(slow, at, at));
    CHECK(far_turn_of(slow, at) == at + std::chrono::minutes{2000});
    for (const double least : {1e-9, limits::denorm_min(), limits::min()}) {
      Pacer still(least);
      REQUIRE(turn_of(still, at, at));
      CHECK(far_turn_of(still, at) == at + std::chrono::hours{24 * 365});
    }
  }
  SECTION("a burst that is not positive is 1") {
    for (const int burst : {0, -1, (std::numeric_limits<int>::min)()}) {
      Pacer pacer(60, burst);
      CHECK(at_once(pacer, at) == 1);
    }
  }
  SECTION("a burst beyond what time can express does not wrap") {
    for (const double per_minute : {1e-9, 0.002, 1.0, 60e9}) {
      Pacer pacer(per_minute, (std::numeric_limits<int>::max)());
      INFO(per_minute);
      CHECK(turn_of(pacer, at, at) == at);
      const auto second = far_turn_of(pacer, at);
      REQUIRE(second);
      CHECK(*second >= at);
    }
  }
  SECTION("a rate beyond the clock's resolution costs a nanosecond a turn at most") {
    Pacer pacer(limits::max());
    REQUIRE(turn_of(pacer, at, at));
    const auto second = turn_of(pacer, at, never);
    REQUIRE(second);
    CHECK(*second <= at + std::chrono::nanoseconds{1});
  }
}

TEST_CASE("a pacer works at the beginning of its clock, before it, and near its end", "[pacer]") {
  for (const SteadyTime start : {SteadyTime{}, SteadyTime{} - std::chrono::hours{1}, SteadyTime{seconds{1}}}) {
    Pacer pacer(60, 4);
    CHECK(at_once(pacer, start) == 4);
    CHECK(turn_of(pacer, start, never) == start + seconds{1});
  }
  Pacer pacer(1, 2);
  const SteadyTime late = never - seconds{1};
  CHECK(turn_of(pacer, late, never) == late);
  CHECK(turn_of(pacer, late, never) == late);
  CHECK(turn_of(pacer, late, never) == never);  // saturates
  CHECK(turn_of(pacer, late, never) == never);
}
