// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/journal/options.hpp>
#include <patchbay/journal/record.hpp>
#include <patchbay/journal/state.hpp>
#include <patchbay/journal/storage.hpp>
#include <patchbay/observe/audit.hpp>
#include <patchbay/protocol/effect.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// What is known of a record that was appended.
enum class Durability : std::uint8_t {
  durable,  ///< It is where `JournalOptions::sync` wants it: on the disk, or with the system.
  pending,
  failed,   ///< The journal failed before it was: nothing may be sent on the strength of it.
};

/// The write-ahead journal: what is about to be done is on the disk before it is done, and what became of it follows.
/// So a process that is started again knows which operations were under way, who may be on hold and which webhooks are
/// due (invariants I16 and I17; hazards A28, B6, B31).
///
///     auto storage = FileStorage::open("/var/lib/ivr/journal");
///     auto journal = Journal::open(*storage);          // recovers: reads, verifies, cuts a torn end off
///     auto place = (*journal)->intent(record);         // appended
///     auto safe = (*journal)->sync_until(*place);      // on the disk; now send
///     (*journal)->terminal(*place, end);
///
/// Positions. Each call that adds a record returns its position. An intent is called by its own in all that follows.
///
/// Durability. `sync_until` blocks until a position is durable; `wait` is the same for event loops. Those who wait at
/// the same time share one sync. Records that nobody waits for are with the system at once, so they survive the
/// process, and reach the disk with the next sync. A record that is durable has every earlier one before it.
///
/// Failure. After a sync or a write that failed, other than for want of room, nothing is known of what the disk holds;
/// so the journal is *closed for good*: every call fails with `journal_failed`, `durability` is `failed` for all that
/// was not durable before, and nothing is tried again, since a second sync that succeeds proves nothing. Opening it
/// anew reads what there is and puts it on the disk afresh. A full disk refuses the record at hand, with
/// `journal_failed`; the part of it that was written is cut off, and a later record is taken when there is room again.
/// Where it cannot be cut off, the journal is closed for good. When memory runs out the call fails with `internal` and
/// adds nothing.
///
/// Bounds: see `JournalOptions`. What finds one reached is refused with `queue_full`, at the intent; what follows an
/// intent is never refused for a bound.
///
/// As an `AuditSink` it takes the audit's records in too, with numbers of its own, so that one folder is the whole
/// audit. These wait for no sync.
///
/// Thread-safe. A call waits for others for as long as they take to copy a record to the system; once in
/// `segment_bytes`, for a sync.
class Journal final : public AuditSink, public std::enable_shared_from_this<Journal> {
 public:
  /// Opens the journal in `storage` and recovers it, or begins an empty one.
  ///
  /// What was never durable may be cut off: the end of the last segment from the first record that does not verify,
  /// when no record behind it shows that it was durable once. Anything else that does not verify is `journal_corrupt`,
  /// unless `JournalOptions::salvage`. `journal_failed` with the system's reason when the storage fails; nothing was
  /// changed then that a later `open` could not do without. `invalid_settings` for options that cannot work.
  [[nodiscard]] PATCHBAY_DECL static Result<std::shared_ptr<Journal>> open(std::shared_ptr<JournalStorage> storage,
                                                                           JournalOptions options = {});
  /// Syncs nothing: what nobody waited for is with the system.
  ~Journal() override = default;

  // What is about to be done, and what became of it.

