// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <patchbay/driver/bulk_group.hpp>
#include <patchbay/driver/completion_operation.hpp>
#include <patchbay/driver/loop_transition_door.hpp>
#include <patchbay/driver/running_protocol.hpp>
#include <patchbay/driver/transition_core.hpp>

namespace patchbay::detail {

struct LoopTransitionDoor::State : TransitionCore, std::enable_shared_from_this<LoopTransitionDoor::State> {
  State(std::unique_ptr<AnyLoop> loop_in, Settings given)
      : TransitionCore(std::move(given), loop_in->dialect()), loop(std::move(loop_in)), pool(*loop, *random) {
    context.on_loop = true;
  }

  /// Prepares `operation` for the request, on which `before` was spent by then. Counted as submitted: it is to be launched.
  std::unique_ptr<CompletionJob> prepare_job(Operation& operation, TransitionRequest&& request, EncodeMembers encode,
                                             std::unique_ptr<ResultHandler<Result<TransitionResult>>>&& handler, const TimeSpent& before = {});

  /// Sees to it that somebody delivers what the journal has for the CRM. On a thread of the loop; memory that lacks is
  /// looked for again when the next operation ends.
  PATCHBAY_DECL void want_couriers() noexcept;

  std::unique_ptr<AnyLoop> loop;
  CompletionPool pool;
  std::atomic<std::size_t> couriers{0};  ///< Under way.
  std::atomic<bool> closing{false};  ///< The door is gone: nothing is to begin by itself any more.
};

class LoopTransitionDoor::TransitionJob final : public CompletionJob {
 public:
  /// `prepared` says whether the request can be sent.
  TransitionJob(State& state, TransitionRequest&& request, WallTime timestamp, Result<void>&& prepared,
                std::unique_ptr<ResultHandler<Result<TransitionResult>>>&& handler)
      : state_(&state), request_(std::move(request)), timestamp_(timestamp), prepared_(std::move(prepared)), handler_(std::move(handler)) {}
  void start(Operation& operation) override {
    if (!prepared_) return;
    protocol_.begin(perform_transition(operation, state_->context, request_, timestamp_, result_));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation& operation, bool calm) noexcept override {
    bool taken = protocol_.finish([this](Result<void> ended) { prepared_ = std::move(ended); });
    if (!prepared_ && !operation.settled) taken = guarded([&] { result_ = fail(std::move(prepared_.error())); }) && taken;
    if ((!calm || !taken) && !operation.settled) fail_for_lack(result_);
    if (!operation.settled) guarded([&] { settle_transition(operation, state_->context, request_, timestamp_, result_); });
  }
  void deliver() noexcept override {
    state_->want_couriers();
    handler_->call(std::move(result_));
  }

 private:
  State* state_;
  TransitionRequest request_;
  WallTime timestamp_;
  Result<void> prepared_;
  Result<TransitionResult> result_;
  RunningProtocol<Result<void>> protocol_;
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
    protocol_.begin(flow_of(operation, *state_->context.api, *state_->settings.flows, id_, version_));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation&, bool calm) noexcept override {
    const bool taken = protocol_.finish([this](auto result) { result_ = std::move(result); });
    if (!calm || !taken) fail_for_lack(result_);
  }
  void deliver() noexcept override { handler_->call(std::move(result_)); }

 private:
  State* state_;
  std::string id_, version_;
  Flow result_;
  RunningProtocol<Flow> protocol_;
  std::unique_ptr<ResultHandler<Flow>> handler_;
};

/// A bulk operation: begins its items on the loop's threads, each time that one has ended. Lives as long as one of them is
/// under way, by what they call when they end.
class LoopTransitionDoor::Bulk final : public Cancellable, public std::enable_shared_from_this<Bulk> {
 public:
  Bulk(std::shared_ptr<State> state, std::vector<TransitionRequest>&& requests, const BulkSettings& how, EncodeItem&& encode,
       std::unique_ptr<ResultHandler<BulkResult>>&& handler)
      : state_(std::move(state)),
        requests_(std::move(requests)),
        encode_(std::move(encode)),
        handler_(std::move(handler)),
        run_(pointers(requests_), how, state_->metrics),
        handles_(run_.lanes()),
        switch_(std::make_shared<CancelSwitch>()) {
    static_cast<void>(switch_->connect(*this));
  }
  ~Bulk() { switch_->disconnect(); }
  [[nodiscard]] OperationHandle handle() const noexcept { return OperationHandle(switch_); }

