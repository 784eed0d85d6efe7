// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/pattern.hpp>

bool is_valid(std::string_view text) { return patchbay::Pattern<"[A-Z]{2}">::make(text).has_value(); }
