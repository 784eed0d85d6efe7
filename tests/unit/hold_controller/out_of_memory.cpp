// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Memory runs out at each allocation of a hold in turn. Whatever breaks: nothing that is gone is referred to, no frame is
// written that a sound outcome denies, and the channel serves the release that follows.
#include <cstdlib>
#include <new>
#include <optional>

#include "door.hpp"

#include <support/catch.hpp>

namespace {

// How many allocations this thread may still make; none are counted while it is negative.
thread_local long spared_allocations = -1;
thread_local bool memory_ran_out = false;

bool refuse_memory() noexcept {
  if (spared_allocations < 0 || --spared_allocations >= 0) return false;
  memory_ran_out = true;
  return true;
}

}  // namespace

// Replaced for this program. The variants that do not throw never fail: simdjson 3.0 does not look at what they return.
// All forms together, since memory of one may not go to another's delete; not inlined, since g++ 12 then takes them for
// mismatched.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (refuse_memory()) throw std::bad_alloc();
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

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
