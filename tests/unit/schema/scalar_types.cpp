// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/bounded.hpp>
#include <patchbay/schema/constrained.hpp>
#include <patchbay/schema/default.hpp>
#include <patchbay/schema/enumeration.hpp>
#include <patchbay/schema/number.hpp>
#include <patchbay/schema/one_of.hpp>
#include <patchbay/schema/pattern.hpp>
#include <patchbay/schema/text.hpp>
#include <patchbay/schema/uuid.hpp>

#include <boost/hana/integral_constant.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

enum class Tier : std::uint8_t { gold, silver, bronze };
enum class Channel { voice, chat = 7 };
enum class Unnamed { one };

struct EvenRule {
  static constexpr std::string_view rule = "even: expected an even number";
  static constexpr bool check(int value) { return value % 2 == 0; }
  static void describe(JsonWriter& writer) { writer.member("multipleOf", 2); }
};
using Even = Constrained<int, EvenRule>;

struct ShoutRule {
  static constexpr std::string_view rule = "shout: expected an exclamation mark";
  static constexpr bool check(std::string_view text) { return text.ends_with('!'); }
};

// A constraint of a constrained type that can be checked only at run time.
struct BeginsWithX {
  static std::string rule() { return "x: expected an x"; }
  static bool check(const MaxLength<4>& text) { return text.view().starts_with('x'); }
};

template <class T>
std::string encoded(const T& value) {
  std::string out;
  if (!FieldRules<T>::encode(value, out)) out.append("?");
  return out;
}
template <class T>
std::string described() {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  FieldRules<T>::describe(writer);
  writer.end_object();
  return out;
}
/// What is written is measured, taken again and the same.
template <class T>
void check_round_trip(const T& value) {
  const std::string json = encoded(value);
  CAPTURE(json);
  if constexpr (requires { FieldRules<T>::encoded_size(value); })
    CHECK(FieldRules<T>::encoded_size(value) == json.size());
  const std::string token = FieldRules<T>::kind == FieldKind::text ? json.substr(1, json.size() - 2) : json;
  REQUIRE(FieldRules<T>::check(token));
  CHECK(FieldRules<T>::parse(token) == value);
}

}  // namespace

template <>
inline constexpr auto patchbay::enum_names<Tier> =
    std::array{patchbay::EnumName{Tier::gold, "gold"}, patchbay::EnumName{Tier::silver, "sil\"ver\n"}};
template <>
inline constexpr auto patchbay::enum_names<Channel> = boost::hana::make_tuple(
    boost::hana::make_pair(boost::hana::integral_c<Channel, Channel::voice>, BOOST_HANA_STRING("voice")),
    boost::hana::make_pair(boost::hana::integral_c<Channel, Channel::chat>, BOOST_HANA_STRING("chat")));

TEST_CASE("a number may be bounded from one side", "[schema]") {
  using Positive = AtLeast<std::int16_t, 1>;
  CHECK(Positive::make(1)->value() == 1);
  CHECK(Positive::make(32767)->value() == 32767);
  CHECK(Positive::make(0).error().violations().at(0).rule == "integer: expected an integer from 1 to 32767");
  CHECK_FALSE(FieldRules<Positive>::check("32768"));
  CHECK_FALSE(FieldRules<Positive>::check("1.0"));
  using Low = AtMost<double, 0.5>;
  CHECK(Low::make(-1e308).has_value());
  CHECK(Low::make(0.50000001).error().violations().at(0).rule == "number: expected a number of at most 0.5");
  CHECK_FALSE(Low::make(std::numeric_limits<double>::quiet_NaN()).has_value());
  CHECK_FALSE(Low::make(-std::numeric_limits<double>::infinity()).has_value());
  CHECK(AtLeast<float, 0.1F>::rule() == "number: expected a number of at least 0.1");
  STATIC_REQUIRE(std::is_same_v<AtLeast<std::uint8_t, 3>, Bounded<std::uint8_t, 3, 255>>);
  STATIC_REQUIRE_FALSE(FieldType<long double>);
}

TEST_CASE("a float's bound is the number that it is written as", "[schema]") {
  using Tenths = Bounded<float, 0.1F, 0.7F>;
  // The float beside 0.1 is larger than 0.1, and that beside 0.7 smaller; what rounds to a bound can lie beyond it.
  for (const std::string_view in : {"0.1", "0.10000000001", "0.4", "0.7", "0.69999999999"})
    CHECK(FieldRules<Tenths>::check(in));
  for (const std::string_view out : {"0.09999999999", "0.70000000001", "0", "1", "-0.1"})
    CHECK_FALSE(FieldRules<Tenths>::check(out));
}

TEST_CASE("the least and greatest floats are taken again", "[schema]") {
  using Limits = std::numeric_limits<float>;
  for (const float value :
       {Limits::max(), Limits::lowest(), Limits::min(), Limits::denorm_min(), 0.0F, 16777216.0F, 0.1F})
    check_round_trip(Bounded<float, Limits::lowest(), Limits::max()>::make(value).value());
  CHECK(FieldRules<float>::check("3.4028235677973364e38"));
  CHECK_FALSE(FieldRules<float>::check("3.402823567797337e38"));
  CHECK(FieldRules<float>::parse("1e-60") == 0);
  CHECK_FALSE(FieldRules<float>::check("16777217"));
}

