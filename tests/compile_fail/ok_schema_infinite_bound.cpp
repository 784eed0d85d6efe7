// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/bounded.hpp>

using Limit = std::numeric_limits<double>;
bool is_valid(std::string_view text) { return patchbay::AtLeast<double, 0.0>::parse(text).has_value(); }
