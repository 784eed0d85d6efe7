// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/retry.hpp>

#include <limits>
#include <type_traits>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using patchbay::AttemptsLimited;
using patchbay::Duration;
using patchbay::ExponentialBackoff;
using patchbay::NoRetry;
using patchbay::RetryAnswer;
using patchbay::RetryCause;
using patchbay::RetryPolicy;
using patchbay::RetryQuestion;
using patchbay::TimeLimited;

namespace {

constexpr double almost_one = 1.0 - std::numeric_limits<double>::epsilon() / 2;  // the largest that [0, 1) holds

constexpr RetryQuestion asked(int attempts, double random = 0.5, Duration elapsed = Duration::zero(),
                              RetryCause cause = RetryCause::transient) {
  return {cause, attempts, elapsed, random};
}

// Exactly what the concept asks for: const, and nothing else.
struct MinimalRetry {
  explicit MinimalRetry(int) {}
  RetryAnswer decide(const RetryQuestion&) const { return RetryAnswer::stop(); }
};
struct retry_without_decide {};
struct retry_that_is_not_const {
  RetryAnswer decide(const RetryQuestion&) { return RetryAnswer::stop(); }
};
struct retry_that_answers_a_bool {
  bool decide(const RetryQuestion&) const { return false; }
};
struct retry_that_changes_the_question {
  RetryAnswer decide(RetryQuestion&) const { return RetryAnswer::stop(); }
};

// A spacing that tests can predict.
struct Every {
  Duration wait;
  constexpr RetryAnswer decide(const RetryQuestion&) const noexcept { return RetryAnswer::in(wait); }
};

}  // namespace

TEST_CASE("the retry concept takes what it names and refuses each omission", "[concepts][retry]") {
  STATIC_REQUIRE(RetryPolicy<ExponentialBackoff>);
  STATIC_REQUIRE(RetryPolicy<AttemptsLimited<>>);
  STATIC_REQUIRE(RetryPolicy<TimeLimited<AttemptsLimited<>>>);
  STATIC_REQUIRE(RetryPolicy<NoRetry>);
  STATIC_REQUIRE(RetryPolicy<patchbay::DefaultRetry>);
  STATIC_REQUIRE(RetryPolicy<MinimalRetry>);
  STATIC_REQUIRE_FALSE(RetryPolicy<retry_without_decide>);
  STATIC_REQUIRE_FALSE(RetryPolicy<retry_that_is_not_const>);
  STATIC_REQUIRE_FALSE(RetryPolicy<retry_that_answers_a_bool>);
  STATIC_REQUIRE_FALSE(RetryPolicy<retry_that_changes_the_question>);
  STATIC_REQUIRE(std::is_empty_v<NoRetry>);
}

TEST_CASE("the backoff's bound doubles with each attempt up to its cap", "[retry]") {
  constexpr ExponentialBackoff backoff{.initial = 200ms, .cap = 3s};
  const auto longest = [&](int attempts) { return backoff.decide(asked(attempts, almost_one)).wait; };
  // Just below the bound: the jitter is drawn from a half-open interval.
  CHECK(longest(1) > 199ms);
  CHECK(longest(1) < 200ms);
  CHECK(longest(2) > 399ms);
  CHECK(longest(2) < 400ms);
  CHECK(longest(4) > 1599ms);
  CHECK(longest(4) < 1600ms);
  CHECK(longest(5) > 2999ms);  // 3.2 s would be beyond the cap
  CHECK(longest(5) < 3s);
  CHECK(longest(6) < 3s);
  CHECK(longest(1000) < 3s);
}

TEST_CASE("the backoff's jitter is full: it reaches from nothing to the bound, in proportion", "[retry]") {
  constexpr ExponentialBackoff backoff{.initial = 1s, .cap = 60s};
  STATIC_REQUIRE(backoff.decide(asked(1, 0.0)).wait == Duration::zero());
  STATIC_REQUIRE(backoff.decide(asked(1, 0.25)).wait == 250ms);
  STATIC_REQUIRE(backoff.decide(asked(3, 0.5)).wait == 2s);
  STATIC_REQUIRE(backoff.decide(asked(3, 0.5)).again);
}

TEST_CASE("no setting and no number of attempts makes a backoff overflow, stall or go back", "[retry]") {
  const Duration initial = GENERATE(Duration::min(), Duration{-1}, Duration::zero(), Duration{1}, Duration{1s}, Duration::max());
  const Duration cap = GENERATE(Duration::min(), Duration{-1}, Duration::zero(), Duration{1}, Duration{3s}, Duration::max() - Duration{1},
                                Duration::max());
  const int attempts = GENERATE(-1, 0, 1, 2, 62, 63, 64, 65, std::numeric_limits<int>::max());
  const double random = GENERATE(0.0, 0.5, almost_one);
  const RetryAnswer answer = ExponentialBackoff{initial, cap}.decide(asked(attempts, random));
  CAPTURE(initial.count(), cap.count(), attempts, random, answer.wait.count());
  CHECK(answer.again);
  CHECK(answer.wait >= Duration::zero());
  CHECK((answer.wait <= cap || answer.wait == Duration::zero()));
}

