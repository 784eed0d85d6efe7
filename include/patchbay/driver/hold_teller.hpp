// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <patchbay/driver/any_policies.hpp>
#include <patchbay/protocol/hold_command.hpp>

namespace patchbay {

/// A release that the door sends by itself, for `HoldLimit::release`.
class OwnRelease {
 public:
  OwnRelease() = default;
  OwnRelease(const OwnRelease&) = delete;
  OwnRelease& operator=(const OwnRelease&) = delete;
  ~OwnRelease() { stop_waiting(); }
  /// Nobody waits for the journal any more.
  void stop_waiting() noexcept {
    if (waiter) journal->forget(*waiter);
    waiter.reset();
  }

  HoldJob job;
  SteadyTime started{};
  IntentTicket intent;
  bool submitted = false;
  bool unjournaled = false;  ///< It was sent although its intent was not on the disk.
  // While its intent is being written:
  Journal* journal = nullptr;
  std::optional<Waiter> waiter;
  SteadyTime send_by{};      ///< It is not waited for longer.
};

/// Tells log, audit and handlers what happened on a hold channel besides the operations' own ends. Called without a lock.
class HoldTeller {
 public:
  HoldTeller(detail::AnyPolicies& policies, HoldContext& context) noexcept : policies_(&policies), context_(&context) {}

  void tell(const ChannelMessage& message) noexcept { context_->handlers->tell(message); }
  /// How an attempt to open the channel ended; `error` is null when it is open.
  void tell_opening(const Error* error, Duration took) noexcept {
    if (error) return log(Level::warn, "channel.open", {{"ok", false}, {"error", to_string(error->code())}, {"status", error->http_status()}});
    log(Level::info, "channel.open", {{"ok", true}, {"ms", to_milliseconds(took)}});
  }
  void tell(const ChannelStateEvent& event) noexcept {
    log(event.error ? Level::warn : Level::info, "channel.state",
        {{"state", to_string(event.state)}, {"close_code", event.close_code}, {"error", event.error ? to_string(event.error->code()) : ""}});
    context_->handlers->tell(event);
  }
  void tell(const HoldLimitEvent& event) noexcept {
    log(Level::warn, "hold.watchdog",
        {{"interaction", event.interaction}, {"kind", to_string(event.kind)}, {"held_ms", to_milliseconds(event.held_for)},
         {"confirmed", event.confirmed}});
    context_->handlers->tell(event);
  }
  void tell(const LateAcknowledgement& late) {
    HoldJob job;
    job.verb = late.verb;
    job.interaction = late.interaction;
    job.call.correlation_id = late.correlation_id;
    AuditRecord record;
    fill_record(record, AuditKind::attempt, policies_->wall_now(), job, *context_->metrics);
    record.attempt = 1;
    record.latency = late.since_sent;
    record.success = late.positive;
    record.outcome = late.positive ? Outcome::applied : Outcome::not_applied;
    if (!late.positive) record.error_code = to_string(ErrorCode::command_refused);
    record.error_message = "acknowledged after the operation had ended";
    context_->audit->record(record);
    settle_by_answer(*context_, late.verb, late.interaction, late.correlation_id, late.positive,
                     [&] { return policies_->wall_now(); });
    log(Level::info, "hold.late_ack", {{"operation", late.correlation_id}, {"positive", late.positive}, {"ms", to_milliseconds(late.since_sent)}});
  }
  void tell(const HoldSeen& seen) {
    const WallTime since = policies_->wall_now() - std::chrono::duration_cast<WallTime::duration>(seen.held_for);
    note_seen(*context_, seen.interaction, seen.held, since);
    log(Level::info, "hold.seen", {{"interaction", seen.interaction}, {"held", seen.held}, {"held_ms", to_milliseconds(seen.held_for)}});
  }
  void tell(OwnRelease& release) {
    const HoldJob& job = release.job;
    const Duration latency = policies_->steady_now() - release.started;
    const WallTime when = policies_->wall_now();
    const CallEnd end = job.call.end;
    const Outcome outcome = end == CallEnd::acknowledged ? Outcome::applied : in_doubt(end) ? Outcome::unknown : Outcome::not_applied;
    context_->metrics->complete(outcome, latency, Duration::zero());  // first, since what follows takes memory
    AuditRecord record;
    record_send(record, when, job, *context_);
    fill_record(record, AuditKind::operation, when, job, *context_->metrics);
    record.latency = latency;
    record.attempt = was_sent(end) ? 1 : 0;
    record.success = end == CallEnd::acknowledged;
    record.outcome = outcome;
    if (!record.success) {
      const Error error = error_of(job, *context_);
      record.error_code = to_string(error.code());
      record.error_message = error.message();
    }
    context_->audit->record(record);
    end_hold_intent(release.intent, *context_, record, "answer");
    if (release.unjournaled)
      log(Level::error, "journal.failed", {{"operation", job.call.correlation_id}, {"what", "release"}});
    QualityEvent event;
    event.event = HoldVerb::unhold;
    event.outcome = outcome;
    event.latency = latency;
    event.timestamp = when;
    event.interaction = job.interaction;
    event.correlation_id = job.call.correlation_id;
    context_->handlers->tell(event);
  }

  [[nodiscard]] WallTime wall_now() { return policies_->wall_now(); }

 private:
  void log(Level level, std::string_view name, std::initializer_list<Field> fields) noexcept {
    const bool calm = guarded([&] {
      if (policies_->log_enabled(level)) policies_->log(level, Event{name, std::span(fields.begin(), fields.size())});
    });
    if (!calm) context_->callback_failed();
  }

  detail::AnyPolicies* policies_;
  HoldContext* context_;
};

}  // namespace patchbay
