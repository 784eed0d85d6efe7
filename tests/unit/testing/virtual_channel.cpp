// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/virtual_channel.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using Kind = ChannelEvent::Kind;

namespace {

struct Line {
  ManualClock clock;
  ChannelPeer peer{clock};
  ChannelEvent event;
  SteadyTime begin = clock.steady_now();

  [[nodiscard]] SteadyTime in(Duration span) const { return clock.steady_now() + span; }
  [[nodiscard]] Duration passed() const { return clock.steady_now() - begin; }
};

}  // namespace

TEST_CASE("what was told before the opening is delivered after it, in order", "[testing][channel]") {
  Line line;
  line.peer.deliver("one").deliver_binary("two").deliver("three");
  VirtualChannel channel(line.peer);
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.kind == Kind::text);
  CHECK(line.event.payload.view() == "one");
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.kind == Kind::binary);
  CHECK(line.event.payload.view() == "two");
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.payload.view() == "three");
  CHECK(line.passed() == Duration::zero());
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.kind == Kind::idle);
  CHECK(line.event.payload.empty());
  CHECK(line.passed() == seconds{1});
}

TEST_CASE("waiting moves the clock to what comes first", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer);
  line.peer.deliver_after(seconds{30}, "late").deliver_after(seconds{5}, "early").ping_after(seconds{6});
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.kind == Kind::idle);
  CHECK(line.passed() == seconds{1});
  channel.receive(line.event, line.in(seconds{10}));
  CHECK(line.event.payload.view() == "early");
  CHECK(line.passed() == seconds{5});
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::ping);
  CHECK(line.passed() == seconds{6});
  channel.receive(line.event, never);
  CHECK(line.event.payload.view() == "late");
  CHECK(line.passed() == seconds{30});
  channel.receive(line.event, line.begin);  // past
  CHECK(line.event.kind == Kind::idle);
  CHECK(line.passed() == seconds{30});
}

TEST_CASE("a wait for ever on nothing ends the channel instead of the test", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer);
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::closed);
  CHECK(line.event.close_code == 1006);
  CHECK_FALSE(line.event.reason.empty());
}

TEST_CASE("a handler answers what the client sends", "[testing][channel]") {
  Line line;
  line.peer.on_text([](std::string_view text, ChannelPeer& peer) {
    peer.deliver_after(milliseconds{20}, "re: " + std::string(text));
  });
  VirtualChannel channel(line.peer);
  REQUIRE(channel.send("hold", line.in(seconds{1})));
  REQUIRE(channel.send("unhold", line.in(seconds{1})));
  CHECK(line.peer.sent() == std::vector<std::string>{"hold", "unhold"});
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.payload.view() == "re: hold");
  CHECK(line.passed() == milliseconds{20});
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.payload.view() == "re: unhold");
}

TEST_CASE("pings are answered as the far end is told", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer);
  REQUIRE(channel.ping(line.in(seconds{1})));
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.kind == Kind::pong);
  line.peer.pongs(true, milliseconds{300});
  REQUIRE(channel.ping(line.in(seconds{1})));
  channel.receive(line.event, line.in(seconds{1}));
  CHECK(line.event.kind == Kind::pong);
  CHECK(line.passed() == milliseconds{300});
  line.peer.pongs(false);
  REQUIRE(channel.ping(line.in(seconds{1})));
  channel.receive(line.event, line.in(seconds{60}));
  CHECK(line.event.kind == Kind::idle);
  CHECK(line.peer.pings() == 3);
}

TEST_CASE("a close from the far end is final", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer);
  line.peer.close_after(seconds{1}, 1012, std::string(200, 'r')).deliver_after(seconds{2}, "lost");
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::closed);
  CHECK(line.event.close_code == 1012);
  CHECK(line.event.reason == std::string(123, 'r'));
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::closed);
  CHECK(line.event.close_code == 1006);
  const auto sent = channel.send("x", never);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().fault == TransportFault::closed);
  CHECK(sent.error().delivery == Delivery::not_sent);
  CHECK_FALSE(channel.ping(never));
  CHECK(line.peer.sent().empty());
  CHECK_FALSE(line.peer.closed_with());
  CHECK_FALSE(line.peer.is_open());
}

TEST_CASE("a cut is seen as 1006", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer);
  line.peer.cut();
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::closed);
  CHECK(line.event.close_code == 1006);
}

TEST_CASE("the far end learns once how the client left", "[testing][channel]") {
  Line line;
  int gone = 0;
  line.peer.on_gone([&] { ++gone; });
  {
    VirtualChannel channel(line.peer);
    VirtualChannel moved = std::move(channel);
    CHECK(gone == 0);
    moved.close(1000, never);
    CHECK(gone == 1);
  }
  CHECK(gone == 1);
  CHECK(line.peer.closed_with() == 1000);
  ChannelPeer dropped(line.clock);
  dropped.on_gone([&] { ++gone; });
  { const VirtualChannel channel(dropped); }
  CHECK(gone == 2);
  CHECK(dropped.closed_with() == 1006);
}

TEST_CASE("assigning a channel lets the former one go", "[testing][channel]") {
  Line line;
  ChannelPeer second(line.clock);
  VirtualChannel channel(line.peer);
  channel = VirtualChannel(second);
  CHECK(line.peer.closed_with() == 1006);
  CHECK(second.is_open());
}

TEST_CASE("an interruption ends one wait, the present or the next", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer);
  line.peer.deliver("text");
  channel.interrupt();
  channel.interrupt();
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::interrupted);
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::text);
}

TEST_CASE("a send that fails as told kills the channel and reaches nobody", "[testing][channel]") {
  Line line;
  bool heard = false;
  line.peer.on_text([&](std::string_view, ChannelPeer&) { heard = true; })
      .fail_next_send(TransportFault::reset, Delivery::maybe_sent);
  VirtualChannel channel(line.peer);
  const auto sent = channel.send("hold", never);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().fault == TransportFault::reset);
  CHECK(sent.error().delivery == Delivery::maybe_sent);
  CHECK_FALSE(heard);
  CHECK_FALSE(channel.send("again", never));
}

TEST_CASE("a send behind its deadline is not sent", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer);
  const auto late = channel.send("hold", line.begin);
  REQUIRE_FALSE(late);
  CHECK(late.error().fault == TransportFault::timed_out);
  CHECK(late.error().delivery == Delivery::not_sent);
  CHECK_FALSE(channel.ping(line.begin));
  REQUIRE(channel.send("hold", never));
  CHECK(line.peer.sent().size() == 1);
}

TEST_CASE("a message beyond the limit closes the channel", "[testing][channel]") {
  Line line;
  VirtualChannel channel(line.peer, 8);
  line.peer.deliver("12345678").deliver("123456789");
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::text);
  channel.receive(line.event, never);
  CHECK(line.event.kind == Kind::closed);
  CHECK(line.event.close_code == 1009);
}