TEST_CASE("attempts are limited to the number, the first included", "[retry]") {
  constexpr AttemptsLimited<Every> three{3, {5ms}};
  STATIC_REQUIRE(three.decide(asked(1)).again);
  STATIC_REQUIRE(three.decide(asked(2)).again);
  STATIC_REQUIRE(three.decide(asked(2)).wait == 5ms);
  STATIC_REQUIRE_FALSE(three.decide(asked(3)).again);
  STATIC_REQUIRE_FALSE(three.decide(asked(4)).again);
  STATIC_REQUIRE_FALSE((AttemptsLimited<Every>{1, {5ms}}.decide(asked(1)).again));
  STATIC_REQUIRE_FALSE((AttemptsLimited<Every>{0, {5ms}}.decide(asked(1)).again));
  STATIC_REQUIRE_FALSE((AttemptsLimited<Every>{-1, {5ms}}.decide(asked(1)).again));
  STATIC_REQUIRE(three.decide(asked(1, 0.5, Duration::max())).again);  // time is no concern of this one
}

TEST_CASE("a cause that has used up its attempts says nothing about another", "[retry][A9]") {
  // The counts come with the question, one for each cause; the policy keeps none.
  constexpr patchbay::DefaultRetry retry{};
  CHECK_FALSE(retry.decide(asked(4, 0.5, Duration::zero(), RetryCause::rate_limited)).again);
  CHECK(retry.decide(asked(1, 0.5, Duration::zero(), RetryCause::conflict)).again);
  CHECK_FALSE(retry.decide(asked(4, 0.5, Duration::zero(), RetryCause::rate_limited)).again);
}

TEST_CASE("a time limit allows the waits that end within it, to the tick", "[retry]") {
  constexpr TimeLimited<Every> limited{10s, {2s}};
  STATIC_REQUIRE(limited.decide(asked(1, 0.5, 0s)).again);
  STATIC_REQUIRE(limited.decide(asked(99, 0.5, 8s)).again);                    // ends with the limit
  STATIC_REQUIRE_FALSE(limited.decide(asked(1, 0.5, 8s + Duration{1})).again);  // ends one tick behind it
  STATIC_REQUIRE_FALSE(limited.decide(asked(1, 0.5, 10s)).again);
  STATIC_REQUIRE_FALSE(limited.decide(asked(1, 0.5, 11s)).again);
  STATIC_REQUIRE_FALSE(limited.decide(asked(1, 0.5, Duration::max())).again);
  STATIC_REQUIRE_FALSE((TimeLimited<Every>{0s, {0s}}.decide(asked(1)).again));
  STATIC_REQUIRE_FALSE((TimeLimited<Every>{-1s, {0s}}.decide(asked(1)).again));
  STATIC_REQUIRE((TimeLimited<Every>{Duration::max(), {1h}}.decide(asked(1, 0.5, 1000h)).again));
  // A wait of nothing is allowed until the limit is reached, and not when it is.
  STATIC_REQUIRE((TimeLimited<Every>{10s, {0s}}.decide(asked(1, 0.5, 10s - Duration{1})).again));
  STATIC_REQUIRE_FALSE((TimeLimited<Every>{10s, {0s}}.decide(asked(1, 0.5, 10s)).again));
}

TEST_CASE("limits compose, and the first to stop has stopped", "[retry]") {
  constexpr TimeLimited<AttemptsLimited<Every>> both{10s, {3, {1s}}};
  STATIC_REQUIRE(both.decide(asked(2, 0.5, 5s)).again);
  STATIC_REQUIRE_FALSE(both.decide(asked(3, 0.5, 5s)).again);
  STATIC_REQUIRE_FALSE(both.decide(asked(2, 0.5, 9500ms)).again);
  STATIC_REQUIRE_FALSE(NoRetry{}.decide(asked(1)).again);
}

TEST_CASE("the same question has the same answer", "[retry]") {
  constexpr patchbay::DefaultRetry retry{};
  const RetryQuestion question = asked(2, 0.625);
  const RetryAnswer first = retry.decide(question);
  for (int i = 0; i < 100; ++i) {
    const RetryAnswer answer = retry.decide(question);
    CHECK(answer.again == first.again);
    CHECK(answer.wait == first.wait);
  }
}
