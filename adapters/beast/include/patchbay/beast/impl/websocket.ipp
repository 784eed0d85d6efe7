// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <atomic>
#include <cstring>  // memcpy
#include <exception>
#include <optional>

#include <patchbay/beast/impl/transport.hpp>
#include <patchbay/beast/impl/upgrade.hpp>
#include <patchbay/beast/impl/websocket_stream.hpp>

namespace patchbay::beast {

namespace detail {

/// Reads an answer whose first bytes are `seen`; a body that does not end is cut.
TransportResult<Progress> read_refusal(Connection& connection, std::string_view seen, HttpResponse& refusal,
                                       std::size_t max_header, SteadyTime deadline) {
  AnswerReader& reader = *connection.reader;
  reader.begin(refusal, max_header, max_refusal_body, true);
  while (!seen.empty()) {
    const auto room = reader.room();
    if (!room) return tl::unexpected(room.error());
    const std::size_t n = std::min(seen.size(), room->size());
    std::memcpy(room->data(), seen.data(), n);
    seen.remove_prefix(n);
    auto progress = reader.took(n);
    if (!progress || *progress != Progress::more) return progress;
  }
  return read_answer(connection, deadline);
}

}  // namespace detail

/// The connection, and what has been read but not taken. Operations refer to members, never to a caller's stack, except
/// to the text of a write, which `finish` therefore ends before the caller returns.
struct Channel::State {
  State(detail::Connection connection_in, std::size_t max_message)
      : connection(std::move(connection_in)),
        gate(*connection.wire),
        stream(gate),
        into(inbox.message, std::max<std::size_t>(max_message, 1)) {
    inbox.set_up(stream, max_message);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { wire().abandon(); }

  [[nodiscard]] detail::Wire& wire() noexcept { return *connection.wire; }

  /// Keeps one read outstanding, unless a message waits to be taken.
  void read_ahead() {
    if (reading || inbox.dead || inbox.has_message) return;
    inbox.message.clear();
    stream.async_read(into, [this](detail::error_code ec, std::size_t) {
      reading = false;
      if (!ec) {
        inbox.has_message = true;
        inbox.is_text = stream.got_text();
      } else {
        inbox.die(detail::close_code_of(ec, stream.reason()), stream.reason());
      }
    });
    reading = true;
  }
  /// Ends the connection and every operation on it.
  void finish(std::uint16_t code) {
    inbox.die(code, stream.reason());
    wire().abandon();
  }

  bool take(ChannelEvent& event) {
    if (!inbox.take(event)) return false;
    if (event.kind == ChannelEvent::Kind::closed) wire().abandon();
    return true;
  }

  /// Runs one writing operation, which `start` begins with the handler that it is given.
  template <class Start>
  TransportResult<void> write(SteadyTime deadline, std::string_view what, Start start) {
    if (inbox.dead)
      return tl::unexpected(detail::describe(TransportFault::closed, Delivery::not_sent, "the channel is closed"));
    const std::uint64_t sent_before = wire().sent();
    TransportFault fault = TransportFault::timed_out;
    try {
      if (std::chrono::steady_clock::now() < deadline) {
        read_ahead();
        writing = true;
        write_result = {};
        start([this](detail::error_code ec, std::size_t = 0) {
          writing = false;
          write_result = ec;
        });
        if (wire().run_until(deadline, [this] { return !writing || inbox.dead; })) {
          if (!writing && !write_result) return {};
          fault = inbox.dead && inbox.close_code != detail::was_cut ? TransportFault::closed : TransportFault::reset;
        }
      }
    } catch (const std::exception&) {
      fault = TransportFault::reset;
    }
    finish(detail::was_cut);
    const Delivery delivery = wire().sent() == sent_before ? Delivery::not_sent : Delivery::maybe_sent;
    return tl::unexpected(detail::describe(fault, delivery, what));
  }

  detail::Connection connection;  // first, because everything else runs on its loop
  detail::Gate gate;
  detail::Inbox inbox;
  detail::WebSocket stream;
  detail::BodyBuffer into;
  detail::error_code write_result;
  std::atomic<bool> interrupted{false};
  bool reading = false;
  bool writing = false;
};

Channel::Channel(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

TransportResult<void> Channel::send(std::string_view text, SteadyTime deadline) {
  if (!state_)
    return tl::unexpected(detail::describe(TransportFault::closed, Delivery::not_sent, "the channel was moved away"));
  return state_->write(deadline, "the message was not sent whole", [&](auto handler) {
    state_->stream.async_write(boost::asio::buffer(text), std::move(handler));
  });
}

TransportResult<void> Channel::ping(SteadyTime deadline) {
  if (!state_)
    return tl::unexpected(detail::describe(TransportFault::closed, Delivery::not_sent, "the channel was moved away"));
  return state_->write(deadline, "the ping was not sent",
                       [&](auto handler) { state_->stream.async_ping({}, std::move(handler)); });
}

void Channel::receive(ChannelEvent& event, SteadyTime deadline) {
  event.kind = ChannelEvent::Kind::closed;
  event.close_code = detail::was_cut;
  event.reason.clear();
  event.payload.clear();
  if (!state_) return;
  State& s = *state_;
  const auto interrupted = [&s] { return s.interrupted.load(std::memory_order_relaxed); };
  try {
    if (!interrupted() && !s.inbox.has_event()) {
      s.read_ahead();
      const auto ready = [&] { return interrupted() || s.inbox.has_event(); };
      if (std::chrono::steady_clock::now() >= deadline) {
        s.wire().run_ready(ready);
      } else {
        static_cast<void>(s.wire().run_until(deadline, ready));
      }
    }
    event.close_code = 0;
    if (s.interrupted.exchange(false)) {
      event.kind = ChannelEvent::Kind::interrupted;
    } else if (!s.take(event)) {
      event.kind = ChannelEvent::Kind::idle;
    }
  } catch (const std::exception&) {  // no memory for a message
    s.finish(detail::was_cut);
    event.kind = ChannelEvent::Kind::closed;
    event.close_code = s.inbox.close_code;
  }
}

void Channel::close(std::uint16_t code, SteadyTime deadline) {
  if (!state_ || state_->inbox.dead) return;
  State& s = *state_;
  s.inbox.has_message = false;
  std::uint16_t ended = detail::was_cut;
  try {
    s.writing = true;
    s.write_result = {};
    const detail::websocket::close_reason reason(detail::is_sendable(code) ? code : std::uint16_t{1000});
    s.stream.async_close(reason, [&s](detail::error_code ec) {
      s.writing = false;
      s.write_result = ec;
    });
    const auto done = [&s] { return !s.writing; };
    if (std::chrono::steady_clock::now() >= deadline) {
      s.wire().run_ready(done);  // the frame is written if the socket takes it
    } else if (s.wire().run_until(deadline, done) && !s.write_result) {
      ended = detail::close_code_of(detail::websocket::error::closed, s.stream.reason());
    }
  } catch (const std::exception&) {
  }
  s.inbox.has_message = false;
  s.finish(ended);
}

void Channel::interrupt() noexcept {
  if (!state_) return;
  state_->interrupted = true;
  state_->wire().wake();
}

TransportResult<Channel> BlockingTransport::open(const ChannelRequest& request, HttpResponse& refusal,
                                                 SteadyTime deadline) {
  namespace d = detail;
  namespace websocket = detail::websocket;
  refusal.clear();
  const Endpoint& endpoint = *request.endpoint;
  if (auto checked = d::check_request(endpoint, request.target, request.headers); !checked)
    return tl::unexpected(std::move(checked.error()));
  if (std::chrono::steady_clock::now() >= deadline)
    return tl::unexpected(d::describe(TransportFault::timed_out, Delivery::not_sent, "the deadline had passed"));

  std::unique_ptr<Channel::State> channel;
  const auto delivery = [&] {
    return channel && channel->wire().sent() != 0 ? Delivery::maybe_sent : Delivery::not_sent;
  };
  try {
    d::Connection connection;
    {
      auto wire = state_->connector.connect(endpoint, deadline);
      if (!wire) return tl::unexpected(std::move(wire.error()));
      connection.wire = std::move(*wire);
      connection.reader = std::make_unique<d::AnswerReader>();
    }
    channel = std::make_unique<Channel::State>(std::move(connection), request.max_message);
    Channel::State& s = *channel;
    s.stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& upgrade) {
      d::write_upgrade(upgrade, request);
    }));
    const SteadyTime decided_by =
        std::min(deadline, after(std::chrono::steady_clock::now(), state_->options.handshake_timeout));
    s.writing = true;
    const boost::beast::string_view target(request.target.data(), request.target.size());
    s.stream.async_handshake(endpoint.authority(), target, [&s](d::error_code ec) {
      s.writing = false;
      s.write_result = ec;
    });
    if (!s.wire().run_until(decided_by, [&s] { return !s.writing; })) {
      s.wire().abandon();
      return tl::unexpected(d::describe(TransportFault::timed_out, delivery(), "the upgrade was not answered in time"));
    }
    if (!s.write_result) {
      s.gate.watch().open();
      // The decorator refers to the request, which ends with this call.
      s.stream.set_option(websocket::stream_base::decorator([](websocket::request_type&) {}));
      return Channel(std::move(channel));
    }
    if (s.gate.watch().shut()) {
      auto answer = d::read_refusal(s.connection, s.gate.watch().seen(), refusal, state_->options.max_header_bytes,
                                    decided_by);
      if (!answer) return tl::unexpected(std::move(answer.error()));
      return tl::unexpected(d::upgrade_refused());
    }
    return tl::unexpected(d::upgrade_failure(s.write_result, delivery()));
  } catch (const std::exception& e) {
    return tl::unexpected(d::describe(channel ? TransportFault::reset : TransportFault::connect, delivery(), e.what()));
  }
}

}  // namespace patchbay::beast
