// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/protocol/hold_by_request.hpp>
#include <patchbay/protocol/hold_proof.hpp>

namespace patchbay {

/// Ends an operation: completes its result or error, counts it, and writes its one terminal record. `event` is what the
/// monitors are to be told, on a thread where they may be called.
inline void settle_hold(Operation& operation, HoldContext& context, const HoldJob& job, Result<HoldResult>& result, QualityEvent& event) {
  operation.read_clock();
  const Duration latency = operation.steady_now() - operation.started;
  if (!result && result.error().code() == ErrorCode::internal && operation.side_effects != 0)
    result.error().set_outcome(Outcome::unknown);
  event.outcome = result ? Outcome::applied : result.error().outcome();
  // First, since what follows takes memory, and there may be none.
  context.metrics->complete(event.outcome, latency, operation.slept);
  operation.settled = true;
  event.event = job.verb;
  event.latency = latency;
  event.timestamp = operation.wall_now();
  event.interaction = job.interaction;
  event.correlation_id = job.call.correlation_id;
  AuditRecord& record = operation.record;
  record_send(record, operation.wall_now(), job, context, context.dialect->path() == HoldPath::request ? operation.side_effects : 1);
  if (result) {
    result->verb = job.verb;
    result->correlation_id = job.call.correlation_id;
    result->interaction = job.interaction;
    result->timestamp = operation.wall_now();
    result->latency = latency;
    result->waited = operation.slept;
    result->ack_latency = job.call.ack_latency;
    result->attempts = operation.side_effects;
    result->http_status = operation.status;
  } else {
    Error& error = result.error();
    error.set_interaction(excerpt(job.interaction, 128)).set_attempts(operation.side_effects);
    if (error.server_correlation_id().empty()) error.set_server_correlation_id(operation.server_correlation_id);
  }
  fill_record(record, AuditKind::operation, operation.wall_now(), job, *context.metrics);
  record.latency = latency;
  record.attempt = operation.side_effects;
  record.success = result.has_value();
  record.outcome = event.outcome;
  record.status_code = result ? operation.status : result.error().http_status();
  record.server_correlation_id = result ? operation.server_correlation_id : result.error().server_correlation_id();
  if (!result) {
    record.error_code = to_string(result.error().code());
    record.error_message = result.error().message();
  }
  context.audit->record(record);
  const bool intended = operation.intent.open();
  end_hold_intent(operation.intent, context, record,
                  result && result->resolved_by == ResolvedBy::state ? "state" : "answer");
  if (intended && result && job.verb == HoldVerb::hold)
    note_released_since(context, job.call.interaction, operation.wall_now());
  if (intended && event.outcome == Outcome::unknown) {
    // Its answer may have come before the journal knew that nobody knew.
    const std::optional<bool> answer =
        context.hub->with([&](HoldSession& session) { return session.answered(job.call.correlation_id); });
    if (answer)
      guarded([&] {
        settle_by_answer(context, job.verb, job.call.interaction, job.call.correlation_id, *answer,
                         [&] { return operation.wall_now(); });
      });
  }
  operation.log(result ? Level::info : Level::warn, "hold.end",
                {{"operation", job.call.correlation_id}, {"interaction", record.interaction_id}, {"verb", to_string(job.verb)},
                 {"outcome", to_string(event.outcome)}, {"error", record.error_code}, {"attempts", operation.side_effects},
                 {"ms", to_milliseconds(latency)}});
}

/// Whether the interaction may be put on hold, by its snapshot (hazards B8, B10).
[[nodiscard]] inline Result<void> check_eligibility(const InteractionSnapshot& snapshot, const HoldContext& context) {
  if (snapshot.final()) return fail(ErrorCode::not_eligible, "the interaction is over; its state is " + excerpt(snapshot.state, 32));
  if (auto fine = context.dialect->check_hold(snapshot); !fine) return fine;
  const HoldSettings& settings = context.settings->hold;
  if (!settings.organisation_id.empty() && snapshot.organisation_id != settings.organisation_id)
    return fail(ErrorCode::not_eligible, "the interaction belongs to another organisation than the configured one");
  return {};
}

/// Waits for the interaction's turn, reads it, and decides. True when it is on hold already, so that nothing is to be sent
/// (hazard B5).
inline Protocol<Result<bool>> prepare_hold(Operation& operation, HoldContext& context, const HoldJob& job, HoldTurn& turn, HoldResult& out) {
  const HoldTurns::Entry entry = context.turns.ask(turn);
  if (entry == HoldTurns::Entry::full) co_return fail(ErrorCode::queue_full, "too many holds are under way (max_operations), or wait for this interaction's turn (max_waiting)");
  if (entry == HoldTurns::Entry::queued) {
    WaitEffect wait(turn.waiter(), operation.deadline);
    const SteadyTime from = operation.steady_now();
    co_await wait;
    operation.slept += operation.steady_now() - from;
    if (context.turns.superseded(turn)) co_return superseded_hold();
    if (wait.cancelled) co_return fail(ErrorCode::cancelled, "cancelled while another command on the interaction was under way");
    if (!context.turns.inside(turn))
      co_return fail(ErrorCode::deadline_exceeded, "the deadline passed while another command on the interaction was under way");
  }
  const ReadingMark reading = reading_begins(operation, context, job.call.interaction);
  if (auto read = co_await read_interaction(operation, *context.api, job.interaction, Reading::standing); !read)
    co_return fail(std::move(read.error()));
  const InteractionSnapshot& snapshot = operation.snapshot;
  const std::string restored = restored_place(context, job.call.interaction);
  if (!restored.empty() && restored != place_of_party(context, snapshot.participant_id))
    co_return fail(ErrorCode::not_eligible, "another party of the interaction is, or may be, on hold since before; it has to be released first");
  if (snapshot.final()) forget_over(operation, context, job.call.interaction);
  if (auto eligible = check_eligibility(snapshot, context); !eligible) co_return fail(std::move(eligible.error()));
  if (context.settings->journal && context.settings->journal->unresolved(job.call.interaction))
    if (auto clear = settle_holds(operation, context, job.call.interaction, reading); !clear)
      co_return fail(std::move(clear.error()));
  const SteadyTime now = operation.steady_now();
  bool news = false;
  Result<bool> already = context.hub->with([&](HoldSession& session) -> Result<bool> {
    const HoldRegistry& registry = session.registry();
    const std::string& interaction = job.call.interaction;
    // Under the session's lock, so that no release on another thread comes between.
    if (context.turns.superseded(turn)) return superseded_hold();
    const bool believed = registry.belief(interaction) == HoldRegistry::Belief::held;
    // While a release is under way nobody knows whether it came before the reading: the hold is sent, behind it. So it is
    // behind one that has ended while the reading was under way.
    if (snapshot.held.value_or(believed) && !session.releasing(interaction) && !session.ended_since(interaction, reading)) {
      if (registry.full() && registry.belief(interaction) == HoldRegistry::Belief::not_held)
        return fail(ErrorCode::queue_full, "the interaction is on hold already, and too many others are for it to be watched (hold.max_holds)");
      news = registry.belief(interaction) == HoldRegistry::Belief::not_held;
      if (snapshot.held) session.seen(interaction, true, reading, seen_since(operation, context, now));  // or it is only believed
      out.held_for = now - registry.since(interaction).value_or(now);
      out.already_held = true;
      session.owe_no_release(interaction);
      return true;
    }
    // Watched and seen not to be on hold: somebody else has released it, or a release of ours whose fate was not known. The
    // hold that is sent now is a new one, with a limit of its own; the old one's has perhaps passed, for which
    // `HoldLimit::reject_late_unhold` would refuse the new one's release.
    if (snapshot.held && !*snapshot.held && registry.since(interaction)) {
      session.seen(interaction, false, reading, now);
      news = !registry.since(interaction);
    }
    return false;
  });
  if (already && *already && context.dialect->path() == HoldPath::request) context.parties.learn(job.call.interaction, snapshot.participant_id);
  if (news && already) note_belief(context, job.call.interaction, operation.wall_now());
  if (already && *already && context.pump) context.pump->wake_up();  // perhaps there is a new limit to keep
  co_return already;
}

/// Hands the command to the channel and waits for its end there, which is left in `job.call.end`.
inline Protocol<Result<void>> send_on_channel(Operation& operation, HoldContext& context, HoldJob& job, const HoldTurn& turn) {
  HoldCall& call = job.call;
  Waiter waiter(operation);
  if (!submit_command(operation, context, call, turn, waiter)) co_return Result<void>{};
  HoldCallGuard guard(context, call);
  if (context.pump) context.pump->wake_up();
  WaitEffect wait(waiter, operation.deadline);
  wait.kept = context.always_served;
  co_await wait;
  guard.end(operation.cancel_requested);
  co_return Result<void>{};
}

/// Sends the command and waits for its end; then finds out what became of it.
inline Protocol<Result<void>> send_command(Operation& operation, HoldContext& context, HoldJob& job, const HoldTurn& turn, HoldResult& out) {
  if (operation.stopped()) co_return fail(ErrorCode::cancelled, "cancelled before the command was sent");
  HoldCall& call = job.call;
  const bool by_request = context.dialect->path() == HoldPath::request;
  bool remembered = false;
  if (by_request)
    if (auto known = co_await know_party(operation, context, job, remembered); !known) co_return known;
  if (context.settings->journal)
    if (auto declared = co_await declare_command(operation, context, job); !declared) co_return declared;
  if (by_request) {
    if (auto sent = co_await send_by_request(operation, context, job, turn, remembered); !sent) co_return sent;
  } else {
    if (auto sent = co_await send_on_channel(operation, context, job, turn); !sent) co_return sent;
    if (was_sent(call.end)) ++operation.side_effects;
  }
  if (call.end == CallEnd::acknowledged) co_return Result<void>{};
  Error error = error_of(job, context);
  const bool unsettled = in_doubt(call.end);
  // A release that is refused although it is believed to be on hold: perhaps somebody else has released it (hazard B8).
  const bool doubtful = call.end == CallEnd::refused && call.verb == HoldVerb::unhold &&
                        context.hub->with([&](HoldSession& session) {
                          return session.registry().belief(call.interaction) != HoldRegistry::Belief::not_held;
                        });
  if ((unsettled || doubtful) && operation.steady_now() < operation.deadline) {
    // What is reported is what was said of the command, and not of the readings behind it.
    const int status = operation.status;
    const std::string correlation = operation.server_correlation_id;
    // Whoever waits for a release must hear soon that it is in doubt, even while the proof cannot be had.
    operation.deadline = std::min(operation.deadline, after(operation.steady_now(), context.settings->attempt_timeout));
    operation.settling = true;  // cancelling makes the proof short, one reading, and does not stop it
    Result<bool> seen = false;
    if (by_request && unsettled) {
      seen = co_await await_state(operation, context, job);
    } else {
      seen = co_await resolve_by_state(operation, context, job);
    }
    operation.settling = false;
    if (by_request && status != 0) operation.status = status, operation.server_correlation_id = correlation;
    if (unsettled && seen && *seen) {
      out.resolved_by = ResolvedBy::state;
      co_return Result<void>{};
    }
  }
  co_return fail(std::move(error));
}

/// The whole operation for a job that is validated and encoded: a hold's turn and eligibility, or a release's precedence; the
/// command; its proof. The door ends it with `settle_hold`, outside of the interaction's turn, so that a monitor may act on
/// the same interaction.
inline Protocol<Result<HoldResult>> perform_hold(Operation& operation, HoldContext& context, HoldJob& job) {
  HoldTurn turn(context.turns, operation, job.call.interaction);
  HoldResult out;
  if (job.verb == HoldVerb::hold) {
    auto already = co_await prepare_hold(operation, context, job, turn, out);
    if (!already) co_return fail(std::move(already.error()));
    if (*already) co_return out;
  } else {
    context.turns.enter(turn, job.call.repeats);
    const bool too_late = context.hub->with([&](HoldSession& session) {
      const HoldRegistry& registry = session.registry();
      out.held_for = operation.steady_now() - registry.since(job.call.interaction).value_or(operation.steady_now());
      return registry.beyond_limit(job.call.interaction, operation.steady_now());
    });
    if (too_late && context.settings->hold.limit == HoldLimit::reject_late_unhold)
      co_return fail(ErrorCode::hold_limit, "the hold has lasted longer than max_hold, and the settings refuse its release");
  }
  auto sent = co_await send_command(operation, context, job, turn, out);
  if (!sent) co_return fail(std::move(sent.error()));
  if (job.verb == HoldVerb::hold && context.dialect->path() == HoldPath::request) {
    const auto kept = co_await keep_reason(operation, context, job);
    out.reason_kept = kept && *kept;
  }
  co_return out;
}

}  // namespace patchbay
