// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "transitions.hpp"

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/state_transitioner.hpp>

#include "connecting.hpp"
#include "dialect.hpp"
#include "variables.hpp"

namespace patchbayctl {

namespace {

template <class Dialect>
class Speaking final : public Transitions {
 public:
  Speaking(const Configuration& configuration, const Dialect& dialect)
      : door_(patchbay::Policies{.transport = patchbay::beast::BlockingTransport(connecting(configuration)),
                                 .logger = configuration.logger,
                                 .schema = DocumentVariables(configuration.strict),
                                 .dialect = dialect},
              configuration.settings) {}

  patchbay::Result<patchbay::TransitionResult> transition(const patchbay::TransitionRequest& request) override {
    return door_.transition(request);
  }
  patchbay::Result<std::shared_ptr<const patchbay::FlowGraph>> flow(std::string_view id) override {
    return door_.flow(id);
  }
  patchbay::Result<patchbay::FlowPath> path(std::string_view flow, std::string_view from,
                                            std::string_view to) override {
    return door_.path(flow, from, to);
  }
  patchbay::Result<patchbay::RecoveryReport> recover(std::optional<patchbay::Duration> budget) override {
    return door_.recover(budget);
  }
  patchbay::Result<patchbay::DeliveryReport> deliver_webhooks(patchbay::Duration budget) override {
    return door_.deliver_webhooks(budget);
  }

 private:
  patchbay::StateTransitioner<patchbay::beast::BlockingTransport, patchbay::SystemClock, patchbay::DefaultRetry,
                              patchbay::TextLogger, DocumentVariables, Dialect>
      door_;
};

}  // namespace

std::unique_ptr<Transitions> make_transitions(const Configuration& configuration) {
  return make_speaking<Transitions, Speaking>(configuration.dialect, configuration);
}

}  // namespace patchbayctl
