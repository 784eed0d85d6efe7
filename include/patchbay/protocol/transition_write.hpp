// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <patchbay/protocol/transition_proof.hpp>
#include <patchbay/protocol/webhook.hpp>
#include <patchbay/protocol/write_ahead.hpp>

namespace patchbay {

/// Writes into the journal that the version in `operation.etag` is about to be changed, and waits until that is
/// durable: the operation's intent, or, when it has one, what it tries now instead. Nothing was sent to that version
/// when it fails.
inline Protocol<Result<void>> declare_write(Operation& operation, const TransitionContext& context,
                                            const TransitionRequest& request) {
  Journal& journal = *context.settings->journal;
  const auto append = [&]() -> Result<JournalPosition> {
    if (operation.intent.open())
      return journal.amend(operation.intent.position(), operation.etag, request.from(), operation.prior_id,
                           operation.flow_version, operation.place);
    IntentRecord record;
    record.action = JournalAction::transition;
    record.at = operation.wall_now();
    record.operation = operation.operation_id;
    record.interaction = request.interaction();
    record.from = request.from();
    record.to = request.to();
    record.flow = request.flow();
    record.flow_version = operation.flow_version;
    record.etag = operation.etag;
    record.place = operation.place;
    record.prior_transition = operation.prior_id;
    append_excerpt(record.detail, request.label(), 256);
    if (context.crm)
      encode_webhook(record.webhook, request, operation.operation_id, operation.timestamp, operation.attributes);
    return append_intent(operation.intent, journal, record);
  };
  const Result<JournalPosition> place = append();
  Result<void> durable;
  if (place) {
    durable = co_await await_durable(operation, journal, *place, operation.deadline);
  } else {
    durable = fail(place.error());
  }
  if (!durable) context.metrics->count(TransitionCount::journal_failures);
  co_return durable;
}

/// Sends the write in `operation.body` against the version in `operation.snapshot`, as often as it takes and always with
/// the same version, so that the server applies it at most once (invariant I3). Where nothing locks it, it is not sent again
/// once it may have been applied: the second copy could overwrite what somebody else has written after the first (I5). That its
/// token was refused is no such doubt there, for a token dies each day, and a network that splits a request in two is rare.
inline Protocol<Result<WriteEnd>> write_once(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                             TransitionResult& result) {
  const Gateway& gateway = *context.api;
  const Locking locking = gateway.dialect->locking();
  operation.etag = operation.snapshot.etag;
  gateway.dialect->place(operation.place, operation.snapshot);
  operation.prior_id = operation.snapshot.transition_id;
  if (context.settings->journal)
    if (auto declared = co_await declare_write(operation, context, request); !declared)
      co_return fail(std::move(declared.error()));
  // A quarter of what is left is kept back, so that there is time to find out what became of a write without an answer.
  const SteadyTime begun_at = operation.steady_now();
  const SteadyTime limit = operation.deadline - (operation.deadline - begun_at) / 4;
  gateway.dialect->write_target(operation.target, gateway.api, request.interaction(), operation.snapshot);
  HttpRequest patch(gateway.dialect->write_method(operation.snapshot), gateway.api, operation.target);
  patch.name = "interaction.patch";
  patch.body = gateway.dialect->locked(operation.locked_body, operation.body, operation.snapshot);
  patch.max_body = gateway.max_body;
  std::uint64_t stale_generation = 0;
  AttemptCounts counts;
  RetryCharge charge;
  bool ambiguous = false, copied = false, no_token = false;
  const auto doubt = [&] { return ambiguous ? WriteDoubt::sent : copied ? WriteDoubt::copied : WriteDoubt::none; };
  SteadyTime not_before = SteadyTime::min();
  std::optional<Error> error;
  while (!error) {
    if (!authorized_at_once(operation, gateway, stale_generation)) {
      if (auto authorized = co_await authorize(operation, gateway, stale_generation); !authorized) {
        error = std::move(authorized.error());
        no_token = true;
        break;
      }
    }
    const std::array<HeaderView, 4> headers{HeaderView{"Authorization", operation.authorization}, HeaderView{"Accept", "application/json"},
                                            HeaderView{"Content-Type", "application/json"}, HeaderView{"If-Match", operation.etag}};
    patch.headers = std::span(headers).first(locking == Locking::etag ? 4 : 3);
    Attempt last;
    const int sent = operation.side_effects;
    if (auto begun = co_await attempt(operation, gateway, ExchangeKind::write, patch, limit, last, charge); !begun) {
      ambiguous = ambiguous || operation.side_effects != sent;
      error = std::move(begun.error());
      break;
    }
    if (last.verdict.next == Next::authorize) continue;
    if (last.verdict.next == Next::done) check_echo(operation, *gateway.dialect, last);
    if (last.verdict.next == Next::done && !gateway.dialect->is_done(operation.status)) last.verdict.ambiguous = true;
    if (last.verdict.next == Next::reread && !gateway.dialect->is_conflict(operation.response, operation.json))
      last.verdict.next = Next::give_up;
    record_attempt(operation, context, request, last);
    ambiguous = ambiguous || last.verdict.ambiguous;
    switch (last.verdict.next) {
      case Next::done:
        if (!gateway.dialect->is_done(operation.status)) {
          auto shown = co_await await_effect(operation, context, request,
                                             error_of(operation, last, patch.name, counts.total() + 1));
          co_return shown;
        }
        result.etag = operation.snapshot.etag;
        co_return WriteEnd::applied;
      case Next::refresh_token:
        if (may_replay(operation, gateway)) {
          stale_generation = operation.token_generation;
          copied = true;
        } else {
          // It may be the write that was refused, and not the token, with which a copy may still come then.
          ambiguous = ambiguous || locking != Locking::none;
          error = error_of(operation, last, patch.name, counts.total() + 1);
        }
        break;
      case Next::reread: {
        auto end = co_await resolve(operation, context, request, doubt(), error_of(operation, last, patch.name, counts.total() + 1));
        co_return end;
      }
      case Next::retry: {
        const int attempts = counts.count(last.verdict.cause);
        Error failure = error_of(operation, last, patch.name, counts.total());
        const auto asked = retry_after_of(operation);
        not_before = asked ? after(operation.steady_now(), *asked) : SteadyTime::min();
        if (ambiguous && locking == Locking::none) {
          error = std::move(failure);
          break;
        }
        auto pause = co_await back_off(operation, gateway, last.verdict.cause, attempts, limit, failure, charge);
        if (!pause) {
          error = std::move(pause.error());
        } else if (*pause != Pause::over) {
          error = std::move(failure);
        }
        break;
      }
      case Next::authorize: break;  // dealt with above
      case Next::give_up: error = error_of(operation, last, patch.name, counts.total() + 1); break;
    }
  }
  if (doubt() == WriteDoubt::none) co_return fail(std::move(*error));
  // Nor is there one to read with.
  if (no_token && !ambiguous) co_return fail(unknown_outcome(*error));
  if (not_before > operation.steady_now()) {
    // The server wants to be left alone, by the reading that would resolve the doubt as well (invariant I9).
    if (not_before >= operation.deadline || not_before > after(operation.steady_now(), gateway.retry_after_cap))
      co_return fail(unknown_outcome(*error));
    const SteadyTime from = operation.steady_now();
    SleepEffect patience(not_before);
    co_await patience;
    operation.slept += operation.steady_now() - from;
    if (patience.cancelled) co_return fail(unknown_outcome(*error));
  }
  if (ambiguous && locking == Locking::none) {
    auto shown = co_await await_effect(operation, context, request, std::move(*error));
    co_return shown;
  }
  auto end = co_await resolve(operation, context, request, doubt(), *error);
  // Proven not applied: what is reported is why the attempts ended, not that somebody else was quicker afterwards.
  if (end && *end == WriteEnd::stale) co_return fail(std::move(*error));
  co_return end;
}

}  // namespace patchbay
