// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Counts that multiply beyond what a pattern may have.
// expect: Pattern: at byte AtByte the pattern becomes too large: at most 512 bytes, and 512 characters
#include <patchbay/schema/pattern.hpp>

bool is_valid(std::string_view text) { return patchbay::Pattern<"(a{30}){30}">::make(text).has_value(); }
