// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <patchbay/driver/blocking.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/policies.hpp>
#include <patchbay/policy/schema.hpp>
#include <patchbay/protocol/transition_operation.hpp>
#include <patchbay/schema/document_schemas.hpp>
#include <patchbay/settings.hpp>

namespace patchbay {

/// Door 1: moves IVR interactions through their flow (document A).
///
///     StateTransitioner transitioner{Policies{.transport = beast::BlockingTransport{}, .schema = schema<BillingContext>}, settings};
///     Result<TransitionResult> moved = transitioner.transition(TransitionRequest{interaction, flow, "MainMenu", "BillingInquiry"});
///
/// Every call blocks until it is settled, at most for its deadline. May be used by many threads when the transport may;
/// calls for one interaction take turns, in the order of asking. Nothing is thrown for what the outside world does.
template <class TransportPolicy, class ClockPolicy, class RetryChoice, class LoggerPolicy, class SchemaPolicy>
class StateTransitioner {
  static_assert(Transport<TransportPolicy>,
                "patchbay::StateTransitioner: Policies::transport must model patchbay::Transport; give it "
                "send(const HttpRequest&, HttpResponse&, SteadyTime) -> TransportResult<void>");
  static_assert(Clock<ClockPolicy>,
                "patchbay::StateTransitioner: Policies::clock must model patchbay::Clock; give it steady_now(), wall_now() and "
                "sleep_until(SteadyTime)");
  static_assert(RetryPolicy<RetryChoice>,
                "patchbay::StateTransitioner: Policies::retry must model patchbay::RetryPolicy; give it a const "
                "decide(const RetryQuestion&) -> RetryAnswer");
  static_assert(Logger<LoggerPolicy>,
                "patchbay::StateTransitioner: Policies::logger must model patchbay::Logger; give it a const enabled(Level) -> bool and "
                "log(Level, const Event&)");

 public:
  using policies_type = Policies<TransportPolicy, ClockPolicy, RetryChoice, LoggerPolicy, SchemaPolicy>;
  /// The schema of the variables: the client's, or document A's four when none was given.
  using schema_type = std::conditional_t<std::is_same_v<SchemaPolicy, DefaultSchema>, StructSchema<IvrVariables>, SchemaPolicy>;
  static_assert(Schema<schema_type>,
                "patchbay::StateTransitioner: Policies::schema must model patchbay::Schema; give it schema<T> of a Boost.Hana struct T");
  static_assert(!uses_reserved_name<schema_type>(Dialect::reserved_attributes),
                "patchbay::StateTransitioner: the schema declares a field named ivr_state, flow_node, last_updated or transition_id, "
                "which the library writes itself; rename the field");
  using value_type = typename schema_type::value_type;

  StateTransitioner(policies_type policies, Settings settings)
      : policies_(std::move(policies)),
        settings_(std::move(settings)),
        audit_(settings_.audit_records, settings_.audit),
        invalid_(problem_of(settings_)),
        random_(settings_.random ? settings_.random : std::make_shared<RandomSource>(0)),
        pool_(policies_, *random_),
        context_(settings_, audit_, metrics_) {
    if (invalid_) return;
    context_.api.emplace(*settings_.endpoint(settings_.base_url, "base_url"), settings_, Dialect::transition_scope);
    const std::string& url = settings_.transition.webhook.url;
    if (url.empty()) return;
    context_.crm.emplace(*settings_.endpoint(url, "transition.webhook.url"), settings_, std::string_view{});
    context_.crm->pacer = nullptr;  // the pacer spaces what counts against the cloud's limit
    context_.crm->attempt_timeout = settings_.transition.webhook.attempt_timeout;
    context_.crm->max_body = std::size_t{1} << 20;
  }
  StateTransitioner(const StateTransitioner&) = delete;
  StateTransitioner& operator=(const StateTransitioner&) = delete;

  /// Moves an interaction, with the request's variables coerced by the schema.
  ///
  /// The error says what is known of the effect: `outcome()` is `not_applied` unless a write may have reached the server
  /// and no proof of its fate could be had.
  Result<TransitionResult> transition(const TransitionRequest& request) {
    return run(request, [&](Operation& operation, std::vector<Violation>& violations) {
      schema().coerce(request.variables(), operation.json, Dialect::reserved_attributes, violations, operation.attributes);
    });
  }
  /// The same with variables that are a value of the schema's type already: there is nothing left to coerce. Variables
  /// of the request itself are refused, since two sources for one thing would have to be reconciled.
  Result<TransitionResult> transition(const TransitionRequest& request, const value_type& variables) {
    return run(request, [&](Operation& operation, std::vector<Violation>& violations) {
      if (!request.variables().empty())
        violations.push_back({"variables", "given twice: as a value and in the request", "<omitted>"});
      schema().encode(variables, Dialect::reserved_attributes, violations, operation.attributes);
    });
  }

