// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>  // abort, mkstemp
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <support/raw_peer.hpp>

/// Certificates made for one test, and scripts played over TLS with them.
namespace patchbay::test {

struct FreeOpenssl {
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

/// A certificate and its key.
class Identity {
 public:
  /// `alternative_names` as OpenSSL writes them: `DNS:localhost,IP:127.0.0.1`; valid from an hour ago for `hours`.
  Identity(const std::string& common_name, const std::string& alternative_names, const Identity* issuer = nullptr,
           long hours = 24)
      : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    static std::atomic<long> serial{1};
    X509* const x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), hours > 0 ? -3600 : (hours - 1) * 3600);
    X509_gmtime_adj(X509_getm_notAfter(x), hours * 3600);
    X509_set_pubkey(x, key.get());
    const std::string name = common_name;
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               static_cast<const unsigned char*>(static_cast<const void*>(name.c_str())), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : x));
    if (issuer == nullptr) add(NID_basic_constraints, "critical,CA:TRUE");
    if (!alternative_names.empty()) add(NID_subject_alt_name, alternative_names.c_str());
    if (X509_sign(x, (issuer != nullptr ? *issuer : *this).key.get(), EVP_sha256()) == 0) std::abort();
  }

  Owned<EVP_PKEY> key;
  Owned<X509> certificate;

 private:
  void add(int nid, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    if (extension == nullptr) std::abort();
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
};

/// The certificate as a PEM file that ends with the object.
class PemFile {
 public:
  explicit PemFile(const Identity& identity) {
    const int fd = ::mkstemp(path_.data());
    FILE* const file = ::fdopen(fd, "w");
    if (file == nullptr || PEM_write_X509(file, identity.certificate.get()) != 1) std::abort();
    ::fclose(file);
  }
  PemFile(const PemFile&) = delete;
  PemFile& operator=(const PemFile&) = delete;
  ~PemFile() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = "/tmp/patchbay-ca-XXXXXX";
};

/// What the server saw of a handshake.
struct Handshake {
  bool accepted = false;
  bool resumed = false;  ///< With a session of an earlier one.
  std::string server_name;
  std::string protocol;
};

/// How the server behaves beyond its certificate.
struct TlsBehaviour {
  int max_version = 0;       ///< `TLS1_1_VERSION` ...; 0 is the newest.
  bool notify_close = true;  ///< Sends a close notification when the script ends.
  SSL_CTX* context = nullptr;  ///< Shared by connections, which then can resume each other's sessions.
};

/// `script` behind a TLS handshake with `identity`; `seen` is told what came of it.
inline RawPeer::Script over_tls(const Identity& identity, RawPeer::Script script, TlsBehaviour behaviour = {},
                                std::function<void(const Handshake&)> seen = {}) {
  return [&identity, script = std::move(script), behaviour, seen = std::move(seen)](PeerConnection& c) {
    const Owned<SSL_CTX> context(behaviour.context != nullptr ? behaviour.context : SSL_CTX_new(TLS_server_method()));
    if (behaviour.context != nullptr) SSL_CTX_up_ref(behaviour.context);
    SSL_CTX_set_security_level(context.get(), 0);  // so that old versions can be offered
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), behaviour.max_version);
    SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    const Owned<SSL> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), c.fd());
    Handshake handshake;
    handshake.accepted = SSL_accept(ssl.get()) == 1;
    handshake.resumed = SSL_session_reused(ssl.get()) == 1;
    if (const char* const name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name)) handshake.server_name = name;
    handshake.protocol = SSL_get_version(ssl.get());
    if (handshake.accepted) {
      c.read_hook = [s = ssl.get()](char* into, std::size_t size) -> std::ptrdiff_t {
        return SSL_read(s, into, static_cast<int>(size));
      };
      c.write_hook = [s = ssl.get()](const char* from, std::size_t size) -> std::ptrdiff_t {
        return SSL_write(s, from, static_cast<int>(size));
      };
      script(c);
      c.read_hook = nullptr;
      c.write_hook = nullptr;
      if (behaviour.notify_close && c.fd() >= 0) SSL_shutdown(ssl.get());
    }
    if (seen) seen(handshake);
    ERR_clear_error();
  };
}

}  // namespace patchbay::test
