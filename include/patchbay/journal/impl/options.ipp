// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/journal/options.hpp>

namespace patchbay {

PATCHBAY_DECL Result<void> JournalOptions::check() const {
  const auto refuse = [](const char* what) { return fail(ErrorCode::invalid_settings, what); };
  if (sync.kind() == JournalSync::Kind::interval) {
    if (sync.span() <= Duration::zero()) return refuse("journal.sync: the interval must be positive");
    if (!now) return refuse("journal.now: an interval needs a clock");
  }
  if (segment_bytes < 4096) return refuse("journal.segment_bytes: must be at least 4096");
  if (keep_segments > 1'000'000) return refuse("journal.keep_segments: must be at most 1000000");
  if (max_open_intents == 0) return refuse("journal.max_open_intents: must be positive");
  if (max_deliveries == 0) return refuse("journal.max_deliveries: must be positive");
  if (max_record_bytes < 4096) return refuse("journal.max_record_bytes: must be at least 4096");
  // A record's length is written in 32 bits; a checkpoint holds everything pending, where text may double.
  if (max_record_bytes > max_pending_bytes)
    return refuse("journal.max_pending_bytes: must not be below max_record_bytes");
  if (max_pending_bytes > std::size_t{512} << 20U) return refuse("journal.max_pending_bytes: must be at most 512 MiB");
  if (max_bytes < 2 * segment_bytes || max_bytes < max_pending_bytes)
    return refuse("journal.max_bytes: must hold two segments, and max_pending_bytes");
  return {};
}

}  // namespace patchbay
