// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A type of number whose values JSON cannot hold.
// expect: Bounded<T, Min, Max>: T must be an integer type, float or double; long double has no exact form in JSON
// expect(GNU): Bounded<long double
// expect(Clang): Bounded<long double
#include <patchbay/schema/bounded.hpp>

bool is_valid(std::string_view text) { return patchbay::AtLeast<long double, 0.0L>::parse(text).has_value(); }
