// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/default.hpp>
#include <patchbay/schema/one_of.hpp>

std::string_view standard() {
  static const patchbay::Default<patchbay::OneOf<"red", "blue">, "blue"> colour;
  return colour.value().view();
}
