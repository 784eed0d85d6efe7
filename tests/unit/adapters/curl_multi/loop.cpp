// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the loop promises beyond what every HTTP transport does.
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <support/catch.hpp>

#include <patchbay/curl/transport.hpp>

#include "../suite/bridge.hpp"
#include "../suite/exchange.hpp"
#include "seen.hpp"

using namespace patchbay;
using namespace patchbay::test;

static_assert(CompletionTransport<curl::Transport> && std::is_copy_constructible_v<curl::Transport>);
static_assert(!CompletionChannelTransport<curl::Transport>);
static_assert(!std::is_copy_constructible_v<curl::Loop> && !std::is_move_constructible_v<curl::Loop>);

namespace {

/// Answers when it is let.
class Gate {
 public:
  RawPeer::Script script() {
    return [this](PeerConnection& c) {
      while (!c.read_request().empty()) {
        ++requests;
        if (!eventually([&] { return open.load(); })) return;
        c.write(answer("x"));
      }
    };
  }
  std::atomic<int> requests{0};
  std::atomic<bool> open{false};
};

/// Runs `loop` until `condition` holds; says whether it ever did.
template <class Condition>
[[nodiscard]] bool run_until(curl::Loop& loop, Condition condition) {
  for (const SteadyTime end = soon(); !condition();) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.run_until(in(milliseconds(1)));
  }
  return true;
}

}  // namespace

TEST_CASE("completions come from within run, on its thread, and run ends with the last", "[adapters][curl][loop]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  curl::Loop loop;
  CHECK(loop.run() == 0);
  curl::Transport transport(loop);
  Begun a(transport, endpoint);
  Begun b(transport, endpoint);
  CHECK(a.id != b.id);
  Seen<void> work;
  transport.post(work.completion());
  CHECK_FALSE(a.over());
  CHECK_FALSE(work.over());
  std::thread::id where;
  std::optional<Begun> c;
  a.end.then = [&] {
    where = std::this_thread::get_id();
    c.emplace(transport, endpoint);
    CHECK_FALSE(c->over());
    CHECK(loop.run() == 0);  // it is running
    CHECK(loop.poll() == 0);
  };
  CHECK(loop.run() == 4);
  CHECK(a.ok());
  CHECK(b.ok());
  REQUIRE(c);
  CHECK(c->ok());
  CHECK(work.completed == 1);
  CHECK(where == std::this_thread::get_id());
  CHECK(peer.connections() == 2);  // the third found one that was free
}

TEST_CASE("a loop runs until it is asked to stop, is woken by what others begin, and may change its thread",
          "[adapters][curl][loop]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  curl::Loop loop;
  curl::Transport transport(loop);
  for (int round = 0; round < 2; ++round) {
    std::jthread thread([&](std::stop_token stop) { loop.run(std::move(stop)); });
    for (int i = 0; i < 3; ++i) {
      Awaited<TransportResult<void>> end;
      Awaited<void> work;
      Awaited<void> time;
      const HttpRequest request(Method::get, endpoint, "/");
      HttpResponse response;
      curl::Timer timer = transport.make_timer();
      transport.send(request, response, soon(), end.completion());
      transport.post(work.completion());
      timer.wait(in(milliseconds(2)), time.completion());
      const auto result = end.wait();
      REQUIRE(result);
      CHECK(result->has_value());
      CHECK(work.wait());
      CHECK(time.wait());
    }
  }
  CHECK(peer.connections() == 1);
}

