// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <cstdio>

#include <patchbay/policy/text_logger.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("ready waits until the channel is open", "[hold][B15]") {
  HoldFixture f;
  f.cloud.fail_open(TransportFault::connect);
  f.cloud.refuse(503, {{"Retry-After", "7"}});
  f.accept();
  std::vector<ChannelState> states;  // told until the door is gone
  auto door = f.door();
  door.on_state([&](const ChannelStateEvent& event) { states.push_back(event.state); });
  const SteadyTime begun = f.clock.steady_now();
  CHECK(door.state() == ChannelState::idle);
  REQUIRE(door.ready());
  CHECK(door.state() == ChannelState::open);
  CHECK(f.clock.steady_now() - begun >= seconds{7});
  CHECK(f.cloud.openings().size() == 3);
  using S = ChannelState;
  CHECK(states == std::vector<S>{S::waiting, S::connecting, S::waiting, S::connecting, S::waiting, S::connecting, S::open});
  CHECK(door.metrics()[HoldCount::connects] == 1);
}

TEST_CASE("the token goes in a header by default, and in the query when the settings want it", "[hold][B12]") {
  HoldFixture f;
  f.token("t/o+k=1canary");
  SECTION("header") {
    f.accept();
    auto door = f.door();
    REQUIRE(door.ready());
    const RecordedRequest upgrade = f.cloud.openings().at(0);
    CHECK(upgrade.origin == "https://api.example.com");
    CHECK(upgrade.target == "/api/v2/interactions");
    CHECK(upgrade.header("Authorization") == "Bearer t/o+k=1canary");
  }
  SECTION("query, for servers that know no other") {
    f.settings.hold.token_in = ChannelToken::query;
    f.settings.hold.channel_url = GENERATE("wss://stream.example.com:444/x/y", "wss://stream.example.com:444/x/y?v=2");
    f.accept();
    auto door = f.door();
    REQUIRE(door.ready());
    const RecordedRequest upgrade = f.cloud.openings().at(0);
    CHECK(upgrade.origin == "https://stream.example.com:444");
    CHECK((upgrade.target == "/x/y?access_token=t%2Fo%2Bk%3D1canary" || upgrade.target == "/x/y?v=2&access_token=t%2Fo%2Bk%3D1canary"));
    CHECK_FALSE(upgrade.header("Authorization"));
  }
  SECTION("a path below the base URL's") {
    f.settings.base_url = "https://api.example.com/gateway";
    f.accept();
    auto door = f.door();
    REQUIRE(door.ready());
    CHECK(f.cloud.openings().at(0).target == "/gateway/api/v2/interactions");
  }
}

TEST_CASE("no token, no id of a server's making and no whole message is logged", "[hold][B12][B32]") {
  HoldFixture f;
  f.token("canary-token-0123456789");
  f.settings.hold.token_in = ChannelToken::query;
  f.cloud.refuse(500, {}, R"({"message":"bad access_token=canary-token-0123456789"})");
  f.cloud.accept().on_text([](std::string_view text, ChannelPeer& peer) {
    peer.deliver(R"({"topic":"customer-canary"})");
    peer.deliver(ack(member(text, "correlationId"), "error", R"(,"message":"customer-canary Bearer canary-token-0123456789")"));
  });
  std::FILE* const file = std::tmpfile();
  REQUIRE(file);
  {
    auto door = f.door(f.cloud, TextLogger(file, Level::debug));
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().describe().find("canary") == std::string::npos);
    CHECK(held.error().server_message().find("canary-token") == std::string::npos);
    std::string audit;
    for (const AuditRecord& each : door.audit_log()) append_json(each, audit);
    CHECK(audit.find("canary") == std::string::npos);
  }
  std::rewind(file);
  std::string log;
  char part[4096];
  for (std::size_t n; (n = std::fread(part, 1, sizeof part, file)) != 0;) log.append(part, n);
  std::fclose(file);
  CHECK(log.find("channel.open") != std::string::npos);
  CHECK(log.find("hold.end") != std::string::npos);
  CHECK(log.find("canary") == std::string::npos);
}

