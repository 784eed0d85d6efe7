// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <patchbay/cloud/reserved_names.hpp>
#include <patchbay/driver/bulk_requests.hpp>
#include <patchbay/driver/loop_transition_door.hpp>
#include <patchbay/driver/seat.hpp>
#include <patchbay/driver/transition_door.hpp>
#include <patchbay/followed_flow.hpp>
#include <patchbay/policies.hpp>
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

namespace patchbay {

/// Door 1: moves IVR interactions through their flow (document A).
///
///     StateTransitioner transitioner{Policies{.transport = beast::BlockingTransport{}, .schema = schema<BillingContext>}, settings};
///     Result<TransitionResult> moved = transitioner.transition(TransitionRequest{interaction, flow, "MainMenu", "BillingInquiry"});
///
/// Every call blocks until it is settled, at most for its deadline. With a transport that lives on an event loop
/// (`CompletionTransport`), operations are started instead and call back when they are settled. May be used by many
/// threads when the transport may; operations on one interaction take turns, in the order of asking. Nothing is thrown
/// for what the outside world does.
template <class TransportPolicy, class ClockPolicy, class RetryChoice, class LoggerPolicy, class SchemaPolicy,
          class DialectPolicy = cloud::Interactions>
class StateTransitioner {
  static_assert(Transport<TransportPolicy> || CompletionTransport<TransportPolicy>,
                "patchbay::StateTransitioner: Policies::transport must model patchbay::Transport; give it "
                "send(const HttpRequest&, HttpResponse&, SteadyTime) -> TransportResult<void>, or, for an event loop, all that "
                "patchbay::CompletionTransport asks for");
  static_assert(Clock<ClockPolicy>,
                "patchbay::StateTransitioner: Policies::clock must model patchbay::Clock; give it steady_now(), wall_now() and "
                "sleep_until(SteadyTime)");
  static_assert(RetryPolicy<RetryChoice>,
                "patchbay::StateTransitioner: Policies::retry must model patchbay::RetryPolicy; give it a const "
                "decide(const RetryQuestion&) -> RetryAnswer");
  static_assert(Logger<LoggerPolicy>,
                "patchbay::StateTransitioner: Policies::logger must model patchbay::Logger; give it a const enabled(Level) -> bool and "
                "log(Level, const Event&)");
  static_assert(Dialect<DialectPolicy>,
                "patchbay::StateTransitioner: Policies::dialect must model patchbay::Dialect; give it cloud::Interactions{} or "
                "cloud::Platform{}, or all that patchbay::Dialect asks for");

 public:
  using policies_type = Policies<TransportPolicy, ClockPolicy, RetryChoice, LoggerPolicy, SchemaPolicy, DialectPolicy>;
  /// The schema of the variables: the client's, or document A's four when none was given.
  using schema_type = std::conditional_t<std::is_same_v<SchemaPolicy, DefaultSchema>, StructSchema<IvrVariables>, SchemaPolicy>;
  static_assert(Schema<schema_type>,
                "patchbay::StateTransitioner: Policies::schema must model patchbay::Schema; give it schema<T> of a Boost.Hana struct T");
  static_assert(!uses_reserved_name<schema_type>(detail::reserved_attributes),
                "patchbay::StateTransitioner: the schema declares a field named ivr_state, flow_node, last_updated or transition_id, "
                "which the library writes itself; rename the field");
  using value_type = typename schema_type::value_type;

  /// Whether the transport lives on an event loop: then operations are started, and else they block.
  static constexpr bool on_loop = !Transport<TransportPolicy>;

  StateTransitioner(policies_type policies, Settings settings) : seat_(std::move(policies), std::move(settings)) {}
  StateTransitioner(const StateTransitioner&) = delete;
  StateTransitioner& operator=(const StateTransitioner&) = delete;

