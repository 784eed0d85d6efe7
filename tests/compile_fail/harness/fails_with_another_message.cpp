// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// expect: time ends
#include <patchbay/time.hpp>

static_assert(patchbay::never < patchbay::SteadyTime{}, "another reason");
