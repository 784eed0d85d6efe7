// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "holds.hpp"

#include <utility>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/hold_controller.hpp>

#include "connecting.hpp"

namespace patchbayctl {

patchbay::HoldRequest hold_of(const Job& job) {
  patchbay::HoldRequest request(job.interaction);
  request.with("priority", job.priority).with("holdReason", job.reason).label(job.label);
  if (job.deadline) request.deadline(*job.deadline);
  if (job.music) request.music(*job.music);
  if (job.prompt) request.prompt(*job.prompt);
  return request;
}

patchbay::UnholdRequest unhold_of(const Job& job) {
  patchbay::UnholdRequest request(job.interaction);
  request.with("priority", job.priority).label(job.label);
  if (job.deadline) request.deadline(*job.deadline);
  return request;
}

std::vector<std::string> lines_of(const std::vector<patchbay::HeldInteraction>& held) {
  std::vector<std::string> out;
  for (const patchbay::HeldInteraction& each : held)
    out.push_back(each.interaction + (each.confirmed ? " is still on hold" : " may be on hold"));
  return out;
}

class Holds::Door {
 public:
  explicit Door(const Configuration& configuration)
      : controller(
            patchbay::Policies{.transport = patchbay::beast::BlockingTransport(connecting(configuration)),
                               .logger = configuration.logger},
            configuration.settings) {}

  patchbay::HoldController<patchbay::beast::BlockingTransport, patchbay::SystemClock, patchbay::DefaultRetry,
                           patchbay::TextLogger, patchbay::DefaultSchema>
      controller;
};

Holds::Holds(const Configuration& configuration) : door_(std::make_unique<Door>(configuration)) {}
Holds::~Holds() = default;

patchbay::Result<patchbay::HoldResult> Holds::perform(const Job& job) {
  if (job.action == Command::unhold) return door_->controller.unhold(unhold_of(job));
  return door_->controller.hold(hold_of(job));
}

patchbay::Result<patchbay::RecoveryReport> Holds::recover(std::optional<patchbay::Duration> budget) {
  return door_->controller.recover(budget);
}

std::vector<std::string> Holds::standing() const { return lines_of(door_->controller.held()); }

}  // namespace patchbayctl
