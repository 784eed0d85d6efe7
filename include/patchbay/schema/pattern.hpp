// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <patchbay/schema/detail/pattern_compiler.hpp>
#include <patchbay/schema/fixed_string.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

/// The rule of a text that matches a pattern: `PatternRule<"[A-Z]{2}-\\d+">`.
///
/// The pattern is read while compiling, and a mistake in it stops the compilation with its place. It matches the whole
/// text, by code points. It is a part of ECMA-262's regular expressions in unicode mode, with the same meaning, so that
/// the JSON Schema is `^(?:` pattern `)$`:
///
///     a  é            the character itself; all but ^ $ \ . * + ? ( ) [ ] { } |
///     \.  \\  \/ …    one of these, or /, as a character
///     \n \r \t \f \v  line feed, carriage return, tab, form feed, vertical tab
///     \x2D \u00e9 \u{1F600}   a code point, in hexadecimal
///     .               any code point but line feed, carriage return, U+2028 and U+2029
///     \d \w \s        0-9; A-Z a-z 0-9 _; white space and line ends, those of Unicode too
///     \D \W \S        all others
///     [a-f_\d]        one of these; [^…] all others; - is itself at either end or as \-
///     (…)  (?:…)      a group; x|y the one or the other
///     ? * + {2} {2,} {2,5}   how often what stands before is repeated
///
/// There are no anchors, references, look-arounds, lazy repetitions, flags or Unicode properties. A pattern has at most
/// 512 bytes, and 512 states: its characters and classes, with counts multiplied out.
///
/// Matching takes time in proportion to the text times the states (one machine word of states per step up to 64),
/// whatever the text; it allocates nothing and there is no backtracking.
template <FixedString P>
struct PatternRule {
 private:
  static constexpr detail::PatternCompiler compiled{P.view()};
  static constexpr bool is_good = detail::check_pattern<compiled.problem, compiled.problem_at>();
  // Of a pattern that is wrong, an empty program, so that the compiler has no more to say.
  static constexpr std::size_t states = is_good ? compiled.states : 0;
  static constexpr auto program = compiled.program < states == 0 ? 1 : (states + 63) / 64, states,
                        is_good ? compiled.classes : 0, is_good ? compiled.ranges : 0 > ();

 public:
  [[nodiscard]] static constexpr std::string_view pattern() noexcept { return P.view(); }
  static std::string rule() { return std::string("pattern: expected text that matches ").append(P.view()); }
  static constexpr bool check(std::string_view text) noexcept { return program.matches(text); }
  static void describe(JsonWriter& writer) {
    writer.member("type", "string").member("pattern", std::string("^(?:").append(P.view()).append(")$"));
  }
};

/// Text that matches a pattern, whole: `Pattern<"[A-Z]{2}-\\d+">`.
template <FixedString P>
using Pattern = Text<PatternRule<P>>;

}  // namespace patchbay
