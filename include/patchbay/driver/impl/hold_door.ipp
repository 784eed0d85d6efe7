// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <patchbay/driver/hold_door.hpp>
#include <patchbay/driver/hold_pump.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/schema/document_schemas.hpp>

namespace patchbay::detail {

struct HoldDoor::State {
  State(AnyBlockingPolicies& policies, Settings given)
      : clock(policies),
        settings(std::move(given)),
        audit(settings.audit_records, settings.audit),
        handlers(metrics),
        hub(settings.hold, metrics),
        random(settings.random ? settings.random : std::make_shared<RandomSource>(0)),
        context(settings, audit, metrics, hub, handlers),
        pool(policies, *random),
        pump(policies, context, *random) {
    invalid = open_gateway();
    context.pump = &pump;
  }

  std::optional<Error> open_gateway() {
    if (auto fine = settings.check(); !fine) return std::move(fine.error());
    context.api.emplace(*settings.endpoint(settings.base_url, "base_url"), settings, Dialect::hold_scope);
    if (settings.hold.channel_url.empty()) {
      pump.connect_to(context.api->api, context.api->api.path() + std::string(Dialect::channel_target));
      return std::nullopt;
    }
    auto channel = settings.endpoint(settings.hold.channel_url, "hold.channel_url");
    if (!channel) return std::move(channel.error());
    pump.connect_to(*channel, channel->target());
    return std::nullopt;
  }

  /// Everything that needs no network: the fields, and the frame (hazard B11).
  Result<void> prepare(Operation& operation, HoldJob& job, EncodeMembers encode) {
    if (invalid) return fail(*invalid);
    if (hub.with([](HoldSession& session) { return session.closing(); })) return fail(ErrorCode::closed, "the door is closed");
    if (operation.deadline <= operation.started) return fail(ErrorCode::invalid_argument, "the deadline is not positive");
    std::vector<Violation> violations;
    operation.attributes.clear();
    if (!guarded([&] { encode(operation.json, violations, operation.attributes); })) return fail(ErrorCode::internal, "the schema threw");
    if (violations.empty()) {
      job.interaction.clear();
      const auto read = operation.json.object("{" + operation.attributes + "}", [&](std::string_view name, JsonValue value) {
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
    job.call.interaction = lower_case(job.interaction);
    HoldDialect::encode_command(job.call.frame, job.verb, job.call.correlation_id, operation.attributes);
    return {};
  }
  static void note(HoldJob& job, std::string_view name, std::string_view text) {
    if (name == "interactionId") job.interaction.assign(text, 0, 512);
    if (name == "holdReason") job.reason.assign(text, 0, 64);
    if (name == "priority" && text.size() == 1 && text[0] >= '0' && text[0] <= '9') job.priority = text[0] - '0';
  }
  static std::string lower_case(std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return text;
  }

  AnyBlockingPolicies& clock;
  Settings settings;
  HoldMetrics metrics;
  AuditTrail audit;
  HoldHandlers handlers;
  HoldHub hub;
  std::shared_ptr<RandomSource> random;
  HoldContext context;
  OperationPool pool;
  HoldPump pump;
  std::optional<Error> invalid;
};

PATCHBAY_DECL HoldDoor::HoldDoor(AnyBlockingPolicies& policies, Settings settings)
    : state_(std::make_unique<State>(policies, std::move(settings))) {}
PATCHBAY_DECL HoldDoor::~HoldDoor() { static_cast<void>(close(state_->settings.hold.close_timeout)); }

PATCHBAY_DECL Result<void> HoldDoor::ready(std::optional<Duration> budget) {
  if (state_->invalid) return fail(*state_->invalid);
  return state_->pump.ready(after(state_->clock.steady_now(), budget.value_or(state_->settings.deadline)));
}

PATCHBAY_DECL Result<HoldResult> HoldDoor::command(HoldVerb verb, std::optional<Duration> deadline, const Variables* fields,
                                                   EncodeMembers encode) {
  State& state = *state_;
  const auto lease = state.pool.take();
  BlockingOperation& operation = *lease;
  operation.waits = &state.pump;
  operation.begin({}, deadline.value_or(state.settings.deadline));
  operation.observer = &state.context;
  operation.must_not_wait = verb == HoldVerb::unhold;
  state.random->uuid(operation.operation_id);
  state.metrics.count(HoldCount::submitted);
  state.metrics.count(verb == HoldVerb::hold ? HoldCount::holds : HoldCount::unholds);
  HoldJob job;
  job.verb = job.call.verb = verb;
  Result<HoldResult> result;
  const bool calm = guarded([&] {
    job.call.correlation_id = operation.operation_id;
    // So that a refusal is recorded with what was asked for.
    if (fields)
      for (const Variables::Entry entry : *fields) State::note(job, entry.name, entry.value);
    if (auto ready = state.prepare(operation, job, encode); !ready) {
      result = fail(std::move(ready.error()));
    } else {
      result = operation.run(perform_hold(operation, state.context, job));
    }
  });
  if (!calm) result = fail(ErrorCode::internal, "a policy threw, or memory ran out");
  return settle_hold(operation, state.context, job, std::move(result));
}

PATCHBAY_DECL Result<HoldResult> HoldDoor::unhold(const UnholdRequest& request) {
  return command(HoldVerb::unhold, request.deadline(), &request.fields(),
                 [&](JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
                   StructSchema<UnholdCommand>{}.coerce(request.fields(), reader, reserved_members, violations, members);
                 });
}

PATCHBAY_DECL void HoldDoor::pump(SteadyTime until) {
  if (!state_->invalid) state_->pump.serve(until, [] { return false; });
}

PATCHBAY_DECL void HoldDoor::run(std::stop_token stop) {
  if (state_->invalid) return;
  HoldPump& pump = state_->pump;
  const std::stop_callback wake(stop, [&pump] { pump.wake_up(); });
  pump.want();
  pump.serve(never, [&] { return stop.stop_requested(); });
}

PATCHBAY_DECL Result<void> HoldDoor::close(Duration budget) { return state_->pump.close(after(state_->clock.steady_now(), budget)); }

PATCHBAY_DECL void HoldDoor::on_quality(QualityMonitor monitor) { state_->handlers.add(std::move(monitor)); }
PATCHBAY_DECL void HoldDoor::on_limit(HoldLimitHandler handler) { state_->handlers.add(std::move(handler)); }
PATCHBAY_DECL void HoldDoor::on_message(MessageObserver observer) { state_->handlers.add(std::move(observer)); }
PATCHBAY_DECL void HoldDoor::on_state(ChannelStateHandler handler) { state_->handlers.add(std::move(handler)); }

PATCHBAY_DECL std::vector<HeldInteraction> HoldDoor::held() {
  return state_->hub.with([](HoldSession& session) { return session.registry().held(); });
}
PATCHBAY_DECL ChannelState HoldDoor::state() {
  return state_->hub.with([](HoldSession& session) { return session.channel().state(); });
}
PATCHBAY_DECL std::vector<AuditRecord> HoldDoor::audit_log() const { return state_->audit.snapshot(); }
PATCHBAY_DECL HoldMetricsSnapshot HoldDoor::metrics() const {
  HoldMetricsSnapshot out = state_->metrics.snapshot();
  out.counts[static_cast<std::size_t>(HoldCount::audit_failures)] = state_->audit.failures();
  return out;
}
PATCHBAY_DECL const Settings& HoldDoor::settings() const noexcept { return state_->settings; }

}  // namespace patchbay::detail
