// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace patchbay::detail {

/// Text that is owned, or a literal's and therefore everlasting; the latter can be made while compiling.
class StoredText {
 public:
  constexpr explicit StoredText(const char* literal, std::size_t size) noexcept : data_(literal), size_(size) {}
  [[nodiscard]] static StoredText copy(std::string_view text) {
    char* bytes = new char[text.size() + 1];
    bytes[text.copy(bytes, text.size())] = '\0';
    StoredText out(bytes, text.size());
    out.owned_ = true;
    return out;
  }
  constexpr StoredText(StoredText&& other) noexcept
      : data_(std::exchange(other.data_, "")),
        size_(std::exchange(other.size_, 0)),
        owned_(std::exchange(other.owned_, false)) {}
  constexpr StoredText(const StoredText& other)
      : StoredText(other.owned_ ? copy(other.view()) : StoredText(other.data_, other.size_)) {}
  constexpr StoredText& operator=(StoredText other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  constexpr ~StoredText() {
    if (owned_) delete[] data_;
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {data_, size_}; }

 private:
  const char* data_;
  std::size_t size_;
  bool owned_ = false;
};

}  // namespace patchbay::detail
