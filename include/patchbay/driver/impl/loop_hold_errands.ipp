// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/driver/loop_hold_pump.hpp>
#include <patchbay/driver/result_handler.hpp>  // fail_for_lack
#include <patchbay/driver/running_protocol.hpp>

// What the door owes by itself where holds travel as requests: its own releases and readings, which the pump of an
// event loop runs as operations beside those of callers.
namespace patchbay::detail {

/// What the door does by itself.
class LoopHoldPump::ErrandJob final : public CompletionJob {
 public:
  ErrandJob(LoopHoldPump& pump, std::unique_ptr<HoldErrand> errand, ErrandPlace& place) noexcept
      : pump_(&pump), errand_(std::move(errand)), place_(&place) {
    place.taken.store(true, std::memory_order_relaxed);
  }
  ErrandJob(const ErrandJob&) = delete;
  ErrandJob& operator=(const ErrandJob&) = delete;
  ~ErrandJob() override {
    place_->taken.store(false, std::memory_order_release);
    pump_->wake_up();  // the next may begin, or the door is closed now
  }
  void prepare(Operation& operation) { errand_->begin(operation, *pump_->context_, *pump_->random_, never); }
  void start(Operation& operation) override { protocol_.begin(errand_->run(operation, *pump_->context_)); }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation& operation, bool calm) noexcept override {
    Result<HoldResult> result;
    const bool taken = protocol_.finish([&](auto ended) { result = std::move(ended); });
    if (!calm || !taken) fail_for_lack(result);
    guarded([&] { errand_->settle(operation, *pump_->context_, result); });
    if (result || errand_->kind() != HoldErrand::Kind::look) return;
    guarded([&] {
      const Lock lock(pump_->hub_->mutex());
      pump_->outbox_.look_failed(*errand_, operation.steady_now());
    });
  }
  void deliver() noexcept override { errand_->tell(*pump_->context_); }

 private:
  LoopHoldPump* pump_;
  std::unique_ptr<HoldErrand> errand_;
  ErrandPlace* place_;
  RunningProtocol<Result<HoldResult>> protocol_;
};

/// Begins what the door owes by itself where holds travel as requests. One for which memory runs out is tried again.
PATCHBAY_DECL void LoopHoldPump::run_errands() noexcept {
  bool more = keep_ != nullptr;
  while (more) {
    const bool calm = guarded([&] {
      std::unique_ptr<HoldErrand> errand;
      {
        const Lock lock(hub_->mutex());
        errand = outbox_.next_errand(room_in(releases_), room_in(looks_));
      }
      more = errand != nullptr;
      if (!more) return;
      ErrandPlace& place = errand->kind() == HoldErrand::Kind::look ? free_place(looks_) : free_place(releases_);
      const HoldErrand& what = *errand;
      auto job = std::make_unique<ErrandJob>(*this, std::move(errand), place);
      CompletionPool::Lease operation = pool_->take();
      job->prepare(*operation);
      place.handle = operation->handle();
      {
        const Lock lock(hub_->mutex());
        outbox_.errand_begun(what);
        if (what.kind() == HoldErrand::Kind::look) hub_->connected = true;  // a door that is closed waits for its end
      }
      operation.launch(std::move(job), keep_);
    });
    if (!calm) starved_ = true;
    more = more && calm;
  }
}
/// Readings end with the door: nobody learns from them any more.
PATCHBAY_DECL void LoopHoldPump::drop_looks() noexcept {
  for (ErrandPlace& each : looks_) {
    each.handle.cancel();
    each.handle = OperationHandle();
  }
}

}  // namespace patchbay::detail
