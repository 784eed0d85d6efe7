// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/constrained.hpp>

struct EvenRule {
  static constexpr std::string_view rule = "even: expected an even number";
  static constexpr bool check(int value) { return value % 2 == 0; }
};

bool is_valid(int value) { return patchbay::Constrained<int, EvenRule>::make(value).has_value(); }
