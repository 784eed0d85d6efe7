// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <patchbay/curl/impl/handle.hpp>
#include <patchbay/time.hpp>

namespace patchbay::curl::detail {

/// The connections that a multi handle keeps: which are idle, and whether one may be used again.
///
/// libcurl picks a kept connection by itself. It takes one that holds bytes nobody asked for, and counts idle time in
/// whole seconds; so each is looked at when it is picked.
class Connections final : public SharedConnections {
 public:
  Connections(std::size_t max_idle, Duration idle_timeout) : max_idle_(max_idle), idle_timeout_(idle_timeout) {}

  bool opened(Exchange& exchange, curl_socket_t socket) noexcept override;
  void connected(Exchange& exchange, const ConnectionKey& key) noexcept override;
  bool taken(Exchange& exchange, const ConnectionKey& key) noexcept override;
  /// libcurl closes `socket`.
  void closing(curl_socket_t socket) noexcept;
  /// `exchange` is over, and libcurl kept its connection.
  void kept(const Exchange& exchange, curl_socket_t socket) noexcept;
  /// Ends what was idle for too long, and the longest idle of more than are to be kept; says when the next will have
  /// been. libcurl frees them later.
  SteadyTime trim(SteadyTime now) noexcept;

 private:
  struct Connection {
    curl_socket_t socket = CURL_SOCKET_BAD;
    int local_port = 0;  // 0 until it stands
    int remote_port = 0;
    std::string remote_address{};
    const Exchange* user = nullptr;  // null while it is idle
    SteadyTime idle_since{};
    bool ended = false;

    [[nodiscard]] bool is(const ConnectionKey& key) const noexcept {
      return local_port == key.local_port && remote_port == key.remote_port && remote_address == key.remote_address;
    }
  };
  void end(Connection& connection) noexcept;

  std::vector<Connection> all_;
  std::size_t idle_ = 0;
  const std::size_t max_idle_;
  const Duration idle_timeout_;
};

}  // namespace patchbay::curl::detail
