// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "watch.hpp"

#include <algorithm>  // min
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <poll.h>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/hold_controller.hpp>

#include "call_states.hpp"
#include "connecting.hpp"
#include "line_writer.hpp"
#include "stop.hpp"

namespace patchbayctl {

namespace {

using Clock = std::chrono::steady_clock;

/// Requests the stop of the watch when the end is asked for, or at `until`, and lets go when `watching` ends.
void end_at(const std::stop_token& watching, std::stop_source& source, std::optional<Clock::time_point> until) {
  pollfd wanted{stop_descriptor(), POLLIN, 0};
  while (!watching.stop_requested() && !stop_asked()) {
    auto slice = std::chrono::milliseconds(200);
    if (until) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
      if (left <= left.zero()) break;
      slice = std::min(slice, left);
    }
    ::poll(&wanted, 1, static_cast<int>(slice.count()));
  }
  source.request_stop();
}

}  // namespace

int watch(const Options& options, const Configuration& configuration, Output& output) {
  using patchbay::cloud::Platform;
  const bool says = options.log != Log::off;
  const Platform& platform = std::get<Platform>(*configuration.hold_dialect);
  patchbay::HoldController door{
      patchbay::Policies{.transport = patchbay::beast::BlockingTransport(connecting(configuration)),
                         .logger = configuration.logger,
                         .dialect = platform},
      configuration.settings};
  CallStates states(platform.media);
  LineWriter writer(output, false);
  std::stop_source ending;
  std::optional<patchbay::Error> refused;
  std::uint64_t lines = 0;
  // Handlers are called by this thread alone, which is the only one inside the door.
  door.on_message([&](const patchbay::ChannelMessage& message) {
    for (std::string& each : states.changed_by(message.payload, std::chrono::system_clock::now())) {
      writer.wait_for_room();
      writer.add(lines++, std::move(each));
    }
    if (output.failed()) ending.request_stop();
  });
  door.on_state([&](const patchbay::ChannelStateEvent& event) {
    switch (event.state) {
      case patchbay::ChannelState::open:
        states.forget();
        if (says) std::fputs("patchbayctl: watching\n", stderr);
        break;
      case patchbay::ChannelState::refused:
        refused = event.error.value_or(patchbay::Error(patchbay::ErrorCode::not_connected, "the channel is refused"));
        ending.request_stop();
        break;
      case patchbay::ChannelState::waiting:
      case patchbay::ChannelState::idle:
      case patchbay::ChannelState::connecting:
      case patchbay::ChannelState::closed:
        break;
    }
  });
  std::optional<Clock::time_point> until;
  if (options.watch_for) until = Clock::now() + *options.watch_for;
  {
    const std::jthread ender([&](const std::stop_token& watching) { end_at(watching, ending, until); });
    door.run(ending.get_token());
  }
  writer.finish();
  if (output.failed()) {
    std::fputs("patchbayctl: stdout could not be written, so the watch has ended\n", stderr);
    return incomplete_status;
  }
  if (!refused) return 0;
  std::fprintf(stderr, "patchbayctl: %s\n", refused->describe().c_str());
  return exit_status(*refused);
}

}  // namespace patchbayctl