  /// Moves an interaction, with the request's variables coerced by the schema.
  ///
  /// The error says what is known of the effect: `outcome()` is `not_applied` unless a write may have reached the server
  /// and no proof of its fate could be had.
  Result<TransitionResult> transition(const TransitionRequest& request)
    requires(!on_loop)
  {
    return seat_.door.transition(request, encode_loose(request));
  }
  /// The same with variables that are a value of the schema's type already: there is nothing left to coerce. Variables
  /// of the request itself are refused, since two sources for one thing would have to be reconciled.
  Result<TransitionResult> transition(const TransitionRequest& request, const value_type& variables)
    requires(!on_loop)
  {
    return seat_.door.transition(request, encode_typed(request, variables));
  }

  /// Moves many interactions, each request as `transition` would, and blocks until the last of them has ended: several
  /// at a time if `how` names threads for it, those of one interaction in their order, and some of these by one write if
  /// `how` lets them. `requests` is a range of `TransitionRequest`; those that it refers to are not copied.
  ///
  /// Every item ends with a result of its own, in the order of the range. A request's deadline counts from its beginning.
  /// What became of an item changes nothing for the next one of its interaction, which is judged by what the cloud says.
  template <class Range>
  BulkResult transition_all(Range&& requests, const BulkSettings& how = {})
    requires(!on_loop)
  {
    check_bulk_range<Range>();
    detail::BulkRequests<Range> all(requests);
    return seat_.door.transition_all(all.pointers(), how, encode_item());
  }

  /// `transition` on an event loop: returns at once, and `handler(Result<TransitionResult>)` is called once, on a thread of
  /// the loop, never from within this call. It must not throw. When the loop is destroyed first, it is destroyed uncalled.
  ///
  /// What the operation needs lives until then, also when the door does not: a door that is destroyed asks its operations to
  /// end soon, as `OperationHandle::cancel` does. Throws `std::bad_alloc`, and has started nothing then.
  template <detail::HandlerFor<Result<TransitionResult>> Handler>
    requires(on_loop)
  OperationHandle start_transition(TransitionRequest request, Handler&& handler) {
    return seat_.door.start(std::move(request), encode_loose(request),
                            detail::make_handler<Result<TransitionResult>>(std::forward<Handler>(handler)));
  }
  /// The same with variables that are a value of the schema's type already; they are read within the call.
  template <detail::HandlerFor<Result<TransitionResult>> Handler>
    requires(on_loop)
  OperationHandle start_transition(TransitionRequest request, const value_type& variables, Handler&& handler) {
    return seat_.door.start(std::move(request), encode_typed(request, variables),
                            detail::make_handler<Result<TransitionResult>>(std::forward<Handler>(handler)));
  }

  /// `transition_all` on an event loop: returns at once, and `handler(BulkResult)` is called once, as that of
  /// `start_transition`. Items begin and end, and `how`'s progress is reported, on threads of the loop; its workers are
  /// not asked for.
  ///
  /// Cancelled, the bulk operation begins nothing more and cancels what is under way. So it does when its door is destroyed.
  template <class Range, detail::HandlerFor<BulkResult> Handler>
    requires(on_loop)
  OperationHandle start_transition_all(Range&& requests, const BulkSettings& how, Handler&& handler) {
    check_bulk_range<Range>();
    std::vector<TransitionRequest> all;
    for (auto&& request : requests) all.push_back(std::forward<decltype(request)>(request));
    return seat_.door.start_all(std::move(all), how, encode_item(), detail::make_handler<BulkResult>(std::forward<Handler>(handler)));
  }

  /// The definition of a flow, from the cache or the cloud, by the settings' deadline.
  Result<std::shared_ptr<const FlowGraph>> flow(std::string_view id, std::string_view version = {})
    requires(!on_loop)
  {
    return seat_.door.flow(id, version);
  }
  /// `flow` on an event loop, with `handler(Result<std::shared_ptr<const FlowGraph>>)`; see `start_transition`.
  template <detail::HandlerFor<Result<std::shared_ptr<const FlowGraph>>> Handler>
    requires(on_loop)
  OperationHandle start_flow(std::string id, std::string version, Handler&& handler) {
    return seat_.door.start_flow(std::move(id), std::move(version),
                                 detail::make_handler<Result<std::shared_ptr<const FlowGraph>>>(std::forward<Handler>(handler)));
  }
  /// By which way the flow allows a move under the settings' reachability; sends nothing but what `flow` sends.
  Result<FlowPath> path(std::string_view flow_id, std::string_view from, std::string_view to)
    requires(!on_loop)
  {
    return seat_.door.path(flow_id, from, to);
  }

