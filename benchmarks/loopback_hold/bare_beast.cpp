// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds and releases written by hand on Beast, by somebody who knows it: one thread, executors of concrete type, frames of
// the same contents, acknowledgements found by their correlation id, a limit on each command's acknowledgement by one timer
// over a queue (all limits are equally long), and the connection's own pings and idle limit. Readings go over kept HTTP
// connections, requests made once and only changed. It checks what comes back, and keeps no record of it.

#include <chrono>
#include <deque>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <simdjson.h>

#include "work.hpp"

namespace patchbay::benchmarks {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using asio::ip::tcp;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, asio::io_context::executor_type>;

constexpr std::chrono::seconds ack_timeout{5};

/// Reads interactions over kept connections; readings wait for one that is free.
class Readings {
 public:
  using Done = std::function<void(bool eligible)>;

  Readings(asio::io_context& loop, std::uint16_t port) : loop_(&loop), port_(port) {}

  void read(int number, Done done) {
    if (idle_.empty() && all_.size() < http_connections) {
      all_.push_back(std::make_unique<Connection>(*this));
      idle_.push_back(all_.back().get());
    }
    if (idle_.empty()) {
      waiting_.emplace_back(number, std::move(done));
      return;
    }
    Connection* const connection = idle_.back();
    idle_.pop_back();
    connection->read(number, std::move(done));
  }
 private:
  class Connection {
   public:
    explicit Connection(Readings& of) : of_(&of), socket_(*of.loop_) {
      request_.method(http::verb::get);
      request_.version(11);
      request_.set(http::field::host, "127.0.0.1:" + std::to_string(of.port_));
      request_.set(http::field::accept, "application/json");
      request_.set(http::field::authorization, "Bearer " + std::string(token));
    }
    void read(int number, Done done) {
      done_ = std::move(done);
      request_.target("/api/v2/interactions/" + interaction_id(number));
      if (socket_.is_open()) return exchange();
      socket_.async_connect({asio::ip::address_v4::loopback(), of_->port_}, [this](error_code error) {
        if (error) return std::exchange(done_, nullptr)(false);
        socket_.set_option(tcp::no_delay(true));
        exchange();
      });
    }
   private:
    void exchange() {
      serializer_.emplace(request_);
      http::async_write(socket_, *serializer_, [this](error_code error, std::size_t) {
        if (error) return std::exchange(done_, nullptr)(false);
        parser_.emplace();
        http::async_read(socket_, buffer_, *parser_, [this](error_code failed, std::size_t) {
          const Done done = std::exchange(done_, nullptr);
          if (failed || !parser_->keep_alive() || parser_->get().result_int() != 200) return done(false);
          const bool good = eligible(parser_->get().body());
          of_->free(*this);
          done(good);
        });
      });
    }
    bool eligible(std::string& body) {
      body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
      simdjson::ondemand::document document;
      if (json_.iterate(body.data(), body.size(), body.capacity()).get(document)) return false;
      std::string_view state, group;
      return !document["state"].get(state) && state != "closed" && state != "abandoned" &&
             !document["routingData"]["skillGroup"]["id"].get(group) && !group.empty();
    }

    Readings* of_;
    Socket socket_;
    Done done_;
    http::request<http::empty_body> request_;
    std::optional<http::request_serializer<http::empty_body>> serializer_;
    std::optional<http::response_parser<http::string_body>> parser_;
    boost::beast::flat_static_buffer<16384> buffer_;
    simdjson::ondemand::parser json_;
  };

  void free(Connection& connection) {
    if (waiting_.empty()) return idle_.push_back(&connection);
    auto [number, done] = std::move(waiting_.front());
    waiting_.pop_front();
    connection.read(number, std::move(done));
  }

  asio::io_context* loop_;
  std::uint16_t port_;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> idle_;
  std::deque<std::pair<int, Done>> waiting_;
};

class PingPong {
 public:
  PingPong(asio::io_context& loop, const Work& work, Meter& meter)
      : loop_(&loop), work_(&work), meter_(&meter), socket_(loop), timer_(loop), readings_(loop, work.port),
        interactions_(static_cast<std::size_t>(work.in_flight)) {
    for (std::size_t i = 0; i < interactions_.size(); ++i) interactions_[i] = interaction_id(static_cast<int>(i));
  }

