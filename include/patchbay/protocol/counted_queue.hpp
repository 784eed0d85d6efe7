// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace patchbay::detail {

/// What a `CountedQueue` links by; whoever queues derives from it.
class CountedPlace {
 private:
  friend class CountedQueue;
  CountedPlace* above_ = nullptr;
  CountedPlace* below_[2] = {nullptr, nullptr};  ///< Before and behind it in the queue.
  std::size_t count_ = 0;                 ///< Of places in the tree below it, itself among them.
  std::uint64_t weight_ = 0;              ///< None below it weighs more.
};

/// A queue that knows how many stand before each of its places, whoever has left it meanwhile. Entering, leaving and counting
/// take O(log n) on average; the first is known at once. Allocates nothing: the places themselves form a tree, in the order
/// of the queue, which random weights keep flat (a treap).
///
/// Not thread-safe.
class CountedQueue {
 public:
  [[nodiscard]] CountedPlace* first() const noexcept { return first_; }
  [[nodiscard]] std::size_t size() const noexcept { return count_of(root_); }
  [[nodiscard]] bool empty() const noexcept { return root_ == nullptr; }

  /// `place` is in no queue.
  void push_back(CountedPlace& place) noexcept { push(place, 1); }
  void push_front(CountedPlace& place) noexcept { push(place, 0); }

  /// `place` is in this queue.
  void erase(CountedPlace& place) noexcept {
    if (first_ == &place) first_ = place.below_[1] ? outermost(*place.below_[1], 0) : place.above_;
    while (place.below_[0] || place.below_[1]) lift(*place.below_[heavier_side(place)]);
    CountedPlace* const above = place.above_;
    link_to(above, place) = nullptr;
    for (CountedPlace* each = above; each; each = each->above_) --each->count_;
    place.above_ = nullptr;
  }

  /// How many stand before `place`, which is in this queue.
  [[nodiscard]] std::size_t before(const CountedPlace& place) const noexcept {
    std::size_t found = count_of(place.below_[0]);
    for (const CountedPlace* each = &place; each->above_; each = each->above_)
      if (each->above_->below_[1] == each) found += count_of(each->above_->below_[0]) + 1;
    return found;
  }

 private:
  static std::size_t count_of(const CountedPlace* place) noexcept { return place ? place->count_ : 0; }
  static CountedPlace* outermost(CountedPlace& from, int side) noexcept {
    CountedPlace* found = &from;
    while (found->below_[side]) found = found->below_[side];
    return found;
  }
  static int heavier_side(const CountedPlace& place) noexcept {
    if (!place.below_[0] || !place.below_[1]) return place.below_[0] ? 0 : 1;
    return place.below_[0]->weight_ > place.below_[1]->weight_ ? 0 : 1;
  }
  CountedPlace*& link_to(CountedPlace* above, const CountedPlace& place) noexcept {
    return !above ? root_ : above->below_[above->below_[1] == &place ? 1 : 0];
  }
  /// Puts `place` where the one above it is, and that one below it.
  void lift(CountedPlace& place) noexcept {
    CountedPlace& lowered = *place.above_;
    const int side = lowered.below_[1] == &place ? 1 : 0;
    CountedPlace* const moved = place.below_[1 - side];
    link_to(lowered.above_, lowered) = &place;
    place.above_ = lowered.above_;
    lowered.below_[side] = moved;
    if (moved) moved->above_ = &lowered;
    place.below_[1 - side] = &lowered;
    lowered.above_ = &place;
    place.count_ = lowered.count_;
    lowered.count_ = count_of(lowered.below_[0]) + count_of(lowered.below_[1]) + 1;
  }
  void push(CountedPlace& place, int side) noexcept {
    // xorshift64: what the tree's height needs is only that weights have nothing to do with the order of coming and going.
    random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
    place.weight_ = random_;
    place.count_ = 1;
    place.below_[0] = place.below_[1] = nullptr;
    place.above_ = root_ ? outermost(*root_, side) : nullptr;
    (place.above_ ? place.above_->below_[side] : root_) = &place;
    for (CountedPlace* each = place.above_; each; each = each->above_) ++each->count_;
    while (place.above_ && place.above_->weight_ < place.weight_) lift(place);
    if (side == 0 || !first_) first_ = &place;
  }

  CountedPlace* root_ = nullptr;
  CountedPlace* first_ = nullptr;
  std::uint64_t random_ = 0x9e3779b97f4a7c15;
};

}  // namespace patchbay::detail
