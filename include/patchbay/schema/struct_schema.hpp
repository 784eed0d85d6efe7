// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <patchbay/result.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/reflect.hpp>

namespace patchbay {

namespace detail {

/// Writes the members of a typed value. Constrained members cannot be wrong; a string can hold bytes that are no UTF-8,
/// and a double can be infinite.
class Encoding {
 public:
  Encoding(std::vector<Violation>& violations, std::string& members, SchemaPath path, std::span<const FieldInfo> fields,
           bool secret) noexcept
      : violations_(violations), members_(members), path_(path), fields_(fields), secret_(secret) {}

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
    if (any_) members_.push_back(',');
    any_ = true;
    members_.append(Wire::key);
    const bool secret = secret_ || field.secret;
    if constexpr (FieldType<Value>) {
      const std::size_t at = members_.size();
      if (!FieldRules<Value>::encode(value, members_))
        report(violations_, path_, field.name, field.shape->rule(), std::string_view(members_).substr(at), secret);
    } else {
      members_.push_back('{');
      Encoding nested(violations_, members_, SchemaPath{&path_, field.name}, TableOf<Value>::infos, secret);
      ReflectionOf<Value>::each(value, nested);
      members_.push_back('}');
    }
  }

  std::vector<Violation>& violations_;
  std::string& members_;
  SchemaPath path_;
  std::span<const FieldInfo> fields_;
  bool secret_;
  bool any_ = false;
  std::size_t next_ = 0;
};

/// Reads the members of a T out of variables that coercion has taken and written.
class Decoding {
 public:
  explicit Decoding(const Variables& written) noexcept : written_(written) {}

  template <class Member>
  [[nodiscard]] Member member(std::string_view name) const {
    using Value = typename OptionalOf<Member>::type;
    for (const Variables::Entry entry : written_)
      if (entry.name == name) return value<Value>(entry.value);
    if constexpr (OptionalOf<Member>::optional) {
      return std::nullopt;
    } else {
      return value<Value>({});  // not reached: a required field that is absent is a violation
    }
  }

 private:
  template <class Value>
  [[nodiscard]] static Value value(std::string_view token) {
    if constexpr (FieldType<Value>) {
      return FieldRules<Value>::parse(token);
    } else {
      const Variables nested = variables_of(token);
      return ReflectionOf<Value>::make(Decoding(nested));
    }
  }
  const Variables& written_;
};

}  // namespace detail

/// The schema that the Boost.Hana struct T declares: its members' types are the rules. Empty; models `Schema`.
///
/// T is made known to Hana by `BOOST_HANA_DEFINE_STRUCT`, `BOOST_HANA_ADAPT_STRUCT` (each takes at most 54 members) or
/// hand-written `accessors` (at most 256). Members are field types (`FieldRules`), `std::optional` of one, or nested
/// Hana structs. Safe to share between threads; a `JsonReader` is not.
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

  /// Coerces and validates all of `in`: appends every violation, and the encoded members, without braces and without a
  /// comma before them, in the order of `in`. A name in `reserved` is refused. Absent optional fields are not written,
  /// nor is a strict JSON null of an optional field. With a violation, `members` is left as it was. Allocates only
  /// where `members` must grow, for violations, undeclared or nested fields and escaped JSON strings.
  void coerce(const Variables& in, JsonReader& reader, std::span<const std::string_view> reserved,
              std::vector<Violation>& out_violations, std::string& members) const {
    if constexpr (is_sound()) {
      const std::size_t before = members.size(), known = out_violations.size();
      detail::Coercing::Shared shared{O, reader, out_violations, members};
      detail::Coercing(detail::TableOf<T>::table, shared, {}, false).run(in, reserved);
      if (out_violations.size() != known) members.resize(before);
    }
  }

  /// Appends the encoded members of a typed value, in the order of T, as `coerce` does. Violations are only what a type
  /// cannot keep out: text that is no UTF-8, a floating number that is not finite, a reserved name.
  void encode(const T& value, std::span<const std::string_view> reserved, std::vector<Violation>& out_violations,
              std::string& members) const {
    if constexpr (is_sound()) {
      const std::size_t before = members.size(), known = out_violations.size();
      detail::SchemaPath top{};
      for (const std::string_view name : names())
        if (detail::is_one_of(name, reserved))
          detail::report(out_violations, top, name, std::string(detail::reserved_rule), "", false);
      detail::Encoding encoding(out_violations, members, top, detail::TableOf<T>::infos, false);
      detail::ReflectionOf<T>::each(value, encoding);
      if (out_violations.size() != known) members.resize(before);
    }
  }

  /// A T of loose input: what `coerce` takes, as a value. `validation_failed` with every violation otherwise.
  /// Undeclared variables that `options` let pass have no place in a T and are dropped. Only under strict coercion,
  /// since a lenient object may be something else. Allocates; not for hot paths.
  [[nodiscard]] Result<T> parse(const Variables& in, JsonReader& reader) const
      requires(O.coercion == Coercion::strict) {
    std::vector<Violation> violations;
    std::string members = "{";
    coerce(in, reader, {}, violations, members);
    if (!violations.empty()) {
      Error error(ErrorCode::validation_failed, "the input breaks its schema");
      error.set_violations(std::move(violations));
      return fail(std::move(error));
    }
    members.push_back('}');
    const Variables written = detail::variables_of(members);
    return detail::ReflectionOf<T>::make(detail::Decoding(written));
  }
};

/// The schema of T, as a value: `Policies{.schema = schema<BillingContext>}`.
template <class T, SchemaOptions O = SchemaOptions{}>
inline constexpr StructSchema<T, O> schema{};

}  // namespace patchbay
