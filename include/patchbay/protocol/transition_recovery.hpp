// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, min
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/protocol/settle_intents.hpp>
#include <patchbay/protocol/transition.hpp>

namespace patchbay {

/// What one reading of an interaction says of a write whose fate is not known.
enum class WriteProof : std::uint8_t {
  applied,      ///< The interaction carries its id.
  not_applied,  ///< The version that it was locked with is gone, and it was not it that changed it.
  too_early,    ///< That version is still there: the write may be on its way.
  lost,         ///< Somebody else has written since, so that it may have been there in between.
  outdated,     ///< The reading is older than that version.
};

/// As `resolve` decides in the midst of an operation; see there (invariant I4). `now` is of the place that the write went to.
/// `rivals` are the unsettled writes of the interaction: of two that were locked with one version, at most one was applied.
[[nodiscard]] inline WriteProof prove(const detail::AnyDialect& dialect, const IntentRecord& write, const InteractionSnapshot& now,
                                      const std::vector<OpenIntent>& rivals) {
  if (now.transition_id == write.operation) return WriteProof::applied;
  if (write.etag.empty()) return WriteProof::too_early;  // no version keeps a late arrival away
  if (now.etag.empty() || now.etag == write.etag) return WriteProof::too_early;
  if (dialect.precedes(now.etag, write.etag)) return WriteProof::outdated;
  if (is_untouched(now, write.prior_transition, write.place)) return WriteProof::not_applied;
  const bool rival = std::any_of(rivals.begin(), rivals.end(), [&](const OpenIntent& each) {
    return each.record.operation == now.transition_id && each.record.etag == write.etag && each.record.place == write.place &&
           each.amendments == 0;
  });
  return rival ? WriteProof::not_applied : WriteProof::lost;
}

/// Whether the place of `write`, which nothing locked, shows that no writer has been there since: it carries the id that it
/// carried then. That neither then nor now there is any proves nothing, for a writer without ids may have replaced all that was
/// there; nor does it where an old journal does not tell the place, and what is read may be the flow's next participant.
[[nodiscard]] inline bool nobody_wrote(const InteractionSnapshot& now, const IntentRecord& write) noexcept {
  return !write.prior_transition.empty() && now.transition_id == write.prior_transition;
}

/// Where `write` went, in the dialect's words. A journal that is older than places has what its version tells.
[[nodiscard]] inline std::string place_of(const TransitionContext& context, const IntentRecord& write) {
  if (!write.place.empty()) return write.place;
  InteractionSnapshot then;
  then.etag = write.etag;
  std::string place;
  context.api->dialect->place(place, then);
  return place;
}

/// Whether something of before is to be settled before the interaction may be moved. Cheap when there is nothing.
[[nodiscard]] inline bool must_resolve_first(const TransitionContext& context, std::string_view interaction) {
  return context.settings->journal && context.settings->journal->unresolved(interaction);
}

namespace detail {

/// Records the fate of a transition of before, and queues its webhook when it was applied.
inline Result<void> settle_write(Operation& operation, TransitionContext& context, const OpenIntent& intent,
                                 Outcome outcome, std::string_view resolved_by, RecoveryReport& report) {
  EndRecord end(outcome, operation.wall_now());
  end.resolved_by = resolved_by;
  end.deliver = outcome == Outcome::applied && !intent.record.webhook.empty();
  if (outcome != Outcome::applied)
    end.error_code = to_string(outcome == Outcome::unknown ? ErrorCode::outcome_unknown : ErrorCode::network);
  JournalPosition at = 0;
  const Result<bool> settled = settle_intent(*context.settings->journal, intent, end, at);
  if (!settled) return fail(settled.error());
  context.fences.forget(intent.position);
  if (!*settled) return {};
  context.metrics->count(TransitionCount::recovered);
  count_settled(report, outcome);
  operation.log(Level::info, "recovery.settled",
                {{"operation", intent.record.operation},
                 {"interaction", intent.record.interaction},
                 {"outcome", to_string(outcome)},
                 {"by", resolved_by}});
  if (!end.deliver) return {};
  context.metrics->count(TransitionCount::webhooks_queued);
  QueuedWebhook queued(intent.record.operation, intent.record.interaction, intent.record.webhook);
  queued.position = at;
  if (context.crm) context.outbox.add(std::move(queued));
  return {};
}

}  // namespace detail

/// Of the unsettled writes of an interaction, those from `first` on that went to one place.
class WritesOfPlace {
 public:
  WritesOfPlace(const TransitionContext& context, const std::vector<OpenIntent>& all_in, std::size_t first)
      : all(&all_in), place(place_of(context, all_in[first].record)), begin(first), end(first + 1) {
    while (end < all->size() && place_of(context, (*all)[end].record) == place) ++end;
  }
  [[nodiscard]] std::span<const OpenIntent> writes() const noexcept { return std::span(*all).subspan(begin, end - begin); }

