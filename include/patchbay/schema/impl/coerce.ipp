// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/impl/coercing.ipp>
#include <patchbay/schema/utf8.hpp>

namespace patchbay::detail {

PATCHBAY_DECL void Place::append_to(std::string& out) const {
  if (parent == nullptr) return;
  parent->append_to(out);
  if (index != no_index) {
    out.push_back('[');
    append_json_number(out, index);
    out.push_back(']');
    return;
  }
  if (!out.empty()) out.push_back('.');
  append_clipped(out, name, 128);
}

PATCHBAY_DECL void report(std::vector<Violation>& out, const Place& at, std::string rule, std::string_view value,
                          bool secret) {
  Violation& violation = out.emplace_back();
  at.append_to(violation.path);
  violation.rule = std::move(rule);
  if (secret) {
    violation.value = "<redacted>";
  } else {
    append_clipped(violation.value, value, 64);
  }
}

/// Reports an input that is no JSON object, in place of what was found in it so far.
inline void report_no_object(const FieldTable& table, std::string_view object, std::string_view why, std::size_t known,
                             std::vector<Violation>& violations) {
  violations.resize(known);
  const Place top{}, at{&top, "variables"};
  report(violations, at, std::string("object: expected one JSON object; the reader says: ").append(why), object,
         table.has_secret);
}

PATCHBAY_DECL bool coerce_variables(const FieldTable& table, SchemaOptions options, const Variables& in,
                                    JsonReader& reader, std::span<const std::string_view> reserved,
                                    std::vector<Violation>& violations, std::string& members) {
  const std::size_t before = members.size(), known = violations.size();
  {
    Coercing engine(options, violations, &members, in.bytes() + 64 + 32 * table.fields.size());
    engine.variables(table, in, ReaderFor{reader, false}, reserved, nullptr);
  }
  if (violations.size() == known) return true;
  members.resize(before);
  return false;
}

PATCHBAY_DECL bool coerce_json(const FieldTable& table, SchemaOptions options, std::string_view object,
                               JsonReader& reader, std::span<const std::string_view> reserved,
                               std::vector<Violation>& violations, std::string& members) {
  const std::size_t before = members.size(), known = violations.size();
  {
    Coercing engine(options, violations, &members, object.size() + 64);
    const std::string_view why = engine.object(table, object, reader, reserved, nullptr);
    if (!why.empty()) report_no_object(table, object, why, known, violations);
  }
  if (violations.size() == known) return true;
  members.resize(before);
  return false;
}

inline Error schema_error(std::vector<Violation> violations) {
  Error error(ErrorCode::validation_failed, "the input breaks its schema");
  error.set_violations(std::move(violations));
  return error;
}

PATCHBAY_DECL std::optional<Error> decode_variables(const FieldTable& table, SchemaOptions options,
                                                    const Variables& in, JsonReader& reader, void* frame) {
  std::vector<Violation> violations;
  Coercing engine(options, violations, nullptr, 0);
  engine.variables(table, in, ReaderFor{reader, false}, {}, frame);
  if (violations.empty()) return std::nullopt;
  return schema_error(std::move(violations));
}

PATCHBAY_DECL std::optional<Error> decode_json(const FieldTable& table, SchemaOptions options,
                                               std::string_view object, JsonReader* reader, void* frame) {
  if (reader == nullptr) {
    JsonReader own;
    return decode_json(table, options, object, &own, frame);
  }
  std::vector<Violation> violations;
  Coercing engine(options, violations, nullptr, 0);
  const std::string_view why = engine.object(table, object, *reader, {}, frame);
  if (!why.empty()) report_no_object(table, object, why, 0, violations);
  if (violations.empty()) return std::nullopt;
  return schema_error(std::move(violations));
}

}  // namespace patchbay::detail
