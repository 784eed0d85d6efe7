// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

namespace patchbay {

/// Interactions that a door owes something, oldest first, each of them once. One that is queued while memory runs out is not
/// queued, and nothing else has changed. Not thread-safe.
class ErrandQueue {
 public:
  ErrandQueue() = default;
  ErrandQueue(const ErrandQueue&) = delete;
  ErrandQueue& operator=(const ErrandQueue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return !first_; }
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] const std::string& front() const noexcept { return first_->first; }
  /// Whether the first is done only while it is owed to the session.
  [[nodiscard]] bool front_is_repeat() const noexcept { return first_->second.repeat; }
  /// Queues it, unless it is queued; what is to be done in any case stays so.
  void push(const std::string& interaction, bool repeat = false) {
    const auto [at, added] = places_.try_emplace(interaction);
    Place& place = at->second;
    place.repeat = repeat && (added || place.repeat);
    if (!added) return;
    (first_ ? last_->second.next : first_) = &*at;
    last_ = &*at;
  }
  void pop() noexcept {
    const auto at = places_.find(first_->first);
    first_ = first_->second.next;
    places_.erase(at);
  }
  void clear() noexcept {
    first_ = nullptr;
    places_.clear();
  }

 private:
  struct Place;
  using Entry = std::pair<const std::string, Place>;
  struct Place {
    bool repeat = false;
    Entry* next = nullptr;
  };
  std::unordered_map<std::string, Place> places_;
  Entry* first_ = nullptr;
  Entry* last_ = nullptr;  ///< While there is a first.
};

}  // namespace patchbay
