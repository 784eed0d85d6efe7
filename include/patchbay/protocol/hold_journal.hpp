// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/protocol/hold_place.hpp>
#include <patchbay/protocol/settle_intents.hpp>
#include <patchbay/protocol/write_ahead.hpp>

// What the hold protocols do with the journal.
namespace patchbay {

/// What the journal is told that a command is about to be sent. `place` is whose hold it is; see `place_of_party`.
[[nodiscard]] inline IntentRecord intent_of(const HoldJob& job, WallTime when, std::string place = {}) {
  IntentRecord record;
  record.action = job.verb == HoldVerb::hold ? JournalAction::hold : JournalAction::unhold;
  record.at = when;
  record.operation = job.call.correlation_id;
  record.interaction = job.call.interaction;
  record.place = std::move(place);
  record.detail = job.label;
  return record;
}

/// Writes the terminal of a command's intent, if it has one. `audit` is the operation's record.
inline void end_hold_intent(IntentTicket& ticket, HoldContext& context, const AuditRecord& audit,
                            std::string_view resolved_by) noexcept {
  if (!ticket.open()) return;
  JournalPosition at = 0;
  const bool calm = guarded([&] {
    Journal& journal = *context.settings->journal;
    EndRecord end(audit.outcome, audit.timestamp);
    end.error_code = audit.error_code;
    if (audit.success) end.resolved_by = resolved_by;
    end.message = audit.error_message;
    if (context.settings->audit.get() != &journal) append_json(audit, end.audit);
    if (!write_terminal(ticket, journal, end, at)) context.metrics->count(HoldCount::journal_failures);
  });
  if (calm) return;
  context.metrics->count(HoldCount::journal_failures);
  ticket.leave();  // without memory for its terminal it is left to recovery
}

/// Tells the journal what was seen of an interaction whose hold no operation of ours began, or ended. What the journal
/// does not take is seen again by `recover`.
inline void note_seen(HoldContext& context, std::string_view interaction, bool held, WallTime since) noexcept {
  Journal* const journal = context.settings->journal.get();
  if (!journal) return;
  const bool calm = guarded([&] {
    const std::string place = held ? place_of_party(context, context.parties.of(interaction)) : std::string{};
    if (!journal->hold_changed(interaction, held, since, place)) context.metrics->count(HoldCount::journal_failures);
  });
  if (!calm) context.metrics->count(HoldCount::journal_failures);
}

/// Tells the journal how an interaction stands whose state was learnt otherwise than by a command of ours; what may be on hold
/// is. Asked and written under the session's lock, so that nothing that another thread learns comes between.
inline void note_belief(HoldContext& context, std::string_view interaction, WallTime when) noexcept {
  if (!context.settings->journal) return;
  context.hub->with([&](HoldSession& session) noexcept {
    note_seen(context, interaction, session.registry().belief(interaction) != HoldRegistry::Belief::not_held, when);
  });
}

/// Called behind the end of a hold that was applied. The journal takes what is written last for what is: had the
/// release behind that hold been confirmed before, it would have the interaction on hold again, and `recover` watch over
/// nothing. Asked and written under the session's lock, so that the end of no later hold comes between.
inline void note_released_since(HoldContext& context, std::string_view interaction, WallTime when) noexcept {
  if (!context.settings->journal) return;
  context.hub->with([&](HoldSession& session) noexcept {
    if (session.registry().belief(interaction) == HoldRegistry::Belief::not_held)
      note_seen(context, interaction, false, when);
  });
}

/// Writes into the journal what a late acknowledgement says of a command whose end stands there as unknown. It may come
/// before that end is written, and then whoever writes the end does this. `wall_now` is asked when there is something to
/// write.
template <class WallNow>
void settle_by_answer(HoldContext& context, HoldVerb verb, std::string_view interaction,
                      std::string_view correlation_id, bool positive, const WallNow& wall_now) {
  Journal* const journal = context.settings->journal.get();
  if (!journal || !journal->unresolved(interaction)) return;
  for (const OpenIntent& each : detail::unsettled_commands(*journal, interaction)) {
    if (each.record.operation != correlation_id) continue;
    EndRecord end(positive ? Outcome::applied : Outcome::not_applied, wall_now());
    end.resolved_by = "late acknowledgement";
    if (!positive) end.error_code = to_string(ErrorCode::command_refused);
    JournalPosition at = 0;
    const Result<bool> settled = detail::settle_intent(*journal, each, end, at);
    context.fences.forget(each.position);
    if (!settled || *settled) context.metrics->count(settled ? HoldCount::recovered : HoldCount::journal_failures);
    if (positive && verb == HoldVerb::hold) note_released_since(context, interaction, end.at);
  }
}

/// Writes into the journal that the command is about to be sent, and waits until that is durable: for `job.party`, and if it
/// stands there for another one already, for this one from now on. A hold is not sent when this fails. A release is: after a
/// bounded wait (`JournalingSettings::release_wait`), unless it is cancelled (I14).
inline Protocol<Result<void>> declare_command(Operation& operation, HoldContext& context, const HoldJob& job) {
  Journal& journal = *context.settings->journal;
  const bool release = job.verb == HoldVerb::unhold;
  const std::string party = place_of_party(context, job.party);
  const Result<JournalPosition> place =
      operation.intent.open() ? journal.amend(operation.intent.position(), {}, {}, {}, {}, party)
                              : append_intent(operation.intent, journal, intent_of(job, operation.wall_now(), party));
  Result<void> durable;
  if (place) {
    SteadyTime limit = operation.deadline;
    if (release) {
      // And never for more than half of its time: it is to be sent, not only to be waited for.
      const SteadyTime now = operation.steady_now();
      limit = after(now, (std::min)(context.settings->journaling.release_wait, (limit - now) / 2));
    }
    durable = co_await await_durable(operation, journal, *place, limit);
  } else {
    durable = fail(place.error());
  }
  if (durable) co_return durable;
  if (!release) {
    context.metrics->count(HoldCount::journal_failures);
    co_return durable;
  }
  if (durable.error().code() == ErrorCode::cancelled) co_return durable;
  context.metrics->count(HoldCount::releases_unjournaled);
  operation.log(
      Level::error, "journal.failed",
      {{"operation", operation.operation_id}, {"what", "release"}, {"error", to_string(durable.error().code())}});
  co_return Result<void>{};
}

/// What one reading says of the commands on an interaction whose fate is not known, oldest first, and what is recorded
/// of it (invariant I4). The wanted state: done. The other one proves something only when nothing can arrive any more
/// (`JournalingSettings::fence_after`), and nothing of a command that another of ours was to undo since. An interaction
/// that is over is on hold no more.
///
/// `operation.snapshot` was read at `place`, as `reading` says, by whoever calls, who has the interaction's turn: of the commands
/// for other parties it says nothing. What stays open goes to `report`.
inline Result<void> settle_commands(Operation& operation, HoldContext& context, const std::vector<OpenIntent>& intents,
                                    std::string_view place, const ReadingMark& reading, RecoveryReport& report) {
  const InteractionSnapshot& snapshot = operation.snapshot;
  const std::optional<bool> held = snapshot.final() ? std::optional(false) : snapshot.held;
  const SteadyTime now = operation.steady_now();
  Journal& journal = *context.settings->journal;
  for (const OpenIntent& each : intents) {
    if (!journal.open_intent(each.position)) continue;  // somebody else has settled it meanwhile
    if (!each.applied && each.record.place != place) {
      detail::stay_open(report, each, "it was for another party of the interaction than the one that was read; recover tells");
      continue;
    }
    // Its own operation knew, and only the disk had no room for it: whatever was read since says nothing of that.
    const bool done = each.applied || (held && *held == (each.record.action == JournalAction::hold));
    if (!done && now < after(context.fences.first_seen(each.position, now), context.settings->journaling.fence_after)) {
      detail::stay_open(report, each, "a late arrival can still change the interaction (journaling.fence_after)");
      continue;
    }
    // A release that was sent behind a hold leaves the same state whether the hold was applied or not.
    const bool proved = held && !each.overtaken;
    EndRecord end(done ? Outcome::applied : proved ? Outcome::not_applied : Outcome::unknown, operation.wall_now());
    end.resolved_by = each.applied ? "answer" : done ? "state" : proved ? "fence" : "nobody";
    if (!done) end.error_code = to_string(proved ? ErrorCode::network : ErrorCode::outcome_unknown);
    JournalPosition at = 0;
    const Result<bool> settled = detail::settle_intent(journal, each, end, at);
    if (!settled) return fail(settled.error());
    context.fences.forget(each.position);
    if (!*settled) continue;
    if (done && each.record.action == JournalAction::hold) {
      // It stands behind the end of a release that has come since it was read, which the journal would take for undone.
      context.hub->with([&](HoldSession& session) noexcept {
        if (session.registry().belief(each.record.interaction) == HoldRegistry::Belief::not_held &&
            session.ended_since(each.record.interaction, reading, false))
          note_seen(context, each.record.interaction, false, end.at);
      });
    }
    context.metrics->count(HoldCount::recovered);
    detail::count_settled(report, end.outcome);
    operation.log(Level::info, "recovery.settled",
                  {{"operation", each.record.operation},
                   {"interaction", each.record.interaction},
                   {"outcome", to_string(end.outcome)},
                   {"by", end.resolved_by}});
  }
  return {};
}

/// Settles what there is of before on an interaction that is to be put on hold now and was just read. Otherwise
/// `unrecovered`: a new hold could hide from recovery what became of the earlier commands.
inline Result<void> settle_holds(Operation& operation, HoldContext& context, std::string_view interaction, const ReadingMark& reading) {
  std::vector<OpenIntent> intents = detail::unsettled_commands(*context.settings->journal, interaction);
  if (intents.empty()) return {};
  const std::string place = place_of_party(context, operation.snapshot.participant_id);
  for (OpenIntent& each : intents)
    if (each.record.place.empty()) each.record.place = place;  // of a journal that is older than places
  RecoveryReport report;
  if (auto settled = settle_commands(operation, context, intents, place, reading, report); !settled) return settled;
  if (report.open.empty()) return {};
  return fail(ErrorCode::unrecovered, "the fate of the command " + report.open.front().operation +
                                          " on this interaction is not known yet: " + report.open.front().why);
}

}  // namespace patchbay
