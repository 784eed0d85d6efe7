// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/time.hpp>

static_assert(patchbay::never > patchbay::SteadyTime{}, "time ends");
