// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/hana/concept/struct.hpp>

#include <patchbay/schema/field_rules.hpp>
#include <patchbay/schema/field_table.hpp>
#include <patchbay/schema/non_empty.hpp>

// What a member's type is to a schema, and how a value of it is built while JSON is read.
namespace patchbay::detail {

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

/// Vectors and maps: what is in them.
template <class T>
struct ContainerOf {
  static constexpr bool is_container = false;
};
template <class T>
struct ContainerOf<std::vector<T>> {
  static constexpr bool is_container = true, never_empty = false;
  static constexpr FieldKind kind = FieldKind::array;
  using container = std::vector<T>;
  using element = T;
};
template <class T>
struct ContainerOf<std::map<std::string, T>> {
  static constexpr bool is_container = true, never_empty = false;
  static constexpr FieldKind kind = FieldKind::map;
  using container = std::map<std::string, T>;
  using element = T;
};
template <class T>
struct ContainerOf<NonEmptyContainer<T>> : ContainerOf<T> {
  static constexpr bool never_empty = true;
};

template <class T>
inline constexpr bool is_hana_struct = boost::hana::Struct<T>::value;

template <class T>
inline constexpr bool is_container = !FieldType<T> && ContainerOf<T>::is_container;

/// A type that may stand as a member of a schema, alone or in an optional.
template <class T>
constexpr bool is_member_type() noexcept {
  if constexpr (FieldType<T> || is_hana_struct<T>) {
    return true;
  } else if constexpr (ContainerOf<T>::is_container) {
    return is_member_type<typename OptionalOf<typename ContainerOf<T>::element>::type>();
  } else {
    return false;
  }
}

template <class T>
concept FieldWithDefault = FieldType<T> && FieldRules<T>::has_default;

/// Where a value is put while its schema is read.
template <class T>
using Slot = std::conditional_t<std::default_initializable<T>, T, std::optional<T>>;

template <class T>
[[nodiscard]] T take(Slot<T>& slot) {
  if constexpr (std::same_as<Slot<T>, T>) {
    return std::move(slot);
  } else {
    return *std::move(slot);
  }
}

/// How the values of struct T are built. In <patchbay/schema/reflect.hpp>.
template <class T>
struct Building;

/// The functions of `ValueOps` for values of type T in slots of type S, which is T or `std::optional<T>`.
template <class T, class S>
struct Ops {
  /// The value in the slot, made if need be.
  static T* made(void* slot) {
    if constexpr (std::same_as<S, T>) {
      return static_cast<T*>(slot);
    } else {
      return &static_cast<S*>(slot)->emplace();
    }
  }
  static void store(void* slot, std::string_view token) {
    *static_cast<S*>(slot) = static_cast<T>(FieldRules<T>::parse(token));
  }
  static bool open(void* slot, const Inside& fill) {
    if constexpr (!is_container<T>) {
      if constexpr (Building<T>::in_place) {
        return fill(made(slot));
      } else {
        typename Building<T>::Frame frame;
        if (!fill(&frame)) return false;
        static_cast<S*>(slot)->emplace(Building<T>::built(frame));
        return true;
      }
    } else if constexpr (ContainerOf<T>::never_empty) {
      typename T::container_type content;
      if (!fill(&content)) return false;
      *static_cast<S*>(slot) = T(std::move(content), typename T::Counted{});
      return true;
    } else {
      T* const content = made(slot);
      content->clear();  // a struct may give its members values of their own
      return fill(content);
    }
  }
  static bool add(void* inside, std::string_view key, const Inside& fill) {
    using Element = typename ContainerOf<T>::element;
    auto& content = *static_cast<typename ContainerOf<T>::container*>(inside);
    constexpr bool in_place = std::same_as<Slot<Element>, Element> && !std::same_as<Element, bool>;
    if constexpr (in_place && ContainerOf<T>::kind == FieldKind::array) {
      return fill(&content.emplace_back());
    } else if constexpr (in_place) {
      return fill(&content[std::string(key)]);
    } else {
      Slot<Element> slot{};
      if (!fill(&slot)) return false;
      if constexpr (ContainerOf<T>::kind == FieldKind::array) {
        content.push_back(take<Element>(slot));
      } else {
        content.insert_or_assign(std::string(key), take<Element>(slot));
      }
      return true;
    }
  }

  static constexpr ValueOps table() noexcept {
    ValueOps out;
    if constexpr (FieldType<T>) {
      out.store = store;
    } else if constexpr (is_container<T>) {
      out.open = open;
      out.add = add;
    } else if constexpr (Building<T>::possible) {
      out.open = open;
    }
    return out;
  }
};

/// The shape of member type M.
template <class M>
struct ShapeOf {
  using Value = typename OptionalOf<M>::type;

  static std::string rule_of_array() { return "array: expected a JSON array"; }
  static std::string rule_of_some() { return "array: expected a JSON array of at least one element"; }
  static std::string rule_of_map() { return "map: expected a JSON object, whose members are the entries"; }
  static std::string rule_of_some_map() { return "map: expected a JSON object of at least one member"; }

  static constexpr FieldShape make() noexcept {
    FieldShape out;
    out.nullable = OptionalOf<M>::optional;
    if constexpr (FieldType<Value>) {
      out.kind = FieldRules<Value>::kind;
      out.check = [](std::string_view token) { return FieldRules<Value>::check(token); };
      out.rule = [] { return std::string(FieldRules<Value>::rule()); };
      if constexpr (requires { FieldRules<Value>::integral; }) out.integral = FieldRules<Value>::integral;
      if constexpr (requires(JsonWriter& writer) { FieldRules<Value>::describe(writer); })
        out.describe = [](JsonWriter& writer) { FieldRules<Value>::describe(writer); };
    } else if constexpr (is_container<Value>) {
      using Of = ContainerOf<Value>;
      out.kind = Of::kind;
      out.element = &ShapeOf<typename Of::element>::shape;
      out.min_items = Of::never_empty ? 1 : 0;
      if constexpr (Of::kind == FieldKind::array) {
        out.rule = Of::never_empty ? rule_of_some : rule_of_array;
      } else {
        out.rule = Of::never_empty ? rule_of_some_map : rule_of_map;
      }
    } else {
      out.kind = FieldKind::schema;
      out.nested = &TableOf<Value>::table;
      out.rule = [] { return std::string("object: expected a JSON object of the nested schema"); };
    }
    out.ops = Ops<Value, Slot<M>>::table();
    if constexpr (OptionalOf<M>::optional) out.ops.reset = [](void* slot) { static_cast<M*>(slot)->reset(); };
    return out;
  }
  static constexpr FieldShape shape = make();
};

}  // namespace patchbay::detail
