// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A constraint that lacks what it is to do.
// expect: Constrained<T, R>: R is no FieldRule for T; give it .static bool check
// expect: EvenRule
#include <patchbay/schema/constrained.hpp>

struct EvenRule {
  static constexpr std::string_view rule = "even: expected an even number";
  static constexpr bool is_even(int value) { return value % 2 == 0; }
};

bool is_valid(int value) { return patchbay::Constrained<int, EvenRule>::make(value).has_value(); }
