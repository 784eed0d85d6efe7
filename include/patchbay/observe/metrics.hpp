// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cmath>  // floor
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/error.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/histogram.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// What both doors count of their HTTP exchanges.
enum class ExchangeCount : std::uint8_t {
  requests,         ///< Sent, of any kind: tokens, flows, interactions, webhooks.
  rate_limits,      ///< 429.
  server_errors,    ///< 5xx.
  network_errors,   ///< Ended without an answer.
  token_refreshes,  ///< After a 401.
  paced_waits,      ///< Requests that had to wait for a turn, or for a closed scope to open.
  pacer_refusals,   ///< Requests without a turn in time, or beyond the pacer's queue.
  circuits_opened,  ///< By this door's exchanges.
  circuit_refusals, ///< Requests that an open circuit kept back.
  retries_refused,  ///< Because the host's retry budget was spent, or its circuit open.
  count_            ///< How many there are; no counter.
};

/// What a `StateTransitioner` counts.
enum class TransitionCount : std::uint8_t {
  submitted,           ///< Operations that began.
  succeeded,           ///< Settled as applied.
  not_applied,         ///< Settled as failed, and known not to have happened.
  unknown,             ///< Settled as nobody knows.
  patch_attempts,      ///< PATCHes that were sent: the document's `totalRequests`.
  conflicts,           ///< PATCHes answered 409 or 412.
  warm_writes,         ///< Versions that were tried from memory, without a reading.
  warm_conflicts,      ///< Of these, those that the cloud refused as stale, so that the interaction was read after all.
  flow_cache_hits,
  flow_cache_misses,
  webhooks_delivered,
  webhooks_failed,     ///< Given up; the transition stands.
  webhooks_queued,     ///< Written into the journal, to be delivered later.
  webhooks_dead,       ///< Of these, given up; they stay in the journal as dead letters.
  journal_failures,    ///< Operations that the journal kept back, and ends that it did not take.
  recovered,           ///< Operations from before whose fate `recover` has settled.
  audit_failures,      ///< Records that the sink did not take.
  callback_failures,   ///< User code that threw.
  count_
};

/// What a `HoldController` counts.
enum class HoldCount : std::uint8_t {
  submitted,               ///< Operations that began: holds and unholds.
  succeeded,               ///< Settled as applied.
  not_applied,
  unknown,
  holds,                   ///< Of the submitted ones.
  unholds,
  acks_positive,           ///< That settled a command.
  acks_negative,
  prompt_acks,             ///< Of both, those within 2 s of their command.
  prompt_positive_acks,
  ack_timeouts,
  late_acks,               ///< After their command was given up.
  duplicate_acks,
  foreign_messages,        ///< Acknowledgements of nobody's command, and messages of unknown kinds.
  junk_frames,             ///< No JSON object, or too large.
  connects,
  reconnects,
  handovers,               ///< Of the reconnects: those made before the connection that they replace was given up.
  pings,
  missed_pongs,
  watchdog_warnings,
  watchdog_escalations,
  watchdog_releases,
  monitor_failures,        ///< Quality monitors that threw.
  dropped_notices,         ///< Events and messages that found no room, because handlers were too slow for them.
  journal_failures,        ///< Holds that the journal kept back, and ends that it did not take.
  releases_unjournaled,    ///< Releases that were sent although their intent was not on the disk.
  recovered,               ///< Commands from before whose fate `recover` has settled.
  holds_rebuilt,           ///< Interactions that `recover` has put under the watchdog again.
  holds_adopted,           ///< Holds of others that the channel told of, and that are watched since.
  audit_failures,
  callback_failures,
  count_
};

