// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/breaker.hpp>

#include <deque>
#include <optional>
#include <random>
#include <utility>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

using Breaker = CircuitBreaker;
using Change = Breaker::Change;
using Ending = Breaker::Ending;
using State = Breaker::State;

constexpr SteadyTime at{std::chrono::hours{5}};

/// One exchange that ends at once; nothing when it was refused.
std::optional<Change> exchange(Breaker& breaker, SteadyTime now, Ending ending) {
  Breaker::Pass pass;
  if (!breaker.admit(now, pass)) return std::nullopt;
  return breaker.ended(pass, now, ending);
}
/// Fails until it opens.
void open(Breaker& breaker, SteadyTime now) {
  for (int i = 0; i < 19; ++i) REQUIRE(exchange(breaker, now, Ending::failed) == Change::none);
  REQUIRE(exchange(breaker, now, Ending::failed) == Change::opened);
}

}  // namespace

TEST_CASE("a breaker opens when enough exchanges ended and enough of them failed, and not before", "[breaker]") {
  Breaker breaker;
  SECTION("too few prove nothing") {
    for (int i = 0; i < 19; ++i) CHECK(exchange(breaker, at, Ending::failed) == Change::none);
    CHECK(breaker.state() == State::closed);
    CHECK(exchange(breaker, at, Ending::failed) == Change::opened);
    CHECK(breaker.state() == State::open);
  }
  SECTION("the share counts") {
    for (int i = 0; i < 100; ++i) CHECK(exchange(breaker, at, Ending::alive) == Change::none);
    for (int i = 0; i < 99; ++i) CHECK(exchange(breaker, at, Ending::failed) == Change::none);
    CHECK(exchange(breaker, at, Ending::failed) == Change::opened);  // 100 of 200
  }
  SECTION("what proves nothing counts for nothing") {
    for (int i = 0; i < 1000; ++i) CHECK(exchange(breaker, at, Ending::nothing) == Change::none);
    for (int i = 0; i < 19; ++i) CHECK(exchange(breaker, at, Ending::failed) == Change::none);
    CHECK(breaker.state() == State::closed);
  }
  SECTION("what was before the window is forgotten") {
    for (int i = 0; i < 19; ++i) CHECK(exchange(breaker, at, Ending::failed) == Change::none);
    for (int i = 0; i < 19; ++i) CHECK(exchange(breaker, at + seconds{10}, Ending::failed) == Change::none);
    CHECK(exchange(breaker, at + seconds{19}, Ending::failed) == Change::opened);
  }
  SECTION("within the window it slides by tenths") {
    for (int second = 0; second < 100; ++second) {
      CHECK(exchange(breaker, at + seconds{second}, Ending::failed) == Change::none);  // ten in ten seconds
      CHECK(breaker.state() == State::closed);
    }
  }
  SECTION("a clock reading that is a little late counts in its own slot, or in none") {
    for (int i = 0; i < 30; ++i) CHECK(exchange(breaker, at + seconds{20}, Ending::alive) == Change::none);
    for (int i = 0; i < 29; ++i) CHECK(exchange(breaker, at, Ending::failed) == Change::none);
    CHECK(breaker.state() == State::closed);
  }
}

TEST_CASE("an open breaker refuses until its time, then lets a bounded number of probes through", "[breaker]") {
  Breaker breaker;
  open(breaker, at);
  Breaker::Pass none;
  CHECK_FALSE(breaker.admit(at, none));
  CHECK(breaker.retry_at(at) == at + seconds{5});
  CHECK(breaker.open_at(at + seconds{5} - Duration{1}));
  CHECK_FALSE(breaker.open_at(at + seconds{5}));
  CHECK_FALSE(breaker.admit(at + seconds{5} - Duration{1}, none));

  const SteadyTime later = at + seconds{5};
  Breaker::Pass one, two, three;
  REQUIRE(breaker.admit(later, one));
  CHECK(breaker.state() == State::half_open);
  REQUIRE(breaker.admit(later, two));
  CHECK_FALSE(breaker.admit(later, three));
  CHECK(breaker.retry_at(later) == later + seconds{1});

  SECTION("as many good ones close it") {
    CHECK(breaker.ended(one, later, Ending::alive) == Change::none);
    CHECK(breaker.ended(two, later, Ending::alive) == Change::closed);
    CHECK(breaker.state() == State::closed);
    CHECK(breaker.retry_at(later) < later);
    // It has forgotten the failures from before, and the next opening is a first one again.
    open(breaker, later);
    CHECK(breaker.retry_at(later) == later + seconds{5});
  }
  SECTION("a bad one opens it for twice as long, up to the cap, whatever the others say") {
    CHECK(breaker.ended(one, later, Ending::alive) == Change::none);
    CHECK(breaker.ended(two, later, Ending::failed) == Change::opened);
    CHECK(breaker.retry_at(later) == later + seconds{10});
    SteadyTime now = later + seconds{10};
    for (const int expected : {20, 40, 60, 60, 60}) {
      REQUIRE(exchange(breaker, now, Ending::failed) == Change::opened);
      CHECK(breaker.retry_at(now) == now + seconds{expected});
      now += seconds{expected};
    }
  }
  SECTION("one that proves nothing, or is given up, makes room for another") {
    CHECK(breaker.ended(one, later, Ending::nothing) == Change::none);
    two.drop();
    Breaker::Pass third, fourth;
    CHECK(breaker.admit(later, third));
    CHECK(breaker.admit(later, fourth));
    CHECK(breaker.ended(third, later, Ending::alive) == Change::none);
    CHECK(breaker.ended(fourth, later, Ending::alive) == Change::closed);
  }
  SECTION("a pass that is destroyed with its frame gives its place back") {
    one.drop(), two.drop();
    for (int i = 0; i < 10; ++i) {
      Breaker::Pass brief;
      CHECK(breaker.admit(later, brief));
    }
  }
}

