// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "every_header.hpp"

#include <cstddef>

// The second unit's view of entities that inline functions, variables and templates share.
extern "C" {
const void* address_of_never_in_second_unit() noexcept;
const char* name_of_conflict_in_second_unit() noexcept;
bool parses_the_same_in_second_unit(const char* url, const void* endpoint);
std::size_t size_of_reader_in_second_unit() noexcept;
}

int main() {
  if (address_of_never_in_second_unit() != &patchbay::never) return 1;
  if (name_of_conflict_in_second_unit() != to_string(patchbay::ErrorCode::conflict)) return 2;
  constexpr const char* url = "https://api.example.com/v2";
  const auto here = patchbay::Endpoint::parse(url, "url");
  if (size_of_reader_in_second_unit() != sizeof(patchbay::JsonReader)) return 4;  // simdjson's parser is in it
  return here && parses_the_same_in_second_unit(url, &*here) ? 0 : 3;
}
