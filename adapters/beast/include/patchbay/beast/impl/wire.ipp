// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <chrono>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <patchbay/beast/impl/wire.hpp>

namespace patchbay::beast::detail {

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

TransportResult<void> Wire::start_tls(SSL_CTX* context, const std::string& host, bool verify, SteadyTime deadline) {
  SSL* const ssl = SSL_new(context);
  if (!ssl) {
    ERR_clear_error();
    return tl::unexpected(describe(TransportFault::tls, Delivery::not_sent, "no memory for TLS"));
  }
  tls_.emplace(socket_, ssl);
  if (auto prepared = prepare_tls(ssl, host, verify); !prepared) return prepared;
  error_code result;
  bool done = false;
  tls_->async_handshake(net::ssl::stream_base::client, [&](error_code ec) { result = ec, done = true; });
  if (!run_until(deadline, [&] { return done; })) {
    abandon();
    return tl::unexpected(
        describe(TransportFault::timed_out, Delivery::not_sent, "the TLS handshake did not end in time"));
  }
  if (!result) return {};
  return tl::unexpected(handshake_failure(ssl, verify, result));
}

void Wire::start_read(net::mutable_buffer into, IoHandler done) {
  if (tls_) {
    tls_->async_read_some(into, std::move(done));
  } else {
    socket_.async_read_some(into, std::move(done));
  }
}

void Wire::start_write(const Gather& from, IoHandler done) {
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
