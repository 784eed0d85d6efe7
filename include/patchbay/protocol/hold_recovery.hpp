// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find, min
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/protocol/hold_journal.hpp>
#include <patchbay/protocol/hold_proof.hpp>

namespace patchbay {

namespace detail {

/// What is to be found out about one interaction.
class HoldQuestion {
 public:
  HoldQuestion() = default;
  std::vector<OpenIntent> intents;
  bool believed = false;   ///< The journal has it on hold, or perhaps.
  std::string place;       ///< Whose hold it is (`IntentRecord::place`).
};
using HoldQuestions = std::map<std::string, HoldQuestion>;

/// Everything that the journal does not know for certain, and whoever it has on hold.
[[nodiscard]] inline HoldQuestions hold_questions(const HoldContext& context) {
  HoldQuestions out;
  const Journal& journal = *context.settings->journal;
  for (OpenIntent& each : unsettled_commands(journal)) {
    HoldQuestion& question = out[each.record.interaction];
    question.intents.push_back(std::move(each));
  }
  for (const BelievedHold& each : journal.holds()) {
    const auto at = out.find(each.interaction);
    // What nobody says but a command that is under way now is that command's own matter.
    if (each.position == 0 && at == out.end()) continue;
    HoldQuestion& question = at == out.end() ? out[each.interaction] : at->second;
    question.believed = true;
    question.place = each.place;
  }
  return out;
}

/// Puts it under the watchdog if it is, or may be, on hold, and is not watched yet; whether it did. Not if its release was
/// confirmed to this process: its end is about to be written, or the journal did not take it and hears of it now.
[[nodiscard]] inline bool watch_again(const Operation& operation, HoldContext& context, const std::string& interaction,
                                      const HoldQuestion& question) {
  return context.hub->with([&](HoldSession& session) {
    if (session.registry().since(interaction)) return false;
    if (session.released(interaction)) {
      // Written under the session's lock, so that the end of no later hold comes between.
      if (question.intents.empty()) note_seen(context, interaction, false, operation.wall_now());
      return false;
    }
    // Asked again under the session's lock: since the question was put a command on another thread may have been done, and
    // have ended, and nobody would ever end the watch over what it left.
    const std::optional<BelievedHold> still = context.settings->journal->hold_of(interaction);
    if (!still || (still->position == 0 && unsettled_commands(*context.settings->journal, interaction).empty())) return false;
    if (context.dialect->path() == HoldPath::request) context.parties.restore(interaction, still->place);
    session.restore(interaction, still->confirmed, since_then(operation, still->since, context.settings->hold.max_hold));
    return true;
  });
}

/// Puts everybody under the watchdog who is, or may be, on hold, and is not watched yet: before anything is read, since that may
/// take long, or fail (hazard B6).
inline void watch_all_again(const Operation& operation, HoldContext& context, const HoldQuestions& questions, RecoveryReport& report) {
  for (const auto& [interaction, question] : questions) {
    if (!question.believed || !watch_again(operation, context, interaction, question)) continue;
    ++report.holds_rebuilt;
    context.metrics->count(HoldCount::holds_rebuilt);
    if (context.pump) context.pump->wake_up();  // there is a new limit to keep
  }
}

/// What a reading at `place` says is believed from now on. False: nothing is, since what it shows has ended while it was under way.
[[nodiscard]] inline bool learn_from(Operation& operation, HoldContext& context, const std::string& interaction,
                                     const HoldQuestion& question, std::string_view place, const ReadingMark& reading, bool settled,
                                     RecoveryReport& report) {
  const InteractionSnapshot& snapshot = operation.snapshot;
  const bool over = snapshot.final();
  if (!over && !snapshot.held) return true;  // it stays watched, if it is
  if (!over && *snapshot.held) {
    bool rebuilt = false;
    const bool current = context.hub->with([&](HoldSession& session) {
      const bool watched = session.registry().since(interaction).has_value();
      const bool stale = session.ended_since(interaction, reading);
      // Whose hold it is: the party that was read, whoever the settings mean.
      if (!stale && !watched && context.dialect->path() == HoldPath::request) {
        context.parties.restore(interaction, place);
        context.parties.learn(interaction, snapshot.participant_id);
      }
      // What was believed is watched, or has ended: this is another hold then.
      if (!stale) session.seen(interaction, true, reading, seen_since(operation, context, operation.steady_now()));
      rebuilt = !watched && !stale;
      return !stale;
    });
    if (rebuilt) {
      ++report.holds_rebuilt;
      context.metrics->count(HoldCount::holds_rebuilt);
      note_belief(context, interaction, operation.wall_now());
    }
    if (context.pump) context.pump->wake_up();
    return current;
  }
  if (!settled && !over) return true;  // a hold may still arrive
  const bool ended = context.hub->with([&](HoldSession& session) {
    if (!over && session.registry().learnt_since(interaction, reading.learnt)) return false;  // by somebody, since it was read
    session.known_released(interaction);
    return true;
  });
  if (!question.believed || !ended) return true;
  if (context.settings->journal->hold_of(interaction)) ++report.holds_released;
  note_released_since(context, interaction, operation.wall_now());
  return true;
}

/// Where the interaction is to be read: everywhere that a command went to, and last where its hold is.
[[nodiscard]] inline std::vector<std::string> places_of(const HoldContext& context, const std::string& interaction, const HoldQuestion& question) {
  std::vector<std::string> out;
  for (const OpenIntent& each : unsettled_commands(*context.settings->journal, interaction))
    if (std::find(out.begin(), out.end(), each.record.place) == out.end()) out.push_back(each.record.place);
  if (!question.believed && !out.empty()) return out;
  std::erase(out, question.place);
  out.push_back(question.place);
  return out;
}

}  // namespace detail

/// Reads one interaction, in its turn, and draws the consequences. Fails when the journal does, or when cancelled.
inline Protocol<Result<void>> recover_hold(Operation& operation, HoldContext& context, const std::string& interaction,
                                           const detail::HoldQuestion& question, RecoveryReport& report) {
  const std::size_t before = report.open.size();
  const auto leave = [&](std::string_view why) {
    report.open.resize(before);
    for (const OpenIntent& each : question.intents)
      if (context.settings->journal->open_intent(each.position)) detail::stay_open(report, each, std::string(why));
    if (question.believed) report.unseen.push_back(interaction);
    return Result<void>{};
  };
  HoldTurn turn(context.turns, operation, interaction);
  const HoldTurns::Entry entry = context.turns.ask(turn);
  if (entry == HoldTurns::Entry::full) co_return leave("too many holds are under way");
  if (entry == HoldTurns::Entry::queued) {
    WaitEffect wait(turn.waiter(), operation.deadline);
    co_await wait;
    if (wait.cancelled) co_return fail(ErrorCode::cancelled, "cancelled before everything was recovered");
    if (!context.turns.inside(turn)) co_return leave("another command on the interaction is under way");
  }
  std::optional<ReadingMark> reading;
  // Of each party that there is a question about, one after another: last of the one that is, or may be, on hold.
  const std::vector<std::string> places = detail::places_of(context, interaction, question);
  for (const std::string& place : places) {
    reading = reading_begins(operation, context, interaction);
    auto read = co_await read_standing(operation, context, interaction, interaction, place);
    if (!read && read.error().code() == ErrorCode::cancelled) co_return read;
    if (!read) co_return leave(read.error().message());
    // What is over no release changes any more; and the limit of what is watched again may ask for one each time.
    if (!operation.snapshot.final() && context.turns.superseded(turn)) co_return leave("a release of the interaction is under way");
    // Asked anew: a command that had the turn before this may have ended without anybody knowing how.
    std::vector<OpenIntent> intents = detail::unsettled_commands(*context.settings->journal, interaction);
    std::erase_if(intents, [&](const OpenIntent& each) { return each.record.place != place; });
    if (auto settled = settle_commands(operation, context, intents, place, *reading, report); !settled) co_return settled;
  }
  if (reading && !detail::learn_from(operation, context, interaction, question, places.back(), *reading, report.open.size() == before, report))
    report.unseen.push_back(interaction);  // it is read again
  co_return Result<void>{};
}

/// Settles every hold and release that waits for it, and finds out who is on hold, looking again and again until
/// nothing is left or the operation's deadline comes. Fails when the journal does, or when cancelled.
inline Protocol<Result<void>> recover_holds(Operation& operation, HoldContext& context, RecoveryReport& report) {
  const Settings& settings = *context.settings;
  const SteadyTime limit = operation.deadline;
  bool first = true;
  detail::HoldQuestions before;
  for (;;) {
    detail::HoldQuestions questions = detail::hold_questions(context);
    detail::watch_all_again(operation, context, questions, report);
    // Whoever is on hold for certain is looked at once; what is left open, again.
    if (!std::exchange(first, false)) {
      const std::vector<std::string> unseen = std::exchange(report.unseen, {});
      std::erase_if(questions, [&](const auto& each) {
        return each.second.intents.empty() && std::find(unseen.begin(), unseen.end(), each.first) == unseen.end();
      });
      // And who could not be read, also if the journal has nothing of it any more: it may be watched since before its release.
      for (const std::string& each : unseen) {
        auto left = before.extract(each);
        if (left.empty() || questions.contains(each)) continue;
        detail::HoldQuestion& question = left.mapped();
        if (!question.believed && !question.intents.empty()) question.place = question.intents.back().record.place;
        question.believed = true;
        question.intents.clear();
        questions.insert(std::move(left));
      }
    }
    report.open.clear();
    for (const auto& [interaction, question] : questions) {
      operation.deadline = (std::min)(limit, after(operation.steady_now(), settings.attempt_timeout));
      // Each reading may replace a token that is refused: none else may come to do so while this goes on.
      operation.token_replayed = false;
      if (auto done = co_await recover_hold(operation, context, interaction, question, report); !done) co_return done;
    }
    before = std::move(questions);
    operation.deadline = limit;
    const SteadyTime again = after(operation.steady_now(), settings.journaling.look_every);
    if (report.complete() || again >= limit) co_return Result<void>{};
    Waiter nobody(operation);  // not a sleep, so that a blocking door serves channel and watchdog meanwhile
    WaitEffect pause(nobody, again);
    co_await pause;
    if (pause.cancelled) co_return fail(ErrorCode::cancelled, "cancelled before everything was recovered");
  }
}

}  // namespace patchbay
