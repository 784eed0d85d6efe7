// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/json/write.hpp>
#include <patchbay/schema/json_text.hpp>

// The conversions of ECMAScript that document A's `coerceVariables` rests on, for `Coercion::lenient`. The section
// numbers are those of ECMA-262, 15th edition. JSON that comes in here is checked and minified.
namespace patchbay::detail::javascript {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Bytes of the white space or line terminator (11.2, 11.3) that begins at `text[i]`; 0 when there is none.
[[nodiscard]] inline std::size_t space(std::string_view text, std::size_t i) noexcept {
  const std::size_t length = utf8_sequence(text, i);
  if (length == 0) return 0;
  const char32_t c = utf8_code_point(text, i, length);
  const bool is_space = (c >= 0x09 && c <= 0x0d) || c == ' ' || c == 0xa0 || c == 0xfeff || c == 0x1680 ||
                        (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
                        c == 0x3000;
  return is_space ? length : 0;
}

[[nodiscard]] inline std::string_view trim_start(std::string_view text) noexcept {
  while (const std::size_t length = space(text, 0)) text.remove_prefix(length);
  return text;
}

[[nodiscard]] inline std::string_view trim(std::string_view text) noexcept {
  text = trim_start(text);
  std::size_t keep = 0;  // end of the last character that is no white space
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t white = space(text, i);
    if (white != 0) {
      i += white;
      continue;
    }
    const std::size_t length = utf8_sequence(text, i);
    i += length == 0 ? 1 : length;
    keep = i;
  }
  return text.substr(0, keep);
}

/// The number that the longest prefix of `text` spells which is a decimal literal (7.1.4.1), and where that ends; NaN
/// and 0 when there is none.
struct Prefix {
  double value = not_a_number;
  std::size_t end = 0;
};

[[nodiscard]] inline Prefix decimal_prefix(std::string_view text) {
  std::size_t i = text.starts_with('+') || text.starts_with('-') ? 1 : 0;
  const bool negative = text.starts_with('-');
  if (text.substr(i).starts_with("Infinity")) return {negative ? -infinity : infinity, i + 8};
  const std::size_t whole = i;
  i = skip_digits(text, i);
  std::size_t digits = i - whole;
  std::size_t end = i;
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = skip_digits(text, i + 1);
    digits += fraction - i - 1;
    if (digits != 0) end = fraction;
  }
  if (digits == 0) return {};
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const std::size_t stop = skip_digits(text, exponent);
    if (stop != exponent) end = stop;
  }
  // `from_chars` takes all these spellings but the sign `+`.
  const std::string_view token = text.substr(whole, end - whole);
  double value = 0;
  if (std::from_chars(token.data(), token.data() + token.size(), value).ec == std::errc::result_out_of_range)
    value = is_underflow(token) ? 0.0 : infinity;
  return {negative ? -value : value, end};
}

/// `parseFloat` (19.2.4).
[[nodiscard]] inline double parse_float(std::string_view text) { return decimal_prefix(trim_start(text)).value; }

/// Digits of a literal with prefix 0x, 0o or 0b (12.9.3): `bits` each, rounded once, to nearest, ties to even.
[[nodiscard]] inline double radix_literal(std::string_view digits, int bits) noexcept {
  if (digits.empty()) return not_a_number;
  std::uint64_t top = 0;     // the leading 64 bits or fewer
  std::int64_t dropped = 0;  // bits behind them
  bool sticky = false;
  for (const char c : digits) {
    const int digit = is_digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 99;
    if (digit >= (1 << bits)) return not_a_number;
    for (int bit = bits - 1; bit >= 0; --bit) {
      const bool one = ((digit >> bit) & 1) != 0;
      if (top >> 62) {
        ++dropped;
        sticky |= one;
      } else {
        top = top << 1 | (one ? 1 : 0);
      }
    }
  }
  // 63 bits are ten more than a double holds, so the lowest can stand for all that was dropped.
  return std::ldexp(static_cast<double>(top | (sticky ? 1U : 0U)),
                    static_cast<int>(std::min<std::int64_t>(dropped, 4096)));
}

