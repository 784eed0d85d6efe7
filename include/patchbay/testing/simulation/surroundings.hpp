// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <patchbay/cloud/interactions.hpp>
#include <patchbay/cloud/platform.hpp>
#include <patchbay/testing/simulation/interactions_cloud.hpp>
#include <patchbay/testing/simulation/invariants/wire.hpp>
#include <patchbay/testing/simulation/options.hpp>
#include <patchbay/testing/simulation/platform_cloud.hpp>
#include <patchbay/testing/simulation/platform_setup.hpp>
#include <patchbay/testing/simulation/setup.hpp>

namespace patchbay::testing::simulation {

/// What stands around doors that speak the dialect `D` in the run of a seed: their cloud, how they speak with it, and how
/// whoever judges them reads what passes between the two. A dialect of one's own needs a specialisation of its own.
template <class D>
class Surroundings;

/// The documents' dialect, with both doors.
template <>
class Surroundings<cloud::Interactions> {
 public:
  static constexpr bool has_holds = true;

  Surroundings(std::uint64_t seed, const FaultMix& mix, const SimulationOptions& options) : options_(draw_cloud(seed, mix)) {
    if (options.cloud) options.cloud(options_);
  }
  [[nodiscard]] std::unique_ptr<Cloud> make_cloud(Cloud::Now now, Cloud::WallNow) const {
    return std::make_unique<InteractionsCloud>(std::move(now), options_);
  }
  [[nodiscard]] static cloud::Interactions dialect() { return {}; }
  [[nodiscard]] static cloud::Interactions hold_dialect() { return {}; }
  [[nodiscard]] static Wire wire() { return {}; }

 private:
  CloudOptions options_;
};

/// The real platform's dialect, with both doors, of which each concerns a party of its own.
template <>
class Surroundings<cloud::Platform> {
 public:
  static constexpr bool has_holds = true;

  Surroundings(std::uint64_t seed, const FaultMix& mix, const SimulationOptions& options) : setup_(draw_platform(seed, mix)) {
    if (options.platform) options.platform(setup_);
  }
  [[nodiscard]] std::unique_ptr<Cloud> make_cloud(Cloud::Now now, Cloud::WallNow wall_now) const {
    return std::make_unique<PlatformCloud>(std::move(now), std::move(wall_now), setup_);
  }
  [[nodiscard]] cloud::Platform dialect() const { return setup_.dialect; }
  [[nodiscard]] cloud::Platform hold_dialect() const { return setup_.holds; }
  [[nodiscard]] Wire wire() const {
    return Wire(setup_.dialect.store == cloud::TransitionStore::custom_attributes ? Wire::Form::platform_records : Wire::Form::platform_attributes);
  }

 private:
  PlatformSetup setup_;
};

}  // namespace patchbay::testing::simulation
