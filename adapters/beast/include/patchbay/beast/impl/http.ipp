// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <chrono>
#include <exception>

#include <patchbay/beast/impl/transport.hpp>

namespace patchbay::beast::detail {

// A read that refers to the stack; it ends with it, however that is left.
struct PendingRead {
  explicit PendingRead(Wire& wire_in) : wire(wire_in) {}
  PendingRead(const PendingRead&) = delete;
  PendingRead& operator=(const PendingRead&) = delete;
  ~PendingRead() {
    if (under_way) wire.abandon();
  }
  Wire& wire;
  error_code result;
  std::size_t count = 0;
  bool under_way = false;
};

TransportResult<Progress> read_answer(Connection& connection, SteadyTime deadline) {
  Wire& wire = *connection.wire;
  for (;;) {
    const auto room = connection.reader->room();
    if (!room) return tl::unexpected(room.error());
    PendingRead read(wire);
    wire.start_read(*room,
                    [&read](error_code e, std::size_t n) { read.result = e, read.count = n, read.under_way = false; });
    read.under_way = true;
    if (!wire.run_until(deadline, [&] { return !read.under_way; })) {
      if (connection.reader->enough()) return Progress::whole;
      return tl::unexpected(
          describe(TransportFault::timed_out, Delivery::maybe_sent, "the answer did not come in time"));
    }
    auto progress = connection.reader->took(read.count);
    if (progress && *progress == Progress::more) {
      if (!read.result) continue;
      return connection.reader->ended(read.result);
    }
    return progress;
  }
}

// Writes all of a request while its answer is awaited.
class RequestWriter {
 public:
  RequestWriter(Wire& wire, std::string_view head, std::string_view body) : wire_(wire), head_(head), body_(body) {
    next();
  }
  RequestWriter(const RequestWriter&) = delete;
  RequestWriter& operator=(const RequestWriter&) = delete;
  // An answer can come, or an exception leave, while the write is still under way.
  ~RequestWriter() {
    if (under_way_) wire_.abandon();
  }

  [[nodiscard]] bool complete() const noexcept { return !under_way_ && head_.empty() && body_.empty(); }

 private:
  void next() {
    Gather rest;
    rest.add(net::buffer(head_));
    rest.add(net::buffer(body_));
    wire_.start_write(rest, [this](error_code ec, std::size_t n) {
      under_way_ = false;
      const std::size_t of_head = std::min(n, head_.size());
      head_.remove_prefix(of_head);
      body_.remove_prefix(n - of_head);
      // A failed write is no verdict: the peer may have answered before it stopped reading, and reading will tell.
      if (!ec && !(head_.empty() && body_.empty())) next();
    });
    under_way_ = true;
  }

  Wire& wire_;
  std::string_view head_;
  std::string_view body_;
  bool under_way_ = false;
};

}  // namespace patchbay::beast::detail

namespace patchbay::beast {

BlockingTransport::BlockingTransport(Options options) : state_(std::make_unique<State>(std::move(options))) {}
BlockingTransport::BlockingTransport(BlockingTransport&&) noexcept = default;
BlockingTransport& BlockingTransport::operator=(BlockingTransport&&) noexcept = default;
BlockingTransport::~BlockingTransport() = default;

TransportResult<void> BlockingTransport::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
  return send(request, response, deadline, std::stop_token{});
}

TransportResult<void> BlockingTransport::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                              std::stop_token stop) {
  TransportResult<void> result = state_->send(request, response, deadline, stop);
  // Below, a stop ends each wait as its deadline does.
  if (!result && result.error().fault == TransportFault::timed_out && stop.stop_requested())
    return tl::unexpected(detail::describe(TransportFault::cancelled, result.error().delivery, "a stop was requested"));
  return result;
}

TransportResult<void> BlockingTransport::State::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                                     const std::stop_token& stop) {
  namespace d = detail;
  response.clear();
  const Endpoint& endpoint = *request.endpoint;
  if (auto checked = d::check_request(endpoint, request.target, request.headers); !checked) return checked;
  if (std::chrono::steady_clock::now() >= deadline)
    return tl::unexpected(d::describe(TransportFault::timed_out, Delivery::not_sent, "the deadline had passed"));
  if (stop.stop_requested())
    return tl::unexpected(d::describe(TransportFault::cancelled, Delivery::not_sent, "a stop was requested"));

  bool begun = false;
  try {
    std::string head;
    d::write_head(head, request, options.max_idle_connections != 0);
    for (bool fresh = false;; fresh = true) {
      begun = false;
      d::Connection connection;
      if (!fresh) connection = pool.take(endpoint, options.idle_timeout);
      const bool kept = connection.wire != nullptr;
      if (!kept) {
        auto wire = connector.connect(endpoint, deadline, stop);
        if (!wire) return tl::unexpected(std::move(wire.error()));
        connection.wire = std::move(*wire);
        connection.reader = std::make_unique<d::AnswerReader>();
      } else {
        connection.wire->stop_with(stop);
      }
      const std::uint64_t sent_before = connection.wire->sent();
      begun = true;
      bool reusable = false;
      TransportResult<d::Progress> answer = [&] {
        const d::RequestWriter writer(*connection.wire, head, request.body);
        connection.reader->begin(response, options.max_header_bytes, request.max_body, false);
        auto result = d::read_answer(connection, deadline);
        reusable = result && *result == d::Progress::reusable && writer.complete();
        return result;
      }();
      connection.wire->stop_with({});
      if (answer) {
        if (reusable) pool.keep(endpoint, std::move(connection), options.max_idle_connections);
        return {};
      }
      connection.wire->abandon();
      if (connection.wire->sent() != sent_before) return tl::unexpected(std::move(answer.error()));
      answer.error().delivery = Delivery::not_sent;
      if (!kept || answer.error().fault != TransportFault::reset) return tl::unexpected(std::move(answer.error()));
    }
  } catch (const std::exception& e) {
    if (begun) return tl::unexpected(d::describe(TransportFault::reset, Delivery::maybe_sent, e.what()));
    return tl::unexpected(d::describe(TransportFault::connect, Delivery::not_sent, e.what()));
  }
}

}  // namespace patchbay::beast
