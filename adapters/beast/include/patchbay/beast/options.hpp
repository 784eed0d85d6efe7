// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <patchbay/time.hpp>

namespace patchbay::beast {

/// How a transport connects. Every default is safe; times are upper bounds within the caller's deadline.
struct Options {
  Duration connect_timeout = seconds(5);     ///< Resolving and connecting together, over all addresses of the host.
  Duration handshake_timeout = seconds(10);  ///< The TLS handshake, and again the WebSocket upgrade.
  Duration idle_timeout = seconds(30);       ///< A connection that was unused for longer is not used again.
  std::size_t max_idle_connections = 8;      ///< Kept for all hosts together; 0 closes each after its answer.
  std::size_t max_header_bytes = std::size_t{64} << 10;  ///< Of an answer, interim answers and trailers each.

  /// PEM files that replace the system's trust store; with both empty the system's store is used. What cannot be
  /// read fails every TLS connection with `TransportFault::tls`, never falls back.
  std::string trusted_ca_file{};
  std::string trusted_ca_directory{};

  /// Accepts any certificate from anyone. It exists for tests against servers whose certificate cannot be trusted;
  /// credentials sent with it can be read by whoever answers.
  bool insecure_skip_verification_for_tests = false;
};

/// The bounds of a `Transport`, and how it connects. What is beyond a bound waits, and what is beyond the bound of
/// those that wait fails with `TransportFault::queue_full`, as does what finds none of the others' connections free in time.
struct PoolOptions : Options {
  PoolOptions() noexcept { max_idle_connections = 256; }
  /*implicit*/ PoolOptions(Options connecting) : Options(std::move(connecting)) {}

  std::size_t max_connections_per_host = 64;  ///< HTTP connections to one host and port, those that are made included.
  std::size_t max_connections = 256;          ///< To all of them together. Channels are not counted.
  std::size_t max_connecting_per_host = 16;   ///< Made at once.
  std::size_t max_waiting = std::size_t{1} << 16;  ///< Exchanges that wait for a connection, for all hosts together.

  /// Close kept connections when `idle_timeout` ends, even if nothing else happens on the transport; the loop's `run()`
  /// does not return before. Otherwise that is done at the transport's next use or at its end, and a transport that has
  /// nothing under way asks nothing of the loop.
  bool watch_idle_connections = false;
};

}  // namespace patchbay::beast
