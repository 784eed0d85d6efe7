// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>

namespace patchbay {

/// A string literal as a template argument: `OneOf<"queueing", "consultation">`. `N` counts the terminating zero.
template <std::size_t N>
struct FixedString {
  // Implicit, so that a literal can stand where a template argument is wanted.
  consteval FixedString(const char (&literal)[N]) noexcept {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
  [[nodiscard]] friend constexpr bool operator==(const FixedString&, const FixedString&) = default;

  char text[N]{};  ///< Public, because only a structural type may be a template argument.
};

}  // namespace patchbay
