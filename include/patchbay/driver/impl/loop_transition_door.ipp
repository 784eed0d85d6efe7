// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>

#include <patchbay/driver/completion_operation.hpp>
#include <patchbay/driver/loop_transition_door.hpp>
#include <patchbay/driver/transition_core.hpp>

namespace patchbay::detail {

struct LoopTransitionDoor::State : TransitionCore {
  State(std::unique_ptr<AnyLoop> loop_in, Settings given)
      : TransitionCore(std::move(given)), loop(std::move(loop_in)), pool(*loop, *random) {}

  std::unique_ptr<AnyLoop> loop;
  CompletionPool pool;
};

class LoopTransitionDoor::TransitionJob final : public CompletionJob {
 public:
  /// `prepared` says whether the request can be sent.
  TransitionJob(State& state, TransitionRequest&& request, WallTime timestamp, Result<void>&& prepared,
                std::unique_ptr<ResultHandler<Result<TransitionResult>>>&& handler)
      : state_(&state), request_(std::move(request)), timestamp_(timestamp), prepared_(std::move(prepared)), handler_(std::move(handler)) {}
  void start(Operation& operation) override {
    if (!prepared_) return;
    protocol_.emplace(perform_transition(operation, state_->context, request_, timestamp_, result_));
    protocol_->start();
  }
  [[nodiscard]] bool done() const noexcept override { return !protocol_ || protocol_->done(); }
  void settle(Operation& operation, bool calm) noexcept override {
    const bool taken = guarded([&] {
      if (protocol_ && protocol_->done()) prepared_ = protocol_->take();
      protocol_.reset();
      if (!prepared_ && !operation.settled) result_ = fail(std::move(prepared_.error()));
    });
    if ((!calm || !taken) && !operation.settled) fail_for_lack(result_);
    if (!operation.settled) guarded([&] { settle_transition(operation, state_->context, request_, timestamp_, result_); });
  }
  void deliver() noexcept override { handler_->call(std::move(result_)); }

 private:
  State* state_;
  TransitionRequest request_;
  WallTime timestamp_;
  Result<void> prepared_;
  Result<TransitionResult> result_;
  std::optional<Protocol<Result<void>>> protocol_;
  std::unique_ptr<ResultHandler<Result<TransitionResult>>> handler_;
};

class LoopTransitionDoor::FlowJob final : public CompletionJob {
 public:
  using Flow = Result<std::shared_ptr<const FlowGraph>>;
  FlowJob(State& state, std::string id, std::string version, std::unique_ptr<ResultHandler<Flow>> handler)
      : state_(&state), id_(std::move(id)), version_(std::move(version)), handler_(std::move(handler)) {}

  void start(Operation& operation) override {
    if (state_->invalid) return void(result_ = fail(*state_->invalid));
    if (auto fine = check_identifier(id_, "flow id"); !fine) return void(result_ = fail(std::move(fine.error())));
    protocol_.emplace(flow_of(operation, *state_->context.api, *state_->settings.flows, id_, version_));
    protocol_->start();
  }
  [[nodiscard]] bool done() const noexcept override { return !protocol_ || protocol_->done(); }
  void settle(Operation&, bool calm) noexcept override {
    const bool taken = guarded([&] {
      if (protocol_ && protocol_->done()) result_ = protocol_->take();
      protocol_.reset();
    });
    if (!calm || !taken) fail_for_lack(result_);
  }
  void deliver() noexcept override { handler_->call(std::move(result_)); }

 private:
  State* state_;
  std::string id_, version_;
  Flow result_;
  std::optional<Protocol<Flow>> protocol_;
  std::unique_ptr<ResultHandler<Flow>> handler_;
};

PATCHBAY_DECL LoopTransitionDoor::LoopTransitionDoor(std::unique_ptr<AnyLoop> loop, Settings settings)
    : state_(std::make_shared<State>(std::move(loop), std::move(settings))) {}
PATCHBAY_DECL LoopTransitionDoor::~LoopTransitionDoor() { state_->pool.cancel_all(); }

PATCHBAY_DECL OperationHandle LoopTransitionDoor::start(TransitionRequest&& request, EncodeMembers encode,
                                                        std::unique_ptr<ResultHandler<Result<TransitionResult>>> handler) {
  State& state = *state_;
  CompletionPool::Lease operation = state.pool.take();
  state.begin(*operation, request.interaction(), request.deadline().value_or(state.settings.deadline));
  OperationHandle handle = operation->handle();
  const WallTime timestamp = operation->wall_now();
  auto prepared = state.prepare(*operation, request, timestamp, encode);
  auto job = std::make_unique<TransitionJob>(state, std::move(request), timestamp, std::move(prepared), std::move(handler));
  state.metrics.count(TransitionCount::submitted);
  operation.launch(std::move(job), state_);
  return handle;
}

PATCHBAY_DECL OperationHandle LoopTransitionDoor::start_flow(
    std::string id, std::string version, std::unique_ptr<ResultHandler<Result<std::shared_ptr<const FlowGraph>>>> handler) {
  State& state = *state_;
  CompletionPool::Lease operation = state.pool.take();
  state.begin(*operation, {}, state.settings.deadline);
  OperationHandle handle = operation->handle();
  operation.launch(std::make_unique<FlowJob>(state, std::move(id), std::move(version), std::move(handler)), state_);
  return handle;
}

PATCHBAY_DECL std::vector<AuditRecord> LoopTransitionDoor::audit_log() const { return state_->audit.snapshot(); }
PATCHBAY_DECL TransitionMetricsSnapshot LoopTransitionDoor::metrics() const { return state_->snapshot(); }
PATCHBAY_DECL const Settings& LoopTransitionDoor::settings() const noexcept { return state_->settings; }

}  // namespace patchbay::detail
