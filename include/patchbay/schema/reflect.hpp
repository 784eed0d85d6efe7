// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/hana/accessors.hpp>
#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/define_struct.hpp>

#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/field_rules.hpp>

namespace patchbay {

/// Names of the fields of schema T whose values must never be shown; a client specialises it:
///
///     template <>
///     inline constexpr std::array<std::string_view, 1> patchbay::secret_fields<Payment>{"card_number"};
template <class T>
inline constexpr std::array<std::string_view, 0> secret_fields{};

namespace detail {

/// A member's name, as Boost.Hana gives it.
template <class Name>
struct MemberName {
  static constexpr bool known = false;
  static constexpr std::string_view view{};
  static constexpr std::string_view key{};
};

template <char... C>
struct MemberName<boost::hana::string<C...>> {
  static constexpr bool known = true;
  static constexpr char text[sizeof...(C) + 1] = {C..., '\0'};
  static constexpr std::string_view view{text, sizeof...(C)};

  // Of what JSON escapes only these two can be in a name: `check_member` refuses control characters.
  static constexpr bool is_escaped(char c) noexcept { return c == '"' || c == '\\'; }
  static constexpr auto written = [] {
    std::array<char, (std::size_t{3} + ... + (is_escaped(C) ? std::size_t{2} : std::size_t{1}))> out{};
    std::size_t i = 0;
    out[i++] = '"';
    for (const char c : view) {
      if (is_escaped(c)) out[i++] = '\\';
      out[i++] = c;
    }
    out[i++] = '"';
    out[i] = ':';
    return out;
  }();
  static constexpr std::string_view key{written.data(), written.size()};
};

template <class T>
struct OptionalOf {
  using type = T;
  static constexpr bool optional = false;
};
template <class T>
struct OptionalOf<std::optional<T>> {
  using type = T;
  static constexpr bool optional = true;
};

template <class T>
inline constexpr bool is_hana_struct = boost::hana::Struct<T>::value;

/// A type that may stand as a member of a schema, alone or in an optional.
template <class T>
inline constexpr bool is_member_type = FieldType<T> || is_hana_struct<T>;

template <class T, class Accessors>
struct Reflection;

template <class T>
using ReflectionOf = Reflection<T, std::remove_cvref_t<decltype(boost::hana::accessors<T>())>>;

/// Checks one member of schema T; the compiler's trace of a mistake in it names T, the member and its type. The checks
/// stand in functions, since clang gives up on a class in which one failed, and then says much more.
template <class T, class Name, class Member>
constexpr bool check_member() noexcept {
  using Value = typename OptionalOf<Member>::type;
  static_assert(MemberName<Name>::known,
                "patchbay::StructSchema<T>: a member's name in T's Hana accessors is no boost::hana::string; name it "
                "with BOOST_HANA_STRING");
  static_assert(
      !MemberName<Name>::known || is_variable_name(MemberName<Name>::view),
      "patchbay::StructSchema<T>: a member's name must be 1 to 128 bytes of UTF-8 without control characters");
  static_assert(
      is_member_type<Value>,
      "patchbay::StructSchema<T>: the type of a member cannot be coerced; use std::string, bool, an integer, float, "
      "double, "
      "Number, JsonObject, Bounded, OneOf, MaxLength, Uuid, MediaFile, Text<YourRule>, std::optional of one, a nested "
      "Hana struct, or specialise patchbay::FieldRules for it");
  if constexpr (!FieldType<Value> && is_hana_struct<Value>) return ReflectionOf<Value>::check();
  return is_variable_name(MemberName<Name>::view) && is_member_type<Value>;
}

template <class T>
struct TableOf;

template <class T, class Name, class Member>
constexpr FieldInfo field_info() noexcept {
  using Optional = OptionalOf<Member>;
  using Value = typename Optional::type;
  FieldInfo out;
  out.name = MemberName<Name>::view;
  out.key = MemberName<Name>::key;
  out.required = !Optional::optional;
  for (const std::string_view each : secret_fields<T>) out.secret |= each == out.name;
  if constexpr (FieldType<Value>) {
    out.kind = FieldRules<Value>::kind;
    out.check = [](std::string_view token) { return FieldRules<Value>::check(token); };
    out.rule = [] { return std::string(FieldRules<Value>::rule()); };
    if constexpr (requires { FieldRules<Value>::integral; }) out.integral = FieldRules<Value>::integral;
  } else if constexpr (is_hana_struct<Value>) {
    out.kind = FieldKind::schema;
    out.nested = &TableOf<Value>::table;
    out.rule = [] { return std::string("object: expected a JSON object of the nested schema"); };
  }
  return out;
}

/// The fields of T. `Tuple` is whatever sequence T's accessors are in.
template <class T, template <class...> class Tuple, class... Names, class... Gets>
struct Reflection<T, Tuple<boost::hana::pair<Names, Gets>...>> {
  static constexpr std::size_t size = sizeof...(Names);
  static constexpr std::array<std::string_view, size> names{MemberName<Names>::view...};

  static constexpr bool has_duplicate() noexcept {
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (names[i] == names[k]) return true;
    return false;
  }
  static constexpr bool names_only_members(std::string_view name) noexcept {
    for (const std::string_view each : names)
      if (each == name) return true;
    return false;
  }
  static constexpr bool secrets_exist() noexcept {
    for (const std::string_view each : secret_fields<T>)
      if (!names_only_members(each)) return false;
    return true;
  }

  template <class Get>
  using Member = std::remove_cvref_t<decltype(Get{}(std::declval<const T&>()))>;

  static constexpr std::array<FieldInfo, size> infos{field_info<T, Names, Member<Gets>>()...};

  /// Calls `visit.template operator()<Name>(member of value)` for each member, in order.
  template <class Value, class Visit>
  static constexpr void each(Value& value, Visit& visit) {
    (visit.template member<Names>(Gets{}(value)), ...);
  }

  /// A T whose members are what `pick` gives: assigned to a default T, or given to T's constructor in order.
  template <class Pick>
  static T make(const Pick& pick) {
    if constexpr (std::default_initializable<T>) {
      T out{};
      ((Gets{}(out) = pick.template member<Member<Gets>>(MemberName<Names>::view)), ...);
      return out;
    } else {
      static_assert(
          requires { T{pick.template member<Member<Gets>>(MemberName<Names>::view)...}; },
          "patchbay::StructSchema<T>::parse: T has neither a default constructor nor one that takes its members in "
          "order; "
          "give it one of them");
      return T{pick.template member<Member<Gets>>(MemberName<Names>::view)...};
    }
  }

  /// Stops the compilation with one message where T can be no schema.
  static constexpr bool check() noexcept {
    static_assert(size <= max_fields,
                  "patchbay::StructSchema<T>: T has more than 256 members; group them in nested structs");
    static_assert(!has_duplicate(),
                  "patchbay::StructSchema<T>: two members of T have the same name on the wire; rename one of them");
    static_assert(secrets_exist(),
                  "patchbay::secret_fields<T>: names something that is no member of T; correct the spelling");
    return size <= max_fields && (true && ... && check_member<T, Names, Member<Gets>>());
  }
};

/// The table of T's fields that coercion reads.
template <class T>
struct TableOf {
  static constexpr FieldTable table{ReflectionOf<T>::infos, !secret_fields<T>.empty()};
};

}  // namespace detail
}  // namespace patchbay
