// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <patchbay/settings.hpp>
#include <patchbay/testing/cloud_options.hpp>
#include <patchbay/testing/simulation/fault_mix.hpp>
#include <patchbay/testing/simulation/witness.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay::testing::simulation {

class PlatformSetup;  // platform_setup.hpp

/// Which of a library's two kinds of doors the simulated processes use.
enum class Driver : std::uint8_t {
  drawn,     ///< As the seed says.
  loop,      ///< On an event loop.
  blocking,  ///< One process with doors whose calls block; further ones are on an event loop.
};

/// How a simulation is made of its seed. What is set here changes what a seed means, so a run is repeated with the same.
class SimulationOptions {
 public:
  Driver driver = Driver::drawn;
  std::size_t works = 25;         ///< Operations in a workload.
  std::size_t max_processes = 2;  ///< On the same interactions.
  std::size_t interactions = 4;
  FaultSet faults = FaultSet::all();  ///< Which kinds may be drawn.
  /// Numbers of works that are left out; the others stay as they are.
  std::vector<std::uint64_t> without{};
  /// In place of the drawn workload.
  std::optional<std::vector<Work>> workload{};
  bool logs = false;  ///< Whether witnesses are shown the log of every run, and not only of some.

  // What a client puts into it. Each is called for every process, in every life of it.
  /// After the simulation has drawn the settings.
  std::function<void(ProcessId, Settings&)> settings{};
  /// Before a transition is asked for: for variables of a schema of one's own.
  std::function<void(const Work&, TransitionRequest&)> request{};
  std::function<void(CloudOptions&)> cloud{};
  /// The same of the real platform's cloud, for doors that speak with it.
  std::function<void(PlatformSetup&)> platform{};
  /// After the faults were drawn, once for every run: for rates of one's own.
  std::function<void(FaultMix&)> mix{};
  /// See the run besides the simulation's own checks; they outlive it.
  std::vector<Witness*> witnesses{};
};

}  // namespace patchbay::testing::simulation
