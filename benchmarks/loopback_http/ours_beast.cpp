// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The door on an io_context, over the pool of `beast::Transport`.

#include <boost/asio/io_context.hpp>

#include <patchbay/beast/transport.hpp>

#include "ours.hpp"

namespace patchbay::benchmarks {

Report ours_beast(const Work& work) {
  Meter meter(work.span);
  boost::asio::io_context loop(1);
  beast::PoolOptions options;
  options.max_connections_per_host = static_cast<std::size_t>(work.connections);
  StateTransitioner transitioner{Policies{.transport = beast::Transport(loop, options)}, our_settings(work)};
  OurLoop ours(transitioner, work, meter);
  ours.start();
  loop.run();
  return meter.report();
}

}  // namespace patchbay::benchmarks
