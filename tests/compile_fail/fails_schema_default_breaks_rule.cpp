// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A default that its own type refuses.
// expect: Default<T, V>: V is no value of T, or breaks T.s rule; give a default that keeps it
// expect(GNU): Bounded<int, 0, 9>
// expect(Clang): Bounded<int, 0, 9>
#include <patchbay/schema/bounded.hpp>
#include <patchbay/schema/default.hpp>

int standard() { return patchbay::Default<patchbay::Bounded<int, 0, 9>, 12>().value().value(); }
