// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/driver/any_loop.hpp>
#include <patchbay/driver/encode_members.hpp>
#include <patchbay/driver/operation_handle.hpp>
#include <patchbay/driver/result_handler.hpp>
#include <patchbay/hold_request.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/recovery_report.hpp>
#include <patchbay/settings.hpp>

namespace patchbay {

class HoldContext;
class Operation;
template <class T>
class Protocol;

namespace detail {

/// What is the same in every `HoldController` on an event loop; its functions are those of that door. Thread-safe.
///
/// What operations and the channel refer to lives until the last of them has ended, also when the door does not.
class LoopHoldDoor {
 public:
  using HoldHandler = std::unique_ptr<ResultHandler<Result<HoldResult>>>;
  using DoneHandler = std::unique_ptr<ResultHandler<Result<void>>>;

  PATCHBAY_DECL LoopHoldDoor(std::unique_ptr<AnyChannelLoop> loop, Settings settings);
  LoopHoldDoor(const LoopHoldDoor&) = delete;
  LoopHoldDoor& operator=(const LoopHoldDoor&) = delete;
  PATCHBAY_DECL ~LoopHoldDoor();

  /// `fields` are what was asked for, as far as it is known before it is encoded; may be null. They are read, and `encode` is
  /// called, within the call.
  PATCHBAY_DECL OperationHandle start(HoldVerb verb, std::optional<Duration> deadline, AskedFor asked,
                                      EncodeMembers encode, HoldHandler handler);
  /// `start` for the fields of a release, which no client's schema describes.
  PATCHBAY_DECL OperationHandle start_unhold(const UnholdRequest& request, HoldHandler handler);
  PATCHBAY_DECL OperationHandle start_ready(std::optional<Duration> budget, DoneHandler handler);
  PATCHBAY_DECL OperationHandle start_run(DoneHandler handler);
  PATCHBAY_DECL OperationHandle start_close(Duration budget, DoneHandler handler);
  PATCHBAY_DECL OperationHandle start_recover(std::optional<Duration> budget,
                                              std::unique_ptr<ResultHandler<Result<RecoveryReport>>> handler);

  PATCHBAY_DECL void on_quality(QualityMonitor monitor);
  PATCHBAY_DECL void on_limit(HoldLimitHandler handler);
  PATCHBAY_DECL void on_message(MessageObserver observer);
  PATCHBAY_DECL void on_state(ChannelStateHandler handler);

  [[nodiscard]] PATCHBAY_DECL std::vector<HeldInteraction> held();
  [[nodiscard]] PATCHBAY_DECL ChannelState state();
  [[nodiscard]] PATCHBAY_DECL std::vector<AuditRecord> audit_log() const;
  [[nodiscard]] PATCHBAY_DECL HoldMetricsSnapshot metrics() const;
  [[nodiscard]] PATCHBAY_DECL const Settings& settings() const noexcept;

 private:
  class JobMemory;
  struct State;
  class CommandJob;
  class ChannelJob;
  class RecoverJob;
  using Ask = Protocol<Result<void>> (*)(Operation& operation, HoldContext& context);
  PATCHBAY_DECL OperationHandle ask(Ask what, std::optional<Duration> budget, DoneHandler handler);
  std::shared_ptr<State> state_;
};

}  // namespace detail
}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/driver/impl/loop_hold_door.ipp>
#endif
