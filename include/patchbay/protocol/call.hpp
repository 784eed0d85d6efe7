// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/error_body.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/protocol/admission.hpp>
#include <patchbay/protocol/classify.hpp>
#include <patchbay/protocol/gateway.hpp>
#include <patchbay/protocol/protocol.hpp>

namespace patchbay {

/// How one exchange ended, as far as the caller's decision goes.
class Attempt {
 public:
  Attempt() noexcept = default;
  Verdict verdict{Next::give_up, ErrorCode::internal};
  std::string detail;    ///< What the transport said, or why the answer proves nothing; empty for any other answer.
  Duration latency{};    ///< Of the exchange alone.
};

namespace detail {

/// The body's `contextId`, in place of the header that a refusal lacks.
[[gnu::cold, gnu::noinline]] inline void correlate_by_body(Operation& operation) {
  ErrorBody told;
  if (parse_error_body(operation.response.body, operation.json, told)) operation.server_correlation_id = told.context_id;
}

/// Whether an answer repeats a credential. Short ones are found in any text, and are no credentials.
[[nodiscard]] inline bool repeats(std::string_view text, std::string_view secret) noexcept {
  return secret.size() >= 8 && text.find(secret) != std::string_view::npos;
}
/// Takes the server's words out of `error` that repeat `secret`, which an excerpt cannot know (invariant I19): the message
/// also when `body`, which it comes from, does so somewhere, since it may have been cut in the midst.
inline void conceal(Error& error, std::string_view body, std::string_view secret) {
  if (repeats(body, secret) || repeats(error.server_message(), secret)) error.set_server_message("<redacted>");
  if (repeats(error.server_code(), secret)) error.set_server_code({});
}

/// What the answer in `response` says of its cause, and by which id the cloud knows it; `token` is what it may repeat and
/// nobody may read.
[[gnu::cold, gnu::noinline]] inline void add_refusal(Error& error, const HttpResponse& response, JsonReader& json, std::string_view token) {
  ErrorBody told;
  const bool refusal = response.status < 200 || response.status > 299;
  if (refusal && parse_error_body(response.body, json, told)) error.set_server_code(told.code);
  error.set_server_message(told.message.empty() ? excerpt(response.body.view(), ErrorBody::message_limit) : told.message);
  const auto id = response.headers.find("inin-correlation-id");
  error.set_server_correlation_id(id && !id->empty() ? excerpt(*id, 128) : told.context_id);
  conceal(error, response.body.view(), token);
}

/// The token in an `Authorization` field.
[[nodiscard]] inline std::string_view token_of(std::string_view authorization) noexcept {
  return authorization.substr((std::min)(authorization.find(' ') + 1, authorization.size()));
}

}  // namespace detail

/// Asked directly before a request leaves, when nothing restrains it any more: what wanted it may have gone while it waited.
class Departure {
 public:
  /// Whether the request is still to leave; if so it does.
  [[nodiscard]] virtual bool leaves() = 0;

