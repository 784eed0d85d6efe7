// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>

struct Order {
  Order(int one, int two) : first(one), second(two) {}
  BOOST_HANA_DEFINE_STRUCT(Order, (int, first), (int, second));
};

const auto order = patchbay::schema<Order>.decode("{}");
