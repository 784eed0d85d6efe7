// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What exchanges share on a loop: TLS sessions, look-ups and connections, none to the harm of another.
#include <atomic>
#include <csignal>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include <support/catch.hpp>

#include "../suite/exchange.hpp"
#include "../suite/tls_peer.hpp"
#include "seen.hpp"
#include "tested.hpp"

using namespace patchbay;
using namespace patchbay::test;

namespace {

// OpenSSL's server writes without MSG_NOSIGNAL; the adapter itself never raises the signal.
const auto ignore_broken_pipes = std::signal(SIGPIPE, SIG_IGN);

/// A TLS server whose connections can resume each other's sessions, and what it saw.
class Resuming {
 public:
  explicit Resuming(const Identity& identity)
      : context_(SSL_CTX_new(TLS_server_method())),
        peer_(over_tls(identity, serve_once(answer("x", "Connection: close\r\n")), {.context = context_.get()},
                       [this](const Handshake& h) {
                         const std::lock_guard lock(mutex_);
                         seen_.push_back(h);
                       })) {
    const unsigned char name[] = "patchbay";
    SSL_CTX_set_session_id_context(context_.get(), name, sizeof name);
  }
  [[nodiscard]] Endpoint endpoint() const { return endpoint_of("https://localhost:" + std::to_string(peer_.port())); }
  [[nodiscard]] std::vector<Handshake> seen(std::size_t count) {
    static_cast<void>(eventually([&] {
      const std::lock_guard lock(mutex_);
      return seen_.size() >= count;
    }));
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  Owned<SSL_CTX> context_;
  std::mutex mutex_;
  std::vector<Handshake> seen_;
  RawPeer peer_;
};

curl::PoolOptions trusting(const PemFile& file) {
  curl::PoolOptions options;
  options.trusted_ca_file = file.path();
  return options;
}

}  // namespace

TEST_CASE("a new connection resumes the TLS session of one before, whichever handle made it",
          "[adapters][curl][loop][tls]") {
  const Identity authority("patchbay test authority", "");
  const PemFile file(authority);
  const Identity good("localhost", "DNS:localhost", &authority);
  Resuming server(good);
  std::deque<Begun> busy;  // which the loop abandons at its end
  curl::Loop loop(trusting(file));
  curl::Transport transport(loop);
  const Endpoint endpoint = server.endpoint();
  // Each takes the handle of the one before, unless that is still busy: with a server that never answers.
  RawPeer silent([](PeerConnection& c) { c.drain(); });
  const Endpoint elsewhere = endpoint_of(silent.url());
  for (int i = 0; i < 3; ++i) {
    Begun x(transport, endpoint);
    while (!x.over()) loop.run_until(in(milliseconds(5)));
    REQUIRE(x.ok());
    busy.emplace_back(transport, elsewhere);
    loop.poll();
  }
  const std::vector<Handshake> seen = server.seen(3);
  REQUIRE(seen.size() == 3);
  CHECK_FALSE(seen[0].resumed);
  CHECK(seen[1].resumed);
  CHECK(seen[2].resumed);
}

TEST_CASE("a session does not vouch for a certificate that was refused", "[adapters][curl][loop][tls]") {
  const Identity authority("patchbay test authority", "");
  const PemFile file(authority);
  const Identity unnamed("localhost", "", &authority);  // named by its common name alone, which libcurl would take
  Resuming server(unnamed);
  Tested::Transport transport(trusting(file));
  const Endpoint endpoint = server.endpoint();
  for (int i = 0; i < 3; ++i) {
    const Exchange x(transport, endpoint);
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::tls);
    CHECK(x.delivery() == Delivery::not_sent);
  }
}

TEST_CASE("bytes that nobody asked for never answer another exchange", "[adapters][curl][loop][pool]") {
  std::atomic<int> requests{0};
  RawPeer peer([&](PeerConnection& c) {
    for (std::string request; !(request = c.read_request()).empty();) {
      const std::string number = request.substr(request.find("\r\n\r\n") + 4);
      ++requests;
      c.write(answer(number) + answer("forged"));
    }
  });
  curl::PoolOptions options;
  options.max_connections_per_host = 3;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  const Endpoint endpoint = endpoint_of(peer.url());
  std::vector<std::string> bodies;
  for (int i = 0; i < 60; ++i) bodies.push_back("number " + std::to_string(i));
  std::deque<Begun> exchanges;
  for (const std::string& body : bodies) exchanges.emplace_back(transport, endpoint, body);
  loop.run();
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    REQUIRE(exchanges[i].ok());
    CHECK(exchanges[i].response.body.view() == bodies[i]);
  }
  CHECK(requests == 60);
  CHECK(peer.connections() == 60);
}

TEST_CASE("connections that are idle beyond the bound, or for too long, are ended while nothing happens",
          "[adapters][curl][loop][pool]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  const auto leaves = [&](std::size_t expected, std::size_t max_idle, Duration idle_timeout) {
    curl::PoolOptions options;
    options.max_idle_connections = max_idle;
    options.idle_timeout = idle_timeout;
    curl::Loop loop(options);
    curl::Transport transport(loop);
    std::deque<Begun> exchanges;
    for (int i = 0; i < 12; ++i) exchanges.emplace_back(transport, endpoint);
    loop.run();
    for (const Begun& x : exchanges) REQUIRE(x.ok());
    Seen<void> end;
    curl::Timer timer = transport.make_timer();
    timer.wait(in(milliseconds(20)), end.completion());
    loop.run();
    return eventually([&] { return peer.open() == expected; });
  };
  CHECK(leaves(5, 5, seconds(30)));
  CHECK(leaves(12, 12, seconds(30)));
  CHECK(leaves(0, 0, seconds(30)));
  CHECK(leaves(0, 12, milliseconds(1)));
}
