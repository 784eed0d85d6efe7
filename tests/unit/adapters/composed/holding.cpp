// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <memory>
#include <string>

#include <support/catch.hpp>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/curl/blocking_transport.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/policy/composed_transport.hpp>
#include <patchbay/state_transitioner.hpp>

#include "../suite/exchange.hpp"
#include "small_cloud.hpp"

using namespace patchbay;
using namespace patchbay::test;

using Both = Composed<curl::BlockingTransport, beast::BlockingTransport>;
static_assert(Transport<curl::BlockingTransport> && !ChannelTransport<curl::BlockingTransport>);
static_assert(ChannelTransport<Both>);

TEST_CASE("a hold controller takes its HTTP from libcurl and its channel from Beast", "[adapters][composed]") {
  SmallCloud cloud;
  Settings settings;
  settings.base_url = cloud.url();
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{cloud.url(), "me", Secret("hush")});
  HoldController holds{Policies{.transport = Composed{curl::BlockingTransport{}, beast::BlockingTransport{}}},
                       settings};
  const auto held = holds.hold(HoldRequest{caller, "consultation", 5}.music("a.wav"));
  if (!held) FAIL(held.error().describe());
  const auto back = holds.unhold(UnholdRequest{caller, 5});
  if (!back) FAIL(back.error().describe());
  CHECK(cloud.over_beast == 1);
  CHECK(cloud.over_curl >= 1);
  CHECK(cloud.commands == 2);
}

TEST_CASE("parts of a composed transport keep their own ways", "[adapters][composed]") {
  RawPeer peer(serve(answer("x")));
  Both both;
  REQUIRE(Exchange(both, endpoint_of(peer.url())).ok());
  REQUIRE(Exchange(both.http(), endpoint_of(peer.url())).ok());
  CHECK(peer.connections() == 1);
  REQUIRE(Exchange(both.channels(), endpoint_of(peer.url())).ok());
  CHECK(peer.connections() == 2);
  HttpResponse refusal;
  const Endpoint endpoint = endpoint_of(peer.url());
  const auto opened = both.open(ChannelRequest(endpoint, "/"), refusal, soon());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().fault == TransportFault::upgrade_refused);
  CHECK(refusal.status == 200);
}
