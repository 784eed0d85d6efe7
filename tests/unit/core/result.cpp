// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/result.hpp>

#include <memory>
#include <string>
#include <type_traits>

#include "support/catch.hpp"

using patchbay::Error;
using patchbay::ErrorCode;
using patchbay::fail;
using patchbay::Result;

namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::invalid_argument, "odd");
  return n / 2;
}
Result<void> nothing(bool well) {
  if (!well) return fail(Error(ErrorCode::closed, "shut"));
  return {};
}

}  // namespace

TEST_CASE("a result holds its value or the error that stands in its place", "[result]") {
  CHECK(half(4) == 2);
  const Result<int> failed = half(3);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == ErrorCode::invalid_argument);
  CHECK(failed.error().message() == "odd");
  CHECK(nothing(true));
  REQUIRE_FALSE(nothing(false));
  CHECK(nothing(false).error().code() == ErrorCode::closed);
}

TEST_CASE("value() throws for those who prefer exceptions, and carries the error", "[result]") {
  CHECK(half(2).value() == 1);
  try {
    static_cast<void>(half(3).value());
    FAIL("nothing was thrown");
  } catch (const tl::bad_expected_access<Error>& caught) {
    CHECK(caught.error().code() == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a result takes values that only move, and is one word larger at most", "[result]") {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  REQUIRE(made);
  const std::unique_ptr<int> taken = std::move(*made);
  CHECK(*taken == 7);
  STATIC_REQUIRE(sizeof(Error) == sizeof(void*));
  STATIC_REQUIRE(sizeof(Result<void*>) <= 2 * sizeof(void*));
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Result<std::string>>);
}
