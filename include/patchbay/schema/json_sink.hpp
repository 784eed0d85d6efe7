// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <span>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <patchbay/config.hpp>

namespace patchbay::detail {

/// Whether each of 8 bytes stands in a JSON string as it is: printable ASCII but quote and backslash.
[[nodiscard]] constexpr bool are_plain(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  const std::uint64_t quote = bytes ^ (ones * '"'), backslash = bytes ^ (ones * '\\');
  return (((bytes - ones * 0x20) | (quote - ones) | (backslash - ones) | bytes) & high) == 0;
}

/// Copies `size` bytes, or 8 when there are fewer; whether all of them stand in a JSON string as they are, false when in doubt.
[[nodiscard]] inline bool copy_plain(char* to, const char* from, std::size_t size) noexcept {
  std::uint64_t word = 0x2020202020202020;
  if (size < 8) {
    std::memcpy(&word, from, size);
    std::memcpy(to, &word, size);
    return are_plain(word);
  }
#if defined(__SSE2__)
  if (size >= 16) {
    // Signed comparison: what is not above 0x1f is a control character or no ASCII.
    const __m128i space = _mm_set1_epi8(0x1f), quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    __m128i fine = _mm_set1_epi8(-1);
    const auto step = [&](std::size_t i) {
      __m128i bytes;
      std::memcpy(&bytes, from + i, sizeof bytes);
      std::memcpy(to + i, &bytes, sizeof bytes);
      const __m128i escaped = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
      fine = _mm_and_si128(fine, _mm_andnot_si128(escaped, _mm_cmpgt_epi8(bytes, space)));
    };
    for (std::size_t i = 0; i + 16 <= size; i += 16) step(i);
    step(size - 16);
    return _mm_movemask_epi8(fine) == 0xffff;
  }
#endif
  bool fine = true;
  const auto step = [&](std::size_t i) {
    std::memcpy(&word, from + i, sizeof word);
    std::memcpy(to + i, &word, sizeof word);
    fine &= are_plain(word);
  };
  for (std::size_t i = 0; i + 8 <= size; i += 8) step(i);
  step(size - 8);
  return fine;
}

/// Whether all of `text` stands in a JSON string as it is; false when in doubt.
[[nodiscard]] inline bool needs_no_escape(std::string_view text) noexcept {
  if (text.empty()) return true;
  std::uint64_t bytes = 0x2020202020202020;
  if (text.size() < sizeof bytes) {
    std::memcpy(&bytes, text.data(), text.size());
    return are_plain(bytes);
  }
  const auto at = [&](std::size_t i) { return std::memcpy(&bytes, text.data() + i, sizeof bytes), are_plain(bytes); };
  for (std::size_t i = 0; i + sizeof bytes <= text.size(); i += sizeof bytes)
    if (!at(i)) return false;
  return at(text.size() - sizeof bytes);
}

/// Where the engine and the encoder write: at the end of a string, into a caller's buffer, or nowhere, to learn the
/// size. It holds the room behind what is written, so that most writes are a comparison and a copy.
class JsonSink {
 public:
  /// Appends to `out`, in which `expected` bytes of room are made at once.
  JsonSink(std::string& out, std::size_t expected) : out_(&out), begin_(out.size()) {
    out.resize(begin_ + expected);
    rebase(begin_);
  }
  /// Writes into `buffer`, and counts what does not fit.
  explicit JsonSink(std::span<char> buffer) noexcept
      : base_(buffer.data()), next_(buffer.data()), end_(buffer.data() + buffer.size()) {}
  JsonSink(const JsonSink&) = delete;
  JsonSink& operator=(const JsonSink&) = delete;
  /// Takes the unused room back.
  ~JsonSink() {
    if (out_ != nullptr) out_->resize(size());
  }

  /// What was written, or would have been, with what stood in the string before.
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(next_ - base_) + missing_; }
  [[nodiscard]] bool has_overflown() const noexcept { return missing_ != 0; }
  /// What was written behind the place `from`; until the next write. Only of a sink on a string.
  [[nodiscard]] std::string_view behind(std::size_t from) const noexcept { return {base_ + from, size() - from}; }
  /// Takes back what was written behind the place `to`.
  void cut(std::size_t to) noexcept { next_ = base_ + to; }

  [[gnu::always_inline]] void put(char c) {
    if (has_room(1)) *next_++ = c;
  }
  [[gnu::always_inline]] void put(std::string_view bytes) {
    if (!has_room(bytes.size())) return;
    std::memcpy(next_, bytes.data(), bytes.size());
    next_ += bytes.size();
  }
  /// A JSON string of text that needs no escape, or of escaped text.
  [[gnu::always_inline]] void quoted(std::string_view escaped) {
    if (!has_room(escaped.size() + 2)) return;
    *next_ = '"';
    std::memcpy(next_ + 1, escaped.data(), escaped.size());
    next_[escaped.size() + 1] = '"';
    next_ += escaped.size() + 2;
  }
  /// A JSON string; false, and nothing of use, when `text` is no UTF-8.
  [[nodiscard]] bool text(std::string_view text) {
    // With room for the eight bytes that `copy_plain` may write.
    if (end_ - next_ >= static_cast<std::ptrdiff_t>(text.size() + 10) && copy_plain(next_ + 1, text.data(), text.size())) {
      *next_ = '"';
      next_[text.size() + 1] = '"';
      next_ += text.size() + 2;
      return true;
    }
    return text_with_escapes(text);
  }
  /// What `append` appends to the string that it is given; returns what it returns.
  template <class Append>
  auto with_string(Append&& append) {
    if (out_ == nullptr) {
      std::string spare;
      const auto out = append(spare);
      put(spare);
      return out;
    }
    out_->resize(size());
    const auto out = append(*out_);
    rebase(out_->size());
    return out;
  }

  /// The place of the next byte, for a writer that keeps it in a register; and the end of the room.
  [[nodiscard]] char* next() const noexcept { return next_; }
  [[nodiscard]] char* end() const noexcept { return end_; }
  void set_next(char* next) noexcept { next_ = next; }
  /// `text`, in full.
  PATCHBAY_DECL bool text_with_escapes(std::string_view text);
  /// Makes room for `count` more bytes; false when they can only be counted, which is done.
  PATCHBAY_DECL bool make_room(std::size_t count);

 private:
  [[nodiscard, gnu::always_inline]] bool has_room(std::size_t count) {
    return static_cast<std::size_t>(end_ - next_) >= count || make_room(count);
  }
  void rebase(std::size_t size) noexcept {
    base_ = out_->data();
    next_ = base_ + size;
    end_ = base_ + out_->size();
  }

  std::string* out_ = nullptr;
  std::size_t begin_ = 0;
  char* base_ = nullptr;
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t missing_ = 0;
};

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/json_sink.ipp>
#endif
