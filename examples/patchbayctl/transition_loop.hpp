// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include <patchbay/recovery_report.hpp>
#include <patchbay/result.hpp>
#include <patchbay/transition_request.hpp>

#include "configuration.hpp"

namespace patchbayctl {

/// The library's first door on an event loop, behind plain functions, so that its templates are compiled in one file
/// for each library that carries its HTTP.
class TransitionLoop {
 public:
  using Ended = std::function<void(patchbay::Result<patchbay::TransitionResult>)>;

  TransitionLoop(const TransitionLoop&) = delete;
  TransitionLoop& operator=(const TransitionLoop&) = delete;
  virtual ~TransitionLoop() = default;

  /// Begins a transition; `ended` is called once, by the thread that runs the loop. From any thread.
  virtual void start(patchbay::TransitionRequest request, Ended ended) = 0;
  using Recovered = std::function<void(patchbay::Result<patchbay::RecoveryReport>)>;
  /// Begins to settle what the journal has open of transitions; `recovered` is called as `ended` is.
  virtual void start_recover(Recovered recovered) = 0;
  /// Runs the loop until a stop is requested, and then, for `patience` at most, until what was begun has ended:
  /// webhooks that a journal holds may wait for their CRM for long.
  virtual void run(std::stop_token stop, patchbay::Duration patience) = 0;

 protected:
  TransitionLoop() = default;
};

[[nodiscard]] std::unique_ptr<TransitionLoop> make_beast_loop(const Configuration& configuration);
/// Null where this program was built without libcurl.
[[nodiscard]] std::unique_ptr<TransitionLoop> make_curl_loop(const Configuration& configuration);

}  // namespace patchbayctl
