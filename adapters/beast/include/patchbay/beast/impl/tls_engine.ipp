// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <climits>
#include <exception>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/tls.hpp>
#include <patchbay/beast/impl/tls_engine.hpp>

namespace patchbay::beast::detail {

// Of what OpenSSL left behind; an error without words is still an error.
boost::system::error_code last_tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return boost::asio::ssl::error::unspecified_system_error;
  return {static_cast<int>(code), boost::asio::error::get_ssl_category()};
}

void TlsEngine::collect_sessions(SSL_CTX* context) noexcept {
  SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL, nullptr);
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
    auto* const engine = static_cast<TlsEngine*>(SSL_get_ex_data(ssl, 0));
    if (!engine) return 0;
    try {
      engine->sessions_.reserve(TlsSessions::most);
    } catch (const std::exception&) {
      return 0;
    }
    if (engine->sessions_.size() == TlsSessions::most) engine->sessions_.erase(engine->sessions_.begin());
    engine->sessions_.emplace_back(session);
    return 1;  // the reference is ours now
  });
}

TransportResult<std::unique_ptr<TlsEngine>> TlsEngine::make(SSL_CTX* context, const std::string& host, bool verify,
                                                            TlsSession resumed) {
  ERR_clear_error();
  const auto no_memory = [] {
    ERR_clear_error();
    return tl::unexpected(describe(TransportFault::tls, Delivery::not_sent, "no memory for TLS"));
  };
  SSL* const ssl = SSL_new(context);
  if (!ssl) return no_memory();
  std::unique_ptr<TlsEngine> engine(new TlsEngine(ssl, verify));
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, in, out);
  if (!in || !out || SSL_set_ex_data(ssl, 0, engine.get()) != 1) return no_memory();
  if (auto prepared = prepare_tls(ssl, host, verify); !prepared) return tl::unexpected(std::move(prepared.error()));
  if (resumed && SSL_set_session(ssl, resumed.get()) != 1) ERR_clear_error();  // then it is a full handshake
  SSL_set_connect_state(ssl);
  return engine;
}

TlsEngine::Step TlsEngine::handshake(boost::system::error_code& why) {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Step::over;
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Step::wants_more;
  why = last_tls_error();
  return Step::failed;
}

TransportError TlsEngine::failure(const boost::system::error_code& why) const {
  return handshake_failure(ssl_.get(), verify_, why);
}

void TlsEngine::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
    const int n = BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), part);
    if (n <= 0) return;  // no memory; the next read finds a broken record
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::size_t TlsEngine::read(std::span<char> into, boost::system::error_code& ec) {
  ERR_clear_error();
  std::size_t n = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
  if (result == 1) return n;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_ZERO_RETURN: ec = boost::asio::error::eof; break;
    default: ec = last_tls_error();
  }
  return 0;
}

bool TlsEngine::write(std::string_view text) {
  ERR_clear_error();
  std::size_t n = 0;
  if (text.empty() || SSL_write_ex(ssl_.get(), text.data(), text.size(), &n) == 1) return true;
  ERR_clear_error();
  return false;
}

std::string_view TlsEngine::outgoing() const noexcept {
  char* data = nullptr;
  const long size = BIO_ctrl(SSL_get_wbio(ssl_.get()), BIO_CTRL_INFO, 0, &data);
  return std::string_view(data, static_cast<std::size_t>(size)).substr(taken_);
}

void TlsEngine::taken(std::size_t n) noexcept {
  taken_ += n;
  if (!outgoing().empty()) return;
  BIO_ctrl(SSL_get_wbio(ssl_.get()), BIO_CTRL_RESET, 0, nullptr);
  taken_ = 0;
}

bool TlsEngine::quiet() const noexcept {
  return SSL_has_pending(ssl_.get()) == 0 && BIO_ctrl_pending(SSL_get_rbio(ssl_.get())) == 0;
}

TlsSession TlsSessions::next() {
  if (sessions_.empty()) return nullptr;
  if (SSL_SESSION_get_protocol_version(sessions_.back().get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(sessions_.back().get());
    return TlsSession(sessions_.back().get());
  }
  TlsSession last = std::move(sessions_.back());
  sessions_.pop_back();
  return last;
}

void TlsSessions::add(std::vector<TlsSession> sessions) noexcept {
  try {
    sessions_.reserve(most);
  } catch (const std::exception&) {
    return;
  }
  for (TlsSession& session : sessions) {
    if (sessions_.size() == most) sessions_.erase(sessions_.begin());
    sessions_.push_back(std::move(session));
  }
}

}  // namespace patchbay::beast::detail
