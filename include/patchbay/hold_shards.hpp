// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay {

/// Several hold doors, each with a channel of its own, that share the interactions among them: for more commands, or
/// more holds, than one socket or one core should carry.
///
///     HoldShards shards(4, [&](std::size_t) { return HoldController{Policies{.transport = transport}, settings}; });
///     shards.of(interaction).hold(HoldRequest{interaction, "consultation", 5});
///
/// An interaction always belongs to the same shard, whatever the case of its id, so that its commands keep their order
/// and its hold is watched where it was made. That holds from run to run, and on every machine, for the same number of
/// shards. Each door keeps its own bounds, metrics, audit snapshot and, where there is one, journal; handlers are
/// registered with each. `of` is thread-safe; the doors are as thread-safe as they are.
template <class Door>
class HoldShards {
 public:
  using door_type = Door;

  /// `make(index)` makes each door; at least one is made.
  template <class Make>
  HoldShards(std::size_t count, Make&& make) {
    const std::size_t doors = (std::max)(count, std::size_t{1});
    doors_.reserve(doors);
    for (std::size_t i = 0; i != doors; ++i)
      doors_.push_back(std::unique_ptr<Door>(new Door(make(i))));  // made in place: a door cannot be moved
  }

  /// The door of an interaction.
  [[nodiscard]] Door& of(std::string_view interaction) const noexcept { return *doors_[hash(interaction) % doors_.size()]; }
  [[nodiscard]] std::size_t size() const noexcept { return doors_.size(); }
  [[nodiscard]] Door& operator[](std::size_t shard) const noexcept { return *doors_[shard]; }

  /// Calls `visit(door)` for each, in order: to register handlers, to close, to add figures up.
  template <class Visit>
  void each(Visit&& visit) const {
    for (const std::unique_ptr<Door>& door : doors_) visit(*door);
  }

 private:
  // FNV-1a, since the standard library's hash may differ from run to run; letters as if they were small.
  [[nodiscard]] static std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t out = 14695981039346656037U;
    for (const char c : text) out = (out ^ static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c)) * 1099511628211U;
    return out ^ out >> 32;
  }

  std::vector<std::unique_ptr<Door>> doors_;
};

template <class Make>
HoldShards(std::size_t, Make&&) -> HoldShards<decltype(std::declval<Make&>()(std::size_t{}))>;

}  // namespace patchbay
