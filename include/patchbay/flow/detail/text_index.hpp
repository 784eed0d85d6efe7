// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bit>  // bit_ceil, endian
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::detail {

/// Both halves of a 128-bit product, folded into one.
inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) noexcept {
#ifdef __SIZEOF_INT128__
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
  const std::uint64_t a_low = a & 0xffffffff, a_high = a >> 32, b_low = b & 0xffffffff, b_high = b >> 32;
  const std::uint64_t low = a_low * b_low, left = a_high * b_low, right = a_low * b_high, high = a_high * b_high;
  const std::uint64_t middle = (low >> 32) + (left & 0xffffffff) + (right & 0xffffffff);
  return (low & 0xffffffff) ^ (middle << 32) ^ (high + (left >> 32) + (right >> 32) + (middle >> 32));
#endif
}

inline std::uint64_t hash_start(std::uint64_t seed) noexcept { return seed ^ 0x9e3779b97f4a7c15; }
inline std::uint64_t hash_block(std::uint64_t hash, std::uint64_t block) noexcept {
  return fold_product(hash ^ block, 0xd1b54a32d192ed03);
}
inline std::uint64_t hash_end(std::uint64_t hash, std::uint64_t tail, std::size_t size) noexcept {
  return fold_product(hash ^ tail, 0x9e3779b97f4a7c15 ^ size);
}

inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed) noexcept {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = hash_start(seed), block;
  for (; left >= 8; at += 8, left -= 8) {
    std::memcpy(&block, at, 8);
    hash = hash_block(hash, block);
  }
  block = 0;
  if (left != 0) std::memcpy(&block, at, left);
  return hash_end(hash, block, text.size());
}

/// What one pass over a text of JSON tells.
struct TextScan {
  std::uint64_t hash;  ///< As `hash_text` says it.
  bool plain;          ///< Only ASCII without a backslash or DEL.
};

/// `text` is within a string of JSON, so that it holds no byte below 0x20, and at least 8 bytes behind it can be read.
inline TextScan scan_text(std::string_view text, std::uint64_t seed) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  const auto odd_one = [](std::uint64_t block) noexcept {
    const std::uint64_t slash = block ^ (ones * '\\');
    return ((block + ones) | block | ((slash - ones) & ~slash)) & tops;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = hash_start(seed), odd = 0, block;
  for (; left >= 8; at += 8, left -= 8) {
    std::memcpy(&block, at, 8);
    odd |= odd_one(block);
    hash = hash_block(hash, block);
  }
  std::memcpy(&block, at, 8);
  if constexpr (std::endian::native == std::endian::little) {
    block &= (std::uint64_t{1} << (left * 8)) - 1;
  } else {
    const std::uint64_t whole = block;
    block = 0;
    std::memcpy(&block, &whole, left);
  }
  return {hash_end(hash, block, text.size()), (odd | odd_one(block)) == 0};
}

/// From texts to the numbers that their owner gave them: open addressing, eight bytes a slot, no allocation per text.
///
/// The texts stay with the owner, which passes a function from number to text. The seed is not for the reader of a flow
/// to know, so that nobody can write ids that all fall into one chain.
class TextIndex {
 public:
  static constexpr std::uint32_t none = (std::numeric_limits<std::uint32_t>::max)();

  explicit TextIndex(std::uint64_t seed) noexcept : seed_(seed) {}

  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  /// Half of a text's hash: it places the text, also after growth, and spares most comparisons.
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }

  /// The number of `text`, or `none`.
  template <class TextOf>
  [[nodiscard]] std::uint32_t find(std::string_view text, TextOf&& text_of) const noexcept {
    return slots_.empty() ? none : find(tag_of(hash_text(text, seed_)), text, text_of);
  }
  /// The same where the tag is known.
  template <class TextOf>
  [[nodiscard]] std::uint32_t find(std::uint32_t tag, std::string_view text, TextOf&& text_of) const noexcept {
    if (slots_.empty()) return none;
    for (std::size_t i = tag & mask();; i = (i + 1) & mask()) {
      const Slot& slot = slots_[i];
      if (slot.number == none) return none;
      if (slot.tag == tag && text_of(slot.number) == text) return slot.number;
    }
  }

  /// The number of `text`, which becomes `next` if it had none; the second says whether it became so.
  template <class TextOf>
  std::pair<std::uint32_t, bool> insert(std::string_view text, std::uint32_t next, TextOf&& text_of) {
    return insert(tag_of(hash_text(text, seed_)), text, next, text_of);
  }
  /// The same where the tag is known.
  template <class TextOf>
  std::pair<std::uint32_t, bool> insert(std::uint32_t tag, std::string_view text, std::uint32_t next,
                                        TextOf&& text_of) {
    if (used_ * 2 >= slots_.size()) grow(slots_.empty() ? 32 : slots_.size() * 2);
    std::size_t i = tag & mask();
    for (; slots_[i].number != none; i = (i + 1) & mask())
      if (slots_[i].tag == tag && text_of(slots_[i].number) == text) return {slots_[i].number, false};
    slots_[i] = {next, tag};
    ++used_;
    return {next, true};
  }

  /// Makes room for `count` texts.
  void reserve(std::size_t count) {
    if (count != 0 && count * 2 > slots_.size()) grow(std::bit_ceil(count * 2));
  }
  /// Asks for the memory where a text with this tag will be looked for.
  void prefetch(std::uint32_t tag) const noexcept {
#if defined(__GNUC__)
    if (!slots_.empty()) __builtin_prefetch(&slots_[tag & mask()]);
#else
    static_cast<void>(tag);
#endif
  }
  [[nodiscard]] std::size_t memory() const noexcept { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t number = none;
    std::uint32_t tag = 0;
  };
  [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
  void grow(std::size_t size) {
    std::vector<Slot> larger(size);
    for (const Slot& slot : slots_) {
      if (slot.number == none) continue;
      std::size_t i = slot.tag & (larger.size() - 1);
      while (larger[i].number != none) i = (i + 1) & (larger.size() - 1);
      larger[i] = slot;
    }
    slots_ = std::move(larger);
  }
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::uint64_t seed_;
};

}  // namespace patchbay::detail
