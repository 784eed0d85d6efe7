// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/driver/any_loop.hpp>
#include <patchbay/driver/bulk_run.hpp>
#include <patchbay/driver/encode_members.hpp>
#include <patchbay/driver/operation_handle.hpp>
#include <patchbay/driver/result_handler.hpp>
#include <patchbay/recovery_report.hpp>
#include <patchbay/settings.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay::detail {

/// What is the same in every `StateTransitioner` on an event loop; its functions are those of that door. Thread-safe.
///
/// What operations refer to lives until the last of them has ended, also when the door does not.
class LoopTransitionDoor {
 public:
  PATCHBAY_DECL LoopTransitionDoor(std::unique_ptr<AnyLoop> loop, Settings settings);
  LoopTransitionDoor(const LoopTransitionDoor&) = delete;
  LoopTransitionDoor& operator=(const LoopTransitionDoor&) = delete;
  /// Asks the operations under way to end soon.
  PATCHBAY_DECL ~LoopTransitionDoor();

  /// `encode` is called within the call.
  PATCHBAY_DECL OperationHandle start(TransitionRequest&& request, EncodeMembers encode,
                                      std::unique_ptr<ResultHandler<Result<TransitionResult>>> handler);
  /// `encode` is called until the last operation has ended, also when the door is gone.
  PATCHBAY_DECL OperationHandle start_all(std::vector<TransitionRequest>&& requests, const BulkSettings& how, EncodeItem encode,
                                          std::unique_ptr<ResultHandler<BulkResult>> handler);
  PATCHBAY_DECL OperationHandle start_flow(std::string id, std::string version,
                                           std::unique_ptr<ResultHandler<Result<std::shared_ptr<const FlowGraph>>>> handler);
  PATCHBAY_DECL OperationHandle start_recover(std::optional<Duration> budget,
                                              std::unique_ptr<ResultHandler<Result<RecoveryReport>>> handler);
  [[nodiscard]] PATCHBAY_DECL Result<std::size_t> redrive_webhooks();
  [[nodiscard]] PATCHBAY_DECL std::vector<AuditRecord> audit_log() const;
  [[nodiscard]] PATCHBAY_DECL TransitionMetricsSnapshot metrics() const;
  [[nodiscard]] PATCHBAY_DECL const Settings& settings() const noexcept;

 private:
  struct State;
  class TransitionJob;
  class FlowJob;
  class Bulk;
  class GroupJob;
  class RecoverJob;
  class CourierJob;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/driver/impl/loop_transition_door.ipp>
#endif