TEST_CASE("timers end in order, not early, and soon when they are cancelled or gone", "[adapters][curl][loop]") {
  curl::Loop loop;
  curl::Transport transport(loop);
  SECTION("in order") {
    std::vector<int> order;
    std::deque<Seen<void>> ends(8);
    std::vector<curl::Timer> timers;
    const SteadyTime begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 8; ++i) {
      const int turn = i * 5 % 8;
      auto& end = ends[static_cast<std::size_t>(i)];
      const SteadyTime when = after(begin, milliseconds(turn));
      end.then = [&order, turn, when] {
        CHECK(std::chrono::steady_clock::now() >= when);
        order.push_back(turn);
      };
      timers.push_back(transport.make_timer());
      timers.back().wait(when, end.completion());
    }
    CHECK(loop.run() == 8);
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  }
  SECTION("cancelled, gone, moved, and used again from within") {
    Seen<void> cancelled;
    Seen<void> gone;
    Seen<void> moved;
    Seen<void> again;
    curl::Timer timer = transport.make_timer();
    timer.wait(never, cancelled.completion());
    timer.cancel();
    timer.cancel();
    CHECK_FALSE(cancelled.over());
    {
      curl::Timer brief = transport.make_timer();
      brief.wait(never, gone.completion());
    }
    CHECK_FALSE(gone.over());
    curl::Timer first = transport.make_timer();
    first.wait(in(milliseconds(1)), moved.completion());
    std::optional<curl::Timer> second(std::move(first));
    moved.then = [&] { second->wait(in(milliseconds(1)), again.completion()); };
    again.then = [&] { second.reset(); };
    loop.run();
    for (const Seen<void>* const end : {&cancelled, &gone, &moved, &again}) {
      CHECK(end->completed == 1);
      CHECK(end->abandonments == 0);
    }
    timer.cancel();
    CHECK(loop.run() == 0);
  }
  SECTION("a hundred of them, cancelled in any order") {
    std::deque<Seen<void>> ends(100);
    std::vector<curl::Timer> timers;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      timers.push_back(transport.make_timer());
      timers.back().wait(in(milliseconds(static_cast<int>(i * 37 % 10))), ends[i].completion());
      if (i % 3 == 0) timers[i * 7 % (i + 1)].cancel();
      if (i % 16 == 7) loop.poll();
    }
    loop.run();
    for (const Seen<void>& end : ends) CHECK(end.completed == 1);
  }
}

TEST_CASE("connections are bounded for a host and in all, and what finds none waits",
          "[adapters][curl][loop][limits]") {
  curl::PoolOptions options;
  options.max_connections_per_host = 2;
  options.max_connections = 3;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  Gate gates[2];
  RawPeer peers[2] = {RawPeer(gates[0].script()), RawPeer(gates[1].script())};
  const Endpoint endpoints[2] = {endpoint_of(peers[0].url()), endpoint_of(peers[1].url())};
  std::deque<Begun> exchanges;
  for (int i = 0; i < 20; ++i) {
    const int to = i < 10 ? 0 : 1;
    exchanges.emplace_back(transport, endpoints[to]);
  }
  REQUIRE(run_until(loop, [&] { return gates[0].requests + gates[1].requests == 3; }));
  loop.run_until(in(milliseconds(20)));  // in which nothing more may happen
  CHECK(gates[0].requests == 2);
  CHECK(gates[1].requests == 1);
  CHECK(peers[0].connections() == 2);
  CHECK(peers[1].connections() == 1);
  gates[0].open = gates[1].open = true;
  loop.run();
  for (const Begun& x : exchanges) CHECK(x.ok());
}

TEST_CASE("what waits is begun in order, and more than may wait is refused unsent", "[adapters][curl][loop][limits]") {
  curl::PoolOptions options;
  options.max_connections_per_host = 1;
  options.max_waiting = 2;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  Gate gate;
  RawPeer peer(gate.script());
  const Endpoint endpoint = endpoint_of(peer.url());
  std::deque<Begun> exchanges;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i)
    exchanges.emplace_back(transport, endpoint).end.then = [&order, i] { order.push_back(i); };
  REQUIRE(run_until(loop, [&] { return exchanges[4].over(); }));
  for (const std::size_t i : {3u, 4u}) {
    REQUIRE_FALSE(exchanges[i].ok());
    CHECK(exchanges[i].error().fault == TransportFault::queue_full);
    CHECK(exchanges[i].error().delivery == Delivery::not_sent);
  }
  gate.open = true;
  loop.run();
  for (const std::size_t i : {0u, 1u, 2u}) CHECK(exchanges[i].ok());
  const Begun next(transport, endpoint);
  CHECK(loop.run() == 1);
  CHECK(next.ok());
  CHECK(order == std::vector<int>{3, 4, 0, 1, 2});
  CHECK(gate.requests == 4);
}

TEST_CASE("an exchange that finds no connection in time was not sent", "[adapters][curl][loop][deadline]") {
  curl::PoolOptions options;
  options.max_connections = 1;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  Gate gate;
  RawPeer peer(gate.script());
  const Endpoint endpoint = endpoint_of(peer.url());
  Begun first(transport, endpoint);
  Begun second(transport, endpoint, "{}", in(milliseconds(30)));
  REQUIRE(run_until(loop, [&] { return second.over(); }));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().fault == TransportFault::queue_full);
  CHECK(second.error().delivery == Delivery::not_sent);
  CHECK_FALSE(first.over());
  gate.open = true;
  loop.run();
  CHECK(first.ok());
  CHECK(gate.requests == 1);
}

