// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstddef>
#include <span>

#include <boost/asio/buffer.hpp>

#include <patchbay/http.hpp>

namespace patchbay::beast::detail {

/// A `Body` as the dynamic buffer that Beast reads a message into.
class BodyBuffer {
 public:
  using const_buffers_type = boost::asio::const_buffer;
  using mutable_buffers_type = boost::asio::mutable_buffer;

  BodyBuffer(Body& body, std::size_t max) noexcept : body_(body), max_(max) {}
  [[nodiscard]] std::size_t size() const noexcept { return body_.size(); }
  [[nodiscard]] std::size_t max_size() const noexcept { return max_; }
  [[nodiscard]] std::size_t capacity() const noexcept {
    return std::min(max_, std::max(body_.size(), body_.allocated()));
  }
  [[nodiscard]] const_buffers_type data() const noexcept { return {body_.data(), body_.size()}; }
  [[nodiscard]] mutable_buffers_type prepare(std::size_t n) {
    const std::span<char> room = body_.prepare(n);
    return {room.data(), room.size()};
  }
  void commit(std::size_t n) noexcept { body_.commit(n); }
  void consume(std::size_t) noexcept { body_.clear(); }  // Beast never consumes what it read for its caller

 private:
  Body& body_;
  std::size_t max_;
};

}  // namespace patchbay::beast::detail
