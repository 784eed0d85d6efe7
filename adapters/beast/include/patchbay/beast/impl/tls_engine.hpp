// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include <boost/system/error_code.hpp>

#include <patchbay/policy/transport.hpp>

namespace patchbay::beast::detail {

struct FreeTls {
  void operator()(SSL* ssl) const noexcept {
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN);  // else OpenSSL takes its sessions for bad ones
    SSL_free(ssl);
  }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using TlsSession = std::unique_ptr<SSL_SESSION, FreeTls>;

/// The client's end of a TLS connection, without the connection: bytes that came from the peer are fed in, bytes for it
/// are taken out. Used by one thread at a time.
class TlsEngine {
 public:
  /// Tells `context` to hand new sessions to the engines. Once, before the first.
  static void collect_sessions(SSL_CTX* context) noexcept;

  /// With a session to resume, or none.
  [[nodiscard]] static TransportResult<std::unique_ptr<TlsEngine>> make(SSL_CTX* context, const std::string& host,
                                                                        bool verify, TlsSession resumed);

  enum class Step : std::uint8_t { over, wants_more, failed };
  /// Goes on with the handshake as far as what was fed allows.
  [[nodiscard]] Step handshake(boost::system::error_code& why);
  /// Why it failed.
  [[nodiscard]] TransportError failure(const boost::system::error_code& why) const;

  /// Bytes that came from the peer.
  void feed(std::string_view bytes);
  /// Decrypts into `into`; 0 when more must be fed, or, with an error, when nothing more will come: `eof` if the peer
  /// said so.
  [[nodiscard]] std::size_t read(std::span<char> into, boost::system::error_code& ec);
  /// Encrypts all of `text`; false when it cannot be done any more.
  [[nodiscard]] bool write(std::string_view text);

  /// Bytes for the peer that have not been taken.
  [[nodiscard]] std::string_view outgoing() const noexcept;
  void taken(std::size_t n) noexcept;
  /// Nothing that was fed waits to be read.
  [[nodiscard]] bool quiet() const noexcept;
  [[nodiscard]] bool resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }
  /// Sessions that the peer gave, to be resumed by later connections: the newest of them, as many as a host remembers.
  [[nodiscard]] std::vector<TlsSession> take_sessions() noexcept { return std::move(sessions_); }
  [[nodiscard]] bool has_sessions() const noexcept { return !sessions_.empty(); }
  /// Those that the peer gives from now on are not kept.
  void stop_collecting() noexcept { SSL_set_ex_data(ssl_.get(), 0, nullptr); }

 private:
  TlsEngine(SSL* ssl, bool verify) noexcept : ssl_(ssl), verify_(verify) {}
  std::unique_ptr<SSL, FreeTls> ssl_;
  std::vector<TlsSession> sessions_;
  std::size_t taken_ = 0;  // of what the outgoing memory holds
  bool verify_;
};

/// The sessions of one host, newest first to be used. What a newer protocol lets be used once is used once.
class TlsSessions {
 public:
  static constexpr std::size_t most = 8;
  [[nodiscard]] TlsSession next();
  /// Forgets the oldest when they become too many; all of them are a convenience, so also what there is no memory for.
  void add(std::vector<TlsSession> sessions) noexcept;

 private:
  std::vector<TlsSession> sessions_;
};

}  // namespace patchbay::beast::detail
