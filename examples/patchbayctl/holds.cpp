// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "holds.hpp"

#include <mutex>
#include <thread>
#include <utility>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/hold_controller.hpp>

namespace patchbayctl {

namespace {

template <class Request>
Request request_of(const Job& job) {
  // All as text: the schema judges it, and reports every fault at once.
  Request request(job.interaction);
  request.with("priority", job.priority);
  if (job.deadline) request.deadline(*job.deadline);
  return request;
}

}  // namespace

class Holds::Door {
 public:
  explicit Door(const Configuration& configuration)
      : controller(
            patchbay::Policies{.transport = patchbay::beast::BlockingTransport{}, .logger = configuration.logger},
            configuration.settings) {}

  void serve() {
    const std::lock_guard lock(mutex_);
    if (background && !thread_.joinable())
      thread_ = std::jthread([this](const std::stop_token& stop) { controller.run(stop); });
  }

  patchbay::HoldController<patchbay::beast::BlockingTransport, patchbay::SystemClock, patchbay::DefaultRetry,
                           patchbay::TextLogger, patchbay::DefaultSchema>
      controller;
  bool background = false;

 private:
  std::mutex mutex_;
  std::jthread thread_;  // ends before the controller
};

Holds::Holds(const Configuration& configuration) : door_(std::make_unique<Door>(configuration)) {}
Holds::~Holds() = default;

patchbay::Result<patchbay::HoldResult> Holds::perform(const Job& job) {
  door_->serve();
  if (job.action == Command::unhold) return door_->controller.unhold(request_of<patchbay::UnholdRequest>(job));
  auto request = request_of<patchbay::HoldRequest>(job);
  request.with("holdReason", job.reason);
  if (job.music) request.music(*job.music);
  if (job.prompt) request.prompt(*job.prompt);
  return door_->controller.hold(request);
}

void Holds::serve_in_background() { door_->background = true; }

std::vector<std::string> Holds::standing() const {
  std::vector<std::string> out;
  for (const patchbay::HeldInteraction& each : door_->controller.held())
    out.push_back(each.interaction + (each.confirmed ? " is still on hold" : " may be on hold"));
  return out;
}

}  // namespace patchbayctl
