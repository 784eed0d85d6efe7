// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/curl/blocking_transport.hpp>

namespace patchbay::test {

/// What the suites of this room run against.
struct Tested {
  using Transport = curl::BlockingTransport;
  using Options = curl::Options;
  /// Its words for a certificate that is not the host's.
  static constexpr const char* wrong_name = "no alternative certificate subject name matches";
  static constexpr const char* wrong_address = "no alternative certificate subject name matches";
  static constexpr bool forgives_last_newline = true;  ///< That of a chunked answer, when everything else has come.
  static constexpr int looks_by_poll = 1;              ///< How often it polls a kept connection before it uses it.
};

}  // namespace patchbay::test
