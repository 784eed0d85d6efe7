// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>

#include <patchbay/time.hpp>

namespace patchbay {

/// Why another attempt is being considered. Each cause has its own count, so that a rate limit does not use up the
/// attempts meant for conflicts (hazard A9).
enum class RetryCause : std::uint8_t {
  transient,     ///< 5xx, 408, or a connection that failed.
  rate_limited,  ///< 429.
  conflict,      ///< 409 or 412 on a version that has moved on: re-read and decide again.
};

/// What a retry policy is told.
struct RetryQuestion {
  RetryCause cause;
  int attempts;      ///< Attempts of this cause that have ended, at least 1.
  Duration elapsed;  ///< Since the operation began.
  double random;     ///< Uniform in [0, 1), from the door's random source: the policy itself stays pure.
};

/// What a retry policy answers.
struct RetryAnswer {
  bool again;
  Duration wait;  ///< Before the next attempt; a longer `Retry-After` replaces it.

  [[nodiscard]] static constexpr RetryAnswer stop() noexcept { return {false, Duration::zero()}; }
  [[nodiscard]] static constexpr RetryAnswer in(Duration wait) noexcept { return {true, wait}; }
};

/// When to try again.
///
/// Laws: `decide` is a pure function of the question, does not block and does not throw; it is called from every thread
/// that uses the door. Whether an error is worth another attempt at all, and whether the request may be repeated, is
/// decided before it is asked (see protocol/classify.hpp), and no policy can overrule that.
template <class T>
concept RetryPolicy = requires(const T& retry, const RetryQuestion& question) {
  { retry.decide(question) } -> std::same_as<RetryAnswer>;
};

/// Full jitter (a wait uniform between zero and a bound that doubles with each attempt): the spread that keeps clients
/// which failed together from coming back together. Never stops by itself.
struct ExponentialBackoff {
  Duration initial = milliseconds{200};  ///< The bound after the first attempt.
  Duration cap = seconds{10};            ///< The bound never grows beyond it.

  [[nodiscard]] constexpr RetryAnswer decide(const RetryQuestion& question) const noexcept {
    Duration bound = initial < cap ? initial : cap;
    if (bound <= Duration::zero()) return RetryAnswer::in(Duration::zero());
    for (int i = 1; i < question.attempts && bound < cap; ++i) bound = bound > cap / 2 ? cap : bound * 2;
    return RetryAnswer::in(Duration{static_cast<Duration::rep>(static_cast<double>(bound.count()) * question.random)});
  }
};

/// At most `max_attempts` attempts of each cause, spaced by another policy.
template <RetryPolicy Backoff = ExponentialBackoff>
struct AttemptsLimited {
  int max_attempts = 4;
  Backoff backoff{};

  [[nodiscard]] constexpr RetryAnswer decide(const RetryQuestion& question) const noexcept {
    return question.attempts >= max_attempts ? RetryAnswer::stop() : backoff.decide(question);
  }
};

/// Attempts for as long as the operation is younger than `limit`, spaced by another policy.
template <RetryPolicy Backoff = ExponentialBackoff>
struct TimeLimited {
  Duration limit = seconds{10};
  Backoff backoff{};

  [[nodiscard]] constexpr RetryAnswer decide(const RetryQuestion& question) const noexcept {
    const RetryAnswer answer = backoff.decide(question);
    return !answer.again || question.elapsed >= limit || answer.wait > limit - question.elapsed ? RetryAnswer::stop() : answer;
  }
};

/// One attempt and no more.
struct NoRetry {
  [[nodiscard]] constexpr RetryAnswer decide(const RetryQuestion&) const noexcept { return RetryAnswer::stop(); }
};

using DefaultRetry = AttemptsLimited<ExponentialBackoff>;

}  // namespace patchbay
