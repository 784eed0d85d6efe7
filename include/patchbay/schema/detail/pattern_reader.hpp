// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <patchbay/schema/detail/pattern_problem.hpp>
#include <patchbay/schema/detail/pattern_program.hpp>
#include <patchbay/schema/utf8.hpp>

namespace patchbay::detail {

/// Reads the text of a pattern, while compiling: its characters, escapes and classes, whose ranges it keeps one behind
/// the other. What they mean together is the compiler's.
class PatternReader {
 public:
  static constexpr std::size_t max_bytes = 512;
  static constexpr std::size_t max_ranges = 1024;

  [[nodiscard]] constexpr bool good() const noexcept { return problem == PatternProblem::none; }

  PatternProblem problem = PatternProblem::none;
  std::size_t problem_at = 0;  // byte of the pattern
  std::size_t ranges = 0;

 protected:
  struct Atom {
    char32_t point = 0;
    char letter = 0;  // of a class such as \d
  };

  constexpr explicit PatternReader(std::string_view source) noexcept : source_(source) {
    if (!is_utf8(source)) fail(PatternProblem::not_utf8, 0);
    if (source.size() > max_bytes) fail(PatternProblem::too_large, max_bytes);
  }

  constexpr void fail(PatternProblem what, std::size_t at) noexcept {
    if (good()) problem = what, problem_at = at;
  }
  [[nodiscard]] constexpr bool is_at(char c) const noexcept { return at_ < source_.size() && source_[at_] == c; }
  [[nodiscard]] constexpr bool take(char c) noexcept {
    if (!is_at(c)) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] constexpr bool is_at_any(std::string_view of) const noexcept {
    return at_ < source_.size() && of.find(source_[at_]) != std::string_view::npos;
  }

  constexpr void add(const PatternRange& range) noexcept {
    if (ranges == max_ranges) return fail(PatternProblem::too_large, at_);
    ranges_[ranges++] = range;
  }
  template <std::size_t N>
  constexpr void add_all(const PatternRange (&of)[N], bool negated) noexcept {
    if (!negated) {
      for (const PatternRange& each : of) add(each);
      return;
    }
    char32_t next = 0;
    for (const PatternRange& each : of) {
      if (each.first > next) add(PatternRange{next, each.first - 1});
      next = each.last + 1;
    }
    add(PatternRange{next, 0x10ffff});
  }
  constexpr void add(const Atom& one) noexcept {
    switch (one.letter) {
      case 0:
        return add(PatternRange{one.point, one.point});
      case 'd':
        return add_all(digits, false);
      case 'D':
        return add_all(digits, true);
      case 'w':
        return add_all(word_characters, false);
      case 'W':
        return add_all(word_characters, true);
      case 's':
        return add_all(spaces, false);
      default:
        return add_all(spaces, true);
    }
  }

  /// What stands between [ or [^ and ], which it takes.
  constexpr void members(std::size_t start) noexcept {
    if (is_at(']')) return fail(PatternProblem::empty_class, start);
    while (good() && !is_at(']')) {
      if (at_ == source_.size()) return fail(PatternProblem::unclosed_class, start);
      const std::size_t begin = at_;
      const Atom low = one_of("^$\\.*+?()[]{}|/-");
      const bool is_range = is_at('-') && at_ + 1 < source_.size() && source_[at_ + 1] != ']';
      if (!is_range) {
        add(low);
        continue;
      }
      ++at_;
      const Atom high = one_of("^$\\.*+?()[]{}|/-");
      if (low.letter != 0 || high.letter != 0) return fail(PatternProblem::range_of_classes, begin);
      if (high.point < low.point) return fail(PatternProblem::reversed_range, begin);
      add(PatternRange{low.point, high.point});
    }
    if (good()) ++at_;
  }

  /// A character, or a backslash and what it makes of what follows; it may make any of `escapable` a plain character.
  constexpr Atom one_of(std::string_view escapable) noexcept {
    const std::size_t start = at_;
    if (!take('\\')) {
      const std::size_t length = utf8_sequence(source_, at_);
      at_ += length;
      return {utf8_code_point(source_, start, length)};
    }
    if (at_ == source_.size()) return fail(PatternProblem::bad_escape, start), Atom{};
    const char c = source_[at_++];
    switch (c) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 's':
      case 'S':
        return {0, c};
      case 'n':
        return {U'\n'};
      case 'r':
        return {U'\r'};
      case 't':
        return {U'\t'};
      case 'f':
        return {U'\f'};
      case 'v':
        return {U'\v'};
      case 'x':
        return {hexadecimal(2, start)};
      case 'u':
        return {take('{') ? braced(start) : hexadecimal(4, start)};
      default:
        break;
    }
    if (escapable.find(c) == std::string_view::npos) fail(PatternProblem::bad_escape, start);
    return {static_cast<char32_t>(static_cast<unsigned char>(c))};
  }
  [[nodiscard]] constexpr int hex_digit() noexcept {
    if (at_ == source_.size()) return -1;
    const char c = source_[at_];
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower >= 'a' && lower <= 'f') return ++at_, lower - 'a' + 10;
    if (lower >= '0' && lower <= '9') return ++at_, lower - '0';
    return -1;
  }
  constexpr char32_t checked(char32_t point, std::size_t start) noexcept {
    if (point > 0x10ffff) fail(PatternProblem::bad_escape, start);
    if (point >= 0xd800 && point <= 0xdfff) fail(PatternProblem::surrogate, start);
    return point;
  }
  constexpr char32_t hexadecimal(int count, std::size_t start) noexcept {
    char32_t point = 0;
    for (; count > 0; --count) {
      const int digit = hex_digit();
      if (digit < 0) return fail(PatternProblem::bad_escape, start), U'\0';
      point = point * 16 + static_cast<char32_t>(digit);
    }
    return checked(point, start);
  }
  constexpr char32_t braced(std::size_t start) noexcept {
    char32_t point = 0;
    const std::size_t begin = at_;
    for (int digit = hex_digit(); digit >= 0; digit = hex_digit())
      if (point <= 0x10ffff) point = point * 16 + static_cast<char32_t>(digit);
    if (at_ == begin || !take('}')) return fail(PatternProblem::bad_escape, start), U'\0';
    return checked(point, start);
  }

  // The classes of ECMA-262 (\d, \w, \s and what `.` leaves out), sorted.
  static constexpr PatternRange digits[] = {{'0', '9'}};
  static constexpr PatternRange word_characters[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  static constexpr PatternRange line_ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
  static constexpr PatternRange spaces[] = {{'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680},
                                            {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                                            {0x3000, 0x3000}, {0xfeff, 0xfeff}};

  std::string_view source_;
  std::size_t at_ = 0;
  std::array<PatternRange, max_ranges> ranges_{};
};

}  // namespace patchbay::detail
