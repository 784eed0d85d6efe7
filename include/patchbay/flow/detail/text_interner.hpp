// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <patchbay/flow/detail/text_index.hpp>

namespace patchbay::detail {

/// Distinct texts, numbered in the order in which they are first met; number 0 is the empty one. Keeps views.
class TextInterner {
 public:
  explicit TextInterner(std::uint64_t seed) noexcept : index_(seed) {}

  std::uint32_t number(std::string_view text) {
    if (texts_.empty()) insert({});
    if (texts_[last_] == text) return last_;  // neighbours are often alike
    return insert(text);
  }
  /// That of the last call.
  [[nodiscard]] std::string_view latest() const noexcept { return texts_.empty() ? std::string_view{} : texts_[last_]; }
  /// At least the empty one.
  [[nodiscard]] const std::vector<std::string_view>& texts() {
    if (texts_.empty()) insert({});
    return texts_;
  }

 private:
  std::uint32_t insert(std::string_view text) {
    const auto next = static_cast<std::uint32_t>(texts_.size());
    last_ = index_.insert(text, next, [this](std::uint32_t n) { return texts_[n]; }).first;
    if (last_ == next) texts_.push_back(text);
    return last_;
  }

  std::vector<std::string_view> texts_;
  TextIndex index_;
  std::uint32_t last_ = 0;
};

}  // namespace patchbay::detail
