// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <patchbay/cloud/reserved_names.hpp>
#include <patchbay/driver/hold_door.hpp>
#include <patchbay/policies.hpp>
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
  static_assert(!uses_reserved_name<schema_type>(detail::reserved_members),
                "patchbay::HoldController: the schema declares a field named type, which the library writes itself; rename the field");
  using value_type = typename schema_type::value_type;

  HoldController(policies_type policies, Settings settings)
      : policies_(std::move(policies)), door_(policies_, std::move(settings)) {}
  HoldController(const HoldController&) = delete;
  HoldController& operator=(const HoldController&) = delete;
  /// Closes with `HoldSettings::close_timeout`.
  ~HoldController() = default;

  /// Opens the channel and waits until it is open: at most `budget`, the settings' deadline when none is given (hazard B15).
  Result<void> ready(std::optional<Duration> budget = std::nullopt) {
    return door_.ready(budget);
  }

  /// Puts an interaction on hold, with the request's fields coerced by the schema. One that is on hold already stays so,
  /// with its first start, and nothing is sent (hazard B5). Never sent twice: when its fate cannot be proved, the error's
  /// outcome is `unknown`.
  Result<HoldResult> hold(const HoldRequest& request) {
    return door_.command(HoldVerb::hold, request.deadline(), &request.fields(),
                         [&](JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
                           schema().coerce(request.fields(), reader, detail::reserved_members, violations, members);
                         });
  }
  /// The same with a value of the schema's type: there is nothing left to coerce.
  Result<HoldResult> hold(const value_type& command, std::optional<Duration> deadline = std::nullopt) {
    return door_.command(HoldVerb::hold, deadline, nullptr,
                         [&](JsonReader&, std::vector<Violation>& violations, std::string& members) {
                           schema().encode(command, detail::reserved_members, violations, members);
                         });
  }
  /// Takes an interaction off hold. Waits for no other command, asks no REST endpoint before it is sent, is not paced and,
  /// unless `HoldLimit::reject_late_unhold` is chosen, never refused for being late (hazards B1, B7).
  Result<HoldResult> unhold(const UnholdRequest& request) {
    return door_.unhold(request);
  }

  /// Serves the channel and the watchdog until `until`, a point on the policy's clock, or until the door is closed. An attempt
  /// to connect ends with it as well, so that spans shorter than connecting takes never bring a lost channel back.
  void pump(SteadyTime until) { door_.pump(until); }
  void pump_for(Duration span) { pump(after(policies_.steady_now(), span)); }
  /// Serves the channel and the watchdog until a stop is requested or the door is closed; for a thread that the client
  /// gives. Keeps the channel open.
  void run(std::stop_token stop) { door_.run(std::move(stop)); }

  /// Told of the end of every hold and unhold (document B's `registerQualityMonitorCallback`), on the thread that ends it.
  void on_quality(QualityMonitor monitor) { door_.on_quality(std::move(monitor)); }
  /// Told of holds that near or pass their limit. Without one, log and metrics alone know.
  void on_limit(HoldLimitHandler handler) { door_.on_limit(std::move(handler)); }
  /// Told of every message that settles no command.
  void on_message(MessageObserver observer) { door_.on_message(std::move(observer)); }
  /// Told of every change of the channel's state.
  void on_state(ChannelStateHandler handler) { door_.on_state(std::move(handler)); }

  /// What is, or may be, on hold by this door's doing.
  [[nodiscard]] std::vector<HeldInteraction> held() { return door_.held(); }
  [[nodiscard]] ChannelState state() { return door_.state(); }
  /// The last audit records, oldest first, at most `Settings::audit_records`.
  [[nodiscard]] std::vector<AuditRecord> audit_log() const { return door_.audit_log(); }
  /// Counters and latencies since the door was built (document B's `getMetrics`).
  [[nodiscard]] HoldMetricsSnapshot metrics() const { return door_.metrics(); }
  [[nodiscard]] const Settings& settings() const noexcept { return door_.settings(); }

  /// Ends the door: refuses new commands and those that were not sent, waits at most `budget` for the acknowledgements of
  /// the others, and closes the channel with 1000. What stays unacknowledged is unknown, which the error tells. Holds
  /// stay as they are. May be called again.
  Result<void> close(Duration budget) { return door_.close(budget); }

 private:
  const schema_type& schema() const noexcept {
    if constexpr (std::is_same_v<SchemaPolicy, DefaultSchema>) {
      static constexpr schema_type documents{};
      return documents;
    } else {
      return policies_.set.schema;
    }
  }

  detail::PoliciesOf<policies_type> policies_;
  detail::HoldDoor door_;
};

}  // namespace patchbay
