// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/bounded.hpp>
#include <patchbay/schema/document_schemas.hpp>
#include <patchbay/schema/json_object.hpp>
#include <patchbay/schema/non_empty.hpp>
#include <patchbay/schema/number.hpp>
#include <patchbay/schema/one_of.hpp>
#include <patchbay/schema/text.hpp>
#include <patchbay/schema/uuid.hpp>

#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

struct FiveDigits {
  static constexpr std::string_view rule = "postcode: expected five digits";
  static constexpr bool check(std::string_view text) {
    for (const char c : text)
      if (c < '0' || c > '9') return false;
    return text.size() == 5;
  }
};
using Postcode = Text<FiveDigits>;

// A rule that can be checked only at run time.
struct Lowercase {
  static std::string rule() { return "lowercase: expected no capital letter"; }
  static bool check(std::string_view text) {
    return text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
  }
};

struct NoCheck {
  [[maybe_unused]] static constexpr std::string_view rule = "nothing";
};
struct NoRule {
  static bool check(std::string_view) { return true; }
};

}  // namespace

TEST_CASE("a client's text rule needs a check and a rule to name", "[schema][concepts]") {
  STATIC_REQUIRE(TextRule<FiveDigits>);
  STATIC_REQUIRE(TextRule<Lowercase>);
  STATIC_REQUIRE_FALSE(TextRule<NoCheck>);
  STATIC_REQUIRE_FALSE(TextRule<NoRule>);
  STATIC_REQUIRE(FieldType<Postcode>);
  STATIC_REQUIRE(FieldType<Text<Lowercase>>);
}

TEST_CASE("types that cannot be coerced are no field types", "[schema][concepts]") {
  STATIC_REQUIRE_FALSE(FieldType<void*>);
  STATIC_REQUIRE_FALSE(FieldType<std::string_view>);
  STATIC_REQUIRE_FALSE(FieldType<char>);
  STATIC_REQUIRE_FALSE(FieldType<long double>);
  STATIC_REQUIRE_FALSE(FieldType<std::optional<int>>);
  STATIC_REQUIRE(FieldType<signed char>);
  STATIC_REQUIRE(FieldType<unsigned long long>);
  STATIC_REQUIRE(FieldType<float>);
}

TEST_CASE("a constrained type cannot be made of anything but a checked value", "[schema]") {
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Uuid>);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<MediaFile>);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<HoldReason>);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<HoldPriority>);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Number>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Uuid, std::string>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<MediaFile, std::string_view>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Number, double>);
  STATIC_REQUIRE_FALSE(std::is_aggregate_v<HoldCommand>);
  STATIC_REQUIRE_FALSE(std::is_aggregate_v<UnholdCommand>);
  STATIC_REQUIRE_FALSE(std::is_aggregate_v<IvrVariables>);
}

TEST_CASE("a UUID is 8-4-4-4-12 hexadecimal digits of any version and case", "[schema][A18][B11]") {
  const std::string_view good =
      GENERATE(as<std::string_view>{}, "550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-000000000000",
               "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F");
  CAPTURE(good);
  REQUIRE(Uuid::make(good).has_value());
  CHECK(Uuid::make(good)->view() == good);

  const std::string_view bad = GENERATE(as<std::string_view>{}, "", "550e8400-e29b-41d4-a716-44665544000",
                                        "550e8400e29b41d4a716446655440000", "550e8400-e29b-41d4-a716-4466554400000",
                                        "550e8400-e29b-41d4-a716-44665544000g", "{50e8400-e29b-41d4-a716-446655440000",
                                        "../e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716_446655440000");
  CAPTURE(bad);
  const auto refused = Uuid::make(bad);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == ErrorCode::validation_failed);
  REQUIRE(refused.error().violations().size() == 1);
  CHECK(refused.error().violations()[0].value == bad);
}

TEST_CASE("UUIDs are equal in any case", "[schema]") {
  CHECK(Uuid("550e8400-e29b-41d4-a716-446655440000") == Uuid("550E8400-E29B-41D4-A716-446655440000"));
  CHECK_FALSE(Uuid("550e8400-e29b-41d4-a716-446655440000") == Uuid("550e8400-e29b-41d4-a716-446655440001"));
}

