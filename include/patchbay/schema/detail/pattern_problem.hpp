// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace patchbay::detail {

/// What is wrong with a pattern.
enum class PatternProblem : std::uint8_t {
  none,
  not_utf8,
  unclosed_group,
  unopened_group,
  special_group,
  unclosed_class,
  empty_class,
  reversed_range,
  range_of_classes,
  nothing_to_repeat,
  repeated_twice,
  bad_count,
  reversed_count,
  bracket,
  anchor,
  bad_escape,
  surrogate,
  too_deep,
  too_large,
};

/// Stops the compilation, with one message, where a pattern is wrong; the compiler's trace names what was found, the
/// byte of the pattern at which it was found, and the pattern.
template <PatternProblem Found, std::size_t AtByte>
constexpr bool check_pattern() noexcept {
  using enum PatternProblem;
  static_assert(Found != not_utf8, "patchbay::Pattern: the pattern is no UTF-8; write it in UTF-8, or as \\u{...}");
  static_assert(
      Found != unclosed_group,
      "patchbay::Pattern: the group that begins at byte AtByte has no end; add ), or write \\( for the character");
  static_assert(Found != unopened_group,
                "patchbay::Pattern: the ) at byte AtByte ends no group; remove it, or write \\) for the character");
  static_assert(
      Found != special_group,
      "patchbay::Pattern: the group at byte AtByte is of a kind that patterns do not have; use (...) or (?:...)");
  static_assert(
      Found != unclosed_class,
      "patchbay::Pattern: the class that begins at byte AtByte has no end; add ], or write \\[ for the character");
  static_assert(Found != empty_class, "patchbay::Pattern: the class at byte AtByte is empty; list what it takes");
  static_assert(Found != reversed_range,
                "patchbay::Pattern: the range at byte AtByte is reversed; write the smaller character first");
  static_assert(Found != range_of_classes,
                "patchbay::Pattern: the range at byte AtByte begins or ends with a class; write \\- for the character");
  static_assert(Found != nothing_to_repeat,
                "patchbay::Pattern: at byte AtByte there is nothing to repeat; put ? * + {} behind something, or a "
                "backslash before it for the character");
  static_assert(Found != repeated_twice,
                "patchbay::Pattern: at byte AtByte a repetition is repeated; patterns have no lazy and no possessive "
                "ones: group it, or remove one of the two");
  static_assert(
      Found != bad_count,
      "patchbay::Pattern: the count at byte AtByte is none of {m}, {m,} and {m,n}; write \\{ for the character");
  static_assert(Found != reversed_count,
                "patchbay::Pattern: the count at byte AtByte is reversed; write the smaller number first");
  static_assert(Found != bracket, "patchbay::Pattern: the bracket at byte AtByte stands alone; write \\] or \\}");
  static_assert(
      Found != anchor,
      "patchbay::Pattern: ^ or $ at byte AtByte; the whole text is matched always: remove it, or write \\^ or \\$");
  static_assert(
      Found != bad_escape,
      "patchbay::Pattern: the escape at byte AtByte is unknown; patterns have \\d \\D \\w \\W \\s \\S \\n \\r \\t \\f "
      "\\v \\xHH \\uHHHH \\u{H...} and a backslash before ^ $ \\ . * + ? ( ) [ ] { } | / and, in a class, -");
  static_assert(
      Found != surrogate,
      "patchbay::Pattern: the escape at byte AtByte is a surrogate, which no text has; write \\u{1F600} for a "
      "character beyond U+FFFF");
  static_assert(Found != too_deep,
                "patchbay::Pattern: at byte AtByte groups are nested more than 24 deep; flatten them");
  static_assert(
      Found != too_large,
      "patchbay::Pattern: at byte AtByte the pattern becomes too large: at most 512 bytes, and 512 characters or "
      "classes with counts multiplied out; use smaller counts, MaxLength, or a rule of your own");
  return Found == none;
}

}  // namespace patchbay::detail
