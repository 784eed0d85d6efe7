// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <memory>
#include <string_view>
#include <utility>

#include <patchbay/protocol/transition_recovery.hpp>

namespace patchbay {

namespace detail {

/// Writes the terminal of the operation's intent into the journal, and with it, after a success, the webhook that is
/// due. `audit` is the operation's record. Of the moves of one write the first that ends does this for all of them.
inline void end_transition_intent(Operation& operation, const TransitionContext& context, const AuditRecord& audit,
                                  const Result<TransitionResult>& result) {
  Journal& journal = *context.settings->journal;
  EndRecord end(audit.outcome, operation.wall_now());
  end.deliver = result && context.crm;
  end.error_code = audit.error_code;
  if (result) end.resolved_by = result->resolved_by == ResolvedBy::state ? "state" : "answer";
  end.message = audit.error_message;
  if (context.settings->audit.get() != &journal) append_json(audit, end.audit);
  JournalPosition at = 0;
  if (!write_terminal(operation.intent, journal, end, at)) {
    // It is told as it went all the same; recovery finds the intent open, and the truth with it.
    context.metrics->count(TransitionCount::journal_failures);
    operation.log(Level::error, "journal.failed", {{"operation", operation.operation_id}, {"what", "terminal"}});
    return;
  }
  if (!end.deliver) return;
  context.metrics->count(TransitionCount::webhooks_queued);
  operation.journaled = at;
}

}  // namespace detail

/// Ends an operation: completes its result or error, counts it, and writes its one terminal record (hazards A1, A28).
inline void settle_transition(Operation& operation, const TransitionContext& context, const TransitionRequest& request, WallTime timestamp,
                              Result<TransitionResult>& result) {
  const Duration latency = operation.steady_now() - operation.started;
  Outcome outcome = Outcome::applied;
  if (result) {
    result->transition_id = operation.operation_id;
    result->interaction = request.interaction();
    result->timestamp = timestamp;
    result->http_status = operation.status;
    result->attempts = operation.side_effects;
    result->latency = latency;
    result->waited = operation.slept;
    result->etag_used = operation.etag;
    result->coalesced = operation.coalesced;
    result->server_correlation_id = operation.server_correlation_id;
  } else {
    Error& error = result.error();
    // A policy that threw in the midst of a write leaves nobody who knows. This takes no memory, which may be what is lacking;
    // who and where are said as far as there is some.
    if (error.code() == ErrorCode::internal && operation.side_effects != 0) error.set_outcome(Outcome::unknown);
    error.set_attempts(operation.side_effects);
    outcome = error.outcome();
    guarded([&] {
      error.set_interaction(excerpt(request.interaction(), 128));
      if (error.server_correlation_id().empty()) error.set_server_correlation_id(operation.server_correlation_id);
    });
  }
  context.metrics->complete(outcome, latency, operation.slept);
  operation.settled = true;
  const auto fill = [&](AuditRecord& record) {
    begin_record(record, operation, request, AuditKind::operation);
    record.latency = latency;
    record.success = result.has_value();
    record.outcome = outcome;
    record.status_code = result ? operation.status : result.error().http_status();
    if (result) return;
    record.server_correlation_id = result.error().server_correlation_id();
    record.error_code = to_string(result.error().code());
    record.error_message = result.error().message();
  };
  context.audit->record(fill);
  if (operation.intent.open()) {
    guarded([&] {
      AuditRecord record;
      fill(record);
      detail::end_transition_intent(operation, context, record, result);
    });
    operation.intent.leave();  // without memory for its terminal it is left to recovery
  }
  if (const Level level = result ? Level::info : Level::warn; operation.log_enabled(level)) {
    operation.log(level, "transition.end",
                  {{"operation", operation.operation_id}, {"interaction", std::string_view(request.interaction()).substr(0, 128)},
                   {"outcome", to_string(outcome)}, {"error", result ? std::string_view{} : to_string(result.error().code())},
                   {"attempts", operation.side_effects}, {"ms", to_milliseconds(latency)}});
  }
}

/// Notes how the delivery of the webhook for `request` ended.
inline void note_delivery(Operation& operation, const TransitionContext& context, const TransitionRequest& request, const Result<void>& delivered,
                          TransitionResult& result) {
  result.webhook = delivered ? WebhookStatus::delivered : WebhookStatus::failed;
  context.metrics->count(delivered ? TransitionCount::webhooks_delivered : TransitionCount::webhooks_failed);
  if (delivered) return;
  operation.log(Level::warn, "webhook.failed", {{"operation", operation.operation_id}, {"error", to_string(delivered.error().code())}});
  result.webhook_error = delivered.error();
  result.webhook_error->set_interaction(request.interaction());
}

/// What follows a success under a journal: its end, and the webhook with it, are on the disk before it is told, so that
/// no success is told whose webhook can be lost (invariant I17). The webhook goes to those who deliver.
inline Protocol<Result<void>> hand_over_webhook(Operation& operation, TransitionContext& context,
                                                const TransitionRequest& request, TransitionResult& result) {
  Journal& journal = *context.settings->journal;
  const JournalPosition at = std::exchange(operation.journaled, 0);
  if (at == 0) {
    result.webhook = WebhookStatus::failed;
    result.webhook_error.emplace(ErrorCode::journal_failed,
                                 "the journal did not take the operation's end; recover() queues the webhook");
    co_return Result<void>{};
  }
  result.webhook = WebhookStatus::queued;
  encode_webhook(operation.body, request, operation.operation_id, operation.timestamp, operation.attributes);
  QueuedWebhook queued(operation.operation_id, request.interaction(), operation.body);
  queued.position = at;
  context.outbox.add(std::move(queued));
  // Also for those who have cancelled: it is short, and what has happened is to be told.
  operation.settling = true;
  auto durable = co_await await_durable(
      operation, journal, at,
      (std::max)(operation.deadline, after(operation.steady_now(), context.settings->journaling.release_wait)));
  operation.settling = false;
  if (!durable) {
    context.metrics->count(TransitionCount::journal_failures);
    operation.log(Level::error, "journal.failed", {{"operation", operation.operation_id}, {"what", "webhook"}});
  }
  co_return Result<void>{};
}

/// The whole operation for a request whose write is encoded already: the interaction's lane, the flow, the move, its
/// terminal record, and then, still in the lane so that deliveries keep the order of the moves, the webhook.
///
/// What becomes of it is left in `result`, a new one: it is large, and would be moved from frame to frame. The protocol's
/// own result is an error only when memory ran out, or user code threw where nobody expects it.
inline Protocol<Result<void>> perform_transition(Operation& operation, TransitionContext& context, const TransitionRequest& request,
                                                 WallTime timestamp, Result<TransitionResult>& result) {
  const auto refuse = [&](Failure why) {
    result = std::move(why);
    settle_transition(operation, context, request, timestamp, result);
    return Result<void>{};
  };
  // First its turn, so that operations keep their order although one of them must fetch its flow, and so that the flow is
  // looked at when the write is near (invariants I2, I6).
  LanePermit permit(context.lanes, operation);
  const Lanes::Entry entry = context.lanes.ask(request.interaction(), permit);
  if (entry == Lanes::Entry::full) co_return refuse(lanes_full());
  if (entry == Lanes::Entry::queued)
    if (auto turn = co_await await_turn(operation, context.lanes, permit); !turn) co_return refuse(fail(std::move(turn.error())));
  if (must_resolve_first(context, request.interaction()))
    if (auto clear = co_await resolve_first(operation, context, request.interaction()); !clear)
      co_return refuse(fail(std::move(clear.error())));
  std::shared_ptr<const FlowGraph> flow = flow_at_once(operation, *context.settings->flows, request.flow(), request.flow_version());
  if (!flow) {
    auto fetched = co_await flow_of(operation, *context.api, *context.settings->flows, request.flow(), request.flow_version());
    if (!fetched) co_return refuse(fail(std::move(fetched.error())));
    flow = std::move(*fetched);
  }
  operation.flow_version = flow->version();
  // Whether the flow allows the move at all is known before anything is asked of the interaction.
  const TransitionSettings& settings = context.settings->transition;
  auto path = route(std::move(flow), request.from(), request.to(), settings.reachability, settings.condition, operation.route_scratch);
  if (!path) co_return refuse(fail(std::move(path.error())));
  result->path = std::move(*path);
  auto moved = co_await transition(operation, context, request, *result);
  if (!moved) co_return refuse(fail(std::move(moved.error())));
  settle_transition(operation, context, request, timestamp, result);
  if (!context.crm) co_return moved;
  if (context.settings->journal) {
    auto handed = co_await hand_over_webhook(operation, context, request, *result);
    co_return handed;
  }

  encode_webhook(operation.body, request, operation.operation_id, operation.timestamp, operation.attributes);
  auto delivered = co_await deliver_webhook(operation, *context.crm, settings.webhook);
  note_delivery(operation, context, request, delivered, *result);
  co_return moved;
}

}  // namespace patchbay
