// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <patchbay/error.hpp>

#include "configuration.hpp"
#include "job.hpp"

namespace patchbayctl {
class Holds {
 public:
  explicit Holds(const Configuration&) {}
  std::optional<patchbay::Error> perform(const Job&) { return patchbay::Error(patchbay::ErrorCode::closed, "not yet"); }
  void pump_in_background() {}
  int report_standing() { return 0; }
};
}  // namespace patchbayctl
