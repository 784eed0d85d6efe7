// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <patchbay/beast/impl/body_buffer.hpp>
#include <patchbay/beast/impl/upgrade.hpp>
#include <patchbay/beast/impl/wire.hpp>

namespace patchbay::beast::detail {

/// What stands between a wire and Beast's WebSocket until the upgrade is decided.
class Gate {
 public:
  explicit Gate(Wire& wire) : wire_(wire) {}

  [[nodiscard]] Wire& wire() noexcept { return wire_; }
  [[nodiscard]] UpgradeWatch& watch() noexcept { return watch_; }

  void read(net::mutable_buffer into, IoHandler done) {
    if (!watch_.deciding()) return wire_.start_read(into, std::move(done));
    wire_.start_read(into, [this, into, done = std::move(done)](error_code ec, std::size_t n) mutable {
      if (watch_.admit({static_cast<const char*>(into.data()), n})) {
        done(ec, n);
      } else {
        done(net::error::connection_refused, 0);
      }
    });
  }

 private:
  Wire& wire_;
  UpgradeWatch watch_;
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

}  // namespace patchbay::beast::detail
