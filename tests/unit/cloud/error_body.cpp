// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/cloud/error_body.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

struct Reading {
  explicit Reading(std::string_view text) {
    body.assign(text);
    found = parse_error_body(body, reader, error);
  }
  Body body;
  JsonReader reader;
  ErrorBody error;
  bool found = false;
};

bool says_nothing(const ErrorBody& error) {
  return error.code.empty() && error.message.empty() && error.context_id.empty() && error.inner_codes.empty();
}

}  // namespace

TEST_CASE("the API's errors tell code, message and context", "[error_body]") {
  const Reading read(R"({"message":"The user is not a party of the conversation.","code":"conversation.error.user.not.party",
    "status":400,"messageParams":{"a":"b"},"contextId":"c0de-1","details":[],"errors":[],"entityId":null,"tomorrow":[{"x":1}]})");
  CHECK(read.found);
  CHECK(read.error.code == "conversation.error.user.not.party");
  CHECK(read.error.message == "The user is not a party of the conversation.");
  CHECK(read.error.context_id == "c0de-1");
  CHECK(read.error.inner_codes.empty());
}

TEST_CASE("the login host's errors tell the same in their own way", "[error_body]") {
  const Reading read(R"({"error":"invalid_client","description":"client not found","error_description":"client not found: x"})");
  CHECK(read.found);
  CHECK(read.error.code == "invalid_client");
  CHECK(read.error.message == "client not found: x");
  CHECK(read.error.context_id.empty());
  CHECK(Reading(R"({"error":"invalid_client","description":"authentication failed"})").error.message == "authentication failed");
}

TEST_CASE("where both shapes are mixed the API's members count", "[error_body]") {
  const Reading read(R"({"error_description":"d","description":"e","error":"invalid_client","messageWithParams":"p",
    "message":"m","code":"bad.credentials"})");
  CHECK(read.error.code == "bad.credentials");
  CHECK(read.error.message == "m");
  // An empty text is none.
  CHECK(Reading(R"({"message":"","error_description":"d"})").error.message == "d");
  CHECK(Reading(R"({"code":"","error":"e"})").error.code == "e");
  CHECK(Reading(R"({"messageWithParams":"no {this}"})").error.message == "no {this}");
}

TEST_CASE("the codes of further errors are found at any depth that has a meaning", "[error_body]") {
  const Reading read(R"({"code":"request.conflict","details":[{"errorCode":"d.one","fieldName":"version"},null,7],
    "errors":[{"code":"conversation.custom.attributes.version.conflict","details":[{"errorCode":"d.two"}],
               "errors":[{"code":"deeper"}]},"text",{"code":5},{"message":"only text"}]})");
  CHECK(read.found);
  CHECK(read.error.inner_codes ==
        std::vector<std::string>{"d.one", "conversation.custom.attributes.version.conflict", "d.two", "deeper"});
  CHECK(read.error.names("request.conflict"));
  CHECK(read.error.names("conversation.custom.attributes.version.conflict"));
  CHECK(read.error.names("deeper"));
  CHECK_FALSE(read.error.names("only text"));
  CHECK_FALSE(read.error.names(""));
  // Its texts are its own.
  CHECK(read.error.message.empty());
}

