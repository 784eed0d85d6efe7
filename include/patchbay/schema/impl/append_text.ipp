// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/schema/append_text.hpp>

namespace patchbay::detail {

PATCHBAY_DECL bool append_escaped_text(std::string& out, std::string_view text) {
  append_json_string(out, text);
  return is_valid_utf8(text);
}

}  // namespace patchbay::detail
