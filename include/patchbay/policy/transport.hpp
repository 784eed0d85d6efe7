// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include <patchbay/http.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// What went wrong below HTTP.
enum class TransportFault : std::uint8_t {
  resolve,              ///< The host name could not be resolved.
  connect,              ///< Refused or unreachable.
  tls,                  ///< The handshake failed, or the certificate is not the host's.
  plain_text_refused,   ///< The endpoint may not carry credentials without TLS.
  timed_out,            ///< The deadline passed.
  cancelled,            ///< Cancelled by the caller.
  reset,                ///< The connection ended before a whole answer came.
  too_large,            ///< The answer, or its header, is beyond the limit.
  malformed,            ///< The answer is not HTTP, or the frame not WebSocket.
  upgrade_refused,      ///< The server answered the WebSocket upgrade with something other than 101.
  closed,               ///< The channel is closed.
  queue_full,           ///< Too many exchanges wait for a connection, or none was free in time; nothing was sent.
};

[[nodiscard]] constexpr std::string_view to_string(TransportFault fault) noexcept {
  switch (fault) {
    case TransportFault::resolve: return "resolve";
    case TransportFault::connect: return "connect";
    case TransportFault::tls: return "tls";
    case TransportFault::plain_text_refused: return "plain_text_refused";
    case TransportFault::timed_out: return "timed_out";
    case TransportFault::cancelled: return "cancelled";
    case TransportFault::reset: return "reset";
    case TransportFault::too_large: return "too_large";
    case TransportFault::malformed: return "malformed";
    case TransportFault::upgrade_refused: return "upgrade_refused";
    case TransportFault::closed: return "closed";
    case TransportFault::queue_full: return "queue_full";
  }
  return "reset";
}

/// Whether the peer can have seen any of a request. When in doubt a transport says `maybe_sent`.
enum class Delivery : std::uint8_t { not_sent, maybe_sent };

/// A failed exchange.
class TransportError {
 public:
  TransportError(TransportFault fault_in, Delivery delivery_in, std::string detail_in = {})
      : fault(fault_in), delivery(delivery_in), detail(std::move(detail_in)) {}

  TransportFault fault;
  Delivery delivery;
  std::string detail;  ///< The cause for people, at most about 200 bytes, without header values, URLs or bodies.
};

template <class T>
using TransportResult = tl::expected<T, TransportError>;

/// Sends HTTP requests, one call at a time per calling thread.
///
/// Laws: `send` returns by `deadline` (a point on the door's clock) with the whole answer in `response`, or with an error
/// whose `delivery` is `not_sent` only if no byte of the request can have reached the peer. It follows no redirect,
/// repeats no request that may have been sent, bounds the answer by `request.max_body`, and logs no header. A door
/// may be used by many threads if `send` may.
template <class T>
concept Transport = requires(T& transport, const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
  { transport.send(request, response, deadline) } -> std::same_as<TransportResult<void>>;
};

/// A transport whose `send` can be ended from another thread, so that cancelling a call need not wait for the network.
///
/// Laws: those of `Transport`; and once a stop is requested `send` returns soon, with `TransportFault::cancelled` and a
/// truthful delivery, unless the whole answer has come.
template <class T>
concept StoppableTransport =
    Transport<T> && requires(T& transport, const HttpRequest& request, HttpResponse& response, SteadyTime deadline, std::stop_token stop) {
      { transport.send(request, response, deadline, std::move(stop)) } -> std::same_as<TransportResult<void>>;
    };

/// What a message channel reports.
class ChannelEvent {
 public:
  enum class Kind : std::uint8_t {
    idle,         ///< The deadline passed and nothing came.
    interrupted,  ///< Another thread called `interrupt()`.
    text,         ///< A whole text message, in `payload`.
    binary,       ///< A whole binary message, in `payload`.
    ping,         ///< The peer pinged; the transport has answered.
    pong,         ///< The peer answered a ping.
    closed,       ///< The connection is over: `close_code` and `reason`, or 1006 when it was cut.
  };

  Kind kind = Kind::idle;
  std::uint16_t close_code = 0;
  std::string reason;  ///< Of the close, at most 123 bytes.
  Body payload;
};

/// How to open a message channel (RFC 6455).
class ChannelRequest {
 public:
  ChannelRequest(const Endpoint& endpoint_in, std::string_view target_in) : endpoint(&endpoint_in), target(target_in) {}

  const Endpoint* endpoint;
  std::string_view target;  ///< May carry a token by setting, so it is never logged.
  std::span<const HeaderView> headers{};
  std::size_t max_message = std::size_t{1} << 20;  ///< Longer messages close the channel with 1009.
};

/// An open message channel.
///
/// Laws: one thread at a time calls anything but `interrupt`, which any thread may call, and which makes a present or the
/// next `receive` return `interrupted`. `send` returns when the whole message was handed to the operating system;
/// after an error, or a `closed` event, the channel is dead. The destructor ends the connection at once.
template <class T>
concept Channel = std::movable<T> && requires(T& channel, std::string_view text, ChannelEvent& event, std::uint16_t code, SteadyTime deadline) {
  { channel.send(text, deadline) } -> std::same_as<TransportResult<void>>;
  { channel.receive(event, deadline) } -> std::same_as<void>;
  { channel.ping(deadline) } -> std::same_as<TransportResult<void>>;
  { channel.close(code, deadline) } -> std::same_as<void>;
  { channel.interrupt() } noexcept;
};

/// A transport that can also open message channels.
///
/// Laws: `open` returns by `deadline`; a refused upgrade is `TransportFault::upgrade_refused` with the server's status
/// and header fields in `refusal`. Compression stays off (hazard B34).
template <class T>
concept ChannelTransport = Transport<T> && requires(T& transport, const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline) {
  typename T::channel_type;
  requires Channel<typename T::channel_type>;
  { transport.open(request, refusal, deadline) } -> std::same_as<TransportResult<typename T::channel_type>>;
};

}  // namespace patchbay
