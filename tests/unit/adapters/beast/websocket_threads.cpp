// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <string>
#include <thread>

#include <support/catch.hpp>

#include "../suite/exchange.hpp"
#include "tested.hpp"
#include "../suite/raw_websocket.hpp"

using namespace patchbay;
using namespace patchbay::test;
using Kind = ChannelEvent::Kind;

namespace {

beast::Channel open_channel(beast::BlockingTransport& transport, const RawPeer& peer) {
  const Endpoint endpoint = endpoint_of(peer.url("ws"));
  HttpResponse refusal;
  return transport.open(ChannelRequest(endpoint, "/"), refusal, soon()).value();
}

}  // namespace

TEST_CASE("an interrupt ends a present receive, or the next one, once", "[beast][websocket][threads]") {
  RawPeer peer([](PeerConnection& c) {
    accept_upgrade(c);
    c.drain();
  });
  beast::BlockingTransport transport;
  beast::Channel channel = open_channel(transport, peer);
  ChannelEvent event;
  for (int i = 0; i < 200; ++i) {
    std::thread other([&] { channel.interrupt(); });
    channel.receive(event, soon());
    REQUIRE(event.kind == Kind::interrupted);
    other.join();
    channel.receive(event, in(milliseconds(-1)));
    REQUIRE(event.kind == Kind::idle);
  }
  channel.interrupt();
  channel.interrupt();
  channel.receive(event, never);
  CHECK(event.kind == Kind::interrupted);
  channel.receive(event, in(milliseconds(-1)));
  CHECK(event.kind == Kind::idle);
}

TEST_CASE("interrupts disturb neither messages nor the end", "[beast][websocket][threads]") {
  RawPeer peer([](PeerConnection& c) {
    accept_upgrade(c);
    for (ClientFrame f; (f = read_frame(c)).opcode == text_frame;) c.write(frame(text_frame, f.payload));
    c.write(close_with(1000));
    c.drain();
  });
  beast::BlockingTransport transport;
  beast::Channel channel = open_channel(transport, peer);
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over) channel.interrupt();
  });
  ChannelEvent event;
  int echoed = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = std::to_string(i);
    if (!channel.send(text, soon())) break;
    do channel.receive(event, soon());
    while (event.kind == Kind::interrupted);
    if (event.kind == Kind::text && event.payload.view() == text) ++echoed;
  }
  channel.close(1000, soon());
  over = true;
  other.join();
  CHECK(echoed == 300);
  do channel.receive(event, soon());
  while (event.kind == Kind::interrupted);
  CHECK(event.kind == Kind::closed);
  CHECK(event.close_code == 1000);
}
