// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace patchbay_fuzz {

/// An input as a source of decisions, for targets whose inputs are no text. When it is used up every decision is the first
/// of its choices, so that each input says all that happens, and a shorter one says less.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) noexcept : at_(data), left_(size) {}

  [[nodiscard]] bool empty() const noexcept { return left_ == 0; }
  std::uint8_t byte() noexcept {
    if (left_ == 0) return 0;
    --left_;
    return *at_++;
  }
  /// A number below `bound`, which is not 0.
  std::size_t below(std::size_t bound) noexcept {
    std::size_t number = byte();
    if (bound > 256) number = number << 8 | byte();
    return number % bound;
  }
  bool flip() noexcept { return (byte() & 1) != 0; }
  std::uint64_t word() noexcept {
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | byte();
    return number;
  }
  /// At most `most` bytes, as many as the next byte says.
  std::string_view text(std::size_t most) noexcept { return take(below(most + 1)); }
  std::string_view take(std::size_t size) noexcept {
    if (size > left_) size = left_;
    const std::string_view out(reinterpret_cast<const char*>(at_),
                               size);  // bytes as characters, which is what the cast is for
    at_ += size, left_ -= size;
    return out;
  }
  std::string_view rest() noexcept { return take(left_); }

 private:
  const std::uint8_t* at_;
  std::size_t left_;
};

}  // namespace patchbay_fuzz
