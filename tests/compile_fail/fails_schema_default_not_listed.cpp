// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A default that is none of the values.
// expect: Default<T, V>: V is no value of T, or breaks T.s rule; give a default that keeps it
#include <patchbay/schema/default.hpp>
#include <patchbay/schema/one_of.hpp>

std::string_view standard() {
  static const patchbay::Default<patchbay::OneOf<"red", "blue">, "green"> colour;
  return colour.value().view();
}
