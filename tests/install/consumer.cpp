// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include <fmt/format.h>

#include <patchbay/json/read.hpp>
#include <patchbay/settings.hpp>
#include <patchbay/version.hpp>

int main() {
  const patchbay::Settings settings;  // is defined in patchbay::compiled, where that is linked
  const auto endpoint = settings.endpoint("https://api.example.com/gateway", "base_url");
  if (!endpoint) return 1;
  const std::string line = fmt::format("patchbay {}.{}.{} for {}", PATCHBAY_VERSION_MAJOR, PATCHBAY_VERSION_MINOR,
                                       PATCHBAY_VERSION_PATCH, endpoint->origin());
  return std::puts(line.c_str()) < 0 ? 1 : 0;
}
