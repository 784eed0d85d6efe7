// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "loopback_cloud/connection.hpp"
#include "loopback_cloud/web_socket.hpp"

namespace loopback_cloud {

/// One HTTP/1.1 connection, for as many requests as its client likes; a WebSocket upgrade hands the stream on. Answers
/// are written as text, so that faults can break the protocol wherever a plan says.
template <class Stream>
class HttpConnection : public std::enable_shared_from_this<HttpConnection<Stream>> {
 public:
  template <class... Args>
  HttpConnection(Hub& hub, const ServerSettings& settings, Slot slot, Args&&... stream)
      : hub_(hub),
        settings_(settings),
        slot_(std::move(slot)),
        stream_(std::forward<Args>(stream)...),
        timer_(stream_.get_executor()) {}

  void start() {
    if constexpr (is_tls) {
      lowest().expires_after(handshake_limit);
      stream_.async_handshake(net::ssl::stream_base::server, [self = this->shared_from_this()](error_code ec) {
        if (!ec) self->read();
      });
    } else {
      read();
    }
  }

 private:
  static constexpr bool is_tls = !std::is_same_v<Stream, beast::tcp_stream>;
  static constexpr std::chrono::seconds handshake_limit{10}, request_limit{120}, write_limit{120}, hang_limit{600};

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  void read() {
    parser_.emplace();
    parser_->header_limit(16 * 1024);
    parser_->body_limit(settings_.max_body);
    lowest().expires_after(request_limit);
    http::async_read_header(stream_, buffer_, *parser_, [self = this->shared_from_this()](error_code ec, std::size_t) {
      if (ec) return self->unreadable(ec);
      if (!equal(self->parser_->get()[http::field::expect], "100-continue")) return self->read_body();
      self->text_ = "HTTP/1.1 100 Continue\r\n\r\n";
      net::async_write(self->stream_, net::buffer(self->text_), [self](error_code failed, std::size_t) {
        if (!failed) self->read_body();
      });
    });
  }
  void read_body() {
    http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](error_code ec, std::size_t) {
      if (ec) return self->unreadable(ec);
      self->request();
    });
  }
  void unreadable(error_code ec) {
    if (ec == http::error::end_of_stream || ec == http::error::partial_message) return finish();
    if (ec.category() != http::make_error_code(http::error::bad_method).category()) return;
    keep_alive_ = false;
    if (ec == http::error::body_limit) {
      testing::CloudModel::refuse(response_, 413, "too.large", "the body is beyond the limit");
    } else if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
      testing::CloudModel::refuse(response_, 431, "too.large", "the header is beyond the limit");
    } else {
      testing::CloudModel::refuse(response_, 400, "bad.request", "this is not HTTP/1.1");
    }
    linger_ = true;
    answer(response_.body.size(), 0);
  }

  // The request as the cloud sees it; views of the parser's memory.
  testing::CloudRequest view() {
    const auto& message = parser_->get();
    fields_.clear();
    for (const auto& field : message)
      fields_.push_back(patchbay::HeaderView{plain(field.name_string()), plain(field.value())});
    std::string_view target = plain(message.target());
    // A client that takes this server for a proxy names the whole address (RFC 9112 section 3.2.2).
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
      if (!target.starts_with(scheme)) continue;
      const std::size_t slash = target.find('/', scheme.size());
      target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    return testing::CloudRequest(plain(message.method_string()), target, fields_, message.body());
  }

  void request() {
    lowest().expires_never();
    keep_alive_ = parser_->get().keep_alive();
    is_head_ = parser_->get().method() == http::verb::head;
    response_.clear();
    if (beast::websocket::is_upgrade(parser_->get())) return upgrade();
    fault_ = hub_.take_fault(view());
    const bool waits = fault_ && !fault_->applied && fault_->wait > patchbay::Duration::zero();
    if (!waits) return serve();
    pause(fault_->wait, [self = this->shared_from_this()] { self->serve(); });
  }
  void serve() {
    end_ = hub_.serve(view(), fault_, response_);
    const bool waits = fault_ && fault_->applied && fault_->wait > patchbay::Duration::zero();
    if (!waits) return settle();
    pause(fault_->wait, [self = this->shared_from_this()] { self->settle(); });
  }
  template <class Next>
  void pause(patchbay::Duration span, Next next) {
    timer_.expires_after(span);
    timer_.async_wait([next = std::move(next)](error_code ec) {
      if (!ec) next();
    });
  }
  void settle() {
    const bool filled = fault_ && fault_->kind == testing::FaultKind::too_large;
    switch (end_) {
      case testing::ServingEnd::answer:
        return answer(response_.body.size(), filled ? fault_->size : 0);
      case testing::ServingEnd::reset:
        return reset_connection(lowest());
      case testing::ServingEnd::timeout:
        return hang();
      case testing::ServingEnd::truncate:
        keep_alive_ = false;
        return answer(response_.body.size() / 2, 0);
    }
  }

  // Writes the head, `sent` bytes of the body, and `filler` bytes behind it.
  void answer(std::size_t sent, std::size_t filler) {
    text_ = head(filler);
    if (!is_head_ && has_body()) text_.append(response_.body.view().substr(0, sent));
    filler_ = is_head_ ? 0 : filler;
    lowest().expires_after(write_limit);
    net::async_write(stream_, net::buffer(text_),
                     [self = this->shared_from_this()](error_code ec, std::size_t) { self->written(ec); });
  }
  void written(error_code ec) {
    if (ec) return;
    if (filler_ > 0) {
      static const std::string block(std::size_t{64} << 10, ' ');
      const std::size_t next = (std::min)(filler_, block.size());
      filler_ -= next;
      lowest().expires_after(write_limit);
      net::async_write(stream_, net::buffer(block.data(), next),
                       [self = this->shared_from_this()](error_code failed, std::size_t) { self->written(failed); });
      return;
    }
    if (keep_alive_) return read();
    if (linger_) return linger(0);
    finish();
  }
  [[nodiscard]] bool has_body() const noexcept { return response_.status != 204 && response_.status != 304; }
  std::string head(std::size_t filler) {
    std::string out = "HTTP/1.1 " + std::to_string(response_.status) + ' ';
    out.append(plain(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response_.status)))))
        .append("\r\n");
    for (std::size_t i = 0; i < response_.headers.size(); ++i)
      out.append(response_.headers.name(i)).append(": ").append(response_.headers.value(i)).append("\r\n");
    if (!response_.headers.find("Date")) out.append("Date: ").append(http_date()).append("\r\n");
    if (response_.headers.find("Content-Length") || response_.headers.find("Transfer-Encoding")) {
      keep_alive_ = false;  // a fault's own framing may leave the client anywhere
    } else if (has_body()) {
      out.append("Content-Length: ").append(std::to_string(response_.body.size() + filler)).append("\r\n");
    }
    return out.append(keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  }
  static std::string http_date() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 64> text{};
    return std::string(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }

  // Leaves the client without an answer, until it goes or ten minutes have passed.
  void hang() {
    lowest().expires_after(hang_limit);
    stream_.async_read_some(net::buffer(scrap_), [self = this->shared_from_this()](error_code ec, std::size_t) {
      if (!ec) self->hang();
    });
  }
  // Reads what the client still sends, so that a reset does not overtake the answer.
  void linger(std::size_t read) {
    if (read == 0) {
      error_code ignored;
      lowest().socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
      lowest().expires_after(std::chrono::seconds(2));
    }
    if (read > (std::size_t{64} << 20)) return;
    lowest().async_read_some(net::buffer(scrap_),
                             [self = this->shared_from_this(), read](error_code ec, std::size_t n) {
                               if (!ec) self->linger(read + n);
                             });
  }
  void finish() {
    if constexpr (is_tls) {
      lowest().expires_after(std::chrono::seconds(2));
      stream_.async_shutdown([self = this->shared_from_this()](error_code) {});
    } else {
      error_code ignored;
      lowest().socket().shutdown(net::ip::tcp::socket::shutdown_both, ignored);
    }
  }

  void upgrade() {
    const std::optional<testing::OpenFault> fault = hub_.cloud().plan.take_open();
    fault_.reset();
    if (fault && fault->kind == testing::OpenFaultKind::reset) return reset_connection(lowest());
    if (fault && fault->kind == testing::OpenFaultKind::timeout) return hang();
    if (fault && fault->kind == testing::OpenFaultKind::refuse) {
      response_.status = fault->status;
      for (const auto& [name, value] : fault->headers) response_.headers.add(name, value);
      return answer(0, 0);
    }
    const std::optional<testing::ChannelId> id = hub_.cloud().model.open(view(), response_);
    if (!id) return answer(response_.body.size(), 0);
    std::make_shared<WebSocketConnection<Stream>>(hub_, settings_, std::move(slot_), *id, std::move(stream_))
        ->start(parser_->release(), fault);
  }

  Hub& hub_;
  const ServerSettings& settings_;
  Slot slot_;
  Stream stream_;
  net::steady_timer timer_;
  beast::flat_buffer buffer_{std::size_t{64} << 10};
  std::optional<http::request_parser<http::string_body>> parser_;
  std::vector<patchbay::HeaderView> fields_;
  std::optional<testing::HttpFault> fault_;
  testing::ServingEnd end_ = testing::ServingEnd::answer;
  patchbay::HttpResponse response_;
  std::string text_;
  std::size_t filler_ = 0;
  std::array<char, 4096> scrap_{};
  bool keep_alive_ = false, is_head_ = false, linger_ = false;
};

}  // namespace loopback_cloud
