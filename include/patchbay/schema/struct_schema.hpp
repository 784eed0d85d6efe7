// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/result.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/encode.hpp>
#include <patchbay/schema/options.hpp>
#include <patchbay/schema/reflect.hpp>
#include <patchbay/schema/variables.hpp>

namespace patchbay {

/// The schema that the Boost.Hana struct T declares: its members' types are the rules. Empty; models `Schema`.
///
/// T is made known to Hana by `BOOST_HANA_DEFINE_STRUCT`, `BOOST_HANA_ADAPT_STRUCT` (each takes at most 54 members) or
/// hand-written `accessors` (at most 256). Members are field types (`FieldRules`), nested Hana structs, `std::vector` and
/// `std::map<std::string, ...>` of them, and `std::optional` of any of these; `field_settings` says what the types
/// cannot. A struct may contain itself, through a vector or map. Safe to share between threads; a `JsonReader` is not.
template <class T, SchemaOptions O = SchemaOptions{}>
class StructSchema {
  /// Whether T is a schema; where it is not, one message says why, and what follows is left out.
  static constexpr bool is_sound() noexcept {
    static_assert(detail::is_hana_struct<T>,
                  "patchbay::StructSchema<T>: T is no Boost.Hana struct; declare its members with "
                  "BOOST_HANA_DEFINE_STRUCT, or name "
                  "them with BOOST_HANA_ADAPT_STRUCT");
    if constexpr (detail::is_hana_struct<T>) {
      return detail::ReflectionOf<T>::template check<>();
    } else {
      return false;
    }
  }

 public:
  using value_type = T;
  static constexpr SchemaOptions options = O;

  /// The fields' names on the wire, in order.
  [[nodiscard]] static constexpr std::span<const std::string_view> names() noexcept {
    if constexpr (is_sound()) {
      return detail::ReflectionOf<T>::names;
    } else {
      return {};
    }
  }

  /// The names under which fields are taken: those on the wire, then their aliases.
  [[nodiscard]] static constexpr std::span<const std::string_view> accepted_names() noexcept {
    if constexpr (is_sound()) {
      return detail::ReflectionOf<T>::accepted_names;
    } else {
      return {};
    }
  }

  /// Coerces and validates all of `in`: appends every violation, and the encoded members, without braces and without a
  /// comma before them, in the order of `in`, then the absent ones that have a default. A name in `reserved` is refused.
  /// Absent optional fields are not written, nor is a strict JSON null of an optional field. With a violation, `members`
  /// is left as it was. Allocates only where `members` must grow, for violations, for undeclared variables and entries
  /// of maps, for objects and for JSON within text.
  void coerce(const Variables& in, JsonReader& reader, std::span<const std::string_view> reserved,
              std::vector<Violation>& out_violations, std::string& members) const {
    if constexpr (is_sound())
      detail::coerce_variables(detail::TableOf<T>::table, O, in, reader, reserved, out_violations, members);
  }

  /// The same of the text of one JSON object, read in one pass. Its strings are text, as those of `Variables::from_json`
  /// are. Text that is no valid JSON object is one violation, with the path `variables`.
  void coerce(std::string_view object, JsonReader& reader, std::span<const std::string_view> reserved,
              std::vector<Violation>& out_violations, std::string& members) const {
    if constexpr (is_sound())
      detail::coerce_json(detail::TableOf<T>::table, O, object, reader, reserved, out_violations, members);
  }

  /// Appends the encoded members of a typed value, in the order of T, as `coerce` does. Violations are only what a type
  /// cannot keep out: text that is no UTF-8, a floating number that is not finite, a reserved name.
  void encode(const T& value, std::span<const std::string_view> reserved, std::vector<Violation>& out_violations,
              std::string& members) const {
    if constexpr (is_sound()) {
      const std::size_t before = members.size(), known = out_violations.size();
      if (!reserved.empty())
        for (const std::string_view name : names())
          if (detail::is_one_of(name, reserved)) report_reserved(name, out_violations);
      {
        detail::JsonSink sink(members, detail::usual_size<T>);
        detail::encode_members(value, sink, out_violations);
      }
      if (out_violations.size() != known) members.resize(before);
    }
  }

