// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// expect: the last of many
#include <patchbay/time.hpp>

#define FAILS static_assert(patchbay::never < patchbay::SteadyTime{}, "one of many");
FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS FAILS
static_assert(patchbay::never < patchbay::SteadyTime{}, "the last of many");
