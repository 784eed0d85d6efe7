// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <patchbay/policy/schema.hpp>

namespace patchbay::detail {

PATCHBAY_DECL void refuse_given_twice(std::string_view how, std::vector<Violation>& violations) {
  violations.push_back({"variables", std::string("given twice: ").append(how), "<omitted>"});
}

}  // namespace patchbay::detail
