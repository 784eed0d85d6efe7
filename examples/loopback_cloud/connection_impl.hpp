// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "loopback_cloud/connection.hpp"
#include "loopback_cloud/link.hpp"
#include "loopback_cloud/web_socket.hpp"

namespace loopback_cloud {

namespace beast = boost::beast;
namespace http = boost::beast::http;

[[nodiscard]] inline std::string_view plain(beast::string_view text) noexcept { return {text.data(), text.size()}; }

/// The present time as `Date` has it, made anew once a second.
[[nodiscard]] inline std::string_view http_date() {
  static std::array<char, 64> text{};
  static std::size_t size = 0;
  static std::time_t shown = 0;
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != shown || size == 0) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    shown = now;
  }
  return {text.data(), size};
}

/// One HTTP/1.1 connection, for as many requests as its client likes, sent one by one or pipelined; a WebSocket upgrade
/// hands the link on. Answers are written as text, so that faults can break the protocol wherever a plan says.
///
/// The functions that return `bool` say whether the next request can be looked at now; otherwise what they began goes
/// on by itself.
template <class Stream>
class HttpConnection final : public Timed, public std::enable_shared_from_this<HttpConnection<Stream>> {
 public:
  template <class... Args>
  explicit HttpConnection(Floor& floor, Args&&... args)
      : floor_(floor), slot_(floor.connections), link_(std::forward<Args>(args)...) {}
  ~HttpConnection() override { floor_.give_back(std::move(work_)); }

  void start() {
    if constexpr (is_tls) {
      floor_.timeouts.arm(*this, Limit::handshake);
      link_.stream().async_handshake(net::ssl::stream_base::server, [self = this->shared_from_this()](error_code ec) {
        self->floor_.timeouts.disarm(*self);
        if (!ec) self->wait();
      });
    } else {
      wait();
    }
  }

  // Whatever is waited for ends with an error, and the connection with it.
  void expired(Limit) override {
    if (timer_) timer_->cancel();
    link_.close();
  }

 private:
  static constexpr bool is_tls = Link<Stream>::is_tls;
  static constexpr std::size_t piece = std::size_t{8} << 10;
  using Self = std::shared_ptr<HttpConnection>;

  // Waits for more of a request, or for the first of the next one; the latter without any memory, unless TLS needs it.
  void wait() {
    const bool idle = !work_ || (!work_->parser && work_->buffer.size() == 0);
    if (idle) {
      if (floor_.draining) return finish();
      floor_.give_back(std::move(work_));
      floor_.timeouts.arm(*this, Limit::idle);
    } else if (!Timeouts::is_waiting_for(*this, Limit::request)) {
      floor_.timeouts.arm(*this, Limit::request);  // for the whole of it, however slowly it comes
    }
    if constexpr (is_tls) {
      if (!work_) work_ = floor_.take_work();
      link_.stream().async_read_some(
          work_->buffer.prepare(piece),
          [self = this->shared_from_this()](error_code ec, std::size_t n) { self->received(ec, n); });
    } else {
      link_.wait([self = this->shared_from_this()](error_code ec) {
        std::size_t n = 0;
        if (!ec) {
          if (!self->work_) self->work_ = self->floor_.take_work();
          n = self->link_.read_some(self->work_->buffer.prepare(piece), ec);
        }
        self->received(ec, n);
      });
    }
  }
  void received(error_code ec, std::size_t n) {
    if (ec == net::error::eof) return finish();
    if (ec) return floor_.timeouts.disarm(*this);
    work_->buffer.commit(n);
    go_on();
  }
  // Serves what the buffer holds.
  void go_on() {
    while (work_ && work_->buffer.size() > 0) {
      if (!parse()) return;
      if (!work_->parser || !work_->parser->is_done()) break;
      if (!request()) return;
    }
    wait();
  }

