// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// What every channel does, against peers that play bytes; included as `http.hpp` is. `Tested::Channel` is a blocking one.
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>

#include "exchange.hpp"
#include "raw_websocket.hpp"

using namespace patchbay;
using namespace patchbay::test;
using Kind = ChannelEvent::Kind;

static_assert(!std::is_copy_constructible_v<Tested::Channel> && std::is_move_constructible_v<Tested::Channel>);

namespace {

TransportResult<Tested::Channel> try_open(Tested::Transport& transport, const Endpoint& endpoint,
                                          HttpResponse& refusal, SteadyTime deadline = soon(),
                                          std::size_t max_message = std::size_t{1} << 20) {
  ChannelRequest request(endpoint, "/api/v2/interactions?access_token=t0ken");
  const HeaderView headers[] = {{"Authorization", "Bearer t0ken"}};
  request.headers = headers;
  request.max_message = max_message;
  return transport.open(request, refusal, deadline);
}

/// An open channel to a peer that accepts the upgrade and then plays `script`.
class Opened {
 public:
  explicit Opened(RawPeer::Script script, std::size_t max_message = std::size_t{1} << 20)
      : peer([script = std::move(script)](PeerConnection& c) {
          accept_upgrade(c);
          script(c);
        }),
        channel(try_open(transport, endpoint_of(peer.url("ws")), refusal, soon(), max_message).value()) {}

  Kind receive(SteadyTime deadline = soon()) {
    channel.receive(event, deadline);
    return event.kind;
  }
  /// Expects the end of the connection.
  std::uint16_t closed() {
    REQUIRE(receive() == Kind::closed);
    const std::uint16_t code = event.close_code;
    REQUIRE(receive() == Kind::closed);  // and again
    CHECK(event.close_code == code);
    const auto sent = channel.send("late", soon());
    REQUIRE_FALSE(sent);
    CHECK(sent.error().fault == TransportFault::closed);
    CHECK(sent.error().delivery == Delivery::not_sent);
    return code;
  }

  Tested::Transport transport;
  HttpResponse refusal;
  RawPeer peer;
  Tested::Channel channel;
  ChannelEvent event;
};

}  // namespace

TEST_CASE("the upgrade carries the given header fields, asks for no compression, and keeps what came with the 101",
          "[beast][websocket]") {
  std::string request;
  {
    RawPeer peer([&](PeerConnection& c) {
      request = accept_upgrade(c, frame(text_frame, "early"));
      c.drain();
    });
    Tested::Transport transport;
    HttpResponse refusal;
    auto channel = try_open(transport, endpoint_of(peer.url("ws")), refusal);
    REQUIRE(channel);
    ChannelEvent event;
    channel->receive(event, soon());
    CHECK(event.kind == Kind::text);
    CHECK(event.payload.view() == "early");
  }
  CHECK(request.starts_with("GET /api/v2/interactions?access_token=t0ken HTTP/1.1\r\n"));
  CHECK(field_of(request, "Authorization") == "Bearer t0ken");
  CHECK(field_of(request, "Host").starts_with("127.0.0.1:"));
  CHECK(field_of(request, "Sec-WebSocket-Extensions").empty());
}

TEST_CASE("messages go both ways, whole", "[beast][websocket]") {
  Opened t([](PeerConnection& c) {
    for (ClientFrame f; (f = read_frame(c)).opcode == text_frame;) c.write(frame(text_frame, f.payload));
    c.write(frame(binary_frame, std::string(300, '\xff')));
    c.drain();
  });
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{125}, std::size_t{126}, std::size_t{65535},
                                 std::size_t{65536}, std::size_t{1} << 20}) {
    const std::string text(size, 'm');
    REQUIRE(t.channel.send(text, soon()));
    REQUIRE(t.receive() == Kind::text);
    CHECK(t.event.payload.view() == text);
    for (std::size_t i = 0; i < Body::padding && size != 0; ++i) REQUIRE(t.event.payload.data()[size + i] == '\0');
  }
  REQUIRE(t.channel.ping(soon()));  // ends the echo
  REQUIRE(t.receive() == Kind::binary);
  CHECK(t.event.payload.size() == 300);
}

