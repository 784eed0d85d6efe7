// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <patchbay/json/number.hpp>  // is_digit
#include <patchbay/json/write.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

PATCHBAY_DECL void MediaFileRule::describe(JsonWriter& writer) {
  std::string pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]*\\.(?:";
  for (const std::string_view extension : extensions) {
    if (extension != extensions[0]) pattern.push_back('|');
    for (const char c : extension) {
      if (detail::is_digit(c)) {
        pattern.push_back(c);
      } else {
        pattern.append({'[', c, static_cast<char>(c - 'a' + 'A'), ']'});
      }
    }
  }
  pattern.append(")$");
  writer.member("type", "string").member("maxLength", 128).member("pattern", pattern);
}

}  // namespace patchbay
