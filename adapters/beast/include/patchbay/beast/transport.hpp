// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <patchbay/beast/options.hpp>
#include <patchbay/policy/completion_transport.hpp>

/// This header needs of Asio no more than the executor; what it declares is defined in the library `patchbay::beast`,
/// or in the one translation unit of a program that includes `<patchbay/beast/src.hpp>`.
namespace patchbay::beast {

namespace detail {
class Pool;
class LoopTimerState;
}  // namespace detail

/// A timer of a transport's loop; models `patchbay::LoopTimer`. It may outlive the loop, and then does nothing.
class Timer {
 public:
  explicit Timer(std::shared_ptr<detail::LoopTimerState> state) noexcept;
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;
  ~Timer();
  /// Leads to `done()` at or after `when`; with `never`, only when it is cancelled.
  void wait(SteadyTime when, Completion<void> done);
  void cancel() noexcept;

 private:
  std::shared_ptr<detail::LoopTimerState> state_;
};

/// An open WebSocket on a transport's loop; models `patchbay::CompletionChannel`.
///
/// Pings are answered while a `receive` is under way. One message is held back at most, so a peer that sends faster
/// than the client takes is slowed down by TCP. Close codes are those of `beast::Channel`. Each channel has a lock of
/// its own, so the context may be run by many threads. A moved-from channel may only be destroyed or assigned to.
class AsyncChannel {
 public:
  struct State;
  explicit AsyncChannel(std::shared_ptr<State> state) noexcept;
  AsyncChannel(AsyncChannel&&) noexcept;
  AsyncChannel& operator=(AsyncChannel&&) noexcept;
  /// Cuts the connection if it is still open, without a closing handshake; what is under way ends soon.
  ~AsyncChannel();

  /// Hands one text message to the operating system by `deadline`. `text` must be UTF-8. After an error the channel is
  /// dead; `not_sent` says that no byte of the frame left.
  void send(std::string_view text, SteadyTime deadline, Completion<TransportResult<void>> done);
  /// Sends an empty ping. Errors as in `send`.
  void ping(SteadyTime deadline, Completion<TransportResult<void>> done);
  /// Waits for what comes next and writes it into `event`, whose memory is used again.
  void receive(ChannelEvent& event, Completion<void> done);
  /// Sends a close frame with `code`, waits for the peer's until `deadline`, and ends the connection either way.
  void close(std::uint16_t code, SteadyTime deadline, Completion<void> done);

 private:
  std::shared_ptr<State> state_;
};

/// HTTP/1.1 over a pool of kept connections, and WebSocket, on the caller's event loop; models
/// `patchbay::CompletionTransport` and `patchbay::CompletionChannelTransport`.
///
/// - A handle: copies share one pool, so both doors and any number of operations can use one. When the last handle is
///   gone, what is under way is carried to its end. The context may end before a handle does: what was under way is
///   abandoned.
/// - Threads: every function may be called from any thread, and the context may be run by many. Completions run on
///   threads of the context, through the executor that was given, with no lock held. With an executor that is a strand
///   they run in the strand.
/// - The context is never run from here, and while nothing is under way it is given no work: its `run()` may return.
/// - An exchange uses a kept connection, or waits in line until one is free or made; the line is first come, first
///   served for each host. When the connections to all hosts are too many, one that is idle is closed for a host that
///   has none.
/// - A new connection is tried for one exchange: when it cannot be made, and no other to that host is up, the exchange
///   that has waited longest fails with the reason.
/// - Deadlines hold in every phase, by one timer for all exchanges. Names are looked up in a thread of their own, one
///   for each host at a time, which is left behind when nobody waits for it any more. While 16 or more are left behind
///   in a process, no other is begun: further ones fail with `resolve`. Those under way by then may still be left, so a
///   resolver that hangs holds 16 threads and one for each host that was asked for at once.
/// - TLS as in `BlockingTransport`; sessions are resumed (up to 8 are remembered for each host), with full verification
///   of the first.
/// - Kept connections that the peer closed, or that hold bytes nobody asked for, are dropped before they are used. If
///   one fails later and no byte of the request was accepted by the operating system, one fresh connection is tried;
///   otherwise the error says `maybe_sent`.
/// - Requests are not pipelined, no redirect is followed, no compression is asked for, nothing is logged.
class Transport {
 public:
  using timer_type = Timer;
  using channel_type = AsyncChannel;
  using executor_type = boost::asio::any_io_executor;

  explicit Transport(executor_type executor, PoolOptions options = {});
  /// On an execution context, `boost::asio::io_context` for example.
  template <class Context>
  requires requires(Context& c) { executor_type(c.get_executor()); }
  explicit Transport(Context& context, PoolOptions options = {})
      : Transport(executor_type(context.get_executor()), std::move(options)) {}

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done);
  /// Opens a WebSocket on a connection of its own, which counts for no bound. An acceptance may carry 8 KiB of header
  /// fields, other answers what the options allow; `refusal` as in `BlockingTransport::open`.
  ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline,
                  Completion<TransportResult<AsyncChannel>> done);
  void cancel(ExchangeId id) noexcept;
  void post(Completion<void> work);
  [[nodiscard]] Timer make_timer();

  /// Closes the kept connections that are not in use.
  void close_idle() noexcept;
  /// The executor that it was made with; an empty one after the end of the context.
  [[nodiscard]] executor_type get_executor() const noexcept;

 private:
  std::shared_ptr<detail::Pool> pool_;
};

}  // namespace patchbay::beast
