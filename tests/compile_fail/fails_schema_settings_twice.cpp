// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Two entries for one member: the second would be lost, and the number shown.
// expect: field_settings<T>: names a member of T twice; put its settings in one entry
// expect: Payment
#include <patchbay/policy/schema.hpp>

struct Payment {
  BOOST_HANA_DEFINE_STRUCT(Payment, (std::string, card_number));
};
template <>
inline constexpr auto patchbay::field_settings<Payment> =
    std::array{patchbay::FieldSettings{.member = "card_number", .wire = "cardNumber"},
               patchbay::FieldSettings{.member = "card_number", .secret = true}};

static_assert(patchbay::schema<Payment>.names().size() == 1);