TEST_CASE("a media file is a plain name with the extension of a sound", "[schema][B33]") {
  const std::string longest = std::string(124, 'a') + ".wav";
  const std::string good = GENERATE_COPY(values<std::string>(
      {"hold_music_standard.wav", "please_remain_on_the_line.wav", "a.WAV", "x-1.2.mp3", "b.ogg", longest}));
  CAPTURE(good);
  CHECK(MediaFile::make(good).has_value());

  const std::string bad = GENERATE_COPY(
      values<std::string>({"", ".wav", "..wav", "../a.wav", "a/b.wav", "a\\b.wav", "a.wav\n", "a", "a.", "a.exe",
                           "a.wav.sh", "wav", "a b.wav", "\xc3\xa9.wav", "a" + longest, std::string("a\0.wav", 6)}));
  CAPTURE(bad);
  CHECK_FALSE(MediaFile::make(bad).has_value());
}

TEST_CASE("a bounded integer takes its bounds, and nothing beyond or between integers", "[schema][B33]") {
  CHECK(HoldPriority::make(0)->value() == 0);
  CHECK(HoldPriority::make(9)->value() == 9);
  CHECK(HoldPriority::make(-1).error().violations().at(0).value == "-1");
  CHECK(HoldPriority::make(10).error().violations().at(0).rule == "integer: expected an integer from 0 to 9");
  CHECK(HoldPriority::parse("5")->value() == 5);
  const std::string_view bad =
      GENERATE(as<std::string_view>{}, "", "4.5", "5.0", "5e0", "-1", "10", "+5", " 5", "5 ", "05", "0x5", "five");
  CAPTURE(bad);
  CHECK_FALSE(HoldPriority::parse(bad).has_value());
}

TEST_CASE("a bounded floating number refuses what is no number", "[schema]") {
  using Share = Bounded<double, 0.0, 1.0>;
  CHECK(Share::make(0.5)->value() == 0.5);
  CHECK_FALSE(Share::make(std::numeric_limits<double>::quiet_NaN()).has_value());
  CHECK_FALSE(Share::make(1.0000001).has_value());
  CHECK(Share::parse("0.25")->value() == 0.25);
}

TEST_CASE("one of a list is known by its text and its place", "[schema]") {
  CHECK(HoldReason("agent_break").index() == 3);
  CHECK(HoldReason::make("system_issue")->view() == "system_issue");
  const auto refused = HoldReason::make("lunch");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().violations().at(0).rule ==
        "one of: expected queueing, consultation, system_issue or agent_break");
  CHECK_FALSE(HoldReason::make("Queueing").has_value());
  CHECK_FALSE(HoldReason::make("").has_value());
  STATIC_REQUIRE(sizeof(HoldReason) == 2);
}

TEST_CASE("a length is counted in bytes", "[schema]") {
  using Short = MaxLength<3>;
  CHECK(Short::make("abc").has_value());
  CHECK(Short::make("\xc3\xa9x").has_value());
  CHECK_FALSE(Short::make("\xc3\xa9\xc3\xa9").has_value());
  CHECK_FALSE(Short::make("\xff").has_value());  // no UTF-8
}

TEST_CASE("a client's rule is checked for literals and at run time", "[schema]") {
  const Postcode literal = "12345";
  CHECK(literal.view() == "12345");
  CHECK(Postcode::make("54321")->view() == "54321");
  CHECK(Postcode::make("1234").error().violations().at(0).rule == "postcode: expected five digits");
  CHECK(Text<Lowercase>::make("abc").has_value());
  CHECK(Text<Lowercase>::make("aBc").error().violations().at(0).rule == "lowercase: expected no capital letter");
}

TEST_CASE("a text of any length survives copies and moves, whether it stands within or beside", "[schema]") {
  using Any = MaxLength<1000>;
  const Any literal = "of the program itself";
  for (std::size_t size = 0; size <= 90; ++size) {
    const std::string expected(size, static_cast<char>('a' + static_cast<char>(size % 26)));
    Any made = *Any::make(expected);
    Any copy = made;
    CHECK(copy.view() == expected);
    Any moved = std::move(made);
    CHECK(moved.view() == expected);
    CHECK(made.view().empty());
    made = literal;
    CHECK(made.view() == "of the program itself");
    made = copy;
    CHECK(made == copy);
    made = *Any::make(std::string(90 - size, 'z'));
    std::swap(made, moved);
    CHECK(made.view() == expected);
    CHECK(moved.view() == std::string(90 - size, 'z'));
    Any& same = made;
    made = same;
    CHECK(made.view() == expected);
  }
  CHECK(literal.view() == "of the program itself");
}

