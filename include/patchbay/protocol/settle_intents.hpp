// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/journal.hpp>
#include <patchbay/recovery_report.hpp>

// What the recovery of transitions and that of hold commands have in common.
namespace patchbay::detail {

/// What waits for recovery and `wanted(const IntentRecord&)` says to be looked at: of one interaction, or of all when
/// none is named; oldest first.
template <class Wanted>
[[nodiscard]] std::vector<OpenIntent> unsettled(const Journal& journal, std::string_view interaction, Wanted wanted) {
  std::vector<OpenIntent> open = journal.unresolved_intents(interaction);
  std::erase_if(open, [&](const OpenIntent& each) { return !wanted(each.record); });
  return open;
}
[[nodiscard]] inline std::vector<OpenIntent> unsettled_transitions(const Journal& journal,
                                                                   std::string_view interaction = {}) {
  return unsettled(journal, interaction,
                   [](const IntentRecord& record) { return record.action == JournalAction::transition; });
}
[[nodiscard]] inline std::vector<OpenIntent> unsettled_commands(const Journal& journal,
                                                                std::string_view interaction = {}) {
  return unsettled(journal, interaction,
                   [](const IntentRecord& record) { return record.action != JournalAction::transition; });
}

/// Writes how an intent ended. False when somebody else was quicker, as another recovery, an operation on the
/// interaction, or a late acknowledgement may be while the interaction is read: then there is nothing left to be said
/// of it.
[[nodiscard]] inline Result<bool> settle_intent(Journal& journal, const OpenIntent& intent, const EndRecord& end,
                                                JournalPosition& at) {
  const Result<JournalPosition> place = journal.recovered(intent.position, end);
  if (place) {
    at = *place;
    return true;
  }
  if (place.error().code() == ErrorCode::invalid_argument && !journal.open_intent(intent.position)) return false;
  return fail(place.error());
}

inline void stay_open(RecoveryReport& report, const OpenIntent& intent, std::string why) {
  UnsettledOperation& open = report.open.emplace_back();
  open.position = intent.position;
  open.operation = intent.record.operation;
  open.interaction = intent.record.interaction;
  open.why = std::move(why);
}

/// Counts what has become of an intent.
inline void count_settled(RecoveryReport& report, Outcome outcome) noexcept {
  ++(outcome == Outcome::applied       ? report.applied
     : outcome == Outcome::not_applied ? report.not_applied
                                       : report.given_up);
}

}  // namespace patchbay::detail
