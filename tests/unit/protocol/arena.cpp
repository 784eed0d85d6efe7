// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/arena.hpp>

#include <cstdint>
#include <cstring>
#include <vector>

#include <support/catch.hpp>

using patchbay::FrameArena;

namespace {

struct Piece {
  void* at;
  std::size_t bytes;
  unsigned char mark;
  bool intact() const {
    for (std::size_t i = 0; i < bytes; ++i)
      if (static_cast<const unsigned char*>(at)[i] != mark) return false;
    return true;
  }
};

Piece take(FrameArena& arena, std::size_t bytes, unsigned char mark) {
  const Piece piece{arena.allocate(bytes), bytes, mark};
  std::memset(piece.at, mark, bytes);
  return piece;
}

}  // namespace

TEST_CASE("frames come back in the reverse order, and the memory is used again", "[arena]") {
  FrameArena arena;
  CHECK(arena.used() == 0);
  std::vector<void*> first;
  for (int round = 0; round < 3; ++round) {
    std::vector<Piece> pieces;
    for (unsigned char i = 0; i < 20; ++i) pieces.push_back(take(arena, 100 + i, i));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      CHECK(pieces[i].intact());
      if (round == 0) first.push_back(pieces[i].at);
      CHECK(pieces[i].at == first[i]);
    }
    for (; !pieces.empty(); pieces.pop_back()) arena.deallocate(pieces.back().at, pieces.back().bytes);
    CHECK(arena.used() == 0);
  }
}

TEST_CASE("every frame is aligned for every type", "[arena]") {
  FrameArena arena;
  std::vector<Piece> pieces;
  for (std::size_t bytes = 1; bytes <= 200; ++bytes) {
    pieces.push_back(take(arena, bytes, static_cast<unsigned char>(bytes)));
    REQUIRE(reinterpret_cast<std::uintptr_t>(pieces.back().at) % alignof(std::max_align_t) == 0);
  }
  for (const Piece& each : pieces) REQUIRE(each.intact());
  for (; !pieces.empty(); pieces.pop_back()) arena.deallocate(pieces.back().at, pieces.back().bytes);
  CHECK(arena.used() == 0);
}

TEST_CASE("what does not fit comes from the heap, and smaller frames still fit behind it", "[arena]") {
  FrameArena arena;
  const Piece all_but = take(arena, FrameArena::capacity - 64, 1);
  const Piece heap = take(arena, 65, 2);
  CHECK(arena.used() == FrameArena::capacity - 64);
  const Piece rest = take(arena, 64, 3);
  CHECK(arena.used() == FrameArena::capacity);
  const Piece more = take(arena, 1, 4);
  const Piece huge = take(arena, FrameArena::capacity * 10, 5);
  for (const Piece& each : {all_but, heap, rest, more, huge}) CHECK(each.intact());
  for (const Piece& each : {huge, more, rest, heap, all_but}) arena.deallocate(each.at, each.bytes);
  CHECK(arena.used() == 0);
}

TEST_CASE("a first frame that is larger than the arena is served", "[arena]") {
  FrameArena arena;
  const Piece huge = take(arena, FrameArena::capacity + 1, 9);
  CHECK(arena.used() == 0);
  arena.deallocate(huge.at, huge.bytes);
  const Piece whole = take(arena, FrameArena::capacity, 8);
  CHECK(arena.used() == FrameArena::capacity);
  arena.deallocate(whole.at, whole.bytes);
  CHECK(arena.used() == 0);
}

TEST_CASE("frames released in any order disturb nobody, and the arena is empty when the last is gone", "[arena]") {
  std::vector<std::vector<std::size_t>> orders{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  FrameArena arena;  // one for all orders, since a leak would add up
  for (const auto& order : orders) {
    std::vector<Piece> pieces;
    for (unsigned char i = 0; i < 3; ++i) pieces.push_back(take(arena, 40, i));
    std::vector<bool> gone(3);
    for (const std::size_t i : order) {
      arena.deallocate(pieces[i].at, pieces[i].bytes);
      gone[i] = true;
      const Piece fresh = take(arena, 24, 0xee);
      for (std::size_t k = 0; k < 3; ++k) CHECK((gone[k] || pieces[k].intact()));
      arena.deallocate(fresh.at, fresh.bytes);
    }
    CHECK(arena.used() == 0);
  }
}
