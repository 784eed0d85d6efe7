// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// What every blocking HTTP transport that can be stopped does when it is; included as `http.hpp` is. The peers request the stop,
// from their threads, at the very moment that a case is about.
#include <atomic>
#include <stop_token>
#include <thread>

#include <support/catch.hpp>

#include "exchange.hpp"

using namespace patchbay;
using namespace patchbay::test;

static_assert(StoppableTransport<Tested::Transport>);

namespace {

/// An exchange that lasts for ever unless it is stopped.
TransportResult<void> endless(Tested::Transport& transport, const Endpoint& endpoint, const std::stop_token& stop) {
  HttpRequest request(Method::patch, endpoint, "/api/v2/interactions/1");
  request.body = "{}";
  HttpResponse response;
  return transport.send(request, response, never, stop);
}

}  // namespace

TEST_CASE("an exchange that was stopped before it began sends nothing", "[adapters][http][stop]") {
  RawPeer peer(serve(answer("x")));
  Tested::Transport transport;
  std::stop_source stop;
  stop.request_stop();
  const auto result = endless(transport, endpoint_of(peer.url()), stop.get_token());
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == TransportFault::cancelled);
  CHECK(result.error().delivery == Delivery::not_sent);
  CHECK(peer.connections() == 0);
}

TEST_CASE("an exchange is stopped while its answer is awaited", "[adapters][http][stop][threads]") {
  std::stop_source stop;
  bool kept = false;
  SECTION("on a fresh connection") {}
  SECTION("on a kept connection") { kept = true; }
  RawPeer peer([&](PeerConnection& c) {
    for (int i = 0; !c.read_request().empty(); ++i) {
      if (kept && i == 0) {
        c.write(answer("x"));
        continue;
      }
      stop.request_stop();
      return c.stall();
    }
  });
  Tested::Transport transport;
  const Endpoint endpoint = endpoint_of(peer.url());
  if (kept) REQUIRE(Exchange(transport, endpoint).ok());
  const auto result = endless(transport, endpoint, stop.get_token());
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == TransportFault::cancelled);
  CHECK(result.error().delivery == Delivery::maybe_sent);
  CHECK(eventually([&] { return peer.open() == 0; }));  // its connection is not kept
}

TEST_CASE("an exchange is stopped within its answer", "[adapters][http][stop][threads]") {
  std::stop_source stop;
  RawPeer peer([&](PeerConnection& c) {
    static_cast<void>(c.read_request());
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    stop.request_stop();
    c.stall();
  });
  Tested::Transport transport;
  const auto result = endless(transport, endpoint_of(peer.url()), stop.get_token());
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == TransportFault::cancelled);
  CHECK(result.error().delivery == Delivery::maybe_sent);
}

TEST_CASE("an exchange is stopped during the TLS handshake", "[adapters][http][stop][threads]") {
  std::stop_source stop;
  RawPeer peer([&](PeerConnection& c) {
    static_cast<void>(c.read_some());
    stop.request_stop();
    c.stall();
  });
  Tested::Transport transport;
  const auto result = endless(transport, endpoint_of(peer.url("https")), stop.get_token());
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == TransportFault::cancelled);
  CHECK(result.error().delivery == Delivery::not_sent);
}

TEST_CASE("a stop that comes after the answer changes nothing, and the connection is kept", "[adapters][http][stop]") {
  RawPeer peer(serve(answer("x")));
  Tested::Transport transport;
  const Endpoint endpoint = endpoint_of(peer.url());
  for (int i = 0; i < 3; ++i) {
    std::stop_source stop;
    CHECK(endless(transport, endpoint, stop.get_token()));
    stop.request_stop();
  }
  CHECK(peer.connections() == 1);
}

TEST_CASE("stops at any moment end in the truth", "[adapters][http][stop][threads]") {
  std::atomic<int> served{0};
  RawPeer peer([&](PeerConnection& c) {
    while (!c.read_request().empty()) {
      ++served;
      c.write(answer("x"));
    }
  });
  Tested::Transport transport;
  const Endpoint endpoint = endpoint_of(peer.url());
  int answered = 0, not_sent = 0, maybe = 0;
  for (int i = 0; i < 200; ++i) {
    std::stop_source stop;
    std::thread other([&] {
      for (int k = 0; k < i % 50; ++k) std::this_thread::yield();
      stop.request_stop();
    });
    const auto result = endless(transport, endpoint, stop.get_token());
    other.join();
    if (result) {
      ++answered;
    } else {
      REQUIRE(result.error().fault == TransportFault::cancelled);
      ++(result.error().delivery == Delivery::not_sent ? not_sent : maybe);
    }
  }
  CHECK(answered + not_sent + maybe == 200);
  CHECK(served >= answered);
  CHECK(served <= answered + maybe);
}
