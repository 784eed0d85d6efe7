// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/schema/text.hpp>

namespace patchbay {

/// A client's own rule for values of T: `rule`, what was expected (text, or a function that makes it), and `check`,
/// whether a value keeps it. When `check` is `constexpr`, constants are checked while compiling.
///
///     struct EvenRule {
///       static constexpr std::string_view rule = "even: expected an even number";
///       static constexpr bool check(int value) { return value % 2 == 0; }
///     };
///     using Even = Constrained<int, EvenRule>;
///
/// A rule may also say what it is in JSON Schema, `static void describe(JsonWriter&)`, which writes members such as
/// `"multipleOf":2`; without it the schema has the rule in words. For text, `Text` with a `TextRule` is the shorter
/// way.
template <class R, class T>
concept FieldRule = requires(const T& value) {
  { R::check(value) } -> std::same_as<bool>;
  requires requires { std::string(R::rule); } || requires {
    std::string(R::rule());
  };
};

/// A T that keeps rule R; there is no way to make one that breaks it. T is any field type: a number, a text, an
/// enumeration, an instant, or a constrained type, whose own rule stands beside R.
template <class T, class R>
class Constrained {
  static_assert(FieldType<T>,
                "patchbay::Constrained<T, R>: T is no field type; constrain a scalar, or the elements of a container");
  static_assert(
      FieldRule<R, T>,
      "patchbay::Constrained<T, R>: R is no FieldRule for T; give it `static bool check(const T&)` and `static "
      "constexpr std::string_view rule`");

 public:
  using value_type = T;

  /// From a constant, which is checked while compiling; `make` takes what is known only at run time.
  consteval Constrained(T constant) : value_(std::move(constant)) {
    if (!R::check(value_)) detail::this_literal_breaks_the_rule_of_its_type();
  }
  /// `validation_failed` when `value` breaks R.
  [[nodiscard]] static Result<Constrained> make(T value) {
    if (R::check(value)) return Constrained(std::move(value), Checked{});
    std::string shown;
    static_cast<void>(FieldRules<T>::encode(value, shown));
    return detail::broken_rule(detail::rule_text<R>(), shown);
  }

  [[nodiscard]] constexpr const T& value() const noexcept { return value_; }
  [[nodiscard]] static std::string rule() {
    return std::string(FieldRules<T>::rule()).append("; and ").append(detail::rule_text<R>());
  }
  [[nodiscard]] friend constexpr bool operator==(const Constrained&, const Constrained&) = default;

 private:
  friend struct FieldRules<Constrained>;
  struct Checked {};
  constexpr Constrained(T value, Checked) : value_(std::move(value)) {}
  T value_;
};

template <class T, class R>
struct FieldRules<Constrained<T, R>> {
  using Type = Constrained<T, R>;
  static constexpr FieldKind kind = FieldRules<T>::kind;
  static constexpr bool integral = [] {
    if constexpr (requires { FieldRules<T>::integral; }) return FieldRules<T>::integral;
    return false;
  }();
  static std::string rule() { return Type::rule(); }
  static constexpr bool check(std::string_view token) {
    if (!FieldRules<T>::check(token)) return false;
    // A text is checked where it stands, when the rule can do that.
    if constexpr (std::same_as<T, std::string> && FieldRule<R, std::string_view>) {
      return R::check(token);
    } else {
      return R::check(static_cast<const T&>(FieldRules<T>::parse(token)));
    }
  }
  static bool encode(const Type& value, std::string& out) { return FieldRules<T>::encode(value.value(), out); }
  static Type parse(std::string_view token) { return Type(FieldRules<T>::parse(token), typename Type::Checked{}); }
  static void describe(JsonWriter& writer) {
    writer.key("allOf").begin_array().begin_object();
    if constexpr (requires { FieldRules<T>::describe(writer); }) FieldRules<T>::describe(writer);
    writer.end_object().begin_object();
    if constexpr (requires { R::describe(writer); }) {
      R::describe(writer);
    } else {
      writer.member("$comment", detail::rule_text<R>());
    }
    writer.end_object().end_array();
  }
  static std::size_t encoded_size(const Type& value) requires requires { FieldRules<T>::encoded_size(value.value()); }
  { return FieldRules<T>::encoded_size(value.value()); }
};

}  // namespace patchbay