TEST_CASE("a refused upgrade tells the cloud's code, message and id, and the wait that it asked for", "[hold][A34][A8]") {
  HoldFixture f;
  SECTION("for a time") {
    const bool in_header = GENERATE(true, false);
    testing::HeaderList headers{{"Retry-After", "7200"}};
    if (in_header) headers.emplace_back("inin-correlation-id", "up-1");
    f.cloud.refuse(503, headers, R"({"code":"service.unavailable","message":"closed","contextId":"ctx-1"})");
    auto door = f.door();
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    const Error& error = held.error();
    CHECK(error.code() == ErrorCode::not_connected);
    CHECK(error.http_status() == 503);
    CHECK(error.server_code() == "service.unavailable");
    CHECK(error.server_message() == "closed");
    CHECK(error.server_correlation_id() == (in_header ? "up-1" : "ctx-1"));
    CHECK(error.retry_after() == seconds{7200});
    CHECK(error.message().find("; the server asked for no other for 2 h, until ") != std::string::npos);
    CHECK(door.audit_log().back().server_correlation_id == error.server_correlation_id());
    const auto ready = door.ready();
    REQUIRE_FALSE(ready);
    CHECK(ready.error().server_correlation_id() == error.server_correlation_id());
    CHECK(ready.error().server_code() == "service.unavailable");
    CHECK(f.cloud.openings().size() == 1);
  }
  SECTION("for good") {
    f.cloud.refuse(404, {}, R"({"code":"not.found","message":"no channel here","contextId":"ctx-2"})");
    auto door = f.door();
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == ErrorCode::not_found);
    CHECK(held.error().server_code() == "not.found");
    CHECK(held.error().server_correlation_id() == "ctx-2");
    CHECK(door.audit_log().back().server_correlation_id == "ctx-2");
  }
  SECTION("the reading before it") {
    f.cloud.when(Method::get, interaction_target, 403, {}, R"({"code":"missing.permissions","message":"no","contextId":"ctx-3"})");
    auto door = f.door();
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == ErrorCode::forbidden);
    CHECK(held.error().server_code() == "missing.permissions");
    CHECK(held.error().server_correlation_id() == "ctx-3");
    CHECK(door.audit_log().back().server_correlation_id == "ctx-3");
  }
  SECTION("a token that it repeats is in no error") {
    f.token("canary-token-0123456789");
    f.cloud.refuse(404, {}, R"({"message":"canary-token-0123456789 is odd"})");
    auto door = f.door();
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().server_message() == "<redacted>");
  }
}

TEST_CASE("an upgrade that is refused for the token's sake gets a newer one, once", "[hold][B13]") {
  HoldFixture f;
  const int status = GENERATE(401, 403);
  SECTION("which helps") {
    f.cloud.refuse(status);
    f.accept();
    auto door = f.door();
    REQUIRE(door.hold(f.hold()));
    CHECK(f.settings.tokens->generation() == 2);
    CHECK(door.metrics()[ExchangeCount::token_refreshes] == 1);
  }
  SECTION("which does not: refused for good, and waiting commands fail at once") {
    f.cloud.refuse(status).refuse(status);
    auto door = f.door();
    const SteadyTime begun = f.clock.steady_now();
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == (status == 401 ? ErrorCode::authentication_failed : ErrorCode::forbidden));
    CHECK(held.error().http_status() == status);
    CHECK(held.error().outcome() == Outcome::not_applied);
    CHECK(f.clock.steady_now() - begun < seconds{2});
    CHECK(door.state() == ChannelState::refused);
    CHECK(f.settings.tokens->generation() == 2);
    // It rests until somebody asks again.
    door.pump_for(seconds{600});
    CHECK(f.cloud.openings().size() == 2);
    f.accept();
    CHECK(door.unhold(f.unhold()));
    CHECK(f.cloud.openings().size() == 3);
  }
}

TEST_CASE("what no waiting can cure is refused at once", "[hold][B18]") {
  HoldFixture f;
  const int status = GENERATE(400, 404, 426, 200, 302);
  f.cloud.refuse(status);
  auto door = f.door();
  const auto ready = door.ready();
  REQUIRE_FALSE(ready);
  CHECK(ready.error().http_status() == status);
  CHECK(door.state() == ChannelState::refused);
}

TEST_CASE("a lost connection comes back by one attempt at a time, jittered under a bound that doubles", "[hold][B16][B18][I11]") {
  HoldFixture f;
  ChannelPeer first = f.accept();
  for (int i = 0; i < 6; ++i) f.cloud.fail_open(TransportFault::connect);
  ChannelPeer second = f.accept();
  auto door = f.door();
  REQUIRE(door.ready());
  first.cut();
  door.pump_for(seconds{120});
  CHECK(door.state() == ChannelState::open);
  CHECK(second.is_open());
  CHECK_FALSE(first.is_open());
  const auto opened = f.cloud.openings();
  REQUIRE(opened.size() == 8);
  for (std::size_t i = 1; i < opened.size(); ++i)
    CHECK(opened[i].at - opened[i - 1].at <= std::min<Duration>(seconds{30}, seconds{1 << (i - 1)}) + milliseconds{10});
}

TEST_CASE("a server that accepts and closes is not hammered, and ends refused when the code says so", "[hold][B17]") {
  HoldFixture f;
  const std::uint16_t code = GENERATE(std::uint16_t{1000}, std::uint16_t{1006}, std::uint16_t{1009}, std::uint16_t{1012}, std::uint16_t{1013});
  for (int i = 0; i < 200; ++i) f.cloud.accept().close(code);
  auto door = f.door();
  REQUIRE(door.ready());
  door.pump_for(seconds{600});
  std::size_t n = f.cloud.openings().size();
  CHECK(n >= 10);
  CHECK(n <= 120);  // twelve a minute at most
  if (code == 1009) CHECK(n <= 60);
}

