// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Every public header, in a program without exceptions and run-time type information.
#include "every_header.hpp"

int main() {
  const auto refused = patchbay::Endpoint::parse("ftp://host", "base_url");
  if (refused || refused.error().code() != patchbay::ErrorCode::invalid_settings) return 1;
  const auto accepted = patchbay::Endpoint::parse("https://host", "base_url");
  return accepted && accepted->port() == 443 ? 0 : 2;
}
