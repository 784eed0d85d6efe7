// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/protocol/get.hpp>
#include <patchbay/protocol/transition_context.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay {

/// How a write against one version of the interaction ended, when it did not end in an error.
enum class WriteEnd : std::uint8_t {
  applied,   ///< The answer said so.
  resolved,  ///< The interaction carries our transition id.
  stale,     ///< Not applied, and cannot be any more: the interaction has another version, which was read anew.
};

/// What may have become of a write that was not answered as one wants it.
enum class WriteDoubt : std::uint8_t {
  /// Refused. A network that splits a request in two, of which a server under load takes one and refuses the other, is not
  /// reckoned with: no refusal could be believed then.
  none,
  copied,  ///< Refused for its token: a copy that the network made may have been applied while that lived, and cannot be any more.
  sent,    ///< Not answered: it may be applied, or be so later.
};

/// Fills what every audit record of a transition has.
inline void begin_record(AuditRecord& record, const Operation& operation, const TransitionRequest& request, AuditKind kind) {
  record.kind = kind;
  record.action = "state_transition";
  record.timestamp = operation.wall_now();
  record.operation_id = operation.operation_id;
  record.interaction_id.assign(request.interaction(), 0, 128);
  record.from.assign(request.from(), 0, 256);
  record.to.assign(request.to(), 0, 256);
  record.flow_id.assign(request.flow(), 0, 128);
  record.flow_version = operation.flow_version;
  record.attempt = operation.side_effects;
  record.etag_used = operation.etag;
  record.warm = operation.warm;
  record.coalesced = operation.coalesced;
  record.server_correlation_id = operation.server_correlation_id;
}

/// Records the end of one write.
inline void record_attempt(const Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                           const Attempt& attempt) {
  context.audit->record([&](AuditRecord& record) {
    begin_record(record, operation, request, AuditKind::attempt);
    record.status_code = operation.status;
    record.latency = attempt.latency;
    // What was only accepted has not failed, and is no success either.
    const bool taken = attempt.verdict.next == Next::done;
    record.success = taken && !attempt.verdict.ambiguous;
    record.outcome = attempt.verdict.ambiguous ? Outcome::unknown : record.success ? Outcome::applied : Outcome::not_applied;
    if (taken) return;
    record.error_code = to_string(attempt.verdict.code);
    if (operation.status != 0) record.error_message.append("answered ").append(std::to_string(operation.status));
    if (operation.status != 0 && !attempt.detail.empty()) record.error_message.append(": ");
    record.error_message.append(attempt.detail);
  });
}

/// A 2xx whose body is not ours proves nothing (RFC 9110 section 13.1.1 lets a server answer so to a repeated write): it
/// leaves the write in doubt. Otherwise `operation.snapshot` becomes what is known of the interaction after the write.
inline void check_echo(Operation& operation, const detail::AnyDialect& dialect, Attempt& attempt) {
  const std::string& echoed = operation.snapshot.transition_id;
  const auto echo = dialect.parse_echo(operation.response, operation.json, operation.snapshot);
  if (echo && (echoed.empty() || echoed == operation.operation_id)) return;
  attempt.verdict = Verdict(Next::give_up, echo ? ErrorCode::conflict : ErrorCode::malformed_response, true);
  attempt.detail = echo ? std::string("the body names another transition") : echo.error().message();
}

/// What to report of a write whose fate could not be proved; `why` ended the attempts, `unread` the reading that was to
/// prove it.
[[nodiscard]] inline Error unknown_outcome(const Error& why, const Error* unread = nullptr) {
  std::string message = "the write may have been applied: " + why.message();
  if (unread) message.append("; and the interaction could not be read: ").append(unread->message());
  Error unknown(ErrorCode::outcome_unknown, std::move(message));
  unknown.set_answer_of(why);
  return unknown;
}

/// Whether the id that a place shows proves that no writer with an id has been there since it was `prior`. That there is none,
/// as there was none, does so only where others change members and replace nothing: where there is but one place, as the
/// documents have it.
[[nodiscard]] inline bool is_untouched(const InteractionSnapshot& now, std::string_view prior, std::string_view place) noexcept {
  return now.transition_id == prior && (!prior.empty() || place.empty());
}

