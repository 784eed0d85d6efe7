// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/redact.hpp>

#include <random>
#include <stdexcept>
#include <string>

#include <patchbay/json/read.hpp>  // is_valid_utf8

#include "support/catch.hpp"

using patchbay::excerpt;
using patchbay::guarded;

TEST_CASE("an excerpt keeps plain text and cuts it between characters", "[redact]") {
  CHECK(excerpt("", 10).empty());
  CHECK(excerpt("all is well", 0).empty());
  CHECK(excerpt("all is well", 512) == "all is well");
  CHECK(excerpt("all is well", 3) == "all");
  CHECK(excerpt("a\xc3\xa4z", 1) == "a");
  CHECK(excerpt("a\xc3\xa4z", 2) == "a");  // the second byte of ä does not fit
  CHECK(excerpt("a\xc3\xa4z", 3) == "a\xc3\xa4");
  CHECK(excerpt("\xf0\x9f\x93\x9e!", 3).empty());
  CHECK(excerpt("\xf0\x9f\x93\x9e!", 4) == "\xf0\x9f\x93\x9e");
}

TEST_CASE("an excerpt has no control characters, no broken UTF-8 and nothing that deceives a reader", "[redact]") {
  CHECK(excerpt("one\ntwo\r\n\tthree", 64) == "one two   three");
  CHECK(excerpt(std::string_view("a\0b", 3), 64) == "a b");
  CHECK(excerpt("\x1b[31mred\x7f", 64) == " [31mred ");
  CHECK(excerpt("\xc2\x9b" "2J", 64) == " 2J");                    // C1 CSI
  CHECK(excerpt("\xff\xfe", 64) == "\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(excerpt("\xc0\xaf", 64) == "\xef\xbf\xbd\xef\xbf\xbd");     // overlong
  CHECK(excerpt("\xed\xa0\x80", 64).find('\xed') == std::string::npos);  // a surrogate
  CHECK(excerpt("\xe2\x80\xae" "exe", 64) == "\xef\xbf\xbd" "exe");  // right-to-left override
  CHECK(excerpt("\xe2\x80\xa8", 64) == "\xef\xbf\xbd");             // line separator
}

TEST_CASE("credentials that a server echoes do not reach an excerpt", "[redact][secrets]") {
  const std::string canary = "CANARY-0123456789abcdef";
  for (const std::string& text : {
           "no entry for Bearer " + canary + " here",
           "bearer  " + canary,
           "Authorization: Basic " + canary + "\r\nHost: x",
           R"({"access_token":")" + canary + R"(","expires_in":3600})",
           R"({"access_token" : ")" + canary + R"("})",
           R"({\"client_secret\":\")" + canary + R"(\"})",
           "grant_type=client_credentials&client_secret=" + canary + "&scope=x",
           "GET /api?access_token=" + canary + " HTTP/1.1",
           "PASSWORD: " + canary,
           "refresh_token='" + canary + "'",
           // A credential in two words, with what ends words, or within what looks like another's.
           R"({"access_token":"Bearer )" + canary + R"("})",
           "password=Basic   " + canary,
           R"({"password":"correct horse, )" + canary + R"("})",
           R"({"password":"a\"b)" + canary + R"("})",
           R"({\"password\":\"a b )" + canary + R"(\"})",
           "id_token=access_token\":\"" + canary + "\"",
       }) {
    CAPTURE(text);
    const std::string shown = excerpt(text, 512);
    CHECK(shown.find("CANARY") == std::string::npos);
    CHECK(shown.find("<redacted>") != std::string::npos);
    for (std::size_t limit = 0; limit < text.size(); ++limit) REQUIRE(excerpt(text, limit).find("CAN") == std::string::npos);
  }
  CHECK(excerpt(R"({"access_token":"abcdef","expires_in":3600})", 512) == R"({"access_token":"<redacted>","expires_in":3600})");
  CHECK(excerpt("client_secret=s&scope=read", 512) == "client_secret=<redacted>&scope=read");
  CHECK(excerpt(R"({"password":"a b","user":"c"})", 512) == R"({"password":"<redacted>","user":"c"})");
  CHECK(excerpt(R"({"password":"","user":"c"})", 512) == R"({"password":"","user":"c"})");
  CHECK(excerpt(R"({\"password\":\"a\",\"user\":\"c\"})", 512) == R"({\"password\":\"<redacted>\",\"user\":\"c\"})");
}

TEST_CASE("prose about credentials stays readable", "[redact]") {
  for (const char* text : {"bearer token expired", "Basic authentication is not enabled", "the access_token is missing",
                           "invalid client_secret", "password policy"})
    CHECK(excerpt(text, 512) == text);
}

TEST_CASE("whatever the bytes, an excerpt is bounded, valid UTF-8 and without controls", "[redact]") {
  std::mt19937 random(7);
  std::string alphabet = "ab\"\\{}:= \n\x1b\x7f\x80\xc2\xa0\xe2\x80\xae\xf0\x9f\xff";
  alphabet.push_back('\0');
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t n = random() % 40; n > 0; --n) text.push_back(alphabet[random() % alphabet.size()]);
    if (round % 3 == 0) text.insert(text.size() / 2, "access_token=");
    const std::size_t limit = random() % 50;
    const std::string shown = excerpt(text, limit);
    REQUIRE(shown.size() <= limit);
    REQUIRE(patchbay::is_valid_utf8(shown));
    for (const char c : shown) {
      REQUIRE(static_cast<unsigned char>(c) >= 0x20);
      REQUIRE(c != 0x7f);
    }
  }
}

TEST_CASE("user code that throws is swallowed and reported", "[guarded]") {
  int calls = 0;
  CHECK(guarded([&] { ++calls; }));
  CHECK_FALSE(guarded([&] {
    ++calls;
    throw std::runtime_error("from a callback");
  }));
  CHECK_FALSE(guarded([] { throw 42; }));
  CHECK(calls == 2);
  STATIC_REQUIRE(noexcept(guarded([] {})));
}
