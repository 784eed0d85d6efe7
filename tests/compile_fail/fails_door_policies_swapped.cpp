// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Policies in each other's places are named: both by g++, the first by clang.
// expect: Policies::clock must model patchbay::Clock
// expect(GNU): Policies::logger must model patchbay::Logger
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
