// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A secret field that is misspelt would be shown.
// expect: secret_fields<T>: names something that is no member of T; correct the spelling
// expect: Payment
#include <patchbay/policy/schema.hpp>

struct Payment {
  BOOST_HANA_DEFINE_STRUCT(Payment, (std::string, card_number));
};
template <>
inline constexpr std::array<std::string_view, 1> patchbay::secret_fields<Payment>{"card_numbr"};

static_assert(patchbay::schema<Payment>.names().size() == 1);
