// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/error.hpp>
#include <patchbay/http.hpp>
#include <patchbay/observe/audit.hpp>
#include <patchbay/observe/hold_events.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/policy/transport.hpp>
#include <patchbay/settings.hpp>
#include <patchbay/testing/simulation/cloud.hpp>
#include <patchbay/time.hpp>

// What a simulation shows of its course, to whoever judges it: invariants, counts, the trace's hash, a test of one's own.
namespace patchbay::testing::simulation {

/// Which process of the simulation: several clients may work on the same interactions. A restarted one keeps its number,
/// and has another incarnation.
class ProcessId {
 public:
  ProcessId() = default;
  ProcessId(int number_in, int incarnation_in) : number(number_in), incarnation(incarnation_in) {}
  int number = 0;
  int incarnation = 0;
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

enum class WorkKind : std::uint8_t { transition, hold, unhold };

[[nodiscard]] constexpr std::string_view to_string(WorkKind kind) noexcept {
  switch (kind) {
    case WorkKind::transition: return "transition";
    case WorkKind::hold: return "hold";
    case WorkKind::unhold: return "unhold";
  }
  return "transition";
}

/// One operation of a workload.
class Work {
 public:
  std::uint64_t number = 0;  ///< Unique in a run; in the order submitted.
  WorkKind kind = WorkKind::transition;
  int process = 0;
  SteadyTime at{};           ///< When it is submitted.
  Duration budget{};         ///< Its deadline, from then.
  Duration cancel_after = Duration::max();  ///< When its caller cancels it, if it is still under way.
  std::string interaction;
  std::string from, to;      ///< Of a transition.
  /// Asked for in one call with others of the same number, each with the budget from its own beginning; 0: by itself.
  std::uint64_t bulk = 0;
};

/// The end of one operation, as its caller was told.
class WorkEnd {
 public:
  SteadyTime at{};
  Outcome outcome = Outcome::not_applied;
  ErrorCode code{};          ///< Only when `failed`.
  bool failed = false;
  bool already_held = false; ///< A hold that found what it wanted, and sent nothing.
  bool by_state = false;     ///< Proved by the interaction's state, and not by an answer.
  int attempts = 0;          ///< Sends that could have had an effect.
  std::string id;            ///< The transition or correlation id; empty when the operation ended before it had one.
  std::string_view text;     ///< The whole error as a client would print it.
};

/// One HTTP exchange, or the opening of one channel. Views live during the call alone.
class ExchangeView {
 public:
  std::uint64_t number = 0;  ///< Unique in a run.
  ProcessId process;
  std::string_view method, target, body;
  const CloudRequest* request = nullptr;  ///< With its header fields.
  bool opening = false;      ///< Of a channel.
  bool by_holds = false;     ///< Of the process's door for holds.
};

/// What a process says of itself, for checks that hold its word against the truth. Asked between events alone; valid from
/// `started` until `crashed` or `closed` of that process. Each call copies: ask when something relevant has changed.
class ProcessView {
 public:
  ProcessView() = default;
  ProcessView(const ProcessView&) = delete;
  ProcessView& operator=(const ProcessView&) = delete;
  virtual ~ProcessView() = default;

  [[nodiscard]] virtual const Settings& settings() const = 0;
  [[nodiscard]] virtual bool on_loop() const = 0;                 ///< Else its calls block.
  [[nodiscard]] virtual std::vector<HeldInteraction> held() const = 0;
  [[nodiscard]] virtual ChannelState channel_state() const = 0;
  [[nodiscard]] virtual TransitionMetricsSnapshot transition_metrics() const = 0;
  [[nodiscard]] virtual HoldMetricsSnapshot hold_metrics() const = 0;
  [[nodiscard]] virtual std::size_t pending() const = 0;          ///< Works submitted and not ended.
  [[nodiscard]] virtual std::size_t exchanges() const = 0;        ///< Under way, openings of channels included.
  [[nodiscard]] virtual std::size_t channels() const = 0;         ///< Open at its side.
  /// Whether its hold channel and its watchdogs are being served now: always on a loop, else while a call pumps, and is not
  /// blocked by the writing of a frame.
  [[nodiscard]] virtual bool served() const { return on_loop(); }
  /// When the last writing of a frame or a ping that a call blocked for began and ended; `never` while it goes on.
  [[nodiscard]] virtual std::pair<SteadyTime, SteadyTime> last_write() const { return {SteadyTime::min(), SteadyTime::min()}; }
  /// How coarse its monotonic clock is.
  [[nodiscard]] virtual Duration tick() const { return Duration::zero(); }
  /// Attempts of each cause that its retry policy allows; 0: nobody knows.
  [[nodiscard]] virtual int max_attempts() const { return 0; }
};

/// One record of a process's journal, once nothing but the loss of the disk can undo it.
class JournalView {
 public:
  enum class Kind : std::uint8_t {
    intent,      ///< Of a send that could have an effect.
    terminal,    ///< The end of an operation, as its caller was told.
    resolution,  ///< What recovery found out about an intent.
  };
  Kind kind = Kind::intent;
  std::uint64_t sequence = 0;
  std::string_view id;           ///< The transition or correlation id.
  std::string_view interaction;
  Outcome outcome = Outcome::unknown;  ///< Of a terminal or a resolution.
};

/// Sees a simulation from outside: what leaves and reaches each process, and what truly happens in the cloud. Called on the
/// simulation's thread, in the order of events, each call within the event that caused it. Must not change the simulation.
class Witness {
 public:
  Witness() = default;
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  virtual ~Witness() = default;

