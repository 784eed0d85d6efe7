// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

struct Watch {
  patchbay::SteadyTime steady_now() const { return {}; }
  patchbay::WallTime wall_now() const { return {}; }
  void sleep_until(patchbay::SteadyTime) const {}
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}, .clock = Watch{}}, settings};
  (void)door.metrics();
}
