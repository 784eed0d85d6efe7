// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include "chaos/proxy/mix.hpp"

namespace chaos {

class ProxySettings {
 public:
  std::uint16_t listen = 0;  ///< On 127.0.0.1; 0: any free port.
  boost::asio::ip::tcp::endpoint to;
  std::uint64_t seed = 1;
  Mix mix = Mix::usual();
  std::chrono::milliseconds delay{100};   ///< The longest delay; refusing lasts as long at most.
  std::chrono::milliseconds stall{2000};  ///< The longest stall; muteness lasts as long.
};

/// What happened.
class Counts {
 public:
  std::uint64_t connections = 0;
  std::uint64_t unreachable = 0;  ///< Connections that the server did not take; they are reset.
  std::uint64_t bytes_up = 0, bytes_down = 0;
  std::array<std::uint64_t, kind_count> struck{};

  /// One JSON object.
  [[nodiscard]] std::string json() const;
};

/// A TCP proxy that spoils what it carries, as a seed decides: below HTTP, TLS and WebSocket alike. One thread uses it,
/// the one that runs the loop.
class Proxy {
 public:
  Proxy(boost::asio::io_context& io, const ProxySettings& settings);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy();

  /// Begins to accept.
  [[nodiscard]] boost::system::error_code listen();
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// No strike from now on. Pauses that are under way end at once, and connections that a strike has left mute or half
  /// closed are reset.
  void heal();
  /// Strikes again.
  void resume();
  [[nodiscard]] const Counts& counts() const noexcept;

 private:
  class Floor;
  std::shared_ptr<Floor> floor_;
};

}  // namespace chaos
