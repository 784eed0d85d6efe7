// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/http.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

using patchbay::Body;
using patchbay::Endpoint;
using patchbay::equal_ignoring_case;
using patchbay::Headers;
using patchbay::HttpRequest;
using patchbay::HttpResponse;
using patchbay::Method;

namespace {

// What the JSON parser relies on: that many zero bytes may be read behind the text, inside what was allocated.
bool padded(const Body& body) {
  if (body.allocated() < body.size() + Body::padding) return false;
  const char* end = body.data() + body.size();
  return std::all_of(end, end + Body::padding, [](char c) { return c == '\0'; });
}

std::string counting(std::size_t n) {
  std::string text;
  while (text.size() < n) text += std::to_string(text.size()) + ',';
  text.resize(n);
  return text;
}

}  // namespace

TEST_CASE("a method has the name that goes on the wire", "[http]") {
  STATIC_REQUIRE(to_string(Method::get) == "GET");
  STATIC_REQUIRE(to_string(Method::post) == "POST");
  STATIC_REQUIRE(to_string(Method::patch) == "PATCH");
}

TEST_CASE("names are compared without regard to ASCII case and to nothing else", "[http]") {
  STATIC_REQUIRE(equal_ignoring_case("", ""));
  STATIC_REQUIRE(equal_ignoring_case("Retry-After", "rETRY-aFTER"));
  STATIC_REQUIRE_FALSE(equal_ignoring_case("etag", "etags"));
  STATIC_REQUIRE_FALSE(equal_ignoring_case("etag", ""));
  // The neighbours of the letters, which a comparison by a single bit takes for letters.
  STATIC_REQUIRE_FALSE(equal_ignoring_case("@", "`"));
  STATIC_REQUIRE_FALSE(equal_ignoring_case("[", "{"));
  STATIC_REQUIRE_FALSE(equal_ignoring_case("\r", "-"));
  STATIC_REQUIRE_FALSE(equal_ignoring_case("\xc3\x84", "\xc3\xa4"));  // no Latin letters
}

TEST_CASE("an unused body is empty and has allocated nothing", "[http][body]") {
  const Body body;
  CHECK(body.empty());
  CHECK(body.size() == 0);
  CHECK(body.view() == "");
  CHECK(body.allocated() == 0);
}

TEST_CASE("a body holds what was appended, padded, at every size around its growth", "[http][body]") {
  const std::size_t size = GENERATE(0U, 1U, 63U, 64U, 65U, 511U, 512U, 513U, 575U, 576U, 1023U, 1024U, 1025U, 100'000U);
  const std::string text = counting(size);
  Body body;
  body.append(text);
  CHECK(body.view() == text);
  CHECK(padded(body));
  body.append("!");
  CHECK(body.view() == text + "!");
  CHECK(padded(body));
}

TEST_CASE("a body grows byte by byte without losing one", "[http][body]") {
  const std::string text = counting(5000);
  Body body;
  for (const char c : text) {
    body.append({&c, 1});
    REQUIRE(padded(body));
  }
  CHECK(body.view() == text);
}

TEST_CASE("a transport writes into a body, and only what it commits stays", "[http][body]") {
  Body body;
  body.append("kept,");
  auto room = body.prepare(1000);
  REQUIRE(room.size() == 1000);
  std::fill(room.begin(), room.end(), 'x');
  CHECK(body.view() == "kept,");
  body.commit(3);
  CHECK(body.view() == "kept,xxx");
  CHECK(padded(body));  // the rest of what was written is no part of it

  room = body.prepare(1000);
  std::fill(room.begin(), room.end(), 'y');
  body.commit(0);
  CHECK(body.view() == "kept,xxx");
  CHECK(padded(body));

  room = body.prepare(1000);
  std::fill(room.begin(), room.end(), 'z');
  body.commit(1000);
  CHECK(body.view() == "kept,xxx" + std::string(1000, 'z'));
  CHECK(padded(body));

  CHECK(body.prepare(0).empty());
}

TEST_CASE("a body that is cleared keeps its memory and forgets its text", "[http][body]") {
  Body body;
  body.append(counting(2000));
  const char* memory = body.data();
  const std::size_t allocated = body.allocated();
  body.clear();
  CHECK(body.empty());
  CHECK(padded(body));
  CHECK(body.allocated() == allocated);
  body.append(counting(2000));
  CHECK(body.data() == memory);
  CHECK(body.view() == counting(2000));
  body.assign("short");
  CHECK(body.data() == memory);
  CHECK(body.view() == "short");
  CHECK(padded(body));
}

TEST_CASE("a body may be given a part of itself", "[http][body]") {
  Body body;
  const std::string text = counting(512);
  body.append(text);
  body.append(body.view());  // grows, and so moves what it copies
  CHECK(body.view() == text + text);
  CHECK(padded(body));
  body.assign(body.view().substr(100, 300));  // source and target overlap
  CHECK(body.view() == text.substr(100, 300));
  CHECK(padded(body));
}

TEST_CASE("a copy of a body is its own", "[http][body]") {
  Body body;
  body.append("first");
  Body copy(body);
  body.assign("second");
  CHECK(copy.view() == "first");
  CHECK(padded(copy));
  copy = body;
  CHECK(copy.view() == "second");
  CHECK(copy.data() != body.data());

  const Body empty;
  copy = empty;
  CHECK(copy.empty());
  CHECK(Body(empty).empty());
}

TEST_CASE("a body that was moved from is empty and can be used again", "[http][body]") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Body>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Body>);
  Body body;
  body.append(counting(700));
  const char* memory = body.data();
  Body moved(std::move(body));
  CHECK(moved.data() == memory);
  CHECK(moved.view() == counting(700));
  // NOLINTBEGIN(bugprone-use-after-move): the moved-from state is the point
  CHECK(body.empty());
  CHECK(body.allocated() == 0);
  CHECK(body.view() == "");
  body.append("again");
  CHECK(body.view() == "again");
  CHECK(padded(body));

  moved = std::move(body);
  CHECK(moved.view() == "again");
  CHECK(body.allocated() == 0);
  body.clear();
  CHECK(body.prepare(10).size() == 10);
  // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("assigning a body to itself changes nothing", "[http][body]") {
  Body body;
  body.append("text");
  Body& alias = body;
  body = alias;
  CHECK(body.view() == "text");
  CHECK(padded(body));
  body = std::move(alias);
  CHECK(body.view() == "text");
  CHECK(padded(body));
}

