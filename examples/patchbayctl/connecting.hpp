// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/beast/options.hpp>

#include "configuration.hpp"

namespace patchbayctl {

/// How the transports over Boost.Beast connect.
[[nodiscard]] inline patchbay::beast::Options connecting(const Configuration& configuration) {
  patchbay::beast::Options out;
  out.trusted_ca_file = configuration.ca_file;
  return out;
}

}  // namespace patchbayctl
