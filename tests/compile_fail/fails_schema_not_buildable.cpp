// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A value cannot be decoded into a type that can only be made of something else.
// expect: StructSchema<T>::decode: T, or a struct in it, has neither a default constructor nor one that takes its members in order
// expect: Order
#include <patchbay/policy/schema.hpp>

struct Order {
  explicit Order(void*) {}
  BOOST_HANA_DEFINE_STRUCT(Order, (int, first), (int, second));
};

const auto order = patchbay::schema<Order>.decode("{}");
