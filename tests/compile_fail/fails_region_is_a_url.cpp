// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A region is named by its domain, not by the address of one of its hosts.
// expect: this_is_no_region_give_its_name_or_its_domain_alone
#include <patchbay/cloud/region.hpp>

constexpr patchbay::Region ireland = patchbay::Region::of("https://api.mypurecloud.ie");

bool is_known() { return ireland.name() == "eu_west_1"; }
