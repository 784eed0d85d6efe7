// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/protocol/hold_proof.hpp>

// Holds and releases that travel as requests (`HoldPath::request`): their turn, the request, and what its end says.
namespace patchbay {

/// Whether the session has taken the command; otherwise `call.end` says why not. `waiter` is told of its turn, or of its end.
inline bool submit_command(Operation& operation, HoldContext& context, HoldCall& call, const HoldTurn& turn, Waiter& waiter) {
  call.waiter = &waiter;
  call.deadline = operation.deadline;
  return context.hub->with([&](HoldSession& session) {
    // Asked under the session's lock, so that no hold slips in behind a release that was to take its place.
    if (context.turns.superseded(turn)) {
      call.end = CallEnd::superseded;
    } else {
      session.submit(call, operation.steady_now());
    }
    return call.end == CallEnd::pending;
  });
}

namespace detail {

/// Whose hold it is, as far as that is known without a reading; `remembered` when an earlier one has shown it.
inline void recall_party(HoldContext& context, HoldJob& job, bool& remembered) {
  if (restored_place(context, job.call.interaction).empty()) job.party.assign(context.dialect->hold_participant());
  if (!job.party.empty()) return;
  job.party = context.parties.of(job.call.interaction);
  remembered = !job.party.empty();
}

/// Finds out by a reading whose hold it is: the request names the party.
inline Protocol<Result<void>> find_party(Operation& operation, HoldContext& context, HoldJob& job) {
  auto read = co_await read_standing(operation, context, job);
  if (!read) co_return read;
  if (operation.snapshot.final()) {
    forget_over(operation, context, job.call.interaction);
    co_return fail(ErrorCode::not_eligible, "the interaction is over; its state is " + excerpt(operation.snapshot.state, 32));
  }
  job.party = operation.snapshot.participant_id;
  if (job.party.empty()) co_return fail(ErrorCode::malformed_response, "the participant has no id by which it could be held or released");
  context.parties.learn(job.call.interaction, job.party);
  co_return Result<void>{};
}

/// Whether the answer refuses the command itself, for how the interaction stands.
[[nodiscard]] inline bool refuses_command(int status) noexcept {
  return status >= 400 && status < 500 && status != 401 && status != 403 && status != 429;
}

/// The error of a request that the cloud refused, and what it teaches. Of a party that was only `remembered` it teaches
/// nothing: whose hold it is may be another by now.
inline Error refusal_of(Operation& operation, HoldContext& context, const HoldJob& job, const Attempt& last, int attempts, bool remembered) {
  Error error = error_of(operation, last, "participant.patch", attempts);
  if (!refuses_command(operation.status)) return error;
  const HoldRefused why = context.dialect->hold_refusal(operation.response, operation.json);
  if (why == HoldRefused::over && !remembered) {
    context.parties.forget(job.call.interaction);
    forget_over(operation, context, job.call.interaction);
  }
  const ErrorCode code = why == HoldRefused::other && operation.status == 404 ? ErrorCode::not_found
                         : why == HoldRefused::other                          ? ErrorCode::command_refused
                                                                              : ErrorCode::not_eligible;
  Error out(code, std::string("the server refused the ").append(to_string(job.verb)).append(why == HoldRefused::over ? ": the interaction is over" : ""));
  out.set_answer_of(error);
  out.set_server_message(error.server_message()).set_server_code(error.server_code());
  return out;
}

/// Whether a command's request may leave: whoever waited for a token, or for a turn with the pacer, may have been settled
/// meanwhile, and what nobody waits for is not sent (invariants I6, I14).
class CommandDeparture final : public Departure {
 public:
  CommandDeparture(Operation& operation, HoldContext& context, HoldCall& call) noexcept
      : operation_(&operation), context_(&context), call_(&call) {}

  /// Whether it is worth waiting for its leave; `error` says why not, unless the command has ended.
  [[nodiscard]] bool wanted() {
    return context_->hub->with([&](HoldSession& session) { return goes_on(session); });
  }
  /// Whether it was not let go because it has ended.
  [[nodiscard]] bool withdrawn() const noexcept { return withdrawn_; }
  [[nodiscard]] bool leaves() override {
    bool goes = false;
    const bool watched = guarded([&] {
      context_->hub->with([&](HoldSession& session) {
        goes = goes_on(session);
        if (goes) session.leaves(*call_, operation_->steady_now());
      });
    });
    if (!watched) error = Error(ErrorCode::internal, std::string("no memory to watch over the hold before it was sent"));
    withdrawn_ = !goes && !error;
    return goes && watched;
  }

  bool ambiguous = false;  ///< An earlier request of it may have been done.
  bool copied = false;     ///< So may a copy that the network made of one, which was refused for its token.
  std::optional<Error> error;

