// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/error.hpp>
#include <patchbay/schema/options.hpp>
#include <patchbay/schema/struct_schema.hpp>
#include <patchbay/schema/variables.hpp>

namespace patchbay {

class JsonReader;

/// What variables, or a hold command, must look like.
///
/// A schema may also coerce the text of a JSON object, `coerce(std::string_view, ...)` with the same arguments behind; for
/// one that does not, such text is made `Variables` first.
///
/// Laws: both functions look at all of their input and append every violation; they append members of a JSON object
/// without braces, valid UTF-8 and valid JSON, each name once and none of them in `reserved`; when they append a
/// violation they append no members. Neither keeps anything, so a schema may be shared between threads.
template <class S>
concept Schema = requires(const S& schema, const Variables& in, JsonReader& reader,
                          std::span<const std::string_view> reserved, std::vector<Violation>& violations,
                          std::string& members, const typename S::value_type& value) {
  typename S::value_type;
  { schema.coerce(in, reader, reserved, violations, members) } -> std::same_as<void>;
  { schema.encode(value, reserved, violations, members) } -> std::same_as<void>;
};

namespace detail {

/// Coerces the text of a JSON object: in one pass where schema S can do that, else through `Variables`.
template <Schema S>
void coerce_object(const S& schema, std::string_view object, JsonReader& reader,
                   std::span<const std::string_view> reserved, std::vector<Violation>& violations,
                   std::string& members) {
  if constexpr (requires { schema.coerce(object, reader, reserved, violations, members); }) {
    schema.coerce(object, reader, reserved, violations, members);
  } else if (const Result<Variables> in = Variables::from_json(object, reader)) {
    schema.coerce(*in, reader, reserved, violations, members);
  } else {
    for (const Violation& each : in.error().violations()) violations.push_back(each);
  }
}

/// Appends the violation of variables that came in two ways, which would have to be reconciled.
PATCHBAY_DECL void refuse_given_twice(std::string_view how, std::vector<Violation>& violations);

}  // namespace detail

/// Whether schema S declares a field by one of the `reserved` names; false for a schema that does not tell its names. A
/// door asserts it, so that a schema which could never be used does not compile (hazard A19).
template <class S>
[[nodiscard]] consteval bool uses_reserved_name(std::span<const std::string_view> reserved) {
  if constexpr (requires { std::span<const std::string_view>(S::accepted_names()); }) {
    for (const std::string_view name : S::accepted_names())
      for (const std::string_view taken : reserved)
        if (name == taken) return true;
  } else if constexpr (requires { std::span<const std::string_view>(S::names()); }) {
    for (const std::string_view name : S::names())
      for (const std::string_view taken : reserved)
        if (name == taken) return true;
  }
  return false;
}

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/policy/impl/schema.ipp>
#endif
