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
#include <patchbay/driver/loop_hold_door.hpp>
#include <patchbay/driver/seat.hpp>
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
///
/// With a transport that lives on an event loop (`CompletionChannelTransport`) operations are started instead, and call back
/// when they are settled. The loop serves the channel from the first of them until the door is closed or destroyed: pings,
/// reconnecting and the watchdog of holds go on between operations, so the loop has work all that time. Handlers are called
/// on the loop without any lock; what the channel tells comes one at a time and in order. Such a door may be destroyed at any
/// time: its operations are cancelled, which ends them truthfully, its handlers are called no more (apart from one that
/// another thread is in), and the channel is closed in the background, within `HoldSettings::close_timeout`.
template <class TransportPolicy, class ClockPolicy, class RetryChoice, class LoggerPolicy, class SchemaPolicy,
          class DialectPolicy = cloud::Interactions>
class HoldController {
  static_assert(ChannelTransport<TransportPolicy> || CompletionChannelTransport<TransportPolicy>,
                "patchbay::HoldController: Policies::transport must model patchbay::ChannelTransport; besides send it needs "
                "channel_type and open(const ChannelRequest&, HttpResponse&, SteadyTime) -> TransportResult<channel_type>; or, for an "
                "event loop, all that patchbay::CompletionChannelTransport asks for");
  static_assert(Clock<ClockPolicy>,
                "patchbay::HoldController: Policies::clock must model patchbay::Clock; give it steady_now(), wall_now() and "
                "sleep_until(SteadyTime)");
  static_assert(RetryPolicy<RetryChoice>,
                "patchbay::HoldController: Policies::retry must model patchbay::RetryPolicy; give it a const "
                "decide(const RetryQuestion&) -> RetryAnswer");
  static_assert(Logger<LoggerPolicy>,
                "patchbay::HoldController: Policies::logger must model patchbay::Logger; give it a const enabled(Level) -> bool and "
                "log(Level, const Event&)");
  static_assert(HoldDialect<DialectPolicy>,
                "patchbay::HoldController: Policies::dialect must model patchbay::HoldDialect; besides patchbay::Dialect it needs "
                "hold_scope, encode_hold, check_hold, parse_news and channel_target, and, for holds that travel as requests, all that "
                "patchbay::HoldsByRequest asks for");

 public:
  using policies_type = Policies<TransportPolicy, ClockPolicy, RetryChoice, LoggerPolicy, SchemaPolicy, DialectPolicy>;
  /// The schema of hold commands: the client's, or document B's when none was given. It declares the members of the
  /// command's body besides `type`, `interactionId` among them.
  using schema_type = std::conditional_t<std::is_same_v<SchemaPolicy, DefaultSchema>, StructSchema<HoldCommand>, SchemaPolicy>;
  static_assert(Schema<schema_type>,
                "patchbay::HoldController: Policies::schema must model patchbay::Schema; give it schema<T> of a Boost.Hana struct T");
  static_assert(!uses_reserved_name<schema_type>(detail::reserved_members),
                "patchbay::HoldController: the schema declares a field named type, which the library writes itself; rename the field");
  using value_type = typename schema_type::value_type;

  /// Whether the transport lives on an event loop: then operations are started, and else they block.
  static constexpr bool on_loop = !ChannelTransport<TransportPolicy>;

  HoldController(policies_type policies, Settings settings) : seat_(std::move(policies), std::move(settings)) {}
  HoldController(const HoldController&) = delete;
  HoldController& operator=(const HoldController&) = delete;
  /// Closes with `HoldSettings::close_timeout`; on an event loop it does not wait for that.
  ~HoldController() = default;

  /// Opens the channel and waits until it is open: at most `budget`, the settings' deadline when none is given (hazard B15).
  Result<void> ready(std::optional<Duration> budget = std::nullopt)
    requires(!on_loop)
  {
    return seat_.door.ready(budget);
  }