TEST_CASE("what a completion begins does not overtake what waits for another host", "[adapters][curl][loop][limits]") {
  curl::PoolOptions options;
  options.max_connections = 1;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  RawPeer busy(serve(answer("x")));
  RawPeer other(serve(answer("x")));
  const Endpoint to_busy = endpoint_of(busy.url());
  const Endpoint to_other = endpoint_of(other.url());
  std::deque<Begun> exchanges;
  std::string order;
  std::function<void()> next = [&] {
    order += 'a';
    if (exchanges.size() < 20) exchanges.emplace_back(transport, to_busy).end.then = next;
  };
  exchanges.emplace_back(transport, to_busy).end.then = next;
  for (int i = 0; i < 2; ++i) exchanges.emplace_back(transport, to_other).end.then = [&] { order += 'b'; };
  loop.run();
  for (const Begun& x : exchanges) CHECK(x.ok());
  REQUIRE(order.size() == 20);
  CHECK(order.substr(0, 4) == "abab");
}

TEST_CASE("a line that is full for one host is no reason to refuse what another can take at once",
          "[adapters][curl][loop][limits]") {
  curl::PoolOptions options;
  options.max_connections_per_host = 1;
  options.max_waiting = 1;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  Gate gate;
  RawPeer full(gate.script());
  RawPeer free(serve(answer("x")));
  const Endpoint to_full = endpoint_of(full.url());
  const Endpoint to_free = endpoint_of(free.url());
  std::deque<Begun> exchanges;
  for (int i = 0; i < 3; ++i) exchanges.emplace_back(transport, to_full);
  exchanges.emplace_back(transport, to_free);
  REQUIRE(run_until(loop, [&] { return exchanges[2].over() && exchanges[3].over(); }));
  CHECK(exchanges[2].error().fault == TransportFault::queue_full);
  CHECK(exchanges[3].ok());
  gate.open = true;
  loop.run();
  for (const std::size_t i : {0u, 1u}) CHECK(exchanges[i].ok());
}

TEST_CASE("what waits behind a host that lets nobody in is told that the host was too slow",
          "[adapters][curl][loop][deadline]") {
  curl::PoolOptions options;
  options.max_connections_per_host = 1;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  RawPeer peer([](PeerConnection& c) { c.drain(); });  // answers no handshake
  const Endpoint endpoint = endpoint_of(peer.url("https"));
  const SteadyTime late = in(milliseconds(100));
  const Begun first(transport, endpoint, "{}", late);
  const Begun second(transport, endpoint, "{}", in(milliseconds(50)));
  const Begun third(transport, endpoint, "{}", after(late, std::chrono::nanoseconds(1)));  // when no attempt is made
  loop.run();
  for (const Begun* const x : {&first, &second, &third}) {
    REQUIRE_FALSE(x->ok());
    CHECK(x->error().fault == TransportFault::timed_out);
    CHECK(x->error().delivery == Delivery::not_sent);
    CHECK(x->error().detail == "no connection was made in time");
  }
}

