// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// What every channel does over TLS; included behind `tls.hpp`.
#include "raw_websocket.hpp"

TEST_CASE("a WebSocket runs over TLS, and an end without notice is 1006", "[beast][tls][websocket]") {
  Trust trust;
  const Identity good("x", "IP:127.0.0.1", &trust.authority);
  RawPeer peer(over_tls(good,
                        [](PeerConnection& c) {
                          accept_upgrade(c);
                          for (ClientFrame f; (f = read_frame(c)).opcode == text_frame && f.payload != "end";)
                            c.write(frame(ping_frame) + frame(text_frame, f.payload));
                        },
                        {.notify_close = false}));
  const Endpoint endpoint = endpoint_of(peer.url("wss"));
  HttpResponse refusal;
  auto channel = trust.transport.open(ChannelRequest(endpoint, "/"), refusal, soon());
  REQUIRE(channel);
  ChannelEvent event;
  const std::string large(300'000, 'w');
  REQUIRE(channel->send(large, soon()));
  channel->receive(event, soon());
  CHECK(event.kind == ChannelEvent::Kind::ping);
  channel->receive(event, soon());
  REQUIRE(event.kind == ChannelEvent::Kind::text);
  CHECK(event.payload.view() == large);
  // The pong of that ping is what the script reads next, and ends on.
  channel->receive(event, soon());
  CHECK(event.kind == ChannelEvent::Kind::closed);
  CHECK(event.close_code == 1006);
}