  void start() {
    socket_.next_layer().async_connect({asio::ip::address_v4::loopback(), work_->port}, [this](error_code error) {
      if (error) return fail();
      socket_.next_layer().set_option(tcp::no_delay(true));
      socket_.set_option(websocket::stream_base::timeout{std::chrono::seconds(10), std::chrono::seconds(75), true});
      socket_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
        request.set(http::field::authorization, "Bearer " + std::string(token));
      }));
      socket_.auto_fragment(false);
      socket_.text(true);
      socket_.async_handshake("127.0.0.1:" + std::to_string(work_->port), "/api/v2/interactions", [this](error_code failed) {
        if (failed) return fail();
        receive();
        for (int i = 0; i < work_->in_flight; ++i) next(i);
      });
    });
  }

 private:
  struct Pending {
    std::string id;
    int number;
    bool hold;
    SteadyClock::time_point begun, deadline;
  };

  void fail() {
    if (std::exchange(ended_, true)) return;
    meter_->end({}, false);
    end();
  }
  void end() {
    ended_ = true;
    meter_->abandon();
    loop_->stop();  // the stream's own timer would go on
  }

  void next(int number) {
    if (!meter_->more()) {
      if (--running_ == 0) end();
      return;
    }
    const auto begun = meter_->begin();
    if (work_->commands == Commands::releases) return command(number, false, begun);
    readings_.read(number, [this, number, begun](bool eligible) {
      if (ended_) return;
      if (!eligible) return fail();
      command(number, true, begun);
    });
  }
  void command(int number, bool hold, SteadyClock::time_point begun) {
    std::uint64_t bits[2] = {engine_(), engine_()};
    bits[0] = (bits[0] & ~0xf000ULL) | 0x4000, bits[1] = (bits[1] & ~(3ULL << 62)) | 2ULL << 62;
    std::string id = fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", bits[0] >> 32, bits[0] >> 16 & 0xffff, bits[0] & 0xffff, bits[1] >> 48,
                                 bits[1] & 0xffffffffffff);
    const std::string& interaction = interactions_[static_cast<std::size_t>(number)];
    std::string frame =
        hold ? fmt::format(R"({{"command":"send","correlationId":"{}","body":{{"type":"hold","interactionId":"{}","holdReason":"consultation",)"
                           R"("priority":5,"holdMusic":"{}","holdPrompt":"{}"}}}})",
                           id, interaction, music, prompt)
             : fmt::format(R"({{"command":"send","correlationId":"{}","body":{{"type":"unhold","interactionId":"{}","priority":5}}}})", id, interaction);
    order_.push_back({std::move(id), number, hold, begun, SteadyClock::now() + ack_timeout});
    pending_.emplace(order_.back().id, std::prev(order_.end()));
    if (!watching_) watch();
    outgoing_.push_back(std::move(frame));
    if (outgoing_.size() == 1) send();
  }
  void send() {
    socket_.async_write(asio::buffer(outgoing_.front()), [this](error_code error, std::size_t) {
      if (ended_) return;
      if (error) return fail();
      outgoing_.pop_front();
      if (!outgoing_.empty()) send();
    });
  }
  void receive() {
    socket_.async_read(buffer_, [this](error_code error, std::size_t) {
      if (ended_) return;
      if (error || !acknowledged()) return fail();
      if (!ended_) receive();
    });
  }
  bool acknowledged() {
    const auto data = buffer_.data();
    // The buffer's own room is the padding, but at its very end.
    if (data.size() + simdjson::SIMDJSON_PADDING > buffer_.max_size()) return false;
    simdjson::ondemand::document document;
    if (json_.iterate(static_cast<const char*>(data.data()), data.size(), data.size() + simdjson::SIMDJSON_PADDING).get(document)) return false;
    std::string_view id, type, interaction;
    if (document["correlationId"].get(id)) return false;
    const auto found = pending_.find(id);
    simdjson::ondemand::object body;
    if (found == pending_.end() || document["body"].get(body) || body["type"].get(type) || body["interactionId"].get(interaction)) return false;
    const Pending& command_of = *found->second;
    const auto [number, hold, begun] = std::tuple(command_of.number, command_of.hold, command_of.begun);
    if (type != (hold ? "hold" : "unhold") || interaction != interactions_[static_cast<std::size_t>(number)]) return false;
    const auto settled = found->second;
    pending_.erase(found);
    order_.erase(settled);
    buffer_.consume(buffer_.size());
    meter_->end(begun, true);
    if (hold) {
      command(number, false, meter_->begin());
    } else {
      next(number);
    }
    return true;
  }
  /// Wakes for the earliest limit; it has long been met then, as a rule, and the timer moves on.
  void watch() {
    watching_ = !order_.empty() && !ended_;
    if (!watching_) return;
    if (order_.front().deadline <= SteadyClock::now()) return fail();
    timer_.expires_at(order_.front().deadline);
    timer_.async_wait([this](error_code error) {
      if (!error) watch();
    });
  }

  asio::io_context* loop_;
  const Work* work_;
  Meter* meter_;
  websocket::stream<Socket, false> socket_;
  Timer timer_;
  Readings readings_;
  std::vector<std::string> interactions_;
  std::list<Pending> order_;  // by their limits
  std::unordered_map<std::string_view, std::list<Pending>::iterator> pending_;
  std::deque<std::string> outgoing_;
  boost::beast::flat_static_buffer<65536> buffer_;
  simdjson::ondemand::parser json_;
  std::mt19937_64 engine_{1};
  int running_ = work_->in_flight;
  bool ended_ = false, watching_ = false;
};

}  // namespace

Report bare_beast(const Work& work) {
  asio::io_context loop(1);
  Meter meter(work.span);
  PingPong side(loop, work, meter);
  side.start();
  loop.run();
  return meter.report();
}

}  // namespace patchbay::benchmarks
