// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// What is known only at run time goes through make, so that it is checked there.
// expect(GNU): is not a constant expression
// expect(Clang): is not a constant expression
#include <patchbay/schema/bounded.hpp>

patchbay::Bounded<int, 0, 9> priority(int value) { return value; }
