// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <patchbay/schema/fixed_string.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

/// A literal as a template argument, whatever its type: `Default<HoldReason, "queueing">`, `Default<int, 5>`.
template <class V>
struct Literal {
  consteval Literal(V literal) noexcept : value(literal) {}
  V value;  ///< Public, because only a structural type may be a template argument.
};
template <std::size_t N>
struct Literal<FixedString<N>> {
  consteval Literal(const char (&literal)[N]) noexcept : value(literal) {}
  FixedString<N> value;
};
template <class V>
Literal(V) -> Literal<V>;
template <std::size_t N>
Literal(const char (&)[N]) -> Literal<FixedString<N>>;

namespace detail {

template <class V>
inline constexpr bool is_literal_text = false;
template <std::size_t N>
inline constexpr bool is_literal_text<Literal<FixedString<N>>> = true;

template <class T, Literal V>
concept MakesConstant = requires {
  typename std::bool_constant<(static_cast<void>(T{V.value}), true)>;
};
template <class T, Literal V>
concept KeepsTextRule = requires {
  typename std::bool_constant<FieldRules<T>::check(V.value.view())>;
};

/// Whether V is a T that keeps T's rule, as far as that can be told while compiling.
template <class T, Literal V>
constexpr bool is_value_of() noexcept {
  if constexpr (!FieldType<T>) {
    return false;
  } else if constexpr (!is_literal_text<std::remove_cvref_t<decltype(V)>>) {
    return !std::same_as<T, std::string> && MakesConstant<T, V>;
  } else if constexpr (FieldRules<T>::kind == FieldKind::text && KeepsTextRule<T, V>) {
    return is_utf8(V.value.view()) && FieldRules<T>::check(V.value.view());
  } else {
    return false;
  }
}

}  // namespace detail

/// A T that has the value V where nothing is given: `Default<HoldReason, "queueing">`, `Default<std::uint32_t, 30>`.
/// As a member of a schema it may be absent from the input, and is then V; it is always written.
///
/// T is any field type. V is a literal: text for what is text on the wire (an instant or a duration too), else a
/// number, a bool or an enumerator. A V that breaks T's rule does not compile, nor does one whose rule cannot be
/// checked while compiling. Containers, optionals and nested schemas have no defaults; give the members of a nested
/// schema theirs.
template <class T, Literal V>
class Default {
  static_assert(
      FieldType<T>,
      "patchbay::Default<T, V>: T is no field type; containers, optionals and nested schemas have no defaults: "
      "give one to a scalar");
  static_assert(
      !FieldType<T> || detail::is_value_of<T, V>(),
      "patchbay::Default<T, V>: V is no value of T, or breaks T's rule; give a default that keeps it (the rule's "
      "check must be constexpr)");

 public:
  using value_type = T;

  Default() : value_(make()) {}
  Default(T value) : value_(std::move(value)) {}  // implicit: a Default is used as the T that it is

  [[nodiscard]] constexpr const T& value() const noexcept { return value_; }
  constexpr operator const T&() const noexcept { return value_; }
  [[nodiscard]] friend constexpr bool operator==(const Default& a, const Default& b) { return a.value_ == b.value_; }
  [[nodiscard]] friend constexpr bool operator==(const Default& a, const T& b) { return a.value_ == b; }

 private:
  static T make() {
    if constexpr (!detail::is_value_of<T, V>()) {
      return FieldRules<T>::parse({});  // not reached: the class does not compile
    } else if constexpr (!detail::is_literal_text<std::remove_cvref_t<decltype(V)>>) {
      return T{V.value};
    } else if constexpr (std::constructible_from<T, decltype((V.value.text))>) {
      return T(V.value.text);
    } else {
      return FieldRules<T>::parse(V.value.view());
    }
  }
  T value_;
};

template <class T, Literal V>
struct FieldRules<Default<T, V>> {
  using Type = Default<T, V>;
  static constexpr FieldKind kind = FieldRules<T>::kind;
  static constexpr bool integral = [] {
    if constexpr (requires { FieldRules<T>::integral; }) return FieldRules<T>::integral;
    return false;
  }();
  static constexpr bool has_default = true;
  static std::string rule() { return FieldRules<T>::rule(); }
  static constexpr bool check(std::string_view token) { return FieldRules<T>::check(token); }
  static bool encode(const Type& value, std::string& out) { return FieldRules<T>::encode(value.value(), out); }
  static bool encode_default(std::string& out) { return encode(Type(), out); }
  static Type parse(std::string_view token) { return Type(FieldRules<T>::parse(token)); }
  /// Of T; `default` stands in the schema that the member is of.
  static void describe(JsonWriter& writer) requires requires { FieldRules<T>::describe(writer); }
  { FieldRules<T>::describe(writer); }
  static std::size_t encoded_size(const Type& value) requires requires { FieldRules<T>::encoded_size(value.value()); }
  { return FieldRules<T>::encoded_size(value.value()); }
};

}  // namespace patchbay
