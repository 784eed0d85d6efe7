// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A count whose least is beyond its most.
// expect: Pattern: the count at byte AtByte is reversed; write the smaller number first
// expect(GNU): AtByte = 2
// expect(Clang): reversed_count, 2
#include <patchbay/schema/pattern.hpp>

bool is_valid(std::string_view text) { return patchbay::Pattern<"\\d{9,4}">::make(text).has_value(); }
