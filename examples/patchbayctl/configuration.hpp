// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include <patchbay/policy/text_logger.hpp>
#include <patchbay/settings.hpp>

#include "options.hpp"
#include "recorder.hpp"

namespace patchbayctl {

/// All that the doors are built from.
class Configuration {
 public:
  patchbay::Settings settings;
  patchbay::TextLogger logger{nullptr};
  bool strict = false;
  std::string ca_file;  ///< Empty: the system's trust store.
  std::shared_ptr<Recorder> recorder;
};

/// What options and environment ask for; `invalid_settings`, naming the variable, when something is missing or cannot
/// work.
[[nodiscard]] patchbay::Result<Configuration> configure(const Options& options);

}  // namespace patchbayctl
