// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace patchbay::testing::simulation {

/// Rare states that a campaign must reach, or it has not looked where the errors are.
enum class Rare : std::uint8_t {
  late_ack_settles_unknown,    ///< An answer came to a command whose outcome had been told as unknown.
  stale_after_conflict,        ///< A write met a conflict, and the operation ended as stale.
  success_after_conflict,      ///< A write met a conflict, and the operation was applied after all.
  error_after_apply_resolved,  ///< A write was applied and answered with a 5xx, and was known as applied in the end.
  lost_answer_resolved,        ///< The same with a connection that broke.
  token_replaced_between_attempts,  ///< A write was tried again with another token, and no 401 came in between.
  replayed_after_401,
  watchdog_released,  ///< A door released by itself.
  watchdog_escalated,
  queue_full,
  two_controllers,        ///< Two processes' commands were carried out on one interaction.
  two_writers,            ///< And writes.
  cancelled_after_write,  ///< A work was cancelled while its write was under way.
  breaker_opened,
  breaker_closed_again,
  retry_budget_spent,
  hold_superseded,            ///< By a release.
  reconnected_with_commands,  ///< A channel ended with unanswered commands, and another was opened.
  accept_then_close,
  channel_refused,  ///< For good.
  webhook_redelivered,
  remembered_version_used,  ///< A write with a version that only an earlier write's answer had shown.
  one_write_several_moves,
  duplicate_answer,
  foreign_answer,  ///< It names a command rightly by its id, and nothing else.
  command_refused,
  held_already,
  unknown_applied_later,    ///< A transition was applied after its outcome had been told as unknown.
  request_outlived_sender,  ///< A write arrived when its sender had given it up.
  repeated_write_refused,   ///< By the lock: it had been applied.
  waited_for_retry_after,   ///< A write was told to wait, and was applied later.
  closed_while_held,        ///< An interaction ended on hold.
  crashed_with_holds,
  crashed_with_writes,  ///< Under way.
  destroyed_with_works,
  clock_gap,
  flow_confirmed,  ///< By a 304.
  restarted,
  hold_limit_refused,  ///< A late release, where the settings want that.
  // These need holds that travel as requests.
  hold_shown_by_event,    ///< And so known to be done.
  hold_shown_by_reading,
  released_over_a_hold,   ///< A release left while the request of a hold was under way.
  release_sent_again,     ///< Behind a hold that it had overtaken on its way.
  others_hold_heard_of,   ///< By an event.
  others_release_heard_of,
  closing_announced,      ///< To a process with a command under way.
  handed_over,            ///< A second connection took the place of one that was open.
  channel_made_anew,
  hold_refused_by_code,
  done_after_the_end,     ///< A hold or a release was done when its caller had been told that nobody knows.
  doubt_ended_by_reading, ///< A hold that was in doubt was read not to be there, when no fault struck any more.
  held_by_another_party,  ///< An event showed another party on hold than the one that is meant.
  // These need a journal.
  crashed_before_sending,  ///< An intent was durable, and nothing had left.
  unknown_resolved,        ///< By recovery.
  journal_read_back,
};
inline constexpr std::size_t rare_count = static_cast<std::size_t>(Rare::journal_read_back) + 1;

/// How often each was reached; counts of several runs can be added.
class Sometimes {
 public:
  static constexpr std::array<std::string_view, rare_count> names{"late_ack_settles_unknown",
                                                                  "stale_after_conflict",
                                                                  "success_after_conflict",
                                                                  "error_after_apply_resolved",
                                                                  "lost_answer_resolved",
                                                                  "token_replaced_between_attempts",
                                                                  "replayed_after_401",
                                                                  "watchdog_released",
                                                                  "watchdog_escalated",
                                                                  "queue_full",
                                                                  "two_controllers",
                                                                  "two_writers",
                                                                  "cancelled_after_write",
                                                                  "breaker_opened",
                                                                  "breaker_closed_again",
                                                                  "retry_budget_spent",
                                                                  "hold_superseded",
                                                                  "reconnected_with_commands",
                                                                  "accept_then_close",
                                                                  "channel_refused",
                                                                  "webhook_redelivered",
                                                                  "remembered_version_used",
                                                                  "one_write_several_moves",
                                                                  "duplicate_answer",
                                                                  "foreign_answer",
                                                                  "command_refused",
                                                                  "held_already",
                                                                  "unknown_applied_later",
                                                                  "request_outlived_sender",
                                                                  "repeated_write_refused",
                                                                  "waited_for_retry_after",
                                                                  "closed_while_held",
                                                                  "crashed_with_holds",
                                                                  "crashed_with_writes",
                                                                  "destroyed_with_works",
                                                                  "clock_gap",
                                                                  "flow_confirmed",
                                                                  "restarted",
                                                                  "hold_limit_refused",
                                                                  "hold_shown_by_event",
                                                                  "hold_shown_by_reading",
                                                                  "released_over_a_hold",
                                                                  "release_sent_again",
                                                                  "others_hold_heard_of",
                                                                  "others_release_heard_of",
                                                                  "closing_announced",
                                                                  "handed_over",
                                                                  "channel_made_anew",
                                                                  "hold_refused_by_code",
                                                                  "done_after_the_end",
                                                                  "doubt_ended_by_reading",
                                                                  "held_by_another_party",
                                                                  "crashed_before_sending",
                                                                  "unknown_resolved",
                                                                  "journal_read_back"};

  void reach(Rare state) noexcept { ++counts_[static_cast<std::size_t>(state)]; }
  [[nodiscard]] std::uint64_t operator[](Rare state) const noexcept { return counts_[static_cast<std::size_t>(state)]; }
  [[nodiscard]] std::uint64_t count(std::size_t i) const noexcept { return counts_[i]; }
  Sometimes& operator+=(const Sometimes& other) noexcept {
    for (std::size_t i = 0; i < rare_count; ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  /// For merging what other processes counted.
  void add(std::size_t i, std::uint64_t count) noexcept { counts_[i] += count; }
  /// Whether a campaign on the real platform must reach it as well: it needs no command that a message answers, no version in
  /// the answer to a write, and no flow that can be confirmed.
  [[nodiscard]] static constexpr bool on_platform(std::size_t i) noexcept {
    constexpr std::array elsewhere{Rare::late_ack_settles_unknown, Rare::two_controllers,  Rare::reconnected_with_commands,
                                   Rare::remembered_version_used,  Rare::duplicate_answer, Rare::foreign_answer,
                                   Rare::command_refused,          Rare::closed_while_held, Rare::crashed_with_holds,
                                   Rare::channel_refused,          Rare::flow_confirmed};
    for (const Rare each : elsewhere)
      if (static_cast<std::size_t>(each) == i) return false;
    return true;
  }
  /// Whether one of the documents' dialect must.
  [[nodiscard]] static constexpr bool on_interactions(std::size_t i) noexcept {
    return i < static_cast<std::size_t>(Rare::hold_shown_by_event) || needs_journal(i);
  }
  /// Whether a campaign without a journal must reach it as well.
  [[nodiscard]] static constexpr bool needs_journal(std::size_t i) noexcept {
    return i >= static_cast<std::size_t>(Rare::crashed_before_sending);
  }

 private:
  std::array<std::uint64_t, rare_count> counts_{};
};

}  // namespace patchbay::testing::simulation
