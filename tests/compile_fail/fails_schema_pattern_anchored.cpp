// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A pattern matches the whole text and has no anchors.
// expect: Pattern: \^ or \$ at byte AtByte; the whole text is matched always: remove it
// expect(GNU): AtByte = 0
// expect(Clang): anchor, 0
#include <patchbay/schema/pattern.hpp>

bool is_valid(std::string_view text) { return patchbay::Pattern<"^[A-Z]{2}$">::make(text).has_value(); }
