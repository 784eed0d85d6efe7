// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "hold_loop.hpp"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <patchbay/beast/transport.hpp>
#include <patchbay/hold_controller.hpp>

#include "connecting.hpp"
#include "holds.hpp"

namespace patchbayctl {

class HoldLoop::Door {
 public:
  explicit Door(const Configuration& configuration)
      : controller(patchbay::Policies{.transport = patchbay::beast::Transport(io, connecting(configuration)),
                                      .logger = configuration.logger},
                   configuration.settings),
        close_timeout(configuration.settings.hold.close_timeout) {}

  boost::asio::io_context io{1};
  patchbay::HoldController<patchbay::beast::Transport, patchbay::SystemClock, patchbay::DefaultRetry,
                           patchbay::TextLogger, patchbay::DefaultSchema>
      controller;
  const patchbay::Duration close_timeout;
};

HoldLoop::HoldLoop(const Configuration& configuration) : door_(std::make_unique<Door>(configuration)) {}
HoldLoop::~HoldLoop() = default;

void HoldLoop::start(const Job& job, Ended ended) {
  if (job.action == Command::unhold) {
    door_->controller.start_unhold(unhold_of(job), std::move(ended));
  } else {
    door_->controller.start_hold(hold_of(job), std::move(ended));
  }
}

void HoldLoop::start_recover(Recovered recovered) { door_->controller.start_recover({}, std::move(recovered)); }

void HoldLoop::run(std::stop_token stop) {
  auto work = boost::asio::make_work_guard(door_->io);
  const std::stop_callback ending(stop, [&] {
    door_->controller.start_close(door_->close_timeout, [](const patchbay::Result<void>&) {});
    work.reset();
  });
  door_->io.run();
}

std::vector<std::string> HoldLoop::standing() const { return lines_of(door_->controller.held()); }

}  // namespace patchbayctl