  const std::vector<OpenIntent>* all;
  std::string place;
  std::size_t begin, end;
};

/// Reads the place that `asked` tells of, and settles those of its writes that it says something of; the others, and why, go to
/// `report.open`. Fails only when the journal does, or when cancelled.
inline Protocol<Result<void>> settle_place(Operation& operation, TransitionContext& context, const WritesOfPlace& asked,
                                           RecoveryReport& report) {
  const JournalingSettings& settings = context.settings->journaling;
  const std::vector<OpenIntent>& intents = *asked.all;
  auto read = co_await read_place(operation, *context.api, intents.front().record.interaction, asked.place);
  if (!read && read.error().code() == ErrorCode::cancelled) co_return read;
  const bool gone = !read && read.error().code() == ErrorCode::not_found;
  if (!read && !gone) {
    for (const OpenIntent& each : asked.writes()) detail::stay_open(report, each, read.error().message());
    co_return Result<void>{};
  }
  const SteadyTime now = operation.steady_now();
  for (const OpenIntent& each : asked.writes()) {
    if (!context.settings->journal->open_intent(each.position)) continue;  // somebody else has settled it meanwhile
    const WriteProof proof = gone ? WriteProof::lost : prove(*context.api->dialect, each.record, operation.snapshot, intents);
    Result<void> settled;
    if (proof == WriteProof::applied) {
      settled = detail::settle_write(operation, context, each, Outcome::applied, "state", report);
    } else if (proof == WriteProof::not_applied) {
      settled = detail::settle_write(operation, context, each, Outcome::not_applied, "version", report);
    } else if (now < after(context.fences.first_seen(each.position, now), settings.fence_after)) {
      detail::stay_open(report, each,
                        proof == WriteProof::too_early
                            ? "a late arrival can still change the interaction (journaling.fence_after)"
                        : proof == WriteProof::outdated
                            ? "the reading is older than the write; it is looked at again"
                            : "another writer has been there, or the interaction is gone; it is looked at again");
    } else if (proof == WriteProof::too_early &&
               (each.record.etag.empty() ? nobody_wrote(operation.snapshot, each.record) : !operation.snapshot.etag.empty())) {
      settled = detail::settle_write(operation, context, each, Outcome::not_applied, "fence", report);
    } else {
      settled = detail::settle_write(operation, context, each, Outcome::unknown, "nobody", report);
    }
    if (!settled) co_return settled;
  }
  co_return Result<void>{};
}

/// Settles what a reading tells of `intents`, the writes of one interaction, oldest first, since their webhooks go in that
/// order: a reading for each run of them that went to one place. Those that this process knows to be applied take no reading:
/// another writer may have been there since, and then none would show it, and the webhook of a success would be lost
/// (invariant I17). The caller holds the interaction's lane. Fails only when the journal does, or when cancelled.
inline Protocol<Result<void>> settle_transitions(Operation& operation, TransitionContext& context,
                                                 const std::vector<OpenIntent>& intents, RecoveryReport& report) {
  for (const OpenIntent& each : intents) {
    if (!each.applied) continue;
    auto settled = detail::settle_write(operation, context, each, Outcome::applied, "answer", report);
    if (!settled) co_return settled;
  }
  for (std::size_t at = 0; at < intents.size();) {
    if (intents[at].applied) {
      ++at;
      continue;
    }
    const WritesOfPlace next(context, intents, at);
    if (auto settled = co_await settle_place(operation, context, next, report); !settled) co_return settled;
    at = next.end;
  }
  co_return Result<void>{};
}

/// Settles what there is of before on an interaction that is to be moved now, as far as one reading does. The caller
/// holds its lane. Otherwise `unrecovered`: its move could hide from recovery what became of the earlier one.
inline Protocol<Result<void>> resolve_first(Operation& operation, TransitionContext& context,
                                            std::string_view interaction) {
  const std::vector<OpenIntent> intents = detail::unsettled_transitions(*context.settings->journal, interaction);
  if (intents.empty()) co_return Result<void>{};
  RecoveryReport report;
  if (auto settled = co_await settle_transitions(operation, context, intents, report); !settled) co_return settled;
  if (report.open.empty()) co_return Result<void>{};
  co_return fail(ErrorCode::unrecovered, "the fate of the transition " + report.open.front().operation +
                                             " on this interaction is not known yet: " + report.open.front().why);
}

/// Settles every transition that waits for it, looking again and again until none is left or the operation's deadline
/// comes. What is left then is in `report.open`. Fails when the journal does, or when cancelled.
inline Protocol<Result<void>> recover_transitions(Operation& operation, TransitionContext& context,
                                                  RecoveryReport& report) {
  const Settings& settings = *context.settings;
  const SteadyTime limit = operation.deadline;
  for (;;) {
    report.open.clear();
    std::map<std::string, std::vector<OpenIntent>> open;
    for (OpenIntent& each : detail::unsettled_transitions(*settings.journal))
      open[each.record.interaction].push_back(std::move(each));
    for (const auto& [interaction, intents] : open) {
      operation.deadline = (std::min)(limit, after(operation.steady_now(), settings.attempt_timeout));
      // Each reading may replace a token that is refused: none else may come to do so while this goes on.
      operation.token_replayed = false;
      Result<void> turn;
      LanePermit permit(context.lanes, operation);
      const Lanes::Entry entry = context.lanes.ask(interaction, permit);
      if (entry == Lanes::Entry::full) turn = lanes_full();
      if (entry == Lanes::Entry::queued) turn = co_await await_turn(operation, context.lanes, permit);
      if (!turn && turn.error().code() == ErrorCode::cancelled) co_return turn;
      if (!turn || operation.steady_now() >= limit) {
        for (const OpenIntent& each : intents)
          detail::stay_open(report, each, turn ? "the deadline passed" : turn.error().message());
        continue;
      }
      if (auto settled = co_await settle_transitions(operation, context, intents, report); !settled) co_return settled;
    }
    operation.deadline = limit;
    const SteadyTime again = after(operation.steady_now(), settings.journaling.look_every);
    if (report.open.empty() || again >= limit) co_return Result<void>{};
    SleepEffect sleep(again);
    co_await sleep;
    if (sleep.cancelled) co_return fail(ErrorCode::cancelled, "cancelled before everything was recovered");
  }
}

}  // namespace patchbay