  void request_cancel() noexcept override {
    run_.request_stop();
    for (std::size_t lane = 0; lane < handles_.size(); ++lane) handle_of(lane).cancel();
  }
  /// On a thread of the loop: begins what may begin, and ends the whole when nothing is left.
  void go_on() noexcept {
    for (;;) {
      if (state_->closing.load()) run_.request_stop();
      const std::optional<BulkJob> job = run_.take();
      if (!job) break;
      begin(*job);
    }
    if (!run_.finished() || told_.exchange(true)) return;
    switch_->disconnect();
    handler_->call(run_.take_result());
  }
  void ended(const BulkJob& job, std::span<Result<TransitionResult>> results, const TimeSpent& spent = {}) noexcept {
    set_handle(job.lane, OperationHandle());
    run_.end(job, results, spent);
    go_on();
  }
  [[nodiscard]] const BulkRun& run() const noexcept { return run_; }

 private:
  class ItemHandler final : public ResultHandler<Result<TransitionResult>> {
   public:
    ItemHandler(std::shared_ptr<Bulk> bulk, const BulkJob& job) : bulk_(std::move(bulk)), job_(job) {}
    void call(Result<TransitionResult> result) override { bulk_->ended(job_, std::span(&result, 1)); }

   private:
    std::shared_ptr<Bulk> bulk_;
    BulkJob job_;
  };

  static std::vector<const TransitionRequest*> pointers(const std::vector<TransitionRequest>& requests) {
    std::vector<const TransitionRequest*> out;
    out.reserve(requests.size());
    for (const TransitionRequest& each : requests) out.push_back(&each);
    return out;
  }
  void begin(const BulkJob& job) noexcept {
    bool begun = false;
    const bool calm = guarded([&] { begun = job.items.size() == 1 ? begin_one(job) : begin_group(job); });
    if (begun) return;
    if (job.items.size() > 1) return run_.end(job, {}, run_.before(job));  // each begins alone
    Result<TransitionResult> result;
    if (!calm) fail_for_lack(result);
    run_.end(job, std::span(&result, 1));
  }
  bool begin_one(const BulkJob& job) {
    TransitionRequest& request = requests_[job.items.front()];
    auto handler = std::make_unique<ItemHandler>(shared_from_this(), job);
    CompletionPool::Lease operation = state_->pool.take();
    const OperationHandle handle = operation->handle();
    const auto members = [&](JsonReader& reader, std::vector<Violation>& violations, std::string& out) {
      encode_(request, reader, violations, out);
    };
    auto alone = state_->prepare_job(*operation, TransitionRequest(request), members, std::move(handler), run_.before(job));
    launch(job.lane, handle, operation, std::move(alone));
    return true;
  }
  inline bool begin_group(const BulkJob& job);
  /// Whoever cancels the whole is told of the operation before others can end it and begin the lane's next one.
  void launch(std::size_t lane, const OperationHandle& handle, CompletionPool::Lease& operation, std::unique_ptr<CompletionJob> job) noexcept {
    set_handle(lane, handle);
    if (run_.stop_requested() || state_->closing.load()) handle.cancel();  // it was not told
    operation.launch(std::move(job), state_);
  }

  void set_handle(std::size_t lane, const OperationHandle& handle) noexcept {
    const std::lock_guard lock(mutex_);
    handles_[lane] = handle;
  }
  OperationHandle handle_of(std::size_t lane) noexcept {
    const std::lock_guard lock(mutex_);
    return handles_[lane];
  }

  std::shared_ptr<State> state_;
  std::vector<TransitionRequest> requests_;
  EncodeItem encode_;
  std::unique_ptr<ResultHandler<BulkResult>> handler_;
  BulkRun run_;
  std::mutex mutex_;
  std::vector<OperationHandle> handles_;  // by lane; empty where nothing is under way
  std::shared_ptr<CancelSwitch> switch_;
  std::atomic<bool> told_{false};
};

