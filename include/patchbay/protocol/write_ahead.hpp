// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

#include <patchbay/journal/journal.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/protocol.hpp>
#include <patchbay/protocol/single_flight.hpp>  // QueuePlace

// What the protocols of both doors do with the journal (invariant I16): nothing that can change something is sent
// before its intent is on the disk, and every intent gets one terminal.
namespace patchbay {

/// Waits until everything up to `position` is durable, at most until `limit`. What follows must not be sent when this
/// fails: `journal_failed`, `deadline_exceeded`, or `cancelled`.
inline Protocol<Result<void>> await_durable(Operation& operation, Journal& journal, JournalPosition position,
                                            SteadyTime limit) {
  Waiter waiter(operation);
  const auto forget = [&journal, &waiter]() noexcept { journal.forget(waiter); };
  const QueuePlace place(forget);
  Durability known = journal.wait(position, waiter);
  bool cancelled = false;
  if (known == Durability::pending) {
    WaitEffect wait(waiter, limit);
    co_await wait;
    cancelled = wait.cancelled;
    known = journal.durability(position);
  }
  if (known == Durability::durable) co_return Result<void>{};
  if (known == Durability::failed)
    co_return fail(ErrorCode::journal_failed,
                   "the journal cannot keep what is about to be done: " + journal.last_error());
  if (cancelled) co_return fail(ErrorCode::cancelled, "cancelled while the journal was written");
  co_return fail(ErrorCode::deadline_exceeded, "the deadline passed before the journal was written");
}

namespace detail {

/// Nobody will write the terminal of an intent whose operation is gone without a word.
inline void leave_intent(Journal& journal, std::uint64_t position) noexcept { journal.abandon(position); }

}  // namespace detail

/// Appends the intent of `operation`, which has none, and keeps its place. Not durable yet.
[[nodiscard]] inline Result<JournalPosition> append_intent(IntentTicket& ticket, Journal& journal,
                                                           const IntentRecord& record) {
  Result<JournalPosition> place = journal.intent(record);
  if (place) ticket.hold(journal, *place, &detail::leave_intent);
  return place;
}

/// Writes the terminal of an intent, if `ticket` has one. False when the journal did not take it: the intent stays open
/// then, for recovery. The place of the terminal is left in `at`.
inline bool write_terminal(IntentTicket& ticket, Journal& journal, const EndRecord& end, JournalPosition& at) noexcept {
  const JournalPosition intent = ticket.position();
  if (intent == 0) return true;
  bool taken = false;
  guarded([&] {
    const Result<JournalPosition> place = journal.terminal(intent, end);
    taken = place.has_value();
    if (taken) at = *place;
  });
  if (taken) {
    ticket.take();
  } else {
    ticket.leave();
  }
  return taken;
}

}  // namespace patchbay
