// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>

#include <patchbay/curl/options.hpp>
#include <patchbay/http.hpp>
#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/time.hpp>

namespace patchbay::curl {

namespace detail {
class Inbox;
class LoopState;
struct TimerNode;
}  // namespace detail

class Loop;

/// A timer of a `Loop`; models `patchbay::LoopTimer`. It may outlive the loop.
class Timer {
 public:
  Timer(Timer&& other) noexcept;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer();

  void wait(SteadyTime when, Completion<void> done);
  void cancel() noexcept;

 private:
  friend class Transport;
  explicit Timer(std::shared_ptr<detail::Inbox> inbox);
  std::shared_ptr<detail::Inbox> inbox_;
  detail::TimerNode* node_ = nullptr;  // shared with the inbox, and freed by who lets go of it last
};

/// HTTP/1.1 over the kept connections of a `Loop`; models `patchbay::CompletionTransport`.
///
/// Copies are the same transport. It may outlive its loop: what is begun then is abandoned at once, within the call. So
/// is what finds no memory to be remembered in.
///
/// What `BlockingTransport` says of connecting, TLS, redirects, proxies, and what may have been sent is true here; both
/// have that code in common. It opens no message channels, as libcurl 7.88 has no WebSocket that could be relied on:
/// give a `HoldController` a `patchbay::Composed` of this and another transport.
class Transport {
 public:
  using timer_type = Timer;

  explicit Transport(Loop& loop);

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done);
  void cancel(ExchangeId id) noexcept;
  void post(Completion<void> work);
  [[nodiscard]] Timer make_timer();

 private:
  std::shared_ptr<detail::Inbox> inbox_;
};

/// An event loop over libcurl's multi interface, with its connections, run by a thread of the client.
///
/// \code
/// curl::Loop loop;
/// StateTransitioner door{Policies{.transport = curl::Transport{loop}}, settings};
/// ... begin what is to be done ...
/// loop.run();   // completions are called from here
/// \endcode
///
/// - Threads: one at a time may be inside the `run` functions, and all completions are called by it; a thread that
/// calls one
///   of them meanwhile, a completion among them, returns at once with 0. Exchanges, timers and work may be begun and
///   cancelled by any thread.
/// - Connections are kept and shared by all exchanges, up to `PoolOptions::max_connections`; exchanges that find none
/// free
///   wait in the order in which they came, host by host. An exchange in flight takes one easy handle of libcurl, a
///   waiting one about 160 bytes. TLS sessions are resumed by new connections.
/// - Names are resolved by threads of libcurl's, so that a resolver that hangs holds up nobody else. At most two are
///   waited for at once for one host, and there are 16 in all; other exchanges wait meanwhile, and then find the name
///   among those that libcurl remembers. A look-up that nobody waits for any more is left to end by itself, and is one
///   of the 16 until it does; when all were left, what needs another fails with `TransportFault::resolve`. A loop that
///   is destroyed leaves those that are under way.
/// - Waiting for sockets is one `poll` over the connections in use. The time this takes grows with their number, which
///   is why thousands of exchanges in flight do best on some tens of connections.
///
/// The loop owns what is begun on it: destroyed with work in it, it ends all connections and abandons that work.
class Loop {
 public:
  explicit Loop(PoolOptions options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  /// No thread may be inside the `run` functions.
  ~Loop();

  // Each gives the number of completions that were called.

  /// Runs until nothing is under way: no exchange, timer or piece of work.
  std::size_t run();
  /// Runs until a stop is requested, work or no work.
  std::size_t run(std::stop_token stop);
  /// Runs until `end`, or until nothing is under way.
  std::size_t run_until(SteadyTime end);
  /// Runs what is ready, and waits for nothing.
  std::size_t poll();

 private:
  friend class Transport;
  std::unique_ptr<detail::LoopState> state_;
};

}  // namespace patchbay::curl
