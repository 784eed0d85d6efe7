// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace patchbayctl {

/// SIGINT and SIGTERM ask for an end: what is under way is finished and reported, nothing new is begun. A second one
/// ends the process at once. SIGPIPE becomes a failed write.
void watch_signals();

/// Whether the end was asked for.
[[nodiscard]] bool stop_asked();

/// Becomes readable when the end is asked for; to be polled beside an input.
[[nodiscard]] int stop_descriptor();

}  // namespace patchbayctl
