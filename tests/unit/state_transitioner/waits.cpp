// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("a server's wait is kept in either of its forms, and never shortened", "[waits][A8][I9]") {
  const auto first_sleep = [](HeaderList headers) {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(429, std::move(headers)).answer(200);
    REQUIRE(f.door().transition(f.request()));
    return f.clock.sleeps().at(0);
  };
  SECTION("seconds") {
    const Duration slept = first_sleep({{"Retry-After", "7"}});
    CHECK(slept >= seconds{7});
    CHECK(slept <= seconds{8});
  }
  SECTION("a date, relative to the answer's own date") {
    const Duration slept = first_sleep({{"Date", "Tue, 15 Nov 1994 08:12:31 GMT"}, {"Retry-After", "Tue, 15 Nov 1994 08:12:40 GMT"}});
    CHECK(slept >= seconds{9});
    CHECK(slept <= seconds{10});
  }
  SECTION("a date without the answer's own, by our wall clock") {
    const Duration slept = first_sleep({{"Retry-After", "Thu, 01 Jan 2026 00:00:05 GMT"}});
    CHECK(slept >= seconds{5});
    CHECK(slept <= seconds{6});
  }
  SECTION("garbage and negative values are no hint: our own back-off serves") {
    for (const char* value : {"-5", "soon", "", "1.5", "0x10", "Tue, 99 Nov 1994 08:12:40 GMT"})
      CHECK(first_sleep({{"Retry-After", value}}) <= milliseconds{200});
  }
}

TEST_CASE("a wait beyond the cap or the deadline ends the operation at once", "[waits][A7][A8][I7]") {
  SECTION("beyond the cap") {
    for (const char* value : {"61", "99999999999999999999999", "Fri, 31 Dec 2027 23:59:59 GMT"}) {
      Fixture f;
      f.settings.deadline = std::chrono::hours{1};
      f.interaction("1");
      f.cloud.answer(429, {{"Retry-After", value}});
      const auto moved = f.door().transition(f.request());
      REQUIRE_FALSE(moved);
      CHECK(moved.error().code() == ErrorCode::rate_limited);
      CHECK(moved.error().retry_after() >= seconds{61});
      CHECK(f.clock.sleeps().empty());
    }
  }
  SECTION("beyond the deadline") {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(429, {{"Retry-After", "20"}});
    const auto moved = f.door().transition(f.request().deadline(seconds{20}));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::rate_limited);
    CHECK(f.clock.sleeps().empty());
  }
  SECTION("of a 503, which leaves the write in doubt: not even the reading goes out") {
    Fixture f;
    f.interaction("1");
    f.cloud.answer(503, {{"Retry-After", "3600"}});
    const auto moved = f.door().transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::outcome_unknown);
    CHECK(moved.error().http_status() == 503);
    CHECK(moved.error().retry_after() == seconds{3600});
    CHECK(f.clock.sleeps().empty());
    CHECK(f.requests("interaction.get").size() == 1);
  }
}

TEST_CASE("the reading that resolves a doubt keeps to the server's wait as well", "[waits][A6][I9]") {
  Fixture f;
  f.interaction("1");
  for (int i = 0; i < 4; ++i) f.cloud.answer(503, {{"Retry-After", "2"}});
  f.interaction("2", "BillingInquiry", first_id());
  REQUIRE(f.door().transition(f.request()));
  const auto requests = f.cloud.requests();
  REQUIRE(requests.size() >= 2);
  CHECK(requests.back().name == "interaction.get");
  CHECK(requests.back().at - requests[requests.size() - 2].at >= seconds{2});
}

TEST_CASE("the operation ends by its deadline whatever the cloud does", "[waits][A7][I7]") {
  Fixture f;
  const SteadyTime start = f.clock.steady_now();
  SECTION("silence on the reading") {
    for (int i = 0; i < 4; ++i) f.cloud.fail(TransportFault::timed_out, Delivery::maybe_sent);
  }
  SECTION("silence on the write and on the reading after it") {
    f.interaction("1");
    for (int i = 0; i < 8; ++i) f.cloud.fail(TransportFault::timed_out, Delivery::maybe_sent);
  }
  SECTION("answers that take their time") {
    f.interaction("1");
    for (int i = 0; i < 8; ++i) f.cloud.answer(503).take(seconds{6});
  }
  const auto moved = f.door().transition(f.request().deadline(seconds{15}));
  REQUIRE_FALSE(moved);
  CHECK(f.clock.steady_now() <= start + seconds{15});
  CHECK(f.cloud.overruns() == 0);
  for (const RecordedRequest& request : f.cloud.requests()) CHECK(request.deadline <= start + seconds{15});
}

TEST_CASE("time is kept back to find out what became of a write without an answer", "[waits][A6]") {
  Fixture f;
  f.interaction("1");
  f.cloud.fail(TransportFault::timed_out, Delivery::maybe_sent);
  f.interaction("2", "BillingInquiry", first_id());
  f.settings.attempt_timeout = seconds{60};
  const auto moved = f.door().transition(f.request().deadline(seconds{4}));
  REQUIRE(moved);
  CHECK(moved->resolved_by == ResolvedBy::state);
}

TEST_CASE("one exchange is bounded by the attempt timeout", "[waits][A7]") {
  Fixture f;
  f.settings.attempt_timeout = seconds{3};
  f.interaction("1");
  f.cloud.answer(200);
  REQUIRE(f.door().transition(f.request()));
  for (const RecordedRequest& request : f.cloud.requests()) CHECK(request.deadline - request.at <= seconds{3});
}

TEST_CASE("deadlines that are not positive are refused", "[waits]") {
  Fixture f;
  for (const Duration budget : {Duration::zero(), Duration(seconds{-1})}) {
    const auto moved = f.door().transition(f.request().deadline(budget));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::invalid_argument);
  }
  CHECK(f.cloud.request_count() == 0);
}

TEST_CASE("back-off is fully jittered: it differs, and stays below its bound", "[waits][A9]") {
  Fixture f;
  f.interaction("1");
  for (int i = 0; i < 3; ++i) f.cloud.answer(429);
  f.cloud.answer(200);
  REQUIRE(f.door().transition(f.request()));
  const auto sleeps = f.clock.sleeps();
  REQUIRE(sleeps.size() == 3);
  Duration bound = milliseconds{200};
  for (const Duration each : sleeps) {
    CHECK(each <= bound);
    bound *= 2;
  }
  CHECK(sleeps[0] != sleeps[1]);
}

TEST_CASE("a pacer spaces the requests, and says so at once when there is no turn before the deadline", "[waits][pacer]") {
  Fixture f;
  f.settings.pacer = std::make_shared<Pacer>(60.0);  // one a second
  SECTION("spaced") {
    f.interaction("1");
    f.cloud.answer(200);
    const SteadyTime start = f.clock.steady_now();
    const auto moved = f.door().transition(f.request());
    REQUIRE(moved);
    CHECK(f.clock.steady_now() - start == seconds{2});  // flow, reading, write; the login host has limits of its own
    CHECK(moved->waited == seconds{2});
  }
  SECTION("no turn") {
    const auto moved = f.door().transition(f.request().deadline(milliseconds{1500}));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::rate_limited);
    CHECK(moved.error().outcome() == Outcome::not_applied);
  }
}
