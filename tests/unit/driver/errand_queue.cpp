// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/driver/errand_queue.hpp>

#include <support/catch.hpp>

using patchbay::ErrandQueue;

TEST_CASE("errands are done in order, each interaction's once", "[hold][platform][I20]") {
  ErrandQueue queue;
  CHECK(queue.empty());
  for (const char* const each : {"a", "b", "a", "c", "b"}) queue.push(each);
  CHECK(queue.size() == 3);
  for (const char* const each : {"a", "b", "c"}) {
    REQUIRE_FALSE(queue.empty());
    CHECK(queue.front() == each);
    queue.pop();
  }
  CHECK(queue.empty());
  queue.push("a");
  queue.push("b");
  queue.clear();
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
  queue.push("b");
  CHECK(queue.front() == "b");
}

TEST_CASE("what is to be done in any case stays so when it is owed as well", "[hold][platform][I14][I15]") {
  ErrandQueue queue;
  SECTION("the watchdog's release first") {
    queue.push("a");
    queue.push("a", true);
    CHECK_FALSE(queue.front_is_repeat());
  }
  SECTION("the watchdog's release second") {
    queue.push("a", true);
    CHECK(queue.front_is_repeat());
    queue.push("a");
    CHECK_FALSE(queue.front_is_repeat());
    queue.push("a", true);
    CHECK_FALSE(queue.front_is_repeat());
  }
  SECTION("what is owed twice is owed") {
    queue.push("a", true);
    queue.push("a", true);
    CHECK(queue.front_is_repeat());
  }
  CHECK(queue.size() == 1);
  // Done, it is forgotten: what is owed next is owed alone.
  queue.pop();
  queue.push("a", true);
  CHECK(queue.front_is_repeat());
}
