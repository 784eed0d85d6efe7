// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/detail/wire_text.hpp>

#include <string>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using namespace patchbay::testing::detail;

TEST_CASE("percent encoding is undone, or refused when it is broken", "[testing][wire]") {
  CHECK(percent_decoded("a%2Fb+c", false) == "a/b+c");
  CHECK(percent_decoded("a%2fb+c", true) == "a/b c");
  CHECK(percent_decoded("", true) == "");
  CHECK(percent_decoded("%00%ff", false) == std::string("\0\xff", 2));
  for (const std::string_view broken : {"%", "%4", "a%4", "%4g", "%g4", "%%%"}) {
    CAPTURE(broken);
    CHECK_FALSE(percent_decoded(broken, false));
  }
}

TEST_CASE("a form gives its fields in order", "[testing][wire]") {
  const auto form = parse_form("a=1&b=x%3Dy&&c&=d&a=2&e=f=g");
  REQUIRE(form);
  using Pair = std::pair<std::string, std::string>;
  CHECK(*form == std::vector<Pair>{{"a", "1"}, {"b", "x=y"}, {"c", ""}, {"", "d"}, {"a", "2"}, {"e", "f=g"}});
  CHECK(parse_form("")->empty());
  CHECK(parse_form("&&")->empty());
  CHECK_FALSE(parse_form("a=%"));
  CHECK_FALSE(parse_form("%=a"));
}

TEST_CASE("base64 is read whole and canonical, or not at all", "[testing][wire]") {
  CHECK(base64_decoded("") == "");
  CHECK(base64_decoded("Zg==") == "f");
  CHECK(base64_decoded("Zm8=") == "fo");
  CHECK(base64_decoded("Zm9v") == "foo");
  CHECK(base64_decoded("Zm9vYmFy") == "foobar");
  CHECK(base64_decoded("//79") == "\xff\xfe\xfd");
  for (const std::string_view bad :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "=Zg=", "Zm9v ", "Z-_v", "Z=9v", "===="}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decoded(bad));
  }
}

TEST_CASE("credentials stand behind their scheme", "[testing][wire]") {
  CHECK(credentials_of("Bearer abc", "Bearer") == "abc");
  CHECK(credentials_of("bEARER   abc  ", "Bearer") == "abc");
  CHECK(credentials_of("Bearer ", "Bearer") == "");
  CHECK_FALSE(credentials_of("Bearer", "Bearer"));
  CHECK_FALSE(credentials_of("Bearerabc", "Bearer"));
  CHECK_FALSE(credentials_of("Basic abc", "Bearer"));
  CHECK_FALSE(credentials_of("", "Bearer"));
}

TEST_CASE("If-Match is compared strongly, over all its fields and members", "[testing][wire]") {
  const auto matches = [](std::string_view value, bool weakly = false) {
    const HeaderView headers[] = {{"X", "\"7\""}, {"if-match", value}};
    return matches_etag(CloudRequest("PATCH", "/", headers), "If-Match", "\"7\"", weakly);
  };
  CHECK(matches("\"7\""));
  CHECK(matches("*"));
  CHECK(matches(" \"1\" ,\t\"7\" "));
  CHECK(matches("\"a,b\", \"7\""));
  CHECK(matches("7, \"7\""));
  CHECK(matches(",,\"7\""));
  CHECK_FALSE(matches(""));
  CHECK_FALSE(matches("7"));
  CHECK_FALSE(matches("\"77\""));
  CHECK_FALSE(matches("\"7"));
  CHECK_FALSE(matches("\"1,\"7\""));
  CHECK_FALSE(matches("W/\"7\""));
  CHECK_FALSE(matches("W/*"));
  CHECK_FALSE(matches("\"7\" junk"));
  CHECK(matches("W/\"7\"", true));
  CHECK(matches("\"7\"", true));

  const HeaderView two[] = {{"If-Match", "\"1\""}, {"If-Match", "\"7\""}};
  CHECK(matches_etag(CloudRequest("PATCH", "/", two), "If-Match", "\"7\"", false));
  CHECK_FALSE(matches_etag(CloudRequest("PATCH", "/"), "If-Match", "\"7\"", false));
}

TEST_CASE("a media type is compared without its parameters", "[testing][wire]") {
  const auto has = [](std::string_view value) {
    const HeaderView headers[] = {{"content-type", value}};
    return has_media_type(CloudRequest("POST", "/", headers), "application/json");
  };
  CHECK(has("application/json"));
  CHECK(has("Application/JSON ; charset=utf-8"));
  CHECK_FALSE(has("application/jsonx"));
  CHECK_FALSE(has(""));
}
