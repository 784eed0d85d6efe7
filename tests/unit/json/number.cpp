// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/json/number.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>

#include <patchbay/json/write.hpp>

#include "support/catch.hpp"

using patchbay::is_json_number;
using patchbay::parse_json_number;

TEST_CASE("the grammar of JSON numbers and nothing else", "[json][number]") {
  for (const char* text : {"0", "-0", "7", "10", "-12", "0.0", "-0.5", "1.25", "1e5", "1E5", "1e+5", "1e-5", "0e0", "-0.0e-0", "123456789012345678901234567890",
                           "1e400", "1e-400"})
    CHECK(is_json_number(text));
  for (const char* text : {"", "-", "+", "+1", "00", "01", "-01", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e5.0", "e5", "--1", "1-", "1 ", " 1", "1\n",
                           "0x10", "1_000", "1,5", "NaN", "nan", "Infinity", "-Infinity", "inf", "12abc", "1e5e5", "1.2.3", "\xd9\xa1", "true"})
    CHECK_FALSE(is_json_number(text));
  CHECK_FALSE(is_json_number(std::string_view("1\0", 2)));
  CHECK(is_json_number(std::string_view("12345", 3)));  // no look beyond the view's end
  STATIC_REQUIRE(is_json_number("-12.5e-3"));
  STATIC_REQUIRE_FALSE(is_json_number("12abc"));
}

TEST_CASE("the value is the nearest double", "[json][number]") {
  CHECK(parse_json_number("145") == 145.0);
  CHECK(parse_json_number("-12.5e-3") == -0.0125);
  CHECK(parse_json_number("9007199254740993") == 9007199254740992.0);
  CHECK(parse_json_number("1.7976931348623157e308") == (std::numeric_limits<double>::max)());
  CHECK(parse_json_number("5e-324") == std::numeric_limits<double>::denorm_min());
  REQUIRE(parse_json_number("-0"));
  CHECK(std::signbit(*parse_json_number("-0")));
  CHECK_FALSE(parse_json_number("12abc"));
  CHECK_FALSE(parse_json_number(""));
}

TEST_CASE("numbers beyond a double are refused, numbers below one are zero", "[json][number]") {
  const std::string zeros(400, '0');
  for (const std::string& text : std::initializer_list<std::string>{"1e400", "-1e400", "1.8e308", "1" + zeros, "1" + zeros + ".5", "0.001e400",
                                                                    "1e99999999999999999999999", "1" + zeros + "e-50", "123.456e+309"})
    CHECK_FALSE(parse_json_number(text));
  for (const std::string& text : std::initializer_list<std::string>{"1e-400", "0." + zeros + "1", "1e-99999999999999999999999", "0e99999999999999999999",
                                                                    "0." + zeros + "1e50", "12345e-400", "0e400", "0.000e400", "0." + zeros}) {
    CAPTURE(text);
    REQUIRE(parse_json_number(text));
    CHECK(*parse_json_number(text) == 0.0);
    REQUIRE(parse_json_number("-" + text));
    CHECK(std::signbit(*parse_json_number("-" + text)));
  }
  // The exponent and the zeros cancel: an ordinary number.
  CHECK(parse_json_number("1" + zeros + "e-400") == 1.0);
  CHECK(parse_json_number("0." + zeros + "1e401") == 1.0);
}

TEST_CASE("the direction of what does not fit is that of its first significant digit", "[json][number]") {
  using patchbay::detail::is_underflow;
  CHECK(is_underflow("1e-400"));
  CHECK(is_underflow("-1e-400"));
  CHECK(is_underflow("0.1"));
  CHECK(is_underflow("0e5"));
  CHECK(is_underflow("0.00"));
  CHECK(is_underflow("9e-1"));
  CHECK(is_underflow("99e-2"));
  CHECK(is_underflow("0.001e2"));
  CHECK_FALSE(is_underflow("0.001e3"));
  CHECK_FALSE(is_underflow("1"));
  CHECK_FALSE(is_underflow("100e-2"));
  CHECK_FALSE(is_underflow("1e400"));
  CHECK_FALSE(is_underflow("1E+400"));
  CHECK_FALSE(is_underflow("0.5e99999999999999999999999999"));
  CHECK(is_underflow("5e-99999999999999999999999999"));
  CHECK_FALSE(is_underflow("1.0000"));
}

TEST_CASE("every double that is written reads back as itself", "[json][number]") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 50'000; ++i) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    std::string text;
    patchbay::append_json_number(text, number);
    const auto back = parse_json_number(text);
    REQUIRE(back);
    REQUIRE(std::bit_cast<std::uint64_t>(*back) == std::bit_cast<std::uint64_t>(number));
  }
}