namespace detail {

inline constexpr std::array<std::string_view, 10> exchange_count_names{
    "requests",   "rateLimitAnswers", "serverErrors",   "networkErrors",   "tokenRefreshes",
    "pacedWaits", "pacerRefusals",    "circuitsOpened", "circuitRefusals", "retriesRefused"};
inline constexpr std::array<std::string_view, 18> transition_count_names{
    "operationsSubmitted", "operationsSucceeded", "operationsNotApplied", "operationsUnknown", "patchAttempts",
    "conflictAnswers",     "warmWrites",          "warmConflicts",        "flowCacheHits",     "flowCacheMisses",
    "webhooksDelivered",   "webhooksFailed",      "webhooksQueued",       "webhooksDead",      "journalFailures",
    "operationsRecovered", "auditFailures",       "callbackFailures"};
inline constexpr std::array<std::string_view, 32> hold_count_names{
    "operationsSubmitted", "operationsSucceeded", "operationsNotApplied", "operationsUnknown",  "holds",
    "unholds",             "acksPositive",        "acksNegative",         "promptAcks",         "promptPositiveAcks",
    "ackTimeouts",         "lateAcks",            "duplicateAcks",        "foreignMessages",    "junkFrames",
    "connects",            "reconnects",          "handovers",            "pings",              "missedPongs",
    "watchdogWarnings",    "watchdogEscalations", "watchdogReleases",     "monitorFailures",    "droppedNotices",
    "journalFailures",     "releasesUnjournaled", "commandsRecovered",    "holdsRebuilt",       "holdsAdopted",
    "auditFailures",       "callbackFailures"};
static_assert(exchange_count_names.size() == static_cast<std::size_t>(ExchangeCount::count_));
static_assert(transition_count_names.size() == static_cast<std::size_t>(TransitionCount::count_));
static_assert(hold_count_names.size() == static_cast<std::size_t>(HoldCount::count_));

}  // namespace detail

/// The name of a counter in JSON.
[[nodiscard]] constexpr std::string_view to_string(ExchangeCount count) noexcept {
  return detail::exchange_count_names[static_cast<std::size_t>(count)];
}
[[nodiscard]] constexpr std::string_view to_string(TransitionCount count) noexcept {
  return detail::transition_count_names[static_cast<std::size_t>(count)];
}
[[nodiscard]] constexpr std::string_view to_string(HoldCount count) noexcept {
  return detail::hold_count_names[static_cast<std::size_t>(count)];
}

/// An acknowledgement within this time of its command is prompt; the document's figure.
inline constexpr Duration prompt_ack_limit = seconds{2};

/// What one door had counted at one moment.
template <class Count>
class DoorSnapshot {
 public:
  DoorSnapshot() noexcept = default;
  std::array<std::uint64_t, static_cast<std::size_t>(Count::count_)> counts{};
  std::array<std::uint64_t, static_cast<std::size_t>(ExchangeCount::count_)> exchange_counts{};
  LatencySummary operation;  ///< From submission to settlement, of every settled operation, whatever became of it.
  LatencySummary waited;     ///< Of that, the part spent in waits: backoff, `Retry-After`, pacing.
  LatencySummary exchange;   ///< Of each HTTP exchange alone.

  [[nodiscard]] std::uint64_t operator[](Count count) const noexcept { return counts[static_cast<std::size_t>(count)]; }
  [[nodiscard]] std::uint64_t operator[](ExchangeCount count) const noexcept { return exchange_counts[static_cast<std::size_t>(count)]; }
  /// Operations that have ended, with any outcome.
  [[nodiscard]] std::uint64_t settled() const noexcept {
    const DoorSnapshot& self = *this;
    return self[Count::succeeded] + self[Count::not_applied] + self[Count::unknown];
  }
  /// Operations that have begun and not ended.
  [[nodiscard]] std::uint64_t pending() const noexcept { return (*this)[Count::submitted] - settled(); }
};

class TransitionMetricsSnapshot : public DoorSnapshot<TransitionCount> {
 public:
  TransitionMetricsSnapshot() noexcept = default;
  LatencySummary attempt;     ///< Of each PATCH alone.
  Duration succeeded_mean{};  ///< Mean of `operation` over those that succeeded: the document's `averageLatencyMs`.
};

class HoldMetricsSnapshot : public DoorSnapshot<HoldCount> {
 public:
  HoldMetricsSnapshot() noexcept = default;
  LatencySummary command;  ///< From sending a command to the acknowledgement that settled it.

  /// Share of all settled operations that were acknowledged positively within 2 s; 0 when there are none.
  [[nodiscard]] double prompt_ack_rate() const noexcept { return share(HoldCount::prompt_positive_acks, settled()); }
  /// The document's `stateConsistencyRate` as a fraction: share of all acknowledgements, refusals among them, that came within
  /// 2 s. It says nothing about state, and commands that were never answered are not in it (hazard B28).
  [[nodiscard]] double state_consistency_rate() const noexcept { return share(HoldCount::prompt_acks, acks()); }
  /// Acknowledgements that settled a command: the document's `totalAttempts`.
  [[nodiscard]] std::uint64_t acks() const noexcept { return (*this)[HoldCount::acks_positive] + (*this)[HoldCount::acks_negative]; }

