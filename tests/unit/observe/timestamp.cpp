// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/timestamp.hpp>

#include "support/catch.hpp"

using patchbay::milliseconds;
using patchbay::seconds;
using patchbay::WallTime;

namespace {

std::string shown(WallTime when) {
  std::string out = "at ";
  patchbay::append_timestamp(out, when);
  return out;
}
WallTime at(std::int64_t unix_milliseconds) { return WallTime{milliseconds{unix_milliseconds}}; }

}  // namespace

TEST_CASE("timestamps are those of JavaScript's toISOString", "[timestamp]") {
  CHECK(shown(at(0)) == "at 1970-01-01T00:00:00.000Z");
  CHECK(shown(at(1'795'253'400'125)) == "at 2026-11-21T09:30:00.125Z");
  CHECK(shown(at(951'782'400'000)) == "at 2000-02-29T00:00:00.000Z");
  CHECK(shown(at(4'107'542'399'999)) == "at 2100-02-28T23:59:59.999Z");  // no leap year
  CHECK(shown(at(-1)) == "at 1969-12-31T23:59:59.999Z");
  CHECK(shown(at(-86'400'000)) == "at 1969-12-31T00:00:00.000Z");
}

TEST_CASE("parts of a millisecond are cut, also before 1970", "[timestamp]") {
  CHECK(shown(at(5) + std::chrono::microseconds{999}) == "at 1970-01-01T00:00:00.005Z");
  CHECK(shown(WallTime{} - std::chrono::microseconds{1}) == "at 1969-12-31T23:59:59.999Z");
}

TEST_CASE("a wait is told in hours, minutes and seconds, rounded up, with its end", "[timestamp][A8]") {
  const auto told = [](patchbay::Duration wait, std::int64_t now = 1'795'253'400'000) {
    std::string out = "asked ";
    patchbay::append_wait(out, wait, at(now));
    return out;
  };
  CHECK(told(seconds{90}) == "asked for 1 min 30 s, until 2026-11-21T09:31:30Z");
  CHECK(told(seconds{7200}) == "asked for 2 h, until 2026-11-21T11:30:00Z");
  CHECK(told(seconds{7800}) == "asked for 2 h 10 min, until 2026-11-21T11:40:00Z");
  CHECK(told(seconds{86'401}) == "asked for 24 h 1 s, until 2026-11-22T09:30:01Z");
  CHECK(told(seconds{1}) == "asked for 1 s, until 2026-11-21T09:30:01Z");
  CHECK(told(milliseconds{1}) == "asked for 1 s, until 2026-11-21T09:30:01Z");
  CHECK(told(seconds{0}) == "asked for 0 s, until 2026-11-21T09:30:00Z");
  CHECK(told(-seconds{5}) == "asked for 0 s, until 2026-11-21T09:30:00Z");
  // Whoever comes back at that second is not too early.
  CHECK(told(seconds{1}, 1'795'253'400'001) == "asked for 1 s, until 2026-11-21T09:30:02Z");
  CHECK(told(std::chrono::hours{24 * 365}) == "asked for 8760 h, until 2027-11-21T09:30:00Z");
  CHECK(told(std::chrono::hours{24 * 365} + seconds{1}) == "asked for more than a year");
  CHECK(told((patchbay::Duration::max)()) == "asked for more than a year");
}
