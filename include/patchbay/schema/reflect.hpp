// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/hana/accessors.hpp>
#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/define_struct.hpp>

#include <patchbay/schema/field_settings.hpp>
#include <patchbay/schema/field_table.hpp>
#include <patchbay/schema/member_types.hpp>

namespace patchbay::detail {

/// A member's name, as Boost.Hana gives it.
template <class Name>
struct MemberName {
  static constexpr bool known = false;
  static constexpr std::string_view view{};
};

template <char... C>
struct MemberName<boost::hana::string<C...>> {
  static constexpr bool known = true;
  static constexpr char text[sizeof...(C) + 1] = {C..., '\0'};
  static constexpr std::string_view view{text, sizeof...(C)};
};

/// `field_settings<T>` again: g++ 12 does not know that a client's specialisation, an inline variable, has an address,
/// and with its sanitizers asks at each use, which is no constant.
template <class T>
inline constexpr auto settings_of = field_settings<T>;

/// What the client says of the member `name` of T.
template <class T>
constexpr FieldSettings settings_for(std::string_view name) noexcept {
  for (const FieldSettings& each : settings_of<T>)
    if (each.member == name) return each;
  return {};
}

/// How a member of T is called on the wire.
template <class T, class Name>
struct WireName {
  static constexpr FieldSettings settings = settings_for<T>(MemberName<Name>::view);
  static constexpr std::string_view view = !settings.wire.empty() ? settings.wire : MemberName<Name>::view;

  // Of what JSON escapes only these two can be in a name: `check_member` refuses control characters.
  static constexpr bool is_escaped(char c) noexcept { return c == '"' || c == '\\'; }
  static constexpr std::size_t written_size() noexcept {
    std::size_t size = view.size() + 4;
    for (const char c : view) size += is_escaped(c) ? 1 : 0;
    return size;
  }
  static constexpr auto written = [] {
    std::array<char, written_size()> out{};
    std::size_t i = 0;
    out[i++] = ',';
    out[i++] = '"';
    for (const char c : view) {
      if (is_escaped(c)) out[i++] = '\\';
      out[i++] = c;
    }
    out[i++] = '"';
    out[i] = ':';
    return out;
  }();
  static constexpr std::string_view key_behind_comma{written.data(), written.size()};
  static constexpr std::string_view key{written.data() + 1, written.size() - 1};
};

constexpr std::size_t alias_count(const FieldSettings& settings) noexcept {
  std::size_t count = 0;
  while (count < settings.aliases.size() && !settings.aliases[count].empty()) ++count;
  return count;
}

constexpr bool have_good_names(const FieldSettings& settings) noexcept {
  for (std::size_t i = 0; i < alias_count(settings); ++i)
    if (!is_variable_name(settings.aliases[i])) return false;
  return true;
}

/// Whether a name stands twice among at most 5 * `max_fields`. By their hashes, since comparing each with each would go
/// beyond what clang evaluates while compiling, for as many members as there may be.
constexpr bool has_repeated(std::span<const std::string_view> names) noexcept {
  std::array<std::uint16_t, 2048> places{};  // of names by their hashes, counted from 1
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::uint32_t hash = 2166136261;  // FNV-1a
    for (const char c : names[i]) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
    std::size_t at = (hash ^ (hash >> 16)) % places.size();
    for (; places[at] != 0; at = (at + 1) % places.size())
      if (names[places[at] - 1U] == names[i]) return true;
    places[at] = static_cast<std::uint16_t>(i + 1);
  }
  return false;
}

template <class T, class Accessors>
struct Reflection;

template <class T>
using ReflectionOf = Reflection<T, std::remove_cvref_t<decltype(boost::hana::accessors<T>())>>;

/// What stands within vectors, maps and optionals: a field type or a struct.
template <class T>
struct CoreOf {
  using type = T;
};
template <class T>
struct CoreOf<std::optional<T>> : CoreOf<T> {};
template <class T>
requires is_container<T>
struct CoreOf<T> : CoreOf<typename ContainerOf<T>::element> {
};

/// Whether one of Seen is T, which a schema that contains itself comes to.
template <class T, class... Seen>
inline constexpr bool is_seen = (false || ... || std::same_as<T, Seen>);

