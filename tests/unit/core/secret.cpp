// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/secret.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

using patchbay::Secret;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };

// Whether the memory that held a Secret still holds `text` once `leave` has run on it.
template <class Leave>
bool remains(std::string_view text, Leave leave) {
  alignas(Secret) std::byte memory[sizeof(Secret)];
  std::memset(memory, 0, sizeof memory);
  leave(*new (memory) Secret(std::string(text)));
  const std::string_view bytes(reinterpret_cast<const char*>(memory), sizeof memory);
  return bytes.find(text.substr(1)) != std::string_view::npos;  // a terminator may stand on the first byte
}

}  // namespace

TEST_CASE("a secret converts to nothing that could print it", "[secret]") {
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, std::string_view>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, std::string>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, const char*>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, bool>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string, Secret>);
  STATIC_REQUIRE_FALSE(Printable<Secret>);
  STATIC_REQUIRE_FALSE(Comparable<Secret>);
}

TEST_CASE("a secret reveals what it was given, and copies and moves like text", "[secret]") {
  const std::string text = GENERATE(std::string("short"), std::string(200, 'x'), std::string("with\0zero", 9));
  Secret first(text);
  CHECK(first.reveal() == text);
  CHECK_FALSE(first.empty());

  Secret copy(first);
  CHECK(copy.reveal() == text);
  CHECK(first.reveal() == text);

  const Secret moved(std::move(first));
  CHECK(moved.reveal() == text);
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): the moved-from state is the point

  Secret assigned(std::string("old"));
  assigned = moved;
  CHECK(assigned.reveal() == text);
  assigned = std::move(copy);
  CHECK(assigned.reveal() == text);
  CHECK(copy.empty());  // NOLINT(bugprone-use-after-move)

  CHECK(Secret().empty());
  CHECK(Secret(std::string()).empty());
}

TEST_CASE("assigning a secret to itself keeps it", "[secret]") {
  Secret secret(std::string("correct horse battery staple"));
  Secret& alias = secret;
  secret = alias;
  CHECK(secret.reveal() == "correct horse battery staple");
  secret = std::move(alias);
  CHECK(secret.reveal() == "correct horse battery staple");
}

TEST_CASE("a short secret, which lives inside the object, is gone from it", "[secret]") {
  const std::string_view text = "hunter2-hunter2";  // 15 bytes: the most that libstdc++ keeps inside a string
  REQUIRE(remains(text, [](Secret&) {}));           // the search itself works

  SECTION("after its destruction") {
    CHECK_FALSE(remains(text, [](Secret& secret) { secret.~Secret(); }));
  }
  SECTION("after it was moved from") {
    Secret other;
    CHECK_FALSE(remains(text, [&](Secret& secret) { other = Secret(std::move(secret)); }));
    CHECK(other.reveal() == text);
  }
  SECTION("after it was moved from by assignment") {
    Secret other(std::string("another"));
    CHECK_FALSE(remains(text, [&](Secret& secret) { other = std::move(secret); }));
    CHECK(other.reveal() == text);
  }
  SECTION("after a shorter one was assigned over it") {
    CHECK_FALSE(remains(text.substr(4), [](Secret& secret) { secret = Secret(std::string("abc")); }));
  }
}
