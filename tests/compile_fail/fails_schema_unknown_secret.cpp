// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A secret field that is misspelt would be shown.
// expect: field_settings<T>: names something that is no member of T; correct the spelling
// expect: Payment
#include <patchbay/policy/schema.hpp>

struct Payment {
  BOOST_HANA_DEFINE_STRUCT(Payment, (std::string, card_number));
};
template <>
inline constexpr auto patchbay::field_settings<Payment> =
    std::array{patchbay::FieldSettings{.member = "card_numbr", .secret = true}};

static_assert(patchbay::schema<Payment>.names().size() == 1);
