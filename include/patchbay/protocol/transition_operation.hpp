// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/protocol/transition.hpp>
#include <patchbay/protocol/webhook.hpp>

namespace patchbay {

/// Ends an operation: completes its result or error, counts it, and writes its one terminal record (hazards A1, A28).
inline Result<TransitionResult> settle_transition(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                                  WallTime timestamp, Result<TransitionResult> result) {
  const Duration latency = operation.steady_now() - operation.started;
  AuditRecord& record = begin_record(operation, request, AuditKind::operation);
  record.latency = latency;
  if (result) {
    result->transition_id = operation.operation_id;
    result->interaction = request.interaction();
    result->timestamp = timestamp;
    result->http_status = operation.status;
    result->attempts = operation.side_effects;
    result->latency = latency;
    result->waited = operation.slept;
    result->etag_used = operation.etag;
    result->server_correlation_id = operation.server_correlation_id;
    record.status_code = operation.status;
    record.success = true;
    record.outcome = Outcome::applied;
  } else {
    Error& error = result.error();
    error.set_interaction(excerpt(request.interaction(), 128)).set_attempts(operation.side_effects);
    error.set_server_correlation_id(operation.server_correlation_id);
    // A policy that threw in the midst of a write leaves nobody who knows.
    if (error.code() == ErrorCode::internal && operation.side_effects != 0) error.set_outcome(Outcome::unknown);
    record.status_code = error.http_status();
    record.outcome = error.outcome();
    record.error_code = to_string(error.code());
    record.error_message = error.message();
  }
  context.metrics->complete(record.outcome, latency, operation.slept);
  context.audit->record(record);
  if (const Level level = result ? Level::info : Level::warn; operation.log_enabled(level)) {
    operation.log(level, "transition.end",
                  {{"operation", operation.operation_id}, {"interaction", record.interaction_id}, {"outcome", to_string(record.outcome)},
                   {"error", record.error_code}, {"attempts", operation.side_effects}, {"ms", to_milliseconds(latency)}});
  }
  return result;
}

/// The whole operation for a request whose write is encoded already: the flow, the interaction's lane, the move, its
/// terminal record, and then, still in the lane so that deliveries keep the order of the moves, the webhook.
inline Protocol<Result<TransitionResult>> perform_transition(Operation& operation, TransitionContext& context, const TransitionRequest& request,
                                                             WallTime timestamp) {
  const auto refuse = [&](Failure why) { return settle_transition(operation, context, request, timestamp, std::move(why)); };
  std::shared_ptr<const FlowGraph> flow = flow_at_once(operation, *context.settings->flows, request.flow(), request.flow_version());
  if (!flow) {
    auto fetched = co_await flow_of(operation, *context.api, *context.settings->flows, request.flow(), request.flow_version());
    if (!fetched) co_return refuse(fail(std::move(fetched.error())));
    flow = std::move(*fetched);
  }
  operation.flow_version = flow->version();
  // Whether the flow allows the move at all is known before anything is asked of the interaction.
  const TransitionSettings& settings = context.settings->transition;
  auto path = route(flow, request.from(), request.to(), settings.reachability, settings.condition, operation.route_scratch);
  if (!path) co_return refuse(fail(std::move(path.error())));
  LanePermit permit(context.lanes, operation);
  const Lanes::Entry entry = context.lanes.ask(request.interaction(), permit);
  if (entry == Lanes::Entry::full) co_return refuse(lanes_full());
  if (entry == Lanes::Entry::queued)
    if (auto turn = co_await await_turn(operation, context.lanes, permit); !turn) co_return refuse(fail(std::move(turn.error())));
  Result<TransitionResult> moved = co_await transition(operation, context, request, std::move(*path));
  moved = settle_transition(operation, context, request, timestamp, std::move(moved));
  if (!moved || !context.crm) co_return moved;

  encode_webhook(operation.body, request, operation.operation_id, operation.timestamp, operation.attributes);
  auto delivered = co_await deliver_webhook(operation, *context.crm, settings.webhook);
  moved->webhook = delivered ? WebhookStatus::delivered : WebhookStatus::failed;
  context.metrics->count(delivered ? TransitionCount::webhooks_delivered : TransitionCount::webhooks_failed);
  if (!delivered) {
    delivered.error().set_interaction(request.interaction());
    operation.log(Level::warn, "webhook.failed", {{"operation", operation.operation_id}, {"error", to_string(delivered.error().code())}});
    moved->webhook_error = std::move(delivered.error());
  }
  co_return moved;
}

}  // namespace patchbay
