// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/result.hpp>

namespace patchbay {

namespace detail {

inline constexpr char upper_hex[] = "0123456789ABCDEF";

constexpr bool is_ascii_alnum(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// RFC 3986 section 2.3; a table, since every identifier of every operation is looked at.
inline constexpr auto unreserved = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 128; ++i) table[i] = is_ascii_alnum(static_cast<char>(i));
  for (const char c : {'-', '.', '_', '~'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
constexpr bool is_unreserved(char c) noexcept { return unreserved[static_cast<unsigned char>(c)]; }
constexpr bool is_unreserved(std::string_view text) noexcept {
  for (const char c : text)
    if (!is_unreserved(c)) return false;
  return true;
}

inline void append_percent_byte(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(upper_hex[byte >> 4]);
  out.push_back(upper_hex[byte & 15]);
}

/// Appends `value` in quotes, fit for a message: its first `limit` bytes, with everything but printable ASCII as
/// `\xNN`.
inline void append_shown(std::string& out, std::string_view value, std::size_t limit = 64) {
  out.push_back('"');
  for (const char c : value.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      out.append("\\x");
      out.push_back(upper_hex[byte >> 4]);
      out.push_back(upper_hex[byte & 15]);
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  if (value.size() > limit) out.append("...");
  out.push_back('"');
}

}  // namespace detail

/// Whether `text` may stand in a request's path as a flow's or an interaction's id: 1 to 128 of `[A-Za-z0-9._~-]`, and
/// neither `.` nor `..` (hazard A18).
[[nodiscard]] constexpr bool is_identifier(std::string_view text) noexcept {
  if (text.empty() || text.size() > 128 || text == "." || text == "..") return false;
  return detail::is_unreserved(text);
}

namespace detail {

/// Whether all of eight bytes are hexadecimal digits.
[[nodiscard]] constexpr bool are_hex_digits(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  if ((bytes & tops) != 0) return false;  // so that no sum below carries into the next byte
  const std::uint64_t from_zero = bytes ^ (ones * '0'), lower = bytes | (ones * 0x20);
  const std::uint64_t no_digit = from_zero + ones * (0x7f - 9);
  const std::uint64_t from_a = lower + ones * (0x80 - 'a'), beyond_f = lower + ones * (0x7f - 'f');
  return ((~no_digit | (from_a & ~beyond_f)) & tops) == tops;
}

}  // namespace detail

/// Whether `text` is a UUID in its 8-4-4-4-12 form, of any version and case.
[[nodiscard]] constexpr bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  const auto four = [&](std::size_t at) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < 4; ++i) bytes |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
    return bytes;
  };
  const auto hex = [&](std::size_t first, std::size_t second) {
    return detail::are_hex_digits(four(first) | four(second) << 32U);
  };
  return hex(0, 4) && hex(9, 14) && hex(19, 24) && hex(28, 32);
}

/// `invalid_argument` unless `is_identifier(value)`. The message names `what` and the rule, and shows at most the first
/// 64 bytes of the value, escaped.
[[nodiscard]] inline Result<void> check_identifier(std::string_view value, std::string_view what) {
  if (is_identifier(value)) return {};
  std::string message(what);
  message.append(": expected 1 to 128 of A-Z a-z 0-9 . _ ~ -, and neither \".\" nor \"..\"; got ");
  detail::append_shown(message, value);
  if (value.size() > 128) message.append(" of ").append(std::to_string(value.size())).append(" bytes");
  return fail(ErrorCode::invalid_argument, std::move(message));
}

/// `invalid_argument` unless `is_uuid(value)`; the message as for `check_identifier`.
[[nodiscard]] inline Result<void> check_uuid(std::string_view value, std::string_view what) {
  if (is_uuid(value)) return {};
  std::string message(what);
  message.append(": expected a UUID such as 550e8400-e29b-41d4-a716-446655440000; got ");
  detail::append_shown(message, value);
  return fail(ErrorCode::invalid_argument, std::move(message));
}

/// Appends `text` to a path segment or a query: all but the unreserved characters as `%XX` (RFC 3986 section 2.1).
inline void append_percent_encoded(std::string& out, std::string_view text) {
  if (detail::is_unreserved(text)) {  // identifiers are
    out.append(text);
    return;
  }
  for (const char c : text) {
    if (detail::is_unreserved(c)) {
      out.push_back(c);
    } else {
      detail::append_percent_byte(out, c);
    }
  }
}

/// Appends `text` to an `application/x-www-form-urlencoded` body as HTML's forms do it: a space is `+`, and all but
/// letters, digits, `*`, `-`, `.` and `_` is `%XX` (WHATWG URL Standard section 5.2).
inline void append_form_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == ' ') {
      out.push_back('+');
    } else if (detail::is_ascii_alnum(c) || c == '*' || c == '-' || c == '.' || c == '_') {
      out.push_back(c);
    } else {
      detail::append_percent_byte(out, c);
    }
  }
}

/// Makes ASCII letters small, so that an id has one spelling.
inline void make_lower_case(std::string& text) noexcept {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
}

}  // namespace patchbay
