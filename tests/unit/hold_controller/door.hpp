// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/manual_clock.hpp>
#include <patchbay/testing/scripted_transport.hpp>

#if defined(PATCHBAY_TEST_HOLDS_ON_LOOP)
#include "../driver/waiting_holds.hpp"
#endif

namespace patchbay::tests {

using testing::ChannelPeer;
using testing::ManualClock;
using testing::RecordedRequest;
using testing::ScriptedTransport;

inline const std::string interaction_id = "550e8400-e29b-41d4-a716-446655440000";
inline const std::string interaction_target = "/api/v2/interactions/" + interaction_id;

/// The value of a string member in a flat enough JSON text; empty when there is none.
inline std::string member(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":\"";
  const std::size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + key.size();
  return std::string(json.substr(from, json.find('"', from) - from));
}

inline std::string ack(std::string_view id, std::string_view type, std::string_view more = {}) {
  return R"({"correlationId":")" + std::string(id) + R"(","body":{"type":")" + std::string(type) + "\"" + std::string(more) + "}}";
}
inline std::string ack_of(std::string_view command) {
  return ack(member(command, "correlationId"), member(command, "type"), R"(,"interactionId":")" + member(command, "interactionId") + "\"");
}

/// Answers every command positively.
inline void acknowledge(std::string_view text, ChannelPeer& peer) { peer.deliver(ack_of(text)); }

// The same tests are compiled a second time for doors on event loops; see `driver/holds_on_loop.cpp`.
#if defined(PATCHBAY_TEST_HOLDS_ON_LOOP)
inline namespace on_loop {
#else
inline namespace blocking {
#endif

/// A cloud and a clock for one door, and the settings to build it with. Token and interaction are answered by routes.
class HoldFixture {
 public:
  HoldFixture() {
    token("tok-1");
    interaction("");
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s3cr3t-canary")});
    settings.random = std::make_shared<RandomSource>(7);
  }

  void token(std::string_view text) {
    cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":")" + std::string(text) + R"(","expires_in":36000})");
  }
  /// What the interaction shows besides the usual, as members behind a comma: `,"held":true`.
  void interaction(std::string_view more, std::string_view state = "connected") {
    cloud.when(Method::get, interaction_target, 200, {{"ETag", "\"1\""}},
               R"({"id":")" + interaction_id + R"(","state":")" + std::string(state) +
                   R"(","routingData":{"skillGroup":{"id":"sg-1","name":"Billing"},"orgId":"org-1"})" + std::string(more) + "}");
  }
  /// The next connection, whose commands are acknowledged.
  ChannelPeer accept() { return cloud.accept().on_text(&acknowledge); }

  template <class Transport, class Logger = NullLogger, class Schema = DefaultSchema>
  auto door(Transport transport, Logger logger = {}, Schema schema = {}) {
#if defined(PATCHBAY_TEST_HOLDS_ON_LOOP)
    using Looped = testing::LoopTransport<Transport>;
    return WaitingHolds<Policies<Looped, ManualClock, DefaultRetry, Logger, Schema>>(
        loop, Policies{.transport = Looped(loop, std::move(transport)), .clock = clock, .logger = std::move(logger), .schema = schema}, settings);
#else
    return HoldController{Policies{.transport = std::move(transport), .clock = clock, .logger = std::move(logger), .schema = schema}, settings};
#endif
  }
  auto door() { return door(cloud); }
  static HoldRequest hold() { return HoldRequest{interaction_id, "consultation", 5}; }
  static UnholdRequest unhold() { return UnholdRequest{interaction_id, 5}; }

  [[nodiscard]] std::size_t reads() const {
    std::size_t n = 0;
    for (const RecordedRequest& each : cloud.requests()) n += each.name == "interaction.get" ? 1U : 0U;
    return n;
  }

  ManualClock clock;
  ScriptedTransport cloud{clock};
  Settings settings;
#if defined(PATCHBAY_TEST_HOLDS_ON_LOOP)
  testing::ManualLoop loop{clock};
#endif
};

}  // namespace on_loop or blocking

}  // namespace patchbay::tests
