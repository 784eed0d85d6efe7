// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/error.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/json_sink.hpp>
#include <patchbay/schema/reflect.hpp>

namespace patchbay::detail {

/// Writes the members of a typed value. Constrained members cannot be wrong; a string can hold bytes that are no UTF-8,
/// a double can be infinite, and what was moved from can be empty.
class Encoding {
 public:
  Encoding(std::vector<Violation>& violations, JsonSink& sink, const Place& place, std::span<const FieldInfo> fields,
           bool secret) noexcept
      : violations_(violations), sink_(sink), place_(place), fields_(fields), secret_(secret) {}

  template <class Wire, class Member>
  void member(const Member& value) {
    const FieldInfo& field = fields_[next_++];
    if constexpr (OptionalOf<Member>::optional) {
      if (value) present<Wire>(field, *value);
    } else {
      present<Wire>(field, value);
    }
  }

 private:
  template <class Wire, class Value>
  void present(const FieldInfo& field, const Value& value) {
    if (any_) {
      sink_.put(Wire::key_behind_comma);
    } else {
      sink_.put(Wire::key);
      any_ = true;
    }
    const Place place{&place_, field.name};
    write(value, place, secret_ || field.secret);
  }

  template <class Value>
  void write(const Value& value, const Place& place, bool secret) {
    if constexpr (OptionalOf<Value>::optional) {  // an element
      if (value) return write(*value, place, secret);
      sink_.put("null");
    } else if constexpr (FieldType<Value>) {
      scalar(value, place, secret);
    } else if constexpr (is_container<Value>) {
      container(value, place, secret);
    } else {
      sink_.put('{');
      Encoding nested(violations_, sink_, place, TableOf<Value>::infos, secret);
      ReflectionOf<Value>::each(value, nested);
      sink_.put('}');
    }
  }

  template <class Value>
  void scalar(const Value& value, const Place& place, bool secret) {
    using Rules = FieldRules<Value>;
    if constexpr (requires { { Rules::text_of(value) } -> std::convertible_to<std::string_view>; }) {
      const std::string_view text = Rules::text_of(value);
      if (!sink_.text(text)) refuse(place, Rules::rule(), text, secret);
    } else if constexpr (requires { { Rules::json_of(value) } -> std::convertible_to<std::string_view>; }) {
      sink_.put(Rules::json_of(value));
    } else if constexpr (requires { Rules::value_of(value); }) {  // of a type that is written as another one
      scalar(Rules::value_of(value), place, secret);
    } else if constexpr (std::same_as<Value, bool>) {
      sink_.put(value ? std::string_view("true") : std::string_view("false"));
    } else if constexpr (is_field_integer<Value>) {
      char text[24];
      sink_.put({text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr - text)});
    } else {
      std::string_view shown;
      const bool fine = sink_.with_string([&](std::string& out) {
        const std::size_t at = out.size();
        const bool good = Rules::encode(value, out);
        shown = std::string_view(out).substr(at);
        return good;
      });
      if (!fine) refuse(place, Rules::rule(), shown, secret);
    }
  }

  template <class Value>
  void container(const Value& value, const Place& place, bool secret) {
    using Of = ContainerOf<Value>;
    if (Of::never_empty && value.begin() == value.end()) refuse(place, ShapeOf<Value>::shape.rule(), "", secret);
    bool any = false;
    if constexpr (Of::kind == FieldKind::array) {
      sink_.put('[');
      std::size_t index = 0;
      for (const auto& each : value) {
        if (std::exchange(any, true)) sink_.put(',');
        // Not `each` itself, which may be a proxy: std::vector<bool>.
        write<typename Of::element>(each, Place{&place, {}, index++}, secret);
      }
      sink_.put(']');
    } else {
      sink_.put('{');
      for (const auto& [name, each] : value) {
        if (std::exchange(any, true)) sink_.put(',');
        const Place entry{&place, name};
        if (!sink_.text(name)) refuse(entry, "name: expected UTF-8 text", "", secret);
        sink_.put(':');
        write(each, entry, secret);
      }
      sink_.put('}');
    }
  }

  void refuse(const Place& place, std::string rule, std::string_view shown, bool secret) {
    report(violations_, place, std::move(rule), shown, secret);
  }

  std::vector<Violation>& violations_;
  JsonSink& sink_;
  const Place& place_;
  std::span<const FieldInfo> fields_;
  bool secret_;
  bool any_ = false;
  std::size_t next_ = 0;
};

template <class T>
void encode_members(const T& value, JsonSink& sink, std::vector<Violation>& violations) {
  const Place top{};
  Encoding encoding(violations, sink, top, TableOf<T>::infos, false);
  ReflectionOf<T>::each(value, encoding);
}

/// A guess at the bytes of a value, for the first room.
template <class T>
inline constexpr std::size_t usual_size = [] {
  std::size_t size = 64;
  for (const FieldInfo& field : TableOf<T>::infos) size += field.key.size() + 40;
  return size;
}();

/// The error of a value that cannot be encoded, or does not fit `room` bytes.
[[nodiscard]] PATCHBAY_DECL Error unencodable(std::vector<Violation> violations, std::size_t size, std::size_t room);

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/encode.ipp>
#endif
