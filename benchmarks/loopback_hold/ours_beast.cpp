// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The hold door on an io_context, over `beast::Transport`: channel and readings.

#include <cstddef>
#include <cstdio>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include <patchbay/beast/transport.hpp>
#include <patchbay/cloud/documents_dialect.hpp>
#include <patchbay/hold_controller.hpp>

#include "work.hpp"

namespace patchbay::benchmarks {
namespace {

template <class Door>
class OurLoop {
 public:
  OurLoop(Door& door, const Work& work, Meter& meter) : door_(&door), meter_(&meter), commands_(work.commands) {
    for (int i = 0; i < work.in_flight; ++i) {
      const std::string id = interaction_id(i);
      holds_.push_back(HoldRequest{id, "consultation", 5}.music(music).prompt(prompt));
      releases_.emplace_back(id, 5);
    }
  }
  void start() {
    running_ = holds_.size();
    door_->start_ready(std::nullopt, [this](Result<void> ready) {
      if (!ready) return fail(ready.error());
      for (std::size_t i = 0; i < holds_.size(); ++i) next(i);
    });
  }

 private:
  void next(std::size_t i) {
    if (!meter_->more()) {
      // Without this the door would keep its channel open, and the loop running.
      if (--running_ == 0) door_->start_close(std::chrono::seconds(1), [](Result<void>) {});
      return;
    }
    if (commands_ == Commands::releases) return release(i);
    door_->start_hold(holds_[i], [this, i, begun = meter_->begin()](Result<HoldResult> held) {
      meter_->end(begun, held.has_value());
      if (!held) fail(held.error());
      release(i);
    });
  }
  void release(std::size_t i) {
    door_->start_unhold(releases_[i], [this, i, begun = meter_->begin()](Result<HoldResult> released) {
      meter_->end(begun, released.has_value());
      if (!released) fail(released.error());
      next(i);
    });
  }
  void fail(const Error& error) {
    std::fprintf(stderr, "%s\n", error.describe().c_str());
    meter_->abandon();
  }

  Door* door_;
  Meter* meter_;
  Commands commands_;
  std::vector<HoldRequest> holds_;
  std::vector<UnholdRequest> releases_;
  std::size_t running_ = 0;
};

}  // namespace

Report ours_beast(const Work& work) {
  Meter meter(work.span);
  boost::asio::io_context loop(1);
  Settings settings;
  settings.base_url = "http://127.0.0.1:" + std::to_string(work.port);
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = settings.base_url,
                                                                .client_id = "id",
                                                                .client_secret = Secret("secret"),
                                                                .scope = std::string(cloud::Interactions::hold_scope())});
  settings.hold.max_commands = static_cast<std::size_t>(work.in_flight);
  beast::PoolOptions options;
  options.max_connections_per_host = http_connections;
  HoldController holds{Policies{.transport = beast::Transport(loop, options)}, settings};
  OurLoop ours(holds, work, meter);
  ours.start();
  loop.run();
  return meter.report();
}

}  // namespace patchbay::benchmarks