  /// Appends an intent; its position names it. Nothing may be sent before that position is durable. `queue_full` when a
  /// bound is reached, `journal_failed` when the disk does not take it, `internal` when memory runs out.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> intent(const IntentRecord& record);
  /// The operation is about to try against another version: from now on `etag`, `from`, `prior_transition`, `place`
  /// and, unless it is empty, `flow_version` are these. Nothing may be sent to that version before the position is
  /// durable.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> amend(JournalPosition intent, std::string_view etag,
                                                            std::string_view from, std::string_view prior_transition,
                                                            std::string_view flow_version = {},
                                                            std::string_view place = {});
  /// Ends an intent: exactly one for each, by the process that began it. `unknown` leaves it to `recover`.
  /// `invalid_argument` when that intent is not open or has one already. Of an `applied` that is not taken
  /// `OpenIntent::applied` remembers that, for whoever calls `recovered` later.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> terminal(JournalPosition intent, const EndRecord& end);
  /// The intent's operation is gone without an end, as when its door was destroyed: it is left to `recovered`. Records
  /// nothing, for the disk says so already.
  PATCHBAY_DECL void abandon(JournalPosition intent) noexcept;
  /// Settles an intent that is orphaned, or whose terminal said `unknown`; exactly one for each. With
  /// `Outcome::unknown` it is given up: nobody will look at it again.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> recovered(JournalPosition intent, const EndRecord& end);
  /// Records who is on hold where no operation's end says so: what a read of the interaction showed, or that it is
  /// over. `place` as `IntentRecord::place`.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> hold_changed(std::string_view interaction, bool held, WallTime since,
                                                                   std::string_view place = {});

  // Webhooks.

  /// Queues one apart from any intent; `position` is set by the journal.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> deliver(const JournalDelivery& delivery);
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> delivered(JournalPosition delivery, WallTime at);
  /// Gives one up; it is kept among the dead letters, of which the oldest is dropped when there are too many.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> dead_letter(JournalPosition delivery, std::string_view why,
                                                                  WallTime at);
  /// Puts a dead letter back among those to be delivered, under its old position.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> redrive(JournalPosition delivery, WallTime at);

  // Durability.

  [[nodiscard]] PATCHBAY_DECL Durability durability(JournalPosition position) const;
  /// Blocks until the position is durable: by a sync of its own, or another's. `journal_failed` when that failed.
  [[nodiscard]] PATCHBAY_DECL Result<void> sync_until(JournalPosition position);
  /// For event loops. Sees to it that a sync is under way or, without `run_sync`, done. `pending`: the waiter stands in
  /// the queue and is woken once, under the journal's lock, when that is decided; ask again then. Otherwise it does not
  /// stand in the queue.
  [[nodiscard]] PATCHBAY_DECL Durability wait(JournalPosition position, Waiter& waiter);
  /// Takes a waiter out of the queue, if it still stands there.
  PATCHBAY_DECL void forget(Waiter& waiter) noexcept;
  /// Everything appended so far is on the disk, whatever the policy.
  [[nodiscard]] PATCHBAY_DECL Result<void> flush();

  /// Of the audit: see the class. False when it was not taken.
  [[nodiscard]] PATCHBAY_DECL bool write(const AuditRecord& record) override;

  // What there is. Copies, in the order of positions.

  [[nodiscard]] PATCHBAY_DECL std::vector<OpenIntent> open_intents() const;
  [[nodiscard]] PATCHBAY_DECL std::optional<OpenIntent> open_intent(JournalPosition intent) const;
  /// The intents that wait for recovery: of one interaction, or of all when none is named.
  [[nodiscard]] PATCHBAY_DECL std::vector<OpenIntent> unresolved_intents(std::string_view interaction = {}) const;
  /// Whether an intent of this interaction waits for recovery: an earlier process left it open, or it ended `unknown`.
  [[nodiscard]] PATCHBAY_DECL bool unresolved(std::string_view interaction) const;
  /// Every interaction that may be on hold: holds that were applied or may have been, and were not undone for certain.
  [[nodiscard]] PATCHBAY_DECL std::vector<BelievedHold> holds() const;
  /// Whether one interaction is among them, and how.
  [[nodiscard]] PATCHBAY_DECL std::optional<BelievedHold> hold_of(std::string_view interaction) const;
  /// The webhooks that are due, at most `most` of them; none that is later in its interaction's order than one left
  /// out.
  [[nodiscard]] PATCHBAY_DECL std::vector<JournalDelivery> deliveries(std::size_t most = SIZE_MAX) const;
  [[nodiscard]] PATCHBAY_DECL std::vector<JournalDelivery> dead_letters() const;
  /// How it is, and what it has done.
  [[nodiscard]] PATCHBAY_DECL JournalStatus status() const;
  /// What `open` found.
  [[nodiscard]] const JournalRecovery& recovery() const noexcept { return recovery_; }
  /// Why the journal is closed for good, or the last record was refused; empty when neither.
  [[nodiscard]] PATCHBAY_DECL std::string last_error() const;
  [[nodiscard]] const JournalOptions& options() const noexcept { return options_; }

 private:
  using Lock = std::unique_lock<std::mutex>;
  Journal(std::shared_ptr<JournalStorage> storage, JournalOptions options)
      : storage_(std::move(storage)), options_(std::move(options)) {}

  class Reading;  // of what is there, at the start

  // With the lock held, which `lead` and `kick` give up meanwhile.
  [[nodiscard]] PATCHBAY_DECL Result<JournalPosition> add(detail::JournalEntry entry);
  PATCHBAY_DECL void make_room(const detail::JournalEntry& entry) noexcept;
  [[nodiscard]] PATCHBAY_DECL Result<void> admit(const detail::JournalEntry& entry, std::size_t payload) const;
  [[nodiscard]] PATCHBAY_DECL Result<void> put(JournalKind kind, std::string_view payload);
  PATCHBAY_DECL void after_append(Lock& lock);
  PATCHBAY_DECL void kick(Lock& lock) noexcept;
  PATCHBAY_DECL void lead(Lock& lock) noexcept;
  PATCHBAY_DECL void sync_present(Lock& lock) noexcept;
  [[nodiscard]] PATCHBAY_DECL bool rotation_due() const noexcept;
  PATCHBAY_DECL void rotate() noexcept;
  [[nodiscard]] PATCHBAY_DECL Result<void> begin_segment(std::uint64_t number);
  PATCHBAY_DECL void trim() noexcept;
  PATCHBAY_DECL void note(std::string_view what, const StorageError* error) noexcept;
  PATCHBAY_DECL void die(std::string_view what, const StorageError* error) noexcept;
  PATCHBAY_DECL void release(Waiter*& queue) noexcept;
  [[nodiscard]] PATCHBAY_DECL Error refusal(std::string_view what) const;
  [[nodiscard]] PATCHBAY_DECL Durability durability_of(JournalPosition position) const noexcept;
  [[nodiscard]] PATCHBAY_DECL Result<void> recover();

  const std::shared_ptr<JournalStorage> storage_;
  const JournalOptions options_;
  JournalRecovery recovery_;

  mutable std::mutex mutex_;
  std::condition_variable synced_changed_;
  detail::JournalState state_;
  JournalStatus status_;
  std::string why_;           // of the last failure
  std::string frame_;         // keeps its memory
  struct Segment {
    std::uint64_t number;
    std::uint64_t bytes;
  };
  std::vector<Segment> segments_;  // the last is the present one
  std::uint64_t rotate_at_ = 0;    // the present one's size at which the next follows
  bool leading_ = false;      // somebody syncs, or is about to
  bool scheduled_ = false;    // `run_sync` has a job
  Waiter* covered_ = nullptr; // those whom the sync under way serves
  Waiter* queued_ = nullptr;  // those who came after it began
  SteadyTime last_sync_{};
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/journal/impl/journal.ipp>
#include <patchbay/journal/impl/recover.ipp>
#include <patchbay/journal/impl/sync.ipp>
#endif