TEST_CASE("an error body is bounded whatever the server sends", "[error_body]") {
  const std::string many = [] {
    std::string out = R"({"code":"outer","errors":[)";
    for (int i = 0; i < 1000; ++i) out.append(i == 0 ? "" : ",").append(R"({"code":"inner"})");
    return out.append("]}");
  }();
  const Reading wide(many);
  CHECK(wide.found);
  CHECK(wide.error.inner_codes.size() == ErrorBody::max_inner_codes);

  std::string deep = R"({"code":"outer")", close = "}";
  for (int i = 0; i < 8; ++i) {
    deep.append(R"(,"errors":[{"code":"at-)").append(std::to_string(i)).append("\"");
    close.append("]}");
  }
  const Reading nested(deep + close);
  CHECK(nested.found);
  CHECK(nested.error.inner_codes.size() == static_cast<std::size_t>(ErrorBody::max_depth));

  CHECK(Reading(R"({"message":")" + std::string(600, 'm') + R"("})").error.message.size() == ErrorBody::message_limit);
  CHECK(Reading(R"({"code":")" + std::string(128, 'c') + R"("})").error.code.size() == 128);
  CHECK(Reading(R"({"code":")" + std::string(129, 'c') + R"("})").error.code.empty());
  // Nothing is read of what is too large to be an error.
  const std::string padding(ErrorBody::largest_body, ' ');
  CHECK_FALSE(Reading(R"({"code":"c"})" + padding).found);
  CHECK(Reading(R"({"code":"c"})" + padding.substr(12)).found);
}

TEST_CASE("a body that is no error's says nothing", "[error_body]") {
  for (const std::string_view text : {"", " ", "null", "[]", "\"text\"", "{", R"({"code":"c")", R"({"code":"c"} x)", R"({"code":"c",})",
                                      "<html><body>502 Bad Gateway</body></html>", "\xff\xfe", R"({"code":"c","message":"cut)"}) {
    const Reading read(text);
    UNSCOPED_INFO(text);
    CHECK_FALSE(read.found);
    CHECK(says_nothing(read.error));
  }
  CHECK(Reading("{}").found);
  CHECK(says_nothing(Reading("{}").error));
}

TEST_CASE("members of unexpected types count as absent", "[error_body]") {
  for (const std::string_view value : {"null", "7", "true", "{}", "[]", R"({"code":"x"})", R"(["x"])", "1e400"}) {
    std::string text = "{";
    for (const char* name : {"code", "error", "message", "error_description", "description", "messageWithParams", "contextId",
                             "details", "errors"})
      text.append(text.size() == 1 ? "\"" : ",\"").append(name).append("\":").append(value);
    const Reading read(text + "}");
    UNSCOPED_INFO(value);
    CHECK(read.found);
    CHECK(says_nothing(read.error));
  }
  // The first that is a text counts, of duplicates as well.
  CHECK(Reading(R"({"code":7,"code":"first","code":"second"})").error.code == "first");
}

TEST_CASE("codes are made of what codes are made of", "[error_body]") {
  for (const std::string_view code : {"two words", "line\\nbreak", "a=b", "a:b", "\\u00e9", "<script>", "~tilde", "a/b", "a\\\\b"}) {
    UNSCOPED_INFO(code);
    CHECK(Reading(R"({"code":")" + std::string(code) + R"("})").error.code.empty());
    CHECK(Reading(R"({"errors":[{"code":")" + std::string(code) + R"("}]})").error.inner_codes.empty());
  }
  CHECK(Reading(R"({"code":"A-z_0.9"})").error.code == "A-z_0.9");
}

TEST_CASE("texts are made fit to be shown, and credentials in them are redacted", "[error_body]") {
  const Reading read(
      R"({"message":"a\r\nforged\u001b[31m Bearer abcdefghijklmnopqrstuvwxyz","contextId":"c\u0000d access_token=hush"})");
  CHECK(read.error.message == "a  forged [31m Bearer <redacted>");
  CHECK(read.error.context_id == "c d access_token=<redacted>");
}

TEST_CASE("an error body that is used again starts anew", "[error_body]") {
  Reading read(R"({"code":"first","message":"m","contextId":"c","errors":[{"code":"inner"}]})");
  read.body.assign("no JSON");
  CHECK_FALSE(parse_error_body(read.body, read.reader, read.error));
  CHECK(says_nothing(read.error));
  read.body.assign(R"({"error":"second"})");
  CHECK(parse_error_body(read.body, read.reader, read.error));
  CHECK(read.error.code == "second");
  CHECK(read.error.message.empty());
}