TEST_CASE("fragments are joined, and control frames between them reported and answered", "[beast][websocket]") {
  std::vector<ClientFrame> answers;
  {
    Opened t([&](PeerConnection& c) {
      c.write(frame(text_frame, "{\"a\":", false) + frame(ping_frame, "one") + frame(continuation, "\xc3", false) +
              frame(pong_frame, "x") + frame(continuation, "\xa9}") + frame(ping_frame, "two"));
      answers.push_back(read_frame(c));
      answers.push_back(read_frame(c));
      c.drain();
    });
    REQUIRE(t.receive() == Kind::ping);
    REQUIRE(t.receive() == Kind::pong);
    REQUIRE(t.receive() == Kind::text);
    CHECK(t.event.payload.view() == "{\"a\":\xc3\xa9}");
    REQUIRE(t.receive() == Kind::ping);
    CHECK(t.receive(in(milliseconds(20))) == Kind::idle);
  }
  REQUIRE(answers.size() == 2);
  CHECK((answers[0].opcode == pong_frame && answers[0].payload == "one"));
  CHECK((answers[1].opcode == pong_frame && answers[1].payload == "two"));
}

TEST_CASE("our ping is answered with a pong event", "[beast][websocket]") {
  Opened t([](PeerConnection& c) {
    if (read_frame(c).opcode == ping_frame) c.write(frame(pong_frame));
    c.drain();
  });
  REQUIRE(t.channel.ping(soon()));
  CHECK(t.receive() == Kind::pong);
}

TEST_CASE("a close of the peer is reported with its code and reason, and answered", "[beast][websocket][close]") {
  const std::pair<std::uint16_t, std::string_view> closes[] = {
      {1000, ""},        {1001, "going away"}, {1008, "policy"},       {1011, "oops"},
      {1012, "restart"}, {1013, "later"},      {4001, "token expired"}};
  for (const auto& entry : closes) {
    const std::uint16_t code = entry.first;
    const std::string_view reason = entry.second;
    std::atomic<int> answered{-1};
    {
      Opened t([&, code, reason](PeerConnection& c) {
        c.write(close_with(code, reason));
        answered = read_frame(c).close_code();
        c.drain();
      });
      CHECK(t.closed() == code);
      CHECK(t.event.reason == reason);
    }
    CHECK(answered == code);
  }
  Opened t([](PeerConnection& c) { c.write(frame(close_frame)); });
  CHECK(t.closed() == 1005);
}

TEST_CASE("a connection that is cut at any byte of a frame is closed with 1006", "[beast][websocket][faults]") {
  const std::string bytes = frame(text_frame, std::string(130, 'x'));
  for (std::size_t cut = 0; cut < bytes.size(); cut += cut < 6 ? 1 : 31) {
    for (const bool hard : {false, true}) {
      Opened t([&, cut, hard](PeerConnection& c) {
        c.write(bytes.substr(0, cut));
        if (hard) c.reset();
      });
      CHECK(t.closed() == 1006);
    }
  }
}

TEST_CASE("what breaks the protocol closes with the code that names it", "[beast][websocket][faults]") {
  const std::pair<std::uint16_t, std::string> faults[] = {
      {1002, frame(text_frame, "masked", true, true)},
      {1002, frame(continuation, "of nothing")},
      {1002, frame(text_frame, "a", false) + frame(text_frame, "b")},
      {1002, frame(ping_frame, "fragment", false)},
      {1002, frame(ping_frame, std::string(126, 'p'))},
      {1002, frame(static_cast<Opcode>(3), "reserved")},
      {1002, "\xc1\x01x"},                 // compressed, which nobody agreed on
      {1002, frame(close_frame, "\x03")},  // half a code
      {1002, close_with(1005)},            // a code that is never sent
      {1007, frame(text_frame, "\xff\xfe")},
      {1007, frame(text_frame, "\xed\xa0\x80")},  // a surrogate
      {1007, frame(text_frame, "\xc3", false) + frame(continuation, "x")},
      {1007, frame(text_frame, "cut \xe2\x82")},
      {1009, frame(text_frame, std::string(2001, 'x'))},
      {1009, frame(text_frame, std::string(1500, 'x'), false) + frame(continuation, std::string(501, 'x'))},
      {1009, std::string("\x81\x7f\x00\x00\x00\x40\x00\x00\x00\x00", 10)},  // 256 GiB, declared
  };
  for (const auto& [code, bytes] : faults) {
    std::atomic<int> told{-1};
    {
      Opened t(
          [&, b = bytes](PeerConnection& c) {
            c.write(b);
            told = read_frame(c).close_code();
          },
          2000);
      INFO(bytes.substr(0, 20));
      CHECK(t.closed() == code);
    }
    CHECK(told == code);
  }
}

