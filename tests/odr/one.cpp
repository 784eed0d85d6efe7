// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "every_header.hpp"

// The second unit's view of entities that inline functions, variables and templates share.
const void* address_of_never() noexcept;
std::string_view name_of_second_unit(patchbay::ErrorCode code);
patchbay::Result<patchbay::Endpoint> parse_in_second_unit(std::string_view url);

int main() {
  if (address_of_never() != &patchbay::never) return 1;
  if (name_of_second_unit(patchbay::ErrorCode::conflict) != to_string(patchbay::ErrorCode::conflict)) return 2;
  const auto here = patchbay::Endpoint::parse("https://api.example.com/v2", "url");
  const auto there = parse_in_second_unit("https://api.example.com/v2");
  return here && there && *here == *there ? 0 : 3;
}
