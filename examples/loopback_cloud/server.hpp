// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

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
  std::size_t max_connections = 4'096;
};

/// Serves the hub on 127.0.0.1 until SIGTERM or SIGINT comes. `listening` is called once, with the address.
[[nodiscard]] patchbay::Result<void> serve(Hub& hub, const ServerSettings& settings,
                                           const std::function<void(const std::string& url)>& listening);

}  // namespace loopback_cloud
