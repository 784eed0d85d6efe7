// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// An alias that is the name of another member: which of the two would be meant?
// expect: field_settings<T>: an alias is another name of T's members already; drop one of the two
// expect: Payment
#include <patchbay/policy/schema.hpp>

struct Payment {
  BOOST_HANA_DEFINE_STRUCT(Payment, (std::string, card_number), (std::string, card));
};
template <>
inline constexpr auto patchbay::field_settings<Payment> =
    std::array{patchbay::FieldSettings{.member = "card_number", .aliases = {"card"}}};

static_assert(patchbay::schema<Payment>.names().size() == 2);
