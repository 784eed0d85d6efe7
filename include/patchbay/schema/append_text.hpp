// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/schema/json_sink.hpp>

namespace patchbay::detail {

/// Appends `text` as a JSON string that has to be escaped, or may have to.
PATCHBAY_DECL bool append_escaped_text(std::string& out, std::string_view text);

/// Appends `text` as a JSON string; false, and nothing of use, when it is no UTF-8. Most text needs one look.
[[nodiscard]] inline bool append_text(std::string& out, std::string_view text) {
  if (needs_no_escape(text)) {
    out.push_back('"');
    out.append(text).push_back('"');
    return true;
  }
  return append_escaped_text(out, text);
}

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/append_text.ipp>
#endif
