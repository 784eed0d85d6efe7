// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/driver/any_policies.hpp>
#include <patchbay/driver/bulk_run.hpp>
#include <patchbay/driver/encode_members.hpp>
#include <patchbay/recovery_report.hpp>
#include <patchbay/settings.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay::detail {

/// What is the same in every `StateTransitioner`; its functions are those of that door. Thread-safe when the policies are.
class TransitionDoor {
 public:
  /// `policies` outlive the door.
  PATCHBAY_DECL TransitionDoor(AnyBlockingPolicies& policies, Settings settings);
  TransitionDoor(const TransitionDoor&) = delete;
  TransitionDoor& operator=(const TransitionDoor&) = delete;
  PATCHBAY_DECL ~TransitionDoor();

  /// `before`: what was spent on the request by then.
  [[nodiscard]] PATCHBAY_DECL Result<TransitionResult> transition(const TransitionRequest& request, EncodeMembers encode,
                                                                  const TimeSpent& before = {});
  /// The requests outlive the call.
  [[nodiscard]] PATCHBAY_DECL BulkResult transition_all(std::vector<const TransitionRequest*> requests, const BulkSettings& how,
                                                        const EncodeItem& encode);
  [[nodiscard]] PATCHBAY_DECL Result<std::shared_ptr<const FlowGraph>> flow(std::string_view id, std::string_view version);
  [[nodiscard]] PATCHBAY_DECL Result<FlowPath> path(std::string_view flow_id, std::string_view from, std::string_view to);
  [[nodiscard]] PATCHBAY_DECL Result<RecoveryReport> recover(std::optional<Duration> budget,
                                                             const std::stop_token& stop);
  [[nodiscard]] PATCHBAY_DECL Result<DeliveryReport> deliver_webhooks(Duration budget, const std::stop_token& stop);
  [[nodiscard]] PATCHBAY_DECL Result<std::size_t> redrive_webhooks();
  [[nodiscard]] PATCHBAY_DECL std::vector<AuditRecord> audit_log() const;
  [[nodiscard]] PATCHBAY_DECL TransitionMetricsSnapshot metrics() const;
  [[nodiscard]] PATCHBAY_DECL const Settings& settings() const noexcept;

 private:
  void perform(BulkRun& run, const BulkJob& job, const EncodeItem& encode) noexcept;
  void perform_together(BulkRun& run, const BulkJob& job, const EncodeItem& encode, TransitionGroup& group);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/driver/impl/transition_door.ipp>
#endif
