// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <patchbay/driver/hold_core.hpp>
#include <patchbay/driver/hold_door.hpp>
#include <patchbay/driver/hold_pump.hpp>
#include <patchbay/schema/document_schemas.hpp>

namespace patchbay::detail {

struct HoldDoor::State : HoldCore {
  State(AnyBlockingPolicies& policies, Settings given)
      : HoldCore(std::move(given), policies.dialect(), policies.holds()), clock(policies), pool(policies, *random), pump(policies, context, *random, pool) {
    if (address) pump.connect_to(*address);
    context.pump = &pump;
  }

  AnyBlockingPolicies& clock;
  OperationPool pool;
  HoldPump pump;
};

PATCHBAY_DECL HoldDoor::HoldDoor(AnyBlockingPolicies& policies, Settings settings)
    : state_(std::make_unique<State>(policies, std::move(settings))) {}
PATCHBAY_DECL HoldDoor::~HoldDoor() { static_cast<void>(close(state_->settings.hold.close_timeout)); }

PATCHBAY_DECL Result<void> HoldDoor::ready(std::optional<Duration> budget) {
  if (state_->invalid) return fail(*state_->invalid);
  return state_->pump.ready(after(state_->clock.steady_now(), budget.value_or(state_->settings.deadline)));
}

PATCHBAY_DECL Result<HoldResult> HoldDoor::command(HoldVerb verb, std::optional<Duration> deadline, const std::stop_token& stop,
                                                   AskedFor asked, EncodeMembers encode) {
  State& state = *state_;
  const auto lease = state.pool.take();
  BlockingOperation& operation = *lease;
  operation.waits = &state.pump;
  state.begin(operation, verb, deadline);
  state.count(verb);
  HoldJob job;
  Result<HoldResult> result;
  const bool calm = guarded([&] {
    if (auto ready = state.prepare(operation, verb, asked, job, encode); !ready) {
      result = fail(std::move(ready.error()));
    } else {
      result = operation.run(perform_hold(operation, state.context, job), stop);
    }
  });
  if (!calm) result = fail(ErrorCode::internal, "a policy threw, or memory ran out");
  QualityEvent event;
  settle_hold(operation, state.context, job, result, event);
  state.handlers.tell(event);
  return result;
}

PATCHBAY_DECL Result<HoldResult> HoldDoor::unhold(const UnholdRequest& request) {
  return command(HoldVerb::unhold, request.deadline(), request.stop(), AskedFor(request),
                 [&](JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
                   StructSchema<UnholdCommand>{}.coerce(request.fields(), reader, reserved_members, violations, members);
                 });
}

PATCHBAY_DECL void HoldDoor::pump(SteadyTime until) {
  if (!state_->invalid) state_->pump.serve(until, [] { return false; });
}

PATCHBAY_DECL void HoldDoor::pump_for(Duration span) { pump(after(state_->clock.steady_now(), span)); }

PATCHBAY_DECL void HoldDoor::run(std::stop_token stop) {
  if (state_->invalid) return;
  HoldPump& pump = state_->pump;
  const std::stop_callback wake(stop, [&pump] { pump.wake_up(); });
  pump.want();
  pump.serve(never, [&] { return stop.stop_requested(); });
}

PATCHBAY_DECL Result<void> HoldDoor::close(Duration budget) { return state_->pump.close(after(state_->clock.steady_now(), budget)); }

PATCHBAY_DECL void HoldDoor::on_quality(QualityMonitor monitor) { state_->handlers.add(std::move(monitor)); }
PATCHBAY_DECL void HoldDoor::on_limit(HoldLimitHandler handler) { state_->handlers.add(std::move(handler)); }
PATCHBAY_DECL void HoldDoor::on_message(MessageObserver observer) { state_->handlers.add(std::move(observer)); }
PATCHBAY_DECL void HoldDoor::on_state(ChannelStateHandler handler) { state_->handlers.add(std::move(handler)); }

PATCHBAY_DECL Result<RecoveryReport> HoldDoor::recover(std::optional<Duration> budget, const std::stop_token& stop) {
  State& state = *state_;
  if (auto able = state.can_recover(); !able) return fail(std::move(able.error()));
  const auto operation = state.pool.take();
  operation->waits = &state.pump;
  state.begin(*operation, state.recovery_budget(budget));
  RecoveryReport report;
  if (auto done = operation->run(recover_holds(*operation, state.context, report), stop); !done)
    return fail(std::move(done.error()));
  return report;
}

PATCHBAY_DECL std::vector<HeldInteraction> HoldDoor::held() { return state_->held(); }
PATCHBAY_DECL ChannelState HoldDoor::state() { return state_->state(); }
PATCHBAY_DECL std::vector<AuditRecord> HoldDoor::audit_log() const { return state_->audit.snapshot(); }
PATCHBAY_DECL HoldMetricsSnapshot HoldDoor::metrics() const { return state_->snapshot(); }
PATCHBAY_DECL const Settings& HoldDoor::settings() const noexcept { return state_->settings; }

}  // namespace patchbay::detail
