// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/manual_clock.hpp>
#include <patchbay/testing/scripted_transport.hpp>

namespace patchbay::tests {

using testing::HeaderList;
using testing::ManualClock;
using testing::RecordedRequest;
using testing::ScriptedTransport;

inline const std::string interaction_id = "550e8400-e29b-41d4-a716-446655440000";
inline const std::string flow_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
inline const std::string interaction_target = "/api/v2/interactions/" + interaction_id;
inline const std::string flow_target = "/api/v2/flows/" + flow_id;

/// A cloud and a clock for one door, the settings to build it with, and what to say in a script.
///
/// The token and the flow are answered by routes; the interaction's exchanges are scripted by the test.
class Fixture {
 public:
  explicit Fixture(CredentialsIn credentials_in = CredentialsIn::basic) {
    cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"tok-1","expires_in":3600,"token_type":"Bearer"})");
    flow(R"({"id":"MainMenu","type":"menu","transitions":[{"targetId":"Verify"},{"targetId":"Support","condition":"open"}]},
            {"id":"Verify","type":"task","transitions":[{"targetId":"BillingInquiry"}]},
            {"id":"BillingInquiry","type":"task","transitions":[]},
            {"id":"Support","type":"task","transitions":[{"targetId":"Support"}]},
            {"id":"Island","type":"task"})");
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = "https://login.example.com",
                                                                  .client_id = "client",
                                                                  .client_secret = Secret("s3cr3t-canary"),
                                                                  .credentials_in = credentials_in});
    settings.random = std::make_shared<RandomSource>(7);
  }

  void flow(std::string_view nodes, std::string_view version = "3") {
    cloud.when(Method::get, flow_target, 200, {},
               "{\"id\":\"" + flow_id + "\",\"version\":\"" + std::string(version) + "\",\"nodes\":[" + std::string(nodes) + "]}");
  }
  /// The next exchange answers with the interaction at `node`, under `etag`.
  void interaction(std::string_view etag, std::string_view node = "MainMenu", std::string_view transition_id = {}) {
    cloud.answer(200, {{"ETag", "\"" + std::string(etag) + "\""}}, body(node, transition_id));
  }
  static std::string body(std::string_view node, std::string_view transition_id = {}) {
    std::string out = R"({"id":")" + interaction_id + R"(","state":"connected","customAttributes":{"flow_node":")" + std::string(node) + "\"";
    if (!transition_id.empty()) out += ",\"transition_id\":\"" + std::string(transition_id) + "\"";
    return out + "}}";
  }
  auto door() { return StateTransitioner{Policies{.transport = cloud, .clock = clock}, settings}; }
  static TransitionRequest request() { return TransitionRequest{interaction_id, flow_id, "MainMenu", "BillingInquiry"}; }

  /// The requests of that kind so far.
  [[nodiscard]] std::vector<RecordedRequest> requests(std::string_view name) const {
    std::vector<RecordedRequest> out;
    for (RecordedRequest& each : cloud.requests())
      if (each.name == name) out.push_back(std::move(each));
    return out;
  }

  ManualClock clock;
  ScriptedTransport cloud{clock};
  Settings settings;
};

/// The id that the first operation of a door takes, since the fixture's random source is seeded.
inline std::string first_id() {
  std::string id;
  RandomSource(7).uuid(id);
  return id;
}

/// The transition id that a recorded PATCH carries.
inline std::string transition_id_of(const RecordedRequest& patch) {
  constexpr std::string_view member = "\"transition_id\":\"";
  const std::size_t at = patch.body.find(member);
  return at == std::string::npos ? std::string{} : patch.body.substr(at + member.size(), 36);
}

}  // namespace patchbay::tests
