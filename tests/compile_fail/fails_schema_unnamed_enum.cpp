// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// An enumeration whose values have no names is pointed to where names are given.
// expect: StructSchema<T>: the type of a member cannot be coerced; .* an enum that patchbay::enum_names names
// expect(GNU): check_member\(\) .with T = Order
// expect(Clang): check_member<Order
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/enumeration.hpp>

enum class Tier { gold, silver };

struct Order {
  BOOST_HANA_DEFINE_STRUCT(Order, (std::string, account), (Tier, tier));
};

static_assert(patchbay::schema<Order>.names().size() == 2);
