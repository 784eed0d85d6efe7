// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "unit/schema/coerced.hpp"

namespace {
thread_local std::size_t allocations = 0;
}

// Replaced for the whole binary, to count.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

using namespace patchbay;

TEST_CASE("coercion and encoding allocate nothing once the buffers are warm", "[schema]") {
  JsonReader reader;
  std::vector<Violation> violations;
  std::string members;
  Variables in;
  const HoldCommand command("550e8400-e29b-41d4-a716-446655440000", "consultation", 5,
                            MediaFile("hold_music_standard.wav"));
  std::size_t warm = 0;
  for (int round = 0; round < 3; ++round) {
    warm = allocations;
    in.clear();
    members.clear();
    in.text("customer_tier", "a tier whose name is long enough to be allocated")
        .text("call_duration_seconds", "145.25")
        .json("requires_supervisor", "true")
        .json("routing_metadata", R"({"queue": "billing", "skills": ["a", "b"]})");
    schema<IvrVariables>.coerce(in, reader, patchbay_test::reserved, violations, members);
    schema<HoldCommand>.encode(command, patchbay_test::reserved, violations, members);
  }
  CHECK(allocations - warm == 0);
  CHECK(violations.empty());
  CHECK(members.size() > 200);
}

TEST_CASE("a text of up to 40 bytes is made without an allocation", "[schema]") {
  const std::size_t before = allocations;
  const auto music = MediaFile::make("a_name_of_exactly_forty_bytes_in_all.wav");
  const std::size_t after = allocations;
  CHECK(after == before);
  REQUIRE(music.has_value());
  CHECK(music->view().size() == 40);
}

TEST_CASE("an object is coerced in one pass, and a value encoded into a buffer, without allocation once warm", "[schema]") {
  constexpr std::string_view object =
      R"({"customer_tier":"a tier whose name is long enough, \"quoted\"","call_duration_seconds":"145.25",)"
      R"("requires_supervisor":1,"routing_metadata":{"queue": "billing and other things", "skills": ["a", "b"]}})";
  const HoldCommand command("550e8400-e29b-41d4-a716-446655440000", "consultation", 5,
                            MediaFile("hold_music_standard.wav"));
  JsonReader reader;
  std::vector<Violation> violations;
  std::string members;
  std::array<char, 256> buffer;
  std::size_t warm = 0, size = 0;
  for (int round = 0; round < 3; ++round) {
    warm = allocations;
    members.clear();
    schema<IvrVariables>.coerce(object, reader, patchbay_test::reserved, violations, members);
    size = schema<HoldCommand>.encode_into(command, buffer).value_or(0);
  }
  CHECK(allocations - warm == 0);
  CHECK(violations.empty());
  CHECK(members.size() > 150);
  CHECK(size == schema<HoldCommand>.encoded_size(command));
  CHECK(std::string_view(buffer.data(), size).ends_with(R"("holdMusic":"hold_music_standard.wav"})"));
}

TEST_CASE("a command of literals allocates nothing", "[schema]") {
  const std::size_t before = allocations;
  const HoldCommand command("550e8400-e29b-41d4-a716-446655440000", "consultation", 5,
                            MediaFile("hold_music_standard.wav"), MediaFile("please_remain_on_the_line.wav"));
  const HoldCommand copy = command;
  CHECK(allocations == before);
  CHECK(copy.holdMusic->view() == "hold_music_standard.wav");
}
