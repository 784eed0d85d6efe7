// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>  // memcpy
#include <string_view>
#include <utility>

namespace patchbay::detail {

/// Text that is owned, or a literal's and therefore everlasting; the latter can be made while compiling. Owned text of
/// up to 40 bytes stands within, so that most of it is made without an allocation.
class StoredText {
 public:
  constexpr explicit StoredText(const char* literal, std::size_t size) noexcept : size_(size), bytes_{literal} {}
  /// A copy of `text`.
  explicit StoredText(std::string_view text)
      : size_(text.size()), where_(size_ <= room ? Where::within : Where::heap), bytes_{""} {
    char* const to = where_ == Where::heap ? (bytes_.heap = new char[size_]) : bytes_.within;
    if (size_ != 0) std::memcpy(to, text.data(), size_);
  }
  constexpr StoredText(StoredText&& other) noexcept : StoredText(other, Bitwise{}) {
    other.size_ = 0;
    other.where_ = Where::literal;
    other.bytes_.literal = "";
  }
  constexpr StoredText(const StoredText& other)
      : StoredText(other.where_ == Where::heap ? StoredText(other.view()) : StoredText(other, Bitwise{})) {}
  constexpr StoredText& operator=(StoredText other) noexcept {
    std::swap(size_, other.size_);
    std::swap(where_, other.where_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  constexpr ~StoredText() {
    if (where_ == Where::heap) delete[] bytes_.heap;
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept {
    const char* const begin = where_ == Where::within ? bytes_.within
                              : where_ == Where::heap ? bytes_.heap
                                                      : bytes_.literal;
    return {begin, size_};
  }

 private:
  enum class Where : unsigned char { literal, within, heap };
  struct Bitwise {};
  static constexpr std::size_t room = 40;
  union Bytes {
    const char* literal;
    char* heap;
    char within[room];
  };
  constexpr StoredText(const StoredText& other, Bitwise) noexcept
      : size_(other.size_), where_(other.where_), bytes_(other.bytes_) {}

  std::size_t size_;
  Where where_ = Where::literal;
  Bytes bytes_;
};

}  // namespace patchbay::detail
