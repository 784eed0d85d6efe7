// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <patchbay/driver/blocking.hpp>
#include <patchbay/driver/transition_door.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/protocol/transition_operation.hpp>

namespace patchbay::detail {

struct TransitionDoor::State {
  State(AnyBlockingPolicies& policies, Settings given)
      : settings(std::move(given)),
        audit(settings.audit_records, settings.audit),
        random(settings.random ? settings.random : std::make_shared<RandomSource>(0)),
        pool(policies, *random),
        context(settings, audit, metrics) {
    if (auto fine = settings.check(); !fine) {
      invalid = std::move(fine.error());
      return;
    }
    context.api.emplace(*settings.endpoint(settings.base_url, "base_url"), settings, Dialect::transition_scope);
    const std::string& url = settings.transition.webhook.url;
    if (url.empty()) return;
    context.crm.emplace(*settings.endpoint(url, "transition.webhook.url"), settings, std::string_view{});
    context.crm->pacer = nullptr;  // the pacer spaces what counts against the cloud's limit
    context.crm->attempt_timeout = settings.transition.webhook.attempt_timeout;
    context.crm->max_body = std::size_t{1} << 20;
  }

  void begin(Operation& operation, std::string_view interaction, Duration budget) {
    operation.begin(interaction, budget);
    random->uuid(operation.operation_id);
    operation.observer = &context;
  }

  /// Everything that needs no network: identifiers, variables, the encoded write and its size.
  Result<void> prepare(Operation& operation, const TransitionRequest& request, WallTime timestamp, EncodeMembers encode) {
    if (invalid) return fail(*invalid);
    if (auto fine = check_identifier(request.interaction(), "interaction id"); !fine) return fail(std::move(fine.error()));
    if (auto fine = check_identifier(request.flow(), "flow id"); !fine) return fail(std::move(fine.error()));
    if (request.from().empty() || request.to().empty()) return fail(ErrorCode::invalid_argument, "a node's name is empty");
    if (operation.deadline <= operation.started) return fail(ErrorCode::invalid_argument, "the deadline is not positive");
    std::vector<Violation> violations;
    operation.attributes.clear();
    const bool calm = guarded([&] { encode(operation.json, violations, operation.attributes); });
    if (!calm) return fail(ErrorCode::internal, "the schema threw");
    if (!violations.empty()) {
      Error error(ErrorCode::validation_failed, violations.size() == 1 ? "a variable breaks its schema" : "variables break their schema");
      error.set_violations(std::move(violations));
      return fail(std::move(error));
    }
    operation.timestamp.clear();
    append_timestamp(operation.timestamp, timestamp);
    const std::size_t size =
        Dialect::encode_transition(operation.body, request.to(), operation.timestamp, operation.operation_id, operation.attributes);
    if (size > settings.transition.max_attributes_bytes)
      return fail(ErrorCode::payload_too_large, "the attributes take " + std::to_string(size) + " bytes when encoded, and the limit is " +
                                                    std::to_string(settings.transition.max_attributes_bytes));
    return {};
  }

  Settings settings;
  AuditTrail audit;
  TransitionMetrics metrics;
  std::optional<Error> invalid;
  std::shared_ptr<RandomSource> random;
  OperationPool pool;
  TransitionContext context;
};

PATCHBAY_DECL TransitionDoor::TransitionDoor(AnyBlockingPolicies& policies, Settings settings)
    : state_(std::make_unique<State>(policies, std::move(settings))) {}
PATCHBAY_DECL TransitionDoor::~TransitionDoor() = default;

PATCHBAY_DECL Result<TransitionResult> TransitionDoor::transition(const TransitionRequest& request, EncodeMembers encode) {
  State& state = *state_;
  const auto lease = state.pool.take();
  BlockingOperation& operation = *lease;
  state.begin(operation, request.interaction(), request.deadline().value_or(state.settings.deadline));
  state.metrics.count(TransitionCount::submitted);
  const WallTime timestamp = operation.wall_now();
  Result<TransitionResult> result;
  const bool calm = guarded([&] {
    auto ended = state.prepare(operation, request, timestamp, encode);
    if (ended) ended = operation.run(perform_transition(operation, state.context, request, timestamp, result));
    if (!ended && !operation.settled) result = fail(std::move(ended.error()));
  });
  if (!calm && !operation.settled) result = fail(ErrorCode::internal, "a policy threw, or memory ran out");
  // What a protocol ends by itself it settles; the rest ends here, so that every operation ends exactly once.
  if (!operation.settled) settle_transition(operation, state.context, request, timestamp, result);
  return result;
}

PATCHBAY_DECL Result<std::shared_ptr<const FlowGraph>> TransitionDoor::flow(std::string_view id, std::string_view version) {
  State& state = *state_;
  if (state.invalid) return fail(*state.invalid);
  if (auto fine = check_identifier(id, "flow id"); !fine) return fail(std::move(fine.error()));
  const auto operation = state.pool.take();
  state.begin(*operation, {}, state.settings.deadline);
  return operation->run(flow_of(*operation, *state.context.api, *state.settings.flows, id, version));
}

PATCHBAY_DECL Result<FlowPath> TransitionDoor::path(std::string_view flow_id, std::string_view from, std::string_view to) {
  auto graph = flow(flow_id, {});
  if (!graph) return fail(std::move(graph.error()));
  const auto operation = state_->pool.take();
  const TransitionSettings& settings = state_->settings.transition;
  return route(std::move(*graph), from, to, settings.reachability, settings.condition, operation->route_scratch);
}

PATCHBAY_DECL std::vector<AuditRecord> TransitionDoor::audit_log() const { return state_->audit.snapshot(); }

PATCHBAY_DECL TransitionMetricsSnapshot TransitionDoor::metrics() const {
  TransitionMetricsSnapshot out = state_->metrics.snapshot();
  out.counts[static_cast<std::size_t>(TransitionCount::audit_failures)] = state_->audit.failures();
  return out;
}

PATCHBAY_DECL const Settings& TransitionDoor::settings() const noexcept { return state_->settings; }

}  // namespace patchbay::detail