/// Checks one member of schema T; the compiler's trace of a mistake in it names T, the member and its type. The checks
/// stand in functions, since clang gives up on a class in which one failed, and then says much more.
template <class T, class Name, class Member, class... Seen>
constexpr bool check_member() noexcept {
  using Value = typename OptionalOf<Member>::type;
  static_assert(MemberName<Name>::known,
                "patchbay::StructSchema<T>: a member's name in T's Hana accessors is no boost::hana::string; name it "
                "with BOOST_HANA_STRING");
  static_assert(
      !MemberName<Name>::known ||
          (is_variable_name(WireName<T, Name>::view) && have_good_names(WireName<T, Name>::settings)),
      "patchbay::StructSchema<T>: a member's name must be 1 to 128 bytes of UTF-8 without control characters");
  static_assert(
      is_member_type<Value>(),
      "patchbay::StructSchema<T>: the type of a member cannot be coerced; use std::string, bool, an integer, float, "
      "double (not long double), an enum that patchbay::enum_names names, a std::chrono duration of integers or "
      "sys_time (<patchbay/schema/chrono.hpp>), Number, JsonObject, Uuid, Bounded, OneOf, MaxLength, Pattern, "
      "Text<YourRule>, Constrained, std::optional, a nested Hana struct, std::vector or std::map<std::string, ...> of these, "
      "or specialise patchbay::FieldRules for it");
  if constexpr (is_member_type<Value>()) {
    using Core = typename CoreOf<Value>::type;
    if constexpr (!FieldType<Core> && is_hana_struct<Core> && !is_seen<Core, T, Seen...>)
      return ReflectionOf<Core>::template check<T, Seen...>();
  }
  return is_variable_name(WireName<T, Name>::view) && is_member_type<Value>();
}

template <class T, class Name, class Member>
constexpr FieldInfo field_info() noexcept {
  using Wire = WireName<T, Name>;
  FieldInfo out;
  out.name = Wire::view;
  out.key = Wire::key;
  out.required = !OptionalOf<Member>::optional;
  out.secret = Wire::settings.secret;
  out.aliases = {Wire::settings.aliases.data(), alias_count(Wire::settings)};
  out.description = Wire::settings.description;
  if constexpr (FieldWithDefault<Member>) {
    out.required = false;
    out.write_default = [](std::string& json) { return FieldRules<Member>::encode_default(json); };
  }
  if constexpr (is_member_type<typename OptionalOf<Member>::type>()) out.shape = &ShapeOf<Member>::shape;
  return out;
}

/// The fields of T. `Tuple` is whatever sequence T's accessors are in.
template <class T, template <class...> class Tuple, class... Names, class... Gets>
struct Reflection<T, Tuple<boost::hana::pair<Names, Gets>...>> {
  static constexpr std::size_t size = sizeof...(Names);
  static constexpr std::array<std::string_view, size> names{WireName<T, Names>::view...};

  template <class Get>
  using Member = std::remove_cvref_t<decltype(Get{}(std::declval<const T&>()))>;

  /// The names under which fields are taken: those on the wire, then their aliases.
  static constexpr std::size_t alias_total() noexcept {
    std::size_t count = 0;
    for (const FieldSettings& each : settings_of<T>) count += alias_count(each);
    return count;
  }
  static constexpr auto accepted_names = [] {
    std::array<std::string_view, size + alias_total()> out{};
    std::size_t i = 0;
    for (const std::string_view each : names) out[i++] = each;
    for (const FieldSettings& each : settings_of<T>)
      for (std::size_t k = 0; k < alias_count(each); ++k) out[i++] = each.aliases[k];
    return out;
  }();

