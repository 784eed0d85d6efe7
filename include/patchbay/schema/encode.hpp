// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>  // memcpy
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
///
/// It keeps the place of the next byte itself, apart from the sink, so that the compiler can keep it in a register: a
/// place that is stored and loaded again for each piece costs as much as the writing.
class Encoding {
 public:
  Encoding(std::vector<Violation>& violations, JsonSink& sink, const Place& place, std::span<const FieldInfo> fields,
           bool secret) noexcept
      : violations_(violations),
        sink_(sink),
        place_(place),
        fields_(fields),
        next_(sink.next()),
        end_(sink.end()),
        secret_(secret) {}
  Encoding(const Encoding&) = delete;
  Encoding& operator=(const Encoding&) = delete;
  /// Gives the place back.
  ~Encoding() { sink_.set_next(next_); }

  template <class Wire, class Member>
  [[gnu::always_inline]] void member(const Member& value) {
    const FieldInfo& field = fields_[index_++];
    if constexpr (OptionalOf<Member>::optional) {
      if (value) present<Wire>(field, *value);
    } else {
      present<Wire>(field, value);
    }
  }

 private:
  template <class Wire, class Value>
  [[gnu::always_inline]] void present(const FieldInfo& field, const Value& value) {
    if (any_) {
      put(Wire::key_behind_comma);
    } else {
      put(Wire::key);
      any_ = true;
    }
    write(value, Place{&place_, field.name}, secret_ || field.secret);
  }

  template <class Value>
  [[gnu::always_inline]] void write(const Value& value, const Place& place, bool secret) {
    if constexpr (FieldType<Value>) {
      scalar(value, place, secret);
    } else {
      sink_.set_next(next_);
      beneath(violations_, sink_, value, place, secret);
      reload();
    }
  }

  template <class Value>
  [[gnu::always_inline]] void scalar(const Value& value, const Place& place, bool secret) {
    using Rules = FieldRules<Value>;
    if constexpr (requires { { Rules::text_of(value) } -> std::convertible_to<std::string_view>; }) {
      const std::string_view text = Rules::text_of(value);
      if (end_ - next_ >= static_cast<std::ptrdiff_t>(text.size() + 10) &&
          copy_plain(next_ + 1, text.data(), text.size())) {
        *next_ = '"';
        next_[text.size() + 1] = '"';
        next_ += text.size() + 2;
      } else {
        sink_.set_next(next_);
        if (!sink_.text_with_escapes(text)) report(violations_, place, std::string(Rules::rule()), text, secret);
        reload();
      }
    } else if constexpr (requires { { Rules::json_of(value) } -> std::convertible_to<std::string_view>; }) {
      put(Rules::json_of(value));
    } else if constexpr (requires { Rules::value_of(value); }) {  // of a type that is written as another one
      scalar(Rules::value_of(value), place, secret);
    } else if constexpr (std::same_as<Value, bool>) {
      put(value ? std::string_view("true") : std::string_view("false"));
    } else if constexpr (is_field_integer<Value>) {
      char text[24];
      put({text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr - text)});
    } else {
      sink_.set_next(next_);
      encode_by_rules(violations_, sink_, value, place, secret);
      reload();
    }
  }

  template <class Value>
  static void encode_by_rules(std::vector<Violation>& violations, JsonSink& sink, const Value& value,
                              const Place& place, bool secret) {
    sink.with_string([&](std::string& out) {
      const std::size_t at = out.size();
      const bool fine = FieldRules<Value>::encode(value, out);
      if (!fine)
        report(violations, place, std::string(FieldRules<Value>::rule()), std::string_view(out).substr(at), secret);
      return fine;
    });
  }

  /// A value that is no scalar, or an element.
  template <class Value>
  static void beneath(std::vector<Violation>& violations, JsonSink& sink, const Value& value, const Place& place,
                      bool secret) {
    if constexpr (OptionalOf<Value>::optional) {
      if (value) return beneath(violations, sink, *value, place, secret);
      sink.put("null");
    } else if constexpr (FieldType<Value>) {
      Encoding encoding(violations, sink, place, {}, secret);
      encoding.scalar(value, place, secret);
    } else if constexpr (is_container<Value>) {
      container(violations, sink, value, place, secret);
    } else {
      sink.put('{');
      {
        Encoding nested(violations, sink, place, TableOf<Value>::infos, secret);
        ReflectionOf<Value>::each(value, nested);
      }
      sink.put('}');
    }
  }

  template <class Value>
  static void container(std::vector<Violation>& violations, JsonSink& sink, const Value& value, const Place& place,
                        bool secret) {
    using Of = ContainerOf<Value>;
    using Element = typename Of::element;
    if (Of::never_empty && value.begin() == value.end())
      report(violations, place, ShapeOf<Value>::shape.rule(), "", secret);
    bool any = false;
    if constexpr (Of::kind == FieldKind::array) {
      sink.put('[');
      std::size_t index = 0;
      for (const auto& each : value) {
        if (std::exchange(any, true)) sink.put(',');
        // Not `each` by its own type, which may be a proxy: std::vector<bool>.
        beneath<Element>(violations, sink, each, Place{&place, {}, index++}, secret);
      }
      sink.put(']');
    } else {
      sink.put('{');
      for (const auto& [name, each] : value) {
        if (std::exchange(any, true)) sink.put(',');
        const Place entry{&place, shown_name(name, secret)};
        if (!sink.text(name)) report(violations, entry, "name: expected UTF-8 text", "", secret);
        sink.put(':');
        beneath<Element>(violations, sink, each, entry, secret);
      }
      sink.put('}');
    }
  }

  [[gnu::always_inline]] void put(std::string_view bytes) {
    if (static_cast<std::size_t>(end_ - next_) < bytes.size()) {
      sink_.set_next(next_);
      const bool has_room = sink_.make_room(bytes.size());
      reload();
      if (!has_room) return;
    }
    std::memcpy(next_, bytes.data(), bytes.size());
    next_ += bytes.size();
  }
  void reload() noexcept {
    next_ = sink_.next();
    end_ = sink_.end();
  }

  std::vector<Violation>& violations_;
  JsonSink& sink_;
  const Place& place_;
  std::span<const FieldInfo> fields_;
  char* next_;
  char* end_;
  bool secret_;
  bool any_ = false;
  std::size_t index_ = 0;
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
