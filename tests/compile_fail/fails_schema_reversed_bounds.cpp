// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Bounds between which nothing lies.
// expect: Bounded<T, Min, Max>: the bounds are reversed, so that no value fits; write the smaller one first
// expect: Bounded<int, 9, 0>
#include <patchbay/schema/bounded.hpp>

bool is_valid(int priority) { return patchbay::Bounded<int, 9, 0>::make(priority).has_value(); }
