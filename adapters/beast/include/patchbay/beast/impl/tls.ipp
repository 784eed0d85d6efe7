// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/tls.hpp>

namespace patchbay::beast::detail {

TransportResult<SSL_CTX*> TlsContext::get() {
  const std::lock_guard lock(mutex_);
  if (!context_ && !failure_) {
    if (auto made = read(); made) {
      context_.emplace(std::move(*made));
    } else {
      failure_.emplace(std::move(made.error()));
    }
  }
  if (context_) return context_->native_handle();
  return tl::unexpected(*failure_);
}

TransportResult<boost::asio::ssl::context> TlsContext::read() const {
  ERR_clear_error();
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  SSL_CTX* const native = context.native_handle();
  static constexpr unsigned char alpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  bool good = SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_alpn_protos(native, alpn, sizeof alpn) == 0;
  const std::string& file = options_.trusted_ca_file;
  const std::string& directory = options_.trusted_ca_directory;
  if (file.empty() && directory.empty()) {
    good = good && SSL_CTX_set_default_verify_paths(native) == 1;
  } else {
    good = good && SSL_CTX_load_verify_locations(native, file.empty() ? nullptr : file.c_str(),
                                                 directory.empty() ? nullptr : directory.c_str()) == 1;
  }
  if (!good) {
    ERR_clear_error();
    return tl::unexpected(
        describe(TransportFault::tls, Delivery::not_sent, "the trusted certificates could not be read"));
  }
  return context;
}

TransportResult<void> prepare_tls(SSL* ssl, const std::string& host, bool verify) {
  boost::system::error_code address_error;
  static_cast<void>(boost::asio::ip::make_address(host, address_error));
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
  if (prepared) return {};
  ERR_clear_error();
  return tl::unexpected(describe(TransportFault::tls, Delivery::not_sent, "the host's name cannot be verified"));
}

TransportError handshake_failure(SSL* ssl, bool verify, const boost::system::error_code& ec) {
  if (const long verdict = SSL_get_verify_result(ssl); verify && verdict != X509_V_OK)
    return describe(TransportFault::tls, Delivery::not_sent,
                    std::string("the certificate was refused: ").append(X509_verify_cert_error_string(verdict)));
  namespace error = boost::asio::error;
  const bool cut = ec == error::eof || ec == error::connection_reset || ec == error::broken_pipe ||
                   ec == boost::asio::ssl::error::stream_truncated;
  return describe(cut ? TransportFault::reset : TransportFault::tls, Delivery::not_sent, "the TLS handshake failed",
                  ec);
}

}  // namespace patchbay::beast::detail
