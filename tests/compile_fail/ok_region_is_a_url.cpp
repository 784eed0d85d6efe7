// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/region.hpp>

constexpr patchbay::Region ireland = patchbay::Region::of("mypurecloud.ie");

bool is_known() { return ireland.name() == "eu_west_1"; }
