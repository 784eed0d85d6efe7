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

  explicit HoldLoop(const Configuration& configuration);
  HoldLoop(const HoldLoop&) = delete;
  HoldLoop& operator=(const HoldLoop&) = delete;
  ~HoldLoop();

  /// Begins to hold or release, as the job says; `ended` is called once, by the thread that runs the loop. From any
  /// thread.
  void start(const Job& job, Ended ended);
  using Recovered = std::function<void(patchbay::Result<patchbay::RecoveryReport>)>;
  /// Begins to settle what the journal has open of holds, and to watch again who is on hold; `recovered` is called as
  /// `ended` is.
  void start_recover(Recovered recovered);
  /// Runs the loop until a stop is requested; then closes the channel, which leaves on hold what is, and returns when
  /// all that was begun has ended.
  void run(std::stop_token stop);
  /// Interactions that are, or may be, on hold by this program's doing, each as a line for people.
  [[nodiscard]] std::vector<std::string> standing() const;

 private:
  class Door;
  std::unique_ptr<Door> door_;
};

}  // namespace patchbayctl
