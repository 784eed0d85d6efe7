// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/schema/json_sink.hpp>

namespace patchbay::detail {

PATCHBAY_DECL bool JsonSink::make_room(std::size_t count) {
  if (out_ == nullptr) {
    missing_ += count;
    end_ = next_;  // nothing may follow what is missing
    return false;
  }
  const std::size_t written = size();
  out_->resize(written + count + (std::max)(written / 2, std::size_t{64}));
  rebase(written);
  return true;
}

PATCHBAY_DECL bool JsonSink::text_with_escapes(std::string_view text) {
  if (!needs_no_escape(text)) {
    if (!is_valid_utf8(text)) return false;
    return with_string([&](std::string& out) { return append_json_string(out, text), true; });
  }
  quoted(text);
  return true;
}

}  // namespace patchbay::detail
