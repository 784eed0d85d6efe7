// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A bulk operation takes requests, not the names of interactions.
// expect: a bulk operation takes a range of patchbay::TransitionRequest
#include <string>
#include <vector>

#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

patchbay::BulkResult move_all(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}}, settings};
  return door.transition_all(std::vector<std::string>{"an interaction"});
}
