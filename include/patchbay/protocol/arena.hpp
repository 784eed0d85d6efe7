// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>  // operator new for frames that do not fit

namespace patchbay {

/// Memory for the coroutine frames of one operation.
///
/// Frames nest, so they are released in the reverse order of their making and a bump pointer serves. The block is made
/// once and kept; a frame that does not fit comes from the heap. A transition takes up to 4 KiB, and some more while it
/// fetches a token. Not thread-safe: an operation runs on one thread at a
/// time.
class FrameArena {
 public:
  static constexpr std::size_t capacity = 6 * 1024;

  FrameArena() = default;
  FrameArena(const FrameArena&) = delete;
  FrameArena& operator=(const FrameArena&) = delete;

  [[nodiscard]] void* allocate(std::size_t bytes) {
    bytes = rounded(bytes);
    if (!block_) block_ = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (capacity - used_ < bytes) return ::operator new(bytes);
    void* const frame = block_.get() + used_;
    used_ += bytes;
    ++frames_;
    return frame;
  }

  void deallocate(void* frame, std::size_t bytes) noexcept {
    bytes = rounded(bytes);
    auto* const at = static_cast<std::byte*>(frame);
    if (!block_ || at < block_.get() || at >= block_.get() + capacity) {
      ::operator delete(frame);
      return;
    }
    // A frame released out of order stays until all are released; nested protocols never do that.
    if (at + bytes == block_.get() + used_) used_ -= bytes;
    if (--frames_ == 0) used_ = 0;
  }

  /// Bytes in use; zero when no protocol is alive.
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

 private:
  static constexpr std::size_t rounded(std::size_t bytes) noexcept {
    constexpr std::size_t unit = alignof(std::max_align_t);
    return (bytes + unit - 1) / unit * unit;
  }
  std::unique_ptr<std::byte[]> block_;
  std::size_t used_ = 0;
  std::size_t frames_ = 0;  // in the block
};

}  // namespace patchbay
