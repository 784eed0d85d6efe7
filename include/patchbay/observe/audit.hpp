// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cmath>  // round
#include <concepts>  // invocable
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/error.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/histogram.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

enum class AuditKind : std::uint8_t {
  attempt,    ///< The end of one send that could have had a side effect.
  operation,  ///< The end of an operation, exactly one for each, however early it ended (hazard A28).
};
[[nodiscard]] constexpr std::string_view to_string(AuditKind kind) noexcept {
  return kind == AuditKind::attempt ? "attempt" : "operation";
}

/// Longer texts of a record are cut, in bytes.
inline constexpr std::size_t audit_text_limit = 512;

/// One line of the audit. Holds no variables, no credentials and no server text beyond bounded excerpts. Assigned to again
/// it keeps its memory, so fill one record and clear it between uses.
class AuditRecord {
 public:
  AuditRecord() noexcept = default;

  std::uint64_t sequence = 0;  ///< From 1, without a gap within a door; set by the trail.
  WallTime timestamp{};        ///< Of the end that is recorded.
  AuditKind kind = AuditKind::operation;
  std::string_view action = "state_transition";  ///< Or `hold`, `unhold`; static text.
  bool success = false;
  Outcome outcome = Outcome::not_applied;
  int attempt = 0;      ///< Which side-effecting send of the operation, or how many there were; 0: none was made.
  int status_code = 0;  ///< Of the last HTTP answer; 0 when there was none.
  Duration latency{};   ///< Of the attempt, or of the whole operation with its waits.
  std::string operation_id;    ///< The transition or correlation id.
  std::string interaction_id;
  std::string from, to;        ///< Nodes; empty for holds.
  std::string flow_id, flow_version;
  std::string etag_used;       ///< Empty: `null` in JSON.
  bool warm = false;           ///< That version was remembered from an earlier operation, and not read by this one.
  int coalesced = 1;           ///< Moves that its write makes; each has a terminal record of its own, under the same id.
  std::string server_correlation_id;
  std::string reason;          ///< Of a hold.
  std::optional<int> priority;
  std::optional<double> consistency_rate;  ///< Document B's, as a fraction, at the time of the record.
  std::string_view error_code; ///< `to_string` of an ErrorCode, static text; empty on success.
  std::string error_message;   ///< In our words.

  /// As new, but with its memory.
  void clear() noexcept {
    sequence = 0, timestamp = {}, kind = AuditKind::operation, action = "state_transition", success = false;
    outcome = Outcome::not_applied, attempt = 0, status_code = 0, latency = {}, warm = false, coalesced = 1;
    for (std::string* text : texts()) text->clear();
    priority.reset(), consistency_rate.reset(), error_code = {};
  }

 private:
  friend class AuditTrail;
  [[nodiscard]] std::array<std::string*, 10> texts() noexcept {
    return {&operation_id, &interaction_id, &from, &to, &flow_id, &flow_version, &etag_used, &server_correlation_id, &reason, &error_message};
  }
};

/// Appends `record` as one JSON object on one line, without the line's end: the documents' fields by their names and with
/// their types, then ours. Control characters and invalid UTF-8 in any text are replaced; long texts are cut.
inline void append_json(const AuditRecord& record, std::string& out) {
  const auto text = [](JsonWriter& json, std::string_view name, std::string_view value) {
    // Excerpts have no control characters: what is left to escape are quotes and backslashes.
    std::string clean;
    append_excerpt(clean, value, audit_text_limit);
    json.member(name, std::string_view(clean));
  };
  const auto optional_text = [&text](JsonWriter& json, std::string_view name, std::string_view value) {
    if (!value.empty()) text(json, name, value);
  };
  // To the microsecond.
  const double latency_ms = std::round(to_milliseconds(record.latency) * 1000) / 1000;
  std::string when;
  append_timestamp(when, record.timestamp);
  JsonWriter json(out);
  json.begin_object().member("timestamp", std::string_view(when));
  text(json, "interactionId", record.interaction_id);
  json.member("action", record.action).key("statusCode");
  record.status_code == 0 ? json.null() : json.value(record.status_code);
  json.member("latencyMs", latency_ms).member("success", record.success);
  if (!record.error_code.empty()) {
    std::string error(record.error_code);
    if (!record.error_message.empty()) append_excerpt(error.append(": "), record.error_message, audit_text_limit);
    json.member("error", std::string_view(error)).member("errorCode", record.error_code);
  }
  json.key("etagUsed");
  record.etag_used.empty() ? json.null() : json.value(std::string_view(excerpt(record.etag_used, audit_text_limit)));
  if (record.action != "state_transition") {
    std::string rate;
    if (record.consistency_rate) append_percentage(rate, *record.consistency_rate);
    json.member("status", record.success ? "success" : "failed").key("metadata").begin_object();
    optional_text(json, "reason", record.reason);
    if (record.priority) json.member("priority", *record.priority);
    json.member("latencyMs", latency_ms);
    if (!rate.empty()) json.member("consistencyRate", std::string_view(rate));
    json.end_object();
    if (!rate.empty()) json.member("consistencyRate", std::string_view(rate));
  }
  json.member("sequence", record.sequence).member("kind", to_string(record.kind)).member("outcome", to_string(record.outcome));
  json.member("attempt", record.attempt);
  if (record.warm) json.member("warm", true);
  if (record.coalesced > 1) json.member("coalesced", record.coalesced);
  optional_text(json, "operationId", record.operation_id);
  optional_text(json, "from", record.from);
  optional_text(json, "to", record.to);
  optional_text(json, "flowId", record.flow_id);
  optional_text(json, "flowVersion", record.flow_version);
  optional_text(json, "serverCorrelationId", record.server_correlation_id);
  json.end_object();
}

