// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/rate_limit.hpp>

#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

std::optional<RateLimitStatus> read(std::string_view allowed, std::string_view count, std::string_view reset) {
  Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("inin-ratelimit-count", count);
  headers.add("ININ-RateLimit-Allowed", allowed);
  headers.add("inin-ratelimit-reset", reset);
  return rate_limit_of(headers);
}

}  // namespace

TEST_CASE("the state of the rate limit is read from its three fields, in any order and case", "[rate_limit]") {
  const auto status = read("300", "17", "42");
  REQUIRE(status);
  CHECK(status->allowed == 300);
  CHECK(status->count == 17);
  CHECK(status->reset == seconds{42});
  CHECK(read("1", "0", "0"));
  CHECK(read("180", "999999999", "3600"));
}

TEST_CASE("a rate limit that is not understood is none", "[rate_limit]") {
  for (const std::string_view bad : {"", "-1", "+1", " 1", "1 ", "1.5", "0x1", "12a", "1234567890", "99999999999999999999"}) {
    INFO(bad);
    CHECK_FALSE(read(bad, "1", "1"));
    CHECK_FALSE(read("1", bad, "1"));
    CHECK_FALSE(read("1", "1", bad));
  }
  CHECK_FALSE(read("0", "0", "10"));     // nothing is ever allowed: no limit, a mistake
  CHECK_FALSE(read("10", "1", "3601"));  // no window of requests is so long
  Headers part;
  part.add("inin-ratelimit-allowed", "300");
  part.add("inin-ratelimit-count", "300");
  CHECK_FALSE(rate_limit_of(part));
  part.add("inin-ratelimit-", "1");
  part.add("inin-ratelimit-resets", "1");
  part.add("x-inin-ratelimit-reset", "1");
  CHECK_FALSE(rate_limit_of(part));
  part.add("inin-ratelimit-reset", "1");
  CHECK(rate_limit_of(part));
}
