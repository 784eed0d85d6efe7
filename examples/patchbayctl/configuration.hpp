// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

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
  SpokenDialect dialect;                      ///< Of moves.
  /// Of holds, which are a participant's on the platform; nothing when nobody has said whose.
  std::optional<SpokenDialect> hold_dialect;
  std::string journal_folder;  ///< Empty: no journal.
  std::string ca_file;  ///< Empty: the system's trust store.
  std::shared_ptr<Recorder> recorder;

  [[nodiscard]] bool is_platform() const noexcept {
    return std::holds_alternative<patchbay::cloud::Platform>(dialect);
  }
  /// Whether somebody has said whose side is held, or nobody needs to, as with the documents' dialect.
  [[nodiscard]] bool names_holder() const noexcept {
    const auto* const platform = hold_dialect ? std::get_if<patchbay::cloud::Platform>(&*hold_dialect) : nullptr;
    return hold_dialect && (platform == nullptr || !platform->participant.text().empty());
  }
  /// Whether the reason of a hold is left with the cloud, beside the hold.
  [[nodiscard]] bool keeps_reason() const noexcept {
    const auto* const platform = hold_dialect ? std::get_if<patchbay::cloud::Platform>(&*hold_dialect) : nullptr;
    return platform != nullptr && !platform->hold_reason_attribute.empty();
  }
};

/// The journal's folder by flag or environment alone, for commands that need nothing else; empty when there is none.
[[nodiscard]] std::string journal_folder_of(const Options& options);

/// What options and environment ask for; `invalid_settings`, naming the variable, when something is missing or cannot
/// work.
[[nodiscard]] patchbay::Result<Configuration> configure(const Options& options);

}  // namespace patchbayctl
