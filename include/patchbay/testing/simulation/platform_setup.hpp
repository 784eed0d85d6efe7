// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/testing/platform_data.hpp>
#include <patchbay/testing/platform_options.hpp>
#include <patchbay/testing/simulation/setup.hpp>

namespace patchbay::testing::simulation {

/// How the real platform's cloud is set up in a run, and how the doors of that run speak with it.
class PlatformSetup {
 public:
  PlatformSetup() = default;
  PlatformOptions options;
  cloud::Platform dialect;  ///< Of the doors for transitions.
  cloud::Platform holds;    ///< Of those for holds, which hold the agent's party.
};

/// Both stores of a transition, a flow that is pinned or not, and what the platform has not said of itself.
[[nodiscard]] inline PlatformSetup draw_platform(std::uint64_t seed, const FaultMix& mix) {
  Stream random = stream(seed, "platform");
  PlatformSetup out;
  out.dialect.store = random.chance(400) ? cloud::TransitionStore::participant_attributes : cloud::TransitionStore::custom_attributes;
  out.dialect.schema_id = platform_schema;
  // The first version that is published; later ones are of no matter then.
  if (random.chance(150)) out.dialect.flow_version = "8.0";
  out.options.client_id = "simulated-client";
  out.options.client_secret = Secret(std::string(canary_secret));
  constexpr std::array<Duration, 4> lives{seconds{3}, seconds{8}, seconds{20}, seconds{61}};
  const Duration life = random.pick(lives);
  if (mix.has(Fault::short_token)) out.options.token_ttl = life;
  // Shorter than any door looks for what was accepted.
  constexpr std::array<Duration, 5> delays{Duration::zero(), Duration::zero(), milliseconds{20}, milliseconds{200}, milliseconds{800}};
  out.options.effect_delay = random.pick(delays);
  out.options.attributes_replace = random.chance(200);
  constexpr std::array<unsigned, 3> rates{60, 120, 300};
  const unsigned rate = random.pick(rates);
  out.options.rate_limit = random.chance(300) ? rate : 0;
  out.options.rate_window = seconds{random.chance(512) ? 10 : 60};
  // Holds: of a user's own token, with the user's channel or without one.
  out.options.user_id = platform_user;
  out.holds = cloud::Platform::of_user(std::string(platform_user));
  if (random.chance(256)) out.holds.user.clear();
  if (random.chance(340)) out.holds.media = cloud::platform::Media::call;
  out.holds.hold_music = random.chance(256);
  if (random.chance(256)) out.holds.hold_reason_attribute = "holdReason";
  // Beside the platform's own day, channels whose time is over within a run, and notices that leave hardly any.
  constexpr std::array<Duration, 5> channels{std::chrono::hours{24}, std::chrono::hours{24}, std::chrono::minutes{30}, std::chrono::minutes{4}, seconds{150}};
  out.options.channel_lifetime = random.pick(channels);
  constexpr std::array<Duration, 4> notices{seconds{60}, seconds{60}, seconds{10}, seconds{2}};
  out.options.closing_notice = random.pick(notices);
  return out;
}

}  // namespace patchbay::testing::simulation
