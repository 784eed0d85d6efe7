// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What a crash takes from the simulated disk, and what it must not take: a journal is judged by it.
#include <patchbay/testing/simulated_disk.hpp>

#include <string>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

TEST_CASE("what was synced survives a crash, and of the rest at most what was there", "[simulation][B31]") {
  bool lost_some = false, kept_some = false;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimulatedDisk disk(seed);
    REQUIRE(disk.create(1));
    REQUIRE(disk.append(1, "first,"));
    REQUIRE(disk.sync(1));
    REQUIRE(disk.append(1, "second"));
    disk.crash();
    const std::string left = disk.bytes(1);
    REQUIRE(left.starts_with("first,"));
    REQUIRE(left.size() <= 12);
    lost_some = lost_some || left.size() < 12;
    kept_some = kept_some || left.size() > 6;
  }
  CHECK(lost_some);
  CHECK(kept_some);
}

TEST_CASE("a sync that failed drops what it was asked for, whatever a later one says", "[simulation][B31]") {
  SimulatedDisk disk(3);
  REQUIRE(disk.create(1));
  REQUIRE(disk.append(1, "lost"));
  disk.fail(DiskOperation::sync);
  REQUIRE_FALSE(disk.sync(1));
  REQUIRE(disk.append(1, "kept"));
  REQUIRE(disk.sync(1));
  CHECK(disk.bytes(1) == "lostkept");
  disk.crash();
  CHECK(disk.bytes(1) == std::string("\0\0\0\0kept", 8));
}

TEST_CASE("what is written anew behind a cut is not what was dropped there before", "[simulation][B31]") {
  SimulatedDisk disk(3);
  REQUIRE(disk.create(1));
  REQUIRE(disk.append(1, "there"));
  REQUIRE(disk.sync(1));
  REQUIRE(disk.append(1, "dropped"));
  disk.fail(DiskOperation::sync);
  REQUIRE_FALSE(disk.sync(1));
  REQUIRE(disk.truncate(1, 5));
  REQUIRE(disk.append(1, "written"));
  REQUIRE(disk.sync(1));
  disk.crash();
  CHECK(disk.bytes(1) == "therewritten");
}
