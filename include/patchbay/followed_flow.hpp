// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/config.hpp>
#include <patchbay/driver/operation_handle.hpp>
#include <patchbay/driver/result_handler.hpp>
#include <patchbay/flow/drift.hpp>
#include <patchbay/flow/reachability_rule.hpp>
#include <patchbay/flow/static_flow.hpp>
#include <patchbay/result.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay {

/// Whether a program follows a flow that was deployed otherwise than the program was compiled for.
enum class OnDrift : std::uint8_t {
  refuse_breaking,  ///< Unless nodes or edges are missing, or, where conditions decide, a condition has changed.
  refuse,           ///< Only when there is no drift at all.
  allow,            ///< Always; moves that are not possible any more fail when they are tried.
};

/// How to follow a flow: `FollowSettings().on_drift(OnDrift::refuse).version("7")`
class FollowSettings {
 public:
  FollowSettings() = default;

  FollowSettings& on_drift(OnDrift what) & { return on_drift_ = what, *this; }
  FollowSettings&& on_drift(OnDrift what) && { return std::move(on_drift(what)); }
  /// Follows this version of the flow alone: a move is refused once another one is deployed.
  FollowSettings& version(std::string version) & { return version_ = std::move(version), *this; }
  FollowSettings&& version(std::string version) && { return std::move(this->version(std::move(version))); }

  [[nodiscard]] OnDrift on_drift() const noexcept { return on_drift_; }
  [[nodiscard]] const std::string& version() const noexcept { return version_; }

 private:
  OnDrift on_drift_ = OnDrift::refuse_breaking;
  std::string version_;
};

namespace detail {

/// Complete when the flow allows the move; says what is wrong otherwise.
template <FixedString From, FixedString To, Reachability Rule, class Flow>
struct CheckedMove {
  static_assert(FlowNode<Flow, From>::known,
                "patchbay: the flow has no node of the name where this move begins; correct the name's spelling, or "
                "declare the node in the flow");
  static_assert(FlowNode<Flow, To>::known,
                "patchbay: the flow has no node of the name where this move ends; correct the name's spelling, or "
                "declare the node in the flow");
  using Move = FlowMove<Flow, From, To>;
  static_assert(!Move::known || Rule != Reachability::direct_edge || FlowEdgeLeads<Flow, From, To>::value,
                "patchbay: no single edge of the flow leads from the first node to the second, and the flow is "
                "followed under Reachability::direct_edge; move from node to node, or declare the Edge");
  static_assert(!Move::known || Rule == Reachability::direct_edge || FlowWayLeads<Flow, From, To>::value,
                "patchbay: no way of the flow leads from the first node to the second; move where the flow leads, or "
                "declare the missing Edge");
};

struct Followed {
  std::shared_ptr<const FlowGraph> graph;
  FlowDrift drift;
};

/// Whether every move that compiles under `rule` is one that a door with these settings may allow.
[[nodiscard]] PATCHBAY_DECL Result<void> check_rule(Reachability rule, Reachability settings);
/// Conditions count as breaking when either rule asks them: the one of the compiler, or the one of the door.
[[nodiscard]] PATCHBAY_DECL Result<Followed> follow(const StaticFlowView& flow, Reachability rule,
                                                    Reachability settings, std::string_view id,
                                                    const FollowSettings& how,
                                                    Result<std::shared_ptr<const FlowGraph>> deployed);
[[nodiscard]] PATCHBAY_DECL Result<FlowDrift> drift_now(const StaticFlowView& flow, const Followed& start,
                                                        Result<std::shared_ptr<const FlowGraph>> deployed);
[[nodiscard]] PATCHBAY_DECL TransitionRequest request_move(const std::string& id, const std::string& pinned,
                                                           std::string_view from, std::string_view to,
                                                           std::string&& interaction, std::optional<Duration> deadline);
[[nodiscard]] PATCHBAY_DECL std::string_view version_of(const FlowGraph& graph) noexcept;

}  // namespace detail

