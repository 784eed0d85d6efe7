// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/testing/faulty_platform.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

namespace patchbay::testing {

/// The real platform's cloud in memory, on virtual time, in all else like `SimulatedCloud`: what is accepted is done
/// after `PlatformOptions::effect_delay`, and who waits at a notification channel is told at that time.
///
///     ManualClock clock;
///     SimulatedPlatform cloud(clock);
///     cloud.change([](PlatformModel& model) { model.set_held(platform_call, platform_agent, true); });  // others
using SimulatedPlatform = BasicSimulatedCloud<FaultyPlatform>;

static_assert(ChannelTransport<SimulatedPlatform>);

}  // namespace patchbay::testing