TEST_CASE("a close that blames the token refreshes it once and then gives up", "[hold][B17]") {
  HoldFixture f;
  const std::uint16_t code = GENERATE(std::uint16_t{1008}, std::uint16_t{4001}, std::uint16_t{4999});
  for (int i = 0; i < 50; ++i) f.cloud.accept().close(code);
  auto door = f.door();
  REQUIRE(door.ready());
  door.pump_for(seconds{200});
  CHECK(f.cloud.openings().size() == 2);
  CHECK(door.state() == ChannelState::refused);
  CHECK(f.settings.tokens->generation() == 2);
}

TEST_CASE("a stable connection forgives the failures before it", "[hold][B17]") {
  HoldFixture f;
  std::vector<ChannelPeer> peers;
  for (int i = 0; i < 4; ++i) peers.push_back(f.accept());
  auto door = f.door();
  REQUIRE(door.ready());
  for (int i = 0; i < 3; ++i) {
    door.pump_for(seconds{61});
    peers[static_cast<std::size_t>(i)].close(4000);  // each time the token is refreshed once, and that is enough
    door.pump_for(seconds{61});
    CHECK(door.state() == ChannelState::open);
  }
  CHECK(f.cloud.openings().size() == 4);
}

TEST_CASE("pings go out every thirty seconds, and silence ends the connection", "[hold][B19]") {
  HoldFixture f;
  ChannelPeer first = f.accept();
  auto door = f.door();
  REQUIRE(door.ready());
  door.pump_for(seconds{301});
  CHECK(first.pings() == 10);
  CHECK(door.metrics()[HoldCount::pings] == 10);
  first.pongs(false);
  ChannelPeer second = f.accept();
  door.pump_for(seconds{60});
  CHECK(first.is_open());
  door.pump_for(seconds{40});
  CHECK_FALSE(first.is_open());
  CHECK(door.metrics()[HoldCount::missed_pongs] == 2);
  door.pump_for(seconds{40});
  CHECK(second.is_open());
}

TEST_CASE("a pause without a pump is no silence, but the end that came meanwhile is seen before anything is sent", "[hold][B19]") {
  HoldFixture f;
  ChannelPeer first = f.accept();
  auto door = f.door();
  REQUIRE(door.ready());
  f.clock.advance(std::chrono::hours{1});
  REQUIRE(door.hold(f.hold()));
  CHECK(f.cloud.openings().size() == 1);
  f.clock.advance(std::chrono::hours{1});
  first.cut();
  ChannelPeer second = f.accept();
  const auto released = door.unhold(f.unhold());
  REQUIRE(released);
  CHECK(released->resolved_by == ResolvedBy::answer);
  CHECK(second.sent().size() == 1);
}

TEST_CASE("messages are bounded", "[hold][B34]") {
  HoldFixture f;
  f.settings.hold.max_message = 1000;
  ChannelPeer first = f.accept();
  f.accept();
  auto door = f.door();
  REQUIRE(door.ready());
  first.deliver(std::string(1001, ' '));
  door.pump_for(seconds{40});
  CHECK_FALSE(first.is_open());
  CHECK(door.state() == ChannelState::open);
}

TEST_CASE("plain text beyond this machine is refused for the channel as well", "[hold]") {
  HoldFixture f;
  f.settings.hold.channel_url = "ws://stream.example.com/x";
  auto door = f.door();
  CHECK(door.ready().error().code() == ErrorCode::invalid_settings);
  f.settings.hold.channel_url = "ws://127.0.0.1/x";
  f.accept();
  auto local = f.door();
  CHECK(local.ready());
}

TEST_CASE("the destructor, and close, end the channel with 1000", "[hold][B35][I23]") {
  HoldFixture f;
  ChannelPeer peer = f.accept();
  {
    auto door = f.door();
    REQUIRE(door.hold(f.hold()));
    SECTION("by the destructor") {}
    SECTION("by close, which may be called again") {
      CHECK(door.close(seconds{1}));
      CHECK(peer.closed_with() == 1000);
      CHECK(door.state() == ChannelState::closed);
      CHECK(door.close(seconds{1}));
      CHECK(door.hold(f.hold().deadline(seconds{1})).error().code() == ErrorCode::closed);
      CHECK(door.unhold(f.unhold()).error().code() == ErrorCode::closed);
      CHECK(door.ready().error().code() == ErrorCode::closed);
      CHECK(door.held().size() == 1);  // closing releases nobody
      const SteadyTime before = f.clock.steady_now();
      door.pump_for(seconds{10});
      CHECK(f.clock.steady_now() == before);
    }
  }
  CHECK(peer.closed_with() == 1000);
  CHECK_FALSE(peer.is_open());
}
