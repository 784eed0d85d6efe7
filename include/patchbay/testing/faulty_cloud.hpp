// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_model.hpp>
#include <patchbay/testing/fault_plan.hpp>

namespace patchbay::testing {

/// How an exchange ends, for whoever does the input and output.
enum class ServingEnd : std::uint8_t {
  answer,    ///< The response is to be sent, followed by the fault's filler.
  reset,     ///< The connection is to be ended without an answer.
  timeout,   ///< The connection is to be left without an answer.
  truncate,  ///< Half of the response is to be sent, then the connection ended.
};

/// One thing that a channel is to be sent.
class ChannelAction {
 public:
  enum class Kind : std::uint8_t { text, close, cut };

  ChannelAction(ChannelId to_in, Kind kind_in, std::string text_in, Duration wait_in = {}, std::uint16_t code_in = 0)
      : to(to_in), kind(kind_in), code(code_in), wait(wait_in), text(std::move(text_in)) {}

  ChannelId to;
  Kind kind;
  std::uint16_t code;
  Duration wait;  ///< From now.
  std::string text;
};

/// A `CloudModel` under a `FaultPlan`, still without input or output: what `SimulatedCloud` and the program
/// `loopback_cloud` share. Not safe to share between threads.
class FaultyCloud {
 public:
  explicit FaultyCloud(CloudModel::Now now, CloudOptions options = {}) : model(std::move(now), std::move(options)) {}

  CloudModel model;
  FaultPlan plan;
  Duration ack_delay{};  ///< Of every acknowledgement.

  /// Answers a request that `fault`, from `plan.take(request)`, strikes. The fault's wait is the caller's to keep:
  /// before the call, or, when the fault is `applied`, after it.
  [[nodiscard]] ServingEnd serve(const CloudRequest& request, const std::optional<HttpFault>& fault,
                                 HttpResponse& response) {
    response.clear();
    if (!fault) return model.handle(request, response), ServingEnd::answer;
    if (fault->kind == FaultKind::foreign_write) {
      constexpr std::string_view collection = "/api/v2/interactions/";
      if (request.path().starts_with(collection)) model.move(request.path().substr(collection.size()), fault->node);
    }
    const bool whole = fault->kind == FaultKind::delay || fault->kind == FaultKind::foreign_write;
    if (fault->applied || whole) model.handle(request, response);
    switch (fault->kind) {
      case FaultKind::delay:
      case FaultKind::foreign_write:
      case FaultKind::too_large:
        return ServingEnd::answer;
      case FaultKind::reset:
        return ServingEnd::reset;
      case FaultKind::timeout:
        return ServingEnd::timeout;
      case FaultKind::truncate:
        return ServingEnd::truncate;
      case FaultKind::answer:
      case FaultKind::garbage:
        break;
    }
    response.clear();
    response.status = fault->kind == FaultKind::garbage ? 200 : fault->status;
    for (const auto& [name, value] : fault->headers) response.headers.add(name, value);
    if (!response.headers.find("Content-Type") && !fault->body.empty())
      response.headers.add("Content-Type", fault->kind == FaultKind::garbage ? "text/html" : "application/json");
    response.body.assign(fault->body);
    return ServingEnd::answer;
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
