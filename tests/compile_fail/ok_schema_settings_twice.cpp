// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>

struct Payment {
  BOOST_HANA_DEFINE_STRUCT(Payment, (std::string, card_number));
};
template <>
inline constexpr auto patchbay::field_settings<Payment> =
    std::array{patchbay::FieldSettings{.member = "card_number", .wire = "cardNumber", .secret = true}};

static_assert(patchbay::schema<Payment>.names().size() == 1);
