// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/beast/impl/answer_reader.hpp>
#include <patchbay/beast/impl/wire.hpp>

namespace patchbay::beast::detail {

/// A wire that speaks HTTP, and what reads its answers.
struct Connection {
  std::unique_ptr<Wire> wire;
  std::unique_ptr<AnswerReader> reader;
};

/// Connections that wait for their next request. Thread-safe; never holds its lock over anything but moves.
class IdleConnections {
 public:
  /// The most recently used one for the endpoint that is neither stale nor closed by the peer.
  [[nodiscard]] Connection take(const Endpoint& endpoint, Duration idle_timeout) {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (;;) {
      Idle found;
      std::vector<Idle> stale;  // closed outside the lock
      {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = idle_.size(); i-- > 0;) {
          const bool old = now >= after(idle_[i].since, idle_timeout);
          const bool wanted = !found.connection.wire && idle_[i].matches(endpoint);
          if (!old && !wanted) continue;
          if (old) {
            stale.push_back(std::move(idle_[i]));
          } else {
            found = std::move(idle_[i]);
          }
          idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
        }
      }
      if (!found.connection.wire || found.connection.wire->quiet()) return std::move(found.connection);
    }
  }

  void keep(const Endpoint& endpoint, Connection connection, std::size_t limit) {
    Idle oldest;
    const std::lock_guard lock(mutex_);
    idle_.emplace_back(endpoint, std::move(connection));
    if (idle_.size() > limit) {
      oldest = std::move(idle_.front());
      idle_.erase(idle_.begin());
    }
  }

 private:
  struct Idle {
    Idle() = default;
    Idle(const Endpoint& endpoint, Connection c)
        : connection(std::move(c)),
          host(endpoint.host()),
          port(endpoint.port()),
          tls(endpoint.tls()),
          since(std::chrono::steady_clock::now()) {}
    [[nodiscard]] bool matches(const Endpoint& e) const noexcept {
      return port == e.port() && tls == e.tls() && host == e.host();
    }

    Connection connection;
    std::string host;
    std::uint16_t port = 0;
    bool tls = true;
    SteadyTime since{};
  };
  std::mutex mutex_;
  std::vector<Idle> idle_;
};

/// Reads into the connection's reader, which has begun an answer, until that is whole, by `deadline`. A write may be
/// under way meanwhile.
[[nodiscard]] TransportResult<Progress> read_answer(Connection& connection, SteadyTime deadline);

}  // namespace patchbay::beast::detail

namespace patchbay::beast {

struct BlockingTransport::State {
  explicit State(Options options_in) : options(std::move(options_in)), connector(options) {}
  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                           const std::stop_token& stop);

  const Options options;
  detail::Connector connector;
  detail::IdleConnections pool;
};

}  // namespace patchbay::beast
