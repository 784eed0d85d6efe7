// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/schema/field_table.hpp>
#include <patchbay/schema/options.hpp>
#include <patchbay/schema/struct_schema.hpp>

namespace patchbay {

/// Which texts a JSON Schema document describes.
enum class JsonSchemaOf : std::uint8_t {
  input,   ///< What strict coercion takes: aliases included, and the null of a field that may be absent.
  output,  ///< What coercion and encoding write.
};

/// What a type does not say of its JSON Schema document.
struct JsonSchemaSettings {
  JsonSchemaOf of = JsonSchemaOf::input;
  std::string_view title{};        ///< Left out when empty, as are the next two.
  std::string_view description{};
  std::string_view id{};           ///< `$id`: a URI.
  /// Names that are refused where undeclared ones are let pass: those that a transition writes itself.
  std::span<const std::string_view> reserved{};
};

namespace detail {

/// Appends the document of a table.
PATCHBAY_DECL void append_json_schema(std::string& out, const FieldTable& table, const SchemaOptions& options,
                                      const JsonSchemaSettings& settings);

}  // namespace detail

/// The JSON Schema document (draft 2020-12) of schema T under options O, minified.
///
/// Properties stand in the order of T by their names on the wire, with descriptions and defaults; an alias is a
/// property of its own, marked `deprecated`, and excludes the other names of its field. A schema that is nested in more
/// than one place, or in itself, stands once in `$defs`. Validators need no extension, and no `format`.
///
/// Of `JsonSchemaOf::output`: every text that coercion under O or encoding writes is valid, put between braces.
///
/// Of `JsonSchemaOf::input`, for a JSON object whose values are of JSON types that the document names: it is valid
/// exactly when strict coercion takes it, and decoding, which takes the same. What JSON Schema cannot say, or says
/// otherwise:
///
/// - Coercion also takes what the document refuses: text that spells a number, a boolean, or JSON where an object or
///   array is wanted, and the numbers 1 and 0 for a boolean. Lenient coercion takes more still.
/// - Integers are integers by their spelling for coercion; for JSON Schema `5.0` and `5e0` are integers as well.
/// - An integer that its field's type cannot hold exactly is refused, and so are numbers just beyond the bounds of
///   64-bit integers and floats; validators that read numbers as doubles cannot tell.
/// - Durations and instants that their type cannot count are refused; the document says no more than their form.
/// - Lengths are bytes for `MaxLength` and `MinLength` and for names, and characters for JSON Schema: the document's are
///   those that every text in bounds keeps.
/// - Beyond any schema: names that come twice, halves of surrogate pairs, nesting deeper than `max_json_depth`.
///
/// Allocates. Thread-safe.
template <class T, SchemaOptions O = SchemaOptions{}>
[[nodiscard]] std::string json_schema(const JsonSchemaSettings& settings = {}) {
  std::string out;
  // `names` stops the compilation with one message where T can be no schema.
  if (!StructSchema<T, O>::names().empty() || detail::TableOf<T>::table.fields.empty())
    detail::append_json_schema(out, detail::TableOf<T>::table, O, settings);
  return out;
}

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/json_schema.ipp>
#endif
