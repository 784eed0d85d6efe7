// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "tested.hpp"

#include "../suite/websocket.hpp"

static_assert(ChannelTransport<beast::BlockingTransport>);
static_assert(Channel<beast::Channel>);

TEST_CASE("a channel outlives its transport and its place", "[beast][websocket]") {
  RawPeer peer([](PeerConnection& c) {
    accept_upgrade(c);
    if (read_frame(c).opcode == text_frame) c.write(frame(text_frame, "still here"));
    c.drain();
  });
  auto transport = std::make_unique<beast::BlockingTransport>();
  HttpResponse refusal;
  auto opened = try_open(*transport, endpoint_of(peer.url("ws")), refusal);
  REQUIRE(opened);
  transport.reset();
  ChannelEvent event;
  opened->receive(event, in(milliseconds(1)));  // a read is outstanding while it moves
  beast::Channel moved = std::move(*opened);
  REQUIRE(moved.send("there?", soon()));
  moved.receive(event, soon());
  CHECK(event.payload.view() == "still here");
  opened->receive(event, soon());  // NOLINT: a moved-from channel is a closed one
  CHECK(event.kind == Kind::closed);
  CHECK_FALSE(opened->send("x", soon()));
  opened->close(1000, soon());
  opened->interrupt();
}
