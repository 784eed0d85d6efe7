// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/beast/blocking_transport.hpp>

namespace patchbay::test {

/// What the suites of this room run against.
struct Tested {
  using Transport = beast::BlockingTransport;
  using Channel = beast::Channel;
  using Options = beast::Options;
  /// Its words for a certificate that is not the host's.
  static constexpr const char* wrong_name = "ostname mismatch";
  static constexpr const char* wrong_address = "IP address mismatch";
  static constexpr bool forgives_last_newline = false;  ///< That of a chunked answer, when everything else has come.
  static constexpr int looks_by_poll = 0;               ///< How often it polls a kept connection before it uses it.
};

}  // namespace patchbay::test
