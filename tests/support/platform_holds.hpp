// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

// What the tests of holds on the real platform's dialect have alike.
namespace patchbay::test {

/// The settings of a program that speaks the platform's dialect.
[[nodiscard]] inline Settings platform_settings(std::uint64_t seed = 7) {
  Settings settings;
  settings.base_url = "https://api.mypurecloud.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = "https://login.mypurecloud.com",
                                                                .client_id = "client",
                                                                .client_secret = Secret("s3cr3t-canary"),
                                                                .credentials_in = CredentialsIn::basic});
  settings.random = std::make_shared<RandomSource>(seed);
  return settings;
}

/// A platform that knows the agent, unless the options name another user.
[[nodiscard]] inline testing::PlatformOptions with_agent(testing::PlatformOptions options = {}) {
  if (options.user_id.empty()) options.user_id = std::string(testing::platform_user);
  return options;
}

/// The id of the agent's n-th call of those that `add_agents_calls` adds.
[[nodiscard]] inline std::string agents_call(std::size_t i = 0) {
  const std::string digits = std::to_string(i + 100);
  return "c0000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}
inline void add_agents_calls(testing::PlatformModel& model, std::size_t many) {
  for (std::size_t i = 0; i < many; ++i) {
    testing::PlatformConversation each(agents_call(i));
    each.participants.emplace_back(testing::platform_customer, "customer");
    each.participants.emplace_back(testing::platform_agent, "agent").user_id = std::string(testing::platform_user);
    model.add(std::move(each));
  }
}

/// Whether a party is on hold, as the platform has it.
[[nodiscard]] inline bool is_held(const testing::SimulatedPlatform& cloud, std::string_view conversation,
                                  std::string_view party = testing::platform_agent) {
  return cloud.inspect(
      [&](const testing::PlatformModel& model) { return model.find(conversation)->participant(party)->held; });
}
/// How many operations of a kind reached the platform, whether they changed something or not.
[[nodiscard]] inline std::size_t operations_of(const testing::SimulatedPlatform& cloud,
                                               testing::AppliedOperation::Kind kind) {
  return cloud.inspect([&](const testing::PlatformModel& model) {
    std::size_t count = 0;
    for (const testing::AppliedOperation& each : model.operations()) count += each.kind == kind ? 1U : 0U;
    return count;
  });
}

/// A cloud of the platform's dialect on virtual time, and the settings of blocking doors that speak it for its agent.
struct PlatformHolds {
  testing::ManualClock clock;
  testing::SimulatedPlatform cloud;
  Settings settings = platform_settings();
  cloud::Platform dialect = cloud::Platform::of_user(std::string(testing::platform_user));

  explicit PlatformHolds(testing::PlatformOptions options = {}) : cloud(clock, with_agent(std::move(options))) {}
  auto door() { return HoldController{Policies{.transport = cloud, .clock = clock, .dialect = dialect}, settings}; }
  static HoldRequest hold(std::string_view id = testing::platform_call) {
    return HoldRequest{std::string(id), "consultation", 5};
  }
  static UnholdRequest unhold(std::string_view id = testing::platform_call) {
    return UnholdRequest{std::string(id), 5};
  }
  [[nodiscard]] bool held(std::string_view id = testing::platform_call,
                          std::string_view party = testing::platform_agent) const {
    return is_held(cloud, id, party);
  }
  [[nodiscard]] std::size_t applied(testing::AppliedOperation::Kind kind) const { return operations_of(cloud, kind); }
};

}  // namespace patchbay::test
