// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
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
  cloud::Platform dialect;
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
  return out;
}

}  // namespace patchbay::testing::simulation
