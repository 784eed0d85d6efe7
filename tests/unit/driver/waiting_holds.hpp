// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/manual_loop.hpp>

#include "support/catch.hpp"

namespace patchbay::tests {

/// A door on a `ManualLoop` with the functions of one whose calls block: each starts an operation, and runs the loop until
/// its handler is called.
template <class PolicySet>
class WaitingHolds {
 public:
  using Door = decltype(HoldController{std::declval<PolicySet>(), std::declval<Settings>()});

  WaitingHolds(testing::ManualLoop loop, PolicySet policies, Settings settings) : loop_(std::move(loop)) {
    door_.emplace(std::move(policies), std::move(settings));
  }
  WaitingHolds(const WaitingHolds&) = delete;
  WaitingHolds& operator=(const WaitingHolds&) = delete;
  /// Lets the loop finish what the door leaves behind, of which nothing must stay.
  ~WaitingHolds() {
    const Duration longest = door_->settings().hold.close_timeout + seconds{60};
    const SteadyTime by = after(loop_.clock().steady_now(), longest);
    door_.reset();
    while (loop_.clock().steady_now() <= by && loop_.run_one()) {}
    CHECK(loop_.clock().steady_now() <= by);
  }

  Result<HoldResult> hold(const HoldRequest& request) {
    return await<HoldResult>([&](auto done) { door_->start_hold(request, std::move(done)); });
  }
  Result<HoldResult> hold(const typename Door::value_type& command, std::optional<Duration> deadline = std::nullopt) {
    return await<HoldResult>([&](auto done) { door_->start_hold(command, deadline, std::move(done)); });
  }
  Result<HoldResult> unhold(const UnholdRequest& request) {
    return await<HoldResult>([&](auto done) { door_->start_unhold(request, std::move(done)); });
  }
  Result<void> ready(std::optional<Duration> budget = std::nullopt) {
    return await<void>([&](auto done) { door_->start_ready(budget, std::move(done)); });
  }
  Result<void> close(Duration budget) {
    return await<void>([&](auto done) { door_->start_close(budget, std::move(done)); });
  }
  void pump(SteadyTime until) {
    if (door_->state() != ChannelState::closed) loop_.run_until(until);
  }
  void pump_for(Duration span) { pump(after(loop_.clock().steady_now(), span)); }

  void on_quality(QualityMonitor monitor) { door_->on_quality(std::move(monitor)); }
  void on_limit(HoldLimitHandler handler) { door_->on_limit(std::move(handler)); }
  void on_message(MessageObserver observer) { door_->on_message(std::move(observer)); }
  void on_state(ChannelStateHandler handler) { door_->on_state(std::move(handler)); }
  [[nodiscard]] std::vector<HeldInteraction> held() { return door_->held(); }
  [[nodiscard]] ChannelState state() { return door_->state(); }
  [[nodiscard]] std::vector<AuditRecord> audit_log() const { return door_->audit_log(); }
  [[nodiscard]] HoldMetricsSnapshot metrics() const { return door_->metrics(); }
  [[nodiscard]] const Settings& settings() const noexcept { return door_->settings(); }

 private:
  template <class T, class Start>
  Result<T> await(Start&& start) {
    std::optional<Result<T>> result;
    start([&result](Result<T> told) { result.emplace(std::move(told)); });
    while (!result) REQUIRE(loop_.run_one());
    return std::move(*result);
  }

  testing::ManualLoop loop_;
  std::optional<Door> door_;
};

}  // namespace patchbay::tests
