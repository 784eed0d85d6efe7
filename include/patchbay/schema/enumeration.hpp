// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/hana/fwd/integral_constant.hpp>
#include <boost/hana/fwd/pair.hpp>
#include <boost/hana/fwd/string.hpp>

#include <patchbay/schema/detail/quoted_text.hpp>
#include <patchbay/schema/field_rules.hpp>

namespace patchbay {

/// One value of an enumeration and what it is called on the wire.
template <class E>
struct EnumName {
  E value;
  std::string_view name;
};
template <class E>
EnumName(E, std::string_view) -> EnumName<E>;

/// How the values of enumeration E are called on the wire. A client specialises it, and E is a field type, written and
/// taken as one of the names:
///
///     enum class Tier { gold, silver };
///     template <>
///     inline constexpr auto patchbay::enum_names<Tier> =
///         std::array{patchbay::EnumName{Tier::gold, "gold"}, patchbay::EnumName{Tier::silver, "silver"}};
///
/// or, for who describes types with Boost.Hana, a Hana tuple of pairs of an integral constant and a string:
///
///     inline constexpr auto patchbay::enum_names<Tier> = boost::hana::make_tuple(
///         boost::hana::make_pair(boost::hana::integral_c<Tier, Tier::gold>, BOOST_HANA_STRING("gold")), …);
///
/// The latter needs <boost/hana/tuple.hpp>, pair.hpp, string.hpp and integral_constant.hpp.
///
/// Names are unique, values too; a value without a name cannot be written, and is reported where that is tried.
template <class E>
inline constexpr auto enum_names = nullptr;

namespace detail {

template <class Names>
struct EnumNamesOf {
  static constexpr bool known = false;
};

template <class E, std::size_t N>
struct EnumNamesOf<std::array<EnumName<E>, N>> {
  static constexpr bool known = true;
  using value_type = E;
  static constexpr std::size_t size = N;
  static constexpr const std::array<EnumName<E>, N>& list(const std::array<EnumName<E>, N>& names) noexcept {
    return names;
  }
};

template <class Pair>
struct HanaEnumName;
template <class E, E Value, char... C>
struct HanaEnumName<boost::hana::pair<boost::hana::integral_constant<E, Value>, boost::hana::string<C...>>> {
  using value_type = E;
  static constexpr char text[sizeof...(C) + 1] = {C..., '\0'};
  static constexpr EnumName<E> name{Value, {text, sizeof...(C)}};
};

// The types say all, so that nothing of Hana's algorithms is needed.
template <template <class...> class Tuple, class First, class... Rest>
requires requires { HanaEnumName<First>::name; }
struct EnumNamesOf<Tuple<First, Rest...>> {
  static constexpr bool known = true;
  using value_type = typename HanaEnumName<First>::value_type;
  static constexpr std::size_t size = 1 + sizeof...(Rest);
  static constexpr std::array<EnumName<value_type>, size> names{HanaEnumName<First>::name, HanaEnumName<Rest>::name...};
  template <class Names>
  static constexpr const std::array<EnumName<value_type>, size>& list(const Names&) noexcept {
    return names;
  }
};

/// The names of E, checked: what is wrong stops the compilation with one message.
template <class E>
struct NamedEnum {
  using Names = EnumNamesOf<std::remove_cvref_t<decltype(enum_names<E>)>>;
  static constexpr std::size_t size = Names::size;
  static constexpr const std::array<EnumName<E>, size>& list = Names::list(enum_names<E>);
  static constexpr std::array<std::string_view, size> names = [] {
    std::array<std::string_view, size> out{};
    for (std::size_t i = 0; i < size; ++i) out[i] = list[i].name;
    return out;
  }();

  static constexpr bool repeats_value() noexcept {
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (list[i].value == list[k].value) return true;
    return false;
  }
  // In a function: after a failure in a class, compilers go on to speak of the class.
  static constexpr bool check() noexcept {
    static_assert(size > 0,
                  "patchbay::enum_names<E>: names no value of E, so that nothing could be written; name at least one");
    static_assert(!repeats_itself(names),
                  "patchbay::enum_names<E>: two values have the same name on the wire; rename one of them");
    static_assert(!repeats_value(), "patchbay::enum_names<E>: a value is named twice; drop one of the two names");
    static_assert(are_utf8(names),
                  "patchbay::enum_names<E>: a name is no UTF-8, so that JSON cannot carry it; write it in UTF-8");
    return true;
  }
  static constexpr bool is_checked = check();
  static constexpr auto json = quoted<size, quoted_size(names)>(names);

  static constexpr std::size_t find(std::string_view name) noexcept {
    for (std::size_t i = 0; i < size; ++i)
      if (names[i] == name) return i;
    return size;
  }
  static constexpr std::size_t find(E value) noexcept {
    for (std::size_t i = 0; i < size; ++i)
      if (list[i].value == value) return i;
    return size;
  }
};

template <class E>
concept HasEnumNames = std::is_enum_v<E> && EnumNamesOf<std::remove_cvref_t<decltype(enum_names<E>)>>::known;

}  // namespace detail

/// What `value` is called on the wire; nothing for a value without a name.
template <detail::HasEnumNames E>
[[nodiscard]] constexpr std::optional<std::string_view> enum_name(E value) noexcept {
  const std::size_t i = detail::NamedEnum<E>::find(value);
  if (i == detail::NamedEnum<E>::size) return std::nullopt;
  return detail::NamedEnum<E>::names[i];
}

/// The value that is called `name`; nothing when none is.
template <detail::HasEnumNames E>
[[nodiscard]] constexpr std::optional<E> enum_value(std::string_view name) noexcept {
  const std::size_t i = detail::NamedEnum<E>::find(name);
  if (i == detail::NamedEnum<E>::size) return std::nullopt;
  return detail::NamedEnum<E>::list[i].value;
}

template <detail::HasEnumNames E>
struct FieldRules<E> {
  using Names = detail::NamedEnum<E>;
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() { return detail::one_of_rule(Names::names); }
  static constexpr bool check(std::string_view token) noexcept {
    static_assert(Names::is_checked);
    return Names::find(token) != Names::size;
  }
  static bool encode(E value, std::string& out) {
    const std::size_t i = Names::find(value);
    if (i == Names::size) return append_unnamed(out, value);
    out.append(Names::json[i]);
    return true;
  }
  static E parse(std::string_view token) noexcept { return enum_value<E>(token).value_or(E{}); }
  static void describe(JsonWriter& writer) { detail::describe_one_of(writer, Names::names); }
  static constexpr std::size_t encoded_size(E value) noexcept {
    const std::size_t i = Names::find(value);
    return i == Names::size ? 0 : Names::json[i].size();
  }

 private:
  /// So that the violation can show what was tried.
  static bool append_unnamed(std::string& out, E value) {
    append_json_number(out, static_cast<long long>(value));
    return false;
  }
};

}  // namespace patchbay
