// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <memory>
#include <utility>

#include <patchbay/driver/hold_pump.hpp>

// What a door whose calls block owes by itself where holds travel as requests: its own releases and readings, which whoever
// serves the channel runs one at a time.
namespace patchbay {

/// In an operation's own wait (which leaves errands no time of their own) only a release that has time enough.
PATCHBAY_DECL bool HoldPump::release_may_run(SteadyTime until, Duration least) {
  if (errands_run_ || !outbox_.owes_releases()) return false;
  return least > Duration::zero() || after(now(), shortest_errand) <= until;
}
/// A reading only while the watchdog has nothing to say soon; never put off twice in a row, or where it has always something
/// to say nothing would be read.
PATCHBAY_DECL bool HoldPump::look_may_run(SteadyTime until, Duration least) {
  if (errands_run_ || least == Duration::zero() || !outbox_.owes_looks()) return false;
  if (now() >= until || outbox_.looks_from() > now()) return false;
  return look_is_late_ || after(now(), shortest_errand) <= hub_->session().next_deadline();
}
PATCHBAY_DECL void HoldPump::run_errand(Lock& lock, SteadyTime until, Duration least) {
  const bool releases = release_may_run(until, least), looks = look_may_run(until, least);
  if (over() || (!releases && !looks)) return;
  std::unique_ptr<HoldErrand> errand;
  errands_run_ = errand_was_last_ = true;
  bool begun = false, done = false, cut = false, lacked_time = false;
  const SteadyTime from = now();
  SteadyTime limit = std::max(until, after(now(), least));
  guarded([&] {
    // A reading not in place of a release that need not be sent any more: the wait may be a caller's own.
    errand = outbox_.next_errand(releases ? 1 : 0, looks ? 1 : 0);
    if (!errand) return;
    const SteadyTime whole = after(now(), errand->time(*context_));
    if (errand->kind() == HoldErrand::Kind::look) {
      limit = std::min(limit, std::max(hub_->session().next_deadline(), after(now(), shortest_errand)));
    } else {
      limit = std::min(limit, after(now(), context_->settings->attempt_timeout));  // it is not the only one
    }
    cut = limit < whole;
    const auto lease = pool_->take();
    BlockingOperation& operation = *lease;
    operation.waits = this;
    errand->begin(operation, *context_, *random_, limit);
    outbox_.errand_begun(*errand);
    begun = true;
    lock.unlock();
    Result<HoldResult> result = operation.run(errand->run(operation, *context_));
    done = result.has_value();
    // A release that fails sooner is asked for again later, by the watchdog or by the session to which it is owed.
    const bool late = now() - from >= (limit - from) / 2;
    const bool reads = errand->kind() == HoldErrand::Kind::look;
    lacked_time = !done && (reads ? category(result.error().code()) >= ErrorCategory::incomplete : late);
    errand->settle(operation, *context_, result);
    errand->tell(*context_);
  });
  if (!lock.owns_lock()) lock.lock();
  errands_run_ = false;
  if (errand && begun && errand->kind() == HoldErrand::Kind::look) {
    look_is_late_ = cut && !done;
    if (!done && !(cut && lacked_time)) guarded([&] { outbox_.look_failed(*errand, now()); });
  }
  if (!begun && errand) {
    // Memory ran out, perhaps for a while.
    lock.unlock();
    guarded([&] { policies_->sleep_until(std::min(until, after(now(), milliseconds{10}))); });
    lock.lock();
  } else if (cut && lacked_time) {
    guarded([&] { outbox_.owe_again(*errand, limit); });
  }
  // Whoever leads by now may sleep until its own next deadline.
  if (!led_ || (!outbox_.owes_releases() && !outbox_.owes_looks())) return;
  lock.unlock();
  wake_up();
  lock.lock();
}

}  // namespace patchbay
