// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <patchbay/time.hpp>

namespace patchbay::curl {

/// How a transport connects. Every default is safe; times are upper bounds within the caller's deadline.
struct Options {
  Duration connect_timeout = seconds(10);  ///< Resolving, connecting and the TLS handshake together.
  Duration idle_timeout = seconds(30);     ///< A connection that was unused for longer is not used again.
  std::size_t max_idle_connections = 8;    ///< Kept for all hosts together; 0 closes each after its answer.
  /// Of an answer, interim answers and trailers each. libcurl itself holds no line beyond 100 KiB and, depending on its
  /// version, no header beyond 300 KiB.
  std::size_t max_header_bytes = std::size_t{64} << 10;

  /// PEM files that replace the trust store that libcurl was built for; with both empty that store is used. What cannot
  /// be read fails every TLS connection with `TransportFault::tls`, never falls back.
  std::string trusted_ca_file{};
  std::string trusted_ca_directory{};

  /// `http://host:port` of a proxy that every connection is tunnelled through (CONNECT), so that it sees no request
  /// over TLS; empty connects directly. No variable of the environment is asked.
  std::string proxy{};

  /// Accepts any certificate from anyone. It exists for tests against servers whose certificate cannot be trusted;
  /// credentials sent with it can be read by whoever answers.
  bool insecure_skip_verification_for_tests = false;
};

/// The bounds of a `Loop`, and how it connects. What is beyond a bound of connections waits, and what is beyond the
/// bound of those that wait fails with `TransportFault::queue_full`, as does what finds none of the others' connections
/// free in time. What waits for a host's first connection in vain fails with `TransportFault::timed_out`.
struct PoolOptions : Options {
  PoolOptions() noexcept { max_idle_connections = 256; }
  /*implicit*/ PoolOptions(Options connecting) : Options(std::move(connecting)) {}

  std::size_t max_connections_per_host = 64;       ///< Idle ones and those that are made included.
  std::size_t max_connections = 256;               ///< To all hosts together.
  std::size_t max_waiting = std::size_t{1} << 16;  ///< Exchanges that wait for a connection, for all hosts together.
};

}  // namespace patchbay::curl