TEST_CASE("floats of any bits are written so that they are read again", "[schema][property]") {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string json = encoded(value);
    if (!FieldRules<float>::check(json) || FieldRules<float>::parse(json) != value) FAIL(json);
  }
}

TEST_CASE("integers are measured and taken again at their limits", "[schema]") {
  const auto all = [](auto zero) {
    using T = decltype(zero);
    for (const T value :
         {T{0}, T{9}, T{10}, T{99}, T{100}, (std::numeric_limits<T>::min)(), (std::numeric_limits<T>::max)()})
      check_round_trip(value);
  };
  all(std::int8_t{}), all(std::uint8_t{}), all(std::int16_t{}), all(std::int32_t{}), all(std::uint32_t{});
  all(std::int64_t{}), all(std::uint64_t{});
  check_round_trip(std::int32_t{-10});
  check_round_trip(std::int32_t{-9});
}

TEST_CASE("lengths count bytes or code points, and say which", "[schema]") {
  using Two = Text<AllOf<MinLengthRule<2>, MaxLengthRule<4>>>;
  for (const std::string_view in : {"ab", "\xc3\xa9", "abcd"}) CHECK(Two::make(in).has_value());
  for (const std::string_view out : {"", "a", "abcde"}) CHECK_FALSE(Two::make(out).has_value());
  CHECK(Two::rule() ==
        "length: expected UTF-8 text of at least 2 bytes; and length: expected UTF-8 text of at most 4 bytes");
  CHECK(std::is_same_v<Two, Length<2, 4>>);
  using Points = Text<AllOf<MinCodePointsRule<2>, MaxCodePointsRule<3>>>;
  for (const std::string_view in : {"ab", "\xc3\xa9\xf0\x9f\x98\x80", "abc"}) CHECK(Points::make(in).has_value());
  for (const std::string_view out : {"\xf0\x9f\x98\x80", "abcd", ""}) CHECK_FALSE(Points::make(out).has_value());
  CHECK(MinLength<1>::rule() == "length: expected UTF-8 text of at least 1 byte");
  STATIC_REQUIRE(AllOf<MinLengthRule<2>, MaxLengthRule<8>, MaxLengthRule<5>>::max_size == 5);
}

TEST_CASE("text is measured with its escapes", "[schema]") {
  std::string all;
  for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
  for (const std::string& text : {std::string(), all, all + "\xc3\xa9\xf0\x9f\x98\x80"}) {
    CHECK(FieldRules<std::string>::encoded_size(text) == encoded(text).size());
    CHECK(FieldRules<MaxLength<200>>::encoded_size(MaxLength<200>::make(text).value()) == encoded(text).size());
  }
}

TEST_CASE("an enumeration is taken and written by its names", "[schema]") {
  STATIC_REQUIRE(FieldType<Tier>);
  STATIC_REQUIRE(FieldType<Channel>);
  STATIC_REQUIRE_FALSE(FieldType<Unnamed>);
  STATIC_REQUIRE(enum_name(Channel::chat) == "chat");
  STATIC_REQUIRE(enum_value<Channel>("voice") == Channel::voice);
  STATIC_REQUIRE_FALSE(enum_name(Tier::bronze).has_value());
  STATIC_REQUIRE_FALSE(enum_value<Tier>("Gold").has_value());
  CHECK(encoded(Tier::silver) == R"("sil\"ver\n")");
  CHECK(FieldRules<Tier>::encoded_size(Tier::silver) == encoded(Tier::silver).size());
  CHECK(encoded(Tier::bronze) == "2?");  // without a name: refused, and shown
  CHECK(FieldRules<Channel>::rule() == "one of: expected voice or chat");
  for (const std::string_view out : {"", "Voice", "voice ", "7"}) CHECK_FALSE(FieldRules<Channel>::check(out));
  check_round_trip(Channel::chat);
}

TEST_CASE("a list's values are written as any text is", "[schema]") {
  using Odd = OneOf<"plain", "quote\"d", "back\\slash", "line\nend", "\x01\x1f", "\xc3\xa9">;
  for (const std::string_view text : {"plain", "quote\"d", "back\\slash", "line\nend", "\x01\x1f", "\xc3\xa9"}) {
    std::string expected;
    append_json_string(expected, text);
    CHECK(encoded(Odd::make(text).value()) == expected);
  }
}

