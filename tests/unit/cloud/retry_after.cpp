// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/cloud/retry_after.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;
using namespace std::chrono_literals;

namespace {

constexpr WallTime at(std::int64_t unix_seconds) { return WallTime{std::chrono::seconds{unix_seconds}}; }
constexpr WallTime now = at(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110

/// Compared as values: Catch2 prints no optional of a duration.
bool waits(std::string_view value, Duration expected, std::optional<std::string_view> date = std::nullopt, WallTime clock = now) {
  const auto wait = parse_retry_after(value, date, clock);
  if (wait) UNSCOPED_INFO(value << " waits " << std::chrono::duration<double>(*wait).count() << " s");
  return wait && *wait == expected;
}

bool no_hint(std::string_view value, std::optional<std::string_view> date = std::nullopt) {
  UNSCOPED_INFO(value);
  return !parse_retry_after(value, date, now).has_value();
}

}  // namespace

TEST_CASE("delay-seconds are seconds", "[retry_after]") {
  CHECK(waits("0", 0s));
  CHECK(waits("2", 2s));
  CHECK(waits("120", 120s));
  CHECK(waits("  7\t", 7s));
  CHECK(waits("007", 7s));
  CHECK(waits("2", 2s, "Sun, 06 Nov 1994 08:00:00 GMT"));
  CHECK(waits("9223372036", 9223372036s));  // the longest that fits into nanoseconds
}

TEST_CASE("a wait beyond what can be held saturates instead of wrapping", "[retry_after]") {
  constexpr Duration longest = (Duration::max)();
  CHECK(waits("9223372037", longest));
  CHECK(waits("9223372036854775807", longest));
  CHECK(waits("9223372036854775808", longest));
  CHECK(waits("18446744073709551616", longest));
  CHECK(waits(std::string(10'000, '9'), longest));
  CHECK(waits("0000000000000000000000000000000000001", 1s));
  CHECK(waits("Fri, 31 Dec 9999 23:59:59 GMT", longest));
  CHECK(after(SteadyTime{1h}, *parse_retry_after("99999999999999999999", std::nullopt, now)) == never);
}

TEST_CASE("anything else is no hint", "[retry_after]") {
  for (const std::string_view garbage :
       {"", " ", "-1", "+1", "1.5", "1e3", "0x10", "1s", "soon", "1 2", "2, 3", "NaN", "Infinity", "\xd9\xa1", "-0", "1\n",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 1995 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT x", "Sun, 06  Nov 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 6-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT", "Sun Nov   6 08:49:37 1994", "Sun Nov 06 08:49:37 94",
        "1994-11-06T08:49:37Z"}) {
    CHECK(no_hint(garbage));
  }
  CHECK(no_hint(std::string_view("1\0", 2)));
}

TEST_CASE("no text that is cut short is a date", "[retry_after]") {
  for (const std::string_view whole :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    REQUIRE(parse_http_date(whole, now) == now);
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(parse_http_date(whole.substr(0, size), now).has_value());
  }
}

TEST_CASE("the three forms of an HTTP-date name the same moment", "[retry_after]") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == now);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == now);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == now);
  CHECK(parse_http_date("Wed Nov 16 08:49:37 1994", now) == now + 240h);
  CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", now) == at(1483228800));  // a leap second
  CHECK(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT", now) == at(1709164800));
  CHECK(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT", now) == at(0));
  CHECK(parse_http_date("Wed, 31 Dec 1969 23:59:59 GMT", now) == at(-1));
  CHECK(parse_http_date("Mon, 06 Nov 1994 08:49:37 GMT", now) == now);  // a wrong name of the day is no reason to lose the hint
  CHECK(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT", now) == (WallTime::max)());
  CHECK(parse_http_date("Mon, 01 Jan 0001 00:00:00 GMT", now) == (WallTime::min)());
}

TEST_CASE("a two-digit year is the one within fifty years", "[retry_after]") {
  constexpr WallTime in_2026 = at(1795248000);  // Sat, 21 Nov 2026 08:00:00 GMT
  const auto year = [](std::string_view text, WallTime clock) {
    const auto date = parse_http_date(text, clock);
    REQUIRE(date.has_value());
    return static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*date)}.year());
  };
  CHECK(year("Friday, 20-Nov-26 08:00:00 GMT", in_2026) == 2026);
  CHECK(year("Friday, 20-Nov-27 08:00:00 GMT", in_2026) == 2027);
  CHECK(year("Friday, 20-Nov-76 08:00:00 GMT", in_2026) == 2076);
  CHECK(year("Friday, 21-Nov-76 08:00:00 GMT", in_2026) == 2076);  // fifty years to the second
  CHECK(year("Friday, 21-Nov-76 08:00:01 GMT", in_2026) == 1976);  // one second more
  CHECK(year("Friday, 31-Dec-76 08:00:00 GMT", in_2026) == 1976);
  CHECK(year("Friday, 20-Nov-77 08:00:00 GMT", in_2026) == 1977);
  CHECK(year("Friday, 20-Nov-99 08:00:00 GMT", in_2026) == 1999);
  CHECK(year("Friday, 20-Nov-00 08:00:00 GMT", in_2026) == 2000);
  CHECK(year("Friday, 20-Nov-06 08:00:00 GMT", now) == 2006);  // read in 1994
  CHECK(year("Friday, 20-Nov-45 08:00:00 GMT", now) == 1945);
  CHECK(year("Friday, 20-Nov-44 08:00:00 GMT", now) == 1944);
  CHECK(year("Friday, 05-Nov-44 08:00:00 GMT", now) == 2044);
  constexpr WallTime leap_day = at(1709164800);  // 2024-02-29; there is none in 2074
  CHECK(year("Friday, 28-Feb-74 00:00:00 GMT", leap_day) == 2074);
  CHECK(year("Friday, 01-Mar-74 00:00:00 GMT", leap_day) == 1974);
}