 private:
  [[nodiscard]] double share(HoldCount part, std::uint64_t whole) const noexcept {
    if (whole == 0) return 0;
    const double rate = static_cast<double>((*this)[part]) / static_cast<double>(whole);
    return rate > 1 ? 1 : rate;  // a snapshot taken between two counts
  }
};

/// What both doors' metrics have of their HTTP exchanges, whatever the door. Lock-free, and safe from every thread.
class ExchangeMetrics {
 public:
  /// The end of one exchange that was sent: its latency, and its status, 0 when there was no answer.
  void exchanged(Duration latency, int status) noexcept {
    exchange_.record(latency);
    count(ExchangeCount::requests);
    if (status == 0) count(ExchangeCount::network_errors);
    if (status == 429) count(ExchangeCount::rate_limits);
    if (status >= 500) count(ExchangeCount::server_errors);
  }
  void count(ExchangeCount which) noexcept { exchange_counts_[static_cast<std::size_t>(which)].fetch_add(1, std::memory_order_relaxed); }

 protected:
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(ExchangeCount::count_)> exchange_counts_{};
  LatencyHistogram exchange_;
};

namespace detail {

/// Counters and operation latencies that both doors have.
template <class Count>
class DoorMetrics : public ExchangeMetrics {
 public:
  using ExchangeMetrics::count;
  void count(Count which, std::uint64_t n = 1) noexcept { counts_[static_cast<std::size_t>(which)].fetch_add(n, std::memory_order_relaxed); }
  /// The one end of an operation that was submitted: its latency, and the part of it that was spent waiting.
  void complete(Outcome outcome, Duration latency, Duration waited) noexcept {
    operation_.record(latency);
    waited_.record(waited);
    const Count end = outcome == Outcome::applied       ? Count::succeeded
                      : outcome == Outcome::not_applied ? Count::not_applied
                                                        : Count::unknown;
    // Released, so that whoever counts the end has the beginning too, and `pending` is never negative.
    counts_[static_cast<std::size_t>(end)].fetch_add(1, std::memory_order_release);
  }

 protected:
  void read_counts(DoorSnapshot<Count>& out) const noexcept {
    // `submitted` is the first and is read last: see `complete`.
    for (std::size_t i = counts_.size(); i-- > 0;) out.counts[i] = counts_[i].load(std::memory_order_acquire);
  }
  void read(DoorSnapshot<Count>& out) const noexcept {
    read_counts(out);
    for (std::size_t i = 0; i < exchange_counts_.size(); ++i) out.exchange_counts[i] = exchange_counts_[i].load(std::memory_order_relaxed);
    out.operation = operation_.snapshot();
    out.waited = waited_.snapshot();
    out.exchange = exchange_.snapshot();
  }
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Count::count_)> counts_{};
  LatencyHistogram operation_, waited_;
};

inline void append_latency(JsonWriter& json, std::string_view name, const LatencySummary& latency) {
  json.key(name).begin_object().member("count", latency.count);
  json.member("meanMs", to_milliseconds(latency.mean)).member("p50Ms", to_milliseconds(latency.p50));
  json.member("p99Ms", to_milliseconds(latency.p99)).member("maxMs", to_milliseconds(latency.max));
  json.member("minMs", to_milliseconds(latency.min)).end_object();
}

/// All that both doors have.
template <class Count>
void append_door(JsonWriter& json, const DoorSnapshot<Count>& values) {
  for (std::size_t i = 0; i < values.counts.size(); ++i) json.member(to_string(static_cast<Count>(i)), values.counts[i]);
  json.member("operationsPending", values.pending());
  for (std::size_t i = 0; i < values.exchange_counts.size(); ++i)
    json.member(to_string(static_cast<ExchangeCount>(i)), values.exchange_counts[i]);
  append_latency(json, "operationLatency", values.operation);
  append_latency(json, "waited", values.waited);
  append_latency(json, "exchangeLatency", values.exchange);
}

}  // namespace detail

