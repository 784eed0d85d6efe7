// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <patchbay/driver/hold_pump.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

namespace patchbay {

/// Door 2: puts interactions on hold and takes them off (document B).
///
///     HoldController holds{Policies{.transport = beast::BlockingTransport{}, .logger = StderrLogger{}}, settings};
///     holds.hold(HoldRequest{interaction, "consultation", 5}.music("hold_music_standard.wav"));
///     holds.unhold(UnholdRequest{interaction, 5});
///
/// Every call blocks until it is settled, at most for its deadline, and opens the channel when it is not open. May be used
/// by many threads when the transport may: one of them serves the channel for all. Nothing is thrown for what the outside
/// world does.
///
/// **Between calls nobody serves the channel**: no ping is sent, no late acknowledgement is heard, and *the watchdog of
/// holds does not run*, unless the client calls `pump` now and then, or gives `run` a thread.
///
/// Handlers run without any lock on one of the threads that are inside the door; they may call it. No call may be under
/// way when the door is destroyed.
template <class TransportPolicy, class ClockPolicy, class RetryChoice, class LoggerPolicy, class SchemaPolicy>
class HoldController {
  static_assert(ChannelTransport<TransportPolicy>,
                "patchbay::HoldController: Policies::transport must model patchbay::ChannelTransport; besides send it needs "
                "channel_type and open(const ChannelRequest&, HttpResponse&, SteadyTime) -> TransportResult<channel_type>");
  static_assert(Clock<ClockPolicy>,
                "patchbay::HoldController: Policies::clock must model patchbay::Clock; give it steady_now(), wall_now() and "
                "sleep_until(SteadyTime)");
  static_assert(RetryPolicy<RetryChoice>,
                "patchbay::HoldController: Policies::retry must model patchbay::RetryPolicy; give it a const "
                "decide(const RetryQuestion&) -> RetryAnswer");
  static_assert(Logger<LoggerPolicy>,
                "patchbay::HoldController: Policies::logger must model patchbay::Logger; give it a const enabled(Level) -> bool and "
                "log(Level, const Event&)");

 public:
  using policies_type = Policies<TransportPolicy, ClockPolicy, RetryChoice, LoggerPolicy, SchemaPolicy>;
  /// The schema of hold commands: the client's, or document B's when none was given. It declares the members of the
  /// command's body besides `type`, `interactionId` among them.
  using schema_type = std::conditional_t<std::is_same_v<SchemaPolicy, DefaultSchema>, StructSchema<HoldCommand>, SchemaPolicy>;
  static_assert(Schema<schema_type>,
                "patchbay::HoldController: Policies::schema must model patchbay::Schema; give it schema<T> of a Boost.Hana struct T");
  static_assert(!uses_reserved_name<schema_type>(HoldDialect::reserved_members),
                "patchbay::HoldController: the schema declares a field named type, which the library writes itself; rename the field");
  using value_type = typename schema_type::value_type;

  HoldController(policies_type policies, Settings settings)
      : policies_(std::move(policies)),
        settings_(std::move(settings)),
        audit_(settings_.audit_records, settings_.audit),
        handlers_(metrics_),
        hub_(settings_.hold, metrics_),
        random_(settings_.random ? settings_.random : std::make_shared<RandomSource>(0)),
        context_(settings_, audit_, metrics_, hub_, handlers_),
        pool_(policies_, *random_),
        pump_(policies_, context_, *random_) {
    invalid_ = open_gateway();
    context_.pump = &pump_;
  }
  HoldController(const HoldController&) = delete;
  HoldController& operator=(const HoldController&) = delete;
  /// Closes with `HoldSettings::close_timeout`.
  ~HoldController() { static_cast<void>(close(settings_.hold.close_timeout)); }

  /// Opens the channel and waits until it is open: at most `budget`, the settings' deadline when none is given (hazard B15).
  Result<void> ready(std::optional<Duration> budget = std::nullopt) {
    if (invalid_) return fail(*invalid_);
    return pump_.ready(after(policies_.clock.steady_now(), budget.value_or(settings_.deadline)));
  }

  /// Puts an interaction on hold, with the request's fields coerced by the schema. One that is on hold already stays so,
  /// with its first start, and nothing is sent (hazard B5). Never sent twice: when its fate cannot be proved, the error's
  /// outcome is `unknown`.
  Result<HoldResult> hold(const HoldRequest& request) {
    return run(HoldVerb::hold, request.deadline(), &request.fields(), [&](Operation& operation, std::vector<Violation>& violations) {
      schema().coerce(request.fields(), operation.json, HoldDialect::reserved_members, violations, operation.attributes);
    });
  }
  /// The same with a value of the schema's type: there is nothing left to coerce.
  Result<HoldResult> hold(const value_type& command, std::optional<Duration> deadline = std::nullopt) {
    return run(HoldVerb::hold, deadline, nullptr, [&](Operation& operation, std::vector<Violation>& violations) {
      schema().encode(command, HoldDialect::reserved_members, violations, operation.attributes);
    });
  }
  /// Takes an interaction off hold. Waits for no other command, asks no REST endpoint before it is sent, is not paced and,
  /// unless `HoldLimit::reject_late_unhold` is chosen, never refused for being late (hazards B1, B7).
  Result<HoldResult> unhold(const UnholdRequest& request) {
    return run(HoldVerb::unhold, request.deadline(), &request.fields(), [&](Operation& operation, std::vector<Violation>& violations) {
      StructSchema<UnholdCommand>{}.coerce(request.fields(), operation.json, HoldDialect::reserved_members, violations, operation.attributes);
    });
  }

