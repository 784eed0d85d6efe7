// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

struct Once {
  patchbay::RetryAnswer decide(const patchbay::RetryQuestion&) const { return patchbay::RetryAnswer::stop(); }
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}, .retry = Once{}}, settings};
  (void)door.metrics();
}
