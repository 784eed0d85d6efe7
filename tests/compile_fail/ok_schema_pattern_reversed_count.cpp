// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/pattern.hpp>

bool is_valid(std::string_view text) { return patchbay::Pattern<"\\d{4,9}">::make(text).has_value(); }