 protected:
  Departure() = default;
  ~Departure() = default;
};

/// Sends one request once: admitted by breaker and pacer, bounded by the attempt timeout and `limit`, logged, classified.
/// Fails only when it could not begin, as when `departure`, if there is one, does not let it leave; `charge`, which what was
/// paid for this attempt is taken from, keeps it then.
inline Protocol<Result<void>> attempt(Operation& operation, const Gateway& gateway, ExchangeKind kind, const HttpRequest& request,
                                      SteadyTime limit, Attempt& out, RetryCharge& charge, Departure* departure = nullptr) {
  if (operation.stopped()) co_return fail(ErrorCode::cancelled, "cancelled before the request was sent");
  Admission admission;
  const bool waited = !detail::admitted_at_once(operation, gateway, kind, limit, admission);
  if (waited)
    if (auto admitted = co_await detail::admit(operation, gateway, kind, limit, admission); !admitted) co_return admitted;
  const SteadyTime begun = operation.steady_now();
  // A turn can be long in coming, and no request leaves with a token that died meanwhile (invariant I10).
  const bool authorized = kind == ExchangeKind::read || kind == ExchangeKind::write;
  if (waited && authorized && operation.token_generation != 0 &&
      !gateway.tokens->serves(operation.token_generation, begun)) {
    out.verdict = Verdict(Next::authorize, ErrorCode::authentication_failed);
    co_return Result<void>{};
  }
  if (begun >= limit) co_return fail(ErrorCode::deadline_exceeded, "the deadline passed before the request could begin");
  if (departure && !departure->leaves()) co_return fail(ErrorCode::cancelled, "given up before the request was sent");
  operation.response.clear();
  operation.status = 0;
  operation.server_correlation_id.clear();
  HttpEffect effect(request, operation.response, std::min(limit, after(begun, gateway.attempt_timeout)));
  // Counted before it is sent: whatever fails from here on, it may have reached the server.
  if (kind == ExchangeKind::write) ++operation.side_effects;
  co_await effect;
  out.latency = operation.steady_now() - begun;
  operation.status = effect.result ? operation.response.status : 0;
  if (operation.observer) operation.observer->exchanged(kind, out.latency, operation.status);
  if (!effect.result) {
    const TransportError& error = effect.result.error();
    operation.timed_out = error.fault == TransportFault::timed_out;
    if (error.fault == TransportFault::queue_full && error.delivery == Delivery::not_sent) {  // it was not made after all
      if (kind == ExchangeKind::write) --operation.side_effects;
      charge.give_back();
    }
    detail::learn(operation, gateway, kind, begun, detail::ending_of(error, effect.deadline - begun, gateway), admission, charge);
    out.verdict = classify(kind, error.fault, error.delivery);
    out.detail.assign(to_string(error.fault));
    if (!error.detail.empty()) out.detail.append(": ").append(excerpt(error.detail, 200));
    operation.log(Level::warn, "http.attempt",
                  {{"operation", operation.operation_id}, {"request", request.name}, {"fault", to_string(error.fault)},
                   {"sent", error.delivery == Delivery::maybe_sent}, {"ms", to_milliseconds(out.latency)}});
    co_return Result<void>{};
  }
  operation.timed_out = false;
  const bool well = operation.status < 500;
  detail::learn(operation, gateway, kind, begun, well ? CircuitBreaker::Ending::alive : CircuitBreaker::Ending::failed, admission, charge);
  out.detail.clear();
  if (const auto id = operation.response.headers.find("inin-correlation-id")) append_excerpt(operation.server_correlation_id, *id, 128);
  if (operation.server_correlation_id.empty() && operation.status >= 400) detail::correlate_by_body(operation);
  out.verdict = classify(kind, operation.status);
  if (operation.log_enabled(Level::info)) {
    operation.log(Level::info, "http.attempt",
                  {{"operation", operation.operation_id}, {"request", request.name}, {"status", operation.status},
                   {"ms", to_milliseconds(out.latency)}});
  }
  co_return Result<void>{};
}

/// The error that reports how `attempt` ended, for the request `name` that was tried `attempts` times.
inline Error error_of(Operation& operation, const Attempt& attempt, std::string_view name, int attempts) {
  std::string message(name);
  if (operation.status != 0) {
    message.append(" answered ").append(std::to_string(operation.status));
    if (!attempt.detail.empty()) message.append(": ").append(attempt.detail);
  } else {
    message.append(" failed: ").append(attempt.detail);
  }
  if (attempts > 1) message.append(", after ").append(std::to_string(attempts)).append(" attempts");
  Error error(attempt.verdict.code, std::move(message));
  error.set_http_status(operation.status);
  if (operation.status == 0) return error;
  detail::add_refusal(error, operation.response, operation.json, detail::token_of(operation.authorization));
  return error;
}

namespace detail {

/// Says in `last` how long the wait is that the server asked for, when it ends, and, unless `why` is empty, why nobody waits
/// for it: whoever gets the error is to know when to come back.
[[gnu::cold, gnu::noinline]] inline void tell_wait(const Operation& operation, Duration wait, std::string_view why, Error& last) {
  std::string text = "; the server asked for no request ";
  append_wait(text, wait, operation.wall_now());
  if (!why.empty()) text.append(", which is ").append(why);
  last.add_message(text);
}

}  // namespace detail

/// How a wait between attempts ended.
enum class Pause : std::uint8_t {
  over,         ///< Try again.
  stop,         ///< The policy has had enough, the server's wait is beyond the cap, or the host gets no retries at present.
  out_of_time,  ///< The wait does not fit before the limit.
};

/// Waits before another attempt of the same cause, if there is to be one. A server's wait is never shortened, and jitter
/// is added to it (invariant I9): one that is too long for the cap or the limit is not begun. `last` learns of the wait that
/// the server asked for, and says so when it is not waited for; `charge` is paid for the next attempt. Fails only when
/// cancelled.
inline Protocol<Result<Pause>> back_off(Operation& operation, const Gateway& gateway, RetryCause cause, int attempts, SteadyTime limit,
                                        Error& last, RetryCharge& charge) {
  const SteadyTime now = operation.steady_now();
  const std::optional<Duration> hint = retry_after_of(operation);
  if (hint) last.set_retry_after(std::chrono::ceil<milliseconds>(std::min<Duration>(*hint, std::chrono::hours{24 * 365})));
  // Looked at before the policy is asked: a limit that has passed is this operation's own reason to stop, and those who
  // wait for a token or a flow that it fetches must not fail for it.
  if (now >= limit) {
    if (hint) detail::tell_wait(operation, *hint, {}, last);
    co_return operation.out_of_time = true, Pause::out_of_time;
  }
  if (operation.cancel_requested) co_return fail(ErrorCode::cancelled, "cancelled before another attempt");
  const RetryAnswer answer = operation.decide_retry(RetryQuestion{cause, attempts, now - operation.started, operation.random_unit()});
  if (!answer.again) {
    if (hint) detail::tell_wait(operation, *hint, {}, last);
    co_return Pause::stop;
  }
  const Duration own = (std::max)(answer.wait, Duration::zero());
  SteadyTime until = after(now, own);
  if (hint) {
    if (*hint > gateway.retry_after_cap) {
      detail::tell_wait(operation, *hint, after(now, *hint) >= limit ? "beyond the deadline" : "longer than retry_after_cap", last);
      co_return Pause::stop;
    }
    // Each sum saturates: a hint that lasts for ever must not wrap into the past and be taken for none.
    until = after(after(now, *hint), std::min<Duration>(own, *hint / 10 + milliseconds{50}));
  }
  if (until >= limit) {
    if (hint) detail::tell_wait(operation, *hint, "beyond the deadline", last);
    co_return operation.out_of_time = true, Pause::out_of_time;
  }
  if (!detail::may_retry(operation, cause, until, last, charge)) co_return Pause::stop;
  operation.log(Level::info, "retry.wait",
                {{"operation", operation.operation_id}, {"attempts", attempts},
                 {"ms", to_milliseconds(until - now)}, {"server_asked", hint.has_value()}});
  SleepEffect sleep(until);
  sleep.another_attempt = true;
  co_await sleep;
  operation.slept += operation.steady_now() - now;
  if (sleep.cancelled) {
    charge.give_back();
    co_return fail(ErrorCode::cancelled, "cancelled while waiting to try again");
  }
  co_return Pause::over;
}

/// How often each cause has ended an attempt (hazard A9: separate budgets).
class AttemptCounts {
 public:
  AttemptCounts() noexcept = default;
  int count(RetryCause cause) noexcept { return ++by_cause_[static_cast<std::size_t>(cause)]; }
  [[nodiscard]] int total() const noexcept { return by_cause_[0] + by_cause_[1] + by_cause_[2]; }

 private:
  std::array<int, 3> by_cause_{};
};

}  // namespace patchbay
