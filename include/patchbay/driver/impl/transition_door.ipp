// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <patchbay/driver/blocking.hpp>
#include <patchbay/driver/bulk_group.hpp>
#include <patchbay/driver/result_handler.hpp>  // fail_for_lack
#include <patchbay/driver/transition_core.hpp>
#include <patchbay/driver/transition_door.hpp>

namespace patchbay::detail {

struct TransitionDoor::State : TransitionCore {
  State(AnyBlockingPolicies& policies, Settings given) : TransitionCore(std::move(given), policies.dialect()), pool(policies, *random) {}

  OperationPool pool;
};

PATCHBAY_DECL TransitionDoor::TransitionDoor(AnyBlockingPolicies& policies, Settings settings)
    : state_(std::make_unique<State>(policies, std::move(settings))) {}
PATCHBAY_DECL TransitionDoor::~TransitionDoor() = default;

PATCHBAY_DECL Result<TransitionResult> TransitionDoor::transition(const TransitionRequest& request, EncodeMembers encode,
                                                                    const TimeSpent& before) {
  State& state = *state_;
  const auto lease = state.pool.take();
  BlockingOperation& operation = *lease;
  state.begin(operation, request.interaction(), request.deadline().value_or(state.settings.deadline), before);
  state.metrics.count(TransitionCount::submitted);
  const WallTime timestamp = operation.wall_now();
  Result<TransitionResult> result;
  const bool calm = guarded([&] {
    auto ended = state.prepare(operation, request, timestamp, encode);
    if (ended) ended = operation.run(perform_transition(operation, state.context, request, timestamp, result), request.stop());
    if (!ended && !operation.settled) result = fail(std::move(ended.error()));
  });
  if (!calm && !operation.settled) result = fail(ErrorCode::internal, "a policy threw, or memory ran out");
  // What a protocol ends by itself it settles; the rest ends here, so that every operation ends exactly once.
  if (!operation.settled) settle_transition(operation, state.context, request, timestamp, result);
  return result;
}

PATCHBAY_DECL BulkResult TransitionDoor::transition_all(std::vector<const TransitionRequest*> requests, const BulkSettings& how,
                                                        const EncodeItem& encode) {
  const auto run = std::make_shared<BulkRun>(std::move(requests), how, state_->metrics);
  // A thread that comes late finds the run finished, and touches nothing else.
  const BulkSettings::Work work = [run, this, &encode] { run->serve([&](const BulkJob& job) { perform(*run, job, encode); }); };
  if (const std::size_t threads = run->most_in_flight(); threads > 1 && how.workers())
    if (!guarded([&] { how.workers()(threads - 1, work); })) state_->metrics.count(TransitionCount::callback_failures);
  work();
  return run->take_result();
}

PATCHBAY_DECL void TransitionDoor::perform(BulkRun& run, const BulkJob& job, const EncodeItem& encode) noexcept {
  if (job.items.size() > 1) {
    TransitionGroup group;
    group.before = run.before(job);
    guarded([&] { perform_together(run, job, encode, group); });
    return run.end(job, group.results, group.before);  // none: then each begins alone
  }
  const TransitionRequest& request = run.request(job.items.front());
  Result<TransitionResult> result;
  const bool calm = guarded([&] {
    const auto members = [&](JsonReader& reader, std::vector<Violation>& violations, std::string& out) {
      encode(request, reader, violations, out);
    };
    result = transition(request, members, run.before(job));
  });
  if (!calm) fail_for_lack(result);  // there was no memory to begin with
  run.end(job, std::span(&result, 1));
}

PATCHBAY_DECL void TransitionDoor::perform_together(BulkRun& run, const BulkJob& job, const EncodeItem& encode, TransitionGroup& group) {
  State& state = *state_;
  const auto lease = state.pool.take();
  BlockingOperation& operation = *lease;
  begin_job(state, operation, run, job);
  const WallTime timestamp = operation.wall_now();
  prepare_group(state, operation, run, job, timestamp, encode, group);
  if (group.size() > 1) (void)guarded([&] { (void)operation.run(perform_group(operation, state.context, group, timestamp), group.hops.front().request->stop()); });
  group.settle_rest(operation, state.context, timestamp);
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

PATCHBAY_DECL Result<RecoveryReport> TransitionDoor::recover(std::optional<Duration> budget,
                                                             const std::stop_token& stop) {
  State& state = *state_;
  if (auto able = state.can_recover(); !able) return fail(std::move(able.error()));
  const auto operation = state.pool.take();
  state.begin(*operation, {}, state.recovery_budget(budget));
  RecoveryReport report;
  if (auto done = operation->run(recover_transitions(*operation, state.context, report), stop); !done)
    return fail(std::move(done.error()));
  return report;
}

PATCHBAY_DECL Result<DeliveryReport> TransitionDoor::deliver_webhooks(Duration budget, const std::stop_token& stop) {
  State& state = *state_;
  if (auto able = state.can_recover(); !able) return fail(std::move(able.error()));
  if (!state.context.crm) return DeliveryReport();
  const auto operation = state.pool.take();
  state.begin(*operation, {}, budget);
  return operation->run(deliver_queued(*operation, state.context, operation->deadline), stop);
}

PATCHBAY_DECL Result<std::size_t> TransitionDoor::redrive_webhooks() {
  State& state = *state_;
  if (auto able = state.can_recover(); !able) return fail(std::move(able.error()));
  if (!state.context.crm) return std::size_t{0};
  const auto operation = state.pool.take();
  state.begin(*operation, {}, state.settings.deadline);
  return redrive_dead_letters(state.context, operation->wall_now());
}

PATCHBAY_DECL std::vector<AuditRecord> TransitionDoor::audit_log() const { return state_->audit.snapshot(); }

PATCHBAY_DECL TransitionMetricsSnapshot TransitionDoor::metrics() const { return state_->snapshot(); }
PATCHBAY_DECL const Settings& TransitionDoor::settings() const noexcept { return state_->settings; }

}  // namespace patchbay::detail
