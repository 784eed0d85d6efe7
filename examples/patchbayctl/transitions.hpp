// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <patchbay/flow/reachability.hpp>
#include <patchbay/recovery_report.hpp>
#include <patchbay/result.hpp>
#include <patchbay/transition_request.hpp>

#include "configuration.hpp"

namespace patchbayctl {

/// The library's first door behind plain functions, so that its templates are compiled in one file. Safe to share
/// between threads.
class Transitions {
 public:
  explicit Transitions(const Configuration& configuration);
  Transitions(const Transitions&) = delete;
  Transitions& operator=(const Transitions&) = delete;
  ~Transitions();

  patchbay::Result<patchbay::TransitionResult> transition(const patchbay::TransitionRequest& request);
  patchbay::Result<std::shared_ptr<const patchbay::FlowGraph>> flow(std::string_view id);
  patchbay::Result<patchbay::FlowPath> path(std::string_view flow, std::string_view from, std::string_view to);
  /// Settles what the journal has open of transitions.
  patchbay::Result<patchbay::RecoveryReport> recover(std::optional<patchbay::Duration> budget);
  /// Delivers the webhooks that the journal holds.
  patchbay::Result<patchbay::DeliveryReport> deliver_webhooks(patchbay::Duration budget);

 private:
  class Door;
  std::unique_ptr<Door> door_;
};

}  // namespace patchbayctl
