// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/cloud/interaction.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/observe/audit.hpp>
#include <patchbay/policy/logger.hpp>
#include <patchbay/policy/retry.hpp>
#include <patchbay/protocol/arena.hpp>
#include <patchbay/protocol/effect.hpp>
#include <patchbay/protocol/intent_ticket.hpp>
#include <patchbay/protocol/operation_observer.hpp>

namespace patchbay {

class HostGuard;  // protocol/host_guards.hpp

/// What was spent of an operation's time, and waited, as part of another that did not end it.
class TimeSpent {
 public:
  TimeSpent() noexcept = default;
  TimeSpent(Duration spent_in, Duration waited_in) noexcept : spent(spent_in), waited(waited_in) {}
  Duration spent{}, waited{};
};

/// The root context of one operation: the policies as a protocol sees them, the deadline, and memory that is used again by
/// the next operation. A driver derives from it; protocols get it as their first parameter.
///
/// One operation runs on one thread at a time.
class Operation : public Wakeable {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;

  // What may be asked without suspending.
  /// The time at the last step. The clock is read once for each step, since a protocol takes no time between effects.
  [[nodiscard]] SteadyTime steady_now() const noexcept { return now_; }
  /// The wall clock's reading when the operation began, carried on by the monotonic clock.
  [[nodiscard]] WallTime wall_now() const noexcept {
    return wall_started_ + std::chrono::duration_cast<WallTime::duration>(now_ - started);
  }
  [[nodiscard]] virtual RetryAnswer decide_retry(const RetryQuestion& question) = 0;
  /// Uniform over all 64-bit numbers, from the door's random source.
  [[nodiscard]] virtual std::uint64_t random_bits() = 0;
  [[nodiscard]] virtual bool log_enabled(Level level) const = 0;
  virtual void log_event(Level level, const Event& event) noexcept = 0;

  /// Logs `name` with the fields, if anybody listens at that level.
  void log(Level level, std::string_view name, std::initializer_list<Field> fields) noexcept {
    if (log_enabled(level)) log_event(level, Event{name, std::span<const Field>(fields.begin(), fields.size())});
  }
  /// Uniform in [0, 1).
  [[nodiscard]] double random_unit() { return static_cast<double>(random_bits() >> 11) * 0x1p-53; }

  /// Begins anew: every member that belongs to one operation is reset, memory is kept.
  void begin(std::string_view interaction, Duration budget) {
    read_clock();
    wall_started_ = read_wall_clock();
    started = steady_now();
    deadline = after(started, budget);
    operation_id.clear();
    interaction_id.assign(interaction);
    slept = Duration::zero();
    side_effects = 0;
    status = 0;
    server_correlation_id.clear();
    etag.clear();
    place.clear();
    prior_id.clear();
    warm = false;
    coalesced = 1;
    flow_version.clear();
    token_replayed = false;
    token_generation = 0;
    must_not_wait = false;
    settled = false;
    out_of_time = false;
    guard = nullptr;
    timed_out = false;
    cancel_requested = false;
    settling = false;
    intent.leave();
    journaled = 0;
  }
  /// It began earlier, as part of an operation that has come to nothing: what it spent there counts, of its time and of its
  /// waits.
  void began_earlier(Duration spent, Duration waited) noexcept {
    started -= spent;
    if (deadline != never) deadline -= spent;
    wall_started_ -= std::chrono::duration_cast<WallTime::duration>(spent);
    slept += waited;
  }
  /// Whether nothing more is to be begun: the caller has cancelled, and nothing was sent whose fate is to be found out.
  [[nodiscard]] bool stopped() const noexcept { return cancel_requested && !settling; }

  /// Gives back what an unusually large answer or request took; what the usual ones need is kept.
  void trim() noexcept {
    constexpr std::size_t kept = std::size_t{1} << 20;
    if (response.body.allocated() > kept) {
      response.body = Body{};
      json = JsonReader{};
      snapshot = InteractionSnapshot{};
    }
    for (std::string* text : {&body, &locked_body, &attributes, &authorization, &target})
      if (text->capacity() > kept) std::string{}.swap(*text);
  }

  // The operation itself.
  SteadyTime started{};
  SteadyTime deadline{};        ///< Over all attempts and sleeps; nothing begins that cannot end by it.
  std::string operation_id;     ///< The transition or correlation id.
  std::string interaction_id;
  Duration slept{};             ///< Time spent in waits, so that latency can be told apart from patience (hazard B29).
  int side_effects = 0;         ///< Sends that could change something.
  int status = 0;               ///< Of the last HTTP answer.
  std::string server_correlation_id;  ///< Of the last HTTP exchange; empty when its answer had none.
  std::string etag;             ///< Of the version that was written over last; empty for none.
  std::string place;            ///< Of that version, in the dialect's words; empty where an interaction has one alone.
  std::string prior_id;         ///< The transition id that the interaction carried in that version.
  bool warm = false;            ///< That version was remembered, and not read by this operation.
  int coalesced = 1;            ///< Moves that its write makes.
  bool token_replayed = false;  ///< A 401 was answered with a fresh token once already (hazard A11).
  std::uint64_t token_generation = 0;  ///< Of the token in `authorization`.
  std::uint64_t scope_generation = 0;  ///< Of the last token whose scope was found to suffice; outlives the operation.
  bool must_not_wait = false;   ///< A release: never behind pacing (hazard B7).
  bool settled = false;         ///< Its end is counted, and what comes after cannot change it.
  bool cancel_requested = false;  ///< By the caller; drivers set it.
  bool settling = false;        ///< What became of something that was sent is being found out, which cancelling does not stop.
  HostGuard* guard = nullptr;   ///< Of the host of the last exchange; none: it has none.
  IntentTicket intent;          ///< In the journal, if there is one and something is about to be sent, or was.
  std::uint64_t journaled = 0;  ///< Where its terminal stands, when a webhook stands there with it.
  bool timed_out = false;       ///< The last exchange ended so.
  bool out_of_time = false;     ///< A wait was not begun because it would have ended after a limit of this operation's own.

  // Memory that the next operation uses again.
  FrameArena arena;
  JsonReader json;
  HttpResponse response;
  InteractionSnapshot snapshot;
  AuditRecord record;
  RouteScratch route_scratch;
  std::string target;
  std::string authorization;
  std::string body;
  std::string locked_body;  ///< The same with the version that it is written over, where the dialect puts it there.
  std::string attributes;  ///< Encoded variables, as members without braces.
  std::string timestamp;   ///< Of the operation, as written.
  std::string flow_version;  ///< That the operation decides by; empty until the flow is known.

  OperationObserver* observer = nullptr;  ///< The door's; none: nothing is counted.

  // Between protocol and driver.
  /// Takes a new reading of the clock; the driver does so after every effect.
  void read_clock() { now_ = read_steady_clock(); }
  PendingEffect pending;
  std::coroutine_handle<> resume_at;

 protected:
  [[nodiscard]] virtual SteadyTime read_steady_clock() = 0;
  [[nodiscard]] virtual WallTime read_wall_clock() = 0;

 private:
  SteadyTime now_{};
  WallTime wall_started_{};
};

}  // namespace patchbay
