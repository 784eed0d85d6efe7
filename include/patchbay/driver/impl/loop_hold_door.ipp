// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <patchbay/driver/completion_operation.hpp>
#include <patchbay/driver/hold_core.hpp>
#include <patchbay/driver/loop_hold_door.hpp>
#include <patchbay/driver/loop_hold_pump.hpp>
#include <patchbay/driver/running_protocol.hpp>
#include <patchbay/protocol/channel_wait.hpp>
#include <patchbay/schema/document_schemas.hpp>

namespace patchbay::detail {

/// What a command's job takes memory for, which later ones use again. Thread-safe.
class LoopHoldDoor::JobMemory {
 public:
  struct Piece {
    HoldJob job;
    QualityEvent event;
  };

  [[nodiscard]] std::unique_ptr<Piece> take() {
    {
      const std::lock_guard lock(mutex_);
      pieces_.reserve(max_kept);  // so that giving back cannot fail
      if (!pieces_.empty()) {
        std::unique_ptr<Piece> piece = std::move(pieces_.back());
        pieces_.pop_back();
        return piece;
      }
    }
    return std::make_unique<Piece>();
  }
  void give_back(std::unique_ptr<Piece> piece) noexcept {
    piece->job.clear();
    // One whose end cannot be written down for lack of memory must not tell another's.
    QualityEvent& event = piece->event;
    event.event = HoldVerb::hold, event.outcome = Outcome::not_applied, event.latency = {}, event.timestamp = {};
    event.interaction.clear(), event.correlation_id.clear();
    const std::lock_guard lock(mutex_);
    if (pieces_.size() < pieces_.capacity()) pieces_.push_back(std::move(piece));
  }

 private:
  static constexpr std::size_t max_kept = 256;  // as many as operations
  std::mutex mutex_;
  std::vector<std::unique_ptr<Piece>> pieces_;
};

struct LoopHoldDoor::State : HoldCore {
  State(std::unique_ptr<AnyChannelLoop> loop_in, Settings given)
      : HoldCore(std::move(given), loop_in->dialect(), loop_in->holds()), loop(std::move(loop_in)), pool(*loop, *random), pump(*loop, context, *random, pool) {
    context.pump = &pump;
    context.always_served = true;
  }

  std::unique_ptr<AnyChannelLoop> loop;
  JobMemory jobs;
  CompletionPool pool;
  LoopHoldPump pump;
};

/// A hold or a release.
class LoopHoldDoor::CommandJob final : public CompletionJob {
 public:
  CommandJob(State& state, HoldHandler&& handler)
      : state_(&state), memory_(state.jobs.take()), handler_(std::move(handler)) {}
  CommandJob(const CommandJob&) = delete;
  CommandJob& operator=(const CommandJob&) = delete;
  ~CommandJob() override {
    protocol_.drop();  // it refers to the memory
    state_->jobs.give_back(std::move(memory_));
  }

  /// Whether the command can be sent; it is not started before.
  void prepare(Operation& operation, HoldVerb verb, AskedFor asked, EncodeMembers encode) {
    if (auto ready = state_->prepare(operation, verb, asked, memory_->job, encode); !ready)
      result_ = fail(std::move(ready.error()));
  }
  void start(Operation& operation) override {
    if (!result_) return;
    protocol_.begin(perform_hold(operation, state_->context, memory_->job));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation& operation, bool calm) noexcept override {
    const bool taken = protocol_.finish([this](auto result) { result_ = std::move(result); });
    if (!calm || !taken) fail_for_lack(result_);
    guarded([&] { settle_hold(operation, state_->context, memory_->job, result_, memory_->event); });
  }
  void deliver() noexcept override {
    state_->handlers.tell(memory_->event);  // here, since it is on the loop
    handler_->call(std::move(result_));
  }

 private:
  State* state_;
  std::unique_ptr<JobMemory::Piece> memory_;
  Result<HoldResult> result_;
  RunningProtocol<Result<HoldResult>> protocol_;
  HoldHandler handler_;
};

/// Something that is asked of the channel.
class LoopHoldDoor::ChannelJob final : public CompletionJob {
 public:
  ChannelJob(State& state, Ask ask, DoneHandler&& handler) noexcept : state_(&state), ask_(ask), handler_(std::move(handler)) {}

  void start(Operation& operation) override {
    if (state_->invalid) return void(result_ = fail(*state_->invalid));
    protocol_.begin(ask_(operation, state_->context));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation&, bool calm) noexcept override {
    const bool taken = protocol_.finish([this](auto result) { result_ = std::move(result); });
    if (!calm || !taken) fail_for_lack(result_);
  }
  void deliver() noexcept override { handler_->call(std::move(result_)); }

 private:
  State* state_;
  Ask ask_;
  Result<void> result_;
  RunningProtocol<Result<void>> protocol_;
  DoneHandler handler_;
};

/// Settles what is open in the journal, and watches again who is on hold.
class LoopHoldDoor::RecoverJob final : public CompletionJob {
 public:
  RecoverJob(State& state, std::unique_ptr<ResultHandler<Result<RecoveryReport>>>&& handler) noexcept
      : state_(&state), handler_(std::move(handler)) {}
  void start(Operation& operation) override {
    if (auto able = state_->can_recover(); !able) return void(result_ = fail(std::move(able.error())));
    protocol_.begin(recover_holds(operation, state_->context, *result_));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation&, bool calm) noexcept override {
    const bool taken = protocol_.finish([this](Result<void> ended) {
      if (!ended) result_ = fail(std::move(ended.error()));
    });
    if (!calm || !taken) fail_for_lack(result_);
  }
  void deliver() noexcept override { handler_->call(std::move(result_)); }

