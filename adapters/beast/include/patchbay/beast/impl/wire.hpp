// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>

#include <patchbay/beast/impl/gather.hpp>
#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/tls.hpp>
#include <patchbay/beast/options.hpp>
#include <patchbay/policy/transport.hpp>
#include <patchbay/time.hpp>

namespace patchbay::beast::detail {

namespace net = boost::asio;
using boost::system::error_code;
using tcp = net::ip::tcp;

/// What runs when a read or write ends: any callable `void(error_code, std::size_t)`, move-only ones included. One type
/// for all of them means that Asio's TLS and socket operations are compiled once, not once for each Beast operation.
class IoHandler {
 public:
  IoHandler() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, IoHandler>) IoHandler(F&& f)
      : held_(std::make_unique<Holder<std::remove_cvref_t<F>>>(std::forward<F>(f))) {}

  void operator()(error_code ec, std::size_t n) {
    const std::unique_ptr<Base> held = std::move(held_);
    held->run(ec, n);
  }

 private:
  struct Base {
    Base() = default;
    Base(const Base&) = delete;
    Base& operator=(const Base&) = delete;
    virtual ~Base() = default;
    virtual void run(error_code ec, std::size_t n) = 0;
  };
  template <class F>
  struct Holder final : Base {
    template <class G>
    explicit Holder(G&& g) : f(std::forward<G>(g)) {}
    void run(error_code ec, std::size_t n) override { std::move(f)(ec, n); }
    F f;
  };
  std::unique_ptr<Base> held_;
};

/// One connection, plain or TLS, with the event loop that it runs on. One thread at a time uses it; `wake` is free.
///
/// The loop runs only inside `run_until` and `abandon`. A caller may return while a read is outstanding only if what
/// the read refers to lives as long as the wire.
class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { abandon(); }

  [[nodiscard]] net::io_context& context() noexcept { return context_; }

  /// Tries the addresses in turn, giving each an equal share of the time that is left.
  [[nodiscard]] TransportResult<void> connect(std::span<const tcp::endpoint> addresses, SteadyTime deadline);
  /// Turns TLS on: SNI, verification of `host` unless `verify` is off, the handshake.
  [[nodiscard]] TransportResult<void> start_tls(SSL_CTX* context, const std::string& host, bool verify,
                                                SteadyTime deadline);

  /// Reads or writes some bytes; at most one of each at a time. The completion runs on the loop, never inside the call.
  void start_read(net::mutable_buffer into, IoHandler done);
  void start_write(const Gather& from, IoHandler done);

  /// Lets `run_until` end once a stop is requested, as if the deadline had passed; an empty token takes that back.
  void stop_with(std::stop_token stop) {
    on_stop_.reset();
    stop_ = std::move(stop);
    if (stop_.stop_possible()) on_stop_.emplace(stop_, Waker{this});
  }

  /// Runs the loop until `done()` or the deadline; says whether `done()` holds.
  template <class Done>
  [[nodiscard]] bool run_until(SteadyTime deadline, Done done) {
    while (!done()) {
      if (stop_.stop_requested()) return false;
      if (context_.stopped()) {
        context_.restart();  // by `wake`, perhaps after `done` was asked: what it was for must not be slept through
        if (done()) return true;
        if (stop_.stop_requested()) return false;
      }
      if (context_.run_one_until(deadline) == 0 && std::chrono::steady_clock::now() >= deadline) return done();
    }
    return true;
  }
  /// Runs what is ready, without waiting; `limit` handlers at most, so that a flood cannot hold the caller.
  template <class Done>
  void run_ready(Done done, int limit = 64) {
    if (context_.stopped()) context_.restart();
    while (limit-- > 0 && !done() && context_.poll_one() != 0) {
    }
  }

  /// Makes a running `run_until` look at its condition again. Any thread; allocates nothing.
  void wake() noexcept {
    ++wakes_begun_;
    context_.stop();
    ++wakes_ended_;
  }

  /// Grows when request bytes can have left: by the bytes that the operating system took, or, over TLS, at the start of
  /// each write, since nobody knows how much of a record was taken.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

  /// No byte waits to be read and the peer has not closed. Not to be asked while a read is outstanding.
  [[nodiscard]] bool quiet() noexcept;

  /// Tells the peer that nothing more will be sent.
  void shutdown_send() noexcept;
  /// Closes the socket; outstanding operations end when the loop runs again.
  void cut() noexcept;
  /// Closes the socket and runs every handler to its end, so that none outlives what it refers to.
  void abandon() noexcept;

 private:
  struct Waker {
    void operator()() const noexcept { wire->wake(); }
    Wire* wire;
  };
  net::io_context context_{1};
  tcp::socket socket_{context_};
  std::optional<net::ssl::stream<tcp::socket&>> tls_;
  std::uint64_t sent_ = 0;
  std::atomic<std::uint32_t> wakes_begun_{0};
  std::atomic<std::uint32_t> wakes_ended_{0};
  std::stop_token stop_;
  std::optional<std::stop_callback<Waker>> on_stop_;  ///< Ends first: it refers to the rest.
};

/// Makes connected wires. Thread-safe.
class Connector {
 public:
  explicit Connector(const Options& options) : options_(options), tls_(options) {}
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  /// Resolves, connects and, where the endpoint says so, starts TLS. Every error is `not_sent`.
  [[nodiscard]] TransportResult<std::unique_ptr<Wire>> connect(const Endpoint& endpoint, SteadyTime deadline,
                                                               const std::stop_token& stop = {});

 private:
  const Options& options_;
  TlsContext tls_;
};

}  // namespace patchbay::beast::detail