 private:
  [[nodiscard]] bool goes_on(HoldSession& session) {
    if (!ambiguous && !copied) session.give_way(*call_);
    if (call_->end != CallEnd::pending) return false;
    if (copied && session.overtaken(*call_)) {
      error = Error(ErrorCode::cancelled, "superseded by a release of the same interaction before it was sent again");
      return false;
    }
    if (call_->verb != HoldVerb::hold || ambiguous || !session.closing()) return true;
    error = Error(ErrorCode::closed, "the door was closed before the hold was sent");
    return false;
  }

  Operation* operation_;
  HoldContext* context_;
  HoldCall* call_;
  bool withdrawn_ = false;
};

/// Sends the request for a command whose turn has come, and tells the session how that ended. A hold is sent once, and once more
/// when its token was refused; a release, which changes nothing a second time, as often as it takes. A party that was only
/// `remembered` is looked for anew when the cloud refuses it. Says whether any of its requests may have been done.
///
/// A refusal speaks for every copy that the network made of the request, but for one for its token: a copy may have come while
/// that lived, whatever is answered to the next request.
inline Protocol<Result<bool>> patch_participant(Operation& operation, HoldContext& context, HoldJob& job, bool remembered) {
  const Gateway& gateway = *context.api;
  HoldCall& call = job.call;
  // A quarter of what is left is kept back, so that there is time to find out what became of it.
  const SteadyTime limit = operation.deadline - (operation.deadline - operation.steady_now()) / 4;
  context.dialect->hold_target(operation.target, gateway.api, job.interaction, job.party);
  HttpRequest patch(Method::patch, gateway.api, operation.target);
  patch.name = "participant.patch";
  patch.body = call.frame;
  patch.max_body = gateway.max_body;
  std::uint64_t stale_generation = 0;
  AttemptCounts counts;
  RetryCharge charge;
  bool ambiguous = false, refused = false;
  SteadyTime left = never;  // for the first time, of those that may have been done
  std::optional<Error> error;
  CommandDeparture departure(operation, context, call);
  while (!error) {
    if (!authorized_at_once(operation, gateway, stale_generation)) {
      if (auto authorized = co_await authorize(operation, gateway, stale_generation); !authorized) {
        error = std::move(authorized.error());
        break;
      }
    }
    departure.ambiguous = ambiguous;
    if (!departure.wanted()) {
      if (!departure.error) co_return ambiguous || departure.copied;
      error = std::move(departure.error);
      break;
    }
    const std::array<HeaderView, 3> headers{HeaderView{"Authorization", operation.authorization}, HeaderView{"Accept", "application/json"},
                                            HeaderView{"Content-Type", "application/json"}};
    patch.headers = headers;
    Attempt last;
    const int sent = operation.side_effects;
    if (auto begun = co_await attempt(operation, gateway, ExchangeKind::write, patch, limit, last, charge, &departure); !begun) {
      if (departure.withdrawn()) co_return ambiguous || departure.copied;
      ambiguous = ambiguous || operation.side_effects != sent;
      error = departure.error ? std::move(*departure.error) : std::move(begun.error());
      break;
    }
    ambiguous = ambiguous || last.verdict.ambiguous;
    if (last.verdict.ambiguous || last.verdict.next == Next::done || last.verdict.next == Next::refresh_token)
      left = std::min(left, operation.steady_now() - last.latency);
    switch (last.verdict.next) {
      case Next::authorize: break;
      case Next::done: {
        const bool done = context.dialect->hold_is_done(operation.response);
        context.hub->with([&](HoldSession& session) { done ? session.applied(call, operation.steady_now()) : session.accepted(call, operation.steady_now(), left); });
        co_return true;
      }
      case Next::refresh_token:
        departure.copied = true;
        if (may_replay(operation, gateway)) {
          stale_generation = operation.token_generation;
          break;
        }
        [[fallthrough]];
      case Next::reread:
      case Next::give_up:
        refused = operation.status != 0 && !last.verdict.ambiguous;
        error = refused ? refusal_of(operation, context, job, last, counts.total() + 1, remembered)
                        : error_of(operation, last, patch.name, counts.total() + 1);
        if (refused && std::exchange(remembered, false) && refuses_command(operation.status)) {
          const std::string before = job.party;
          context.parties.forget(call.interaction);
          const auto found = co_await find_party(operation, context, job);
          if (!found || job.party == before) break;
          if (operation.intent.open())
            if (auto declared = co_await declare_command(operation, context, job); !declared) break;
          error.reset();
          refused = false;
          context.dialect->hold_target(operation.target, gateway.api, job.interaction, job.party);
          patch.target = operation.target;
        }
        break;
      case Next::retry: {
        const int attempts = counts.count(last.verdict.cause);
        Error failure = error_of(operation, last, patch.name, counts.total());
        if (ambiguous && job.verb == HoldVerb::hold) {
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
    }
  }
  call.error = std::move(error);
  context.hub->with([&](HoldSession& session) {
    // Whatever was refused last: a release that was sent before, and of which nothing was heard, may be done.
    if (ambiguous || departure.copied) return session.lost(call, operation.steady_now(), operation.cancel_requested);
    refused ? session.refused(call, operation.steady_now()) : session.unsent(call);
  });
  co_return ambiguous || departure.copied;
}

/// What has ended as in doubt, because its time was up or the door was closed, is not if each of its requests was refused, or
/// none left: nothing can come of it (invariant I4).
inline void nothing_came_of_it(HoldContext& context, HoldCall& call) {
  context.hub->with([&](HoldSession& session) { session.came_to_nothing(call); });
}
/// Nobody hears any more of a command whose sending broke down, as when memory runs out.
inline void broke_down(Operation& operation, HoldContext& context, HoldCall& call, Error error) {
  context.hub->with([&](HoldSession& session) {
    call.error = std::move(error);
    if (operation.side_effects != 0) return session.lost(call, operation.steady_now(), false);
    session.unsent(call);
    session.came_to_nothing(call);
  });
}

}  // namespace detail

/// Finds out whose hold it is; `remembered` when an earlier reading has shown it.
inline Protocol<Result<void>> know_party(Operation& operation, HoldContext& context, HoldJob& job, bool& remembered) {
  if (job.verb == HoldVerb::hold) {
    job.party = operation.snapshot.participant_id;  // it was read just now
    context.parties.learn(job.call.interaction, job.party);
  }
  if (job.party.empty()) detail::recall_party(context, job, remembered);
  if (job.party.empty()) co_return co_await detail::find_party(operation, context, job);
  co_return Result<void>{};
}

/// Waits for the command's turn, sends its request, and waits until the channel tells what came of it, or nobody will; the end
/// is left in `job.call.end`. The party is `job.party`, which `remembered` says may be another by now.
inline Protocol<Result<void>> send_by_request(Operation& operation, HoldContext& context, HoldJob& job, const HoldTurn& turn, bool remembered) {
  HoldCall& call = job.call;
  Waiter turn_waiter(operation), end_waiter(operation);
  if (!submit_command(operation, context, call, turn, turn_waiter)) co_return Result<void>{};
  HoldCallGuard guard(context, call);
  if (context.pump) context.pump->wake_up();
  bool granted = context.hub->with([&](HoldSession&) { return call.granted; });
  if (!granted) {
    WaitEffect wait(turn_waiter, operation.deadline);
    wait.kept = context.always_served;
    co_await wait;
    granted = context.hub->with([&](HoldSession& session) {
      if (!call.granted || call.end != CallEnd::pending) return false;
      if (!wait.cancelled) return true;
      // Its turn had come at that moment, and nobody sends it any more.
      call.error.emplace(ErrorCode::cancelled, std::string("cancelled before the ").append(to_string(job.verb)).append(" was sent"));
      session.unsent(call);
      return false;
    });
    if (!granted) {
      guard.end(operation.cancel_requested);
      detail::nothing_came_of_it(context, call);
      co_return Result<void>{};
    }
  }
  auto sent = co_await detail::patch_participant(operation, context, job, remembered);
  if (!sent) detail::broke_down(operation, context, call, std::move(sent.error()));
  const bool waits = context.hub->with([&](HoldSession&) {
    call.waiter = &end_waiter;
    return call.end == CallEnd::pending;
  });
  if (context.pump) context.pump->wake_up();  // perhaps there is a release to repeat, or an alarm to set
  if (waits) {
    WaitEffect wait(end_waiter, operation.deadline);
    wait.kept = context.always_served;
    co_await wait;
  }
  guard.end(operation.cancel_requested);
  if (sent && !*sent) detail::nothing_came_of_it(context, call);
  co_return Result<void>{};
}

/// Leaves the reason of a hold where the dialect has a place for it. What that comes to changes nothing of the hold.
inline Protocol<Result<bool>> keep_reason(Operation& operation, HoldContext& context, const HoldJob& job) {
  if (!context.dialect->encode_hold_reason(operation.body, job.reason)) co_return false;
  if (job.party.empty()) co_return false;
  const Gateway& gateway = *context.api;
  context.dialect->hold_reason_target(operation.target, gateway.api, job.interaction, job.party);
  operation.deadline = std::min(operation.deadline, after(operation.steady_now(), context.settings->attempt_timeout));
  const int status = operation.status;
  const std::string correlation = operation.server_correlation_id;  // of the hold itself, which is what is reported
  auto kept = co_await get(operation, gateway, "participant.reason", {}, std::nullopt, Repeatable(Method::patch, operation.body));
  operation.status = status;
  operation.server_correlation_id = correlation;
  if (kept) co_return true;
  operation.log(Level::warn, "hold.reason", {{"operation", operation.operation_id}, {"kept", false}, {"error", to_string(kept.error().code())}});
  co_return false;
}

}  // namespace patchbay
