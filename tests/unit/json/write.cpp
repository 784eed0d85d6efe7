// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/json/write.hpp>

#include <cstdint>
#include <limits>
#include <string>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using patchbay::append_json_number;
using patchbay::append_json_string;
using patchbay::JsonWriter;

namespace {

template <class T>
std::string number(T value) {
  std::string out;
  append_json_number(out, value);
  return out;
}
std::string as_json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("strings are escaped where JSON demands it", "[json][write]") {
  CHECK(as_json_string("") == R"("")");
  CHECK(as_json_string("plain") == R"("plain")");
  CHECK(as_json_string("a\"b\\c/d") == R"("a\"b\\c/d")");
  CHECK(as_json_string("\n\r\t\b\f") == R"("\n\r\t\u0008\u000c")");
  CHECK(as_json_string(std::string_view("\0\x1f\x7f", 3)) == "\"\\u0000\\u001f\x7f\"");
  CHECK(as_json_string("\xc3\xa4\xf0\x9f\x93\x9e") == "\"\xc3\xa4\xf0\x9f\x93\x9e\"");
}

TEST_CASE("every character that is written reads back as itself", "[json][write]") {
  patchbay::JsonReader reader;
  for (std::uint32_t c = 0; c < 0x80; ++c) {
    const std::string text{'a', static_cast<char>(c), 'z'};
    const std::string json = "{\"k\":" + as_json_string(text) + ",\"" + as_json_string(text).substr(1) + ":1}";
    std::string value, key;
    REQUIRE(reader.object(std::string_view(json), [&](std::string_view name, patchbay::JsonValue member) -> simdjson::error_code {
      if (name != "k") return key = name, simdjson::SUCCESS;
      std::string_view content;
      if (const auto error = member.get_string().get(content)) return error;
      value = content;
      return simdjson::SUCCESS;
    }));
    REQUIRE(value == text);
    REQUIRE(key == text);
  }
}

TEST_CASE("integers to the ends of their types", "[json][write]") {
  CHECK(number(0) == "0");
  CHECK(number((std::numeric_limits<std::int64_t>::min)()) == "-9223372036854775808");
  CHECK(number((std::numeric_limits<std::uint64_t>::max)()) == "18446744073709551615");
  CHECK(number(static_cast<signed char>(-128)) == "-128");
  CHECK(number(static_cast<unsigned char>(65)) == "65");
}

TEST_CASE("doubles are shortest, JSON, and never NaN", "[json][write]") {
  CHECK(number(145.0) == "145");
  CHECK(number(0.1) == "0.1");
  CHECK(number(-2.5) == "-2.5");
  CHECK(number(1e300) == "1e+300");
  CHECK(number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "null");
  CHECK(number(std::numeric_limits<double>::quiet_NaN()) == "null");
  for (const double value : {0.0, -0.0, 5e-324, 1.7976931348623157e308, -1.2345678901234567e-300, 123456789.0, 1e15, 1e16, 1e21})
    CHECK(patchbay::is_json_number(number(value)));
}

TEST_CASE("the writer sets commas between members and elements alone", "[json][write]") {
  std::string out = "log: ";
  JsonWriter json(out);
  json.begin_object();
  json.member("text", "a\"b").member("int", -3).member("real", 0.5).member("yes", true).member("no", false);
  json.key("none").null().key("empty").begin_object().end_object().key("list").begin_array();
  json.value(1).begin_array().end_array().begin_object().member("k", std::string_view("v")).end_object().value("last").end_array();
  json.members("").members(R"("a":1,"b":[2])").key("raw").raw("{\"x\":0}").members("").member("end", 1U);
  json.end_object();
  CHECK(out == R"(log: {"text":"a\"b","int":-3,"real":0.5,"yes":true,"no":false,"none":null,"empty":{},)"
               R"("list":[1,[],{"k":"v"},"last"],"a":1,"b":[2],"raw":{"x":0},"end":1})");
  std::string first;
  JsonWriter(first).begin_object().members(R"("a":1)").member("b", 2).end_object();
  CHECK(first == R"({"a":1,"b":2})");
  std::string nothing;
  JsonWriter(nothing).begin_object().members("").end_object();
  CHECK(nothing == "{}");
}

TEST_CASE("a pointer to characters is text and not a truth", "[json][write]") {
  std::string out;
  const char* text = "false";
  JsonWriter(out).begin_array().value(text).value(std::string_view(text)).end_array();
  CHECK(out == R"(["false","false"])");
}