 private:
  State* state_;
  Result<RecoveryReport> result_;
  RunningProtocol<Result<void>> protocol_;
  std::unique_ptr<ResultHandler<Result<RecoveryReport>>> handler_;
};

PATCHBAY_DECL LoopHoldDoor::LoopHoldDoor(std::unique_ptr<AnyChannelLoop> loop, Settings settings)
    : state_(std::make_shared<State>(std::move(loop), std::move(settings))) {
  state_->pump.connect_to(state_->address, state_);
}
PATCHBAY_DECL LoopHoldDoor::~LoopHoldDoor() {
  State& state = *state_;
  state.handlers.forget_all();
  state.pool.cancel_all();
  // Whatever an operation may still ask of the session on another thread, it opens no channel any more.
  guarded([&] {
    const SteadyTime by = after(state.loop->steady_now(), state.settings.hold.close_timeout);
    state.hub.with([&](HoldSession& session) {
      state.hub.close_by = by;
      session.finish();
    });
  });
  if (state.pump.in_use()) state.pump.wake_up();
}

PATCHBAY_DECL OperationHandle LoopHoldDoor::start(HoldVerb verb, std::optional<Duration> deadline, AskedFor asked,
                                                  EncodeMembers encode, HoldHandler handler) {
  State& state = *state_;
  CompletionPool::Lease operation = state.pool.take();
  OperationHandle handle = operation->handle();
  auto job = std::make_unique<CommandJob>(state, std::move(handler));
  state.begin(*operation, verb, deadline);
  job->prepare(*operation, verb, asked, encode);
  state.count(verb);
  operation.launch(std::move(job), state_);
  return handle;
}
PATCHBAY_DECL OperationHandle LoopHoldDoor::start_unhold(const UnholdRequest& request, HoldHandler handler) {
  return start(HoldVerb::unhold, request.deadline(), AskedFor(request),
               [&](JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
                 StructSchema<UnholdCommand>{}.coerce(request.fields(), reader, reserved_members, violations, members);
               },
               std::move(handler));
}

PATCHBAY_DECL OperationHandle LoopHoldDoor::ask(Ask what, std::optional<Duration> budget, DoneHandler handler) {
  State& state = *state_;
  CompletionPool::Lease operation = state.pool.take();
  OperationHandle handle = operation->handle();
  auto job = std::make_unique<ChannelJob>(state, what, std::move(handler));
  state.begin(*operation, budget);
  operation.launch(std::move(job), state_);
  return handle;
}
PATCHBAY_DECL OperationHandle LoopHoldDoor::start_ready(std::optional<Duration> budget, DoneHandler handler) {
  return ask(&await_channel, budget, std::move(handler));
}
PATCHBAY_DECL OperationHandle LoopHoldDoor::start_run(DoneHandler handler) {
  return ask(&keep_channel, std::nullopt, std::move(handler));
}
PATCHBAY_DECL OperationHandle LoopHoldDoor::start_close(Duration budget, DoneHandler handler) {
  return ask(&close_channel, budget, std::move(handler));
}

PATCHBAY_DECL OperationHandle LoopHoldDoor::start_recover(
    std::optional<Duration> budget, std::unique_ptr<ResultHandler<Result<RecoveryReport>>> handler) {
  State& state = *state_;
  CompletionPool::Lease operation = state.pool.take();
  OperationHandle handle = operation->handle();
  auto job = std::make_unique<RecoverJob>(state, std::move(handler));
  state.begin(*operation, state.recovery_budget(budget));
  operation.launch(std::move(job), state_);
  return handle;
}

PATCHBAY_DECL void LoopHoldDoor::on_quality(QualityMonitor monitor) { state_->handlers.add(std::move(monitor)); }
PATCHBAY_DECL void LoopHoldDoor::on_limit(HoldLimitHandler handler) { state_->handlers.add(std::move(handler)); }
PATCHBAY_DECL void LoopHoldDoor::on_message(MessageObserver observer) { state_->handlers.add(std::move(observer)); }
PATCHBAY_DECL void LoopHoldDoor::on_state(ChannelStateHandler handler) { state_->handlers.add(std::move(handler)); }

PATCHBAY_DECL std::vector<HeldInteraction> LoopHoldDoor::held() { return state_->held(); }
PATCHBAY_DECL ChannelState LoopHoldDoor::state() { return state_->state(); }
PATCHBAY_DECL std::vector<AuditRecord> LoopHoldDoor::audit_log() const { return state_->audit.snapshot(); }
PATCHBAY_DECL HoldMetricsSnapshot LoopHoldDoor::metrics() const { return state_->snapshot(); }
PATCHBAY_DECL const Settings& LoopHoldDoor::settings() const noexcept { return state_->settings; }

}  // namespace patchbay::detail
