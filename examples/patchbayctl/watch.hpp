// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "configuration.hpp"
#include "options.hpp"
#include "results.hpp"

namespace patchbayctl {

/// `watch`: prints how the parties of a user's conversations stand, one line for each change, as the platform's channel
/// tells it, until the end is asked for or the time is up. The channel is the hold door's, which keeps it open. Returns
/// the exit status: that of the refusal when the channel is refused.
[[nodiscard]] int watch(const Options& options, const Configuration& configuration, Output& output);

}  // namespace patchbayctl
