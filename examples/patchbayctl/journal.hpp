// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <patchbay/recovery_report.hpp>
#include <patchbay/result.hpp>

#include "configuration.hpp"
#include "doors.hpp"
#include "options.hpp"
#include "results.hpp"

namespace patchbayctl {

/// Opens the journal that the configuration names, if it names one, for the doors that are built from it.
[[nodiscard]] patchbay::Result<void> open_journal(Configuration& configuration);

/// One sentence for people; empty when there is nothing to say.
[[nodiscard]] std::string sentence_of(const patchbay::RecoveryReport& report);

/// Before `transition`, `hold` or `run`, behind `unhold`: settles what earlier processes left open, as far as one look
/// at each interaction does, and says so on stderr.
void look_back(const Configuration& configuration, Doors& doors, Command command);

/// `patchbayctl recover`: settles all of it, and writes a line for each operation that was open. The exit status.
[[nodiscard]] int recover(const Configuration& configuration, Doors& doors, Output& output);
/// `patchbayctl release-all`: takes everybody off hold who is, or may be, by what the journal says. The exit status.
[[nodiscard]] int release_all(const Options& options, const Configuration& configuration, Doors& doors, Output& output);
/// `patchbayctl journal show`: every record as a line. The exit status.
[[nodiscard]] int show_journal(const std::string& folder, Output& output);
/// Delivers the webhooks that the journal holds, for at most the deadline.
void deliver_webhooks(const Configuration& configuration, Doors& doors);
/// Says on stderr that webhooks are left in the journal, if there are any.
void say_undelivered(const Configuration& configuration);

}  // namespace patchbayctl
