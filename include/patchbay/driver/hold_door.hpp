// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/driver/any_policies.hpp>
#include <patchbay/driver/encode_members.hpp>
#include <patchbay/hold_request.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/recovery_report.hpp>
#include <patchbay/settings.hpp>

namespace patchbay::detail {

/// What is the same in every `HoldController`; its functions are those of that door. Thread-safe when the policies are.
class HoldDoor {
 public:
  /// `policies` outlive the door.
  PATCHBAY_DECL HoldDoor(AnyBlockingPolicies& policies, Settings settings);
  HoldDoor(const HoldDoor&) = delete;
  HoldDoor& operator=(const HoldDoor&) = delete;
  PATCHBAY_DECL ~HoldDoor();

  [[nodiscard]] PATCHBAY_DECL Result<void> ready(std::optional<Duration> budget);
  /// `fields` are what was asked for, as far as it is known before it is encoded; may be null.
  [[nodiscard]] PATCHBAY_DECL Result<HoldResult> command(HoldVerb verb, std::optional<Duration> deadline, const std::stop_token& stop,
                                                         AskedFor asked, EncodeMembers encode);
  /// `command` for the fields of a release, which no client's schema describes.
  [[nodiscard]] PATCHBAY_DECL Result<HoldResult> unhold(const UnholdRequest& request);
  PATCHBAY_DECL void pump(SteadyTime until);
  PATCHBAY_DECL void pump_for(Duration span);
  PATCHBAY_DECL void run(std::stop_token stop);
  [[nodiscard]] PATCHBAY_DECL Result<void> close(Duration budget);

  PATCHBAY_DECL void on_quality(QualityMonitor monitor);
  PATCHBAY_DECL void on_limit(HoldLimitHandler handler);
  PATCHBAY_DECL void on_message(MessageObserver observer);
  PATCHBAY_DECL void on_state(ChannelStateHandler handler);

  [[nodiscard]] PATCHBAY_DECL Result<RecoveryReport> recover(std::optional<Duration> budget,
                                                             const std::stop_token& stop);
  [[nodiscard]] PATCHBAY_DECL std::vector<HeldInteraction> held();
  [[nodiscard]] PATCHBAY_DECL ChannelState state();
  [[nodiscard]] PATCHBAY_DECL std::vector<AuditRecord> audit_log() const;
  [[nodiscard]] PATCHBAY_DECL HoldMetricsSnapshot metrics() const;
  [[nodiscard]] PATCHBAY_DECL const Settings& settings() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/driver/impl/hold_door.ipp>
#endif