TEST_CASE("a constrained text owns what it was made of at run time", "[schema]") {
  std::string source = "first.wav";
  MediaFile a = *MediaFile::make(source);
  source.assign("xxxxxxxxx");
  CHECK(a.view() == "first.wav");
  MediaFile b = a;
  CHECK(b.view() == "first.wav");
  CHECK(b.view().data() != a.view().data());
  const MediaFile c = std::move(a);
  CHECK(c.view() == "first.wav");
  CHECK(a.view().empty());  // as documented, and safe to look at
  b = MediaFile("literal.wav");
  CHECK(b.view() == "literal.wav");
  b = c;
  b = *&b;
  CHECK(b == c);
}

TEST_CASE("a number keeps the digits with which it was written", "[schema][A21]") {
  CHECK(Number(145).view() == "145");
  CHECK(Number((std::numeric_limits<std::uint64_t>::max)()).view() == "18446744073709551615");
  CHECK(Number::parse("12345678901234567890.123456789")->view() == "12345678901234567890.123456789");
  CHECK(Number::parse("1e3")->value() == 1000);
  CHECK(Number::make(0.1)->view() == "0.1");
  CHECK_FALSE(Number::make(std::numeric_limits<double>::infinity()).has_value());
  CHECK(Number::make(std::numeric_limits<double>::quiet_NaN()).error().violations().at(0).value == "NaN");
  const std::string_view bad = GENERATE(as<std::string_view>{}, "", "12abc", " 5", "5 ", "+5", ".5", "5.", "0x1f",
                                        "Infinity", "NaN", "1e400", "-1e400");
  CAPTURE(bad);
  CHECK_FALSE(Number::parse(bad).has_value());
}

TEST_CASE("a JSON object is kept minified, and only an object", "[schema][A23][A24]") {
  CHECK(JsonObject().view() == "{}");
  CHECK(JsonObject::make(" { \"a\" : [ 1, {} ] } ")->view() == R"({"a":[1,{}]})");
  std::string deep(65, '[');
  deep.append(65, ']');
  const std::string too_deep = "{\"a\":" + deep + "}";
  const std::string bad = GENERATE_COPY(values<std::string>(
      {"", "{bad", "[1]", "1", "null", "\"{}\"", "{} {}", "{\"a\":1e400}", "{\"a\":\"\xff\"}", too_deep}));
  CAPTURE(bad);
  CHECK_FALSE(JsonObject::make(bad).has_value());
}

namespace {
template <class T, class... Args>
concept MadeUnchecked = requires(Args... args) { T(args..., {}); };
}  // namespace

TEST_CASE("no braces go around the rule of a type", "[schema]") {
  STATIC_REQUIRE_FALSE(MadeUnchecked<MaxLength<1>, std::string_view>);
  STATIC_REQUIRE_FALSE(MadeUnchecked<NonEmpty<std::vector<int>>, std::vector<int>>);
}

TEST_CASE("what a number or an object was moved out of is JSON still", "[schema]") {
  Number number = 7;
  JsonObject object = JsonObject::make(R"({"a":1})").value();
  const Number other = std::move(number);
  const JsonObject another = std::move(object);
  CHECK(other.view() == "7");
  CHECK(another.view() == R"({"a":1})");
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK_FALSE(number.view().empty());
  CHECK_FALSE(object.view().empty());
  Number empty = Number::parse(std::string(100, '1')).value();
  static_cast<void>(Number(std::move(empty)));
  CHECK(empty == Number(0));
  std::string out;
  CHECK(FieldRules<Number>::encode(empty, out));
  CHECK(out == "0");
  CHECK(FieldRules<Number>::encoded_size(empty) == 1);
  // NOLINTEND(bugprone-use-after-move)
}
