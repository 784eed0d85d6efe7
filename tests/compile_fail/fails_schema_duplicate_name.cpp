// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Two members that are written under one name.
// expect: StructSchema<T>: two members of T have the same name on the wire; rename one of them
// expect: Order
#include <patchbay/policy/schema.hpp>

struct Order {
  int first;
  int second;
};
BOOST_HANA_ADAPT_STRUCT(Order, first, first);

static_assert(patchbay::schema<Order>.names().size() <= 2);