  /// Puts an interaction on hold, with the request's fields coerced by the schema. One that is on hold already stays so,
  /// with its first start, and nothing is sent (hazard B5). Never sent twice: when its fate cannot be proved, the error's
  /// outcome is `unknown`.
  Result<HoldResult> hold(const HoldRequest& request)
    requires(!on_loop)
  {
    return seat_.door.command(HoldVerb::hold, request.deadline(), request.stop(), detail::AskedFor(request),
                              encode_loose(request));
  }
  /// The same with a value of the schema's type: there is nothing left to coerce.
  Result<HoldResult> hold(const value_type& command, std::optional<Duration> deadline = std::nullopt, const std::stop_token& stop = {})
    requires(!on_loop)
  {
    return seat_.door.command(HoldVerb::hold, deadline, stop, nullptr, encode_typed(command));
  }
  /// Takes an interaction off hold. Waits for no other command, asks no REST endpoint before it is sent, is not paced and,
  /// unless `HoldLimit::reject_late_unhold` is chosen, never refused for being late (hazards B1, B7).
  Result<HoldResult> unhold(const UnholdRequest& request)
    requires(!on_loop)
  {
    return seat_.door.unhold(request);
  }

  /// `hold` on an event loop: returns at once, and `handler(Result<HoldResult>)` is called once, on a thread of the loop,
  /// never from within this call. It must not throw. When the loop is destroyed first, it is destroyed uncalled.
  ///
  /// A hold that is cancelled is taken back while it is not sent; after that, what became of it is found out with one
  /// reading, and else its outcome is unknown. Throws `std::bad_alloc`, and has started nothing then.
  template <detail::HandlerFor<Result<HoldResult>> Handler>
    requires(on_loop)
  OperationHandle start_hold(const HoldRequest& request, Handler&& handler) {
    return seat_.door.start(HoldVerb::hold, request.deadline(), detail::AskedFor(request), encode_loose(request),
                            detail::make_handler<Result<HoldResult>>(std::forward<Handler>(handler)));
  }
  /// The same with a value of the schema's type, which is read within the call; the settings' deadline when none is given.
  template <detail::HandlerFor<Result<HoldResult>> Handler>
    requires(on_loop)
  OperationHandle start_hold(const value_type& command, std::optional<Duration> deadline, Handler&& handler) {
    return seat_.door.start(HoldVerb::hold, deadline, nullptr, encode_typed(command),
                            detail::make_handler<Result<HoldResult>>(std::forward<Handler>(handler)));
  }
  /// `unhold` on an event loop; see `start_hold`.
  template <detail::HandlerFor<Result<HoldResult>> Handler>
    requires(on_loop)
  OperationHandle start_unhold(const UnholdRequest& request, Handler&& handler) {
    return seat_.door.start_unhold(request, detail::make_handler<Result<HoldResult>>(std::forward<Handler>(handler)));
  }
  /// `ready` on an event loop, with `handler(Result<void>)`; see `start_hold`. Cancelled, it leaves the channel as it is.
  template <detail::HandlerFor<Result<void>> Handler>
    requires(on_loop)
  OperationHandle start_ready(std::optional<Duration> budget, Handler&& handler) {
    return seat_.door.start_ready(budget, detail::make_handler<Result<void>>(std::forward<Handler>(handler)));
  }
  /// Opens the channel, which is kept open, and goes on until the door is closed: `handler(Result<void>)` is called then, or
  /// with the error when the server refuses the channel for good, or with `cancelled`, after which the door is still in use.
  template <detail::HandlerFor<Result<void>> Handler>
    requires(on_loop)
  OperationHandle start_run(Handler&& handler) {
    return seat_.door.start_run(detail::make_handler<Result<void>>(std::forward<Handler>(handler)));
  }
  /// `close` on an event loop, with `handler(Result<void>)`; see `start_hold`. Cancelled, it waits no longer for
  /// acknowledgements, and closes the channel in the background.
  template <detail::HandlerFor<Result<void>> Handler>
    requires(on_loop)
  OperationHandle start_close(Duration budget, Handler&& handler) {
    return seat_.door.start_close(budget, detail::make_handler<Result<void>>(std::forward<Handler>(handler)));
  }

  /// Serves the channel and the watchdog until `until`, a point on the policy's clock, or until the door is closed. An attempt
  /// to connect ends with it as well, so that spans shorter than connecting takes never bring a lost channel back.
  void pump(SteadyTime until)
    requires(!on_loop)
  {
    seat_.door.pump(until);
  }
  void pump_for(Duration span)
    requires(!on_loop)
  {
    seat_.door.pump_for(span);
  }
  /// Serves the channel and the watchdog until a stop is requested or the door is closed; for a thread that the client
  /// gives. Keeps the channel open.
  void run(std::stop_token stop)
    requires(!on_loop)
  {
    seat_.door.run(std::move(stop));
  }

