// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/journal/record.hpp>
#include <patchbay/result.hpp>

namespace patchbay::detail {

/// What a record says, whatever its kind: as it is made from a call, or read from a segment. Members that its kind does
/// not use are empty.
class JournalEntry {
 public:
  JournalEntry() = default;
  explicit JournalEntry(JournalKind kind_in, JournalPosition about_in = 0) noexcept : kind(kind_in), about(about_in) {}

  JournalKind kind = JournalKind::audit;
  JournalPosition about = 0;       ///< The intent or delivery that it is about.
  IntentRecord intent;             ///< Of an intent, and what an amendment changes.
  Outcome outcome = Outcome::not_applied;
  WallTime at{};
  bool deliver = false;
  bool held = false;
  std::string interaction, place;  ///< Of a change of hold.
  std::string error_code, resolved_by, message;
  std::string audit;               ///< JSON
  JournalDelivery delivery;        ///< Of a delivery; its body alone for an end that queues another than the intent's.
};

/// All that is open in a journal: intents, holds, webhooks. Records are applied to it as they are appended, and again
/// when a journal is read, so that both agree.
///
/// A record is applied in two steps: `prepare` looks whether it fits what is open and gets all the memory; `commit`
/// cannot fail. Not thread-safe: the journal's mutex guards it.
class JournalState {
 public:
  using Intents = std::map<JournalPosition, OpenIntent>;
  using Holds = std::map<std::string, BelievedHold, std::less<>>;
  using Deliveries = std::map<JournalPosition, JournalDelivery>;
  using Index = std::multimap<std::string, JournalPosition, std::less<>>;

  /// What a record changes, ready to be changed.
  class Change {
   public:
    Change() = default;
    Change(Change&&) noexcept = default;
    Change& operator=(Change&&) noexcept = default;
    JournalEntry entry;
    // Nodes of maps, so that adding them allocates nothing; at most one in each.
    Intents intents;
    Index index;
    Holds holds;
    Deliveries deliveries;
  };

  /// `invalid_argument`, naming what it does not fit; may throw when memory runs out. `position` is the record's.
  [[nodiscard]] PATCHBAY_DECL Result<Change> prepare(JournalEntry entry, JournalPosition position) const;
  PATCHBAY_DECL void commit(Change change) noexcept;
  /// Everything that is open was begun by another process.
  PATCHBAY_DECL void orphan_all() noexcept;
  PATCHBAY_DECL void abandon(JournalPosition intent) noexcept;
  /// Its terminal, which says that it was applied, could not be written.
  PATCHBAY_DECL void remember_applied(JournalPosition intent) noexcept;
  /// Drops as many dead letters, oldest first, as it takes for everything to stay within `most` bytes; none when that
  /// does not help. How many.
  PATCHBAY_DECL std::size_t drop_dead_letters_beyond(std::size_t most) noexcept;
  /// Drops the oldest dead letters beyond `most`; how many.
  PATCHBAY_DECL std::size_t drop_dead_letters(std::size_t most) noexcept;

  [[nodiscard]] PATCHBAY_DECL std::vector<OpenIntent> open_intents() const;
  /// Those that wait for recovery: of one interaction, or of all when none is named.
  [[nodiscard]] PATCHBAY_DECL std::vector<OpenIntent> unresolved_intents(std::string_view interaction) const;
  [[nodiscard]] PATCHBAY_DECL std::vector<BelievedHold> believed_holds() const;
  [[nodiscard]] PATCHBAY_DECL std::optional<BelievedHold> believed_hold(std::string_view interaction) const;
  [[nodiscard]] PATCHBAY_DECL bool unresolved(std::string_view interaction) const noexcept;
  [[nodiscard]] const Intents& intents() const noexcept { return intents_; }
  [[nodiscard]] const Holds& holds() const noexcept { return holds_; }
  [[nodiscard]] const Deliveries& deliveries() const noexcept { return deliveries_; }
  [[nodiscard]] const Deliveries& dead_letters() const noexcept { return dead_; }
  /// Webhooks that are due, and those of open intents.
  [[nodiscard]] std::size_t promised_deliveries() const noexcept { return deliveries_.size() + promised_; }
  /// Of texts in intents and webhooks.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] PATCHBAY_DECL static std::size_t bytes_of(const IntentRecord& record) noexcept;
  [[nodiscard]] PATCHBAY_DECL static std::size_t bytes_of(const JournalDelivery& delivery) noexcept;

  // As a checkpoint has it.
  PATCHBAY_DECL void restore(Intents intents, Holds holds, Deliveries deliveries, Deliveries dead);

 private:
  /// What an open intent adds to what is believed of its interaction, in the order of intents.
  PATCHBAY_DECL static void believe(std::optional<BelievedHold>& known, const IntentRecord& record);
  PATCHBAY_DECL void commit_end(Change& change) noexcept;
  PATCHBAY_DECL void close(Intents::iterator intent) noexcept;

  Intents intents_;
  Index by_interaction_;  // of intents
  Holds holds_;
  Deliveries deliveries_, dead_;
  std::size_t promised_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/journal/impl/state.ipp>
#endif
