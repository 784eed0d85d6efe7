// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Memory runs out at each allocation of a hold in turn. Whatever breaks: nothing that is gone is referred to, no frame is
// written that a sound outcome denies, and the channel serves the release that follows.
#include <new>
#include <optional>

#include "door.hpp"

#include "support/catch.hpp"
#include "support/failing_memory.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// Holds an interaction while the allocation behind `spared` others fails, and releases it. True when none was left to fail.
bool hold_with(long spared, bool connected) {
  HoldFixture f;
  for (int i = 0; i < 4; ++i) f.accept();
  auto door = f.door();
  if (connected) REQUIRE(door.ready());
  const HoldRequest request = HoldFixture::hold();
  memory_ran_out = false;
  spared_allocations = spared;
  std::optional<Result<HoldResult>> held;
  try {
    held.emplace(door.hold(request));
    spared_allocations = -1;
  } catch (const std::bad_alloc&) {
    spared_allocations = -1;
  }
  const bool ran_out = memory_ran_out;
  if (!ran_out) REQUIRE((held && *held));
  const auto released = door.unhold(HoldFixture::unhold());
  CAPTURE(released ? std::string() : released.error().message());
  CHECK(released);
  CHECK(door.held().empty());
  CHECK(door.metrics().pending() == 0);
  return !ran_out;
}

}  // namespace

TEST_CASE("memory that runs out at any point of a hold leaves a channel that serves its release", "[hold][faults][I24]") {
  const bool connected = GENERATE(false, true);
  CAPTURE(connected);
  long spared = 0;
  while (!hold_with(spared, connected)) {
    CAPTURE(spared);
    ++spared;
    REQUIRE(spared < 10'000);
  }
  CHECK(spared > 10);
}
