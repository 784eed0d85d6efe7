// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <patchbay/beast/impl/wire.hpp>
#include <patchbay/http.hpp>

namespace patchbay::beast::detail {

/// What stands between a wire and Beast's WebSocket: until the upgrade is decided it keeps a copy of what the server
/// says, and lets only a 101 through. Any other answer is for the HTTP reader, which bounds it.
class Gate {
 public:
  explicit Gate(Wire& wire) : wire_(wire) {}

  [[nodiscard]] Wire& wire() noexcept { return wire_; }
  [[nodiscard]] bool shut() const noexcept { return shut_; }
  [[nodiscard]] const std::string& seen() const noexcept { return seen_; }
  void open() noexcept {
    deciding_ = false;
    seen_ = {};
  }

  void read(net::mutable_buffer into, IoHandler done) {
    if (!deciding_) return wire_.start_read(into, std::move(done));
    wire_.start_read(into, [this, into, done = std::move(done)](error_code ec, std::size_t n) mutable {
      constexpr std::string_view accepted = "HTTP/1.1 101";
      seen_.append(static_cast<const char*>(into.data()), n);
      const std::size_t compared = std::min(seen_.size(), accepted.size());
      shut_ = std::string_view(seen_).substr(0, compared) != accepted.substr(0, compared);
      if (shut_) {
        done(net::error::connection_refused, 0);
      } else {
        done(ec, n);
      }
    });
  }

 private:
  Wire& wire_;
  std::string seen_;
  bool deciding_ = true;
  bool shut_ = false;
};

/// The gate as Beast's idea of a stream. Every handler runs on the wire's own loop, so no executor is looked up.
class GateStream {
 public:
  using executor_type = net::io_context::executor_type;

  explicit GateStream(Gate& gate) noexcept : gate_(&gate) {}
  [[nodiscard]] executor_type get_executor() noexcept { return gate_->wire().context().get_executor(); }
  [[nodiscard]] Wire& wire() noexcept { return gate_->wire(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(error_code, std::size_t)>(
        [gate = gate_](auto&& handler, const Buffers& into) {
          net::mutable_buffer first;
          for (const net::mutable_buffer b : boost::beast::buffers_range_ref(into)) {
            first = b;
            if (b.size() != 0) break;
          }
          gate->read(first, IoHandler(std::forward<decltype(handler)>(handler)));
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(error_code, std::size_t)>(
        [gate = gate_](auto&& handler, const Buffers& from) {
          Gather gather;
          for (const net::const_buffer b : boost::beast::buffers_range_ref(from)) gather.add(b);
          gate->wire().start_write(gather, IoHandler(std::forward<decltype(handler)>(handler)));
        },
        token, buffers);
  }

 private:
  Gate* gate_;
};

// Found by Beast through the argument's namespace.
inline void beast_close_socket(GateStream& stream) { stream.wire().cut(); }

/// After the closing handshake nothing more is sent; the peer, which saw our close frame, needs no more than that.
template <class Handler>
void async_teardown(boost::beast::role_type, GateStream& stream, Handler&& handler) {
  stream.wire().shutdown_send();
  net::post(stream.get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(handler), error_code{}));
}

using WebSocket = boost::beast::websocket::stream<GateStream, false>;

/// A `Body` as the dynamic buffer that Beast reads a message into.
class BodyBuffer {
 public:
  using const_buffers_type = net::const_buffer;
  using mutable_buffers_type = net::mutable_buffer;

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
