// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/bounded.hpp>

bool is_valid(int priority) { return patchbay::Bounded<int, 0, 9>::make(priority).has_value(); }
