// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/enumeration.hpp>

enum class Tier { gold, silver };
template <>
inline constexpr auto patchbay::enum_names<Tier> =
    std::array{patchbay::EnumName{Tier::gold, "gold"}, patchbay::EnumName{Tier::silver, "silver"}};

struct Order {
  BOOST_HANA_DEFINE_STRUCT(Order, (std::string, account), (Tier, tier));
};

static_assert(patchbay::schema<Order>.names().size() == 2);
