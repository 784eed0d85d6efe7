// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::detail {

/// Bytes of the well-formed UTF-8 sequence that begins at `text[i]` (Unicode 15, table 3-7); 0 when there is none.
[[nodiscard]] constexpr std::size_t utf8_sequence(std::string_view text, std::size_t i) noexcept {
  const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
  const auto follows = [&](std::size_t k, unsigned low, unsigned high) { return byte(k) >= low && byte(k) <= high; };
  const unsigned first = byte(i);
  if (i >= text.size()) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(i + 1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0U : 0x80U;   // no overlong form
    const unsigned high = first == 0xed ? 0x9fU : 0xbfU;  // no surrogate
    return follows(i + 1, low, high) && follows(i + 2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90U : 0x80U;
    const unsigned high = first == 0xf4 ? 0x8fU : 0xbfU;  // nothing beyond U+10FFFF
    return follows(i + 1, low, high) && follows(i + 2, 0x80, 0xbf) && follows(i + 3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

/// The same answer as `is_valid_utf8`, while compiling too.
[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = utf8_sequence(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

/// The code points of well-formed text.
[[nodiscard]] constexpr std::size_t code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  return count;
}

/// The code point of a well-formed sequence of `length` bytes.
[[nodiscard]] constexpr char32_t utf8_code_point(std::string_view text, std::size_t i, std::size_t length) noexcept {
  const auto byte = [&](std::size_t k) { return static_cast<char32_t>(static_cast<unsigned char>(text[i + k])); };
  switch (length) {
    case 1:
      return byte(0);
    case 2:
      return ((byte(0) & 0x1f) << 6) | (byte(1) & 0x3f);
    case 3:
      return ((byte(0) & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f);
    default:
      return ((byte(0) & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) | (byte(3) & 0x3f);
  }
}

inline void append_utf8(std::string& out, char32_t point) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | (point >> 6)), put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | (point >> 12)), put(0x80 | ((point >> 6) & 0x3f)), put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | (point >> 18)), put(0x80 | ((point >> 12) & 0x3f)), put(0x80 | ((point >> 6) & 0x3f)),
        put(0x80 | (point & 0x3f));
  }
}

/// Appends `text` so that people and JSON can take it: control characters and bytes that are no UTF-8 are escaped, and
/// at most `limit` bytes are appended, never part of a sequence or of an escape.
inline void append_clipped(std::string& out, std::string_view text, std::size_t limit) {
  static constexpr char hex[] = "0123456789abcdef";
  std::size_t room = limit;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = length == 1 ? byte < 0x20 || byte == 0x7f : length == 2 && utf8_code_point(text, i, 2) < 0xa0;
    if (length != 0 && !control) {
      if (length > room) return;
      out.append(text.substr(i, length));
      room -= length;
      i += length;
      continue;
    }
    // A C1 control is two bytes and is shown by its code point, which its second byte spells.
    const auto shown = length == 2 ? static_cast<unsigned char>(text[i + 1]) : byte;
    const std::string_view prefix = length == 0 ? "\\x" : "\\u00";
    if (prefix.size() + 2 > room) return;
    out.append(prefix).push_back(hex[shown >> 4]);
    out.push_back(hex[shown & 15]);
    room -= prefix.size() + 2;
    i += length == 0 ? 1 : length;
  }
}

}  // namespace patchbay::detail