/// Several items of a bulk operation by one write.
class LoopTransitionDoor::GroupJob final : public CompletionJob {
 public:
  GroupJob(State& state, std::shared_ptr<Bulk> bulk, const BulkJob& job, WallTime timestamp)
      : state_(&state), bulk_(std::move(bulk)), job_(job), timestamp_(timestamp) {}
  [[nodiscard]] TransitionGroup& group() noexcept { return group_; }
  void start(Operation& operation) override {
    protocol_.begin(perform_group(operation, state_->context, group_, timestamp_));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation& operation, bool) noexcept override {
    protocol_.drop();  // what it has to say stands in the group
    group_.settle_rest(operation, state_->context, timestamp_);
  }
  void deliver() noexcept override {
    state_->want_couriers();
    bulk_->ended(job_, group_.results, group_.before);
  }

 private:
  State* state_;
  std::shared_ptr<Bulk> bulk_;
  BulkJob job_;
  WallTime timestamp_;
  TransitionGroup group_;
  RunningProtocol<Result<void>> protocol_;
};

/// False when fewer than two of the items can be written together.
inline bool LoopTransitionDoor::Bulk::begin_group(const BulkJob& job) {
  CompletionPool::Lease operation = state_->pool.take();
  const OperationHandle handle = operation->handle();
  begin_job(*state_, *operation, run_, job);
  const WallTime timestamp = operation->wall_now();
  auto together = std::make_unique<GroupJob>(*state_, shared_from_this(), job, timestamp);
  prepare_group(*state_, *operation, run_, job, timestamp, encode_, together->group());
  if (together->group().size() < 2) return false;
  launch(job.lane, handle, operation, std::move(together));
  return true;
}

/// Delivers webhooks until none is left; several do, each of another interaction.
class LoopTransitionDoor::CourierJob final : public CompletionJob {
 public:
  explicit CourierJob(State& state) noexcept : state_(&state) {}
  CourierJob(const CourierJob&) = delete;
  CourierJob& operator=(const CourierJob&) = delete;
  ~CourierJob() override {
    protocol_.drop();
    state_->couriers.fetch_sub(1, std::memory_order_acq_rel);
    if (ended_) state_->want_couriers();  // for what was queued since it saw that nothing was left
  }
  void start(Operation& operation) override { protocol_.begin(deliver_queued(operation, state_->context, never)); }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation&, bool) noexcept override { protocol_.drop(); }
  void deliver() noexcept override { ended_ = true; }

 private:
  State* state_;
  bool ended_ = false;  ///< And was not abandoned with its loop.
  RunningProtocol<Result<DeliveryReport>> protocol_;
};

PATCHBAY_DECL void LoopTransitionDoor::State::want_couriers() noexcept {
  if (!settings.journal || !context.crm || closing.load() || context.outbox.next_due() == never) return;
  std::size_t running = couriers.load();
  do {
    if (running >= settings.transition.webhook.outbox.in_flight) return;
  } while (!couriers.compare_exchange_weak(running, running + 1));
  std::unique_ptr<CourierJob> job;
  const bool calm = guarded([&] {
    CompletionPool::Lease operation = pool.take();
    job = std::make_unique<CourierJob>(*this);
    begin(*operation, {}, settings.transition.webhook.total_timeout);
    operation.launch(std::move(job), shared_from_this());
  });
  if (!calm && !job) couriers.fetch_sub(1, std::memory_order_acq_rel);
}

/// Settles what is open in the journal.
class LoopTransitionDoor::RecoverJob final : public CompletionJob {
 public:
  RecoverJob(State& state, std::unique_ptr<ResultHandler<Result<RecoveryReport>>>&& handler) noexcept
      : state_(&state), handler_(std::move(handler)) {}
  void start(Operation& operation) override {
    if (auto able = state_->can_recover(); !able) return void(result_ = fail(std::move(able.error())));
    protocol_.begin(recover_transitions(operation, state_->context, *result_));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation&, bool calm) noexcept override {
    const bool taken = protocol_.finish([this](Result<void> ended) {
      if (!ended) result_ = fail(std::move(ended.error()));
    });
    if (!calm || !taken) fail_for_lack(result_);
  }
  void deliver() noexcept override {
    state_->want_couriers();
    handler_->call(std::move(result_));
  }

