// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/bounded.hpp>

patchbay::Result<patchbay::Bounded<int, 0, 9>> priority(int value) { return patchbay::Bounded<int, 0, 9>::make(value); }
