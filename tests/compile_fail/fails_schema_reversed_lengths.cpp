// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A least length beyond the greatest.
// expect: AllOf<Rules...>: the lengths are reversed, so that no text fits; let the least length be no more than the greatest
// expect: MinLengthRule<9>
#include <patchbay/schema/text.hpp>

bool is_valid(std::string_view text) { return patchbay::Length<9, 4>::make(text).has_value(); }