TEST_CASE("ends of exchanges that began before the last change of state say nothing about the present one", "[breaker]") {
  Breaker breaker;
  std::deque<Breaker::Pass> slow(60);
  for (Breaker::Pass& each : slow) REQUIRE(breaker.admit(at, each));
  open(breaker, at);
  for (int i = 0; i < 20; ++i) CHECK(breaker.ended(slow[static_cast<std::size_t>(i)], at, Ending::alive) == Change::none);
  CHECK(breaker.state() == State::open);
  Breaker::Pass probe;
  REQUIRE(breaker.admit(at + seconds{5}, probe));
  for (int i = 20; i < 40; ++i) CHECK(breaker.ended(slow[static_cast<std::size_t>(i)], at + seconds{5}, Ending::failed) == Change::none);
  CHECK(breaker.state() == State::half_open);
  CHECK(breaker.ended(probe, at + seconds{6}, Ending::alive) == Change::none);
  CHECK(exchange(breaker, at + seconds{6}, Ending::alive) == Change::closed);
  for (int i = 40; i < 60; ++i) CHECK(breaker.ended(slow[static_cast<std::size_t>(i)], at + seconds{6}, Ending::failed) == Change::none);
  CHECK(breaker.state() == State::closed);
}

TEST_CASE("what is only watched is counted while the breaker is closed, and never refused", "[breaker][I14]") {
  Breaker breaker;
  const auto watched = [&](Ending ending) {
    Breaker::Pass pass;
    breaker.watch(pass);
    return breaker.ended(pass, at, ending);
  };
  for (int i = 0; i < 19; ++i) CHECK(watched(Ending::failed) == Change::none);
  CHECK(watched(Ending::failed) == Change::opened);
  for (int i = 0; i < 50; ++i) CHECK(watched(Ending::alive) == Change::none);
  CHECK(breaker.state() == State::open);
}

TEST_CASE("a breaker that is off admits everything", "[breaker]") {
  Breaker breaker(BreakerSettings{.enabled = false});
  for (int i = 0; i < 1000; ++i) CHECK(exchange(breaker, at, Ending::failed) == Change::none);
}

TEST_CASE("whatever happens, a healed host is let in again within bounded time, and a dead one hears little", "[breaker][L4]") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](double p) { return std::uniform_real_distribution<>(0, 1)(random) < p; };
    BreakerSettings settings;
    settings.min_exchanges = 1 + static_cast<int>(random() % 30);
    settings.failure_share = 0.1 + static_cast<double>(random() % 90) / 100;
    settings.probes = 1 + static_cast<int>(random() % 4);
    Breaker breaker(settings);
    std::deque<std::pair<SteadyTime, Breaker::Pass>> under_way;
    SteadyTime now = at;
    const double failing = 0.3 + static_cast<double>(random() % 71) / 100;
    int let_in = 0, opened = 0;
    const auto step = [&](bool healed) {
      now += milliseconds{random() % 50};
      while (!under_way.empty() && under_way.front().first <= now) {
        const Ending ending = chance(0.05) ? Ending::nothing : !healed && chance(failing) ? Ending::failed : Ending::alive;
        if (breaker.ended(under_way.front().second, now, ending) == Change::opened) ++opened;
        under_way.pop_front();
      }
      under_way.emplace_back();
      under_way.back().first = now + milliseconds{random() % 300};
      if (!breaker.admit(now, under_way.back().second)) {
        under_way.pop_back();
        CHECK(breaker.retry_at(now) >= now);
      } else {
        ++let_in;
      }
    };
    for (int i = 0; i < 20'000; ++i) step(false);
    INFO("seed " << seed << ", failing " << failing << ", opened " << opened);
    if (failing > 0.99 && settings.failure_share < 0.9) CHECK(let_in < 2000);  // of 20,000 that asked
    const SteadyTime healed_at = now;
    while (now < healed_at + settings.open_cap + seconds{15}) step(true);
    CHECK(breaker.state() == State::closed);
  }
}
