// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "configuration.hpp"
#include "doors.hpp"
#include "options.hpp"
#include "results.hpp"

namespace patchbayctl {

/// `patchbayctl run`: performs the jobs of a JSON Lines file, with up to `options.in_flight` at once, each line after
/// the lines before it that name the same interaction; writes each result as it comes, or in the order of the lines. Of
/// the file little more is in memory than what is under way. Returns the exit status: the highest of all.
int run(const Options& options, const Configuration& configuration, Doors& doors, Output& output);

}  // namespace patchbayctl
