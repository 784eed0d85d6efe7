// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/followed_flow.hpp>
#include <patchbay/identifier.hpp>

namespace patchbay::detail {

PATCHBAY_DECL Result<void> check_rule(Reachability rule, Reachability settings) {
  if (settings != Reachability::direct_edge || rule == Reachability::direct_edge) return {};
  return fail(ErrorCode::invalid_argument,
              "the door's settings allow direct edges alone, and the flow is followed under a wider rule; follow it "
              "under Reachability::direct_edge");
}

PATCHBAY_DECL Result<Followed> follow(const StaticFlowView& flow, Reachability rule, Reachability settings,
                                      std::string_view id, const FollowSettings& how,
                                      Result<std::shared_ptr<const FlowGraph>> deployed) {
  if (!deployed) return fail(std::move(deployed.error()));
  Followed out{std::move(*deployed), {}};
  out.drift = drift(flow, *out.graph);
  bool refused = false;
  switch (how.on_drift()) {
    case OnDrift::refuse_breaking: refused = out.drift.breaking(rule) || out.drift.breaking(settings); break;
    case OnDrift::refuse: refused = !out.drift.empty(); break;
    case OnDrift::allow: break;
  }
  if (!refused) return out;
  std::string message = "flow ";
  append_shown(message, id, 128);
  if (!out.graph->version().empty()) append_shown(message.append(" version "), out.graph->version());
  message.append(" differs from the one that the program was compiled for: ").append(out.drift.summary());
  return fail(ErrorCode::flow_drifted, std::move(message));
}

PATCHBAY_DECL Result<FlowDrift> drift_now(const StaticFlowView& flow, const Followed& start,
                                          Result<std::shared_ptr<const FlowGraph>> deployed) {
  if (!deployed) return fail(std::move(deployed.error()));
  if (*deployed == start.graph) return start.drift;
  return drift(flow, **deployed);
}

PATCHBAY_DECL TransitionRequest request_move(const std::string& id, const std::string& pinned, std::string_view from,
                                             std::string_view to, std::string&& interaction,
                                             std::optional<Duration> deadline) {
  TransitionRequest out(std::move(interaction), id, std::string(from), std::string(to));
  if (!pinned.empty()) out.flow_version(pinned);
  if (deadline) out.deadline(*deadline);
  return out;
}

PATCHBAY_DECL std::string_view version_of(const FlowGraph& graph) noexcept { return graph.version(); }

}  // namespace patchbay::detail
