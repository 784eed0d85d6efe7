// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// What every HTTP transport does over TLS; included as `http.hpp` is.
#include <atomic>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <support/catch.hpp>

#include "exchange.hpp"
#include "tls_peer.hpp"

using namespace patchbay;
using namespace patchbay::test;

namespace {

// OpenSSL's server writes without MSG_NOSIGNAL; the adapter itself never raises the signal.
const auto ignore_broken_pipes = std::signal(SIGPIPE, SIG_IGN);

/// An authority, and a transport that trusts it alone.
struct Trust {
  explicit Trust(Tested::Options options = {})
      : authority("patchbay test authority", ""), file(authority), transport([&] {
          options.trusted_ca_file = file.path();
          return options;
        }()) {}
  Identity authority;
  PemFile file;
  Tested::Transport transport;
};

}  // namespace

TEST_CASE("a certificate for the host, by name or by address, is accepted, and the name is announced",
          "[adapters][tls]") {
  Trust trust;
  const Identity both("ignored", "DNS:localhost,IP:127.0.0.1", &trust.authority);
  std::mutex mutex;
  std::vector<Handshake> seen;
  {
    RawPeer peer(over_tls(both, serve(answer("x")), {}, [&](const Handshake& h) {
      const std::lock_guard lock(mutex);
      seen.push_back(h);
    }));
    {
      Tested::Transport transport = std::move(trust.transport);
      for (int i = 0; i < 3; ++i)
        REQUIRE(Exchange(transport, endpoint_of("https://localhost:" + std::to_string(peer.port()))).ok());
      CHECK(peer.connections() == 1);  // session tickets do not spoil a kept connection
    }
  }
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].server_name == "localhost");
  CHECK(seen[0].protocol == "TLSv1.3");

  Tested::Options options;
  options.trusted_ca_file = trust.file.path();
  options.max_idle_connections = 0;
  Tested::Transport transport(options);
  {
    RawPeer peer(over_tls(both, serve(answer("x")), {.max_version = TLS1_2_VERSION}, [&](const Handshake& h) {
      const std::lock_guard lock(mutex);
      seen.push_back(h);
    }));
    REQUIRE(Exchange(transport, endpoint_of(peer.url("https"))).ok());
  }
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].server_name.empty());  // an address is not a name
  CHECK(seen[1].protocol == "TLSv1.2");
}

TEST_CASE("a certificate that does not prove the host is refused before anything is sent", "[adapters][tls]") {
  Trust trust;
  const Identity stranger("another authority", "");
  const auto refused = [&](const Identity& identity, std::string_view host, std::string_view why) {
    std::atomic<bool> reached{false};
    RawPeer peer(over_tls(identity, [&](PeerConnection&) { reached = true; }));
    const Exchange x(trust.transport,
                     endpoint_of(std::string("https://").append(host).append(":").append(std::to_string(peer.port()))));
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::tls);
    CHECK(x.delivery() == Delivery::not_sent);
    INFO(x.detail());
    CHECK(x.detail().find(why) != std::string::npos);
  };
  refused(Identity("localhost", "DNS:other.test", &trust.authority), "localhost", Tested::wrong_name);
  refused(Identity("localhost", "", &trust.authority), "localhost", Tested::wrong_name);  // a common name is no proof
  refused(Identity("localhost", "IP:127.0.0.1", &trust.authority), "localhost", Tested::wrong_name);
  refused(Identity("x", "DNS:127.0.0.1", &trust.authority), "127.0.0.1", Tested::wrong_address);
  refused(Identity("x", "IP:127.0.0.2", &trust.authority), "127.0.0.1", Tested::wrong_address);
  refused(Identity("x", "DNS:localhost", &stranger), "localhost", "issuer");
  refused(Identity("localhost", "DNS:localhost"), "localhost", "self-signed");
  refused(Identity("x", "DNS:localhost", &trust.authority, -1), "localhost", "expired");
}

TEST_CASE("the system's store does not know a test's authority, and only the loud option skips verification",
          "[adapters][tls]") {
  const Identity own("localhost", "DNS:elsewhere.test");
  RawPeer peer(over_tls(own, serve(answer("x"))));
  const Endpoint endpoint = endpoint_of("https://localhost:" + std::to_string(peer.port()));
  Tested::Transport strict;
  const Exchange refused(strict, endpoint);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.fault() == TransportFault::tls);
  Tested::Options options;
  options.insecure_skip_verification_for_tests = true;
  Tested::Transport reckless(options);
  CHECK(Exchange(reckless, endpoint).ok());
}

