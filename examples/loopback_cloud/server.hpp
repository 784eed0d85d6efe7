// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <patchbay/result.hpp>
#include <patchbay/time.hpp>

#include "loopback_cloud/hub.hpp"

namespace loopback_cloud {

/// How the server treats its peers.
class ServerSettings {
 public:
  ServerSettings() = default;
  std::uint16_t port = 0;                           ///< 0: any free one.
  std::string certificate;                          ///< File of the certificate chain, PEM; empty: plain text.
  std::string key;                                  ///< File of its private key, PEM.
  std::size_t max_body = std::size_t{1} << 20;      ///< Of a request; beyond it 413.
  std::size_t max_message = std::size_t{64} << 10;  ///< Of a WebSocket message; beyond it 1009.
  std::size_t max_connections = 16'384;             ///< Beyond it a connection is closed as soon as it is there.
  std::size_t max_unread = std::size_t{4} << 20;  ///< Bytes for a WebSocket that does not read; beyond it it is reset.
  std::chrono::milliseconds idle_limit{120'000};  ///< Without a request; half of it without a frame, for a ping.
  std::chrono::milliseconds drain_limit{3'000};   ///< For what is under way when the server is told to stop.
};

/// Raises the limit of open files as far as this process may, and returns how many connections it then allows.
[[nodiscard]] std::size_t connections_allowed();

/// Serves the hub on 127.0.0.1, on the calling thread alone, until SIGTERM or SIGINT comes: then what is under way is
/// finished, channels are closed with 1001, and what is not done within `drain_limit`, or at a second signal, is cut
/// off. `listening` is called once, with the address.
[[nodiscard]] patchbay::Result<void> serve(Hub& hub, const ServerSettings& settings,
                                           const std::function<void(const std::string& url)>& listening);

}  // namespace loopback_cloud