TEST_CASE("a date waits relative to the response's own clock", "[retry_after]") {
  const std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
  const WallTime wrong_clock = now + 24h * 365;
  CHECK(waits("Sun, 06 Nov 1994 08:51:37 GMT", 120s, date, wrong_clock));
  CHECK(waits("Sunday, 06-Nov-94 08:51:37 GMT", 120s, date));
  CHECK(waits("Sun Nov  6 08:51:37 1994", 120s, date, wrong_clock));
  CHECK(waits("Sun, 06 Nov 1994 08:51:37 GMT", 120s, "Sun Nov  6 08:49:37 1994", wrong_clock));
  // Without a valid Date the machine's clock must do.
  CHECK(waits("Sun, 06 Nov 1994 08:51:37 GMT", 120s));
  CHECK(waits("Sun, 06 Nov 1994 08:51:37 GMT", 120s, "yesterday"));
  CHECK(waits("Sun, 06 Nov 1994 08:51:37 GMT", 120s, ""));
  CHECK(waits("Sun, 06 Nov 1994 08:51:37 GMT", 119'750ms, std::nullopt, now + 250ms));
}

TEST_CASE("a date that has passed means at once", "[retry_after]") {
  CHECK(waits("Sun, 06 Nov 1994 08:49:37 GMT", 0s));
  CHECK(waits("Sun, 06 Nov 1994 08:49:37 GMT", 0s, std::nullopt, now + 900ms));
  CHECK(waits("Sun, 06 Nov 1994 08:49:36 GMT", 0s));
  CHECK(waits("Thu, 01 Jan 1970 00:00:00 GMT", 0s));
  CHECK(waits("Mon, 01 Jan 0001 00:00:00 GMT", 0s, "Fri, 31 Dec 9999 23:59:59 GMT"));
  CHECK(waits("Fri, 31 Dec 9999 23:59:59 GMT", (Duration::max)(), "Mon, 01 Jan 0001 00:00:00 GMT"));
}
