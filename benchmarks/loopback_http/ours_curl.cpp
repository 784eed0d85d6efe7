// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The door on the loop of the libcurl adapter.

#include "work.hpp"

#if !defined(PATCHBAY_HAS_CURL)
namespace patchbay::benchmarks {
Report ours_curl(const Work&) { return {}; }
}  // namespace patchbay::benchmarks
#else

#include <patchbay/curl/transport.hpp>

#include "ours.hpp"

namespace patchbay::benchmarks {

Report ours_curl(const Work& work) {
  Meter meter(work.span);
  curl::PoolOptions options;
  options.max_connections_per_host = static_cast<std::size_t>(work.connections);
  curl::Loop loop(options);
  StateTransitioner transitioner{Policies{.transport = curl::Transport(loop)}, our_settings(work)};
  OurLoop ours(transitioner, work, meter);
  ours.start();
  loop.run();
  return meter.report();
}

}  // namespace patchbay::benchmarks
#endif