  /// The definition of a flow, from the cache or the cloud, by the settings' deadline.
  Result<std::shared_ptr<const FlowGraph>> flow(std::string_view id, std::string_view version = {}) {
    if (invalid_) return fail(*invalid_);
    if (auto fine = check_identifier(id, "flow id"); !fine) return fail(std::move(fine.error()));
    const auto operation = pool_.take();
    begin(*operation, {}, settings_.deadline);
    return operation->run(flow_of(*operation, *context_.api, *settings_.flows, id, version));
  }
  /// By which way the flow allows a move under the settings' reachability; sends nothing but what `flow` sends.
  Result<FlowPath> path(std::string_view flow_id, std::string_view from, std::string_view to) {
    auto graph = flow(flow_id);
    if (!graph) return fail(std::move(graph.error()));
    const auto operation = pool_.take();
    return route(std::move(*graph), from, to, settings_.transition.reachability, settings_.transition.condition, operation->route_scratch);
  }

  /// The last audit records, oldest first, at most `Settings::audit_records` (document A's `getAuditLogs`).
  [[nodiscard]] std::vector<AuditRecord> audit_log() const { return audit_.snapshot(); }
  /// Counters and latencies since the door was built (document A's `getMetrics`).
  [[nodiscard]] TransitionMetricsSnapshot metrics() const {
    TransitionMetricsSnapshot out = metrics_.snapshot();
    out.counts[static_cast<std::size_t>(TransitionCount::audit_failures)] = audit_.failures();
    return out;
  }
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

 private:
  static std::optional<Error> problem_of(const Settings& settings) {
    if (auto fine = settings.check(); !fine) return std::move(fine.error());
    return std::nullopt;
  }
  const schema_type& schema() const noexcept {
    if constexpr (std::is_same_v<SchemaPolicy, DefaultSchema>) {
      static constexpr schema_type documents{};
      return documents;
    } else {
      return policies_.schema;
    }
  }
  void begin(Operation& operation, std::string_view interaction, Duration budget) {
    operation.begin(interaction, budget);
    random_->uuid(operation.operation_id);
    operation.observer = &context_;
  }

  template <class Encode>
  Result<TransitionResult> run(const TransitionRequest& request, Encode&& encode) {
    const auto lease = pool_.take();
    BlockingOperation<policies_type>& operation = *lease;
    begin(operation, request.interaction(), request.deadline().value_or(settings_.deadline));
    metrics_.count(TransitionCount::submitted);
    const WallTime timestamp = operation.wall_now();
    Result<TransitionResult> result;
    const bool calm = guarded([&] {
      auto ended = prepare(operation, request, timestamp, encode);
      if (ended) ended = operation.run(perform_transition(operation, context_, request, timestamp, result));
      if (!ended && !operation.settled) result = fail(std::move(ended.error()));
    });
    if (!calm && !operation.settled) result = fail(ErrorCode::internal, "a policy threw, or memory ran out");
    // What a protocol ends by itself it settles; the rest ends here, so that every operation ends exactly once.
    if (!operation.settled) settle_transition(operation, context_, request, timestamp, result);
    return result;
  }

  /// Everything that needs no network: identifiers, variables, the encoded write and its size.
  template <class Encode>
  Result<void> prepare(Operation& operation, const TransitionRequest& request, WallTime timestamp, Encode&& encode) {
    if (invalid_) return fail(*invalid_);
    if (auto fine = check_identifier(request.interaction(), "interaction id"); !fine) return fail(std::move(fine.error()));
    if (auto fine = check_identifier(request.flow(), "flow id"); !fine) return fail(std::move(fine.error()));
    if (request.from().empty() || request.to().empty()) return fail(ErrorCode::invalid_argument, "a node's name is empty");
    if (operation.deadline <= operation.started) return fail(ErrorCode::invalid_argument, "the deadline is not positive");
    std::vector<Violation> violations;
    operation.attributes.clear();
    const bool calm = guarded([&] { encode(operation, violations); });
    if (!calm) return fail(ErrorCode::internal, "the schema threw");
    if (!violations.empty()) {
      Error error(ErrorCode::validation_failed, violations.size() == 1 ? "a variable breaks its schema" : "variables break their schema");
      error.set_violations(std::move(violations));
      return fail(std::move(error));
    }
    operation.timestamp.clear();
    append_timestamp(operation.timestamp, timestamp);
    const std::size_t size = Dialect::encode_transition(operation.body, request.to(), operation.timestamp, operation.operation_id, operation.attributes);
    if (size > settings_.transition.max_attributes_bytes)
      return fail(ErrorCode::payload_too_large, "the attributes take " + std::to_string(size) + " bytes when encoded, and the limit is " +
                                                    std::to_string(settings_.transition.max_attributes_bytes));
    return {};
  }

  policies_type policies_;
  Settings settings_;
  AuditTrail audit_;
  TransitionMetrics metrics_;
  std::optional<Error> invalid_;
  std::shared_ptr<RandomSource> random_;
  OperationPool<policies_type> pool_;
  TransitionContext context_;
};

}  // namespace patchbay
