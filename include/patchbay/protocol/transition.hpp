// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/observe/audit.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/protocol/fence_book.hpp>
#include <patchbay/protocol/flow_fetch.hpp>
#include <patchbay/protocol/lanes.hpp>
#include <patchbay/protocol/webhook.hpp>
#include <patchbay/protocol/webhook_outbox.hpp>
#include <patchbay/protocol/write_ahead.hpp>
#include <patchbay/settings.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay {

/// What the transition protocols need of their door; belongs to the door.
class TransitionContext final : public OperationObserver {
 public:
  TransitionContext(const Settings& settings_in, AuditTrail& audit_in, TransitionMetrics& metrics_in) noexcept
      : settings(&settings_in),
        audit(&audit_in),
        metrics(&metrics_in),
        lanes(settings_in.max_operations, settings_in.max_waiting),
        outbox(settings_in.transition.webhook.outbox) {}

  void exchanged(ExchangeKind kind, Duration latency, int status) noexcept override {
    metrics->exchanged(latency, status);
    if (kind != ExchangeKind::write) return;
    metrics->attempt_latency(latency);
    if (status == 409 || status == 412) metrics->count(TransitionCount::conflicts);
  }
  void replayed() noexcept override { metrics->count(ExchangeCount::token_refreshes); }
  void flow_asked(bool cached) noexcept override {
    metrics->count(cached ? TransitionCount::flow_cache_hits : TransitionCount::flow_cache_misses);
  }
  void callback_failed() noexcept override { metrics->count(TransitionCount::callback_failures); }
  void restrained(ExchangeCount what) noexcept override { metrics->count(what); }

  const Settings* settings;
  AuditTrail* audit;
  TransitionMetrics* metrics;
  std::optional<Gateway> api;  ///< Absent only while the settings are invalid.
  std::optional<Gateway> crm;  ///< Absent when there is no webhook.
  Lanes lanes;
  WebhookOutbox outbox;  ///< Of what the journal's webhooks are, when there is a journal and a CRM.
  FenceBook fences;      ///< What `recover` waits for.
  bool on_loop = false;  ///< Waits cost no thread, and somebody wakes them.
};

