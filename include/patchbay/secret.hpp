// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay {

/// Text that must not be printed: a client secret or a token.
///
/// It converts to nothing, so that no log field, format call or stream takes it; `reveal()` is the only way in, and is
/// called only where bytes go to the wire. The memory is overwritten when it is released.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) { wipe(text); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe(text_);
      text_ = std::move(other.text_);
      wipe(other.text_);
    }
    return *this;
  }
  ~Secret() { wipe(text_); }

  [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

 private:
  // All the memory that the string has, not only its present text: a short string that was moved from keeps its bytes.
  static void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    // Volatile, so that the stores are not removed as dead before the memory is freed.
    volatile char* p = text.data();
    for (std::size_t i = 0; i < text.size(); ++i) p[i] = 0;
    text.clear();
  }
  std::string text_;
};

}  // namespace patchbay
