// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/transport.hpp>

#include <set>
#include <string_view>
#include <type_traits>

#include "support/catch.hpp"

using patchbay::Channel;
using patchbay::ChannelEvent;
using patchbay::ChannelRequest;
using patchbay::ChannelTransport;
using patchbay::Delivery;
using patchbay::HttpRequest;
using patchbay::HttpResponse;
using patchbay::SteadyTime;
using patchbay::Transport;
using patchbay::TransportError;
using patchbay::TransportFault;
using patchbay::TransportResult;

namespace {

// Exactly what `Transport` asks for: no default constructor, no copy, no move.
struct MinimalTransport {
  explicit MinimalTransport(int) {}
  MinimalTransport(const MinimalTransport&) = delete;
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime) { return {}; }
};
struct transport_without_send {};
struct transport_that_takes_no_deadline {
  TransportResult<void> send(const HttpRequest&, HttpResponse&) { return {}; }
};
struct transport_that_changes_the_request {
  TransportResult<void> send(HttpRequest&, HttpResponse&, SteadyTime) { return {}; }
};
struct transport_that_cannot_fail {
  void send(const HttpRequest&, HttpResponse&, SteadyTime) {}
};
struct transport_that_says_only_whether {
  bool send(const HttpRequest&, HttpResponse&, SteadyTime) { return true; }
};

// Exactly what `Channel` asks for: movable, and the five operations.
struct MinimalChannel {
  explicit MinimalChannel(int) {}
  MinimalChannel(MinimalChannel&&) = default;
  MinimalChannel& operator=(MinimalChannel&&) = default;
  TransportResult<void> send(std::string_view, SteadyTime) { return {}; }
  void receive(ChannelEvent&, SteadyTime) {}
  TransportResult<void> ping(SteadyTime) { return {}; }
  void close(std::uint16_t, SteadyTime) {}
  void interrupt() noexcept {}
};
struct channel_without_send {
  void receive(ChannelEvent&, SteadyTime) {}
  TransportResult<void> ping(SteadyTime) { return {}; }
  void close(std::uint16_t, SteadyTime) {}
  void interrupt() noexcept {}
};
struct channel_without_receive {
  TransportResult<void> send(std::string_view, SteadyTime) { return {}; }
  TransportResult<void> ping(SteadyTime) { return {}; }
  void close(std::uint16_t, SteadyTime) {}
  void interrupt() noexcept {}
};
struct channel_without_ping {
  TransportResult<void> send(std::string_view, SteadyTime) { return {}; }
  void receive(ChannelEvent&, SteadyTime) {}
  void close(std::uint16_t, SteadyTime) {}
  void interrupt() noexcept {}
};
struct channel_without_close {
  TransportResult<void> send(std::string_view, SteadyTime) { return {}; }
  void receive(ChannelEvent&, SteadyTime) {}
  TransportResult<void> ping(SteadyTime) { return {}; }
  void interrupt() noexcept {}
};
struct channel_without_interrupt {
  TransportResult<void> send(std::string_view, SteadyTime) { return {}; }
  void receive(ChannelEvent&, SteadyTime) {}
  TransportResult<void> ping(SteadyTime) { return {}; }
  void close(std::uint16_t, SteadyTime) {}
};
struct channel_whose_interrupt_may_throw : channel_without_interrupt {
  void interrupt() {}
};
struct channel_that_cannot_move : MinimalChannel {
  channel_that_cannot_move() : MinimalChannel(0) {}
  channel_that_cannot_move(channel_that_cannot_move&&) = delete;
};

