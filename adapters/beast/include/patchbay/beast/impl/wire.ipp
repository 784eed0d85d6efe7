// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <chrono>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <patchbay/beast/impl/wire.hpp>

namespace patchbay::beast::detail {

TransportError describe(TransportFault fault, Delivery delivery, std::string_view what, const error_code& ec) {
  std::string text(what);
  if (ec) text.append(": ").append(ec.message());
  if (text.size() > 200) text.resize(200);
  return {fault, delivery, std::move(text)};
}

TransportResult<void> Wire::connect(std::span<const tcp::endpoint> addresses, SteadyTime deadline) {
  error_code last = net::error::host_not_found;
  bool timed_out = false;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now >= deadline) {
      timed_out = true;
      break;
    }
    const SteadyTime share = now + (deadline - now) / static_cast<Duration::rep>(addresses.size() - i);
    error_code result;
    bool done = false;
    error_code ignored;
    socket_.close(ignored);
    socket_.async_connect(addresses[i], [&](error_code ec) { result = ec, done = true; });
    timed_out = !run_until(share, [&] { return done; });
    if (timed_out) {
      abandon();
      continue;
    }
    if (!result) {
      // Requests and commands are small and wait for an answer: Nagle's algorithm would only delay them.
      socket_.set_option(tcp::no_delay(true), ignored);
      socket_.non_blocking(true, ignored);
      return {};
    }
    last = result;
  }
  if (timed_out)
    return tl::unexpected(
        describe(TransportFault::timed_out, Delivery::not_sent, "the host did not accept a connection in time"));
  return tl::unexpected(describe(TransportFault::connect, Delivery::not_sent, "could not connect", last));
}

TransportResult<void> Wire::start_tls(net::ssl::context& context, const std::string& host, bool verify,
                                      SteadyTime deadline) {
  tls_.emplace(socket_, context);
  SSL* const ssl = tls_->native_handle();
  error_code address_error;
  static_cast<void>(net::ip::make_address(host, address_error));
  const bool literal = !address_error;
  std::string name = host;
  if (!literal && name.ends_with('.')) name.pop_back();  // a rooted name; certificates and SNI never carry the dot
  bool prepared = true;
  if (!literal)
    prepared =
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;  // the macro casts
  if (verify) {
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    prepared = prepared && (literal ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str())
                                    : SSL_set1_host(ssl, name.c_str())) == 1;
  } else {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  }
  if (!prepared) {
    ERR_clear_error();
    return tl::unexpected(describe(TransportFault::tls, Delivery::not_sent, "the host's name cannot be verified"));
  }
  error_code result;
  bool done = false;
  tls_->async_handshake(net::ssl::stream_base::client, [&](error_code ec) { result = ec, done = true; });
  if (!run_until(deadline, [&] { return done; })) {
    abandon();
    return tl::unexpected(
        describe(TransportFault::timed_out, Delivery::not_sent, "the TLS handshake did not end in time"));
  }
  if (!result) return {};
  if (const long verdict = SSL_get_verify_result(ssl); verify && verdict != X509_V_OK) {
    return tl::unexpected(
        describe(TransportFault::tls, Delivery::not_sent,
                 std::string("the certificate was refused: ").append(X509_verify_cert_error_string(verdict))));
  }
  const bool cut = result == net::error::eof || result == net::error::connection_reset ||
                   result == net::error::broken_pipe || result == net::ssl::error::stream_truncated;
  return tl::unexpected(describe(cut ? TransportFault::reset : TransportFault::tls, Delivery::not_sent,
                                 "the TLS handshake failed", result));
}

void Wire::start_read(net::mutable_buffer into, Completion done) {
  if (tls_) {
    tls_->async_read_some(into, std::move(done));
  } else {
    socket_.async_read_some(into, std::move(done));
  }
}

void Wire::start_write(const Gather& from, Completion done) {
  if (tls_) {
    ++sent_;
    tls_->async_write_some(from, std::move(done));
  } else {
    socket_.async_write_some(from, [this, done = std::move(done)](error_code ec, std::size_t n) mutable {
      sent_ += n;
      done(ec, n);
    });
  }
}

bool Wire::quiet() noexcept {
  if (!socket_.is_open()) return false;
  if (tls_) {
    // Bytes that OpenSSL or Asio's buffer already holds cannot be seen on the socket.
    SSL* const ssl = tls_->native_handle();
    if (SSL_has_pending(ssl) != 0 || BIO_ctrl_pending(SSL_get_rbio(ssl)) != 0) return false;
  }
  char byte = 0;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Wire::shutdown_send() noexcept {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Wire::cut() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

void Wire::abandon() noexcept {
  cut();
  // Closing made every operation ready to end, so polling runs all handlers: it is over when nothing was ready while no
  // `wake` was under way that could have stopped the loop early. What a handler throws (memory ran out) has been
  // removed from the loop, and the next handler is run.
  for (;;) {
    const std::uint32_t ended = wakes_ended_;
    const std::uint32_t begun = wakes_begun_;
    try {
      context_.restart();
      if (context_.poll() == 0 && begun == ended && wakes_begun_ == begun) return;
    } catch (...) {
    }
  }
}

}  // namespace patchbay::beast::detail
