// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/identifier.hpp>

namespace patchbay::detail {

/// One code point at the front of a text; `size` bytes, or one byte that is no UTF-8.
struct CodePoint {
  std::uint32_t value;
  std::size_t size;
  bool valid;
};

inline CodePoint next_code_point(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {lead, 1, false};
  std::uint32_t value = lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {lead, 1, false};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  const bool too_long = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (too_long || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {lead, 1, false};
  return {value, size, true};
}

/// Whether a code point shows nothing itself but changes what a terminal or a page does: controls, line separators,
/// zero-width characters, and those that turn the direction of writing.
constexpr bool is_unseen(std::uint32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

/// Appends `text` as something that can be seen: ASCII through `ascii(c, next)`, which appends it in the way of the
/// format; unseen code points and broken UTF-8 through `escape`, as `\u{1B}` and `\x{FF}`; the rest as it is.
template <class Ascii, class Escape>
void append_visible(std::string& out, std::string_view text, Ascii&& ascii, Escape&& escape) {
  while (!text.empty()) {
    const CodePoint point = next_code_point(text);
    if (!point.valid || is_unseen(point.value)) {
      char shown[12];
      std::size_t at = sizeof shown;
      shown[--at] = '}';
      std::uint32_t rest = point.value;
      do {
        shown[--at] = upper_hex[rest & 15];
        rest >>= 4;
      } while (rest != 0);
      shown[--at] = '{';
      shown[--at] = point.valid ? 'u' : 'x';
      shown[--at] = '\\';
      escape(std::string_view(shown + at, sizeof shown - at));
    } else if (point.value < 0x80) {
      ascii(text[0], text.size() > 1 ? text[1] : '\0');
    } else {
      out.append(text.substr(0, point.size));
    }
    text.remove_prefix(point.size);
  }
}

/// The same where an escape is written like any other text.
template <class Ascii>
void append_visible(std::string& out, std::string_view text, Ascii&& ascii) {
  append_visible(out, text, ascii, [&](std::string_view shown) {
    for (const char c : shown) ascii(c, '\0');
  });
}

/// In double quotes, in which `"` and `\` are escaped.
inline void append_visible_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  const auto ascii = [&](char c, char) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  };
  append_visible(out, text, ascii, [&](std::string_view shown) { out.append(shown); });
  out.push_back('"');
}

/// As it is when it is one plain word, else in quotes: a name cannot pretend to be a part of the drawing.
inline void append_word(std::string& out, std::string_view text) {
  bool plain = !text.empty();
  for (std::string_view rest = text; plain && !rest.empty();) {
    const CodePoint point = next_code_point(rest);
    plain = point.valid && (point.value < 0x80 ? is_unreserved(rest[0])
                                               : !is_unseen(point.value) && point.value != 0xa0 &&
                                                     (point.value < 0x2000 || point.value > 0x2bff));
    rest.remove_prefix(point.size);
  }
  if (plain) {
    out.append(text);
  } else {
    append_visible_quoted(out, text);
  }
}

}  // namespace patchbay::detail
