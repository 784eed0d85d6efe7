// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Policies in each other's places are named, the first of them on the first screen.
// expect: Policies::clock must model patchbay::Clock
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{
      patchbay::Policies{.transport = Answering{}, .clock = patchbay::NullLogger{}, .logger = patchbay::SystemClock{}},
      settings};
  (void)door.metrics();
}
