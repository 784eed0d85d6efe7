// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace loopback_cloud {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

/// A connection's bytes, plain or under TLS.
///
/// Plain: nothing is read before there is something to read, so a connection that waits has no buffer; and what the
/// system takes at once is written at once. TLS needs a buffer to read into, since a record may be there that no socket
/// shows.
template <class Stream>
class Link {
 public:
  static constexpr bool is_tls = !std::is_same_v<Stream, tcp::socket>;

  template <class... Args>
  explicit Link(Args&&... args) : stream_(std::forward<Args>(args)...) {
    error_code ignored;
    socket().non_blocking(true, ignored);
  }
  Link(Link&&) = default;

  [[nodiscard]] tcp::socket& socket() noexcept {
    if constexpr (is_tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  [[nodiscard]] Stream& stream() noexcept { return stream_; }
  [[nodiscard]] auto get_executor() { return stream_.get_executor(); }

  /// Calls `ready(ec)` when there is something to read.
  template <class Ready>
  void wait(Ready&& ready) {
    static_assert(!is_tls);
    stream_.async_wait(tcp::socket::wait_read, std::forward<Ready>(ready));
  }
  /// Reads what is there; 0 without an error when that is nothing.
  [[nodiscard]] std::size_t read_some(net::mutable_buffer room, error_code& ec) {
    static_assert(!is_tls);
    const std::size_t n = stream_.read_some(room, ec);
    if (ec == net::error::would_block || ec == net::error::interrupted) ec = {};
    return n;
  }
  /// Writes what the system takes at once; nothing under TLS.
  [[nodiscard]] std::size_t write_now(std::string_view bytes, error_code& ec) {
    ec = {};
    if constexpr (is_tls) {
      return 0;
    } else {
      const std::size_t n = stream_.write_some(net::const_buffer(bytes.data(), bytes.size()), ec);
      if (ec == net::error::would_block || ec == net::error::interrupted) ec = {};
      return n;
    }
  }
  template <class Written>
  void write(std::string_view bytes, Written&& written) {
    net::async_write(stream_, net::const_buffer(bytes.data(), bytes.size()), std::forward<Written>(written));
  }
  /// Ends the connection so that the peer sees a reset.
  void reset() {
    error_code ignored;
    socket().set_option(net::socket_base::linger(true, 0), ignored);
    socket().close(ignored);
  }
  void close() {
    error_code ignored;
    socket().shutdown(net::socket_base::shutdown_both, ignored);
    socket().close(ignored);
  }
  void shutdown_send() {
    error_code ignored;
    socket().shutdown(net::socket_base::shutdown_send, ignored);
  }

 private:
  Stream stream_;
};

}  // namespace loopback_cloud
