// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <patchbay/hold_request.hpp>
#include <patchbay/recovery_report.hpp>
#include <patchbay/result.hpp>

#include "configuration.hpp"
#include "job.hpp"

namespace patchbayctl {

/// A job's request; all as text, so that the schema judges it, and reports every fault at once.
[[nodiscard]] patchbay::HoldRequest hold_of(const Job& job);
[[nodiscard]] patchbay::UnholdRequest unhold_of(const Job& job);
/// What is, or may be, on hold, for people.
[[nodiscard]] std::vector<std::string> lines_of(const std::vector<patchbay::HeldInteraction>& held);

/// The library's second door behind plain functions, so that its templates are compiled in one file. Safe to share
/// between threads. It connects when the first job needs it.
class Holds {
 public:
  Holds(const Holds&) = delete;
  Holds& operator=(const Holds&) = delete;
  /// Closes the channel; what is on hold stays so.
  virtual ~Holds() = default;

  /// Holds or releases, as the job says.
  virtual patchbay::Result<patchbay::HoldResult> perform(const Job& job) = 0;
  /// Settles what the journal has open of holds, and watches again who is on hold.
  [[nodiscard]] virtual patchbay::Result<patchbay::RecoveryReport> recover(
      std::optional<patchbay::Duration> budget) = 0;
  /// Interactions that are, or may be, on hold by this program's doing, each as a line for people.
  [[nodiscard]] virtual std::vector<std::string> standing() = 0;

 protected:
  Holds() = default;
};

/// In the dialect that is asked for; null when nobody has said whose holds they are.
[[nodiscard]] std::unique_ptr<Holds> make_holds(const Configuration& configuration);

}  // namespace patchbayctl