TEST_CASE("header fields are found by name in any case, the first of a name winning", "[http][headers]") {
  Headers headers;
  CHECK_FALSE(headers.find("etag"));
  headers.add("ETag", "\"1\"");
  headers.add("X-Empty", "");
  headers.add("etag", "\"2\"");
  headers.add("", "nameless");
  CHECK(headers.size() == 4);
  CHECK(headers.find("ETAG") == "\"1\"");
  REQUIRE(headers.find("x-empty"));
  CHECK(headers.find("x-empty")->empty());
  CHECK_FALSE(headers.find("eta"));
  CHECK_FALSE(headers.find("etag "));
  CHECK(headers.name(2) == "etag");
  CHECK(headers.value(2) == "\"2\"");
  CHECK(headers.find("") == "nameless");
}

TEST_CASE("header fields survive growth, clearing, copies and moves", "[http][headers]") {
  Headers headers;
  for (int i = 0; i < 1000; ++i) headers.add("X-" + std::to_string(i), std::string(static_cast<std::size_t>(i % 50), 'v'));
  for (std::size_t i = 0; i < 1000; ++i) {
    REQUIRE(headers.name(i) == "X-" + std::to_string(i));
    REQUIRE(headers.value(i).size() == i % 50);
  }
  const Headers copy = headers;
  headers.clear();
  CHECK(headers.size() == 0);
  CHECK_FALSE(headers.find("X-1"));
  headers.add("X-1", "new");
  CHECK(headers.find("X-1") == "new");
  CHECK(copy.find("x-999")->size() == 49);

  Headers moved = std::move(headers);
  CHECK(moved.find("X-1") == "new");
}

TEST_CASE("a response that is cleared keeps nothing of the last exchange", "[http]") {
  HttpResponse response;
  response.status = 409;
  response.headers.add("ETag", "\"1\"");
  response.body.append("{}");
  response.clear();
  CHECK(response.status == 0);
  CHECK(response.headers.size() == 0);
  CHECK(response.body.empty());
}

TEST_CASE("a request begins with nothing but its line, and a bounded answer", "[http]") {
  // g++ 12 copies aggregates bitwise across a suspension; these travel through awaited calls.
  STATIC_REQUIRE_FALSE(std::is_aggregate_v<HttpRequest>);
  const auto endpoint = Endpoint::parse("https://host", "u");
  REQUIRE(endpoint);
  const HttpRequest request(Method::patch, *endpoint, "/x");
  CHECK(request.method == Method::patch);
  CHECK(request.endpoint == &*endpoint);
  CHECK(request.target == "/x");
  CHECK(request.headers.empty());
  CHECK(request.body.empty());
  CHECK(request.max_body == 33'554'432);
}
