// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "every_header.hpp"

const void* address_of_never() noexcept;
std::string_view name_of_second_unit(patchbay::ErrorCode code);
patchbay::Result<patchbay::Endpoint> parse_in_second_unit(std::string_view url);

const void* address_of_never() noexcept { return &patchbay::never; }
std::string_view name_of_second_unit(patchbay::ErrorCode code) { return to_string(code); }
patchbay::Result<patchbay::Endpoint> parse_in_second_unit(std::string_view url) {
  return patchbay::Endpoint::parse(url, "url");
}
