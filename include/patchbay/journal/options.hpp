// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// When records reach the disk.
class JournalSync {
 public:
  enum class Kind : std::uint8_t { each, interval, system };

  /// A position is durable once it is on the disk: nothing is lost, whatever happens. One sync serves all who wait.
  [[nodiscard]] static JournalSync each() noexcept { return {Kind::each, Duration::zero()}; }
  /// A position is durable once the system has it: it survives the process, and a crash of the machine may take what is
  /// younger than `span`. Needs `JournalOptions::now`. The sync is begun by the first record after the span: when none
  /// follows, `Journal::flush` does it.
  [[nodiscard]] static JournalSync interval(Duration span) noexcept { return {Kind::interval, span}; }
  /// The same without syncs of ours, but at the end of a segment: the system writes when it likes, often within a
  /// minute.
  [[nodiscard]] static JournalSync never() noexcept { return {Kind::system, Duration::zero()}; }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] Duration span() const noexcept { return span_; }

 private:
  JournalSync(Kind kind, Duration span) noexcept : kind_(kind), span_(span) {}
  Kind kind_;
  Duration span_;
};

/// How a journal works, and its bounds.
struct JournalOptions {
  JournalSync sync = JournalSync::each();
  /// Runs what it is given, once, on a thread of the client's that may block, such as a pool's: `[&pool](auto job) {
  /// boost::asio::post(pool, std::move(job)); }`. For event loops, which a sync would hold up for milliseconds. Without
  /// it `Journal::wait` syncs at once, on the thread that asks. What it throws makes the journal sync at once as well;
  /// what it never runs leaves those who wait to their deadlines. It may be called with the journal's lock taken by
  /// nobody.
  std::function<void(std::function<void()>)> run_sync;
  /// The monotonic clock; only for `JournalSync::interval`.
  std::function<SteadyTime()> now;

  /// A segment that holds as much behind its checkpoint is followed by another one.
  std::uint64_t segment_bytes = std::uint64_t{16} << 20U;
  /// So many full segments are kept for the audit, besides the present one; older ones are removed.
  std::size_t keep_segments = 8;
  /// Of all segments. Full ones beyond are removed early; when that is not enough, new intents are refused.
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;
  std::size_t max_open_intents = 100'000;  ///< Those that wait for recovery included.
  /// Webhooks that are due, and those that open intents carry: so that what has succeeded always finds room.
  std::size_t max_deliveries = 100'000;
  /// The oldest is dropped, and counted, for a newer one; and for what finds no room in `max_pending_bytes` otherwise.
  std::size_t max_dead_letters = 1'000;
  /// Of open intents and webhooks, in memory and in a checkpoint.
  std::size_t max_pending_bytes = std::size_t{64} << 20U;
  std::size_t max_record_bytes = std::size_t{1} << 20U;  ///< Of one intent or webhook, as written.

  /// Verify every segment at the start, and not only the last, which is all that recovery needs.
  bool verify_all = true;
  /// Go on without what does not verify, from the next record that does: for a journal that `open` calls corrupt. What
  /// was lost is lost: `JournalRecovery::gaps` says where.
  bool salvage = false;

  /// What cannot work, by the member's name.
  [[nodiscard]] PATCHBAY_DECL Result<void> check() const;
};

/// What `Journal::open` found.
class JournalRecovery {
 public:
  JournalRecovery() = default;
  std::size_t segments = 0;
  std::uint64_t records = 0;        ///< Verified.
  std::uint64_t dropped_bytes = 0;  ///< Of a torn end: never durable, and cut off.
  /// With `salvage`: where something did not verify, as `0000000003.journal at byte 4711: ...`; at most 100.
  std::vector<std::string> gaps;
  std::size_t open_intents = 0, holds = 0, deliveries = 0, dead_letters = 0;
};

/// How a journal is, and what it has done since it was opened. Counters never decrease.
class JournalStatus {
 public:
  JournalStatus() = default;
  bool closed_for_good = false;  ///< A sync or a write failed: open the journal anew.
  bool full = false;             ///< The last record found no room on the disk.
  std::uint64_t appended = 0;    ///< The last position.
  std::uint64_t synced = 0;      ///< The last position that is on the disk for certain.
  std::uint64_t segment = 0;     ///< The present one.
  std::size_t segments = 0;
  std::uint64_t bytes = 0;       ///< Of all segments.
  std::size_t open_intents = 0;
  std::size_t deliveries = 0;
  std::size_t dead_letters = 0;
  std::size_t pending_bytes = 0;
  // Counters.
  std::uint64_t syncs = 0;
  std::uint64_t records = 0;
  std::uint64_t rotations = 0;
  std::uint64_t refused = 0;            ///< Records that the disk, a bound or the memory did not let in.
  std::uint64_t rotation_failures = 0;  ///< A new segment found no room; the present one goes on.
  std::uint64_t dead_letters_dropped = 0;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/journal/impl/options.ipp>
#endif