/// How a write against one version of the interaction ended, when it did not end in an error.
enum class WriteEnd : std::uint8_t {
  applied,   ///< The answer said so.
  resolved,  ///< The interaction carries our transition id.
  stale,     ///< Not applied, and cannot be any more: the interaction has another version, which was read anew.
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

/// Reads the interaction again and says what became of a write of `operation.operation_id` against `operation.etag`.
/// `operation.prior_id` is the transition id that the interaction carried at that version; `ambiguous` says that some
/// attempt may have reached the server without an answer. `error` is what to report when it was not applied.
///
/// The proof runs as invariant I4 wants it. Our id on the interaction: applied. Another version under the same id as
/// before: a writer without ids has been there, ours has not, and can no longer be applied. Another version under a third
/// id: ours may have been there in between, so nothing is known. The same version: a late write may still come. No reading:
/// nothing is known, even behind a refusal, for a copy of the write that was refused may have been applied before it.
inline Protocol<Result<WriteEnd>> resolve(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                          bool ambiguous, Error error) {
  const int status = operation.status;
  // Cancelling stops no proof, it only makes it short: one reading, without another attempt.
  operation.settling = true;
  if (operation.cancel_requested)
    operation.deadline = std::min(operation.deadline, after(operation.steady_now(), context.api->attempt_timeout));
  auto read = co_await read_interaction(operation, *context.api, request.interaction(), Reading::version);
  operation.settling = false;
  // A refusal for another version, too, says nothing by itself: the write that made that version may be a copy of ours.
  if (!read) co_return fail(unknown_outcome(error, &read.error()));
  const InteractionSnapshot& now = operation.snapshot;
  if (now.transition_id == operation.operation_id) {
    operation.status = status;
    co_return WriteEnd::resolved;
  }
  if (context.api->dialect->locking() == Locking::none) co_return fail(ambiguous ? unknown_outcome(error) : std::move(error));
  if (now.etag.empty()) {
    if (ambiguous) co_return fail(unknown_outcome(error));
    co_return fail(ErrorCode::no_etag, "the interaction came without a version that could lock a write");
  }
  if (now.etag == operation.etag) {
    if (ambiguous) co_return fail(unknown_outcome(error));
    co_return fail(std::move(error));
  }
  if (ambiguous && now.transition_id != operation.prior_id) co_return fail(unknown_outcome(error));
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
    auto read = co_await read_interaction(operation, *context.api, request.interaction(), Reading::version);
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

/// Writes into the journal that the version in `operation.etag` is about to be changed, and waits until that is
/// durable: the operation's intent, or, when it has one, what it tries now instead. Nothing was sent to that version
/// when it fails.
inline Protocol<Result<void>> declare_write(Operation& operation, const TransitionContext& context,
                                            const TransitionRequest& request) {
  Journal& journal = *context.settings->journal;
  const auto append = [&]() -> Result<JournalPosition> {
    if (operation.intent.open())
      return journal.amend(operation.intent.position(), operation.etag, request.from(), operation.prior_id,
                           operation.flow_version);
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
/// once it may have been applied: the second copy could overwrite what somebody else has written after the first (I5).
inline Protocol<Result<WriteEnd>> write_once(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                             TransitionResult& result) {
  const Gateway& gateway = *context.api;
  const Locking locking = gateway.dialect->locking();
  operation.etag = operation.snapshot.etag;
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
  bool ambiguous = false;
  SteadyTime not_before = SteadyTime::min();
  std::optional<Error> error;
  while (!error) {
    if (!authorized_at_once(operation, gateway, stale_generation)) {
      if (auto authorized = co_await authorize(operation, gateway, stale_generation); !authorized) {
        error = std::move(authorized.error());
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
        } else {
          error = error_of(operation, last, patch.name, counts.total() + 1);
        }
        break;
      case Next::reread: {
        auto end = co_await resolve(operation, context, request, ambiguous, error_of(operation, last, patch.name, counts.total() + 1));
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
  if (!ambiguous) co_return fail(std::move(*error));
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
  if (locking == Locking::none) {
    auto shown = co_await await_effect(operation, context, request, std::move(*error));
    co_return shown;
  }
  auto end = co_await resolve(operation, context, request, true, *error);
  // Proven not applied: what is reported is why the attempts ended, not that somebody else was quicker afterwards.
  if (end && *end == WriteEnd::stale) co_return fail(std::move(*error));
  co_return end;
}

/// One of several moves that one write makes.
class Hop {
 public:
  explicit Hop(const TransitionRequest& request_in) noexcept : request(&request_in) {}
  const TransitionRequest* request;
  FlowPath path;  ///< By which the flow allows it; empty until that is known.
};

/// Finds the ways by which `flow` allows the hops, in their order; the error is that of the first that it does not allow,
/// whose path is empty then.
[[nodiscard]] inline Result<void> find_ways(Operation& operation, const TransitionSettings& settings, std::shared_ptr<const FlowGraph> flow,
                                            std::span<Hop> hops) {
  for (Hop& hop : hops) {
    hop.path = FlowPath{};
    auto way = route(flow, hop.request->from(), hop.request->to(), settings.reachability, settings.condition, operation.route_scratch);
    if (!way) return fail(std::move(way.error()));
    hop.path = std::move(*way);
  }
  return {};
}

/// Looks again whether the flow allows what `transition` is to do.
[[nodiscard]] inline Result<void> decide_again(Operation& operation, const TransitionSettings& settings, const TransitionRequest& request,
                                               TransitionResult& result, std::span<Hop> hops) {
  if (!hops.empty()) return find_ways(operation, settings, result.path.graph(), hops);
  auto way = route(result.path.graph(), request.from(), request.to(), settings.reachability, settings.condition, operation.route_scratch);
  if (!way) return fail(std::move(way.error()));
  result.path = std::move(*way);
  return {};
}

/// Remembers the version that `operation`'s write made, of which `operation.snapshot` has what the answer said.
///
/// The version and the node must belong together (invariant I1). An answer that shows the version of before, as that to a
/// write that was only accepted may, or another node, does not speak of what the write made.
inline void remember_written(Operation& operation, InteractionMemory& memory, std::string_view origin,
                             const TransitionRequest& request) noexcept {
  InteractionSnapshot& now = operation.snapshot;
  if (now.etag == operation.etag || (now.has_flow_node && now.flow_node != request.to())) now.etag.clear();
  const bool calm = guarded([&] {
    now.flow_node = request.to();
    now.has_flow_node = true;
    now.transition_id = operation.operation_id;
  });
  if (!calm) now.etag.clear();
  memory.remember(operation.steady_now(), origin, request.interaction(), now);
}

/// Moves an interaction (document A, step 3). The request is validated, `result.path` is how the flow allows the move,
/// and `operation.body` holds the encoded write. When that makes several moves, `request` is from the first node to the
/// last, and `hops` are the moves.
///
/// Read, check, write with the version that was checked; when another writer was quicker, read and check again
/// (hazards A1 to A6, invariants I1 to I5). The first reading is left out when the settings remember a version that was at
/// the node to start from, unless it takes several exchanges, which show more than that. The caller holds the interaction's lane.
inline Protocol<Result<void>> transition(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                         TransitionResult& result, std::span<Hop> hops = {}) {
  const TransitionSettings& settings = context.settings->transition;
  const std::string_view origin = context.settings->base_url;
  const bool read_at_once = context.api->dialect->readings() == 1;
  InteractionMemory* const memory = read_at_once ? settings.remember.get() : nullptr;
  // A remembered node other than `from` is no reason to refuse: somebody may have moved the interaction since.
  bool warm = memory && memory->recall(operation.steady_now(), origin, request.interaction(), request.from(), operation.snapshot);
  if (warm) {
    context.metrics->count(TransitionCount::warm_writes);
  } else if (auto read = co_await read_interaction(operation, *context.api, request.interaction()); !read) {
    co_return read;
  }
  bool again = false;
  for (int conflicts = 0;;) {
    const InteractionSnapshot& snapshot = operation.snapshot;
    if (snapshot.over) co_return fail(ErrorCode::not_eligible, "the interaction is over, or the party whose flow it is has left it");
    if (snapshot.etag.empty() && context.api->dialect->locking() != Locking::none)
      co_return fail(ErrorCode::no_etag, snapshot.weak_etag ? "the interaction's ETag is weak or malformed, and cannot lock a write"
                                                            : "the interaction came without an ETag or a version, and is not written without a lock");
    if (snapshot.has_flow_node && snapshot.flow_node != request.from()) {
      if (memory) memory->remember(operation.steady_now(), origin, request.interaction(), snapshot);
      co_return fail(ErrorCode::stale_state, "the interaction is at " + excerpt(snapshot.flow_node, 128) + ", not at " + excerpt(request.from(), 128));
    }
    // Decided again, since the conditions that the client's predicate looks at may have changed as well.
    if (std::exchange(again, true))
      if (auto allowed = decide_again(operation, settings, request, result, hops); !allowed) co_return allowed;
    operation.warm = warm;
    auto end = co_await write_once(operation, context, request, result);
    if (!end) co_return fail(std::move(end.error()));
    if (*end != WriteEnd::stale) {
      result.resolved_by = *end == WriteEnd::resolved ? ResolvedBy::state : ResolvedBy::answer;
      result.warm = warm;
      if (memory && *end == WriteEnd::applied) remember_written(operation, *memory, origin, request);
      if (memory && *end == WriteEnd::resolved) memory->remember(operation.steady_now(), origin, request.interaction(), operation.snapshot);
      co_return Result<void>{};
    }
    // Another writer was quicker, and the snapshot shows what it left. That a remembered version is stale says nothing of
    // how busy the others are, and counts for no conflict.
    if (std::exchange(warm, false)) {
      context.metrics->count(TransitionCount::warm_conflicts);
      continue;
    }
    // The first time that is decided on at once, and so is a node from which there is nothing to wait for; then we give
    // way a little, and look again.
    if (operation.snapshot.has_flow_node && operation.snapshot.flow_node != request.from()) continue;
    Error error(ErrorCode::conflict, "other writers kept changing the interaction");
    if (++conflicts > settings.max_conflicts) co_return fail(std::move(error));
    if (conflicts == 1 && read_at_once) continue;
    if (conflicts > 1) {
      RetryCharge none;  // reading anew is free
      auto pause = co_await back_off(operation, *context.api, RetryCause::conflict, conflicts, operation.deadline, error, none);
      if (!pause) co_return fail(std::move(pause.error()));
      if (*pause != Pause::over) co_return fail(std::move(error));
    }
    // All of it: the proof has shown the version and who wrote it, and that need not be all that decides.
    if (auto read = co_await read_interaction(operation, *context.api, request.interaction()); !read) co_return read;
  }
}

}  // namespace patchbay
