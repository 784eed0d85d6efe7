// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <charconv>
#include <cstring>  // memmove
#include <exception>
#include <optional>

#include <boost/asio/error.hpp>

#include <patchbay/beast/impl/response_reader.hpp>
#include <patchbay/beast/impl/transport.hpp>
#include <patchbay/version.hpp>

namespace patchbay::beast::detail {

namespace http = boost::beast::http;

constexpr std::size_t first_buffer = std::size_t{16} << 10;
constexpr int max_interim_answers = 16;

bool is_writable(std::string_view target, std::span<const HeaderView> headers) noexcept {
  const auto printable = [](std::string_view s, bool blanks) {
    return std::all_of(s.begin(), s.end(), [blanks](char c) {
      const auto u = static_cast<unsigned char>(c);
      return u > 0x20 ? u != 0x7f : blanks && (c == ' ' || c == '\t');
    });
  };
  if (!target.starts_with('/') || !printable(target, false)) return false;
  return std::all_of(headers.begin(), headers.end(), [&](const HeaderView& h) {
    return !h.name.empty() && printable(h.name, false) && h.name.find(':') == std::string_view::npos &&
           printable(h.value, true);
  });
}

// What a parse error means to the caller. Whether bytes were sent is for the sender to add.
TransportError parse_failure(const error_code& ec) {
  if (ec == http::error::header_limit)
    return describe(TransportFault::too_large, Delivery::maybe_sent, "the answer's header is beyond the limit");
  if (ec == http::error::body_limit)
    return describe(TransportFault::too_large, Delivery::maybe_sent, "the answer's body is beyond the limit");
  return describe(TransportFault::malformed, Delivery::maybe_sent, "the answer is not HTTP", ec);
}

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

TransportResult<Answer> read_answer(Connection& connection, std::size_t have, HttpResponse& response,
                                    std::size_t max_header, std::size_t max_body, bool cut, SteadyTime deadline) {
  Wire& wire = *connection.wire;
  std::optional<ResponseReader> reader(std::in_place, response, max_header, max_body, cut);
  std::size_t begin = 0;
  std::size_t end = have;
  int interim = 0;
  bool ended = false;  // the peer will send nothing more
  error_code end_cause;
  for (;;) {
    // Beast waits for a whole header before it looks at its first byte; a peer that speaks something else may never
    // send one.
    constexpr std::string_view opening = "HTTP/1.";
    const std::string_view seen(connection.buffer.get() + begin, end - begin);
    if (!reader->got_some() && seen.substr(0, opening.size()) != opening.substr(0, seen.size()))
      return tl::unexpected(describe(TransportFault::malformed, Delivery::maybe_sent, "the answer is not HTTP"));

    error_code ec;
    while (begin != end && !reader->is_done()) {
      const std::size_t used = reader->put(net::const_buffer(connection.buffer.get() + begin, end - begin), ec);
      begin += used;
      if (ec || used == 0) break;
    }
    if (ec == http::error::need_more) ec = {};
    // Where a body is only worth having, a header that is whole is an answer, whatever becomes of the body.
    const bool enough = cut && reader->is_header_done() && response.status >= 200;
    if (ec && enough) return Answer{false};
    if (ec) return tl::unexpected(parse_failure(ec));

    if (!reader->is_done() && ended) {
      // A body without a length ends with the connection; over TLS only a close notification proves that nobody cut it.
      if (end_cause == net::error::eof && reader->is_header_done() && reader->need_eof()) return Answer{false};
      if (enough) return Answer{false};
      const bool nothing = !reader->got_some() && begin == end;
      return tl::unexpected(
          describe(TransportFault::reset, Delivery::maybe_sent,
                   nothing ? "the connection ended before an answer came" : "the connection ended within the answer",
                   end_cause));
    }
    if (reader->is_done()) {
      if (response.status >= 200) return Answer{reader->keep_alive() && begin == end};
      if (response.status == 101 || ++interim > max_interim_answers)
        return tl::unexpected(
            describe(TransportFault::malformed, Delivery::maybe_sent, "an interim answer that nobody asked for"));
      reader.emplace(response, max_header, max_body, cut);
      continue;
    }

    // Unparsed bytes, a header's or a chunk header's beginning, must be contiguous with what follows.
    if (begin != 0) std::memmove(connection.buffer.get(), connection.buffer.get() + begin, end - begin);
    end -= std::exchange(begin, 0);
    if (end == connection.capacity) {
      const std::size_t limit = std::max(max_header, first_buffer) + 1;
      if (end >= limit) return tl::unexpected(parse_failure(http::error::header_limit));
      const std::size_t larger = std::min(std::max(first_buffer, connection.capacity * 2), limit);
      auto grown = std::make_unique_for_overwrite<char[]>(larger);
      if (end != 0) std::memcpy(grown.get(), connection.buffer.get(), end);
      connection.buffer = std::move(grown);
      connection.capacity = larger;
    }

    PendingRead read(wire);
    wire.start_read(net::mutable_buffer(connection.buffer.get() + end, connection.capacity - end),
                    [&read](error_code e, std::size_t n) { read.result = e, read.count = n, read.under_way = false; });
    read.under_way = true;
    if (!wire.run_until(deadline, [&] { return !read.under_way; })) {
      if (enough) return Answer{false};
      return tl::unexpected(
          describe(TransportFault::timed_out, Delivery::maybe_sent, "the answer did not come in time"));
    }
    end += read.count;
    ended = static_cast<bool>(read.result);
    end_cause = read.result;
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

std::string user_agent() {
  return std::string("patchbay/")
      .append(std::to_string(PATCHBAY_VERSION_MAJOR))
      .append(".")
      .append(std::to_string(PATCHBAY_VERSION_MINOR));
}

std::string write_head(const HttpRequest& request, bool keep) {
  std::string head;
  std::size_t size = 160 + request.target.size() + request.endpoint->authority().size();
  for (const HeaderView& h : request.headers) size += h.name.size() + h.value.size() + 4;
  head.reserve(size);
  head.append(to_string(request.method))
      .append(" ")
      .append(request.target)
      .append(" HTTP/1.1\r\nHost: ")
      .append(request.endpoint->authority());
  head.append("\r\nUser-Agent: ").append(user_agent()).append("\r\n");
  if (!keep) head.append("Connection: close\r\n");
  for (const HeaderView& h : request.headers) head.append(h.name).append(": ").append(h.value).append("\r\n");
  if (request.method != Method::get || !request.body.empty())
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  return head.append("\r\n");
}

}  // namespace patchbay::beast::detail

namespace patchbay::beast {

BlockingTransport::BlockingTransport(Options options) : state_(std::make_unique<State>(std::move(options))) {}
BlockingTransport::BlockingTransport(BlockingTransport&&) noexcept = default;
BlockingTransport& BlockingTransport::operator=(BlockingTransport&&) noexcept = default;
BlockingTransport::~BlockingTransport() = default;

TransportResult<void> BlockingTransport::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
  namespace d = detail;
  response.clear();
  const Endpoint& endpoint = *request.endpoint;
  if (!endpoint.may_carry_credentials())
    return tl::unexpected(
        d::describe(TransportFault::plain_text_refused, Delivery::not_sent, "the endpoint needs TLS"));
  if (!d::is_writable(request.target, request.headers))
    return tl::unexpected(d::describe(TransportFault::malformed, Delivery::not_sent,
                                      "the request's target or a header field cannot be written"));
  if (std::chrono::steady_clock::now() >= deadline)
    return tl::unexpected(d::describe(TransportFault::timed_out, Delivery::not_sent, "the deadline had passed"));

  const Options& options = state_->options;
  bool begun = false;
  try {
    const std::string head = d::write_head(request, options.max_idle_connections != 0);
    for (bool fresh = false;; fresh = true) {
      begun = false;
      d::Connection connection;
      if (!fresh) connection = state_->pool.take(endpoint, options.idle_timeout);
      const bool kept = connection.wire != nullptr;
      if (!kept) {
        auto wire = state_->connector.connect(endpoint, deadline);
        if (!wire) return tl::unexpected(std::move(wire.error()));
        connection.wire = std::move(*wire);
      }
      const std::uint64_t sent_before = connection.wire->sent();
      begun = true;
      bool reusable = false;
      TransportResult<d::Answer> answer = [&] {
        const d::RequestWriter writer(*connection.wire, head, request.body);
        auto result =
            d::read_answer(connection, 0, response, options.max_header_bytes, request.max_body, false, deadline);
        reusable = result && result->reusable && writer.complete();
        return result;
      }();
      if (answer) {
        if (reusable) state_->pool.keep(endpoint, std::move(connection), options.max_idle_connections);
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
