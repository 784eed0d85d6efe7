// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include <patchbay/json/write.hpp>
#include <patchbay/schema/encode.hpp>

namespace patchbay::detail {

PATCHBAY_DECL Error unencodable(std::vector<Violation> violations, std::size_t size, std::size_t room) {
  const bool is_too_large = violations.empty();
  if (is_too_large) {
    std::string rule = "size: expected at most ";
    append_json_number(rule, room);
    rule.append(" bytes of JSON, for which there is room");
    std::string value;
    append_json_number(value, size);
    violations.push_back({"value", std::move(rule), std::move(value)});
  }
  Error error(is_too_large ? ErrorCode::payload_too_large : ErrorCode::validation_failed, "the value cannot be encoded");
  error.set_violations(std::move(violations));
  return error;
}

}  // namespace patchbay::detail
