// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// The door names the operation that its retry policy lacks: one that changes itself is none.
// expect: Policies::retry must model patchbay::RetryPolicy; give it a const decide\(const RetryQuestion&\)
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

struct Once {
  patchbay::RetryAnswer decide(const patchbay::RetryQuestion&) { return patchbay::RetryAnswer::stop(); }
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}, .retry = Once{}}, settings};
  (void)door.metrics();
}
