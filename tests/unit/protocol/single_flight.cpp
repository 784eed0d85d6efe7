// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/single_flight.hpp>

#include <array>

#include <support/catch.hpp>

#include "bench.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

struct Person {
  Sleeper sleeper;
  Waiter waiter{sleeper};
  SingleFlight::Ticket ticket = 0;
};

}  // namespace

TEST_CASE("all who wait for a flight are woken once when it ends, however it ends", "[single_flight][A12]") {
  for (const int how : {0, 1, 2}) {
    SingleFlight flight;
    CHECK_FALSE(flight.busy());
    (void)flight.lead();
    std::array<Person, 5> people;
    for (Person& each : people) REQUIRE(flight.join(each.waiter, each.ticket, 100));
    CHECK(flight.busy());
    if (how == 0) flight.succeed();
    if (how == 1) flight.fail(Error(ErrorCode::network, "gone"));
    if (how == 2) flight.abandon();
    CHECK_FALSE(flight.busy());
    for (Person& each : people) {
      CHECK(each.waiter.woken());
      CHECK(each.sleeper.wakes == 1);
      CHECK(each.waiter.next == nullptr);
      CHECK(flight.landed(each.ticket) == (how == 0));
      CHECK((flight.failure_of(each.ticket) != nullptr) == (how == 1));
    }
    (void)flight.lead();
    flight.succeed();
    for (Person& each : people) CHECK(each.sleeper.wakes == 1);
  }
}

TEST_CASE("a failure belongs to those who waited for it, and to nobody later", "[single_flight]") {
  SingleFlight flight;
  Person early, late;
  (void)flight.lead();
  REQUIRE(flight.join(early.waiter, early.ticket, 100));
  flight.fail(Error(ErrorCode::unavailable, "down"));
  REQUIRE(flight.failure_of(early.ticket));
  CHECK(flight.failure_of(early.ticket)->code() == ErrorCode::unavailable);
  CHECK_FALSE(flight.failure_of(late.ticket));
  (void)flight.lead();
  REQUIRE(flight.join(late.waiter, late.ticket, 100));
  CHECK(late.ticket != early.ticket);
  CHECK_FALSE(flight.failure_of(late.ticket));
  SECTION("a success takes it away from those who have not looked yet") {
    flight.succeed();
    CHECK_FALSE(flight.failure_of(early.ticket));
    CHECK(flight.landed(late.ticket));
    CHECK(flight.landed(early.ticket));  // what landed is newer than what it asked for
  }
  SECTION("of two failures those who come back late share the last") {
    flight.fail(Error(ErrorCode::network, "gone"));
    REQUIRE(flight.failure_of(early.ticket));
    CHECK(flight.failure_of(early.ticket)->code() == ErrorCode::network);
    CHECK(flight.failure_of(late.ticket)->code() == ErrorCode::network);
  }
  SECTION("an abandoned flight leaves it") {
    flight.abandon();
    CHECK(flight.failure_of(early.ticket));
    CHECK_FALSE(flight.failure_of(late.ticket));
    CHECK_FALSE(flight.landed(late.ticket));
  }
}

TEST_CASE("the ticket that is none names no flight", "[single_flight]") {
  SingleFlight flight;
  CHECK_FALSE(flight.landed(0));
  CHECK_FALSE(flight.failure_of(0));
  CHECK(flight.lead() != 0);
  flight.fail(Error(ErrorCode::network, "gone"));
  CHECK_FALSE(flight.landed(0));
  CHECK_FALSE(flight.failure_of(0));
}

TEST_CASE("one who leaves the queue is not woken, wherever it stood", "[single_flight]") {
  for (const std::size_t quitter : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    SingleFlight flight;
    std::array<Person, 3> people;
    Person stranger;
    (void)flight.lead();
    for (Person& each : people) REQUIRE(flight.join(each.waiter, each.ticket, 100));
    flight.forget(people[quitter].waiter);
    flight.forget(people[quitter].waiter);  // twice does no harm
    flight.forget(stranger.waiter);
    flight.succeed();
    for (std::size_t i = 0; i < people.size(); ++i) CHECK(people[i].sleeper.wakes == (i == quitter ? 0 : 1));
    flight.forget(people[0].waiter);  // nobody stands there any more
  }
}
