// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "transitions.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/state_transitioner.hpp>

namespace patchbayctl {

namespace {

/// Document A's variables. Whether others pass, as strings, is decided at run time here: a schema is a policy, and may
/// be a class of the client's own.
class DocumentVariables {
 public:
  using value_type = patchbay::IvrVariables;

  explicit DocumentVariables(bool strict) : strict_(strict) {}

  void coerce(const patchbay::Variables& in, patchbay::JsonReader& reader, std::span<const std::string_view> reserved,
              std::vector<patchbay::Violation>& violations, std::string& members) const {
    if (strict_) {
      patchbay::schema<value_type>.coerce(in, reader, reserved, violations, members);
    } else {
      patchbay::schema<value_type, open>.coerce(in, reader, reserved, violations, members);
    }
  }
  void encode(const value_type& value, std::span<const std::string_view> reserved,
              std::vector<patchbay::Violation>& violations, std::string& members) const {
    patchbay::schema<value_type>.encode(value, reserved, violations, members);
  }

 private:
  static constexpr patchbay::SchemaOptions open{.unknown = patchbay::Unknown::as_string};
  bool strict_;
};

auto policies_of(const Configuration& configuration) {
  return patchbay::Policies{.transport = patchbay::beast::BlockingTransport{},
                            .logger = configuration.logger,
                            .schema = DocumentVariables(configuration.strict)};
}

}  // namespace

class Transitions::Door {
 public:
  explicit Door(const Configuration& configuration)
      : transitioner(policies_of(configuration), configuration.settings) {}
  patchbay::StateTransitioner<patchbay::beast::BlockingTransport, patchbay::SystemClock, patchbay::DefaultRetry,
                              patchbay::TextLogger, DocumentVariables>
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
patchbay::Result<patchbay::FlowPath> Transitions::path(std::string_view flow, std::string_view from,
                                                       std::string_view to) {
  return door_->transitioner.path(flow, from, to);
}

}  // namespace patchbayctl