  /// Writes a value as a JSON object, braces included, into `out`; the bytes that were written. `validation_failed` when
  /// a type could not keep something out, `payload_too_large` when there is too little room: the violation says how much
  /// it takes.
  /// Allocates nothing for members of the library's own types.
  [[nodiscard]] Result<std::size_t> encode_into(const T& value, std::span<char> out) const {
    std::vector<Violation> violations;
    detail::JsonSink sink(out);
    object(value, sink, violations);
    if (violations.empty() && !sink.has_overflown()) return sink.size();
    return fail(detail::unencodable(std::move(violations), sink.size(), out.size()));
  }

  /// How many bytes `encode_into` writes of a value that can be encoded. Writes nothing.
  [[nodiscard]] std::size_t encoded_size(const T& value) const {
    std::vector<Violation> violations;
    detail::JsonSink sink(std::span<char>{});
    object(value, sink, violations);
    return sink.size();
  }

  /// The value that the whole of `json` is, a JSON object, read in one pass by the rules of `coerce`;
  /// `validation_failed` with every violation otherwise. What `options` let pass beside the fields has no place in a T
  /// and is dropped. Only under strict coercion, since a lenient object may be something else. A T that has no default
  /// constructor needs one that takes its members in order. The reader is used again; the form without one allocates it.
  [[nodiscard]] Result<T> decode(std::string_view json, JsonReader& reader) const
      requires(O.coercion == Coercion::strict) {
    return decoded([&](void* frame) { return detail::decode_json(detail::TableOf<T>::table, O, json, &reader, frame); });
  }
  [[nodiscard]] Result<T> decode(std::string_view json) const
      requires(O.coercion == Coercion::strict) {
    return decoded([&](void* frame) { return detail::decode_json(detail::TableOf<T>::table, O, json, nullptr, frame); });
  }

  /// A T of loose input: what `coerce` takes, as a value, under the terms of `decode`.
  [[nodiscard]] Result<T> parse(const Variables& in, JsonReader& reader) const
      requires(O.coercion == Coercion::strict) {
    return decoded([&](void* frame) { return detail::decode_variables(detail::TableOf<T>::table, O, in, reader, frame); });
  }

 private:
  static void object(const T& value, detail::JsonSink& sink, std::vector<Violation>& violations) {
    if constexpr (is_sound()) {
      sink.put('{');
      detail::encode_members(value, sink, violations);
      sink.put('}');
    }
  }
  static void report_reserved(std::string_view name, std::vector<Violation>& violations) {
    const detail::Place top{};
    detail::report(violations, detail::Place{&top, name}, std::string(detail::reserved_rule), "", false);
  }

  template <class Read>
  [[nodiscard]] static Result<T> decoded(const Read& read) {
    using Building = detail::Building<T>;
    static_assert(!is_sound() || Building::template possible_throughout<>(),
                  "patchbay::StructSchema<T>::decode: T, or a struct in it, has neither a default constructor nor one "
                  "that takes its members in order; give it one of them");
    if constexpr (!is_sound() || !Building::possible) {
      return fail(Error(ErrorCode::validation_failed, ""));
    } else if constexpr (Building::in_place) {
      Result<T> out;
      if (std::optional<Error> error = read(&*out)) return fail(*std::move(error));
      return out;
    } else {
      typename Building::Frame frame;
      if (std::optional<Error> error = read(&frame)) return fail(*std::move(error));
      return Building::built(frame);
    }
  }
};

/// The schema of T, as a value: `Policies{.schema = schema<BillingContext>}`.
template <class T, SchemaOptions O = SchemaOptions{}>
inline constexpr StructSchema<T, O> schema{};

}  // namespace patchbay
