// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/json/read.hpp>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <patchbay/json/write.hpp>

#include "support/catch.hpp"

using patchbay::Body;
using patchbay::is_valid_utf8;
using patchbay::JsonReader;
using patchbay::JsonValue;
using patchbay::max_json_depth;

namespace {

/// The minified text, or `!` and why there is none; checks that a failure leaves the output alone.
std::string minified(std::string_view text, int depth = max_json_depth) {
  static JsonReader reader;  // one for all, so that what one text leaves behind would show in the next
  std::string out = "before";
  const auto done = reader.minify(text, out, depth);
  if (done) return out.substr(6);
  CHECK(out == "before");
  CHECK_FALSE(done.error().why.empty());
  return "!" + std::string(done.error().why);
}
bool refused(std::string_view text, int depth = max_json_depth) { return minified(text, depth).starts_with('!'); }

std::string nested(char open, char close, int depth) {
  std::string text(static_cast<std::size_t>(depth), open);
  return text.append(static_cast<std::size_t>(depth), close);
}

/// Random JSON: written with white space, and as it should be minified.
class RandomJson {
 public:
  explicit RandomJson(std::uint32_t seed) : random_(seed) {}
  std::string spaced, plain;
  void generate(int depth) {
    spaced.clear(), plain.clear();
    space(), value(depth), space();
  }

