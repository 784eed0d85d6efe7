// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A pattern that is wrong is shown with the place of the mistake.
// expect: Pattern: the group that begins at byte AtByte has no end; add \), or write
// expect(GNU): AtByte = 3
// expect(Clang): unclosed_group, 3
#include <patchbay/schema/pattern.hpp>

bool is_valid(std::string_view text) { return patchbay::Pattern<"ab-(c|d">::make(text).has_value(); }
