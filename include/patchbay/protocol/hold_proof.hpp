// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp, min
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/protocol/hold_journal.hpp>
#include <patchbay/protocol/hold_place.hpp>

// What readings say of holds and releases, and what is reported of those that nobody confirms.
namespace patchbay {

/// The error of a hold that a release of the same interaction has overtaken before it was sent.
[[nodiscard]] inline Failure superseded_hold() {
  return fail(ErrorCode::cancelled, "superseded by a release of the same interaction before it was sent");
}

namespace detail {

/// A time of another process, or of the cloud, on this one's monotonic clock. Between `longest` ago and now, since the wall clock may
/// have jumped: a hold never counts as begun in the future, nor for longer than what makes its limit due at once.
[[nodiscard]] inline SteadyTime since_then(const Operation& operation, WallTime then, Duration longest) {
  const Duration age = std::chrono::duration_cast<Duration>(operation.wall_now() - then);
  return operation.steady_now() - std::clamp(age, Duration::zero(), longest);
}

}  // namespace detail

/// Since when the interaction that `operation` has read as held counts as on hold: what the cloud says; else `otherwise`.
[[nodiscard]] inline SteadyTime seen_since(const Operation& operation, const HoldContext& context, SteadyTime otherwise) {
  if (!operation.snapshot.held_since) return otherwise;
  return detail::since_then(operation, *operation.snapshot.held_since, context.settings->hold.max_hold);
}

/// What a reading that begins now will speak for.
[[nodiscard]] inline ReadingMark reading_begins(const Operation& operation, HoldContext& context, const std::string& interaction) {
  return context.hub->with([&](HoldSession& session) { return session.reading_begins(interaction, operation.steady_now()); });
}

/// An interaction was read that is over: it is on hold no more, whatever was sent. It is watched no more, and the journal
/// hears of that, or recovery would have it watched again.
inline void forget_over(Operation& operation, HoldContext& context, const std::string& interaction) {
  const bool watched = context.hub->with([&](HoldSession& session) {
    const bool was = session.registry().since(interaction).has_value();
    session.known_released(interaction);
    return was;
  });
  if (watched) note_released_since(context, interaction, operation.wall_now());
}

/// Reads the interaction after a command whose fate is not known; whether the state is the wanted one (hazards B20, B21).
/// The other state proves nothing, since the command may still be on its way.
inline Protocol<Result<bool>> resolve_by_state(Operation& operation, HoldContext& context, const HoldJob& job) {
  const ReadingMark reading = reading_begins(operation, context, job.call.interaction);
  operation.settling = true;
  auto read = co_await read_standing(operation, context, job);
  operation.settling = false;
  if (!read) co_return fail(std::move(read.error()));
  const bool wanted = job.verb == HoldVerb::hold;
  const bool shown = operation.snapshot.held && *operation.snapshot.held == wanted;
  if (operation.snapshot.final()) {
    // That it is over ends the watch; of the command it proves nothing.
    forget_over(operation, context, job.call.interaction);
    co_return shown;
  }
  if (!shown) co_return false;
  const bool by_request = context.dialect->path() == HoldPath::request;
  bool behind_hold = false;
  const bool ended = context.hub->with([&](HoldSession& session) {
    const HoldRegistry& registry = session.registry();
    const bool watched = registry.since(job.call.interaction).has_value();
    // The hold is watched since it was sent, unless a release was confirmed meanwhile: what was seen is older than that.
    if (wanted && !watched && (!by_request || session.released(job.call.interaction))) return false;
    session.seen(job.call.interaction, wanted, reading, seen_since(operation, context, job.call.sent_at));
    // The server has taken a hold that it has perhaps not carried out yet, and the release comes behind it: for as long as
    // what is only accepted is looked for.
    behind_hold = !wanted && registry.may_land(job.call.interaction, operation.steady_now() - context.settings->attempt_timeout);
    return watched && !registry.since(job.call.interaction);
  });
  // The end of a refused release tells the journal of no change: that somebody else released it must be told.
  if (ended && job.call.end == CallEnd::refused) note_released_since(context, job.call.interaction, operation.wall_now());
  co_return !behind_hold;
}

/// The same again and again, until the wanted state shows, the interaction is over, or the operation's deadline comes: for a
/// command that the cloud has only accepted.
inline Protocol<Result<bool>> await_state(Operation& operation, HoldContext& context, const HoldJob& job) {
  Duration pause = milliseconds{50};
  for (;;) {
    auto seen = co_await resolve_by_state(operation, context, job);
    if ((seen && (*seen || operation.snapshot.final())) || operation.cancel_requested) co_return seen;
    // The next token would be refused as well, or there is none to be had (invariant I10).
    if (!seen && seen.error().code() == ErrorCode::authentication_failed) co_return seen;
    const SteadyTime again = after(operation.steady_now(), pause);
    if (again >= operation.deadline) co_return seen;
    pause = std::min<Duration>(2 * pause, seconds{1});
    Waiter nobody(operation);  // not a sleep, so that a blocking door serves channel and watchdog meanwhile
    WaitEffect wait(nobody, again);
    co_await wait;
    if (wait.cancelled) co_return seen;
  }
}

/// Reads a watched interaction whose state is not certain any more, and learns from it: whether somebody else has released it,
/// or it is over.
inline Protocol<Result<HoldResult>> look_again(Operation& operation, HoldContext& context, const HoldJob& job) {
  const std::string& interaction = job.call.interaction;
  const ReadingMark reading = reading_begins(operation, context, interaction);
  auto read = co_await read_standing(operation, context, job);
  if (!read) co_return fail(std::move(read.error()));  // it stays watched
  if (operation.snapshot.final()) {
    forget_over(operation, context, interaction);
    co_return HoldResult{};
  }
  const std::optional<bool> held = operation.snapshot.held;
  if (!held) co_return HoldResult{};
  const bool ended = context.hub->with([&](HoldSession& session) {
    const HoldRegistry& registry = session.registry();
    const std::optional<SteadyTime> since = registry.since(interaction);
    if (!since || registry.last_hold(interaction) > reading.order) return false;  // what was sent meanwhile speaks for itself
    session.seen(interaction, *held, reading, seen_since(operation, context, *since));
    return !registry.since(interaction);
  });
  if (ended) note_released_since(context, interaction, operation.wall_now());
  co_return HoldResult{};
}

/// `error`, with what became of the command's request, where there was one.
inline Error after_last_request(Error error, const HoldJob& job) {
  if (!job.call.error) return error;
  Error out(error.code(), error.message() + "; its request: " + job.call.error->message());
  out.set_answer_of(*job.call.error);
  return out;
}

/// What to report when a command ended without an acknowledgement that says it is done.
inline Error error_of(const HoldJob& job, HoldContext& context) {
  const std::string verb(to_string(job.verb));
  switch (job.call.end) {
    case CallEnd::refused: {
      if (job.call.error) return *job.call.error;
      Error error(ErrorCode::command_refused, "the server refused the " + verb);
      error.set_server_message(excerpt(job.call.server_message, 512));
      return error;
    }
    case CallEnd::ack_timeout:
      return {ErrorCode::outcome_unknown, "the " + verb + " was sent, no acknowledgement came in time, and the interaction's state proves nothing"};
    case CallEnd::disconnected:
      if (job.call.error) {  // of a request: how it ended
        Error error(ErrorCode::outcome_unknown, "the " + verb + " may have been done, and the interaction's state proves nothing: " + job.call.error->message());
        error.set_answer_of(*job.call.error);
        return error;
      }
      return {ErrorCode::outcome_unknown, "the " + verb + " was sent, the connection ended, and the interaction's state proves nothing"};
    case CallEnd::forsaken:
      return {ErrorCode::outcome_unknown,
              "the " + verb + " was sent, and cancelled before it was acknowledged; the interaction's state proves nothing"};
    case CallEnd::accepted:
      return {ErrorCode::outcome_unknown, "the " + verb + " was accepted, and the interaction's state does not show it yet"};
    case CallEnd::superseded:
      if (job.verb == HoldVerb::unhold) return {ErrorCode::cancelled, "superseded by a later hold of the same interaction before it was sent again"};
      return superseded_hold().value();
    case CallEnd::cancelled: return after_last_request({ErrorCode::cancelled, "cancelled before the " + verb + " was sent"}, job);
    case CallEnd::unsent:
    case CallEnd::channel_refused:
      if (job.call.error) return *job.call.error;
      return {ErrorCode::not_connected, "the hold channel is refused"};
    case CallEnd::table_full: return {ErrorCode::queue_full, "too many commands are under way (hold.max_commands)"};
    case CallEnd::watch_full: return {ErrorCode::queue_full, "too many interactions are on hold (hold.max_holds)"};
    case CallEnd::closed: return after_last_request({ErrorCode::closed, "the door is closed"}, job);
    case CallEnd::out_of_time: {
      const bool open = context.dialect->path() == HoldPath::request || context.hub->with([](HoldSession& session) { return session.channel().state() == ChannelState::open; });
      if (open) return after_last_request({ErrorCode::deadline_exceeded, "the deadline passed before the " + verb + " could be sent"}, job);
      const auto last = context.hub->with([](HoldSession& session) { return session.channel().error(); });
      Error error(ErrorCode::not_connected, "the hold channel did not open in time" + (last ? ": " + last->message() : std::string{}));
      if (last) error.set_answer_of(*last);
      return error;
    }
    case CallEnd::pending:
    case CallEnd::acknowledged: break;
  }
  return {ErrorCode::internal, "a command ended without a cause"};
}

/// A command that is under way; taken back when nobody waits for it any more.
class HoldCallGuard {
 public:
  HoldCallGuard(HoldContext& context, HoldCall& call) noexcept : context_(&context), call_(&call) {}
  HoldCallGuard(const HoldCallGuard&) = delete;
  HoldCallGuard& operator=(const HoldCallGuard&) = delete;
  /// Of a frame that is destroyed while it waits.
  ~HoldCallGuard() {
    if (call_) guarded([this] { end(true); });
  }
  void end(bool cancelled) {
    context_->hub->with([&](HoldSession& session) { session.abandon(*call_, cancelled); });
    call_ = nullptr;
  }

 private:
  HoldContext* context_;
  HoldCall* call_;
};

}  // namespace patchbay