TEST_CASE("a message of exactly the limit passes", "[beast][websocket][limits]") {
  Opened t(
      [](PeerConnection& c) {
        c.write(frame(text_frame, std::string(2000, 'x')));
        c.drain();
      },
      2000);
  REQUIRE(t.receive() == Kind::text);
  CHECK(t.event.payload.size() == 2000);
}

TEST_CASE("a message of two megabytes is 1009 under the default limit and passes under a larger one",
          "[beast][websocket][limits]") {
  const auto send = [](PeerConnection& c) {
    c.write(frame(text_frame, std::string(std::size_t{2} << 20, 'x')));
    c.drain();
  };
  Opened small(send);
  CHECK(small.closed() == 1009);
  Opened large(send, std::size_t{2} << 20);
  REQUIRE(large.receive() == Kind::text);
  CHECK(large.event.payload.size() == std::size_t{2} << 20);
}

TEST_CASE("a refused upgrade tells status, header fields and a bounded body", "[beast][websocket][refusal]") {
  const std::pair<int, std::string> refusals[] = {
      {401, answer("{\"code\":\"bad.credentials\"}", "WWW-Authenticate: Bearer\r\n", "401 Unauthorized")},
      {302, answer("", "Location: http://elsewhere.test/\r\nWWW-Authenticate: Bearer\r\n", "302 Found")},
      {200, answer("<html>", "WWW-Authenticate: Bearer\r\n")},
      {503,
       "HTTP/1.1 100 Continue\r\n\r\n" + answer("later", "WWW-Authenticate: Bearer\r\n", "503 Service Unavailable")},
      {429, "HTTP/1.1 429 Too Many Requests\r\nWWW-Authenticate: Bearer\r\nContent-Length: 100\r\n\r\ncut short"},
      {403, "HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
  };
  for (const auto& [status, bytes] : refusals) {
    RawPeer peer([&](PeerConnection& c) {
      static_cast<void>(c.read_request());
      c.write(bytes);
    });
    Tested::Transport transport;
    HttpResponse refusal;
    const auto channel = try_open(transport, endpoint_of(peer.url("ws")), refusal);
    REQUIRE_FALSE(channel);
    CHECK(channel.error().fault == TransportFault::upgrade_refused);
    CHECK(channel.error().delivery == Delivery::maybe_sent);
    CHECK(refusal.status == status);
    CHECK(refusal.headers.find("www-authenticate") == "Bearer");
    CHECK(channel.error().detail.find("t0ken") == std::string::npos);
  }
  SECTION("the body is cut at 4 KiB, and one that never ends is not waited for") {
    RawPeer peer([&](PeerConnection& c) {
      static_cast<void>(c.read_request());
      c.write("HTTP/1.1 500 Internal Server Error\r\n\r\n");
      while (c.write(std::string(1000, 'x'))) {
      }
    });
    Tested::Transport transport;
    HttpResponse refusal;
    const auto channel = try_open(transport, endpoint_of(peer.url("ws")), refusal);
    REQUIRE_FALSE(channel);
    CHECK(channel.error().fault == TransportFault::upgrade_refused);
    CHECK(refusal.status == 500);
    CHECK(refusal.body.size() == 4096);
  }
}

TEST_CASE("an upgrade that goes wrong says how", "[beast][websocket][refusal]") {
  const auto fault_of = [](RawPeer::Script script, SteadyTime deadline = soon()) {
    RawPeer peer(std::move(script));
    Tested::Transport transport;
    HttpResponse refusal;
    const auto channel = try_open(transport, endpoint_of(peer.url("ws")), refusal, deadline);
    REQUIRE_FALSE(channel);
    return channel.error().fault;
  };
  const auto reply = [](std::string bytes) {
    return [bytes = std::move(bytes)](PeerConnection& c) {
      static_cast<void>(c.read_request());
      c.write(bytes);
    };
  };
  const std::string wrong_key =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
      "AAAA\r\n\r\n";
  CHECK(fault_of(reply(wrong_key)) == TransportFault::malformed);
  CHECK(fault_of(reply("HTTP/1.1 101 Switching Protocols\r\n\r\n")) == TransportFault::malformed);
  CHECK(fault_of(reply("HTTP/1.1 101 Switching Protocols\r\nno colon\r\n\r\n")) == TransportFault::malformed);
  CHECK(fault_of(reply("<html>")) == TransportFault::malformed);
  CHECK(fault_of([](PeerConnection&) {}) == TransportFault::reset);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{3}, std::size_t{12}, std::size_t{20}, wrong_key.size() - 1})
    CHECK(fault_of(reply(wrong_key.substr(0, cut))) == TransportFault::reset);
  CHECK(fault_of(reply("HTTP/1.1 401 Unauth")) == TransportFault::reset);
  CHECK(fault_of([](PeerConnection& c) { c.drain(); }, in(milliseconds(100))) == TransportFault::timed_out);
  CHECK(fault_of(
            [](PeerConnection& c) {
              static_cast<void>(c.read_request());
              c.write("HTTP/1.1 401 Unauthorized\r\n");
              c.drain();
            },
            in(milliseconds(100))) == TransportFault::timed_out);
  for (const char* const begin : {"HTTP/1.1 101 Switching Protocols\r\n", "HTTP/1.1 401 Unauthorized\r\n"})
    CHECK(fault_of([begin](PeerConnection& c) {
            static_cast<void>(c.read_request());
            c.write(begin);
            while (c.write("A: 0123456789\r\n")) {
            }
          }) == TransportFault::too_large);
}

