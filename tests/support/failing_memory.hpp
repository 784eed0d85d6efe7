// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// Replaces the program's allocation functions by ones that can be told to fail; for one file of a program.
#include <cstdlib>
#include <new>

namespace {

// How many allocations this thread may still make; none are counted while it is negative.
thread_local long spared_allocations = -1;
thread_local bool memory_ran_out = false;
// Whether there is none from then on, and not only once.
[[maybe_unused]] thread_local bool memory_stays_out = false;

bool refuse_memory() noexcept {
  if (spared_allocations < 0 || --spared_allocations >= 0) return false;
  memory_ran_out = true;
  if (memory_stays_out) spared_allocations = 0;
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
