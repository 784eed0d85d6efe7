// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cmath>  // isfinite
#include <cstdint>
#include <optional>
#include <string_view>

namespace patchbay {

namespace detail {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr std::size_t skip_digits(std::string_view text, std::size_t i) noexcept {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

/// Whether a JSON number that does not fit a double is too small rather than too large: the sign of the power of ten of
/// its first significant digit.
inline bool is_underflow(std::string_view number) noexcept {
  if (number.starts_with('-')) number.remove_prefix(1);
  const std::size_t e = number.find_first_of("eE");
  std::int64_t exponent = 0;
  bool negative = false;
  if (e != std::string_view::npos) {
    std::string_view digits = number.substr(e + 1);
    negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    for (const char c : digits)
      if (exponent < 1'000'000'000'000) exponent = exponent * 10 + (c - '0');
    if (negative) exponent = -exponent;
  }
  const std::string_view mantissa = number.substr(0, e);
  const std::size_t point = mantissa.find('.');
  const auto whole = static_cast<std::int64_t>(point == std::string_view::npos ? mantissa.size() : point);
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return true;  // zero, whatever its exponent
  const auto at = static_cast<std::int64_t>(first);
  return exponent + (at < whole ? whole - at - 1 : whole - at) < 0;
}

}  // namespace detail

/// Whether the whole of `text` is a number in JSON's grammar (RFC 8259 section 6): no sign `+`, no leading zero, no
/// `.5`, no `NaN`, no white space (hazard A21).
[[nodiscard]] constexpr bool is_json_number(std::string_view text) noexcept {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  if (i == text.size() || !detail::is_digit(text[i])) return false;
  i = text[i] == '0' ? i + 1 : detail::skip_digits(text, i);
  if (i < text.size() && text[i] == '.') {
    const std::size_t end = detail::skip_digits(text, i + 1);
    if (end == i + 1) return false;
    i = end;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    const std::size_t end = detail::skip_digits(text, i);
    if (end == i) return false;
    i = end;
  }
  return i == text.size();
}

/// The value of a number in JSON's grammar; nothing when it is no such number or not finite as a double.
/// A number too small for a double is zero, as every JSON reader makes it.
[[nodiscard]] inline std::optional<double> parse_json_number(std::string_view text) noexcept {
  if (!is_json_number(text)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (detail::is_underflow(text)) return text.starts_with('-') ? -0.0 : 0.0;
    return std::nullopt;
  }
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace patchbay