TEST_CASE("a channel is refused where credentials may not go, before anything is sent", "[beast][websocket]") {
  Tested::Transport transport;
  HttpResponse refusal;
  const Endpoint endpoint = endpoint_of("ws://api.example.test/socket");
  const auto channel = try_open(transport, endpoint, refusal);
  REQUIRE_FALSE(channel);
  CHECK(channel.error().fault == TransportFault::plain_text_refused);
  CHECK(channel.error().delivery == Delivery::not_sent);
}

TEST_CASE("a read goes on over many short receives", "[beast][websocket]") {
  std::atomic<int> idles{0};
  Opened t([&](PeerConnection& c) {
    const std::string bytes = frame(text_frame, "slowly");
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {  // each byte after the client gave up waiting once more
      const int seen = idles;
      c.write({&bytes[i], 1});
      if (!eventually([&] { return idles != seen; })) return;
    }
    c.write({&bytes.back(), 1});
    c.drain();
  });
  while (t.receive(in(milliseconds(1))) == Kind::idle) ++idles;
  CHECK(t.event.kind == Kind::text);
  CHECK(t.event.payload.view() == "slowly");
  CHECK(idles >= 7);
}

TEST_CASE("silence is idle until the deadline, and a passed deadline still looks at what has arrived",
          "[beast][websocket][deadline]") {
  std::atomic<bool> written{false};
  Opened t([&](PeerConnection& c) {
    if (read_frame(c).opcode == text_frame) c.write(frame(text_frame, "there"));
    written = true;
    c.drain();
  });
  const SteadyTime begin = std::chrono::steady_clock::now();
  CHECK(t.receive(in(milliseconds(50))) == Kind::idle);
  CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(50));
  REQUIRE(t.channel.send("say", soon()));
  REQUIRE(eventually([&] { return written.load(); }));
  Kind kind = Kind::idle;
  for (const SteadyTime end = soon(); kind == Kind::idle && std::chrono::steady_clock::now() < end;)
    kind = t.receive(in(milliseconds(-1)));
  CHECK(kind == Kind::text);
}

TEST_CASE("a send that the peer does not take ends at its deadline, and with it the channel",
          "[beast][websocket][deadline]") {
  Opened t([](PeerConnection& c) { c.stall(); });
  const std::string large(std::size_t{32} << 20, 'x');
  const SteadyTime begin = std::chrono::steady_clock::now();
  const auto sent = t.channel.send(large, in(milliseconds(100)));
  CHECK(std::chrono::steady_clock::now() - begin < seconds(2));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().fault == TransportFault::timed_out);
  CHECK(sent.error().delivery == Delivery::maybe_sent);
  CHECK(t.closed() == 1006);
}

