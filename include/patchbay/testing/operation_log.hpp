// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_data.hpp>

namespace patchbay::testing {

/// What was done to a cloud, in order: the truth that a client's claims are compared with. Not safe to share between
/// threads.
class OperationLog {
 public:
  /// Whether one more can be kept; with `forget`, makes room by forgetting the older half.
  bool has_room(std::size_t most, bool forget) {
    if (entries_.size() < most) return true;
    if (!forget || entries_.empty()) return false;
    // Half at a time, so that what is kept moves seldom.
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>((entries_.size() + 1) / 2));
    applied_.clear();
    counted_ = 0;
    return true;
  }
  void add(AppliedOperation entry) { entries_.push_back(std::move(entry)); }

  [[nodiscard]] const std::vector<AppliedOperation>& entries() const noexcept { return entries_; }
  /// How often the operation of that id changed something: 1 for what was applied exactly once. Asking for each of many
  /// takes time in proportion to their number.
  [[nodiscard]] std::size_t times_applied(std::string_view id) const {
    for (; counted_ < entries_.size(); ++counted_)
      if (const AppliedOperation& each = entries_[counted_]; each.changed) ++applied_[each.id];
    const auto found = applied_.find(id);
    return found == applied_.end() ? 0 : found->second;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  std::vector<AppliedOperation> entries_;
  // Made when it is asked for, of the first `counted_` entries.
  mutable std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> applied_;
  mutable std::size_t counted_ = 0;
};

}  // namespace patchbay::testing