/// `Number` of a string (7.1.4.1.1).
[[nodiscard]] inline double string_to_number(std::string_view text) {
  text = trim(text);
  if (text.empty()) return 0;
  if (text.size() > 2 && text[0] == '0') {
    const char radix = static_cast<char>(text[1] | 0x20);
    if (radix == 'x') return radix_literal(text.substr(2), 4);
    if (radix == 'o') return radix_literal(text.substr(2), 3);
    if (radix == 'b') return radix_literal(text.substr(2), 1);
  }
  const Prefix prefix = decimal_prefix(text);
  return prefix.end == text.size() ? prefix.value : not_a_number;
}

/// Appends `String` of a number (6.1.6.1.20); what is not finite is spelled out.
inline void append_number(std::string& out, double value) {
  if (std::isnan(value)) return void(out.append("NaN"));
  if (value == 0) return out.push_back('0');
  if (value < 0) out.push_back('-'), value = -value;
  if (std::isinf(value)) return void(out.append("Infinity"));
  // The shortest digits that read back, as d.ddde±x; JavaScript wants the same digits in another layout.
  char text[40];
  const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const std::string_view spelled(text, static_cast<std::size_t>(end - text));
  const std::size_t e = spelled.find('e');
  char digits[24];
  std::size_t count = 0;
  for (const char c : spelled.substr(0, e))
    if (c != '.') digits[count++] = c;
  int exponent = 0;
  for (const char c : spelled.substr(e + 2)) exponent = exponent * 10 + (c - '0');
  if (spelled[e + 1] == '-') exponent = -exponent;
  const int point = exponent + 1;  // digits before the decimal point
  const std::string_view all(digits, count);
  if (point >= static_cast<int>(count) && point <= 21) {
    out.append(all).append(static_cast<std::size_t>(point) - count, '0');
  } else if (point > 0 && point <= 21) {
    out.append(all.substr(0, static_cast<std::size_t>(point)))
        .append(".")
        .append(all.substr(static_cast<std::size_t>(point)));
  } else if (point > -6 && point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(all);
  } else {
    out.append(all.substr(0, 1));
    if (count > 1) out.append(".").append(all.substr(1));
    out.append(exponent < 0 ? "e-" : "e+");
    append_json_number(out, exponent < 0 ? -exponent : exponent);
  }
}

/// Appends `String` of a JSON value (7.1.17). False where JavaScript throws: an object with a member `toString`, which
/// hides the function of that name, or an array that holds one.
[[nodiscard]] inline bool append_string(std::string& out, std::string_view json) {
  switch (json.front()) {
    case '"':
      append_unescaped(out, json);
      return true;
    case '[': {
      bool fine = true, first = true;
      each_of(json, [&](std::string_view item) {
        if (!first) out.push_back(',');
        first = false;
        if (item != "null") fine &= append_string(out, item);
      });
      return fine;
    }
    case '{': {
      bool hidden = false;
      std::string name;
      each_of(json, [&](std::string_view key, std::string_view) {
        name.clear();
        append_unescaped(name, key);
        hidden |= name == "toString";
      });
      out.append("[object Object]");
      return !hidden;
    }
    case 't':
    case 'f':
    case 'n':
      out.append(json);
      return true;
    default:
      append_number(out, parse_json_number(json).value_or(not_a_number));
      return true;
  }
}

/// `Number` of a JSON value that is no string (7.1.4).
[[nodiscard]] inline double to_number(std::string_view json) {
  switch (json.front()) {
    case 't':
      return 1;
    case 'f':
    case 'n':
      return 0;
    case '{':
      return not_a_number;
    case '[': {
      std::string text;
      return append_string(text, json) ? string_to_number(text) : not_a_number;
    }
    default:
      return parse_json_number(json).value_or(not_a_number);
  }
}

}  // namespace patchbay::detail::javascript