  static constexpr bool settings_name_members() noexcept {
    for (const FieldSettings& each : settings_of<T>)
      if (!(false || ... || (MemberName<Names>::view == each.member))) return false;
    return true;
  }
  static constexpr bool settings_repeat() noexcept {
    for (std::size_t i = 0; i < settings_of<T>.size(); ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (settings_of<T>[i].member == settings_of<T>[k].member) return true;
    return false;
  }

  static constexpr std::array<FieldInfo, size> infos() noexcept {
    std::array<FieldInfo, size> out{field_info<T, Names, Member<Gets>>()...};
    // A struct that cannot be built can be coerced and encoded all the same.
    if constexpr (Building<T>::possible) {
      for (std::size_t i = 0; i < size; ++i) out[i].slot = Building<T>::slots[i];
    }
    return out;
  }

  /// Calls `visit.template member<WireName>(member of value)` for each member, in order.
  template <class Value, class Visit>
  static constexpr void each(Value& value, Visit& visit) {
    (visit.template member<WireName<T, Names>>(Gets{}(value)), ...);
  }

  /// Stops the compilation with one message where T can be no schema. Seen are the schemas that it stands in.
  template <class... Seen>
  static constexpr bool check() noexcept {
    static_assert(size <= max_fields,
                  "patchbay::StructSchema<T>: T has more than 256 members; group them in nested structs");
    static_assert(size > max_fields || !has_repeated(names),
                  "patchbay::StructSchema<T>: two members of T have the same name on the wire; rename one of them");
    static_assert(size > max_fields || has_repeated(names) || !has_repeated(accepted_names),
                  "patchbay::field_settings<T>: an alias is another name of T's members already; drop one of the two");
    static_assert(settings_name_members(),
                  "patchbay::field_settings<T>: names something that is no member of T; correct the spelling");
    static_assert(!settings_repeat(),
                  "patchbay::field_settings<T>: names a member of T twice; put its settings in one entry");
    return size <= max_fields && (true && ... && check_member<T, Names, Member<Gets>, Seen...>());
  }

  /// Whether a field is secret, here or beneath.
  template <class... Seen>
  static constexpr bool has_secret() noexcept {
    for (const FieldSettings& each : settings_of<T>)
      if (each.secret) return true;
    return (false || ... || core_has_secret<typename CoreOf<Member<Gets>>::type, T, Seen...>());
  }
  template <class Core, class... Seen>
  static constexpr bool core_has_secret() noexcept {
    if constexpr (!FieldType<Core> && is_hana_struct<Core> && !is_seen<Core, Seen...>) {
      return ReflectionOf<Core>::template has_secret<Seen...>();
    } else {
      return false;
    }
  }
};

template <class T, class Accessors>
struct BuildingOf;

/// A T is built in place when it has a default constructor and members that can be assigned; else of a tuple of their
/// slots, which its constructor takes in order.
template <class T, template <class...> class Tuple, class... Names, class... Gets>
struct BuildingOf<T, Tuple<boost::hana::pair<Names, Gets>...>> {
  template <class Get>
  using Member = std::remove_cvref_t<decltype(Get{}(std::declval<const T&>()))>;
  template <class Get>
  static constexpr bool is_assignable = requires(T& value, Member<Get>* member) {
    member = &Get{}(value);
  };

  static constexpr bool in_place = std::default_initializable<T> && (true && ... && is_assignable<Gets>);
  static constexpr bool by_constructor = requires(Member<Gets> && ... members) { T{std::move(members)...}; };
  static constexpr bool possible = in_place || by_constructor;

  using Frame = std::tuple<Slot<Member<Gets>>...>;

  template <class Get, std::size_t I>
  static void* slot_in_frame(void* frame) {
    if constexpr (in_place) {
      return &Get{}(*static_cast<T*>(frame));
    } else {
      return &std::get<I>(*static_cast<Frame*>(frame));
    }
  }
  static T built(Frame& frame) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return T{take<Member<Gets>>(std::get<I>(frame))...}; }
    (std::index_sequence_for<Gets...>{});
  }
  static constexpr auto slots = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<void* (*)(void*), sizeof...(Gets)>{slot_in_frame<Gets, I>...};
  }
  (std::index_sequence_for<Gets...>{});

  /// Whether all that stands within T can be built too.
  template <class... Seen>
  static constexpr bool possible_throughout() noexcept {
    return possible && (true && ... && core_possible<typename CoreOf<Member<Gets>>::type, T, Seen...>());
  }
  template <class Core, class... Seen>
  static constexpr bool core_possible() noexcept {
    if constexpr (!FieldType<Core> && is_hana_struct<Core> && !is_seen<Core, Seen...>) {
      return Building<Core>::template possible_throughout<Seen...>();
    } else {
      return true;
    }
  }
};

template <class T>
struct Building : BuildingOf<T, std::remove_cvref_t<decltype(boost::hana::accessors<T>())>> {};

template <class T>
struct TableOf {
  // Not `auto`: the table of a schema that contains itself is named before it is made.
  static constexpr std::array<FieldInfo, ReflectionOf<T>::size> infos = ReflectionOf<T>::infos();
  static constexpr FieldTable table{infos, ReflectionOf<T>::has_secret(), ReflectionOf<T>::alias_total() != 0};
};

}  // namespace patchbay::detail
