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
