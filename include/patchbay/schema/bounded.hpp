// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <patchbay/schema/text.hpp>

namespace patchbay {

/// A number from Min to Max, both included: `Bounded<int, 0, 9>`. Integers are spelled as integers (hazard B33).
template <class T, T Min, T Max>
class Bounded {
  static_assert(detail::is_field_integer<T> || detail::is_field_float<T>,
                "patchbay::Bounded<T, Min, Max>: T is no number; use an integer type, float or double");
  static_assert(
      !(Max < Min),
      "patchbay::Bounded<T, Min, Max>: the bounds are reversed, so that no value fits; write the smaller one first");

 public:
  using value_type = T;
  static constexpr T min = Min;
  static constexpr T max = Max;

  /// From a constant, which is checked while compiling; `make` takes what is known only at run time.
  consteval Bounded(T constant) : value_(constant) {
    if (!fits(constant)) detail::this_literal_breaks_the_rule_of_its_type();
  }
  /// `validation_failed` when `value` is out of bounds.
  [[nodiscard]] static Result<Bounded> make(T value) {
    if (fits(value)) return Bounded(value, Checked{});
    std::string shown;
    append_json_number(shown, value);
    return detail::broken_rule(rule(), shown);
  }
  /// The number that the whole of `text` spells, under the rules of strict coercion.
  [[nodiscard]] static Result<Bounded> parse(std::string_view text) {
    const std::optional<T> value = is_json_number(text) ? detail::parse_number<T>(text) : std::nullopt;
    if (!value || !fits(*value)) return detail::broken_rule(rule(), text);
    return Bounded(*value, Checked{});
  }

  [[nodiscard]] constexpr T value() const noexcept { return value_; }
  [[nodiscard]] static std::string rule() {
    std::string text =
        detail::is_field_integer<T> ? "integer: expected an integer from " : "number: expected a number from ";
    append_json_number(text, Min);
    text.append(" to ");
    append_json_number(text, Max);
    return text;
  }
  [[nodiscard]] friend constexpr auto operator<=>(const Bounded&, const Bounded&) noexcept = default;

 private:
  friend struct FieldRules<Bounded>;
  struct Checked {};
  constexpr Bounded(T value, Checked) noexcept : value_(value) {}
  static constexpr bool fits(T value) noexcept { return value >= Min && value <= Max; }
  T value_;
};

template <class T, T Min, T Max>
struct FieldRules<Bounded<T, Min, Max>> {
  using Type = Bounded<T, Min, Max>;
  static constexpr FieldKind kind = FieldKind::number;
  static constexpr bool integral = detail::is_field_integer<T>;
  static std::string rule() { return Type::rule(); }
  static bool check(std::string_view token) noexcept {
    const std::optional<T> value = detail::parse_number<T>(token);
    return value && Type::fits(*value);
  }
  static bool encode(const Type& value, std::string& out) { return FieldRules<T>::encode(value.value(), out); }
  static Type parse(std::string_view token) noexcept {
    return Type(detail::parse_number<T>(token).value_or(Min), typename Type::Checked{});
  }
};

}  // namespace patchbay
