// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/pattern.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

using detail::PatternCompiler;
using detail::PatternProblem;

template <FixedString P>
bool matches(std::string_view text) {
  return PatternRule<P>::check(text);
}

}  // namespace

// The language itself is held against JavaScript's regular expressions in tests/interop/pattern_peer.mjs.
TEST_CASE("a pattern matches the whole text", "[schema][pattern]") {
  using Code = Pattern<"[A-Z]{2}-\\d+">;
  CHECK(Code("AB-1").view() == "AB-1");
  CHECK(Code::make("AB-123").has_value());
  for (const std::string_view text : {"", "AB-", "aB-1", "ABC-1", "AB-1 ", " AB-1", "AB-1\n", "AB-\xd9\xa3"}) {
    CAPTURE(text);
    CHECK_FALSE(Code::make(text).has_value());
  }
  CHECK_FALSE(Code::make(std::string_view("AB-1\0", 5)).has_value());
  CHECK(Code::make("x").error().violations().at(0).rule == "pattern: expected text that matches [A-Z]{2}-\\d+");
}

TEST_CASE("a pattern counts code points", "[schema][pattern]") {
  CHECK(matches<".{3}">("a\xc3\xa9\xf0\x9f\x98\x80"));
  CHECK_FALSE(matches<".{3}">("\xc3\xa9"));
  CHECK(matches<"[\\u{1F600}-\\u{1F64F}]">("\xf0\x9f\x98\x80"));
  CHECK(matches<"[^a]">("\xc3\xa9"));
  CHECK_FALSE(matches<".">("\xe2\x80\xa8"));
  CHECK(matches<"\\s">("\xc2\xa0"));
  CHECK_FALSE(matches<"\\w">("\xc3\xa9"));
  CHECK_FALSE(matches<"(.|\\n)*">("a\xff"));  // no UTF-8
}

TEST_CASE("an empty pattern takes the empty text alone", "[schema][pattern]") {
  CHECK(matches<"">(""));
  CHECK_FALSE(matches<"">("a"));
  CHECK(matches<"a|">(""));
  CHECK(matches<"(a{0})*">(""));
}

TEST_CASE("more states than a machine word has are counted as well", "[schema][pattern]") {
  for (const std::size_t size : {63U, 64U, 65U, 127U, 128U, 129U, 200U}) {
    CAPTURE(size);
    CHECK(matches<"a{63,200}">(std::string(size, 'a')));
    CHECK_FALSE(matches<"a{63,200}">(std::string(size, 'a') + "b"));
  }
  CHECK_FALSE(matches<"a{63,200}">(std::string(62, 'a')));
  CHECK_FALSE(matches<"a{63,200}">(std::string(201, 'a')));
  CHECK(matches<"a{64}">(std::string(64, 'a')));
  using Mail = PatternRule<"(\\w+\\.)*\\w{1,63}@([a-z0-9-]{1,63}\\.){1,3}[a-z]{2,24}">;
  STATIC_REQUIRE(Mail::check("first.last@example.org"));
  STATIC_REQUIRE_FALSE(Mail::check("first.last@example"));
}

TEST_CASE("no text makes a pattern slow", "[schema][pattern]") {
  // A matcher that goes back would take 2^100000 steps.
  const std::string many(100'000, 'a');
  CHECK_FALSE(matches<"(a*)*b">(many));
  CHECK_FALSE(matches<"(a|a|aa)*c">(many));
  CHECK(matches<"(a?){60}a*">(many));
}

TEST_CASE("a pattern that is wrong is known by what and where", "[schema][pattern]") {
  struct Wrong {
    std::string_view pattern;
    PatternProblem problem;
    std::size_t at;
  };
  const Wrong wrong =
      GENERATE(Wrong{"a\xff", PatternProblem::not_utf8, 0}, Wrong{"ab(c", PatternProblem::unclosed_group, 2},
               Wrong{"a)b", PatternProblem::unopened_group, 1}, Wrong{"(?=a)", PatternProblem::special_group, 0},
               Wrong{"(?<n>a)", PatternProblem::special_group, 0}, Wrong{"a[bc", PatternProblem::unclosed_class, 1},
               Wrong{"[a-", PatternProblem::unclosed_class, 0}, Wrong{"[]", PatternProblem::empty_class, 0},
               Wrong{"[^]", PatternProblem::empty_class, 0}, Wrong{"[xb-a]", PatternProblem::reversed_range, 2},
               Wrong{"[\\d-z]", PatternProblem::range_of_classes, 1}, Wrong{"*a", PatternProblem::nothing_to_repeat, 0},
               Wrong{"(+)", PatternProblem::nothing_to_repeat, 1}, Wrong{"a+?", PatternProblem::repeated_twice, 2},
               Wrong{"a{2}{3}", PatternProblem::repeated_twice, 4}, Wrong{"a{,2}", PatternProblem::bad_count, 1},
               Wrong{"a{2", PatternProblem::bad_count, 1}, Wrong{"a{3,2}", PatternProblem::reversed_count, 1},
               Wrong{"a]", PatternProblem::bracket, 1}, Wrong{"a}", PatternProblem::bracket, 1},
               Wrong{"^a", PatternProblem::anchor, 0}, Wrong{"a$", PatternProblem::anchor, 1},
               Wrong{"\\b", PatternProblem::bad_escape, 0}, Wrong{"a\\", PatternProblem::bad_escape, 1},
               Wrong{"\\x4", PatternProblem::bad_escape, 0}, Wrong{"\\u{}", PatternProblem::bad_escape, 0},
               Wrong{"\\u{110000}", PatternProblem::bad_escape, 0}, Wrong{"\\-", PatternProblem::bad_escape, 0},
               Wrong{"\\ud83d", PatternProblem::surrogate, 0}, Wrong{"a{600}", PatternProblem::too_large, 1},
               Wrong{"((a{30}){30}){30}", PatternProblem::too_large, 2});
  CAPTURE(wrong.pattern);
  const PatternCompiler compiler(wrong.pattern);
  CHECK(compiler.problem == wrong.problem);
  CHECK(compiler.problem_at == wrong.at);
}

TEST_CASE("patterns that are too deep or too large end the reading", "[schema][pattern]") {
  CHECK(PatternCompiler(std::string(24, '(') + "a" + std::string(24, ')')).good());
  CHECK(PatternCompiler(std::string(25, '(') + "a" + std::string(25, ')')).problem == PatternProblem::too_deep);
  CHECK(PatternCompiler(std::string(512, 'a')).good());
  CHECK(PatternCompiler(std::string(513, 'a')).problem == PatternProblem::too_large);
  CHECK(PatternCompiler("(a?){512}").problem == PatternProblem::too_large);  // in work, not in states
}