  /// Finds out who is on hold, and what became of the holds and releases that a journal has open: those that an earlier
  /// process began and did not end, and those that ended with an unknown outcome. To be called when the program starts,
  /// and whenever an outcome is unknown.
  ///
  /// First, before anything is read, everybody who may be on hold is watched again, since their first hold was sent, by
  /// the wall clock: never from the future on, and never longer ago than `max_hold`, which makes the limit due at once.
  /// Then their interactions are read. One that shows the wanted state: applied. One that shows the other: not applied,
  /// when `JournalingSettings::fence_after` has passed, since the command could still arrive. One that shows no state
  /// stays watched. Until then its holds are refused with `unrecovered`; releases never. Returns when nothing is left,
  /// or after `budget` (`fence_after` and the deadline together when none is given), with what is left in the report;
  /// it may be called again at any time. Fails with `journal_failed`, `cancelled`, or `invalid_settings` when there is
  /// no journal.
  Result<RecoveryReport> recover(std::optional<Duration> budget = std::nullopt, const std::stop_token& stop = {})
    requires(!on_loop)
  {
    return seat_.door.recover(budget, stop);
  }
  /// `recover` on an event loop, with `handler(Result<RecoveryReport>)`; see `start_hold`.
  template <detail::HandlerFor<Result<RecoveryReport>> Handler>
    requires(on_loop)
  OperationHandle start_recover(std::optional<Duration> budget, Handler&& handler) {
    return seat_.door.start_recover(budget,
                                    detail::make_handler<Result<RecoveryReport>>(std::forward<Handler>(handler)));
  }

  /// Told of the end of every hold and unhold (document B's `registerQualityMonitorCallback`), on the thread that ends it.
  void on_quality(QualityMonitor monitor) { seat_.door.on_quality(std::move(monitor)); }
  /// Told of holds that near or pass their limit. Without one, log and metrics alone know.
  void on_limit(HoldLimitHandler handler) { seat_.door.on_limit(std::move(handler)); }
  /// Told of every message that settles no command.
  void on_message(MessageObserver observer) { seat_.door.on_message(std::move(observer)); }
  /// Told of every change of the channel's state.
  void on_state(ChannelStateHandler handler) { seat_.door.on_state(std::move(handler)); }

  /// What is, or may be, on hold by this door's doing.
  [[nodiscard]] std::vector<HeldInteraction> held() { return seat_.door.held(); }
  [[nodiscard]] ChannelState state() { return seat_.door.state(); }
  /// The last audit records, oldest first, at most `Settings::audit_records`.
  [[nodiscard]] std::vector<AuditRecord> audit_log() const { return seat_.door.audit_log(); }
  /// Counters and latencies since the door was built (document B's `getMetrics`).
  [[nodiscard]] HoldMetricsSnapshot metrics() const { return seat_.door.metrics(); }
  [[nodiscard]] const Settings& settings() const noexcept { return seat_.door.settings(); }

  /// Ends the door: refuses new commands and those that were not sent, waits at most `budget` for the acknowledgements of
  /// the others, and closes the channel with 1000. What stays unacknowledged is unknown, which the error tells. Holds
  /// stay as they are. May be called again.
  Result<void> close(Duration budget)
    requires(!on_loop)
  {
    return seat_.door.close(budget);
  }

 private:
  // What the schema does with a request, for the door. The request and the value are referred to.
  auto encode_loose(const HoldRequest& request) const noexcept {
    return [this, &request](JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
      schema().coerce(request.fields(), reader, detail::reserved_members, violations, members);
    };
  }
  auto encode_typed(const value_type& command) const noexcept {
    return [this, &command](JsonReader&, std::vector<Violation>& violations, std::string& members) {
      schema().encode(command, detail::reserved_members, violations, members);
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

  using Seat = std::conditional_t<on_loop, detail::LoopSeat<detail::ChannelLoopOf<policies_type>, detail::LoopHoldDoor>,
                                  detail::BlockingSeat<policies_type, detail::HoldDoor>>;
  Seat seat_;
};

}  // namespace patchbay
