// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>

struct Order {
  BOOST_HANA_DEFINE_STRUCT(Order, (std::string, tier), (int, handle));
};

static_assert(patchbay::schema<Order>.names().size() <= 2);
