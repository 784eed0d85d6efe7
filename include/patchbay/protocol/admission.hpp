// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <optional>
#include <string>
#include <utility>

#include <patchbay/cloud/rate_limit.hpp>
#include <patchbay/cloud/retry_after.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/protocol/gateway.hpp>
#include <patchbay/protocol/protocol.hpp>

namespace patchbay {

/// What one exchange was given by those that restrain requests: its turn, and its pass. Stands in the frame of its protocol,
/// so that it is given back however that ends.
class Admission {
 public:
  Admission() noexcept = default;
  PacerTurn turn;
  CircuitBreaker::Pass pass;
};

/// The wait that the last answer asked for, if it asked for one that can be understood (hazard A8).
inline std::optional<Duration> retry_after_of(Operation& operation) {
  if (operation.status == 0) return std::nullopt;
  const auto value = operation.response.headers.find("Retry-After");
  if (!value) return std::nullopt;
  return parse_retry_after(*value, operation.response.headers.find("Date"), operation.wall_now());
}

/// Whether an open circuit does not concern the operation's exchange: a release is never refused (invariant I14), and neither
/// is the reading that finds out what became of something that was sent, since the truth depends on it (invariant I4).
[[nodiscard]] inline bool passes_breaker(const Operation& operation) noexcept { return operation.must_not_wait || operation.settling; }

namespace detail {

[[nodiscard]] inline milliseconds whole_milliseconds(Duration span) noexcept {
  return std::chrono::ceil<milliseconds>(std::clamp<Duration>(span, Duration::zero(), std::chrono::hours{24 * 365}));
}
inline void restrained(const Operation& operation, ExchangeCount what) noexcept {
  if (operation.observer) operation.observer->restrained(what);
}

/// The error of an exchange that the breaker keeps back.
[[gnu::cold, gnu::noinline]] inline Failure circuit_open(const Operation& operation, const HostGuard& guard) {
  restrained(operation, ExchangeCount::circuit_refusals);
  Error error(ErrorCode::circuit_open, "too many of the last requests to " + guard.host + " have failed, and it is left alone for a while");
  error.set_retry_after(whole_milliseconds(guard.breaker.retry_at(operation.steady_now()) - operation.steady_now()));
  return fail(std::move(error));
}
/// The error of an exchange whose turn, or whose scope's opening, does not come in time.
[[gnu::cold, gnu::noinline]] inline Failure no_turn(Operation& operation, const char* why, SteadyTime when, bool own_limit) {
  restrained(operation, ExchangeCount::pacer_refusals);
  operation.out_of_time = operation.out_of_time || own_limit;
  const Duration wait = when - operation.steady_now();
  std::string message = std::string(why).append("; there is none ");
  append_wait(message, wait, operation.wall_now());
  Error error(ErrorCode::rate_limited, std::move(message));
  error.set_retry_after(whole_milliseconds(wait));
  return fail(std::move(error));
}

/// The usual case of `admit`: whether nothing restrains the exchange. Otherwise `admission` may hold a turn that is waited for.
inline bool admitted_at_once(const Operation& operation, const Gateway& gateway, ExchangeKind kind, SteadyTime limit, Admission& admission) {
  if (HostGuard* const guard = gateway.guard_of(kind)) {
    if (passes_breaker(operation)) {
      guard->breaker.watch(admission.pass);
    } else if (!guard->breaker.admit(operation.steady_now(), admission.pass)) {
      return false;
    }
  }
  Pacer* const pacer = gateway.pacer_of(kind);
  if (!pacer) return true;
  const SteadyTime now = operation.steady_now();
  if (operation.must_not_wait ? pacer->closed_until() <= now : pacer->ask(admission.turn, now, limit) == Pacer::Answer::go) return true;
  admission.pass.drop();
  return false;
}

/// Waits until nothing restrains the exchange any more, or fails with what does.
///
/// The breaker is asked first, since there is no use in waiting for a turn that it will refuse. While it is half-open and all
/// its probes are out, those who wait stay in the queue, since it may close before their turn; whose turn has come by then is
/// refused, and leaves the turn to the next. An exchange that must not wait takes no turn, but a closed scope keeps it back as
/// well: the server wants none.
inline Protocol<Result<void>> admit(Operation& operation, const Gateway& gateway, ExchangeKind kind, SteadyTime limit, Admission& admission) {
  HostGuard* const guard = gateway.guard_of(kind);
  Pacer* const pacer = gateway.pacer_of(kind);
  const bool breaker_counts = guard && !passes_breaker(operation);
  for (bool waited = false;; waited = true) {
    const SteadyTime now = operation.steady_now();
    const bool passes = !breaker_counts || guard->breaker.admit(now, admission.pass);
    if (!passes && guard->breaker.open_at(now)) co_return circuit_open(operation, *guard);
    if (pacer) {
      SteadyTime until = pacer->closed_until();
      if (until >= limit) co_return no_turn(operation, "the server asked for no request before a time beyond the deadline", until, true);
      if (until > after(now, gateway.retry_after_cap))
        co_return no_turn(operation, "the server asked for no request for longer than retry_after_cap", until, false);
      if (!operation.must_not_wait) {
        const Pacer::Answer answer = passes ? pacer->ask(admission.turn, now, limit) : pacer->look(admission.turn, now, limit);
        if (answer == Pacer::Answer::too_late)
          co_return no_turn(operation, "the pacer has no turn for this request before the deadline", admission.turn.at(), true);
        if (answer == Pacer::Answer::full) {
          restrained(operation, ExchangeCount::pacer_refusals);
          co_return fail(ErrorCode::queue_full, "too many requests wait for their turn with the pacer (its max_waiting)");
        }
        until = answer == Pacer::Answer::wait ? admission.turn.at() : now;
      }
      if (until > now) {
        admission.pass.drop();  // nobody is kept back by one that waits
        if (!waited) restrained(operation, ExchangeCount::paced_waits);
        SleepEffect sleep(until);
        co_await sleep;
        operation.slept += operation.steady_now() - now;
        if (sleep.cancelled) co_return fail(ErrorCode::cancelled, "cancelled while waiting for a paced turn");
        continue;
      }
    }
    if (!passes) co_return circuit_open(operation, *guard);
    if (guard && !breaker_counts) guard->breaker.watch(admission.pass);
    co_return Result<void>{};
  }
}

/// How the end of an exchange looks to a breaker. A timeout that the operation's own short deadline imposed says nothing
/// about the host, unless it gave it a second; neither does an exchange that never left the transport's own queue.
[[nodiscard]] inline CircuitBreaker::Ending ending_of(const TransportError& error, Duration given, const Gateway& gateway) noexcept {
  switch (error.fault) {
    case TransportFault::cancelled:
    case TransportFault::queue_full:
    case TransportFault::plain_text_refused: return CircuitBreaker::Ending::nothing;
    case TransportFault::too_large: return CircuitBreaker::Ending::alive;
    case TransportFault::timed_out:
      return given >= std::min<Duration>(gateway.attempt_timeout, seconds{1}) ? CircuitBreaker::Ending::failed : CircuitBreaker::Ending::nothing;
    default: return CircuitBreaker::Ending::failed;
  }
}

/// The scope was closed by the answer to this operation's request.
[[gnu::cold, gnu::noinline]] inline void tell_closed(Operation& operation, const Pacer& pacer) {
  operation.log(Level::warn, "pacer.closed",
                {{"operation", operation.operation_id}, {"status", operation.status},
                 {"ms", to_milliseconds(pacer.closed_until() - operation.steady_now())}});
}
[[gnu::cold, gnu::noinline]] inline void tell_change(Operation& operation, const HostGuard& guard, CircuitBreaker::Change change) {
  if (change == CircuitBreaker::Change::opened) {
    restrained(operation, ExchangeCount::circuits_opened);
    operation.log(Level::warn, "breaker.opened",
                  {{"host", guard.host}, {"ms", to_milliseconds(guard.breaker.retry_at(operation.steady_now()) - operation.steady_now())}});
  } else {
    operation.log(Level::info, "breaker.closed", {{"host", guard.host}});
  }
}

/// Tells those that restrain requests how an exchange ended that began at `begun`; an answer is in `operation.response`, and
/// `charge` is what the exchange had cost, which it gets back only by its own success.
inline void learn(Operation& operation, const Gateway& gateway, ExchangeKind kind, SteadyTime begun, CircuitBreaker::Ending ending,
                  Admission& admission, RetryCharge& charge) {
  const SteadyTime now = operation.steady_now();
  const int paid = charge.take();
  HostGuard* const guard = operation.guard = gateway.guard_of(kind);
  if (guard) {
    const auto change = guard->breaker.ended(admission.pass, now, ending);
    if (change != CircuitBreaker::Change::none) tell_change(operation, *guard, change);
    if (operation.status >= 200 && operation.status <= 299) guard->budget.succeeded(paid);
  }
  admission.turn.end();
  Pacer* const pacer = gateway.pacer_of(kind);
  if (!pacer || operation.status == 0) return;
  const bool complaint = operation.status == 429 || operation.status == 503;
  const bool closed = pacer->answered(now, begun, operation.status, complaint ? retry_after_of(operation) : std::nullopt,
                                      rate_limit_of(operation.response.headers));
  if (closed) tell_closed(operation, *pacer);
}

/// Whether another attempt at `until` is worth the wait and within the budget, which `charge` then has been paid from; `last`
/// says otherwise why not.
inline bool may_retry(Operation& operation, RetryCause cause, SteadyTime until, Error& last, RetryCharge& charge) {
  HostGuard* const guard = operation.guard;
  if (!guard || cause == RetryCause::conflict) return true;
  if (!passes_breaker(operation) && guard->breaker.open_at(until)) {
    restrained(operation, ExchangeCount::retries_refused);
    const SteadyTime now = operation.steady_now();
    last.add_message("; not tried again, since too many of the last requests to ").add_message(guard->host).add_message(" have failed");
    last.set_retry_after(std::max(last.retry_after(), whole_milliseconds(guard->breaker.retry_at(now) - now)));
    return false;
  }
  if (charge.pay(guard->budget, guard->budget.cost_of(operation.timed_out))) return true;
  restrained(operation, ExchangeCount::retries_refused);
  last.add_message("; not tried again, since the retry budget of ").add_message(guard->host).add_message(" is spent");
  if (guard->budget.worth_telling(operation.steady_now()))
    operation.log(Level::warn, "retry_budget.spent", {{"host", guard->host}, {"left", guard->budget.left()}});
  return false;
}

}  // namespace detail

}  // namespace patchbay
