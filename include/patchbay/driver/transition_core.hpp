// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/driver/encode_members.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/protocol/transition_operation.hpp>
#include <patchbay/protocol/webhook_delivery.hpp>

namespace patchbay::detail {

/// What the transition doors of all drivers have in common: settings, books, and what is done before anything is sent.
class TransitionCore {
 public:
  /// `dialect` outlives it.
  TransitionCore(Settings given, const AnyDialect& dialect)
      : settings(std::move(given)),
        audit(settings.audit_records, settings.audit),
        random(settings.random ? settings.random : std::make_shared<RandomSource>(0)),
        context(settings, audit, metrics) {
    if (auto fine = settings.check(); !fine) {
      invalid = std::move(fine.error());
      return;
    }
    context.api.emplace(*settings.endpoint(settings.base_url, "base_url"), settings, dialect.scope());
    context.api->dialect = &dialect;
    const std::string& url = settings.transition.webhook.url;
    if (url.empty()) return;
    context.crm.emplace(*settings.endpoint(url, "transition.webhook.url"), settings, std::string_view{});
    context.crm->pacer = nullptr;  // the pacer spaces what counts against the cloud's limit
    context.crm->attempt_timeout = settings.transition.webhook.attempt_timeout;
    context.crm->max_body = std::size_t{1} << 20;
    load_webhooks(context);
  }

  /// Whether there is something that `recover` could do.
  [[nodiscard]] Result<void> can_recover() const {
    if (invalid) return fail(*invalid);
    if (!settings.journal)
      return fail(ErrorCode::invalid_settings, "journal: is empty; there is nothing to recover from");
    return {};
  }
  /// How long `recover` takes when nobody says: long enough for everything that answers.
  [[nodiscard]] Duration recovery_budget(std::optional<Duration> given) const {
    return given.value_or(settings.journaling.fence_after + settings.deadline);
  }

  void begin(Operation& operation, std::string_view interaction, Duration budget, const TimeSpent& before = {}) {
    operation.begin(interaction, budget);
    operation.began_earlier(before.spent, before.waited);
    random->uuid(operation.operation_id);
    operation.observer = &context;
  }

  /// Everything that needs no network: identifiers, variables, the encoded write and its size.
  Result<void> prepare(Operation& operation, const TransitionRequest& request, WallTime timestamp, EncodeMembers encode) {
    if (invalid) return fail(*invalid);
    if (auto fine = check_identifier(request.interaction(), "interaction id"); !fine) return fail(std::move(fine.error()));
    if (auto fine = check_identifier(request.flow(), "flow id"); !fine) return fail(std::move(fine.error()));
    if (request.from().empty() || request.to().empty()) return fail(ErrorCode::invalid_argument, "a node's name is empty");
    if (operation.deadline <= operation.started) return fail(ErrorCode::invalid_argument, "the deadline is not positive");
    std::vector<Violation> violations;
    operation.attributes.clear();
    const bool calm = guarded([&] { encode(operation.json, violations, operation.attributes); });
    if (!calm) return fail(ErrorCode::internal, "the schema threw");
    if (!violations.empty()) {
      Error error(ErrorCode::validation_failed, violations.size() == 1 ? "a variable breaks its schema" : "variables break their schema");
      error.set_violations(std::move(violations));
      return fail(std::move(error));
    }
    operation.timestamp.clear();
    append_timestamp(operation.timestamp, timestamp);
    const Result<std::size_t> size = context.api->dialect->encode_transition(
        operation.body, TransitionWrite{request.to(), operation.timestamp, operation.operation_id, operation.attributes}, operation.json);
    if (!size) return fail(size.error());
    if (*size > settings.transition.max_attributes_bytes)
      return fail(ErrorCode::payload_too_large, "the attributes take " + std::to_string(*size) + " bytes when encoded, and the limit is " +
                                                    std::to_string(settings.transition.max_attributes_bytes));
    return {};
  }

  [[nodiscard]] TransitionMetricsSnapshot snapshot() const {
    TransitionMetricsSnapshot out = metrics.snapshot();
    out.counts[static_cast<std::size_t>(TransitionCount::audit_failures)] = audit.failures();
    return out;
  }

  Settings settings;
  AuditTrail audit;
  TransitionMetrics metrics;
  std::optional<Error> invalid;
  std::shared_ptr<RandomSource> random;
  TransitionContext context;
};

}  // namespace patchbay::detail
