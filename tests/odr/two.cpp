// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "every_header.hpp"

#include <cstddef>

// With the linkage of C, so that no strong symbol of this unit names patchbay, which check_symbols.cmake looks for.
extern "C" {
const void* address_of_never_in_second_unit() noexcept;
const char* name_of_conflict_in_second_unit() noexcept;
bool parses_the_same_in_second_unit(const char* url, const void* endpoint);
std::size_t size_of_reader_in_second_unit() noexcept;
}

const void* address_of_never_in_second_unit() noexcept { return &patchbay::never; }
const char* name_of_conflict_in_second_unit() noexcept { return to_string(patchbay::ErrorCode::conflict).data(); }
std::size_t size_of_reader_in_second_unit() noexcept { return sizeof(patchbay::JsonReader); }
bool parses_the_same_in_second_unit(const char* url, const void* endpoint) {
  const auto here = patchbay::Endpoint::parse(url, "url");
  return here && *here == *static_cast<const patchbay::Endpoint*>(endpoint);
}
