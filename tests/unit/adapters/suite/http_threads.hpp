// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// What every HTTP transport does for many threads; included as `http.hpp` is.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <support/catch.hpp>

#include "exchange.hpp"

using namespace patchbay;
using namespace patchbay::test;

TEST_CASE("many threads share one transport", "[adapters][http][threads]") {
  RawPeer peer([](PeerConnection& c) {
    for (std::string request; !(request = c.read_request()).empty();)
      c.write(answer(request.substr(request.find("\r\n\r\n") + 4)));
  });
  Tested::Options options;
  options.max_idle_connections = 3;
  Tested::Transport transport(options);
  const Endpoint endpoint = endpoint_of(peer.url());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        const std::string body = std::to_string(t) + "/" + std::to_string(i);
        const Exchange x(transport, endpoint, Method::post, body);
        if (x.ok() && x.response.body.view() == body) ++good;
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(good == 240);
  CHECK(eventually([&] { return peer.open() <= 3; }));  // what is kept is bounded
}

TEST_CASE("threads may make the first transports of a process at once", "[adapters][http][threads]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      Tested::Transport transport;
      if (Exchange(transport, endpoint).ok()) ++good;
    });
  for (std::thread& t : threads) t.join();
  CHECK(good == 8);
}
