// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include <patchbay/policy/text_logger.hpp>
#include <patchbay/settings.hpp>

#include "dialect.hpp"
#include "options.hpp"
#include "recorder.hpp"
#include "sync_thread.hpp"

namespace patchbayctl {

/// All that the doors are built from.
class Configuration {
 public:
  std::unique_ptr<SyncThread> sync_thread;  ///< Outlives the journal in `settings`.
  patchbay::Settings settings;
  patchbay::TextLogger logger{nullptr};
  bool strict = false;
  SpokenDialect dialect;
  std::string journal_folder;  ///< Empty: no journal.
  std::string ca_file;  ///< Empty: the system's trust store.
  std::shared_ptr<Recorder> recorder;
};

/// The journal's folder by flag or environment alone, for commands that need nothing else; empty when there is none.
[[nodiscard]] std::string journal_folder_of(const Options& options);

/// What options and environment ask for; `invalid_settings`, naming the variable, when something is missing or cannot
/// work.
[[nodiscard]] patchbay::Result<Configuration> configure(const Options& options);

}  // namespace patchbayctl