 private:
  std::uint32_t pick(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  void put(std::string_view token) { spaced += token, plain += token; }
  void space() {
    for (std::uint32_t n = pick(4); n > 2; --n) spaced.push_back(" \t\r\n"[pick(4)]);
  }
  void string() {
    static constexpr const char* pieces[] = {"a", "Z", " ", "{", "]", ",", ":", "\\\"", "\\\\", "\\/", "\\n", "\\u0041", "\\ud83d\\udcde", "\xc3\xa4", "\xf0\x9f\x93\x9e", "\\u0000"};
    put("\"");
    for (std::uint32_t n = pick(9); n > 0; --n) put(pieces[pick(16)]);
    put("\"");
  }
  void value(int depth) {
    static constexpr const char* scalars[] = {"0", "-0", "12", "-1.5e-7", "1E+2", "123456789012345678901234567890", "18446744073709551616", "1e-400", "true", "false", "null"};
    const std::uint32_t kind = pick(depth > 0 ? 4 : 2);
    if (kind == 0) return put(scalars[pick(11)]);
    if (kind == 1) return string();
    put(kind == 2 ? "{" : "[");
    space();
    for (std::uint32_t n = pick(4), i = 0; i < n; ++i) {
      if (i > 0) put(","), space();
      if (kind == 2) string(), space(), put(":"), space();
      value(depth - 1);
      space();
    }
    put(kind == 2 ? "}" : "]");
  }
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("minified JSON is the same without white space", "[json][read]") {
  CHECK(minified(R"( { "a" : [ 1 , 2.50 , -0 , 1e5 ] , "b" : { } , "c" : "x y" , "d" : [ ] , "e" : null , "f" : true } )") ==
        R"({"a":[1,2.50,-0,1e5],"b":{},"c":"x y","d":[],"e":null,"f":true})");
  CHECK(minified("\t\"text\" \r\n") == "\"text\"");
  CHECK(minified(" 12 ") == "12");
  CHECK(minified("false") == "false");
  CHECK(minified("null") == "null");
  CHECK(minified(R"("\"\\\/\b\f\n\r\t\u00e4\ud83d\udcde")") == R"("\"\\\/\b\f\n\r\t\u00e4\ud83d\udcde")");
  CHECK(minified(R"({"k\"\\\u0041":1})") == R"({"k\"\\\u0041":1})");
}

TEST_CASE("numbers keep every digit, and what no double holds is refused", "[json][read]") {
  CHECK(minified("[123456789012345678901234567890]") == "[123456789012345678901234567890]");
  CHECK(minified("18446744073709551616") == "18446744073709551616");
  CHECK(minified("-9223372036854775809") == "-9223372036854775809");
  CHECK(minified("[0.10000000000000000000000000000000000001]") == "[0.10000000000000000000000000000000000001]");
  CHECK(minified("[1e-400,-0,-0.0]") == "[1e-400,-0,-0.0]");
  CHECK(minified("1e-400") == "1e-400");
  for (const char* text : {"1e400", "[1e400]", "{\"a\":-1e400}", "[01]", "[1.]", "[.5]", "[+1]", "[-]", "[NaN]", "[Infinity]", "NaN", "01", "1.", "[1 2]", "1 2", "[1e]",
                           "[0x10]", "[1_0]", "12abc", "[12abc]", "- 1"}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
}

TEST_CASE("what is not JSON is refused with a reason", "[json][read]") {
  for (const char* text : {"", " ", "\n", "{", "}", "[", "]", "{]", "[}", "[1,]", "[,1]", "[,]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{:1}", "{a:1}", "{'a':1}",
                           "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[1,,2]", "[[]", "{\"a\":[}", "tru", "True", "nulll", "[tru]", "[nul]", "[nulls]", "[truefalse]", "\"", "\"a", "\"\\",
                           "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "[\"\\x\"]", "{\"\\x\":1}", "<html>", "[1] [2]", "{} {}", "{}x", "[]]", "1,", "//c\n1", "[1]//c", "{\"a\":undefined}"}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
  CHECK(refused("\xef\xbb\xbf{}"));                    // a byte order mark
  CHECK(refused(std::string_view("{}\0", 3)));         // NUL behind the end
  CHECK(refused(std::string_view("\0", 1)));
  CHECK(refused(std::string_view("[1\0]", 4)));
  CHECK(refused(std::string_view("[\"a\0b\"]", 7)));   // and within a string
  CHECK(refused("[\"a\nb\"]"));                        // a control that should be escaped
  CHECK(refused("[\"a\x1f\"]"));
  CHECK(refused("\xc2\xa0[]"));                        // a space, but none of JSON's
}

TEST_CASE("invalid UTF-8 and lone surrogates are refused", "[json][read]") {
  for (const char* bad : {"\xff", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x93"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_valid_utf8(bad));
    const std::string text(bad);
    CHECK(refused("\"" + text + "\""));
    CHECK(refused("[\"" + text + "\"]"));
    CHECK(refused("{\"" + text + "\":1}"));
    CHECK(refused("{\"a\":1} " + text));
    CHECK(refused("[" + text + "]"));
  }
  for (const char* text : {R"("\ud800")", R"(["\ud800x"])", R"({"\ud800":1})", R"(["\udc00"])", R"(["\ud800\ud800"])", R"({"a":"\ud83d\u0041"})"}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
}

TEST_CASE("nesting is bounded, whatever the text", "[json][read]") {
  CHECK(minified(nested('[', ']', max_json_depth)) == nested('[', ']', max_json_depth));
  CHECK(refused(nested('[', ']', max_json_depth + 1)));
  CHECK(minified("[[1]]", 3) == "[[1]]");
  CHECK(refused("[[1]]", 2));  // a scalar is a level of its own
  for (const int depth : {1023, 1024, 1025, 3000, 100'000}) {
    CHECK(refused(nested('[', ']', depth)));
    CHECK(refused(std::string(static_cast<std::size_t>(depth), '[')));
    std::string objects;
    for (int i = 0; i < depth; ++i) objects += "{\"a\":";
    CHECK(refused(objects));
    CHECK(refused(objects + "1" + std::string(static_cast<std::size_t>(depth), '}')));
  }
  CHECK(minified("[1]") == "[1]");  // and the reader is as good as new
}

TEST_CASE("a text cut at any byte is refused", "[json][read]") {
  const std::string text = R"({"id":"550e8400","n":[1,-2.5e3,true,false,null,{"k":"v\u00e4\"\\"}],"o":{"deep":{"er":[[]]}},"last":"ä"})";
  CHECK(minified(text) == text);
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    REQUIRE(refused(std::string_view(text).substr(0, cut)));
  }
}

TEST_CASE("a text with any one byte changed is refused or is other valid JSON", "[json][read]") {
  const std::string text = R"({"id":"550e","n":[1,-2.5e3,true,{"k":"v\u00e4"}]})";
  JsonReader reader;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const std::string once = minified(changed);
      if (once.starts_with('!')) continue;
      // The DOM reader, which checks the whole text, is the judge.
      simdjson::dom::parser judge;
      REQUIRE(judge.parse(changed).error() == simdjson::SUCCESS);
      REQUIRE(minified(once) == once);
    }
  }
}

TEST_CASE("random JSON minifies to itself without white space, and a second time to the same", "[json][read]") {
  RandomJson json(20261121);
  for (int round = 0; round < 4000; ++round) {
    json.generate(5);
    CAPTURE(json.spaced);
    REQUIRE(minified(json.spaced) == json.plain);
    REQUIRE(minified(json.plain) == json.plain);
  }
}

TEST_CASE("random bytes of JSON's alphabet are judged as a checking reader judges them", "[json][read]") {
  std::mt19937 random(5);
  static constexpr const char* pieces[] = {"{", "}", "[", "]", ",", ":", "\"a\"", "\"", "1", "-", "1.5", "true", "null", " ", "e", "\\", "0", "\"b\":", "false"};
  int valid = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    for (auto n = 1 + random() % 7; n > 0; --n) text += pieces[random() % 19];
    simdjson::dom::parser judge;
    const bool good = judge.parse(text).error() == simdjson::SUCCESS;
    valid += good ? 1 : 0;
    CAPTURE(text);
    REQUIRE(refused(text) == !good);
  }
  CHECK(valid > 500);
}

TEST_CASE("members are visited in order, duplicates twice, and what is not consumed is skipped", "[json][read]") {
  JsonReader reader;
  std::vector<std::string> keys;
  std::string first, last;
  const auto visit = [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    keys.emplace_back(key);
    if (key != "a") return simdjson::SUCCESS;
    std::string text;
    if (const auto error = JsonReader::walk(value, text)) return error;
    if (first.empty()) first = text;
    last = text;
    return simdjson::SUCCESS;
  };
  REQUIRE(reader.object(std::string_view(R"({"a":1,"skip":{"a":[{}]},"\u0061":2,"z":"}"})"), visit));
  CHECK(keys == std::vector<std::string>{"a", "skip", "a", "z"});
  CHECK(first == "1");
  CHECK(last == "2");
  keys.clear();
  REQUIRE(reader.object(std::string_view("{}"), visit));
  CHECK(keys.empty());
}

TEST_CASE("an error of the visitor ends the reading", "[json][read]") {
  JsonReader reader;
  int visits = 0;
  const auto read = reader.object(std::string_view(R"({"a":1,"b":2,"c":3})"), [&](std::string_view key, JsonValue) {
    ++visits;
    return key == "b" ? simdjson::INCORRECT_TYPE : simdjson::SUCCESS;
  });
  REQUIRE_FALSE(read);
  CHECK(visits == 2);
  CHECK(read.error().why == simdjson::error_message(simdjson::INCORRECT_TYPE));
}

TEST_CASE("only an object is an object, and nothing may follow it", "[json][read]") {
  JsonReader reader;
  const auto skip = [](std::string_view, JsonValue) { return simdjson::SUCCESS; };
  for (const char* text : {"", " ", "[]", "1", "null", "\"{}\"", "{} x", "{}{}", "{}}", "{\"a\":1", "{\"a\":1}]", "<html></html>", "{\"a\":1},"}) {
    CAPTURE(text);
    CHECK_FALSE(reader.object(std::string_view(text), skip));
  }
  CHECK(reader.object(std::string_view(" {\"a\":[1,{\"b\":null}]} \n"), skip));
  CHECK_FALSE(reader.object(Body{}, skip));
  Body emptied;
  emptied.assign("{}");
  emptied.clear();
  CHECK_FALSE(reader.object(emptied, skip));
}

TEST_CASE("a body of every size is read within its padding", "[json][read]") {
  // The body's memory ends where the padding ends, so that the address sanitizer sees one byte too many.
  for (std::size_t length = 0; length < 300; ++length) {
    const std::string json = "{\"k\":\"" + std::string(length, 'x') + "\"}";
    Body body;
    body.assign(std::string(511, '['));
    body.assign(std::string(1030 + length - length % 7, '['));  // what an earlier answer left behind the text
    body.assign(json);
    JsonReader reader;
    std::size_t seen = 0;
    REQUIRE(reader.object(body, [&](std::string_view, JsonValue value) -> simdjson::error_code {
      std::string_view text;
      if (const auto error = value.get_string().get(text)) return error;
      seen = text.size();
      return simdjson::SUCCESS;
    }));
    REQUIRE(seen == length);
    // Full to the last byte of its room.
    Body exact;
    const std::string full = "{\"k\":\"" + std::string(512 + length - 8, 'x') + "\"}";
    exact.assign(full);
    REQUIRE(exact.allocated() == full.size() + Body::padding);
    REQUIRE(reader.object(exact, [](std::string_view, JsonValue) { return simdjson::SUCCESS; }));
  }
}

TEST_CASE("errors name no byte of the text, which may be a customer's", "[json][read]") {
  JsonReader reader;
  std::string out;
  for (const char* text : {"{\"CANARY\":CANARY}", "[\"CANARY", "CANARY", "{\"CANARY\":\"\xff\"}", "{\"CANARY\" 1}"}) {
    const auto done = reader.minify(text, out);
    REQUIRE_FALSE(done);
    CHECK(done.error().why.find("CANARY") == std::string_view::npos);
  }
}
