// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>

struct Order {
  int first;
};
BOOST_HANA_ADAPT_STRUCT(Order, first);

static_assert(patchbay::schema<Order>.names().size() <= 1);
