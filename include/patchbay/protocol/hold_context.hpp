// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <patchbay/hold_request.hpp>
#include <patchbay/observe/audit.hpp>
#include <patchbay/protocol/fence_book.hpp>
#include <patchbay/protocol/gateway.hpp>
#include <patchbay/protocol/hold_hub.hpp>
#include <patchbay/protocol/operation_observer.hpp>
#include <patchbay/protocol/party_book.hpp>
#include <patchbay/settings.hpp>

namespace patchbay {

/// What the hold protocols need of their door; belongs to the door.
class HoldContext final : public OperationObserver {
 public:
  HoldContext(const Settings& settings_in, AuditTrail& audit_in, HoldMetrics& metrics_in, HoldHub& hub_in,
              HoldHandlers& handlers_in) noexcept
      : settings(&settings_in),
        audit(&audit_in),
        metrics(&metrics_in),
        hub(&hub_in),
        handlers(&handlers_in),
        turns(settings_in.max_operations, settings_in.max_waiting),
        parties(settings_in.hold.max_holds) {}

  void exchanged(ExchangeKind, Duration latency, int status) noexcept override { metrics->exchanged(latency, status); }
  void replayed() noexcept override { metrics->count(ExchangeCount::token_refreshes); }
  void flow_asked(bool) noexcept override {}
  void callback_failed() noexcept override { metrics->count(HoldCount::callback_failures); }
  void restrained(ExchangeCount what) noexcept override { metrics->count(what); }

  const Settings* settings;
  AuditTrail* audit;
  HoldMetrics* metrics;
  HoldHub* hub;
  HoldHandlers* handlers;
  std::optional<Gateway> api;  ///< Absent only while the settings are invalid.
  const detail::AnyHoldDialect* dialect = &detail::documents_holds;  ///< That the holds are spoken in.
  HoldTurns turns;
  PartyBook parties;    ///< Where holds travel as requests.
  Wakeable* pump = nullptr;  ///< Told that there is something to send.
  FenceBook fences;     ///< What `recover` waits for.
  bool always_served = false;  ///< Somebody pumps at all times, so that the session keeps the deadlines of commands.
};

/// One hold or release, validated and encoded; outlives its protocol.
class HoldJob {
 public:
  /// As new, but with its memory.
  void clear() noexcept {
    verb = HoldVerb::hold;
    interaction.clear(), reason.clear(), label.clear(), party.clear();
    priority.reset();
    call.clear();
  }

  HoldVerb verb = HoldVerb::hold;
  std::string interaction;  ///< As given.
  std::string reason;
  std::string label;  ///< The caller's, for the journal.
  std::string party;  ///< Whose hold it is, where a request names it.
  std::optional<int> priority;
  HoldCall call;
};

/// Fills an audit record with what every record of holds has.
inline void fill_record(AuditRecord& record, AuditKind kind, WallTime when, const HoldJob& job,
                        const HoldMetrics& metrics) {
  record.clear();
  record.kind = kind;
  record.action = to_string(job.verb);
  record.timestamp = when;
  record.operation_id = job.call.correlation_id;
  record.interaction_id.assign(job.interaction, 0, 128);
  record.reason.assign(job.reason, 0, 64);
  record.priority = job.priority;
  record.consistency_rate = metrics.state_consistency_rate();
}

/// Records how the sending of a command ended, if it was sent, the last time of `sendings`.
inline void record_send(AuditRecord& record, WallTime when, const HoldJob& job, HoldContext& context, int sendings = 1) {
  if (!was_sent(job.call.end)) return;
  fill_record(record, AuditKind::attempt, when, job, *context.metrics);
  record.attempt = sendings;
  record.latency = job.call.ack_latency;
  record.success = job.call.end == CallEnd::acknowledged;
  record.outcome = record.success                           ? Outcome::applied
                   : job.call.end == CallEnd::refused ? Outcome::not_applied
                                                            : Outcome::unknown;
  if (!record.success) {
    record.error_code =
        to_string(job.call.end == CallEnd::refused ? ErrorCode::command_refused : ErrorCode::outcome_unknown);
    record.error_message = job.call.end == CallEnd::refused       ? "refused"
                           : job.call.end == CallEnd::ack_timeout ? "no acknowledgement came in time"
                           : job.call.end == CallEnd::accepted    ? "accepted, and looked for"
                           : job.call.end == CallEnd::forsaken    ? "cancelled before an acknowledgement"
                                                                  : "the connection ended before an acknowledgement";
  }
  context.audit->record(record);
}

}  // namespace patchbay
