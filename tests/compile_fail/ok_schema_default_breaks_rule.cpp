// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/bounded.hpp>
#include <patchbay/schema/default.hpp>

int standard() { return patchbay::Default<patchbay::Bounded<int, 0, 9>, 5>().value().value(); }
