// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <support/catch.hpp>

#include <patchbay/curl/transport.hpp>

#include "../suite/exchange.hpp"
#include "tested.hpp"

using namespace patchbay;
using namespace patchbay::test;

TEST_CASE("threads begin, cancel, post and wait while one runs the loop", "[adapters][curl][loop][threads]") {
  RawPeer peer([](PeerConnection& c) {
    for (std::string request; !(request = c.read_request()).empty();)
      c.write(answer(request.substr(request.find("\r\n\r\n") + 4)));
  });
  const Endpoint endpoint = endpoint_of(peer.url());
  curl::PoolOptions options;
  options.max_connections_per_host = 3;
  RunningLoop running(options);
  std::atomic<int> good{0};
  std::atomic<int> cancelled{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      curl::Transport transport = running.transport();
      curl::Timer timer = transport.make_timer();
      for (int i = 0; i < 60; ++i) {
        const std::string body = std::to_string(t) + "/" + std::to_string(i);
        HttpRequest request(Method::patch, endpoint, "/");
        request.body = body;
        HttpResponse response;
        Awaited<TransportResult<void>> end;
        Awaited<void> work;
        Awaited<void> time;
        const ExchangeId id = transport.send(request, response, soon(), end.completion());
        transport.post(work.completion());
        timer.wait(i % 2 == 0 ? never : in(milliseconds(1)), time.completion());
        if (i % 3 == t % 3) transport.cancel(id);
        if (i % 2 == 0) timer.cancel();
        const auto result = end.wait();
        if (!work.wait() || !time.wait() || !result) {
          ++wrong;
        } else if (!result->has_value()) {
          ++(result->error().fault == TransportFault::cancelled && i % 3 == t % 3 ? cancelled : wrong);
        } else {
          ++(response.body.view() == body ? good : wrong);
        }
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(wrong == 0);
  CHECK(good >= 160);
  CHECK(good + cancelled == 240);
}

TEST_CASE("a loop may end while threads still have its transport", "[adapters][curl][loop][threads]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  for (int round = 0; round < 5; ++round) {
    auto running = std::make_unique<RunningLoop>(curl::PoolOptions());
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&, transport = running->transport()]() mutable {
        const HttpRequest request(Method::get, endpoint, "/");
        HttpResponse response;
        for (bool more = true; more;) {
          Awaited<TransportResult<void>> end;
          Awaited<void> time;
          ++begun;
          transport.cancel(transport.send(request, response, soon(), end.completion()) - 1);
          curl::Timer timer = transport.make_timer();
          timer.wait(in(milliseconds(1)), time.completion());
          more = end.wait().has_value();
          static_cast<void>(time.wait());
          ++ended;
        }
      });
    REQUIRE(eventually([&] { return ended >= 6; }));
    running.reset();
    for (std::thread& t : threads) t.join();
    CHECK(begun == ended);
  }
}
