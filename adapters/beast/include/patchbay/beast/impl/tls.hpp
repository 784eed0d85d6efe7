// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <patchbay/beast/options.hpp>
#include <patchbay/policy/transport.hpp>

namespace patchbay::beast::detail {

/// What the TLS connections of a transport share. Made at the first use, once, because reading the trust store costs
/// milliseconds. Thread-safe.
class TlsContext {
 public:
  explicit TlsContext(const Options& options) : options_(options) {}
  /// TLS 1.2 or later, ALPN `http/1.1`, the trust store that the options name; an error when it cannot be read.
  /// Either is remembered.
  [[nodiscard]] TransportResult<SSL_CTX*> get();

 private:
  [[nodiscard]] TransportResult<boost::asio::ssl::context> read() const;
  const Options& options_;
  std::mutex mutex_;
  std::optional<boost::asio::ssl::context> context_;
  std::optional<TransportError> failure_;
};

/// Announces `host` and, unless `verify` is off, has it verified: name or address, subject alternative names only.
[[nodiscard]] TransportResult<void> prepare_tls(SSL* ssl, const std::string& host, bool verify);

/// Why a handshake failed with `ec`.
[[nodiscard]] TransportError handshake_failure(SSL* ssl, bool verify, const boost::system::error_code& ec);

}  // namespace patchbay::beast::detail