 private:
  State* state_;
  Result<RecoveryReport> result_;
  RunningProtocol<Result<void>> protocol_;
  std::unique_ptr<ResultHandler<Result<RecoveryReport>>> handler_;
};

PATCHBAY_DECL LoopTransitionDoor::LoopTransitionDoor(std::unique_ptr<AnyLoop> loop, Settings settings)
    : state_(std::make_shared<State>(std::move(loop), std::move(settings))) {}
PATCHBAY_DECL LoopTransitionDoor::~LoopTransitionDoor() {
  state_->closing.store(true);
  state_->pool.cancel_all();
}

PATCHBAY_DECL OperationHandle LoopTransitionDoor::start(TransitionRequest&& request, EncodeMembers encode,
                                                        std::unique_ptr<ResultHandler<Result<TransitionResult>>> handler) {
  State& state = *state_;
  CompletionPool::Lease operation = state.pool.take();
  OperationHandle handle = operation->handle();
  operation.launch(state.prepare_job(*operation, std::move(request), encode, std::move(handler)), state_);
  return handle;
}
PATCHBAY_DECL std::unique_ptr<CompletionJob> LoopTransitionDoor::State::prepare_job(
    Operation& operation, TransitionRequest&& request, EncodeMembers encode,
    std::unique_ptr<ResultHandler<Result<TransitionResult>>>&& handler, const TimeSpent& before) {
  begin(operation, request.interaction(), request.deadline().value_or(settings.deadline), before);
  const WallTime timestamp = operation.wall_now();
  auto prepared = prepare(operation, request, timestamp, encode);
  auto job = std::make_unique<TransitionJob>(*this, std::move(request), timestamp, std::move(prepared), std::move(handler));
  metrics.count(TransitionCount::submitted);
  return job;
}

PATCHBAY_DECL OperationHandle LoopTransitionDoor::start_all(std::vector<TransitionRequest>&& requests, const BulkSettings& how,
                                                            EncodeItem encode, std::unique_ptr<ResultHandler<BulkResult>> handler) {
  /// The first step, on the loop. Deletes itself.
  class Beginning final : public Receiver<void> {
   public:
    explicit Beginning(std::shared_ptr<Bulk> bulk) noexcept : bulk_(std::move(bulk)) {}
    void complete() noexcept override {
      const std::unique_ptr<Beginning> self(this);
      bulk_->go_on();
    }
    void abandoned() noexcept override { delete this; }

   private:
    std::shared_ptr<Bulk> bulk_;
  };
  const auto bulk = std::make_shared<Bulk>(state_, std::move(requests), how, std::move(encode), std::move(handler));
  OperationHandle handle = bulk->handle();
  auto beginning = std::make_unique<Beginning>(bulk);
  state_->loop->post(Completion<void>(*beginning.release()));
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

PATCHBAY_DECL OperationHandle LoopTransitionDoor::start_recover(
    std::optional<Duration> budget, std::unique_ptr<ResultHandler<Result<RecoveryReport>>> handler) {
  State& state = *state_;
  CompletionPool::Lease operation = state.pool.take();
  OperationHandle handle = operation->handle();
  auto job = std::make_unique<RecoverJob>(state, std::move(handler));
  state.begin(*operation, {}, state.recovery_budget(budget));
  operation.launch(std::move(job), state_);
  return handle;
}

PATCHBAY_DECL Result<std::size_t> LoopTransitionDoor::redrive_webhooks() {
  State& state = *state_;
  if (auto able = state.can_recover(); !able) return fail(std::move(able.error()));
  if (!state.context.crm) return std::size_t{0};
  auto count = redrive_dead_letters(state.context, state.loop->wall_now());
  state.want_couriers();
  return count;
}

PATCHBAY_DECL std::vector<AuditRecord> LoopTransitionDoor::audit_log() const { return state_->audit.snapshot(); }
PATCHBAY_DECL TransitionMetricsSnapshot LoopTransitionDoor::metrics() const { return state_->snapshot(); }
PATCHBAY_DECL const Settings& LoopTransitionDoor::settings() const noexcept { return state_->settings; }

}  // namespace patchbay::detail
