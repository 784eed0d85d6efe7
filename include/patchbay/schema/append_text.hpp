// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <string>
#include <string_view>

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

namespace patchbay::detail {

/// Whether each of 8 bytes stands in a JSON string as it is: printable ASCII but quote and backslash.
[[nodiscard]] constexpr bool are_plain(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  const std::uint64_t quote = bytes ^ (ones * '"'), backslash = bytes ^ (ones * '\\');
  return (((bytes - ones * 0x20) | (quote - ones) | (backslash - ones) | bytes) & high) == 0;
}

/// Whether all of `text` stands in a JSON string as it is; false when in doubt.
[[nodiscard]] inline bool needs_no_escape(std::string_view text) noexcept {
  if (text.empty()) return true;
  std::uint64_t bytes = 0x2020202020202020;
  if (text.size() < sizeof bytes) {
    std::memcpy(&bytes, text.data(), text.size());
    return are_plain(bytes);
  }
  const auto at = [&](std::size_t i) { return std::memcpy(&bytes, text.data() + i, sizeof bytes), are_plain(bytes); };
  for (std::size_t i = 0; i + sizeof bytes <= text.size(); i += sizeof bytes)
    if (!at(i)) return false;
  return at(text.size() - sizeof bytes);
}

/// Appends `text` as a JSON string; false, and nothing of use, when it is no UTF-8. Most text needs one look.
[[nodiscard]] inline bool append_text(std::string& out, std::string_view text) {
  if (needs_no_escape(text)) {
    out.push_back('"');
    out.append(text).push_back('"');
    return true;
  }
  append_json_string(out, text);
  return is_valid_utf8(text);
}

}  // namespace patchbay::detail
