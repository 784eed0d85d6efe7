// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

namespace patchbayctl {

/// Document A's variables. Whether others pass, as strings, is decided at run time here: a schema is a policy, and may
/// be a class of the client's own.
class DocumentVariables {
 public:
  using value_type = patchbay::IvrVariables;

  explicit DocumentVariables(bool strict) : strict_(strict) {}

  void coerce(const patchbay::Variables& in, patchbay::JsonReader& reader, std::span<const std::string_view> reserved,
              std::vector<patchbay::Violation>& violations, std::string& members) const {
    if (strict_) {
      patchbay::schema<value_type>.coerce(in, reader, reserved, violations, members);
    } else {
      patchbay::schema<value_type, open>.coerce(in, reader, reserved, violations, members);
    }
  }
  void encode(const value_type& value, std::span<const std::string_view> reserved,
              std::vector<patchbay::Violation>& violations, std::string& members) const {
    patchbay::schema<value_type>.encode(value, reserved, violations, members);
  }

 private:
  static constexpr patchbay::SchemaOptions open{.unknown = patchbay::Unknown::as_string};
  bool strict_;
};

}  // namespace patchbayctl
