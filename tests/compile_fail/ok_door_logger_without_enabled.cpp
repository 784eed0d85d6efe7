// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

struct Printer {
  bool enabled(patchbay::Level) const { return false; }
  void log(patchbay::Level, const patchbay::Event&) {}
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}, .logger = Printer{}}, settings};
  (void)door.metrics();
}
