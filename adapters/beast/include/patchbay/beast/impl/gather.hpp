// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>

#include <boost/asio/buffer.hpp>

namespace patchbay::beast::detail {

/// Up to eight buffers that are written together, as a buffer sequence.
class Gather {
 public:
  using value_type = boost::asio::const_buffer;
  using const_iterator = const boost::asio::const_buffer*;

  void clear() noexcept { count_ = 0; }
  void add(boost::asio::const_buffer b) noexcept {
    if (b.size() != 0 && count_ != buffers_.size()) buffers_[count_++] = b;
  }
  [[nodiscard]] const_iterator begin() const noexcept { return buffers_.data(); }
  [[nodiscard]] const_iterator end() const noexcept { return buffers_.data() + count_; }

 private:
  std::array<boost::asio::const_buffer, 8> buffers_{};
  std::size_t count_ = 0;
};

}  // namespace patchbay::beast::detail
