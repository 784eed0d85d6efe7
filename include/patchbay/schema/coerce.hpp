// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/error.hpp>
#include <patchbay/schema/field_table.hpp>
#include <patchbay/schema/options.hpp>
#include <patchbay/schema/variables.hpp>

// The engine of coercion. It is no template: a schema is compiled to a table of its fields, and this reads the table.
// So a further schema costs a program its table and nothing else.
namespace patchbay {

class JsonReader;

namespace detail {

/// The place of a value, from which its violations take their path: `routing.queues[2].name`. The outermost has no
/// parent and no name.
struct Place {
  static constexpr std::size_t no_index = static_cast<std::size_t>(-1);

  const Place* parent = nullptr;
  std::string_view name;
  std::size_t index = no_index;  ///< Of an element; else the place is `name` in its parent.

  PATCHBAY_DECL void append_to(std::string& out) const;
};

/// The name of a map's entry in paths. It came with the input as the values did, so it is as secret as they.
[[nodiscard]] inline std::string_view shown_name(std::string_view name, bool secret) noexcept {
  return secret ? std::string_view("<redacted>") : name;
}

/// Appends a violation; the value is cut to 64 bytes, or redacted.
PATCHBAY_DECL void report(std::vector<Violation>& out, const Place& at, std::string rule, std::string_view value,
                          bool secret);

inline constexpr std::string_view reserved_rule = "reserved: the transition writes this name itself";

[[nodiscard]] inline bool is_one_of(std::string_view name, std::span<const std::string_view> names) noexcept {
  for (const std::string_view each : names)
    if (each == name) return true;
  return false;
}

/// `StructSchema::coerce`. False when there are violations, and `members` is as it was.
PATCHBAY_DECL bool coerce_variables(const FieldTable& table, SchemaOptions options, const Variables& in,
                                    JsonReader& reader, std::span<const std::string_view> reserved,
                                    std::vector<Violation>& violations, std::string& members);

/// The same of the text of a JSON object.
PATCHBAY_DECL bool coerce_json(const FieldTable& table, SchemaOptions options, std::string_view object,
                               JsonReader& reader, std::span<const std::string_view> reserved,
                               std::vector<Violation>& violations, std::string& members);

/// Reads the values of the fields into `frame`; an error with every violation otherwise.
PATCHBAY_DECL std::optional<Error> decode_variables(const FieldTable& table, SchemaOptions options,
                                                    const Variables& in, JsonReader& reader, void* frame);
/// The same of the text of a JSON object. Without a reader, it makes one.
PATCHBAY_DECL std::optional<Error> decode_json(const FieldTable& table, SchemaOptions options,
                                               std::string_view object, JsonReader* reader, void* frame);

}  // namespace detail
}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/coerce.ipp>
#endif
