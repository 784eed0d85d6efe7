// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "rules.hpp"

namespace patchbay::benchmarks {

/// A buffer whose room is asked for once for each body, so that nothing behind needs to look. For hand-written writing.
class Buffer {
 public:
  /// Begins a body of at most `most` bytes.
  void begin(std::size_t most) {
    if (capacity_ < most + slack) {
      capacity_ = most * 2 + slack;
      bytes_ = std::make_unique<char[]>(capacity_);
    }
    end_ = bytes_.get();
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return {bytes_.get(), static_cast<std::size_t>(end_ - bytes_.get())};
  }
  void put(char c) noexcept { *end_++ = c; }
  template <std::size_t N>
  void literal(const char (&text)[N]) noexcept {
    std::memcpy(end_, text, N - 1);
    end_ += N - 1;
  }
  void copy(std::string_view text) noexcept {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  void quoted(std::string_view text) noexcept {
    put('"');
    copy(text);
    put('"');
  }
  /// As a JSON string; at most six bytes for each of `text`'s and two. False when it is no UTF-8.
  [[nodiscard]] bool escaped(std::string_view text) noexcept {
    static constexpr char hex[] = "0123456789abcdef";
    const char* at = text.data();
    const char* const end = at + text.size();
    put('"');
    while (at < end) {
      const char* const run = at;
      at = rules::end_of_plain(at, end);
      copy({run, static_cast<std::size_t>(at - run)});
      if (at == end) break;
      const auto byte = static_cast<unsigned char>(*at);
      if (byte >= 0x80) {
        const std::size_t length = rules::utf8_sequence(at, end);
        if (length == 0) return false;
        copy({at, length});
        at += length;
        continue;
      }
      ++at;
      switch (byte) {
        case '"':
          literal("\\\"");
          break;
        case '\\':
          literal("\\\\");
          break;
        case '\n':
          literal("\\n");
          break;
        case '\r':
          literal("\\r");
          break;
        case '\t':
          literal("\\t");
          break;
        default:
          literal("\\u00");
          put(hex[byte >> 4]);
          put(hex[byte & 15]);
      }
    }
    put('"');
    return true;
  }
  /// The place of the next byte, to come back to with `cut`.
  [[nodiscard]] char* mark() const noexcept { return end_; }
  void cut(char* mark) noexcept { end_ = mark; }

 private:
  static constexpr std::size_t slack = 1024;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  char* end_ = nullptr;
};

}  // namespace patchbay::benchmarks
