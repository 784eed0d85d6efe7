// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/channel_action.hpp>
#include <patchbay/testing/cloud_model.hpp>
#include <patchbay/testing/detail/faulty_serving.hpp>
#include <patchbay/testing/fault_plan.hpp>

namespace patchbay::testing {

/// A `CloudModel` under a `FaultPlan`, still without input or output: what `SimulatedCloud` and the program
/// `loopback_cloud` share. Not safe to share between threads.
class FaultyCloud {
 public:
  using Options = CloudOptions;

  /// On the time of `clock`, which models `Clock`.
  template <class ClockPolicy>
  [[nodiscard]] static FaultyCloud on(const ClockPolicy& clock, Options options) {
    return FaultyCloud([clock] { return clock.steady_now(); }, std::move(options));
  }
  explicit FaultyCloud(CloudModel::Now now, CloudOptions options = {}) : model(std::move(now), std::move(options)) {}

  CloudModel model;
  FaultPlan plan;
  Duration ack_delay{};  ///< Of every acknowledgement.

  /// Answers a request that `fault`, from `plan.take(request)`, strikes. The fault's wait is the caller's to keep:
  /// before the call, or, when the fault is `applied`, after it.
  [[nodiscard]] ServingEnd serve(const CloudRequest& request, const std::optional<HttpFault>& fault,
                                 HttpResponse& response) {
    if (fault && fault->kind == FaultKind::foreign_write) {
      constexpr std::string_view collection = "/api/v2/interactions/";
      if (request.path().starts_with(collection)) model.move(request.path().substr(collection.size()), fault->node);
    }
    return detail::serve_faulty(model, request, fault, response);
  }

  /// What the channels are to be sent because of the requests served.
  [[nodiscard]] std::vector<ChannelAction> take_actions() {
    std::vector<ChannelAction> out;
    for (CloudFrame& frame : model.take_frames())
      out.emplace_back(frame.to, ChannelAction::Kind::text, std::move(frame.text));
    return out;
  }

  /// Carries out one text message from a channel and says what is to be sent.
  [[nodiscard]] std::vector<ChannelAction> command(ChannelId channel, std::string_view text) {
    detail::ChannelCommand parsed;
    const std::string_view why = detail::read_command(text, reader_, parsed);
    const std::optional<CommandFault> fault =
        plan.take_command(why.empty() ? std::string_view(parsed.verb) : std::string_view{});
    std::vector<ChannelAction> out;
    if (fault && !fault->applied) {
      spoil(*fault, parsed, ChannelAction(channel, ChannelAction::Kind::text, std::string{}, ack_delay), out);
      return out;
    }
    model.carry_out(channel, parsed, why);
    for (CloudFrame& frame : model.take_frames()) {
      ChannelAction action(frame.to, ChannelAction::Kind::text, std::move(frame.text),
                           frame.acknowledgement ? ack_delay : Duration{});
      if (frame.acknowledgement && fault) {
        spoil(*fault, parsed, std::move(action), out);
      } else {
        out.push_back(std::move(action));
      }
    }
    return out;
  }

 private:
  static void spoil(const CommandFault& fault, const detail::ChannelCommand& parsed, ChannelAction action,
                    std::vector<ChannelAction>& out) {
    action.wait = saturated(action.wait, fault.wait);
    // What was not carried out has no acknowledgement that could be late or doubled.
    if (action.text.empty() && (fault.kind == CommandFaultKind::delay || fault.kind == CommandFaultKind::duplicate))
      return;
    switch (fault.kind) {
      case CommandFaultKind::drop:
        return;
      case CommandFaultKind::delay:
        break;
      case CommandFaultKind::duplicate:
        out.push_back(action);
        break;
      case CommandFaultKind::wrong_interaction:
        action.text =
            detail::acknowledgement(parsed.correlation_id, parsed.verb, "00000000-0000-4000-8000-000000000000");
        break;
      case CommandFaultKind::wrong_verb:
        action.text = detail::acknowledgement(parsed.correlation_id, parsed.verb == "hold" ? "unhold" : "hold",
                                              parsed.interaction);
        break;
      case CommandFaultKind::wrong_correlation:
        action.text = detail::acknowledgement("00000000-0000-4000-8000-00000000dead", parsed.verb, parsed.interaction);
        break;
      case CommandFaultKind::refuse:
        action.text = detail::negative_acknowledgement(parsed, fault.text);
        break;
      case CommandFaultKind::junk:
        action.text = fault.text;
        break;
      case CommandFaultKind::close:
        action.kind = ChannelAction::Kind::close, action.code = fault.code;
        action.text = "as planned";
        break;
      case CommandFaultKind::cut:
        action.kind = ChannelAction::Kind::cut;
        break;
    }
    out.push_back(std::move(action));
  }
  static Duration saturated(Duration a, Duration b) noexcept {
    return a > (Duration::max)() - b ? (Duration::max)() : a + b;
  }

  JsonReader reader_;
};

}  // namespace patchbay::testing
