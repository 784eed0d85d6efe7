// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A list of values that lists none.
// expect: OneOf<>: a value must be one of a list, and the list is empty; name the values
#include <patchbay/schema/one_of.hpp>

bool is_valid(std::string_view text) { return patchbay::OneOf<>::make(text).has_value(); }
