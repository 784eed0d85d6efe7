// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A member's type that cannot be coerced is named, with what can be used instead.
// expect: StructSchema<T>: the type of a member cannot be coerced; use std::string
// expect(GNU): check_member\(\) .with T = Order
// expect(Clang): check_member<Order
#include <patchbay/policy/schema.hpp>

struct Order {
  BOOST_HANA_DEFINE_STRUCT(Order, (std::string, tier), (void*, handle));
};

static_assert(patchbay::schema<Order>.names().size() <= 2);