TEST_CASE("trusted certificates that cannot be read fail every connection, and nothing else is trusted instead",
          "[adapters][tls]") {
  const Identity own("localhost", "DNS:localhost");
  RawPeer peer(over_tls(own, serve(answer("x"))));
  Tested::Options options;
  options.trusted_ca_file = "/nonexistent/ca.pem";
  Tested::Transport transport(options);
  for (int i = 0; i < 2; ++i) {
    const Exchange x(transport, endpoint_of("https://localhost:" + std::to_string(peer.port())));
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::tls);
    CHECK(x.delivery() == Delivery::not_sent);
  }
}

TEST_CASE("versions before TLS 1.2 and servers that do not speak TLS are refused", "[adapters][tls]") {
  Trust trust;
  const Identity good("localhost", "DNS:localhost,IP:127.0.0.1", &trust.authority);
  for (const RawPeer::Script& script :
       {over_tls(good, serve(answer("x")), {.max_version = TLS1_1_VERSION}), RawPeer::Script([](PeerConnection& c) {
          static_cast<void>(c.read_some());
          c.write("HTTP/1.1 400 Bad Request\r\n\r\n");
          c.drain();
        })}) {
    RawPeer peer(script);
    const Exchange x(trust.transport, endpoint_of(peer.url("https")));
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::tls);
    CHECK(x.delivery() == Delivery::not_sent);
  }
  RawPeer gone([](PeerConnection& c) { static_cast<void>(c.read_some()); });
  const Exchange x(trust.transport, endpoint_of(gone.url("https")));
  REQUIRE_FALSE(x.ok());
  CHECK(x.fault() == TransportFault::reset);
  CHECK(x.delivery() == Delivery::not_sent);
}

TEST_CASE("over TLS an end without notice is the end of no body but one of known length", "[adapters][tls][faults]") {
  Trust trust;
  const Identity good("x", "IP:127.0.0.1", &trust.authority);
  const auto fetch = [&](std::string bytes, bool notify) {
    RawPeer peer(over_tls(good,
                          [bytes = std::move(bytes)](PeerConnection& c) {
                            static_cast<void>(c.read_request());
                            c.write(bytes);
                          },
                          {.notify_close = notify}));
    const Exchange x(trust.transport, endpoint_of(peer.url("https")));
    if (x.ok()) return std::string(x.response.body.view());
    CHECK(x.fault() == TransportFault::reset);
    CHECK(x.delivery() == Delivery::maybe_sent);
    return std::string("reset");
  };
  CHECK(fetch(answer("whole"), false) == "whole");
  CHECK(fetch("HTTP/1.1 200 OK\r\n\r\nto the end", true) == "to the end");
  CHECK(fetch("HTTP/1.1 200 OK\r\n\r\ncut by whom?", false) == "reset");
  CHECK(fetch("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", true) == "reset");
}

TEST_CASE("a kept TLS connection with unasked bytes, or closed by the server, is not used again",
          "[adapters][tls][pool]") {
  Trust trust;
  const Identity good("x", "IP:127.0.0.1", &trust.authority);
  for (const bool closes : {false, true}) {
    std::atomic<int> served{0};
    RawPeer peer(over_tls(good, [&](PeerConnection& c) {
      static_cast<void>(c.read_request());
      const int on = 1;
      const int off = 0;
      ::setsockopt(c.fd(), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
      c.write(answer("real"));
      if (!closes) c.write(answer("forged"));  // a record of its own, in the same segment
      ::setsockopt(c.fd(), IPPROTO_TCP, TCP_CORK, &off, sizeof off);
      if (closes) c.shutdown_send();
      ++served;
      if (!closes) c.drain();
    }));
    const Endpoint endpoint = endpoint_of(peer.url("https"));
    for (int i = 0; i < 5; ++i) {
      const Exchange x(trust.transport, endpoint, Method::get);
      REQUIRE(x.ok());
      CHECK(x.response.body.view() == "real");
      REQUIRE(eventually([&] { return served > i; }));
    }
    CHECK(peer.connections() == 5);
  }
}

TEST_CASE("over TLS nothing is sent again on a kept connection that ends after the request was written",
          "[adapters][tls][delivery]") {
  Trust trust;
  const Identity good("x", "IP:127.0.0.1", &trust.authority);
  for (const bool notifies : {true, false}) {
    std::atomic<int> requests{0};
    RawPeer peer(over_tls(good,
                          [&](PeerConnection& c) {
                            for (int i = 0; i < 2 && !c.read_request().empty(); ++i) {
                              ++requests;
                              if (i == 0) c.write(answer("first"));
                            }
                          },
                          {.notify_close = notifies}));
    const Endpoint endpoint = endpoint_of(peer.url("https"));
    REQUIRE(Exchange(trust.transport, endpoint, Method::patch, "{}").ok());
    const Exchange x(trust.transport, endpoint, Method::patch, "{}");
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::reset);
    CHECK(x.delivery() == Delivery::maybe_sent);
    CHECK(requests == 2);
    CHECK(peer.connections() == 1);
  }
}
