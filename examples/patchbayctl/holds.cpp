// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "holds.hpp"

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

namespace {

template <class Dialect>
class Speaking final : public Holds {
 public:
  Speaking(const Configuration& configuration, const Dialect& dialect)
      : door_(patchbay::Policies{.transport = patchbay::beast::BlockingTransport(connecting(configuration)),
                                 .logger = configuration.logger,
                                 .dialect = dialect},
              configuration.settings) {}

  patchbay::Result<patchbay::HoldResult> perform(const Job& job) override {
    return job.action == Command::unhold ? door_.unhold(unhold_of(job)) : door_.hold(hold_of(job));
  }
  patchbay::Result<patchbay::RecoveryReport> recover(std::optional<patchbay::Duration> budget) override {
    return door_.recover(budget);
  }
  std::vector<std::string> standing() override { return lines_of(door_.held()); }

 private:
  patchbay::HoldController<patchbay::beast::BlockingTransport, patchbay::SystemClock, patchbay::DefaultRetry,
                           patchbay::TextLogger, patchbay::DefaultSchema, Dialect>
      door_;
};

}  // namespace

std::unique_ptr<Holds> make_holds(const Configuration& configuration) {
  if (!configuration.hold_dialect) return nullptr;
  return make_speaking<Holds, Speaking>(*configuration.hold_dialect, configuration);
}

}  // namespace patchbayctl
