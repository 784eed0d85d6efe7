// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The door's blocking call, on this thread alone.

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/state_transitioner.hpp>

#include "ours.hpp"

namespace patchbay::benchmarks {

Report ours_blocking(const Work& work) {
  Meter meter(work.span);
  StateTransitioner transitioner{Policies{.transport = beast::BlockingTransport{}}, our_settings(work)};
  OurMoves moves(work, 0);
  while (meter.more()) {
    const auto begun = meter.begin();
    const Result<TransitionResult> moved = transitioner.transition(moves.next());
    meter.end(begun, moved.has_value());
    if (!moved) meter.abandon(), std::fprintf(stderr, "%s\n", moved.error().describe().c_str());
  }
  return meter.report();
}

}  // namespace patchbay::benchmarks
