// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace patchbay::cloud::platform::detail {

/// A list that keeps its elements, and so their memory, when it is cleared. `T` has `clear()`.
template <class T>
class Reused {
 public:
  void clear() noexcept { size_ = 0; }
  /// A cleared element at the end; valid until the next call.
  T& add() {
    if (size_ == all_.size()) all_.emplace_back();
    T& out = all_[size_++];
    out.clear();
    return out;
  }
  void drop_last() noexcept { --size_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<const T> view() const noexcept { return std::span(all_).first(size_); }
  [[nodiscard]] std::span<T> edit() noexcept { return std::span(all_).first(size_); }

 private:
  std::vector<T> all_;
  std::size_t size_ = 0;
};

}  // namespace patchbay::cloud::platform::detail
