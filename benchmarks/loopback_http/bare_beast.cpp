// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// A transition written by hand on Beast's asynchronous operations, by somebody who knows them: one thread, executors of
// concrete type, kept connections, requests that are made once and only changed, a request's header and body in one gather
// write, buffers that are kept, and one timer that watches the deadlines of all connections. A second side goes one step
// further and writes a request's text itself, which costs less than Beast's messages and their serializer.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http.hpp>

#include "work.hpp"

namespace patchbay::benchmarks {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using asio::ip::tcp;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, asio::io_context::executor_type>;

constexpr std::chrono::seconds attempt_timeout{10};

/// What the connections share.
struct Shared {
  const Work& work;
  asio::io_context& loop;
  Meter& meter;
  HandWritten hand;
  std::string authorization;
};

enum class Writing { messages, text };

template <Writing writing>
class Connection {
 public:
  Connection(Shared& shared, int number)
      : shared_(&shared), socket_(shared.loop), interaction_(interaction_id(number)),
        host_("127.0.0.1:" + std::to_string(shared.work.port)) {
    const std::string target = "/api/v2/interactions/" + interaction_;
    flow_ = request(http::verb::get, "/api/v2/flows/" + flow_of(shared.work, number));
    read_ = request(http::verb::get, target);
    write_ = request(http::verb::patch, target);
    write_.set(http::field::content_type, "application/json");
  }

  /// Connects, and gets the token if there is none; `ready` is called then.
  template <class Ready>
  void start(Ready ready) {
    const tcp::endpoint server(asio::ip::address_v4::loopback(), shared_->work.port);
    socket_.async_connect(server, [this, ready](error_code error) {
      if (error) return fail();
      socket_.set_option(tcp::no_delay(true));
      if (!shared_->authorization.empty()) return ready();
      token_ = request(http::verb::post, "/oauth/token");
      token_.set(http::field::content_type, "application/x-www-form-urlencoded");
      token_.body() = "grant_type=client_credentials&client_id=id&client_secret=secret";
      token_.prepare_payload();
      exchange(token_, [this, ready] {
        if (status() != 200 || !shared_->hand.read_token(json(), shared_->authorization)) return fail();
        ready();
      });
    });
  }
  void run() {
    for (auto* const each : {&flow_, &read_, &write_}) each->set(http::field::authorization, shared_->authorization);
    next();
  }
  /// Cuts the connection when an answer is too late.
  void watch(SteadyClock::time_point now) {
    if (waiting_ && now >= deadline_) socket_.close();
  }

 private:
  using Request = http::request<http::string_body>;

  Request request(http::verb verb, const std::string& target) const {
    Request out(verb, target, 11);
    out.set(http::field::host, host_);
    out.set(http::field::accept, "application/json");
    return out;
  }
  void fail() {
    shared_->meter.end(begun_, false);
    shared_->meter.abandon();
    socket_.close();
  }
  int status() const { return parser_->get().result_int(); }
  /// The body of the answer, with the readable bytes behind it that simdjson needs.
  HandWritten::Json json() {
    std::string& body = parser_->get().body();
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    return HandWritten::Json(body.data(), body.size(), body.capacity());
  }

  void next() {
    if (!shared_->meter.more()) {
      socket_.close();
      return;
    }
    begun_ = shared_->meter.begin();
    if (shared_->work.requests < 3 && shared_->hand.has_flow()) return read();
    exchange(flow_, [this] {
      if (status() != 200 || !shared_->hand.load_flow(json())) return fail();
      read();
    });
  }
  void read() {
    if (!shared_->hand.allowed()) return fail();
    exchange(read_, [this] {
      const auto& answer = parser_->get();
      const auto etag = answer.find(http::field::etag);
      if (status() != 200 || etag == answer.end() || !shared_->hand.check_interaction(json())) return fail();
      etag_.assign(etag->value().data(), etag->value().size());
      write();
    });
  }
  void write() {
    if (!shared_->hand.encode(write_.body(), id_)) return fail();
    if constexpr (writing == Writing::messages) {
      write_.set(http::field::if_match, etag_);
      write_.prepare_payload();
    }
    exchange(write_, [this] {
      if (status() < 200 || status() > 299 || !shared_->hand.check_echo(json(), id_)) return fail();
      shared_->hand.record(interaction_, id_, etag_, status(), SteadyClock::now() - begun_);
      shared_->meter.end(begun_, true);
      next();
    });
  }

  template <class Done>
  void exchange(Request& message, Done done) {
    deadline_ = SteadyClock::now() + attempt_timeout;
    waiting_ = true;
    auto written = [this, done](error_code error, std::size_t) {
      if (error) return fail();
      parser_.emplace();
      http::async_read(socket_, buffer_, *parser_, [this, done](error_code failed, std::size_t) {
        if (failed || !parser_->keep_alive()) return fail();
        waiting_ = false;
        done();
      });
    };
    if constexpr (writing == Writing::messages) {
      serializer_.emplace(message);
      http::async_write(socket_, *serializer_, std::move(written));
    } else {
      compose(message);
      asio::async_write(socket_, asio::buffer(text_), std::move(written));
    }
  }
  /// The text of a request: header and body are short enough to be sent from one buffer.
  void compose(const Request& message) {
    text_.assign(message.method_string()).append(" ").append(message.target());
    text_.append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\nAccept: application/json\r\n");
    if (&message != &token_) text_.append("Authorization: ").append(shared_->authorization).append("\r\n");
    if (&message == &write_) text_.append("If-Match: ").append(etag_).append("\r\n");
    if (const std::string& body = message.body(); !body.empty())
      text_.append("Content-Type: ").append(message[http::field::content_type]).append("\r\nContent-Length: ")
          .append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    else
      text_.append("\r\n");
  }

  Shared* shared_;
  Socket socket_;
  std::string interaction_, host_, etag_, id_, text_;
  Request token_, flow_, read_, write_;
  std::optional<http::request_serializer<http::string_body>> serializer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  boost::beast::flat_static_buffer<16384> buffer_;
  SteadyClock::time_point begun_{}, deadline_{};
  bool waiting_ = false;
};

/// Looks at all deadlines now and then: as good as a timer for each exchange, which a bound on a dead server is, and free.
template <class Connections>
class Watch {
 public:
  Watch(asio::io_context& loop, Connections& all, const Meter& meter)
      : timer_(loop), all_(&all), meter_(&meter) {
    wait();
  }

 private:
  void wait() {
    timer_.expires_after(std::chrono::milliseconds(100));
    timer_.async_wait([this](error_code error) {
      if (error || !meter_->more()) return;
      for (const auto& each : *all_) each->watch(SteadyClock::now());
      wait();
    });
  }
  Timer timer_;
  Connections* all_;
  const Meter* meter_;
};

template <Writing writing>
Report run(const Work& work) {
  asio::io_context loop(1);
  Meter meter(work.span);
  Shared shared{work, loop, meter, {}, {}};
  std::vector<std::unique_ptr<Connection<writing>>> all;
  for (int i = 0; i < work.connections; ++i) all.push_back(std::make_unique<Connection<writing>>(shared, i));
  Watch watch(loop, all, meter);
  all.front()->start([&] {
    all.front()->run();
    for (std::size_t i = 1; i < all.size(); ++i) all[i]->start([each = all[i].get()] { each->run(); });
  });
  loop.run();
  return meter.report();
}

}  // namespace

Report bare_beast(const Work& work) { return run<Writing::messages>(work); }
Report bare_beast_text(const Work& work) { return run<Writing::text>(work); }

}  // namespace patchbay::benchmarks