TEST_CASE("a client's constraint stands beside its type's own rule", "[schema]") {
  STATIC_REQUIRE(FieldRule<EvenRule, int>);
  STATIC_REQUIRE(FieldType<Even>);
  const Even four = 4;
  CHECK(four.value() == 4);
  CHECK(Even::make(3).error().violations().at(0).rule == "even: expected an even number");
  CHECK(Even::make(3).error().violations().at(0).value == "3");
  CHECK(FieldRules<Even>::check("-2"));
  for (const std::string_view out : {"3", "2.0", "99999999999", "2e0"}) CHECK_FALSE(FieldRules<Even>::check(out));
  STATIC_REQUIRE(FieldRules<Even>::integral);
  check_round_trip(four);
  using Loud = Constrained<std::string, ShoutRule>;
  CHECK(Loud::make("hey!").has_value());
  CHECK(FieldRules<Loud>::check("hey!"));
  CHECK_FALSE(FieldRules<Loud>::check("hey"));
  using Both = Constrained<MaxLength<4>, BeginsWithX>;
  CHECK(FieldRules<Both>::check("xyz"));
  CHECK_FALSE(FieldRules<Both>::check("xyzzy"));
  CHECK_FALSE(FieldRules<Both>::check("yz"));
}

TEST_CASE("a default is a value of its type", "[schema]") {
  const Default<int, 5> number;
  CHECK(number == 5);
  const int plain = number;
  CHECK(plain == 5);
  Default<OneOf<"red", "blue">, "blue"> colour;
  CHECK(colour.value().view() == "blue");
  colour = OneOf<"red", "blue">("red");
  CHECK(colour.value().view() == "red");
  CHECK(Default<std::string, "none">().value() == "none");
  CHECK(Default<Tier, Tier::silver>().value() == Tier::silver);
  CHECK(Default<Tier, "gold">().value() == Tier::gold);
  CHECK(Default<Pattern<"[a-z]+">, "abc">().value().view() == "abc");
  CHECK(Default<Even, 4>().value().value() == 4);
  CHECK(Default<double, 5>().value() == 5.0);
  CHECK(Default<bool, true>().value());
  STATIC_REQUIRE(FieldRules<Default<int, 5>>::has_default);
  std::string json;
  CHECK(FieldRules<Default<MaxLength<9>, "a\"b">>::encode_default(json));
  CHECK(json == R"("a\"b")");
  check_round_trip(Default<int, 5>(7));
  CHECK(FieldRules<Default<int, 5>>::rule() == FieldRules<int>::rule());
}

TEST_CASE("a default that its type refuses is known while compiling", "[schema]") {
  STATIC_REQUIRE(detail::is_value_of<Bounded<int, 0, 9>, 9>());
  STATIC_REQUIRE_FALSE(detail::is_value_of<Bounded<int, 0, 9>, 10>());
  STATIC_REQUIRE_FALSE(detail::is_value_of<std::int8_t, 128>());
  STATIC_REQUIRE_FALSE(detail::is_value_of<int, 1.5>());
  STATIC_REQUIRE_FALSE(detail::is_value_of<int, "5">());
  STATIC_REQUIRE_FALSE(detail::is_value_of<std::string, 5>());
  STATIC_REQUIRE_FALSE(detail::is_value_of<std::string, "\xff">());
  STATIC_REQUIRE_FALSE(detail::is_value_of<Tier, "bronze">());
  STATIC_REQUIRE_FALSE(detail::is_value_of<MaxLength<2>, "abc">());
  STATIC_REQUIRE_FALSE(detail::is_value_of<Even, 3>());
  STATIC_REQUIRE_FALSE(detail::is_value_of<Pattern<"a">, "b">());
}

TEST_CASE("types of fields say what they are in JSON Schema", "[schema]") {
  CHECK(described<std::string>() == R"({"type":"string"})");
  CHECK(described<bool>() == R"({"type":"boolean"})");
  CHECK(described<std::int8_t>() == R"({"type":"integer","minimum":-128,"maximum":127})");
  CHECK(described<Bounded<int, 0, 9>>() == R"({"type":"integer","minimum":0,"maximum":9})");
  CHECK(described<AtLeast<double, 0.5>>() == R"({"type":"number","minimum":0.5})");
  CHECK(described<AtMost<double, 0.5>>() == R"({"type":"number","maximum":0.5})");
  CHECK(described<double>() == R"({"type":"number"})");
  CHECK(described<Number>() == R"({"type":"number"})");
  CHECK(described<OneOf<"a", "b\"">>() == R"({"type":"string","enum":["a","b\""]})");
  CHECK(described<Channel>() == R"({"type":"string","enum":["voice","chat"]})");
  CHECK(described<Pattern<"\\d|é">>() == R"({"type":"string","pattern":"^(?:\\d|é)$"})");
  CHECK(described<MinLength<1>>() == R"({"type":"string","minLength":1})");
  CHECK(described<MinLength<5>>() ==
        R"({"type":"string","minLength":2,"$comment":"length: expected UTF-8 text of at least 5 bytes"})");
  CHECK(described<Even>() ==
        R"({"allOf":[{"type":"integer","minimum":-2147483648,"maximum":2147483647},{"multipleOf":2}]})");
  CHECK(described<Text<ShoutRule>>() == R"({"type":"string","$comment":"shout: expected an exclamation mark"})");
  CHECK(described<Default<Bounded<int, 0, 9>, 5>>() == described<Bounded<int, 0, 9>>());
}