/// A door's hold on one deployed flow that the program knows as a type: its moves are named by literals, and one that
/// the flow does not allow does not compile. `StateTransitioner::follow` makes it.
///
///     auto billing = transitioner.follow<BillingFlow>("a1b2c3d4");
///     if (billing) billing->transition<"MainMenu", "BillingInquiry">(interaction, Variables().text("tier", "gold"));
///
/// What compiled is not yet allowed: the cloud's flow and interaction remain the truth. Each move is still checked
/// against the flow as it is deployed then, under the door's own rule and conditions, and against the node where the
/// interaction is; what the compiler has checked only spares the errors that no run would ever have got past. A flow
/// that is deployed anew meanwhile is such a case: `check` says what has changed, and `FollowSettings::version` makes
/// the door refuse.
///
/// A light value; refers to the door, which must outlive it. May be used by many threads when the door may.
template <class Door, CompiledFlow Flow, Reachability Rule = Reachability::path>
class FollowedFlow {
 public:
  using flow_type = Flow;
  using value_type = typename Door::value_type;
  static constexpr Reachability rule = Rule;

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  /// The definition with which the program started, its version, and its drift from the compiled flow.
  [[nodiscard]] const std::shared_ptr<const FlowGraph>& graph() const noexcept { return start_.graph; }
  [[nodiscard]] std::string_view version() const noexcept { return detail::version_of(*start_.graph); }
  [[nodiscard]] const FlowDrift& drift() const noexcept { return start_.drift; }
  /// The drift of the flow as the door knows it now; asks the cloud when the flow cache wants to.
  [[nodiscard]] Result<FlowDrift> check() const
    requires(!Door::on_loop)
  {
    return detail::drift_now(view_of<Flow>(), start_, door_->flow(id_, pinned_));
  }

  /// A request for a move that the flow allows, to be completed with variables, a deadline or a version and given to
  /// `transition` of the door.
  template <FixedString From, FixedString To>
  [[nodiscard]] TransitionRequest request(std::string interaction) const {
    static_assert(sizeof(detail::CheckedMove<From, To, Rule, Flow>) != 0);
    return detail::request_move(id_, pinned_, From.view(), To.view(), std::move(interaction), {});
  }

  /// Moves an interaction without variables, or with loose ones; by the settings' deadline when none is given.
  template <FixedString From, FixedString To>
  Result<TransitionResult> transition(std::string interaction, Variables variables = {},
                                      std::optional<Duration> deadline = {}) const
    requires(!Door::on_loop)
  {
    static_assert(sizeof(detail::CheckedMove<From, To, Rule, Flow>) != 0);
    return move(From.view(), To.view(), std::move(interaction), std::move(variables), deadline);
  }
  /// The same with variables that are a value of the schema's type already.
  template <FixedString From, FixedString To>
  Result<TransitionResult> transition(std::string interaction, const value_type& variables,
                                      std::optional<Duration> deadline = {}) const
    requires(!Door::on_loop)
  {
    static_assert(sizeof(detail::CheckedMove<From, To, Rule, Flow>) != 0);
    return move(From.view(), To.view(), std::move(interaction), variables, deadline);
  }

  /// `transition` on an event loop; for more than variables complete a `request` and give it to the door. See
  /// `StateTransitioner::start_transition`.
  template <FixedString From, FixedString To, detail::HandlerFor<Result<TransitionResult>> Handler>
    requires(Door::on_loop)
  OperationHandle start_transition(std::string interaction, Variables variables, Handler&& handler) const {
    TransitionRequest asked = request<From, To>(std::move(interaction));
    asked.variables(std::move(variables));
    return door_->start_transition(std::move(asked), std::forward<Handler>(handler));
  }
  template <FixedString From, FixedString To, detail::HandlerFor<Result<TransitionResult>> Handler>
    requires(Door::on_loop)
  OperationHandle start_transition(std::string interaction, const value_type& variables, Handler&& handler) const {
    return door_->start_transition(request<From, To>(std::move(interaction)), variables, std::forward<Handler>(handler));
  }

 private:
  friend Door;
  FollowedFlow(Door& door, std::string id, std::string pinned, detail::Followed start)
      : door_(&door), id_(std::move(id)), pinned_(std::move(pinned)), start_(std::move(start)) {}

  // Once for all moves, since each is a function of its own.
  Result<TransitionResult> move(std::string_view from, std::string_view to, std::string&& interaction,
                                Variables&& variables, std::optional<Duration> deadline) const {
    TransitionRequest asked = detail::request_move(id_, pinned_, from, to, std::move(interaction), deadline);
    asked.variables(std::move(variables));
    return door_->transition(asked);
  }
  Result<TransitionResult> move(std::string_view from, std::string_view to, std::string&& interaction,
                                const value_type& variables, std::optional<Duration> deadline) const {
    return door_->transition(detail::request_move(id_, pinned_, from, to, std::move(interaction), deadline), variables);
  }

  Door* door_;
  std::string id_, pinned_;
  detail::Followed start_;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/impl/followed_flow.ipp>
#endif
