// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/observe/audit.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/protocol/flow_fetch.hpp>
#include <patchbay/protocol/lanes.hpp>
#include <patchbay/settings.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay {

/// What the transition protocols need of their door; belongs to the door.
class TransitionContext final : public OperationObserver {
 public:
  TransitionContext(const Settings& settings_in, AuditTrail& audit_in, TransitionMetrics& metrics_in) noexcept
      : settings(&settings_in), audit(&audit_in), metrics(&metrics_in) {}

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

  const Settings* settings;
  AuditTrail* audit;
  TransitionMetrics* metrics;
  std::optional<Gateway> api;  ///< Absent only while the settings are invalid.
  std::optional<Gateway> crm;  ///< Absent when there is no webhook.
  Lanes lanes;
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
  record.server_correlation_id = operation.server_correlation_id;
}

/// Records the end of one write.
inline void record_attempt(const Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                           const Attempt& attempt) {
  context.audit->record([&](AuditRecord& record) {
    begin_record(record, operation, request, AuditKind::attempt);
    record.status_code = operation.status;
    record.latency = attempt.latency;
    record.success = attempt.verdict.next == Next::done;
    record.outcome = record.success ? Outcome::applied : attempt.verdict.ambiguous ? Outcome::unknown : Outcome::not_applied;
    if (record.success) return;
    record.error_code = to_string(attempt.verdict.code);
    if (operation.status != 0) record.error_message.append("answered ").append(std::to_string(operation.status));
    if (operation.status != 0 && !attempt.detail.empty()) record.error_message.append(": ");
    record.error_message.append(attempt.detail);
  });
}

/// A 2xx whose body is not ours proves nothing (RFC 9110 section 13.1.1 lets a server answer so to a repeated write): it
/// leaves the write in doubt.
inline void check_echo(Operation& operation, Attempt& attempt) {
  std::string echoed;
  const auto echo = Dialect::parse_write_echo(operation.response, operation.json, echoed);
  if (echo && (echoed.empty() || echoed == operation.operation_id)) return;
  attempt.verdict = Verdict(Next::give_up, echo ? ErrorCode::conflict : ErrorCode::malformed_response, true);
  attempt.detail = echo ? "the body names another transition" : std::string("the body ").append(echo.error().why);
}

/// What to report of a write whose fate could not be proved; `why` ended the attempts.
[[nodiscard]] inline Error unknown_outcome(const Error& why) {
  Error unknown(ErrorCode::outcome_unknown, "the write may have been applied: " + why.message());
  unknown.set_http_status(why.http_status()).set_server_message(why.server_message()).set_retry_after(why.retry_after());
  return unknown;
}

/// Reads the interaction again and says what became of a write of `operation.operation_id` against `operation.etag`.
/// `prior_id` is the transition id that the interaction carried at that version; `ambiguous` says that some attempt may
/// have reached the server without an answer. `error` is what to report when it was not applied.
///
/// The proof runs as invariant I4 wants it. Our id on the interaction: applied. Another version under the same id as
/// before: a writer without ids has been there, ours has not, and can no longer be applied. Another version under a third
/// id: ours may have been there in between, so nothing is known. The same version: a late write may still come.
inline Protocol<Result<WriteEnd>> resolve(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                          const std::string& prior_id, bool ambiguous, Error error) {
  Error unknown = unknown_outcome(error);
  const int status = operation.status;
  if (auto read = co_await read_interaction(operation, *context.api, request.interaction()); !read) {
    if (!ambiguous) co_return fail(std::move(read.error()));
    co_return fail(std::move(unknown));
  }
  const InteractionSnapshot& now = operation.snapshot;
  if (now.transition_id == operation.operation_id) {
    operation.status = status;
    co_return WriteEnd::resolved;
  }
  if (now.etag.empty()) {
    if (ambiguous) co_return fail(std::move(unknown));
    co_return fail(ErrorCode::no_etag, "the interaction came without a strong ETag");
  }
  if (now.etag == operation.etag) {
    if (ambiguous) co_return fail(std::move(unknown));
    co_return fail(std::move(error));
  }
  if (ambiguous && now.transition_id != prior_id) co_return fail(std::move(unknown));
  co_return WriteEnd::stale;
}

