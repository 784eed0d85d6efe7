// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/one_of.hpp>

bool is_valid(std::string_view text) { return patchbay::OneOf<"red", "blue">::make(text).has_value(); }
