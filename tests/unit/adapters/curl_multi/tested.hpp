// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stop_token>
#include <thread>

#include <patchbay/curl/transport.hpp>

#include "../suite/bridge.hpp"

namespace patchbay::test {

/// A loop of libcurl's on a thread of its own.
class RunningLoop {
 public:
  using Options = curl::PoolOptions;

  explicit RunningLoop(Options options) : loop_(std::move(options)), transport_(loop_) {}
  [[nodiscard]] curl::Transport& transport() noexcept { return transport_; }

 private:
  curl::Loop loop_;
  curl::Transport transport_;
  std::jthread thread_{[this](std::stop_token stop) { loop_.run(std::move(stop)); }};
};

/// What the suites of this room run against.
struct Tested {
  using Transport = Bridged<RunningLoop>;
  using Options = curl::PoolOptions;
  /// Its words for a certificate that is not the host's.
  static constexpr const char* wrong_name = "no alternative certificate subject name matches";
  static constexpr const char* wrong_address = "no alternative certificate subject name matches";
  static constexpr bool forgives_last_newline = true;  ///< That of a chunked answer, when everything else has come.
  static constexpr int looks_by_poll = 1;              ///< How often it polls a kept connection before it uses it.
};

}  // namespace patchbay::test
