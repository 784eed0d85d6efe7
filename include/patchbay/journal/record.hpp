// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/error.hpp>
#include <patchbay/time.hpp>

// What a journal holds. Texts may hold what the audit may hold, and webhooks' bodies hold customers' variables: the
// folder is readable by its owner alone. No record holds credentials.
namespace patchbay {

/// A record's place in the journal: its sequence number, from 1 and without a gap. 0 is none. An intent and a delivery
/// are called by the place of the record that began them.
using JournalPosition = std::uint64_t;

enum class JournalKind : std::uint8_t {
  checkpoint = 1,  ///< The first record of every segment: all that is open, so that earlier segments can be removed.
  intent,          ///< An operation is about to have a side effect.
  amendment,       ///< The same operation is about to try against another version of the interaction.
  terminal,        ///< How an intent ended in the process that began it; at most one for each.
  recovery,        ///< How an intent ended that had no terminal, or one of `unknown`; at most one for each.
  hold_changed,    ///< Who is on hold, learned in another way than by an operation's end.
  delivery,        ///< A webhook that is to be delivered, apart from those that terminals and recoveries begin.
  delivery_done,   ///< It was delivered.
  dead_letter,     ///< It was given up.
  redrive,         ///< It is tried again after all.
  audit,           ///< A line of the audit: an attempt, or an operation's end.
};

enum class JournalAction : std::uint8_t { transition, hold, unhold };

[[nodiscard]] constexpr std::string_view to_string(JournalKind kind) noexcept {
  switch (kind) {
    case JournalKind::checkpoint: return "checkpoint";
    case JournalKind::intent: return "intent";
    case JournalKind::amendment: return "amendment";
    case JournalKind::terminal: return "terminal";
    case JournalKind::recovery: return "recovery";
    case JournalKind::hold_changed: return "hold_changed";
    case JournalKind::delivery: return "delivery";
    case JournalKind::delivery_done: return "delivery_done";
    case JournalKind::dead_letter: return "dead_letter";
    case JournalKind::redrive: return "redrive";
    case JournalKind::audit: return "audit";
  }
  return "audit";
}

[[nodiscard]] constexpr std::string_view to_string(JournalAction action) noexcept {
  switch (action) {
    case JournalAction::transition: return "transition";
    case JournalAction::hold: return "hold";
    case JournalAction::unhold: return "unhold";
  }
  return "transition";
}

/// "This is about to be sent": what recovery needs in order to find out whether it was done.
class IntentRecord {
 public:
  IntentRecord() = default;
  JournalAction action = JournalAction::transition;
  WallTime at{};            ///< When it is about to be sent; to the microsecond.
  std::string operation;    ///< The transition or correlation id.
  std::string interaction;
  /// Where it goes, in the dialect's words (`PlacedDialect`): what a transition's version and prior id are of, or whose hold
  /// it is. Empty where an interaction is written at one place alone, and in journals that are older than this member.
  std::string place;
  // Of transitions.
  std::string from, to;
  std::string flow, flow_version;
  std::string etag;              ///< The version that the write is locked with; see `Journal::amend`.
  std::string prior_transition;  ///< The transition id that the interaction held then; empty when it held none.
  /// The body of the webhook that its success is to be followed by; empty when there is none. A terminal or recovery
  /// with `deliver` queues it.
  std::string webhook;
  std::string detail;       ///< What the caller wants to know it by again: the request's label.
};

/// How an intent ended: the terminal of the process that began it, or the recovery of a later one.
class EndRecord {
 public:
  EndRecord() = default;
  explicit EndRecord(Outcome outcome_in, WallTime at_in = {}) noexcept : outcome(outcome_in), at(at_in) {}
  Outcome outcome = Outcome::not_applied;
  WallTime at{};
  bool deliver = false;  ///< Queue the intent's webhook, in this same record: neither is there without the other.
  std::string_view error_code;  ///< `to_string` of an ErrorCode; empty when applied.
  std::string_view resolved_by; ///< `answer`, `state`, `fence`, ...; in a few words, by whoever resolved it.
  std::string webhook;          ///< With `deliver`: the body, when it is not the intent's.
  std::string message;          ///< For people.
  std::string audit;            ///< The operation's line of the audit, as `append_json` writes it; may be empty.
};

/// An intent that is open, or whose terminal said `unknown`.
class OpenIntent {
 public:
  OpenIntent() = default;
  JournalPosition position = 0;
  IntentRecord record;       ///< As amended.
  int amendments = 0;
  bool unknown = false;      ///< It has a terminal, which says `unknown`.
  /// It was applied, as its own operation knew, and the disk had no room for the terminal. This process alone remembers
  /// that, until `recovered` writes it.
  bool applied = false;
  /// No terminal is to be expected of anyone: an earlier process began it, or its operation is gone
  /// (`Journal::abandon`).
  bool orphaned = false;
  /// A later command on the interaction was to undo it: the state that it did not want says nothing of it any more.
  bool overtaken = false;
};

/// An interaction that may be on hold.
class BelievedHold {
 public:
  BelievedHold() = default;
  std::string interaction;
  std::string operation;     ///< The hold's correlation id; empty when it was learned otherwise.
  std::string place;         ///< Whose hold it is; see `IntentRecord::place`.
  WallTime since{};          ///< When the first hold that may have done it was sent.
  bool confirmed = true;     ///< False: a hold, or an unhold, of it is open or unknown.
  /// Of the newest hold's intent, or change of hold, that says so. 0: only commands that are open do.
  JournalPosition position = 0;
};

/// A webhook on its way.
class JournalDelivery {
 public:
  JournalDelivery() = default;
  JournalPosition position = 0;  ///< Deliveries of one interaction go in the order of these.
  std::string event;             ///< The event's id: the transition id.
  std::string interaction;
  std::string body;
  WallTime queued_at{};
};

}  // namespace patchbay
