// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A type that Hana knows nothing of.
// expect: StructSchema<T>: T is no Boost.Hana struct; declare its members with BOOST_HANA_DEFINE_STRUCT
// expect: Order
#include <patchbay/policy/schema.hpp>

struct Order {
  int first;
};

static_assert(patchbay::schema<Order>.names().size() <= 1);
