// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "loopback_cloud/connection.hpp"

namespace loopback_cloud {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace testing = patchbay::testing;
using boost::system::error_code;

[[nodiscard]] inline std::string_view plain(beast::string_view text) noexcept { return {text.data(), text.size()}; }
[[nodiscard]] inline bool equal(beast::string_view a, std::string_view b) noexcept {
  return patchbay::equal_ignoring_case(plain(a), b);
}

/// Ends a connection so that the peer sees a reset.
inline void reset_connection(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().set_option(net::socket_base::linger(true, 0), ignored);
  stream.socket().close(ignored);
}

/// One WebSocket: answers pings, pings by itself, and closes by the book (RFC 6455).
template <class Stream>
class WebSocketConnection final : public Channel, public std::enable_shared_from_this<WebSocketConnection<Stream>> {
 public:
  WebSocketConnection(Hub& hub, const ServerSettings& settings, Slot slot, testing::ChannelId id, Stream stream)
      : hub_(hub), settings_(settings), slot_(std::move(slot)), id_(id), socket_(std::move(stream)) {}
  ~WebSocketConnection() override { hub_.leave(id_); }

  /// Answers the upgrade, which the cloud has accepted.
  void start(http::request<http::string_body> request, const std::optional<testing::OpenFault>& fault) {
    fault_ = fault;
    request_ = std::move(request);
    beast::get_lowest_layer(socket_).expires_never();
    beast::websocket::stream_base::timeout limits;
    limits.handshake_timeout = std::chrono::seconds(10);
    limits.idle_timeout = std::chrono::seconds(120);
    limits.keep_alive_pings = true;
    socket_.set_option(limits);
    socket_.read_message_max(settings_.max_message);
    socket_.async_accept(request_, [self = this->shared_from_this()](error_code ec) {
      if (!ec) self->opened();
    });
  }

  void perform(const testing::ChannelAction& action) override {
    if (action.wait <= patchbay::Duration::zero()) return enqueue(action);
    testing::ChannelAction later = action;
    later.wait = patchbay::Duration::zero();
    auto timer = std::make_shared<net::steady_timer>(socket_.get_executor(), action.wait);
    net::steady_timer& waiting = *timer;
    waiting.async_wait(
        [weak = this->weak_from_this(), timer = std::move(timer), later = std::move(later)](error_code ec) {
          if (const auto self = weak.lock(); self && !ec) self->enqueue(later);
        });
  }

 private:
  static constexpr std::size_t max_queue = 16'384;

  void opened() {
    request_ = {};
    hub_.join(id_, *this);
    silent_ = fault_ && fault_->kind == testing::OpenFaultKind::silence;
    if (silent_) return ignore();
    if (fault_ && fault_->kind == testing::OpenFaultKind::close)
      perform(
          testing::ChannelAction(id_, testing::ChannelAction::Kind::close, "as planned", fault_->wait, fault_->code));
    read();
  }
  void read() {
    socket_.async_read(buffer_, [self = this->shared_from_this()](error_code ec, std::size_t) {
      if (ec) return self->gone();
      self->message();
    });
  }
  void message() {
    if (socket_.got_text()) {
      const net::const_buffer text = buffer_.cdata();
      hub_.command(id_, std::string_view(static_cast<const char*>(text.data()), text.size()));
    } else {
      enqueue(
          testing::ChannelAction(id_, testing::ChannelAction::Kind::close, "only text is understood here", {}, 1003));
    }
    buffer_.consume(buffer_.size());
    read();
  }
  // Takes what comes from below WebSocket, so that not even a ping is answered.
  void ignore() {
    socket_.next_layer().async_read_some(net::buffer(scrap_),
                                         [self = this->shared_from_this()](error_code ec, std::size_t) {
                                           if (ec) return self->gone();
                                           self->ignore();
                                         });
  }

  void enqueue(const testing::ChannelAction& action) {
    if (silent_ || over_) return;
    // A client that does not read is let go before it costs memory without bound.
    if (queue_.size() >= max_queue) return cut();
    queue_.push_back(action);
    if (queue_.size() == 1) write();
  }
  void write() {
    const testing::ChannelAction& next = queue_.front();
    if (next.kind == testing::ChannelAction::Kind::cut) return cut();
    if (next.kind == testing::ChannelAction::Kind::close) {
      over_ = true;
      beast::websocket::close_reason reason(next.code);
      reason.reason = next.text.substr(0, 123);
      socket_.async_close(reason, [self = this->shared_from_this()](error_code) {});
      return;
    }
    socket_.text(true);
    socket_.async_write(net::buffer(next.text), [self = this->shared_from_this()](error_code ec, std::size_t) {
      if (ec || self->over_) return;
      self->queue_.pop_front();
      if (!self->queue_.empty()) self->write();
    });
  }
  void cut() {
    over_ = true;
    reset_connection(beast::get_lowest_layer(socket_));
  }
  void gone() {
    over_ = true;
    hub_.leave(id_);
  }

  Hub& hub_;
  const ServerSettings& settings_;
  Slot slot_;
  testing::ChannelId id_;
  beast::websocket::stream<Stream> socket_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  std::optional<testing::OpenFault> fault_;
  std::deque<testing::ChannelAction> queue_;  // the front is being written
  std::array<char, 4096> scrap_{};
  bool silent_ = false, over_ = false;
};

}  // namespace loopback_cloud