  /// Serves the channel and the watchdog until `until`, a point on the policy's clock, or until the door is closed. An attempt
  /// to connect ends with it as well, so that spans shorter than connecting takes never bring a lost channel back.
  void pump(SteadyTime until) {
    if (!invalid_) pump_.serve(until, [] { return false; });
  }
  void pump_for(Duration span) { pump(after(policies_.clock.steady_now(), span)); }
  /// Serves the channel and the watchdog until a stop is requested or the door is closed; for a thread that the client
  /// gives. Keeps the channel open.
  void run(std::stop_token stop) {
    if (invalid_) return;
    const std::stop_callback wake(stop, [this] { pump_.wake_up(); });
    pump_.want();
    pump_.serve(never, [&] { return stop.stop_requested(); });
  }

  /// Told of the end of every hold and unhold (document B's `registerQualityMonitorCallback`), on the thread that ends it.
  void on_quality(QualityMonitor monitor) { handlers_.add(std::move(monitor)); }
  /// Told of holds that near or pass their limit. Without one, log and metrics alone know.
  void on_limit(HoldLimitHandler handler) { handlers_.add(std::move(handler)); }
  /// Told of every message that settles no command.
  void on_message(MessageObserver observer) { handlers_.add(std::move(observer)); }
  /// Told of every change of the channel's state.
  void on_state(ChannelStateHandler handler) { handlers_.add(std::move(handler)); }

  /// What is, or may be, on hold by this door's doing.
  [[nodiscard]] std::vector<HeldInteraction> held() {
    return hub_.with([](HoldSession& session) { return session.registry().held(); });
  }
  [[nodiscard]] ChannelState state() {
    return hub_.with([](HoldSession& session) { return session.channel().state(); });
  }
  /// The last audit records, oldest first, at most `Settings::audit_records`.
  [[nodiscard]] std::vector<AuditRecord> audit_log() const { return audit_.snapshot(); }
  /// Counters and latencies since the door was built (document B's `getMetrics`).
  [[nodiscard]] HoldMetricsSnapshot metrics() const {
    HoldMetricsSnapshot out = metrics_.snapshot();
    out.counts[static_cast<std::size_t>(HoldCount::audit_failures)] = audit_.failures();
    return out;
  }
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

  /// Ends the door: refuses new commands and those that were not sent, waits at most `budget` for the acknowledgements of
  /// the others, and closes the channel with 1000. What stays unacknowledged is unknown, which the error tells. Holds
  /// stay as they are. May be called again.
  Result<void> close(Duration budget) { return pump_.close(after(policies_.clock.steady_now(), budget)); }

 private:
  std::optional<Error> open_gateway() {
    if (auto fine = settings_.check(); !fine) return std::move(fine.error());
    context_.api.emplace(*settings_.endpoint(settings_.base_url, "base_url"), settings_, Dialect::hold_scope);
    if (settings_.hold.channel_url.empty()) {
      pump_.connect_to(context_.api->api, context_.api->api.path() + std::string(Dialect::channel_target));
      return std::nullopt;
    }
    auto channel = settings_.endpoint(settings_.hold.channel_url, "hold.channel_url");
    if (!channel) return std::move(channel.error());
    pump_.connect_to(*channel, channel->target());
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

  template <class Encode>
  Result<HoldResult> run(HoldVerb verb, std::optional<Duration> budget, const Variables* fields, Encode&& encode) {
    const auto lease = pool_.take();
    BlockingOperation<policies_type>& operation = *lease;
    operation.waits = &pump_;
    operation.begin({}, budget.value_or(settings_.deadline));
    operation.observer = &context_;
    operation.must_not_wait = verb == HoldVerb::unhold;
    random_->uuid(operation.operation_id);
    metrics_.count(HoldCount::submitted);
    metrics_.count(verb == HoldVerb::hold ? HoldCount::holds : HoldCount::unholds);
    HoldJob job;
    job.verb = job.call.verb = verb;
    job.call.correlation_id = operation.operation_id;
    // So that a refusal is recorded with what was asked for.
    if (fields)
      for (const Variables::Entry entry : *fields) note(job, entry.name, entry.value);
    if (auto ready = prepare(operation, job, encode); !ready)
      return settle_hold(operation, context_, job, fail(std::move(ready.error())));
    return settle_hold(operation, context_, job, operation.run(perform_hold(operation, context_, job)));
  }

  /// Everything that needs no network: the fields, and the frame (hazard B11).
  template <class Encode>
  Result<void> prepare(Operation& operation, HoldJob& job, Encode&& encode) {
    if (invalid_) return fail(*invalid_);
    if (hub_.with([](HoldSession& session) { return session.closing(); })) return fail(ErrorCode::closed, "the door is closed");
    if (operation.deadline <= operation.started) return fail(ErrorCode::invalid_argument, "the deadline is not positive");
    std::vector<Violation> violations;
    operation.attributes.clear();
    if (!guarded([&] { encode(operation, violations); })) return fail(ErrorCode::internal, "the schema threw");
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

  policies_type policies_;
  Settings settings_;
  HoldMetrics metrics_;
  AuditTrail audit_;
  HoldHandlers handlers_;
  HoldHub hub_;
  std::shared_ptr<RandomSource> random_;
  HoldContext context_;
  OperationPool<policies_type> pool_;
  HoldPump<policies_type> pump_;
  std::optional<Error> invalid_;
};

}  // namespace patchbay