  // The callers.
  /// `at` of the work is when the operation truly began, also where a blocking caller came to it late.
  virtual void submitted(ProcessId, const Work&) {}
  virtual void cancelled(ProcessId, const Work&) {}
  /// Exactly once for each work that was submitted, unless its process crashed first.
  virtual void ended(ProcessId, const Work&, const WorkEnd&) {}
  virtual void limit_told(ProcessId, const HoldLimitEvent&, SteadyTime) {}
  virtual void channel_told(ProcessId, const ChannelStateEvent&, SteadyTime) {}
  virtual void audited(ProcessId, const AuditRecord&) {}
  /// One line of the log, with everything that a logger prints.
  virtual void logged(ProcessId, std::string_view) {}

  // The network, at the side of the process.
  virtual void request_left(const ExchangeView&, SteadyTime) {}
  /// The exchange is over for the process: with an answer, or `response` is null and `fault` says how.
  virtual void exchange_ended(const ExchangeView&, const HttpResponse*, const TransportError*, SteadyTime) {}
  virtual void channel_opened(ProcessId, std::uint64_t /*channel*/, SteadyTime) {}
  virtual void channel_ended(ProcessId, std::uint64_t /*channel*/, SteadyTime) {}
  /// The process is told that its channel was closed, or cut (1006); `channel_ended` follows.
  virtual void channel_closed(ProcessId, std::uint64_t /*channel*/, std::uint16_t /*code*/, SteadyTime) {}
  /// A text frame was handed to the network.
  virtual void frame_left(ProcessId, std::uint64_t /*channel*/, std::string_view, SteadyTime) {}
  virtual void frame_received(ProcessId, std::uint64_t /*channel*/, std::string_view, SteadyTime) {}

  // The cloud, which is the truth.
  /// A request is about to be served; the cloud is as it was before.
  virtual void arriving(const ExchangeView&, const Cloud&, SteadyTime) {}
  virtual void served(const ExchangeView&, const HttpResponse&, const Cloud&, SteadyTime) {}
  /// Something was applied, by whomever.
  virtual void applied(const AppliedOperation&, const Cloud&, SteadyTime) {}
  virtual void flow_published(std::string_view /*flow*/, std::string_view /*version*/, std::string_view /*json*/, SteadyTime) {}

  // The processes.
  virtual void crashed(ProcessId, SteadyTime) {}
  virtual void started(ProcessId, SteadyTime) {}
  /// The same, with what the process can be asked from then on.
  virtual void attached(ProcessId, const ProcessView&, SteadyTime) {}
  /// Its client destroys its doors: what can be asked of it ends, its handlers are called no more, and works that are under
  /// way end soon, as if cancelled.
  virtual void closed(ProcessId, SteadyTime) {}
  /// The monotonic clock went on from the first time to the second, and no process could do anything meanwhile.
  virtual void suspended(SteadyTime /*from*/, SteadyTime /*to*/) {}
  /// A record of the journal became durable.
  virtual void journaled(ProcessId, const JournalView&, SteadyTime) {}
  /// Recovery read this record back after a crash; called for each, in order.
  virtual void recovered(ProcessId, const JournalView&, SteadyTime) {}

  // The run.
  /// After every event.
  virtual void after_event(SteadyTime) {}
  /// No fault strikes from here on.
  virtual void healed(SteadyTime) {}
  /// Everything that was submitted has ended, and nothing is under way.
  virtual void quiescent(SteadyTime) {}
  /// After that every process was closed, and whatever that set off has come to its end.
  virtual void finished(SteadyTime) {}
};

}  // namespace patchbay::testing::simulation
