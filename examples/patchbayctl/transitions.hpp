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
  Transitions(const Transitions&) = delete;
  Transitions& operator=(const Transitions&) = delete;
  virtual ~Transitions() = default;

  virtual patchbay::Result<patchbay::TransitionResult> transition(const patchbay::TransitionRequest& request) = 0;
  virtual patchbay::Result<std::shared_ptr<const patchbay::FlowGraph>> flow(std::string_view id) = 0;
  virtual patchbay::Result<patchbay::FlowPath> path(std::string_view flow, std::string_view from,
                                                    std::string_view to) = 0;
  /// Settles what the journal has open of transitions.
  virtual patchbay::Result<patchbay::RecoveryReport> recover(std::optional<patchbay::Duration> budget) = 0;
  /// Delivers the webhooks that the journal holds.
  virtual patchbay::Result<patchbay::DeliveryReport> deliver_webhooks(patchbay::Duration budget) = 0;

 protected:
  Transitions() = default;
};

/// In the dialect that is asked for.
[[nodiscard]] std::unique_ptr<Transitions> make_transitions(const Configuration& configuration);

}  // namespace patchbayctl
