// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
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
