// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <bit>  // countr_zero
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <patchbay/schema/utf8.hpp>

// How a compiled pattern is laid out and run: an automaton of Glushkov's construction, one state per character of the
// pattern, held as sets of bits. Each character of a text costs one step over the states that are alive, so that no
// text takes longer than its length times the size of the pattern.
namespace patchbay::detail {

/// Code points from `first` to `last`, both included.
struct PatternRange {
  char32_t first = 0;
  char32_t last = 0;
};

/// The ranges [begin, end) of the pattern's ranges, or all code points but those.
struct PatternClass {
  std::uint16_t begin = 0;
  std::uint16_t end = 0;
  bool negated = false;
};

template <std::size_t Words>
using PatternSet = std::array<std::uint64_t, Words>;

/// Calls `visit(state)` for each state of a set.
template <std::size_t Words, class Visit>
constexpr void each_state(const PatternSet<Words>& set, std::size_t used_words, Visit visit) {
  for (std::size_t w = 0; w < used_words; ++w)
    for (std::uint64_t bits = set[w]; bits != 0; bits &= bits - 1)
      visit(w * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
}

template <std::size_t Words, std::size_t States, std::size_t Classes, std::size_t Ranges>
struct PatternProgram {
  bool takes_empty = false;
  PatternSet<Words> first{};                           // states that may take the first character
  PatternSet<Words> last{};                            // states that may have taken the last one
  std::array<PatternSet<Words>, 128> ascii{};          // states that take a character of ASCII
  std::array<PatternSet<Words>, States + 1> follow{};  // states that may come behind a state
  std::array<std::uint16_t, States + 1> class_of{};
  std::array<PatternClass, Classes + 1> classes{};
  std::array<PatternRange, Ranges + 1> ranges{};

  [[nodiscard]] constexpr bool takes(std::size_t state, char32_t point) const noexcept {
    const PatternClass& of = classes[class_of[state]];
    for (std::size_t i = of.begin; i < of.end; ++i)
      if (point >= ranges[i].first && point <= ranges[i].last) return !of.negated;
    return of.negated;
  }

  /// Whether the whole of `text`, which is valid UTF-8, is of the pattern.
  [[nodiscard]] constexpr bool matches(std::string_view text) const noexcept {
    if (text.empty()) return takes_empty;
    PatternSet<Words> alive = first, taken{};
    for (std::size_t i = 0; i < text.size();) {
      const auto byte = static_cast<unsigned char>(text[i]);
      std::uint64_t any = 0;
      if (byte < 0x80) {
        ++i;
        for (std::size_t w = 0; w < Words; ++w) any |= taken[w] = alive[w] & ascii[byte][w];
      } else {
        const std::size_t length = utf8_sequence(text, i);
        if (length == 0) return false;
        const char32_t point = utf8_code_point(text, i, length);
        i += length;
        taken = {};
        each_state(alive, Words, [&](std::size_t state) {
          if (takes(state, point)) any |= taken[state / 64] |= std::uint64_t{1} << (state % 64);
        });
      }
      if (any == 0) return false;
      alive = {};
      each_state(taken, Words, [&](std::size_t state) {
        for (std::size_t w = 0; w < Words; ++w) alive[w] |= follow[state][w];
      });
    }
    std::uint64_t ended = 0;
    for (std::size_t w = 0; w < Words; ++w) ended |= taken[w] & last[w];
    return ended != 0;
  }
};

}  // namespace patchbay::detail