TEST_CASE("an exchange that is cancelled after any number of rounds ends once, and truthfully",
          "[adapters][curl][loop][cancellation]") {
  const std::string large(std::size_t{1} << 18, 'x');
  for (const std::string& body : {std::string("{}"), large}) {
    std::atomic<int> started{0};
    int cancelled = 0;
    bool finished = false;
    for (int rounds = 0; !finished; ++rounds) {
      REQUIRE(rounds < 5000);
      std::atomic<bool> touched{false};
      {
        RawPeer peer([&](PeerConnection& c) {
          if (c.read_some(1).empty()) return;
          touched = true;
          if (!c.read_request().empty()) c.write(answer("done"));
          c.drain();
        });
        const Endpoint endpoint = endpoint_of(peer.url());
        curl::Loop loop;
        curl::Transport transport(loop);
        Begun x(transport, endpoint, body);
        for (int i = 0; i < rounds && !x.over(); ++i) {
          loop.poll();
          if (i % 8 == 7) std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
        finished = x.over();
        transport.cancel(x.id);
        transport.cancel(x.id);
        transport.cancel(x.id + 1);
        loop.run();
        CHECK(x.end.completed == 1);
        CHECK(x.end.abandonments == 0);
        if (finished) {
          CHECK(x.ok());
          CHECK(x.response.body.view() == "done");
        } else if (!x.ok()) {
          ++cancelled;
          CHECK(x.error().fault == TransportFault::cancelled);
          if (x.error().delivery == Delivery::maybe_sent) ++started;
        }
        finished = finished || x.ok();
        const bool not_sent = !x.ok() && x.error().delivery == Delivery::not_sent;
        if (not_sent) REQUIRE(eventually([&] { return peer.open() == 0; }));  // it has seen what it will ever see
        if (not_sent) CHECK_FALSE(touched.load());
      }
    }
    CHECK(cancelled >= 1);
    CHECK(started >= 1);
  }
}

TEST_CASE("what is cancelled while it waits or is looked up was not sent, and disturbs nobody",
          "[adapters][curl][loop][cancellation]") {
  curl::PoolOptions options;
  options.max_connections_per_host = 1;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  Gate gate;
  RawPeer peer(gate.script());
  const Endpoint endpoint = endpoint_of(peer.url());
  Begun first(transport, endpoint);
  Begun waits(transport, endpoint);
  Begun last(transport, endpoint);
  REQUIRE(run_until(loop, [&] { return gate.requests == 1; }));
  transport.cancel(waits.id);
  loop.poll();
  REQUIRE(waits.over());
  CHECK(waits.error().fault == TransportFault::cancelled);
  CHECK(waits.error().delivery == Delivery::not_sent);
  transport.cancel(first.id);
  loop.poll();
  REQUIRE(first.over());
  CHECK(first.error().fault == TransportFault::cancelled);
  CHECK(first.error().delivery == Delivery::maybe_sent);
  gate.open = true;
  loop.run();
  CHECK(last.ok());
  CHECK(peer.connections() == 2);  // what was cancelled may still be answered on its connection, so that one is gone
}

TEST_CASE("a loop that is destroyed abandons everything, once", "[adapters][curl][loop]") {
  Gate gate;
  RawPeer peer(gate.script());
  const Endpoint endpoint = endpoint_of(peer.url());
  for (const bool ran : {false, true}) {
    gate.requests = 0;
    curl::PoolOptions options;
    options.max_connections_per_host = 2;
    std::optional<curl::Loop> loop(std::in_place, options);
    curl::Transport transport(*loop);
    std::deque<Begun> exchanges;
    for (int i = 0; i < 6; ++i) exchanges.emplace_back(transport, endpoint);
    if (ran) REQUIRE(run_until(*loop, [&] { return gate.requests == 2; }));
    exchanges.emplace_back(transport, endpoint);  // which the loop has not seen
    transport.cancel(exchanges.front().id);
    Seen<void> work;
    Seen<void> time;
    Seen<void> gone;
    Seen<void> late_work;
    Seen<void> late_time;
    std::optional<Begun> late;
    transport.post(work.completion());
    std::optional<curl::Timer> timer(transport.make_timer());
    timer->wait(never, time.completion());
    {
      curl::Timer brief = transport.make_timer();
      brief.wait(never, gone.completion());
    }
    // Who is abandoned may begin something new, which is abandoned as well, and let go of what it has.
    exchanges.back().end.then = [&] {
      late.emplace(transport, endpoint);
      transport.cancel(exchanges.front().id);
    };
    time.then = [&] { timer.reset(); };
    loop.reset();
    for (const Begun& x : exchanges) {
      CHECK(x.end.abandonments == 1);
      CHECK(x.end.completed == 0);
    }
    for (const Seen<void>* const end : {&work, &time, &gone}) CHECK(end->abandonments == 1);
    REQUIRE(late);
    CHECK(late->end.abandonments == 1);
    CHECK_FALSE(timer);
    transport.post(late_work.completion());
    curl::Timer after_all = transport.make_timer();
    after_all.wait(in(milliseconds(0)), late_time.completion());
    after_all.cancel();
    CHECK(late_work.abandonments == 1);
    CHECK(late_time.abandonments == 1);
  }
  gate.open = true;
}

TEST_CASE("thousands of exchanges in flight go over a few connections", "[adapters][curl][loop][pool]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  curl::PoolOptions options;
  options.max_connections_per_host = 8;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  std::deque<Begun> exchanges;
  for (int i = 0; i < 2000; ++i) exchanges.emplace_back(transport, endpoint, "{}", never);
  CHECK(loop.run() == 2000);
  int good = 0;
  for (const Begun& x : exchanges) good += x.ok() ? 1 : 0;
  CHECK(good == 2000);
  CHECK(peer.connections() == 8);
}
