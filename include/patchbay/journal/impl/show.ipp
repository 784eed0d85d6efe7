// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/journal/frame.hpp>
#include <patchbay/journal/show.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

namespace patchbay {

PATCHBAY_DECL Result<JournalListing> write_json_lines(JournalStorage& storage,
                                                      const std::function<void(std::string_view)>& line) {
  JournalListing listing;
  const auto listed = storage.list();
  if (!listed) return fail(ErrorCode::journal_failed, listed.error().reason);
  JsonReader reader;
  std::string out, payload;
  for (const std::uint64_t segment : *listed) {
    const auto bytes = storage.read(segment);
    if (!bytes && bytes.error().fault == StorageFault::missing) continue;  // it was removed meanwhile
    if (!bytes) return fail(ErrorCode::journal_failed, bytes.error().reason);
    for (std::size_t at = 0; at < bytes->size();) {
      detail::JournalFrame frame;
      const char* wrong = detail::read_frame(std::string_view(*bytes).substr(at), frame);
      payload.clear();
      if (!wrong && (!frame.payload.starts_with('{') || !reader.minify(frame.payload, payload)))
        wrong = "a record is no JSON object";
      out.clear();
      JsonWriter json(out);
      json.begin_object();
      if (!wrong) {
        json.member("position", frame.position)
            .member("kind", to_string(frame.kind))
            .member("segment", segment)
            .member("offset", at);
        json.members(std::string_view(payload).substr(1, payload.size() - 2));  // without its braces
        ++listing.records;
        at += frame.size;
      } else {
        const std::size_t next =
            frame.size != 0 ? at + frame.size : std::min(detail::find_frame(*bytes, at + 1), bytes->size());
        json.member("kind", "damaged")
            .member("segment", segment)
            .member("offset", at)
            .member("bytes", next - at)
            .member("reason", wrong);
        ++listing.damaged;
        at = next;
      }
      json.end_object();
      line(out);
    }
  }
  return listing;
}

}  // namespace patchbay