/// Reads again where `operation.place` is, and says what became of a write of `operation.operation_id` against `operation.etag`.
/// `operation.prior_id` is the transition id that the interaction carried at that version; `doubt` is of all its attempts.
/// `error` is what to report when it was not applied.
///
/// The proof runs as invariant I4 wants it. Our id on the interaction: applied. Another version under the same id as
/// before: a writer without ids has been there, ours has not, and can no longer be applied; but where there was no id before
/// and others may replace a whole place (`PlacedDialect`), such a writer may have taken ours away, so nothing is known. Another
/// version under a third id: ours may have been there in between, so nothing is known. The same version: a late write may
/// still come, unless its token is dead. No reading: nothing is known, even behind a refusal, for a copy of the write that was refused may have been applied before it.
///
/// Behind a 412, or a 409 whose code says as much, a reading of the same version is older than the refusal, as those from replicas that lag may be: it is asked
/// for again, twice, and when it stays so nothing is known. A version that is known to be older than ours (`OrderedDialect`) says
/// nothing.
inline Protocol<Result<WriteEnd>> resolve(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                          WriteDoubt doubt, Error error) {
  const int status = operation.status;
  // A 409 may have other reasons than the version, unless its code has told the dialect.
  const bool told = context.api->dialect->locking() == Locking::body_version && !error.server_code().empty();
  const bool outdated = status == 412 || (status == 409 && told);
  const InteractionSnapshot& now = operation.snapshot;
  for (Duration pause = milliseconds{50};; pause *= 2) {
    // Cancelling stops no proof, it only makes it short: one reading, without another attempt.
    operation.settling = true;
    if (operation.cancel_requested)
      operation.deadline = std::min(operation.deadline, after(operation.steady_now(), context.api->attempt_timeout));
    auto read = co_await read_place(operation, *context.api, request.interaction(), operation.place);
    operation.settling = false;
    // A refusal for another version, too, says nothing by itself: the write that made that version may be a copy of ours.
    if (!read) co_return fail(unknown_outcome(error, &read.error()));
    if (now.transition_id == operation.operation_id) {
      operation.status = status;
      co_return WriteEnd::resolved;
    }
    if (context.api->dialect->locking() == Locking::none) co_return fail(doubt != WriteDoubt::none ? unknown_outcome(error) : std::move(error));
    if (now.etag.empty()) {
      if (doubt != WriteDoubt::none) co_return fail(unknown_outcome(error));
      co_return fail(ErrorCode::no_etag, "the interaction came without a version that could lock a write");
    }
    const bool older = context.api->dialect->precedes(now.etag, operation.etag);
    if (now.etag != operation.etag && !older) break;
    if (!outdated) {
      const bool unknown = doubt == WriteDoubt::sent || (older && doubt != WriteDoubt::none);
      co_return fail(unknown ? unknown_outcome(error) : std::move(error));
    }
    const SteadyTime from = operation.steady_now();
    if (operation.cancel_requested || pause > milliseconds{100} || after(from, pause) >= operation.deadline)
      co_return fail(unknown_outcome(error));
    SleepEffect patience(after(from, pause));
    co_await patience;
    operation.slept += operation.steady_now() - from;
    if (patience.cancelled) co_return fail(unknown_outcome(error));
  }
  if (doubt != WriteDoubt::none && !is_untouched(now, operation.prior_id, operation.place)) co_return fail(unknown_outcome(error));
  co_return WriteEnd::stale;
}

/// Looks for the traces of a write that the cloud has accepted, and will carry out later, or that nothing locked: until they
/// show, or until an attempt would have been given up. `unseen` is what to report then. A reading that fails in spite of its
/// own attempts ends it: to go on would be more of them, and sooner than a server that is overloaded asks for (invariants I8, I9).
inline Protocol<Result<WriteEnd>> await_effect(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                               Error unseen) {
  const int status = operation.status;
  const SteadyTime limit = std::min(operation.deadline, after(operation.steady_now(), context.api->attempt_timeout));
  for (Duration pause = milliseconds{50};; pause *= 2) {
    operation.settling = true;
    if (operation.cancel_requested)  // one more reading, and a short one, as `resolve` does
      operation.deadline = std::min(operation.deadline, after(operation.steady_now(), context.api->attempt_timeout));
    auto read = co_await read_place(operation, *context.api, request.interaction(), operation.place);
    operation.settling = false;
    if (!read) co_return fail(unknown_outcome(unseen, &read.error()));
    if (operation.snapshot.transition_id == operation.operation_id) {
      operation.status = status;
      co_return WriteEnd::resolved;
    }
    const SteadyTime again = after(operation.steady_now(), pause);
    if (again >= limit || operation.cancel_requested) co_return fail(unknown_outcome(unseen));
    const SteadyTime from = operation.steady_now();
    SleepEffect patience(again);
    co_await patience;
    operation.slept += operation.steady_now() - from;
  }
}

}  // namespace patchbay
