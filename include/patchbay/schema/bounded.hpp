// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/schema/text.hpp>

namespace patchbay {

namespace detail {

template <class T>
inline constexpr bool is_bounded_number = is_field_integer<T> || is_field_float<T>;

template <class T>
constexpr bool is_finite_bound(T bound) noexcept {
  if constexpr (std::integral<T>) return true;
  return bound >= std::numeric_limits<T>::lowest() && bound <= (std::numeric_limits<T>::max)();
}

/// A bound as a peer reads it: the digits of a float are those of another double than the float itself.
template <class T>
[[nodiscard]] double as_spelled(T bound) {
  if constexpr (std::same_as<T, float>) {
    std::string digits;
    append_float(digits, bound);
    return parse_json_number(digits).value_or(static_cast<double>(bound));
  } else {
    return static_cast<double>(bound);
  }
}

}  // namespace detail

/// A number from Min to Max, both included: `Bounded<int, 0, 9>`; `AtLeast` and `AtMost` leave one bound to the type.
/// T is an integer type, float or double. Integers are spelled as integers (hazard B33).
///
/// Its JSON Schema says the same of every value, but cannot see spelling: `5.0` is an integer to it, and is refused
/// here.
template <class T, T Min, T Max>
class Bounded {
  static_assert(detail::is_bounded_number<T>,
                "patchbay::Bounded<T, Min, Max>: T must be an integer type, float or double; long double has no exact "
                "form in JSON: use double, or Number, which keeps every digit");
  static_assert(!(Max < Min),
                "patchbay::Bounded<T, Min, Max>: the bounds are reversed, so that no value fits; write the smaller one "
                "first");
  static_assert(detail::is_finite_bound(Min) && detail::is_finite_bound(Max),
                "patchbay::Bounded<T, Min, Max>: a bound is infinite or NaN, which JSON cannot say; use AtLeast or "
                "AtMost");

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
    detail::append_field_number(shown, value);
    return detail::broken_rule(rule(), shown);
  }
  /// The number that the whole of `text` spells, under the rules of strict coercion.
  [[nodiscard]] static Result<Bounded> parse(std::string_view text) {
    const std::optional<T> value = is_json_number(text) ? read(text) : std::nullopt;
    if (!value) return detail::broken_rule(rule(), text);
    return Bounded(*value, Checked{});
  }

  [[nodiscard]] constexpr T value() const noexcept { return value_; }
  [[nodiscard]] static std::string rule() {
    // An integer has the bounds of its type; of a floating number these say nothing to a reader.
    const bool floating = detail::is_field_float<T>;
    const bool from = !floating || Min != std::numeric_limits<T>::lowest();
    const bool to = !floating || Max != (std::numeric_limits<T>::max)();
    std::string text = floating ? "number: expected a " : "integer: expected an ";
    text.append(floating ? (from || to ? "number" : "finite number") : "integer");
    if (from) text.append(to ? " from " : " of at least "), detail::append_field_number(text, Min);
    if (to) text.append(from ? " to " : " of at most "), detail::append_field_number(text, Max);
    return text;
  }
  [[nodiscard]] friend constexpr auto operator<=>(const Bounded&, const Bounded&) noexcept = default;

 private:
  friend struct FieldRules<Bounded>;
  struct Checked {};
  constexpr Bounded(T value, Checked) noexcept : value_(value) {}
  static constexpr bool fits(T value) noexcept { return value >= Min && value <= Max; }
  [[nodiscard]] static std::optional<T> read(std::string_view token) noexcept {
    const std::optional<T> value = detail::parse_number<T>(token);
    if (!value || !fits(*value)) return std::nullopt;
    if constexpr (std::same_as<T, float>) {
      // What rounds to a bound can still lie beyond it.
      const double wide = parse_json_number(token).value_or(0);
      if (wide < detail::as_spelled(Min) || wide > detail::as_spelled(Max)) return std::nullopt;
    }
    return value;
  }
  T value_;
};

/// A number that is Min or more: `AtLeast<std::uint32_t, 1>`. The other bound is that of T.
template <class T, T Min>
using AtLeast = Bounded<T, Min, (std::numeric_limits<T>::max)()>;

/// A number that is Max or less: `AtMost<double, 1.0>`. The other bound is that of T.
template <class T, T Max>
using AtMost = Bounded<T, std::numeric_limits<T>::lowest(), Max>;

template <class T, T Min, T Max>
struct FieldRules<Bounded<T, Min, Max>> {
  using Type = Bounded<T, Min, Max>;
  static constexpr FieldKind kind = FieldKind::number;
  static constexpr bool integral = detail::is_field_integer<T>;
  static std::string rule() { return Type::rule(); }
  static bool check(std::string_view token) noexcept { return Type::read(token).has_value(); }
  static bool encode(const Type& value, std::string& out) { return FieldRules<T>::encode(value.value(), out); }
  static constexpr T value_of(const Type& value) noexcept { return value.value(); }
  static Type parse(std::string_view token) noexcept {
    return Type(detail::parse_number<T>(token).value_or(Min), typename Type::Checked{});
  }
  static void describe(JsonWriter& writer) {
    writer.member("type", integral ? "integer" : "number");
    const auto bound = [&writer](std::string_view name, T value) {
      std::string digits;
      detail::append_field_number(digits, value);
      writer.key(name).raw(digits);
    };
    if (integral || Min != std::numeric_limits<T>::lowest() || std::same_as<T, float>) bound("minimum", Min);
    if (integral || Max != (std::numeric_limits<T>::max)() || std::same_as<T, float>) bound("maximum", Max);
  }
  static std::size_t encoded_size(const Type& value) requires requires { FieldRules<T>::encoded_size(value.value()); }
  { return FieldRules<T>::encoded_size(value.value()); }
};

}  // namespace patchbay
