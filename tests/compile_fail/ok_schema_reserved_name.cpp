// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>

struct Order {
  BOOST_HANA_DEFINE_STRUCT(Order, (std::string, ivr_status));
};

constexpr std::string_view reserved[] = {"ivr_state", "flow_node"};
static_assert(!patchbay::uses_reserved_name<patchbay::StructSchema<Order>>(reserved), "the schema declares a name that is reserved");