template <class ChannelType>
struct Opening : MinimalTransport {
  using channel_type = ChannelType;
  TransportResult<ChannelType> open(const ChannelRequest&, HttpResponse&, SteadyTime) {
    return tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent));
  }
};
struct channel_transport_without_channel_type : MinimalTransport {
  TransportResult<MinimalChannel> open(const ChannelRequest&, HttpResponse&, SteadyTime);
};
struct channel_transport_without_open : MinimalTransport {
  using channel_type = MinimalChannel;
};
struct channel_transport_without_send {
  using channel_type = MinimalChannel;
  TransportResult<MinimalChannel> open(const ChannelRequest&, HttpResponse&, SteadyTime);
};
struct channel_transport_that_opens_something_else : MinimalTransport {
  using channel_type = MinimalChannel;
  TransportResult<int> open(const ChannelRequest&, HttpResponse&, SteadyTime);
};

}  // namespace

TEST_CASE("the transport concept takes what it names and refuses each omission", "[concepts][transport]") {
  STATIC_REQUIRE(Transport<MinimalTransport>);
  STATIC_REQUIRE_FALSE(Transport<const MinimalTransport>);
  STATIC_REQUIRE_FALSE(Transport<transport_without_send>);
  STATIC_REQUIRE_FALSE(Transport<transport_that_takes_no_deadline>);
  STATIC_REQUIRE_FALSE(Transport<transport_that_changes_the_request>);
  STATIC_REQUIRE_FALSE(Transport<transport_that_cannot_fail>);
  STATIC_REQUIRE_FALSE(Transport<transport_that_says_only_whether>);
}

TEST_CASE("the channel concept takes what it names and refuses each omission", "[concepts][transport]") {
  STATIC_REQUIRE(Channel<MinimalChannel>);
  STATIC_REQUIRE_FALSE(Channel<channel_without_send>);
  STATIC_REQUIRE_FALSE(Channel<channel_without_receive>);
  STATIC_REQUIRE_FALSE(Channel<channel_without_ping>);
  STATIC_REQUIRE_FALSE(Channel<channel_without_close>);
  STATIC_REQUIRE_FALSE(Channel<channel_without_interrupt>);
  STATIC_REQUIRE_FALSE(Channel<channel_whose_interrupt_may_throw>);
  STATIC_REQUIRE_FALSE(Channel<channel_that_cannot_move>);
}

TEST_CASE("a channel transport is a transport that opens channels, and each part of that is asked for", "[concepts][transport]") {
  STATIC_REQUIRE(ChannelTransport<Opening<MinimalChannel>>);
  STATIC_REQUIRE_FALSE(ChannelTransport<MinimalTransport>);
  STATIC_REQUIRE_FALSE(ChannelTransport<channel_transport_without_channel_type>);
  STATIC_REQUIRE_FALSE(ChannelTransport<channel_transport_without_open>);
  STATIC_REQUIRE_FALSE(ChannelTransport<channel_transport_without_send>);
  STATIC_REQUIRE_FALSE(ChannelTransport<channel_transport_that_opens_something_else>);
  STATIC_REQUIRE_FALSE(ChannelTransport<Opening<channel_without_ping>>);
  STATIC_REQUIRE(Transport<channel_transport_without_open>);
}

TEST_CASE("every fault has a name of its own", "[transport]") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(TransportFault::closed); ++i) {
    CAPTURE(i);
    const std::string_view name = to_string(static_cast<TransportFault>(i));
    CHECK_FALSE(name.empty());
    CHECK(names.insert(name).second);
  }
}

TEST_CASE("what travels through awaited calls is no aggregate", "[transport]") {
  // g++ 12 copies aggregates bitwise when they live across a suspension.
  STATIC_REQUIRE_FALSE(std::is_aggregate_v<HttpRequest>);
  STATIC_REQUIRE_FALSE(std::is_aggregate_v<TransportError>);
  STATIC_REQUIRE_FALSE(std::is_aggregate_v<ChannelRequest>);
}

TEST_CASE("a channel request begins with a bound on messages", "[transport]") {
  const auto endpoint = patchbay::Endpoint::parse("wss://host/x", "ws_url");
  REQUIRE(endpoint);
  const ChannelRequest request(*endpoint, endpoint->path());
  CHECK(request.target == "/x");
  CHECK(request.max_message == 1'048'576);
  CHECK(ChannelEvent{}.kind == ChannelEvent::Kind::idle);
}
