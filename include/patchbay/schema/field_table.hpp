// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/schema/field_kind.hpp>
#include <patchbay/schema/utf8.hpp>

namespace patchbay {

class JsonWriter;

/// What a type is compiled to: tables that the engine of coercion and the writer of JSON Schema read. Neither is a
/// template, so a further schema costs a program its tables and nothing else.
namespace detail {

struct FieldTable;

/// What the engine does with the inside of a value that it builds: a frame of members, a vector, a map, or an element.
/// Refers to a function object that outlives the call.
class Inside {
 public:
  template <class Run>
  explicit Inside(const Run& run) noexcept
      : run_(&run), call_([](const void* of, void* inside) -> bool { return (*static_cast<const Run*>(of))(inside); }) {}
  /// False when something was wrong within, so that there is nothing to build.
  [[nodiscard]] bool operator()(void* inside) const { return call_(run_, inside); }

 private:
  const void* run_;
  bool (*call_)(const void*, void*);
};

/// How a value of some type T is built while its JSON is read. A slot is a T, or `std::optional<T>` for a T that has no
/// default constructor.
struct ValueOps {
  /// Of a scalar or an object: sets the slot to what a checked token stands for.
  void (*store)(void* slot, std::string_view token) = nullptr;
  /// Of a schema, array or map: calls `fill` with the inside of the value, and puts the value in the slot.
  bool (*open)(void* slot, const Inside& fill) = nullptr;
  /// Of an optional member: takes away what the struct itself put there, for an input that has nothing.
  void (*reset)(void* slot) = nullptr;
  /// Of an array or map: adds an element to its inside, with `fill` called with the element's slot.
  bool (*add)(void* inside, std::string_view key, const Inside& fill) = nullptr;
};

/// A type, as the engine sees it.
struct FieldShape {
  FieldKind kind = FieldKind::text;
  bool nullable = false;  ///< Of `std::optional`: JSON's null is a value of it.
  bool integral = false;
  /// Of a scalar or an object: whether a token keeps the rule (`FieldRules`).
  bool (*check)(std::string_view token) = nullptr;
  /// What was expected, for violations.
  std::string (*rule)() = nullptr;
  /// Writes the members of the type's JSON Schema; null where the kind says all.
  void (*describe)(JsonWriter&) = nullptr;
  const FieldShape* element = nullptr;  ///< Of an array's elements, or of a map's values.
  const FieldTable* nested = nullptr;   ///< Of a schema.
  std::size_t min_items = 0;            ///< Of an array or map.
  std::size_t max_items = (std::numeric_limits<std::size_t>::max)();
  ValueOps ops;
};

/// One field of a schema.
struct FieldInfo {
  std::string_view name;                       ///< On the wire, unescaped.
  std::string_view key;                        ///< The same as it is written: quoted, escaped, with its colon.
  bool required = true;                        ///< Neither optional nor with a default.
  bool secret = false;                         ///< What stands beneath is secret too.
  std::span<const std::string_view> aliases;   ///< Taken, deprecated, never written.
  std::string_view description;                ///< For people; may be empty.
  bool (*write_default)(std::string&) = nullptr;  ///< Appends the JSON of the default; null where there is none.
  const FieldShape* shape = nullptr;
  void* (*slot)(void* frame) = nullptr;  ///< The field's slot in a frame of its schema.
};

struct FieldTable {
  std::span<const FieldInfo> fields;
  bool has_secret = false;   ///< Here or beneath.
  bool has_aliases = false;
};

inline constexpr std::size_t max_fields = 256;

/// Whether a field, or an undeclared variable, may have this name.
[[nodiscard]] constexpr bool is_variable_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 128) return false;
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  // C1 controls are two bytes, C2 80 to C2 9F.
  for (std::size_t i = 0; i + 1 < name.size(); ++i)
    if (name[i] == '\xc2' && static_cast<unsigned char>(name[i + 1]) < 0xa0) return false;
  return is_utf8(name);
}

/// The table of schema T: `TableOf<T>::table`. In <patchbay/schema/reflect.hpp>.
template <class T>
struct TableOf;

}  // namespace detail
}  // namespace patchbay
