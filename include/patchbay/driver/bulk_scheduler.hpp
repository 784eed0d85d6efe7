// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min, push_heap
#include <concepts>   // predicate
#include <cstddef>
#include <cstdint>
#include <functional>  // greater
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace patchbay {

/// Updates of one interaction that begin together: one as a rule, several when they are to be coalesced.
class BulkJob {
 public:
  BulkJob() noexcept = default;
  std::span<const std::size_t> items;  ///< Numbers of the items, in their order; never empty. The scheduler's memory.
  std::size_t lane = 0;                ///< The number of their interaction.
};

/// Which item of a bulk operation may begin now. Knows items by their numbers and interactions by their names, and nothing
/// of requests, threads or time.
///
/// Items begin in their order, as far as that allows: at most `window` jobs are under way, at most one of each
/// interaction, and an interaction's items never overtake each other (invariant I6).
/// Not thread-safe: whoever shares it locks it. Linear in the items to make, and logarithmic for each job.
class BulkScheduler {
 public:
  BulkScheduler() = default;
  /// `interactions` has each item's, and is not kept. `may_join(before, item)` says whether two items that follow each other
  /// on one interaction may be of one job, which then has at most `longest` of them.
  template <std::predicate<std::size_t, std::size_t> MayJoin>
  BulkScheduler(std::span<const std::string_view> interactions, std::size_t window, std::size_t longest, MayJoin&& may_join)
      : window_(window), longest_((std::max)(longest, std::size_t{1})), waiting_(interactions.size()) {
    std::unordered_map<std::string_view, std::size_t> known;
    std::vector<std::size_t> lane_of;
    lane_of.reserve(interactions.size());
    for (const std::string_view interaction : interactions) {
      const auto [place, fresh] = known.try_emplace(interaction, lanes_.size());
      if (fresh) lanes_.emplace_back();
      lane_of.push_back(place->second);
      ++lanes_[place->second].end;
    }
    std::size_t begin = 0;
    for (Lane& lane : lanes_) {
      const std::size_t count = std::exchange(lane.end, begin);
      lane.next = begin;
      begin += count;
    }
    order_.resize(interactions.size());
    joins_.resize(interactions.size());
    for (std::size_t item = 0; item < interactions.size(); ++item) {
      Lane& lane = lanes_[lane_of[item]];
      joins_[lane.end] = longest_ > 1 && lane.end != lane.next && may_join(order_[lane.end - 1], item);
      order_[lane.end++] = item;
    }
    ready_.reserve(lanes_.size());
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) make_ready(lane);
  }

  /// The job that is to begin now; nothing while the window is full or every waiting item's interaction is busy.
  [[nodiscard]] std::optional<BulkJob> next() noexcept {
    if (ready_.empty() || in_flight_ >= window_) return std::nullopt;
    std::pop_heap(ready_.begin(), ready_.end(), std::greater<>{});
    BulkJob job;
    job.lane = ready_.back().second;
    ready_.pop_back();
    Lane& lane = lanes_[job.lane];
    std::size_t end = lane.next + 1;
    if (lane.next >= lane.alone_until)
      while (end < lane.end && end - lane.next < longest_ && joins_[end]) ++end;
    job.items = std::span(order_).subspan(lane.next, end - lane.next);
    lane.next = end;
    waiting_ -= job.items.size();
    ++in_flight_;
    return job;
  }

  /// The job has ended, and the first `settled` of its items with it; the others wait again, before all that follow
  /// them, and are joined with none of those: they have begun earlier. When none was settled they begin one by one from now
  /// on, so that every job gets somewhere.
  void ended(const BulkJob& job, std::size_t settled) noexcept {
    Lane& lane = lanes_[job.lane];
    const std::size_t back = job.items.size() - (std::min)(settled, job.items.size());
    if (settled == 0) lane.alone_until = lane.next;
    if (back != 0 && lane.next < joins_.size()) joins_[lane.next] = false;
    lane.next -= back;
    waiting_ += back;
    --in_flight_;
    make_ready(job.lane);
  }

  /// Gives up every item that waits: none of them begins, `each(item)` is called for them in no particular order.
  template <std::invocable<std::size_t> Each>
  void drop_waiting(Each&& each) {
    for (Lane& lane : lanes_) {
      const std::size_t end = std::exchange(lane.end, lane.next);
      for (std::size_t place = lane.next; place < end; ++place) each(order_[place]);
    }
    ready_.clear();
    waiting_ = 0;
  }

  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }  ///< Jobs.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }      ///< Items.
  [[nodiscard]] bool finished() const noexcept { return in_flight_ == 0 && waiting_ == 0; }
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }   ///< Interactions.
  /// Jobs that can be under way at once at most.
  [[nodiscard]] std::size_t most_in_flight() const noexcept { return (std::min)(window_, lanes_.size()); }

 private:
  /// An interaction: its items in `order_`, from the next one to begin.
  struct Lane {
    std::size_t next = 0, end = 0;
    std::size_t alone_until = 0;  // places before it are not joined
  };

  void make_ready(std::size_t at) noexcept {
    const Lane& lane = lanes_[at];
    if (lane.next == lane.end) return;
    ready_.emplace_back(order_[lane.next], at);  // there is room for every lane
    std::push_heap(ready_.begin(), ready_.end(), std::greater<>{});
  }

  std::size_t window_ = 0;
  std::size_t longest_ = 1;
  std::size_t waiting_ = 0;
  std::size_t in_flight_ = 0;
  std::vector<Lane> lanes_;
  std::vector<std::size_t> order_;  // items, those of one interaction beside each other
  std::vector<bool> joins_;         // whether the item at that place may be joined to the one before
  std::vector<std::pair<std::size_t, std::size_t>> ready_;  // a heap: next item and lane of those that may begin
};

}  // namespace patchbay
