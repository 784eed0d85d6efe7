// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>  // abort
#include <initializer_list>
#include <string_view>

/// What libFuzzer calls with each input, and replay.cpp with each file of the corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace patchbay_fuzz {

/// Ends the program, with what was at hand, when a law does not hold; libFuzzer then keeps the input.
inline void law(bool holds, std::string_view which, std::initializer_list<std::string_view> shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN LAW: %.*s\n", static_cast<int>(which.size()), which.data());
  for (const std::string_view each : shown) std::fprintf(stderr, "  %.*s\n", static_cast<int>(each.size()), each.data());
  std::abort();
}

/// An input as text.
[[nodiscard]] inline std::string_view as_text(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};  // bytes as characters, which is what the cast is for
}

}  // namespace patchbay_fuzz
