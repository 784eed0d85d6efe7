// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <patchbay/time.hpp>

namespace patchbay::beast::detail {

/// What can be watched for a point in time.
struct Timed {
  enum class Kind : std::uint8_t { exchange, link };
  static constexpr std::size_t nowhere = (std::numeric_limits<std::size_t>::max)();

  explicit Timed(Kind kind_in) noexcept : kind(kind_in) {}
  SteadyTime when = never;
  std::size_t place = nowhere;  ///< In the heap.
  Kind kind;
};

/// A heap of what is watched, soonest first, from which anything can be taken. Deadlines mostly come in the order of
/// their times, so adding is a comparison or two.
class Deadlines {
 public:
  [[nodiscard]] Timed* soonest() const noexcept { return heap_.empty() ? nullptr : heap_.front(); }
  /// Makes room, so that as many can be added without an allocation.
  void reserve(std::size_t n) {
    if (heap_.capacity() < n) heap_.reserve(n * 2);
  }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  void add(Timed& timed) {
    heap_.push_back(&timed);
    timed.place = heap_.size() - 1;
    rise(timed.place);
  }
  void remove(Timed& timed) noexcept {
    if (timed.place == Timed::nowhere) return;
    const std::size_t place = std::exchange(timed.place, Timed::nowhere);
    Timed* const last = heap_.back();
    heap_.pop_back();
    if (last == &timed) return;
    put(place, last);
    rise(place);
    sink(last->place);
  }

 private:
  void put(std::size_t place, Timed* timed) noexcept {
    heap_[place] = timed;
    timed->place = place;
  }
  void rise(std::size_t place) noexcept {
    Timed* const timed = heap_[place];
    for (; place != 0 && timed->when < heap_[(place - 1) / 2]->when; place = (place - 1) / 2)
      put(place, heap_[(place - 1) / 2]);
    put(place, timed);
  }
  void sink(std::size_t place) noexcept {
    Timed* const timed = heap_[place];
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1]->when < heap_[child]->when) ++child;
      if (timed->when <= heap_[child]->when) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, timed);
  }
  std::vector<Timed*> heap_;
};

}  // namespace patchbay::beast::detail
