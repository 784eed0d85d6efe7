// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <deque>
#include <string>

#include "tested.hpp"

#include "../suite/http.hpp"

#include "seen.hpp"

TEST_CASE("a name that is looked up without end holds up nobody else", "[adapters][curl][loop][deadline]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  Endpoint hanging = endpoint_of("http://hangs.patchbay.test:1");
  hanging.allow_plain_text();
  curl::Loop loop;
  curl::Transport transport(loop);
  Begun late(transport, hanging, {}, in(milliseconds(100)));
  Begun cancelled(transport, hanging, {}, soon());
  for (int i = 0; i < 5; ++i) {
    Begun other(transport, endpoint);
    while (!other.over()) loop.run_until(in(milliseconds(5)));
    CHECK(other.ok());
  }
  CHECK(lookups_hanging >= 1);  // and it is still being looked up
  CHECK_FALSE(cancelled.over());
  transport.cancel(cancelled.id);
  loop.run();
  REQUIRE(late.over());
  CHECK(late.error().fault == TransportFault::timed_out);
  CHECK(late.error().delivery == Delivery::not_sent);
  REQUIRE(cancelled.over());
  CHECK(cancelled.error().fault == TransportFault::cancelled);
  CHECK(cancelled.error().delivery == Delivery::not_sent);
}

TEST_CASE("a resolver that hangs takes two look-ups at once for a name and sixteen in all, and more are refused",
          "[adapters][curl][loop][limits]") {
  RawPeer peer(serve(answer("x")));
  const std::string port = ":" + std::to_string(peer.port());
  const auto named = [&](const std::string& name) {
    Endpoint endpoint = endpoint_of("http://" + name + port);
    endpoint.allow_plain_text();
    return endpoint;
  };
  const Endpoint one = named("stuck.patchbay.test");
  const Endpoint address = endpoint_of(peer.url());
  curl::Loop loop;
  curl::Transport transport(loop);
  resolver_is_stuck = true;
  for (int round = 1; round <= 8; ++round) {
    const std::string body(100, 'x');  // which is gone, as all of the exchange, when its look-up ends
    std::deque<Begun> exchanges;
    for (int i = 0; i < 20; ++i) exchanges.emplace_back(transport, one, body);
    for (const SteadyTime end = soon(); lookups_stuck < 2 * round && std::chrono::steady_clock::now() < end;)
      loop.run_until(in(milliseconds(1)));
    loop.run_until(in(milliseconds(5)));  // in which no more may begin
    CHECK(lookups_stuck == 2 * round);
    for (const Begun& x : exchanges) transport.cancel(x.id);
    loop.run();
    for (const Begun& x : exchanges) {
      REQUIRE_FALSE(x.ok());
      CHECK(x.error().fault == TransportFault::cancelled);
      CHECK(x.error().delivery == Delivery::not_sent);
    }
  }
  const Endpoint another = named("other.stuck.patchbay.test");
  for (const Endpoint* const endpoint : {&one, &another}) {
    Begun x(transport, *endpoint);
    loop.run();
    REQUIRE_FALSE(x.ok());
    CHECK(x.error().fault == TransportFault::resolve);
    CHECK(x.error().delivery == Delivery::not_sent);
    CHECK(x.error().detail == "the resolver hangs: too many look-ups are still under way");
  }
  CHECK(lookups_stuck == 16);
  Begun by_address(transport, address);
  loop.run();
  CHECK(by_address.ok());

  resolver_is_stuck = false;
  REQUIRE(eventually([&] { return lookups_stuck == 0; }));
  for (const SteadyTime end = soon(); std::chrono::steady_clock::now() < end;) {  // the loop sees their end in its time
    Begun probe(transport, another);
    loop.run();
    if (probe.ok()) break;
    REQUIRE(probe.error().fault == TransportFault::resolve);
  }
  std::deque<Begun> exchanges;
  for (int i = 0; i < 20; ++i) exchanges.emplace_back(transport, i % 2 == 0 ? one : another);
  loop.run();
  for (const Begun& x : exchanges) CHECK(x.ok());
}

TEST_CASE("what waits for the look-up of its name is sent when that ends", "[adapters][curl][loop][limits]") {
  RawPeer peer(serve(answer("x")));
  Endpoint endpoint = endpoint_of("http://late.stuck.patchbay.test:" + std::to_string(peer.port()));
  endpoint.allow_plain_text();
  curl::PoolOptions options;
  options.max_connections_per_host = 4;
  options.max_connections = 4;
  curl::Loop loop(options);
  curl::Transport transport(loop);
  const int before = lookups_stuck;
  resolver_is_stuck = true;
  std::deque<Begun> exchanges;
  for (int i = 0; i < 12; ++i) exchanges.emplace_back(transport, endpoint);
  const SteadyTime end = soon();
  while (lookups_stuck < before + 2 && std::chrono::steady_clock::now() < end) loop.run_until(in(milliseconds(1)));
  CHECK(lookups_stuck == before + 2);
  transport.cancel(exchanges[0].id);
  transport.cancel(exchanges[5].id);
  loop.poll();
  CHECK(exchanges[0].over());
  CHECK(exchanges[5].over());
  resolver_is_stuck = false;
  loop.run();
  for (std::size_t i = 0; i < exchanges.size(); ++i) CHECK(exchanges[i].ok() == (i != 0 && i != 5));
  CHECK(peer.connections() < 10);  // shared; in all it may be more than the four of one time, since some end and are replaced
}

TEST_CASE("the time to connect bounds a look-up, which is left", "[adapters][curl][loop][deadline]") {
  RawPeer peer(serve(answer("x")));
  Endpoint endpoint = endpoint_of("http://slow.stuck.patchbay.test:" + std::to_string(peer.port()));
  endpoint.allow_plain_text();
  curl::PoolOptions options;
  options.connect_timeout = milliseconds(50);
  curl::Loop loop(options);
  curl::Transport transport(loop);
  resolver_is_stuck = true;
  const Begun x(transport, endpoint);
  loop.run();
  resolver_is_stuck = false;
  REQUIRE_FALSE(x.ok());
  CHECK(x.error().fault == TransportFault::timed_out);
  CHECK(x.error().delivery == Delivery::not_sent);
  CHECK(eventually([&] { return lookups_stuck == 0; }));
}