  /// Takes hold of a deployed flow that the program knows as a type, so that moves are named by literals and checked by
  /// the compiler under `Rule`, which must not be wider than the settings' reachability.
  ///
  /// `flow_drifted` when the deployed flow differs from the compiled one more than `how` accepts; the message counts the
  /// differences, and `drift(Flow{}, **flow(id))` has them all. Else the errors of `flow`.
  template <CompiledFlow Flow, Reachability Rule = Reachability::path>
    requires(!on_loop)
  Result<FollowedFlow<StateTransitioner, Flow, Rule>> follow(std::string flow_id, const FollowSettings& how = {}) {
    const Reachability rule = settings().transition.reachability;
    if (auto fine = detail::check_rule(Rule, rule); !fine) return fail(std::move(fine.error()));
    auto start = detail::follow(view_of<Flow>(), Rule, rule, flow_id, how, flow(flow_id, how.version()));
    if (!start) return fail(std::move(start.error()));
    return FollowedFlow<StateTransitioner, Flow, Rule>(*this, std::move(flow_id), how.version(), std::move(*start));
  }

  /// `follow` on an event loop, with `handler(Result<FollowedFlow<...>>)`; see `start_transition`.
  template <CompiledFlow Flow, Reachability Rule = Reachability::path, class Handler>
    requires(on_loop && detail::HandlerFor<Handler, Result<FollowedFlow<StateTransitioner, Flow, Rule>>>)
  OperationHandle start_follow(std::string flow_id, const FollowSettings& how, Handler&& handler) {
    using Followed = Result<FollowedFlow<StateTransitioner, Flow, Rule>>;
    return start_flow(flow_id, how.version(),
                      [this, alive = seat_.alive(), flow_id, how, told = std::decay_t<Handler>(std::forward<Handler>(handler)),
                       rule = settings().transition.reachability](Result<std::shared_ptr<const FlowGraph>> deployed) mutable {
                        if (alive.expired()) deployed = fail(ErrorCode::cancelled, "the door is gone");
                        if (auto fine = detail::check_rule(Rule, rule); !fine) return std::move(told)(Followed(fail(std::move(fine.error()))));
                        auto start = detail::follow(view_of<Flow>(), Rule, rule, flow_id, how, std::move(deployed));
                        if (!start) return std::move(told)(Followed(fail(std::move(start.error()))));
                        std::move(told)(Followed(FollowedFlow<StateTransitioner, Flow, Rule>(*this, std::move(flow_id), how.version(), std::move(*start))));
                      });
  }

