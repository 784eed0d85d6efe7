// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <patchbay/hold_request.hpp>
#include <patchbay/recovery_report.hpp>
#include <patchbay/result.hpp>

#include "configuration.hpp"
#include "job.hpp"

namespace patchbayctl {

/// The library's second door on an event loop of Boost.Asio, behind plain functions. The channel is opened for the
/// first job and served from then on, between jobs too.
class HoldLoop {
 public:
  using Ended = std::function<void(patchbay::Result<patchbay::HoldResult>)>;

  HoldLoop(const HoldLoop&) = delete;
  HoldLoop& operator=(const HoldLoop&) = delete;
  virtual ~HoldLoop() = default;

  /// Begins to hold or release, as the job says; `ended` is called once, by the thread that runs the loop. From any
  /// thread.
  virtual void start(const Job& job, Ended ended) = 0;
  using Recovered = std::function<void(patchbay::Result<patchbay::RecoveryReport>)>;
  /// Begins to settle what the journal has open of holds, and to watch again who is on hold; `recovered` is called as
  /// `ended` is.
  virtual void start_recover(Recovered recovered) = 0;
  /// Runs the loop until a stop is requested; then closes the channel, which leaves on hold what is, and returns when
  /// all that was begun has ended.
  virtual void run(std::stop_token stop) = 0;
  /// Interactions that are, or may be, on hold by this program's doing, each as a line for people.
  [[nodiscard]] virtual std::vector<std::string> standing() = 0;

 protected:
  HoldLoop() = default;
};

/// In the dialect that is asked for, where somebody has said whose holds they are.
[[nodiscard]] std::unique_ptr<HoldLoop> make_hold_loop(const Configuration& configuration);

}  // namespace patchbayctl