TEST_CASE("a peer that sends more than is taken is held back by TCP", "[beast][websocket][limits]") {
  std::atomic<std::size_t> taken{0};
  std::atomic<bool> stop{false};
  {
    Opened t([&](PeerConnection& c) {
      const int small = 1 << 16;
      ::setsockopt(c.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
      const std::string bytes = frame(text_frame, std::string(60'000, 'x'));
      // Writes while the client sends and never receives, until nothing more fits.
      for (pollfd p{c.fd(), POLLOUT, 0}; ::poll(&p, 1, 150) > 0 && taken < (std::size_t{256} << 20);)
        if (const auto n = ::send(c.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT); n > 0)
          taken += static_cast<std::size_t>(n);
      stop = true;
      c.drain();
    });
    for (const SteadyTime end = soon(); !stop && std::chrono::steady_clock::now() < end;)
      REQUIRE(t.channel.send("x", soon()));
    CHECK(stop);
  }
  CHECK(taken < (std::size_t{64} << 20));  // what the kernel's buffers hold, not what the peer would send
}

TEST_CASE("a flood of pings is reported, bounded", "[beast][websocket][limits]") {
  std::atomic<bool> written{false};
  Opened t([&](PeerConnection& c) {
    std::string flood;
    for (int i = 0; i < 1000; ++i) flood += frame(ping_frame);
    c.write(flood + frame(text_frame, "end"));
    written = true;
    c.drain();
  });
  REQUIRE(eventually([&] { return written.load(); }));
  int pings = 0;
  for (bool sent = true; sent && pings == 0;) {  // answered while something is sent, and kept as at most 64 events
    for (int i = 0; i < 200; ++i) REQUIRE(t.channel.ping(soon()));
    while (t.receive() == Kind::ping) ++pings;
    sent = t.event.kind != Kind::text;
  }
  CHECK(t.event.kind == Kind::text);
  CHECK(pings >= 1);
  CHECK(pings <= 1000);
}

TEST_CASE("closing waits for the peer's answer, within its deadline", "[beast][websocket][close]") {
  SECTION("answered, after messages that nobody takes any more") {
    std::atomic<int> told{-1};
    Opened t([&](PeerConnection& c) {
      c.write(frame(text_frame, "one") + frame(text_frame, "two"));
      told = read_frame(c).close_code();
      c.write(frame(text_frame, "three") + close_with(1000, "bye"));
      c.drain();
    });
    REQUIRE(t.receive() == Kind::text);
    t.channel.close(1000, soon());
    CHECK(told == 1000);
    CHECK(t.closed() == 1000);
  }
  SECTION("never answered") {
    for (const bool reads : {true, false}) {
      Opened t([reads](PeerConnection& c) { reads ? c.drain() : c.stall(); });
      static_cast<void>(t.receive(in(milliseconds(1))));  // a read is outstanding
      const SteadyTime begin = std::chrono::steady_clock::now();
      t.channel.close(1001, in(milliseconds(100)));
      const Duration took = std::chrono::steady_clock::now() - begin;
      CHECK(took >= milliseconds(100));
      CHECK(took < seconds(2));
      CHECK(t.closed() == 1006);
    }
  }
  SECTION("with no time left, the close frame is still sent") {
    std::atomic<int> told{-1};
    {
      Opened t([&](PeerConnection& c) { told = read_frame(c).close_code(); });
      t.channel.close(1001, in(milliseconds(-1)));
      CHECK(t.closed() == 1006);
    }
    CHECK(told == 1001);
  }
  SECTION("with a code that nobody may send, 1000 is sent") {
    std::atomic<int> told{-1};
    Opened t([&](PeerConnection& c) {
      told = read_frame(c).close_code();
      c.write(close_with(1000));
    });
    t.channel.close(1006, soon());
    CHECK(told == 1000);
  }
}

TEST_CASE("destroying a channel ends its connection at once", "[beast][websocket][close]") {
  std::atomic<bool> ended{false};
  RawPeer peer([&](PeerConnection& c) {
    accept_upgrade(c);
    c.drain();
    ended = true;
  });
  Tested::Transport transport;
  HttpResponse refusal;
  {
    auto channel = try_open(transport, endpoint_of(peer.url("ws")), refusal);
    REQUIRE(channel);
    ChannelEvent event;
    channel->receive(event, in(milliseconds(5)));
  }
  CHECK(eventually([&] { return ended.load(); }));
}