  /// Finds out what became of the transitions that a journal has open: those that an earlier process began and did not
  /// end, and those that ended with an unknown outcome. To be called when the program starts, and whenever an outcome
  /// is unknown.
  ///
  /// Reads each of their interactions, where the write went, whatever the door's dialect would write now
  /// (`PlacedDialect`). One that carries the transition's id: applied, and its webhook is queued. One whose version was
  /// changed by a writer without ids, or by another of ours that was locked with the same: not applied. One at the version that was
  /// to be changed: a late arrival could still change it, so it is read again until `JournalingSettings::fence_after` has passed;
  /// then: not applied. So is one where another's id is shown, or only an older version, or which is gone; then: unknown, for good
  /// (`RecoveryReport::given_up`). One that the dialect cannot read stays open. Each gets one record. Until then transitions of that
  /// interaction look first, and are refused with `unrecovered` when that settles nothing. Returns when nothing is left, or after `budget` (`fence_after` and the
  /// deadline together when none is given), with what is left in the report; it may be called again at any time, and
  /// beside other operations. Fails with `journal_failed`, `cancelled`, or `invalid_settings` when there is no journal.
  Result<RecoveryReport> recover(std::optional<Duration> budget = std::nullopt, const std::stop_token& stop = {})
    requires(!on_loop)
  {
    return seat_.door.recover(budget, stop);
  }
  /// `recover` on an event loop, with `handler(Result<RecoveryReport>)`; see `start_transition`.
  template <detail::HandlerFor<Result<RecoveryReport>> Handler>
    requires(on_loop)
  OperationHandle start_recover(std::optional<Duration> budget, Handler&& handler) {
    return seat_.door.start_recover(budget,
                                    detail::make_handler<Result<RecoveryReport>>(std::forward<Handler>(handler)));
  }
  /// Delivers the webhooks that a journal holds, those of earlier processes among them, for at most `budget`: returns
  /// early when none is left, or none falls due in time. For a thread of its own, again and again, with a pause between
  /// calls, since what is not queued yet is not waited for; several may call it. Does nothing without a CRM. A budget
  /// shorter than the CRM takes to answer delivers nothing. A door on an event loop delivers by itself,
  /// from its first operation or recovery until it is destroyed; what waits for another attempt keeps the loop's run
  /// from ending.
  Result<DeliveryReport> deliver_webhooks(Duration budget, const std::stop_token& stop = {})
    requires(!on_loop)
  {
    return seat_.door.deliver_webhooks(budget, stop);
  }
  /// Puts the journal's dead letters among the webhooks to be delivered again; how many there were. Thread-safe.
  Result<std::size_t> redrive_webhooks() { return seat_.door.redrive_webhooks(); }

  /// The last audit records, oldest first, at most `Settings::audit_records` (document A's `getAuditLogs`).
  [[nodiscard]] std::vector<AuditRecord> audit_log() const { return seat_.door.audit_log(); }
  /// Counters and latencies since the door was built (document A's `getMetrics`).
  [[nodiscard]] TransitionMetricsSnapshot metrics() const { return seat_.door.metrics(); }
  [[nodiscard]] const Settings& settings() const noexcept { return seat_.door.settings(); }

 private:
  template <class Range>
  static constexpr void check_bulk_range() noexcept {
    static_assert(detail::BulkRange<Range>,
                  "patchbay::StateTransitioner: a bulk operation takes a range of patchbay::TransitionRequest, such as a "
                  "std::vector of them; the second argument is the BulkSettings");
  }
  // What the schema does with a request, for the door. The request and the value are referred to.
  auto encode_loose(const TransitionRequest& request) const noexcept {
    return [this, &request](JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
      encode_with(schema(), request, reader, violations, members);
    };
  }
  // The same for any request. The schema lives as long as the operations, also where the door does not.
  auto encode_item() const noexcept {
    return [by = &schema()](const TransitionRequest& request, JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
      encode_with(*by, request, reader, violations, members);
    };
  }
  static void encode_with(const schema_type& by, const TransitionRequest& request, JsonReader& reader, std::vector<Violation>& violations,
                          std::string& members) {
    const auto& object = request.variables_json();
    if (object && !request.variables().empty()) return detail::refuse_given_twice("one by one and as a JSON object", violations);
    if (object) return detail::coerce_object(by, *object, reader, detail::reserved_attributes, violations, members);
    by.coerce(request.variables(), reader, detail::reserved_attributes, violations, members);
  }
  auto encode_typed(const TransitionRequest& request, const value_type& variables) const noexcept {
    return [this, &request, &variables](JsonReader&, std::vector<Violation>& violations, std::string& members) {
      if (!request.variables().empty() || request.variables_json())
        detail::refuse_given_twice("as a value and in the request", violations);
      schema().encode(variables, detail::reserved_attributes, violations, members);
    };
  }
  const schema_type& schema() const noexcept {
    if constexpr (std::is_same_v<SchemaPolicy, DefaultSchema>) {
      static constexpr schema_type documents{};
      return documents;
    } else {
      return seat_.policies().schema;
    }
  }

  using Seat = std::conditional_t<on_loop, detail::LoopSeat<detail::LoopOf<policies_type>, detail::LoopTransitionDoor>,
                                  detail::BlockingSeat<policies_type, detail::TransitionDoor>>;
  Seat seat_;
};

}  // namespace patchbay
