// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/journal/storage.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// What `write_json_lines` has written.
class JournalListing {
 public:
  JournalListing() = default;
  std::uint64_t records = 0;
  std::uint64_t damaged = 0;  ///< Places that do not verify; a torn end is one of them.
};

/// Calls `line` for each record of a journal, oldest first, with one JSON object on a line without its end:
/// `{"position":7,"kind":"intent","segment":1,"offset":412,...}`, followed by the members of the record's payload;
/// times are microseconds since 1970. A place that does not verify is a line with `"kind":"damaged"`, its `bytes` and
/// the reason, and the next record that does follows. Changes nothing, and may look at a journal that is being written
/// (`FileStorage::Access::read`): its end then may look torn. `journal_failed` when the storage fails.
[[nodiscard]] PATCHBAY_DECL Result<JournalListing> write_json_lines(JournalStorage& storage,
                                                                    const std::function<void(std::string_view)>& line);

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/journal/impl/show.ipp>
#endif
