// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cmath>  // abs, isfinite
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <patchbay/json/number.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/schema/append_text.hpp>
#include <patchbay/schema/field_kind.hpp>

namespace patchbay {

/// What a member's type means on the wire. A client's own type becomes a field type by a specialisation:
///
///     static constexpr FieldKind kind;              // text, number or object
///     static std::string rule();                    // what was expected, for violations; called only then
///     static bool check(std::string_view token);    // whether a value keeps the rule
///     static bool encode(const T&, std::string&);   // appends the JSON; false when the value breaks the rule
///     static T parse(std::string_view token);       // of a token that `check` took
///
/// and, where it has them:
///
///     static constexpr bool integral;               // a number that is an integer, so that `-0` is written as `0`
///     static void describe(JsonWriter&);            // writes the members of the type's JSON Schema (2020-12)
///     static std::size_t encoded_size(const T&);    // exactly what `encode` appends
///     static std::string_view text_of(const T&);    // the text that `encode` writes as a JSON string, or
///     static std::string_view json_of(const T&);    // the JSON itself, where it stands ready; or
///     static U value_of(const T&);                  // the value of another field type that is written in its place:
///                                                   // each spares `encode` a string of its own
///     static constexpr bool has_default;            // and `static bool encode_default(std::string&)`; see `Default`
///
/// `describe` speaks of what `encode` writes. A schema that it leaves out takes any value of the kind. Formats
/// (`"format":"uuid"`) are not used, since validators ignore or refuse them; patterns say the same and are binding.
///
/// A token is the plain, valid UTF-8 of a text; a number in JSON's grammar that is finite as a double; the minified,
/// validated JSON of an object. For a constrained text, `Text` with a rule of one's own is shorter.
template <class T>
struct FieldRules {};

/// A type that can be a schema's member, beside `std::optional` of one and nested schemas.
template <class T>
concept FieldType = requires(const T& value, std::string& out, std::string_view token) {
  { FieldRules<T>::kind } -> std::convertible_to<FieldKind>;
  { FieldRules<T>::rule() } -> std::convertible_to<std::string>;
  { FieldRules<T>::check(token) } -> std::same_as<bool>;
  { FieldRules<T>::encode(value, out) } -> std::same_as<bool>;
  { FieldRules<T>::parse(token) } -> std::convertible_to<T>;
};

namespace detail {

template <class T>
inline constexpr bool is_field_integer =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <class T>
inline constexpr bool is_field_float = std::same_as<T, float> || std::same_as<T, double>;

/// The integer that the whole of `token` is; nothing for a fraction, an exponent (`5.0` and `5e0` are refused: the peer
/// is told what an integer is by its spelling), or a value out of T's range.
template <class T>
[[nodiscard]] std::optional<T> parse_integer(std::string_view token) noexcept {
  T value{};
  if constexpr (std::unsigned_integral<T>) {
    if (token == "-0") return value;  // as of signed types; `from_chars` takes no sign
  }
  const char* const end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// Whether `value` is exactly the integer that `digits` spell, sign included.
[[nodiscard]] inline bool is_exactly(double value, std::string_view digits) noexcept {
  if (digits.size() <= 15) return true;  // below 10^15 every integer is a double
  char text[std::numeric_limits<double>::max_exponent10 + 8];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 0);
  return error == std::errc{} && std::string_view(text, static_cast<std::size_t>(end - text)) == digits;
}

/// The floating value of a number in JSON's grammar; nothing when it is not finite as a T, or when it is an integer
/// that a T cannot hold exactly (hazard A21).
template <class T>
[[nodiscard]] std::optional<T> parse_float(std::string_view token) noexcept {
  const std::optional<double> wide = parse_json_number(token);
  if (!wide) return std::nullopt;
  T value{};
  if constexpr (std::same_as<T, float>) {
    // From the digits, not from the double: rounding twice can end elsewhere.
    const std::errc error = std::from_chars(token.data(), token.data() + token.size(), value).ec;
    if (error == std::errc::result_out_of_range && std::abs(*wide) < 1) {
      value = static_cast<float>(*wide);  // too small for a float, as every reader makes it
    } else if (error != std::errc{} || !std::isfinite(value)) {
      return std::nullopt;
    }
  } else {
    value = *wide;
  }
  if (token.find_first_of(".eE") != std::string_view::npos) return value;
  const bool exact = is_exactly(*wide, token) && static_cast<double>(value) == *wide;
  return exact ? std::optional<T>(value) : std::nullopt;
}

/// Appends the shortest text that reads back as the same float; a double's digits would be those of another number.
inline void append_float(std::string& out, float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

/// Appends a number as a field of its type is written; `null` where a floating one is not finite.
template <class T>
void append_field_number(std::string& out, T value) {
  if constexpr (std::same_as<T, float>) {
    if (std::isfinite(value)) return append_float(out, value);
  }
  if constexpr (std::integral<T>) {
    append_json_number(out, value);
  } else {
    append_json_number(out, static_cast<double>(value));
  }
}

/// The characters of an integer, its sign included.
template <class T>
[[nodiscard]] constexpr std::size_t integer_size(T value) noexcept {
  std::size_t size = 1;
  if constexpr (std::signed_integral<T>) {
    if (value < 0) ++size;
    for (; value < -9; value = static_cast<T>(value / 10)) ++size;
  }
  for (; value > 9; value = static_cast<T>(value / 10)) ++size;
  return size;
}

/// The size of `text` as a JSON string, with its quotes and escapes, as `append_json_string` writes it.
[[nodiscard]] constexpr std::size_t json_string_size(std::string_view text) noexcept {
  std::size_t size = text.size() + 2;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t')
      size += 1;
    else if (static_cast<unsigned char>(c) < 0x20)
      size += 5;
  }
  return size;
}

template <class T>
[[nodiscard]] std::optional<T> parse_number(std::string_view token) noexcept {
  if constexpr (std::integral<T>) {
    return parse_integer<T>(token);
  } else {
    return parse_float<T>(token);
  }
}

}  // namespace detail

template <>
struct FieldRules<std::string> {
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() { return "string: expected UTF-8 text"; }
  static constexpr bool check(std::string_view) noexcept { return true; }
  static bool encode(std::string_view value, std::string& out) { return detail::append_text(out, value); }
  static std::string_view text_of(std::string_view value) noexcept { return value; }
  static std::string parse(std::string_view token) { return std::string(token); }
  static void describe(JsonWriter& writer) { writer.member("type", "string"); }
  static std::size_t encoded_size(std::string_view value) noexcept { return detail::json_string_size(value); }
};

template <>
struct FieldRules<bool> {
  static constexpr FieldKind kind = FieldKind::boolean;
  static std::string rule() { return "boolean: expected true, false, 1 or 0"; }
  static bool check(std::string_view) noexcept { return true; }
  static bool encode(bool value, std::string& out) {
    out.append(value ? "true" : "false");
    return true;
  }
  static bool parse(std::string_view token) noexcept { return token == "true"; }
  static void describe(JsonWriter& writer) { writer.member("type", "boolean"); }
  static constexpr std::size_t encoded_size(bool value) noexcept { return value ? 4 : 5; }
};

template <class T>
requires detail::is_field_integer<T>
struct FieldRules<T> {
  static constexpr FieldKind kind = FieldKind::number;
  static constexpr bool integral = true;  ///< So that `-0` is written as the integer that it is.
  static std::string rule() {
    std::string text = "integer: expected an integer, spelled without fraction or exponent, from ";
    append_json_number(text, (std::numeric_limits<T>::min)());
    text.append(" to ");
    append_json_number(text, (std::numeric_limits<T>::max)());
    return text;
  }
  static bool check(std::string_view token) noexcept { return detail::parse_integer<T>(token).has_value(); }
  static bool encode(T value, std::string& out) {
    append_json_number(out, value);
    return true;
  }
  static T parse(std::string_view token) noexcept { return detail::parse_integer<T>(token).value_or(T{}); }
  static void describe(JsonWriter& writer) {
    writer.member("type", "integer");
    writer.member("minimum", (std::numeric_limits<T>::min)()).member("maximum", (std::numeric_limits<T>::max)());
  }
  static constexpr std::size_t encoded_size(T value) noexcept { return detail::integer_size(value); }
};

template <class T>
requires detail::is_field_float<T>
struct FieldRules<T> {
  static constexpr FieldKind kind = FieldKind::number;
  static std::string rule() {
    return "number: expected a finite JSON number; an integer must be one that the field holds exactly";
  }
  static bool check(std::string_view token) noexcept { return detail::parse_float<T>(token).has_value(); }
  static bool encode(T value, std::string& out) {
    detail::append_field_number(out, value);
    return std::isfinite(value);
  }
  static T parse(std::string_view token) noexcept { return detail::parse_float<T>(token).value_or(T{}); }
  static void describe(JsonWriter& writer) {
    writer.member("type", "number");
    // A number beyond the doubles is none to a validator either, so only a float's limits need saying: from here on,
    // half a unit beyond the greatest float, a number rounds to infinity.
    if constexpr (std::same_as<T, float>)
      writer.member("minimum", -0x1.ffffffp127).member("maximum", 0x1.ffffffp127);
  }
};

}  // namespace patchbay
