// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A value that is listed twice.
// expect: OneOf<Values...>: a value is listed twice; drop one of the two
#include <patchbay/schema/one_of.hpp>

bool is_valid(std::string_view text) { return patchbay::OneOf<"red", "blue", "red">::make(text).has_value(); }