/// Appends a fraction as the document writes rates: `97.50%`.
inline void append_percentage(std::string& out, double fraction) {
  const auto hundredths = static_cast<std::uint64_t>(std::floor(fraction * 10'000 + 0.5));
  append_json_number(out, hundredths / 100);
  out.push_back('.');
  if (hundredths % 100 < 10) out.push_back('0');
  append_json_number(out, hundredths % 100);
  out.push_back('%');
}

/// What one `StateTransitioner` has done (hazard A29: the document shares one object between all managers). Lock-free, and
/// safe from every thread; nothing allocates.
class TransitionMetrics : public detail::DoorMetrics<TransitionCount> {
 public:
  /// As for both doors, and keeps the sum for the document's average.
  void complete(Outcome outcome, Duration latency, Duration waited) noexcept {
    // Before it is counted, so that the mean never lacks what the count has.
    if (outcome == Outcome::applied && latency > Duration::zero())
      succeeded_time_.fetch_add(static_cast<std::uint64_t>(latency.count()), std::memory_order_relaxed);
    DoorMetrics::complete(outcome, latency, waited);
  }
  /// The end of one PATCH that was sent: counts it, with its latency.
  void attempt_latency(Duration latency) noexcept {
    attempt_.record(latency);
    count(TransitionCount::patch_attempts);
  }

  [[nodiscard]] TransitionMetricsSnapshot snapshot() const noexcept {
    TransitionMetricsSnapshot out;
    read(out);
    out.attempt = attempt_.snapshot();
    if (const std::uint64_t succeeded = out[TransitionCount::succeeded]; succeeded != 0)
      out.succeeded_mean = Duration(static_cast<Duration::rep>(succeeded_time_.load(std::memory_order_relaxed) / succeeded));
    return out;
  }

 private:
  LatencyHistogram attempt_;
  std::atomic<std::uint64_t> succeeded_time_{0};
};

/// What one `HoldController` has done. Lock-free, and safe from every thread; nothing allocates.
class HoldMetrics : public detail::DoorMetrics<HoldCount> {
 public:
  /// An acknowledgement that settles a command: late, duplicate and foreign ones are counters alone.
  void acknowledged(bool positive, Duration since_sent) noexcept {
    command_.record(since_sent);
    count(positive ? HoldCount::acks_positive : HoldCount::acks_negative);
    if (since_sent >= prompt_ack_limit) return;
    count(HoldCount::prompt_acks);
    if (positive) count(HoldCount::prompt_positive_acks);
  }

  [[nodiscard]] HoldMetricsSnapshot snapshot() const noexcept {
    HoldMetricsSnapshot out;
    read(out);
    out.command = command_.snapshot();
    return out;
  }
  /// As in the snapshot, without the cost of one: document B writes it into each audit entry.
  [[nodiscard]] double state_consistency_rate() const noexcept {
    HoldMetricsSnapshot out;
    read_counts(out);
    return out.state_consistency_rate();
  }

 private:
  LatencyHistogram command_;
};

/// Appends one JSON object: the names of document A's `performanceMetrics`, then every counter and latency.
inline void to_json(const TransitionMetricsSnapshot& metrics, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member("totalRequests", metrics[TransitionCount::patch_attempts]);
  json.member("successfulUpdates", metrics[TransitionCount::succeeded]);
  json.member("conflicts", metrics[TransitionCount::conflicts]);
  json.member("rateLimits", metrics[ExchangeCount::rate_limits]);
  json.member("averageLatencyMs", to_milliseconds(metrics.succeeded_mean));
  detail::append_door(json, metrics);
  detail::append_latency(json, "attemptLatency", metrics.attempt);
  json.end_object();
}

/// Appends one JSON object: the names of document B's `getMetrics`, then every counter and latency. The average is a number,
/// the rate a text with its percent sign as in the document.
inline void to_json(const HoldMetricsSnapshot& metrics, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member("averageLatencyMs", to_milliseconds(metrics.command.mean));
  std::string rate;
  append_percentage(rate, metrics.state_consistency_rate());
  json.member("stateConsistencyRate", std::string_view(rate));
  json.member("totalAttempts", metrics.acks());
  json.member("promptAckRate", metrics.prompt_ack_rate());
  detail::append_door(json, metrics);
  detail::append_latency(json, "commandLatency", metrics.command);
  json.end_object();
}

}  // namespace patchbay