/// Where audit records go beyond the door's memory.
///
/// A door calls `write` for one record at a time, in the order of their sequence, on the thread that ended the operation,
/// which waits for it; a sink that two doors share is called by both at once. It returns false when the record was not
/// taken. That, or throwing, is counted and changes nothing else. The record is valid during the call alone.
class AuditSink {
 public:
  AuditSink() = default;
  AuditSink(const AuditSink&) = delete;
  AuditSink& operator=(const AuditSink&) = delete;
  virtual ~AuditSink() = default;
  [[nodiscard]] virtual bool write(const AuditRecord& record) = 0;
};

/// One door's audit: numbers the records, keeps the last of them for `snapshot`, hands each to the sink.
///
/// Bounded (the documents' array grows for ever and is handed out by reference, hazard A28), safe from every thread, and
/// free of allocations once the ring is full of records of the usual sizes. Durability is the sink's.
class AuditTrail {
 public:
  /// Keeps the last `capacity` records; `sink` may be empty.
  explicit AuditTrail(std::size_t capacity = 256, std::shared_ptr<AuditSink> sink = {})
      : capacity_(capacity), sink_(std::move(sink)) {}

  /// Adds a record under the next number. False when the sink did not take it, or memory ran out.
  ///
  /// From within the sink's own `write` the record is numbered and kept, but not handed to the sink, which counts as a
  /// failure: a sink that drives its own door must not deadlock or recur without end.
  bool record(const AuditRecord& entry) noexcept {
    return record([&entry](AuditRecord& kept) { kept = entry; });
  }
  /// The same for a record that `fill(AuditRecord&)` writes in the place where it is kept. `fill` gets it as new and under
  /// the trail's lock: it sets members and calls nobody.
  template <std::invocable<AuditRecord&> Fill>
  bool record(Fill&& fill) noexcept {
    const bool nested = sink_ && writer_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    bool taken = false;
    const bool done = guarded([&] {
      if (!sink_ || nested) {
        keep(fill);
        taken = !sink_;
        return;
      }
      const std::lock_guard<std::mutex> turn(sink_mutex_);
      // Apart from the ring, since a nested record could turn it round to the slot that the sink is reading.
      write(fill, outgoing_);
      outgoing_.sequence = keep([this](AuditRecord& kept) { kept = outgoing_; });
      writer_.store(std::this_thread::get_id(), std::memory_order_relaxed);
      const bool returned = guarded([&] { taken = sink_->write(outgoing_); });
      writer_.store({}, std::memory_order_relaxed);
      taken = taken && returned;
    });
    if (done && taken) return true;
    failures_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  /// Copies of the records kept, oldest first.
  [[nodiscard]] std::vector<AuditRecord> snapshot() const {
    const std::lock_guard<std::mutex> lock(ring_mutex_);
    std::vector<AuditRecord> out;
    out.reserve(ring_.size());
    for (std::size_t i = 0; i < ring_.size(); ++i) out.push_back(ring_[(next_ + i) % ring_.size()]);
    return out;
  }
  /// How many records there have been; the last one's number.
  [[nodiscard]] std::uint64_t appended() const noexcept { return appended_.load(std::memory_order_relaxed); }
  /// How many of them did not reach the sink.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

 private:
  /// The record keeps its memory, and no text is longer than allowed.
  template <class Fill>
  static void write(Fill& fill, AuditRecord& to) {
    to.clear();
    fill(to);
    for (std::string* text : to.texts())
      if (text->size() > audit_text_limit) *text = excerpt(*text, audit_text_limit);
  }
  template <class Fill>
  std::uint64_t keep(Fill&& fill) {
    const std::lock_guard<std::mutex> lock(ring_mutex_);
    const std::uint64_t sequence = appended_.load(std::memory_order_relaxed) + 1;
    appended_.store(sequence, std::memory_order_relaxed);
    if (capacity_ == 0) return sequence;
    // The ring grows as it is used, so that a door that does little stays small; `next_` is 0 until it is full.
    const bool full = ring_.size() == capacity_;
    AuditRecord& slot = full ? ring_[next_] : ring_.emplace_back();
    if (full) next_ = (next_ + 1) % capacity_;
    write(fill, slot);
    slot.sequence = sequence;
    return sequence;
  }

  const std::size_t capacity_;
  const std::shared_ptr<AuditSink> sink_;
  std::mutex sink_mutex_;  // taken first
  AuditRecord outgoing_;
  std::atomic<std::thread::id> writer_{};  // whose turn it is at the sink
  mutable std::mutex ring_mutex_;
  std::vector<AuditRecord> ring_;
  std::size_t next_ = 0;
  std::atomic<std::uint64_t> appended_{0};
  std::atomic<std::uint64_t> failures_{0};
};

}  // namespace patchbay
