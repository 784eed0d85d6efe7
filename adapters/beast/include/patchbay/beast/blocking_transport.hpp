// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string_view>

#include <patchbay/beast/options.hpp>
#include <patchbay/http.hpp>
#include <patchbay/policy/transport.hpp>
#include <patchbay/time.hpp>

/// Transports on Boost.Beast. This header names no Beast, Asio or OpenSSL type: what it declares is defined in the
/// library `patchbay::beast`, or in the one translation unit of a program that includes `<patchbay/beast/src.hpp>`.
namespace patchbay::beast {

/// An open WebSocket, moved by its thread; models `patchbay::Channel`.
///
/// Received pings are answered only while a call of this channel runs. One message is held back at most: the next is
/// read from the socket after the present one was taken, so a peer that sends faster than the client reads is slowed
/// down by TCP. A moved-from channel behaves as a closed one.
class Channel {
 public:
  struct State;
  explicit Channel(std::unique_ptr<State> state) noexcept;
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  /// Cuts the connection if it is still open, without a closing handshake, and waits for nothing.
  ~Channel();

  /// Hands one text message to the operating system by `deadline`. `text` must be UTF-8 (the peer closes with 1007
  /// otherwise). After an error the channel is dead; `not_sent` says that no byte of the frame left.
  [[nodiscard]] TransportResult<void> send(std::string_view text, SteadyTime deadline);

  /// Waits for what comes next and writes it into `event`, whose memory is used again. A deadline that has passed
  /// looks once at what has already arrived. On a dead channel each call reports `closed` with the same code:
  /// the peer's; 1005 when it gave none; 1002, 1007 or 1009 when this side ended it for a fault of the peer; 1006
  /// when the connection was cut.
  void receive(ChannelEvent& event, SteadyTime deadline);

  /// Sends an empty ping. Errors as in `send`.
  [[nodiscard]] TransportResult<void> ping(SteadyTime deadline);

  /// Sends a close frame with `code` (1000 to 4999 as RFC 6455 section 7.4 allows), waits for the peer's until
  /// `deadline`, and ends the connection either way. Messages that arrive meanwhile are dropped.
  void close(std::uint16_t code, SteadyTime deadline);

  /// Makes a present or the next `receive` return `interrupted`. Any thread may call it while the channel lives.
  void interrupt() noexcept;

 private:
  std::unique_ptr<State> state_;
};

/// HTTP/1.1 over kept connections, and WebSocket; models `patchbay::StoppableTransport` and `patchbay::ChannelTransport`.
///
/// - Threads: `send` and `open` may be called by many at once. Each connection owns a private event loop that runs only
///   inside the call that uses it, so no thread waits for another's exchange.
/// - Deadlines hold in name resolution, connecting, TLS, writing and reading. The operating system's resolver cannot be
///   cancelled, so a name (an address needs none) is looked up in a thread of its own. A call whose deadline passes
///   leaves that thread behind: it holds nothing but its own result and ends when the resolver gives up. While 16 or
///   more are left behind in a process, no other is begun: further look-ups fail at once with `resolve`. Those under way
///   by then may still be left, so a resolver that hangs holds 16 threads and one for each call that was made at once.
/// - TLS 1.2 or later, the host's name or address verified against the certificate (RFC 6125; the common name is not
///   looked at), SNI, the system's trust store. An endpoint that may not carry credentials is refused.
/// - Kept connections that the peer closed, or that hold bytes nobody asked for, are dropped before they are used. If
///   one fails later and no byte of the request was accepted by the operating system, one fresh connection is tried;
///   otherwise the error says `maybe_sent`. Over TLS a started write counts as sent.
/// - No redirect is followed, no compression is asked for, nothing is logged.
///
/// What the outside world does is an error value; so is a lack of file descriptors, which is `TransportFault::connect`.
class BlockingTransport {
 public:
  using channel_type = Channel;

  explicit BlockingTransport(Options options = {});
  BlockingTransport(BlockingTransport&&) noexcept;
  BlockingTransport& operator=(BlockingTransport&&) noexcept;
  /// Closes the kept connections. No call may be under way; channels live on by themselves.
  ~BlockingTransport();

  /// Sends `request` and reads the whole answer into `response`. What was read of an answer that then failed stays in
  /// `response` and means nothing.
  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline);
  /// The same; ends soon with `cancelled` when a stop is requested, in whatever phase.
  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                           std::stop_token stop);

  /// Opens a WebSocket; an acceptance may carry 8 KiB of header fields, other answers what the options allow. On
  /// `upgrade_refused`, `refusal` holds the server's status, header fields and at most 4 KiB of its body.
  [[nodiscard]] TransportResult<Channel> open(const ChannelRequest& request, HttpResponse& refusal,
                                              SteadyTime deadline);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::beast
