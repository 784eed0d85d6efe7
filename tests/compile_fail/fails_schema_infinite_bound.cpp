// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A bound that JSON cannot say.
// expect: Bounded<T, Min, Max>: a bound is infinite or NaN, which JSON cannot say; use AtLeast or AtMost
#include <patchbay/schema/bounded.hpp>

using Limit = std::numeric_limits<double>;
bool is_valid(std::string_view text) { return patchbay::Bounded<double, 0.0, Limit::infinity()>::parse(text).has_value(); }
