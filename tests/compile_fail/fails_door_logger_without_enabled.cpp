// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// The door names the operation that its logger lacks.
// expect: Policies::logger must model patchbay::Logger; give it a const enabled\(Level\) -> bool and log\(
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

struct Printer {
  void log(patchbay::Level, const patchbay::Event&) {}
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}, .logger = Printer{}}, settings};
  (void)door.metrics();
}