/// Sends the write in `operation.body` against the version in `operation.snapshot`, as often as it takes and always with
/// the same ETag, so that the server applies it at most once (invariant I3).
inline Protocol<Result<WriteEnd>> write_once(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                             TransitionResult& result) {
  const Gateway& gateway = *context.api;
  operation.etag = operation.snapshot.etag;
  const std::string prior_id = operation.snapshot.transition_id;
  // A quarter of what is left is kept back, so that there is time to find out what became of a write without an answer.
  const SteadyTime begun_at = operation.steady_now();
  const SteadyTime limit = operation.deadline - (operation.deadline - begun_at) / 4;
  HttpRequest patch(Method::patch, gateway.api, operation.target);
  patch.name = "interaction.patch";
  patch.body = operation.body;
  patch.max_body = gateway.max_body;
  std::uint64_t stale_generation = 0;
  AttemptCounts counts;
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
    patch.headers = headers;
    Attempt last;
    const int sent = operation.side_effects;
    if (auto begun = co_await attempt(operation, gateway, ExchangeKind::write, patch, limit, last); !begun) {
      ambiguous = ambiguous || operation.side_effects != sent;
      error = std::move(begun.error());
      break;
    }
    if (last.verdict.next == Next::done) check_echo(operation, last);
    record_attempt(operation, context, request, last);
    ambiguous = ambiguous || last.verdict.ambiguous;
    switch (last.verdict.next) {
      case Next::done:
        if (const auto etag = operation.response.headers.find("ETag"); etag && is_strong_etag(*etag)) result.etag = *etag;
        co_return WriteEnd::applied;
      case Next::refresh_token:
        if (may_replay(operation, gateway)) {
          stale_generation = operation.token_generation;
        } else {
          error = error_of(operation, last, patch.name, counts.total() + 1);
        }
        break;
      case Next::reread: {
        auto end = co_await resolve(operation, context, request, prior_id, ambiguous, error_of(operation, last, patch.name, counts.total() + 1));
        co_return end;
      }
      case Next::retry: {
        const int attempts = counts.count(last.verdict.cause);
        Error failure = error_of(operation, last, patch.name, counts.total());
        const auto asked = retry_after_of(operation);
        not_before = asked ? after(operation.steady_now(), *asked) : SteadyTime::min();
        auto pause = co_await back_off(operation, gateway, last.verdict.cause, attempts, limit, failure);
        if (!pause) {
          error = std::move(pause.error());
        } else if (*pause != Pause::over) {
          error = std::move(failure);
        }
        break;
      }
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
  auto end = co_await resolve(operation, context, request, prior_id, true, *error);
  // Proven not applied: what is reported is why the attempts ended, not that somebody else was quicker afterwards.
  if (end && *end == WriteEnd::stale) co_return fail(std::move(*error));
  co_return end;
}

/// Moves an interaction (document A, step 3). The request is validated, `result.path` is how the flow allows the move,
/// and `operation.body` holds the encoded write.
///
/// Read, check, write with the version that was checked; when another writer was quicker, read and check again
/// (hazards A1 to A6, invariants I1 to I5). The caller holds the interaction's lane.
inline Protocol<Result<void>> transition(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                         TransitionResult& result) {
  const TransitionSettings& settings = context.settings->transition;
  if (auto read = co_await read_interaction(operation, *context.api, request.interaction()); !read) co_return read;
  for (int conflicts = 0;;) {
    const InteractionSnapshot& snapshot = operation.snapshot;
    if (snapshot.etag.empty())
      co_return fail(ErrorCode::no_etag, snapshot.weak_etag ? "the interaction's ETag is weak or malformed, and cannot lock a write"
                                                            : "the interaction came without an ETag, and is not written without a lock");
    if (snapshot.has_flow_node && snapshot.flow_node != request.from())
      co_return fail(ErrorCode::stale_state, "the interaction is at " + excerpt(snapshot.flow_node, 128) + ", not at " + excerpt(request.from(), 128));
    if (conflicts != 0) {
      // Decided again, since the conditions that the client's predicate looks at may have changed as well.
      auto again = route(result.path.graph(), request.from(), request.to(), settings.reachability, settings.condition, operation.route_scratch);
      if (!again) co_return fail(std::move(again.error()));
      result.path = std::move(*again);
    }
    auto end = co_await write_once(operation, context, request, result);
    if (!end) co_return fail(std::move(end.error()));
    if (*end != WriteEnd::stale) {
      result.resolved_by = *end == WriteEnd::resolved ? ResolvedBy::state : ResolvedBy::answer;
      co_return Result<void>{};
    }
    // Another writer was quicker, and the snapshot shows what it left. The first time that is decided on at once, and
    // so is a node from which there is nothing to wait for; then we give way a little, and look again.
    if (operation.snapshot.has_flow_node && operation.snapshot.flow_node != request.from()) continue;
    Error error(ErrorCode::conflict, "other writers kept changing the interaction");
    if (++conflicts > settings.max_conflicts) co_return fail(std::move(error));
    if (conflicts == 1) continue;
    auto pause = co_await back_off(operation, *context.api, RetryCause::conflict, conflicts, operation.deadline, error);
    if (!pause) co_return fail(std::move(pause.error()));
    if (*pause != Pause::over) co_return fail(std::move(error));
    if (auto read = co_await read_interaction(operation, *context.api, request.interaction()); !read) co_return read;
  }
}

}  // namespace patchbay