  bool parse() {
    Work& work = *work_;
    if (!work.parser) {
      work.parser.emplace();
      work.parser->header_limit(16 * 1024);
      work.parser->body_limit(floor_.settings.max_body);
      work.parser->eager(true);
      continued_ = false;
    }
    while (!work.parser->is_done() && work.buffer.size() > 0) {
      error_code ec;
      const std::size_t n = work.parser->put(work.buffer.data(), ec);
      work.buffer.consume(n);
      if (ec == http::error::need_more) break;
      if (ec) return unreadable(ec);
    }
    const bool waits = work.parser->is_header_done() && !work.parser->is_done() && !continued_;
    if (!waits || plain(work.parser->get()[http::field::expect]) != "100-continue") return true;
    continued_ = true;
    work.text = "HTTP/1.1 100 Continue\r\n\r\n";
    return write(Next::request);
  }
  bool unreadable(error_code ec) {
    Work& work = *work_;
    keep_alive_ = is_head_ = false;
    work.response.clear();
    work.fault.reset();
    if (ec == http::error::body_limit) {
      testing::CloudModel::refuse(work.response, 413, "too.large", "the body is beyond the limit");
    } else if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
      testing::CloudModel::refuse(work.response, 431, "too.large", "the header is beyond the limit");
    } else {
      testing::CloudModel::refuse(work.response, 400, "bad.request", "this is not HTTP/1.1");
    }
    lingers_ = true;
    return answer(work.response.body.size(), 0);
  }

  // The request as the cloud sees it; views of the parser's memory.
  testing::CloudRequest view() {
    const auto& message = work_->parser->get();
    work_->fields.clear();
    for (const auto& field : message)
      work_->fields.push_back(patchbay::HeaderView{plain(field.name_string()), plain(field.value())});
    std::string_view target = plain(message.target());
    // A client that takes this server for a proxy names the whole address (RFC 9112 section 3.2.2).
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
      if (!target.starts_with(scheme)) continue;
      const std::size_t slash = target.find('/', scheme.size());
      target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    return testing::CloudRequest(plain(message.method_string()), target, work_->fields, message.body());
  }

  bool request() {
    floor_.timeouts.disarm(*this);
    const auto& message = work_->parser->get();
    keep_alive_ = message.keep_alive();
    is_head_ = message.method() == http::verb::head;
    work_->response.clear();
    if (beast::websocket::is_upgrade(message)) return upgrade();
    std::optional<testing::HttpFault>& fault = work_->fault;
    fault = floor_.hub.take_fault(view());
    const bool waits = fault && !fault->applied && fault->wait > patchbay::Duration::zero();
    if (!waits) return serve();
    return pause(fault->wait, [](HttpConnection& self) { return self.serve(); });
  }
  bool serve() {
    const std::optional<testing::HttpFault>& fault = work_->fault;
    end_ = floor_.hub.serve(view(), fault, work_->response);
    const bool waits = fault && fault->applied && fault->wait > patchbay::Duration::zero();
    if (!waits) return settle();
    return pause(fault->wait, [](HttpConnection& self) { return self.settle(); });
  }
  bool pause(patchbay::Duration span, bool (*next)(HttpConnection&)) {
    if (!timer_) timer_ = std::make_unique<net::steady_timer>(link_.get_executor());
    timer_->expires_after(span);
    timer_->async_wait([self = this->shared_from_this(), next](error_code ec) {
      if (!ec && next(*self)) self->go_on();
    });
    return false;
  }
  bool settle() {
    const std::optional<testing::HttpFault>& fault = work_->fault;
    const std::size_t size = work_->response.body.size();
    switch (end_) {
      case testing::ServingEnd::answer:
        return answer(size, fault && fault->kind == testing::FaultKind::too_large ? fault->size : 0);
      case testing::ServingEnd::reset:
        return link_.reset(), false;
      case testing::ServingEnd::timeout:
        return hang();
      case testing::ServingEnd::truncate:
        keep_alive_ = false;
        return answer(size / 2, 0);
    }
    return false;
  }

  // Writes the head, `sent` bytes of the body, and `filler` bytes behind it.
  bool answer(std::size_t sent, std::size_t filler) {
    if (floor_.draining) keep_alive_ = false;
    head(filler);
    if (!is_head_ && has_body()) work_->text.append(work_->response.body.view().substr(0, sent));
    filler_ = is_head_ ? 0 : filler;
    return write(Next::answer);
  }
  [[nodiscard]] bool has_body() const noexcept {
    return work_->response.status != 204 && work_->response.status != 304;
  }
  void head(std::size_t filler) {
    const patchbay::HttpResponse& response = work_->response;
    std::string& out = work_->text;
    out.assign("HTTP/1.1 ").append(std::to_string(response.status)).push_back(' ');
    out.append(plain(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)))))
        .append("\r\n");
    for (std::size_t i = 0; i < response.headers.size(); ++i)
      out.append(response.headers.name(i)).append(": ").append(response.headers.value(i)).append("\r\n");
    if (response.status == 101) return void(out.append("\r\n"));
    if (!response.headers.find("Date")) out.append("Date: ").append(http_date()).append("\r\n");
    if (response.headers.find("Content-Length") || response.headers.find("Transfer-Encoding")) {
      keep_alive_ = false;  // a fault's own framing may leave the client anywhere
    } else if (has_body()) {
      out.append("Content-Length: ").append(std::to_string(response.body.size() + filler)).append("\r\n");
    }
    out.append(keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  }

  // What follows when `text` is written.
  enum class Next : std::uint8_t { request, answer };

  // Writes `text`: at once, as far as the system takes it at once. No more is read of a client meanwhile, so one that
  // does not take its answers costs one of them.
  bool write(Next next) {
    error_code ec;
    const std::size_t n = link_.write_now(work_->text, ec);
    if (ec) return false;
    return n == work_->text.size() ? written(next) : write_rest(n, next);
  }
  bool write_rest(std::size_t n, Next next) {
    floor_.timeouts.arm(*this, Limit::write);
    link_.write(std::string_view(work_->text).substr(n),
                [self = this->shared_from_this(), next](error_code failed, std::size_t) {
                  self->floor_.timeouts.disarm(*self);
                  if (!failed && self->written(next)) self->go_on();
                });
    return false;
  }
  bool written(Next next) {
    if (next == Next::request) return true;
    if (filler_ > 0) {
      const std::size_t size = (std::min)(filler_, std::size_t{64} << 10);
      filler_ -= size;
      work_->text.assign(size, ' ');
      return write_rest(0, Next::answer);
    }
    work_->parser.reset();
    work_->fault.reset();
    if (keep_alive_) return true;
    lingers_ ? linger() : finish();
    return false;
  }

  // Takes and forgets what the client sends until it goes, or until the present wait is over.
  void ignore(std::size_t most) {
    const auto next = [self = this->shared_from_this(), most](error_code ec, std::size_t n) {
      if (ec || n > most) return self->floor_.timeouts.disarm(*self);
      self->ignore(most - n);
    };
    if constexpr (is_tls) {
      link_.socket().async_read_some(net::buffer(floor_.scratch), next);
    } else {
      link_.wait([self = this->shared_from_this(), next](error_code ec) {
        const std::size_t n = ec ? 0 : self->link_.read_some(net::buffer(self->floor_.scratch), ec);
        next(ec, n);
      });
    }
  }
  // Leaves the client without an answer, until it goes or ten minutes have passed.
  bool hang() {
    floor_.timeouts.arm(*this, Limit::hang);
    ignore(static_cast<std::size_t>(-1));
    return false;
  }
  // Reads what the client still sends, so that a reset does not overtake the answer.
  void linger() {
    link_.shutdown_send();
    floor_.timeouts.arm(*this, Limit::linger);
    ignore(std::size_t{64} << 20);
  }
  void finish() {
    if constexpr (is_tls) {
      floor_.timeouts.arm(*this, Limit::linger);
      link_.stream().async_shutdown([self = this->shared_from_this()](error_code) {
        self->floor_.timeouts.disarm(*self);
        self->link_.close();
      });
    } else {
      floor_.timeouts.disarm(*this);
      error_code ignored;
      link_.socket().shutdown(net::socket_base::shutdown_both, ignored);
    }
  }

  bool upgrade() {
    const auto& message = work_->parser->get();
    patchbay::HttpResponse& response = work_->response;
    const std::optional<std::string> accepted = accept_key(plain(message[http::field::sec_websocket_key]));
    if (!accepted || plain(message[http::field::sec_websocket_version]) != "13") {
      response.headers.add("Sec-WebSocket-Version", "13");
      testing::CloudModel::refuse(response, accepted ? 426 : 400, "bad.upgrade", "this is no upgrade of version 13");
      return answer(response.body.size(), 0);
    }
    const std::optional<testing::OpenFault> fault = floor_.hub.plan().take_open();
    if (fault && fault->kind == testing::OpenFaultKind::reset) return link_.reset(), false;
    if (fault && fault->kind == testing::OpenFaultKind::timeout) return hang();
    if (fault && fault->kind == testing::OpenFaultKind::refuse) {
      response.status = fault->status;
      for (const auto& [name, value] : fault->headers) response.headers.add(name, value);
      return answer(0, 0);
    }
    const std::optional<testing::ChannelId> id = floor_.hub.open(view(), response);
    if (!id) return answer(response.body.size(), 0);
    response.headers.add("Upgrade", "websocket");
    response.headers.add("Connection", "Upgrade");
    response.headers.add("Sec-WebSocket-Accept", *accepted);
    head(0);
    const auto rest = work_->buffer.cdata();
    auto channel = std::make_shared<WebSocketConnection<Stream>>(floor_, std::move(slot_), *id, std::move(link_));
    channel->start(work_->text, {static_cast<const char*>(rest.data()), rest.size()}, fault);
    floor_.give_back(std::move(work_));
    return false;
  }

  Floor& floor_;
  Slot slot_;
  Link<Stream> link_;
  std::unique_ptr<Work> work_;                // while a request is read, served or answered
  std::unique_ptr<net::steady_timer> timer_;  // of a fault that takes its time
  std::size_t filler_ = 0;
  testing::ServingEnd end_ = testing::ServingEnd::answer;
  bool keep_alive_ = false, is_head_ = false, lingers_ = false, continued_ = false;
};

}  // namespace loopback_cloud
