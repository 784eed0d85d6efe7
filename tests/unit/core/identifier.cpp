// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/identifier.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;

TEST_CASE("an identifier is 1 to 128 unreserved characters", "[identifier]") {
  CHECK(is_identifier("a"));
  CHECK(is_identifier("550e8400-e29b-41d4-a716-446655440000"));
  CHECK(is_identifier("A.b_c~d-9"));
  CHECK(is_identifier("..."));
  CHECK(is_identifier(std::string(128, 'x')));
  CHECK_FALSE(is_identifier(""));
  CHECK_FALSE(is_identifier("."));
  CHECK_FALSE(is_identifier(".."));
  CHECK_FALSE(is_identifier(std::string(129, 'x')));
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      (c != '\0' && std::string_view("._~-").find(c) != std::string_view::npos);
    CAPTURE(byte);
    CHECK(is_identifier(std::string("x") + c) == fine);
  }
}

TEST_CASE("a UUID is known by its form alone", "[identifier]") {
  CHECK(is_uuid("550e8400-e29b-41d4-a716-446655440000"));
  CHECK(is_uuid("550E8400-E29B-01D4-0716-44665544000F"));
  CHECK(is_uuid("00000000-0000-0000-0000-000000000000"));
  CHECK_FALSE(is_uuid(""));
  CHECK_FALSE(is_uuid("550e8400e29b41d4a716446655440000"));
  CHECK_FALSE(is_uuid("550e8400-e29b-41d4-a716-44665544000"));
  CHECK_FALSE(is_uuid("550e8400-e29b-41d4-a716-4466554400000"));
  CHECK_FALSE(is_uuid("{50e8400-e29b-41d4-a716-44665544000}"));
  CHECK_FALSE(is_uuid("550e8400-e29b-41d4-a716-44665544000g"));
  CHECK_FALSE(is_uuid("550e8400-e29b-41d4a-716-446655440000"));
  STATIC_REQUIRE(is_uuid("550e8400-e29b-41d4-a716-446655440000"));
}

TEST_CASE("a UUID takes at each place what may stand there and no other byte", "[identifier]") {
  const std::string_view digits = "0123456789abcdefABCDEF";
  std::string text = "550e8400-e29b-41d4-a716-446655440000";
  for (char& place : text) {
    const char before = place;
    for (int byte = 0; byte < 256; ++byte) {
      place = static_cast<char>(static_cast<unsigned char>(byte));
      const bool fits = before == '-' ? place == '-' : digits.find(place) != std::string_view::npos;
      if (is_uuid(text) != fits) FAIL("the byte " << byte << " at " << &place - text.data());
    }
    place = before;
  }
  CHECK(is_uuid(text));
}

TEST_CASE("a malformed identifier is refused with its name, the rule and a bounded, escaped value", "[identifier]") {
  CHECK(check_identifier("flow-1", "flow id").has_value());

  const auto path = check_identifier("../x", "flow id");
  REQUIRE_FALSE(path.has_value());
  CHECK(path.error().code() == ErrorCode::invalid_argument);
  CHECK(path.error().message() ==
        "flow id: expected 1 to 128 of A-Z a-z 0-9 . _ ~ -, and neither \".\" nor \"..\"; got \"../x\"");

  const auto empty = check_identifier("", "interaction id");
  REQUIRE_FALSE(empty.has_value());
  CHECK(empty.error().message().find("interaction id: ") == 0);
  CHECK(empty.error().message().find("got \"\"") != std::string::npos);

  using namespace std::string_literals;
  const auto control = check_identifier("a\x1b[31m\0\r\n\"\\\xc3\xbc"s, "flow id");
  REQUIRE_FALSE(control.has_value());
  CHECK(control.error().message().find(R"(got "a\x1B[31m\x00\x0D\x0A\"\\\xC3\xBC")") != std::string::npos);

  const auto huge = check_identifier(std::string(300, 'x'), "flow id");
  REQUIRE_FALSE(huge.has_value());
  CHECK(huge.error().message().find("got \"" + std::string(64, 'x') + "...\" of 300 bytes") != std::string::npos);
  const auto worst = check_identifier(std::string(100'000, '\xff'), "flow id");
  CHECK(worst.error().message().size() < 400);

  const auto uuid = check_uuid("550e8400", "interaction id");
  REQUIRE_FALSE(uuid.has_value());
  CHECK(uuid.error().code() == ErrorCode::invalid_argument);
  CHECK(uuid.error().message().find("expected a UUID") != std::string::npos);
  CHECK(check_uuid("550e8400-e29b-41d4-a716-446655440000", "interaction id").has_value());
}

TEST_CASE("percent-encoding leaves the unreserved characters and nothing else", "[identifier]") {
  std::string out = "/flows/";
  append_percent_encoded(out, "a/b?c#d%e f+g\n\xff~._-");
  CHECK(out == "/flows/a%2Fb%3Fc%23d%25e%20f%2Bg%0A%FF~._-");
  out.clear();
  append_percent_encoded(out, {});
  CHECK(out.empty());
}

TEST_CASE("form encoding is that of HTML forms", "[identifier]") {
  std::string out = "scope=";
  append_form_encoded(out, "interaction:update flow:read");
  CHECK(out == "scope=interaction%3Aupdate+flow%3Aread");
  out.clear();
  append_form_encoded(out, "p&=+~*-._%\xc3\xbc");
  CHECK(out == "p%26%3D%2B%7E*-._%25%C3%BC");
}
