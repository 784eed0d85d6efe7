// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/driver/encode_members.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/protocol/channel_open.hpp>
#include <patchbay/protocol/hold_command.hpp>
#include <patchbay/protocol/hold_recovery.hpp>
#include <patchbay/random_source.hpp>

namespace patchbay::detail {

/// What the hold doors of all drivers have in common: settings, books, the session, and what is done before anything is sent.
class HoldCore {
 public:
  /// The dialects outlive it; without `holds`, which no door that compiles is, every operation fails.
  HoldCore(Settings given, const AnyDialect& dialect, const AnyHoldDialect* holds)
      : settings(std::move(given)),
        audit(settings.audit_records, settings.audit),
        handlers(metrics),
        hub(settings.hold, metrics),
        random(settings.random ? settings.random : std::make_shared<RandomSource>(0)),
        context(settings, audit, metrics, hub, handlers) {
    if (holds) hub.session().speak(*(context.dialect = holds), settings.journaling.fence_after, &context.parties);
    invalid = holds ? open_gateway(dialect) : Error(ErrorCode::invalid_settings, "the dialect has no holds");
  }

  void begin(Operation& operation, HoldVerb verb, std::optional<Duration> deadline) {
    begin(operation, deadline);
    operation.must_not_wait = verb == HoldVerb::unhold;
  }
  void count(HoldVerb verb) noexcept {
    metrics.count(HoldCount::submitted);
    metrics.count(verb == HoldVerb::hold ? HoldCount::holds : HoldCount::unholds);
  }
  void begin(Operation& operation, std::optional<Duration> deadline) {
    operation.begin({}, deadline.value_or(settings.deadline));
    operation.observer = &context;
    random->uuid(operation.operation_id);
  }

  /// Everything that needs no network: the fields, and the frame (hazard B11). `asked` is what was asked for, as far as it is
  /// known before it is encoded, so that a refusal is recorded with it.
  Result<void> prepare(Operation& operation, HoldVerb verb, AskedFor asked, HoldJob& job, EncodeMembers encode) {
    job.verb = job.call.verb = verb;
    job.call.correlation_id = operation.operation_id;
    job.label.clear();
    append_excerpt(job.label, asked.label, 256);
    if (asked.fields)
      for (const Variables::Entry entry : *asked.fields) note(job, entry.name, entry.value);
    if (invalid) return fail(*invalid);
    if (hub.with([](HoldSession& session) { return session.closing(); })) return fail(ErrorCode::closed, "the door is closed");
    if (operation.deadline <= operation.started) return fail(ErrorCode::invalid_argument, "the deadline is not positive");
    std::vector<Violation> violations;
    operation.attributes.clear();
    if (!guarded([&] { encode(operation.json, violations, operation.attributes); })) return fail(ErrorCode::internal, "the schema threw");
    if (violations.empty()) {
      job.interaction.clear();
      const auto read = operation.json.object(operation.body.assign("{").append(operation.attributes).append("}"), [&](std::string_view name, JsonValue value) {
        simdjson::ondemand::json_type type;
        if (const auto error = value.type().get(type)) return error;
        if (type != simdjson::ondemand::json_type::string) return note(job, name, value.raw_json_token()), simdjson::SUCCESS;
        std::string_view text;
        if (const auto error = value.get_string().get(text)) return error;
        return note(job, name, text), simdjson::SUCCESS;
      });
      if (!read) return fail(ErrorCode::internal, std::string("the schema's members cannot be read: ").append(read.error().why));
      // The schema may be a client's, and the id goes into an address.
      if (!is_uuid(job.interaction)) violations.push_back({"interactionId", "uuid: expected a UUID", excerpt(job.interaction, 64)});
    }
    if (!violations.empty()) {
      Error error(ErrorCode::validation_failed, violations.size() == 1 ? "a field breaks the schema" : "fields break the schema");
      error.set_violations(std::move(violations));
      return fail(std::move(error));
    }
    job.call.interaction.assign(job.interaction);
    make_lower_case(job.call.interaction);
    context.dialect->encode_hold(job.call.frame, job.verb, job.call.correlation_id, operation.attributes);
    return {};
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
  [[nodiscard]] HoldMetricsSnapshot snapshot() const {
    HoldMetricsSnapshot out = metrics.snapshot();
    out.counts[static_cast<std::size_t>(HoldCount::audit_failures)] = audit.failures();
    return out;
  }
  [[nodiscard]] std::vector<HeldInteraction> held() {
    return hub.with([](HoldSession& session) { return session.registry().held(); });
  }
  [[nodiscard]] ChannelState state() {
    return hub.with([](HoldSession& session) { return session.channel().state(); });
  }

  Settings settings;
  HoldMetrics metrics;
  AuditTrail audit;
  HoldHandlers handlers;
  HoldHub hub;
  std::shared_ptr<RandomSource> random;
  HoldContext context;
  std::optional<ChannelAddress> address;  ///< Of the channel, unless the cloud makes it.
  std::optional<Error> invalid;

 private:
  std::optional<Error> open_gateway(const AnyDialect& dialect) {
    if (auto fine = settings.check(); !fine) return std::move(fine.error());
    context.api.emplace(*settings.endpoint(settings.base_url, "base_url"), settings, context.dialect->scope());
    context.api->dialect = &dialect;
    if (context.dialect->path() == HoldPath::request) {
      if (settings.hold.channel_url.empty()) return std::nullopt;
      return Error(ErrorCode::invalid_settings, "hold.channel_url: this dialect's cloud makes the channel and says where it is");
    }
    if (settings.hold.channel_url.empty()) {
      std::string target;
      context.dialect->channel_target(target, context.api->api);
      address.emplace(context.api->api, std::move(target));
      return std::nullopt;
    }
    auto channel = settings.endpoint(settings.hold.channel_url, "hold.channel_url");
    if (!channel) return std::move(channel.error());
    std::string target = channel->target();
    address.emplace(std::move(*channel), std::move(target));
    return std::nullopt;
  }
  static void note(HoldJob& job, std::string_view name, std::string_view text) {
    if (name == "interactionId") job.interaction.assign(text, 0, 512);
    if (name == "holdReason") job.reason.assign(text, 0, 64);
    if (name == "priority" && text.size() == 1 && text[0] >= '0' && text[0] <= '9') job.priority = text[0] - '0';
  }
};

}  // namespace patchbay::detail
