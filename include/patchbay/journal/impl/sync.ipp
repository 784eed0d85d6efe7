// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/journal/frame.hpp>
#include <patchbay/journal/journal.hpp>

// How records reach the disk. One at a time is the *leader*: it syncs what there is, for all who wait, and begins the
// next segment when the present one is full. A sync is done without the lock, so that records are appended meanwhile;
// they wait for the next one.
namespace patchbay {

PATCHBAY_DECL Durability Journal::durability_of(JournalPosition position) const noexcept {
  if (position <= status_.synced) return Durability::durable;
  if (status_.closed_for_good) return Durability::failed;
  if (options_.sync.kind() != JournalSync::Kind::each && position <= status_.appended) return Durability::durable;
  return Durability::pending;
}

PATCHBAY_DECL Durability Journal::durability(JournalPosition position) const {
  const std::lock_guard lock(mutex_);
  return durability_of(position);
}

PATCHBAY_DECL Result<void> Journal::sync_until(JournalPosition position) {
  Lock lock(mutex_);
  if (position > status_.appended) return fail(ErrorCode::invalid_argument, "journal: no record has that position");
  for (;;) {
    const Durability now = durability_of(position);
    if (now == Durability::durable) return {};
    if (now == Durability::failed) return fail(refusal("the journal is closed for good: "));
    if (leading_) {
      synced_changed_.wait(lock);
    } else {
      leading_ = true;
      lead(lock);
    }
  }
}

PATCHBAY_DECL Result<void> Journal::flush() {
  Lock lock(mutex_);
  const JournalPosition position = status_.appended;
  while (status_.synced < position) {
    if (status_.closed_for_good) return fail(refusal("the journal is closed for good: "));
    if (leading_) {
      synced_changed_.wait(lock);
    } else {
      leading_ = true;
      lead(lock);
    }
  }
  return {};
}

PATCHBAY_DECL Durability Journal::wait(JournalPosition position, Waiter& waiter) {
  Lock lock(mutex_);
  Durability now = durability_of(position);
  if (now != Durability::pending) return now;
  if (!options_.run_sync && !leading_) {
    leading_ = true;
    lead(lock);
    now = durability_of(position);
    if (now != Durability::pending) return now;
  }
  waiter.next = queued_;
  queued_ = &waiter;
  kick(lock);
  // It may be woken already, by a sync that was quick: then it finds its answer when it asks again.
  return Durability::pending;
}

PATCHBAY_DECL void Journal::forget(Waiter& waiter) noexcept {
  const std::lock_guard lock(mutex_);
  for (Waiter** queue : {&queued_, &covered_}) {
    for (Waiter** place = queue; *place; place = &(*place)->next) {
      if (*place != &waiter) continue;
      *place = std::exchange(waiter.next, nullptr);
      return;
    }
  }
}

PATCHBAY_DECL void Journal::release(Waiter*& queue) noexcept {
  Waiter* each = std::exchange(queue, nullptr);
  while (each) {
    Waiter* const next = std::exchange(each->next, nullptr);
    each->wake();  // the last touch: it may be gone as soon as the lock is given up
    each = next;
  }
}

/// After a record was appended: what is due by the policy or by the segment's size.
PATCHBAY_DECL void Journal::after_append(Lock& lock) {
  bool due = rotation_due();
  if (options_.sync.kind() == JournalSync::Kind::interval) {
    const SteadyTime now = options_.now();
    if (last_sync_ == SteadyTime{}) last_sync_ = now;
    if (now - last_sync_ >= options_.sync.span()) {
      last_sync_ = now;
      due = true;
    }
  }
  if (!due || leading_) return;  // the leader looks when it is done
  if (options_.run_sync) return kick(lock);
  leading_ = true;
  lead(lock);
}

/// Sees to it that somebody leads, on the client's thread if there is one for it.
PATCHBAY_DECL void Journal::kick(Lock& lock) noexcept {
  if (leading_ || scheduled_ || status_.closed_for_good) return;
  if (options_.run_sync) {
    scheduled_ = true;
    lock.unlock();
    const bool calm = guarded([this] {
      options_.run_sync([self = shared_from_this()] {
        Lock mine(self->mutex_);
        self->scheduled_ = false;
        if (self->leading_) return;  // who leads serves the queue as well
        self->leading_ = true;
        self->lead(mine);
      });
    });
    lock.lock();
    if (calm) return;
    scheduled_ = false;
    if (leading_) return;
  }
  leading_ = true;
  lead(lock);
}

/// Leads until nobody stands in the queue or, where the client runs syncs, for one: who blocks is not to serve others
/// for ever. Whoever calls it has set `leading_`.
PATCHBAY_DECL void Journal::lead(Lock& lock) noexcept {
  do {
    covered_ = std::exchange(queued_, nullptr);
    sync_present(lock);
    if (!status_.closed_for_good && rotation_due()) rotate();
    release(covered_);
    synced_changed_.notify_all();
  } while (queued_ && !status_.closed_for_good && !options_.run_sync);
  if (status_.closed_for_good) release(queued_);
  leading_ = false;
  synced_changed_.notify_all();
  if (queued_) kick(lock);
}

PATCHBAY_DECL void Journal::sync_present(Lock& lock) noexcept {
  const JournalPosition target = status_.appended;
  if (target == status_.synced || status_.closed_for_good) return;
  const std::uint64_t segment = segments_.back().number;
  std::optional<StorageError> error;
  bool synced = false;
  lock.unlock();
  guarded([&] {
    auto done = storage_->sync(segment);
    synced = done.has_value();
    if (!synced) error = std::move(done.error());
  });
  lock.lock();
  ++status_.syncs;
  if (synced) {
    status_.synced = target;  // even when a write has closed the journal since: these are on the disk
  } else {
    die("a sync failed", error ? &*error : nullptr);
  }
}

PATCHBAY_DECL void Journal::die(std::string_view what, const StorageError* error) noexcept {
  if (!status_.closed_for_good) note(what, error);
  status_.closed_for_good = true;
  // A leader that is under way wakes those whom it covers: they may turn out to be served.
  if (!leading_) release(covered_);
  release(queued_);
  synced_changed_.notify_all();
}

PATCHBAY_DECL bool Journal::rotation_due() const noexcept { return segments_.back().bytes >= rotate_at_; }

/// Begins the next segment. Under the lock: no record may go to the old one once the new one's checkpoint is made. The
/// old one is complete on the disk before the new one has its first byte, so that only the last segment can have a torn
/// end.
PATCHBAY_DECL void Journal::rotate() noexcept {
  std::optional<StorageError> error;
  bool synced = status_.synced == status_.appended;
  if (!synced) {
    guarded([&] {
      auto done = storage_->sync(segments_.back().number);
      synced = done.has_value();
      if (!synced) error = std::move(done.error());
    });
    ++status_.syncs;
    if (!synced) return die("a sync failed", error ? &*error : nullptr);
    status_.synced = status_.appended;
  }
  bool begun = false;
  guarded([&] { begun = begin_segment(segments_.back().number + 1).has_value(); });
  if (!begun) {
    // The present one goes on; another try when it has grown by a quarter of a segment.
    ++status_.rotation_failures;
    rotate_at_ = segments_.back().bytes + options_.segment_bytes / 4;
    return;
  }
  ++status_.rotations;
  trim();
}

/// Makes a segment that begins with a checkpoint of all that is open, and goes on in it. On an error the journal goes
/// on in the present one, or is closed for good.
PATCHBAY_DECL Result<void> Journal::begin_segment(std::uint64_t number) {
  std::string payload, frame;
  detail::append_checkpoint(payload, state_);
  const JournalPosition position = status_.appended + 1;
  detail::append_frame(frame, JournalKind::checkpoint, position, status_.synced, payload);
  segments_.reserve(segments_.size() + 1);
  std::optional<StorageError> error;
  bool done = false;
  const auto attempt = [&](auto&& what) {
    done = false;
    error.reset();
    guarded([&] {
      auto result = what();
      done = result.has_value();
      if (!done) error = std::move(result.error());
    });
    return done;
  };
  const bool named = attempt([&] { return storage_->create(number); });
  const bool written = named && attempt([&] { return storage_->append(number, frame); });
  if (!written) {
    const bool full = error && error->fault == StorageFault::full;
    const std::optional<StorageError> first = std::move(error);
    const StorageError* const reason = first ? &*first : nullptr;
    // A new segment that stayed would make the present one an old one, which may have no torn end. One that is not
    // there is as good as one that was removed.
    const bool gone =
        attempt([&] { return storage_->remove(number); }) || (error && error->fault == StorageFault::missing);
    if (!full || !gone) {
      die("the next segment could not be begun", reason);
    } else {
      status_.full = true;
      note("there is no room for the next segment", reason);
    }
    return fail(refusal("the next segment could not be begun: "));
  }
  if (!attempt([&] { return storage_->sync(number); })) {
    die("a sync failed", error ? &*error : nullptr);
    return fail(refusal("the next segment could not be begun: "));
  }
  segments_.push_back({number, frame.size()});
  status_.bytes += frame.size();
  status_.appended = status_.synced = position;
  ++status_.syncs;
  ++status_.records;
  // A large checkpoint is followed by as much again, so that rotation costs no more than what it rotates.
  rotate_at_ = frame.size() + std::max<std::uint64_t>(options_.segment_bytes, frame.size());
  return {};
}

/// Removes the oldest segments beyond the bounds. One that cannot be removed is tried again at the next rotation.
PATCHBAY_DECL void Journal::trim() noexcept {
  while (segments_.size() > 1 && (segments_.size() - 1 > options_.keep_segments ||
                                  status_.bytes + options_.segment_bytes > options_.max_bytes)) {
    bool gone = false;
    guarded([&] {
      const auto removed = storage_->remove(segments_.front().number);
      gone = removed.has_value() || removed.error().fault == StorageFault::missing;
    });
    if (!gone) return;
    status_.bytes -= segments_.front().bytes;
    segments_.erase(segments_.begin());
  }
}

}  // namespace patchbay
