// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/policy/schema.hpp>

namespace patchbay_test {

inline constexpr std::string_view reserved[] = {"ivr_state", "flow_node", "last_updated", "transition_id"};

/// What a schema made of some input.
struct Coerced {
  std::string members;
  std::vector<patchbay::Violation> violations;
};

template <class T, patchbay::SchemaOptions O = patchbay::SchemaOptions{}>
Coerced coerced(const patchbay::Variables& in) {
  patchbay::JsonReader reader;
  Coerced out;
  patchbay::schema<T, O>.coerce(in, reader, reserved, out.violations, out.members);
  return out;
}

/// The same of the text of a JSON object, in one pass.
template <class T, patchbay::SchemaOptions O = patchbay::SchemaOptions{}>
Coerced coerced_json(std::string_view object) {
  patchbay::JsonReader reader;
  Coerced out;
  patchbay::schema<T, O>.coerce(object, reader, reserved, out.violations, out.members);
  return out;
}

}  // namespace patchbay_test
