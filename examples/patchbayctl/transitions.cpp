// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "transitions.hpp"

#include <utility>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/state_transitioner.hpp>

#include "connecting.hpp"
#include "dialect.hpp"
#include "variables.hpp"

namespace patchbayctl {

namespace {

auto policies_of(const Configuration& configuration) {
  return patchbay::Policies{.transport = patchbay::beast::BlockingTransport(connecting(configuration)),
                            .logger = configuration.logger,
                            .schema = DocumentVariables(configuration.strict),
                            .dialect = configuration.dialect};
}

}  // namespace

class Transitions::Door {
 public:
  explicit Door(const Configuration& configuration)
      : transitioner(policies_of(configuration), configuration.settings) {}
  patchbay::StateTransitioner<patchbay::beast::BlockingTransport, patchbay::SystemClock, patchbay::DefaultRetry,
                              patchbay::TextLogger, DocumentVariables, SpokenDialect>
      transitioner;
};

Transitions::Transitions(const Configuration& configuration) : door_(std::make_unique<Door>(configuration)) {}
Transitions::~Transitions() = default;

patchbay::Result<patchbay::TransitionResult> Transitions::transition(const patchbay::TransitionRequest& request) {
  return door_->transitioner.transition(request);
}
patchbay::Result<std::shared_ptr<const patchbay::FlowGraph>> Transitions::flow(std::string_view id) {
  return door_->transitioner.flow(id);
}
patchbay::Result<patchbay::RecoveryReport> Transitions::recover(std::optional<patchbay::Duration> budget) {
  return door_->transitioner.recover(budget);
}
patchbay::Result<patchbay::DeliveryReport> Transitions::deliver_webhooks(patchbay::Duration budget) {
  return door_->transitioner.deliver_webhooks(budget);
}
patchbay::Result<patchbay::FlowPath> Transitions::path(std::string_view flow, std::string_view from,
                                                       std::string_view to) {
  return door_->transitioner.path(flow, from, to);
}

}  // namespace patchbayctl
