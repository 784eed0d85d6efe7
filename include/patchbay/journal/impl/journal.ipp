// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/frame.hpp>
#include <patchbay/journal/journal.hpp>

namespace patchbay {

namespace detail {

/// The result of `call`, or `internal` when memory ran out in it. When there is none left for the error either the
/// program ends, since its caller would take a record for written.
template <class Call>
auto contained(Call&& call) noexcept -> decltype(call()) {
  decltype(call()) result{};
  const bool calm = guarded([&] { result = call(); });
  if (calm) return result;
  if (!guarded([&] { result = fail(ErrorCode::internal, "the journal: memory ran out"); }))
    result = fail(ErrorCode::internal, "");
  return result;
}

}  // namespace detail

PATCHBAY_DECL Result<std::shared_ptr<Journal>> Journal::open(std::shared_ptr<JournalStorage> storage,
                                                             JournalOptions options) {
  if (!storage) return fail(ErrorCode::invalid_settings, "journal: the storage is empty");
  if (auto fine = options.check(); !fine) return fail(std::move(fine.error()));
  std::shared_ptr<Journal> journal(new Journal(std::move(storage), std::move(options)));
  if (auto done = journal->recover(); !done) return fail(std::move(done.error()));
  return journal;
}

PATCHBAY_DECL Result<JournalPosition> Journal::intent(const IntentRecord& record) {
  return detail::contained([&] {
    detail::JournalEntry entry(JournalKind::intent);
    entry.intent = record;
    return add(std::move(entry));
  });
}

PATCHBAY_DECL Result<JournalPosition> Journal::amend(JournalPosition intent, std::string_view etag,
                                                     std::string_view from, std::string_view prior_transition,
                                                     std::string_view flow_version, std::string_view place) {
  return detail::contained([&] {
    detail::JournalEntry entry(JournalKind::amendment, intent);
    entry.intent.etag = etag;
    entry.intent.from = from;
    entry.intent.prior_transition = prior_transition;
    entry.intent.flow_version = flow_version;
    entry.intent.place = place;
    return add(std::move(entry));
  });
}

namespace detail {

[[nodiscard]] inline JournalEntry entry_of(JournalKind kind, JournalPosition intent, const EndRecord& end) {
  JournalEntry entry(kind, intent);
  entry.outcome = end.outcome;
  entry.at = end.at;
  entry.deliver = end.deliver;
  entry.error_code = end.error_code;
  entry.resolved_by = end.resolved_by;
  entry.message = end.message;
  entry.audit = end.audit;
  if (end.deliver) entry.delivery.body = end.webhook;
  return entry;
}

}  // namespace detail

PATCHBAY_DECL Result<JournalPosition> Journal::terminal(JournalPosition intent, const EndRecord& end) {
  auto added = detail::contained([&] { return add(detail::entry_of(JournalKind::terminal, intent, end)); });
  if (!added && end.outcome == Outcome::applied) {
    const std::lock_guard lock(mutex_);
    state_.remember_applied(intent);
  }
  return added;
}

PATCHBAY_DECL Result<JournalPosition> Journal::recovered(JournalPosition intent, const EndRecord& end) {
  return detail::contained([&] { return add(detail::entry_of(JournalKind::recovery, intent, end)); });
}

PATCHBAY_DECL void Journal::abandon(JournalPosition intent) noexcept {
  const std::lock_guard lock(mutex_);
  state_.abandon(intent);
}

PATCHBAY_DECL Result<JournalPosition> Journal::hold_changed(std::string_view interaction, bool held, WallTime since,
                                                            std::string_view place) {
  return detail::contained([&] {
    detail::JournalEntry entry(JournalKind::hold_changed);
    entry.interaction = interaction;
    entry.held = held;
    entry.at = since;
    entry.place = place;
    return add(std::move(entry));
  });
}

PATCHBAY_DECL Result<JournalPosition> Journal::deliver(const JournalDelivery& delivery) {
  return detail::contained([&] {
    detail::JournalEntry entry(JournalKind::delivery);
    entry.delivery = delivery;
    return add(std::move(entry));
  });
}

PATCHBAY_DECL Result<JournalPosition> Journal::delivered(JournalPosition delivery, WallTime at) {
  return detail::contained([&] {
    detail::JournalEntry entry(JournalKind::delivery_done, delivery);
    entry.at = at;
    return add(std::move(entry));
  });
}

PATCHBAY_DECL Result<JournalPosition> Journal::dead_letter(JournalPosition delivery, std::string_view why,
                                                           WallTime at) {
  return detail::contained([&] {
    detail::JournalEntry entry(JournalKind::dead_letter, delivery);
    entry.message = excerpt(why, audit_text_limit);
    entry.at = at;
    return add(std::move(entry));
  });
}

PATCHBAY_DECL Result<JournalPosition> Journal::redrive(JournalPosition delivery, WallTime at) {
  return detail::contained([&] {
    detail::JournalEntry entry(JournalKind::redrive, delivery);
    entry.at = at;
    return add(std::move(entry));
  });
}

PATCHBAY_DECL bool Journal::write(const AuditRecord& record) {
  const auto added = detail::contained([&] {
    detail::JournalEntry entry(JournalKind::audit);
    append_json(record, entry.audit);
    return add(std::move(entry));
  });
  return added.has_value();
}

PATCHBAY_DECL Result<JournalPosition> Journal::add(detail::JournalEntry entry) {
  const JournalKind kind = entry.kind;
  std::string payload;
  detail::append_payload(payload, entry);
  Lock lock(mutex_);
  const auto refuse = [this](Error error) {
    ++status_.refused;
    return fail(std::move(error));
  };
  if (status_.closed_for_good) return refuse(refusal("the journal is closed for good: "));
  make_room(entry);
  if (auto room = admit(entry, payload.size()); !room) return refuse(std::move(room.error()));
  const JournalPosition position = status_.appended + 1;
  // All memory first, so that a record is never on the disk without its effect here.
  auto change = state_.prepare(std::move(entry), position);
  if (!change) return refuse(std::move(change.error()));
  if (auto written = put(kind, payload); !written) return refuse(std::move(written.error()));
  state_.commit(std::move(*change));
  if (kind == JournalKind::dead_letter)
    status_.dead_letters_dropped += state_.drop_dead_letters(options_.max_dead_letters);
  // What follows may fail, but the record stands: it says so by `durability`.
  guarded([&] { after_append(lock); });
  return position;
}

/// What has been given up must not keep out what is to be done.
PATCHBAY_DECL void Journal::make_room(const detail::JournalEntry& entry) noexcept {
  if (entry.kind != JournalKind::intent && entry.kind != JournalKind::delivery) return;
  const std::size_t more =
      detail::JournalState::bytes_of(entry.intent) + detail::JournalState::bytes_of(entry.delivery);
  if (more <= options_.max_pending_bytes)
    status_.dead_letters_dropped += state_.drop_dead_letters_beyond(options_.max_pending_bytes - more);
}

/// Whether there is room for it, and its intent is whose it should be.
PATCHBAY_DECL Result<void> Journal::admit(const detail::JournalEntry& entry, std::size_t payload) const {
  const auto open = state_.intents().find(entry.about);
  const bool known = open != state_.intents().end();
  if (entry.kind == JournalKind::terminal && known && open->second.orphaned)
    return fail(ErrorCode::invalid_argument, "journal: that intent is orphaned: end it with `recovered`");
  if (entry.kind == JournalKind::recovery && known && !open->second.orphaned && !open->second.unknown)
    return fail(ErrorCode::invalid_argument,
                "journal: that intent is under way: end it with `terminal`, or abandon it");
  if (entry.kind != JournalKind::intent && entry.kind != JournalKind::delivery) return {};

  const auto full = [](const char* what) { return fail(ErrorCode::queue_full, what); };
  if (payload > options_.max_record_bytes)
    return fail(ErrorCode::payload_too_large, "journal: a record beyond max_record_bytes");
  const bool intent = entry.kind == JournalKind::intent;
  if (intent && state_.intents().size() >= options_.max_open_intents)
    return full("journal.max_open_intents: too many are open");
  if ((!intent || !entry.intent.webhook.empty()) && state_.promised_deliveries() >= options_.max_deliveries)
    return full("journal.max_deliveries: too many webhooks are due");
  const std::size_t more =
      intent ? detail::JournalState::bytes_of(entry.intent) : detail::JournalState::bytes_of(entry.delivery);
  if (state_.bytes() + more > options_.max_pending_bytes) return full("journal.max_pending_bytes: too much is open");
  if (status_.bytes + payload > options_.max_bytes) return full("journal.max_bytes: the segments cannot be made fewer");
  return {};
}

/// Puts one frame behind the present segment, whole or not at all.
PATCHBAY_DECL Result<void> Journal::put(JournalKind kind, std::string_view payload) {
  frame_.clear();
  detail::append_frame(frame_, kind, status_.appended + 1, status_.synced, payload);
  Segment& present = segments_.back();
  std::optional<StorageError> error;
  bool taken = false;
  const bool calm = guarded([&] {
    auto appended = storage_->append(present.number, frame_);
    taken = appended.has_value();
    if (!taken) error = std::move(appended.error());
  });
  if (calm && taken) {
    present.bytes += frame_.size();
    status_.bytes += frame_.size();
    ++status_.appended;
    ++status_.records;
    status_.full = false;
    return {};
  }
  const StorageError* const reason = error ? &*error : nullptr;
  if (calm && (!error || error->fault != StorageFault::full)) {
    die("writing failed", reason);
    return fail(refusal("the journal is closed for good: "));
  }
  // No room, or no memory: what there is of the record goes, so that the next one begins on clean ground.
  bool cut = false;
  guarded([&] { cut = storage_->truncate(present.number, present.bytes).has_value(); });
  if (!cut) {
    die("a record that was written in part could not be cut off", reason);
    return fail(refusal("the journal is closed for good: "));
  }
  if (!calm) return fail(ErrorCode::internal, "the journal: memory ran out");
  status_.full = true;
  note("there is no room", reason);
  return fail(refusal("the journal takes nothing at present: "));
}

PATCHBAY_DECL void Journal::note(std::string_view what, const StorageError* error) noexcept {
  guarded([&] {
    why_.assign(what);
    if (error) append_excerpt(why_.append(": "), error->reason, audit_text_limit);
  });
}

PATCHBAY_DECL Error Journal::refusal(std::string_view what) const {
  return Error(ErrorCode::journal_failed, std::string(what).append(why_));
}

PATCHBAY_DECL std::vector<OpenIntent> Journal::open_intents() const {
  const std::lock_guard lock(mutex_);
  return state_.open_intents();
}

PATCHBAY_DECL std::optional<OpenIntent> Journal::open_intent(JournalPosition intent) const {
  const std::lock_guard lock(mutex_);
  const auto open = state_.intents().find(intent);
  return open == state_.intents().end() ? std::nullopt : std::optional<OpenIntent>(open->second);
}

PATCHBAY_DECL std::vector<OpenIntent> Journal::unresolved_intents(std::string_view interaction) const {
  const std::lock_guard lock(mutex_);
  return state_.unresolved_intents(interaction);
}

PATCHBAY_DECL bool Journal::unresolved(std::string_view interaction) const {
  const std::lock_guard lock(mutex_);
  return state_.unresolved(interaction);
}

PATCHBAY_DECL std::vector<BelievedHold> Journal::holds() const {
  const std::lock_guard lock(mutex_);
  return state_.believed_holds();
}

PATCHBAY_DECL std::optional<BelievedHold> Journal::hold_of(std::string_view interaction) const {
  const std::lock_guard lock(mutex_);
  return state_.believed_hold(interaction);
}

PATCHBAY_DECL std::vector<JournalDelivery> Journal::deliveries(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<JournalDelivery> out;
  for (auto each = state_.deliveries().begin(); each != state_.deliveries().end() && out.size() < most; ++each)
    out.push_back(each->second);
  return out;
}

PATCHBAY_DECL std::vector<JournalDelivery> Journal::dead_letters() const {
  const std::lock_guard lock(mutex_);
  std::vector<JournalDelivery> out;
  for (const auto& [position, each] : state_.dead_letters()) out.push_back(each);
  return out;
}

PATCHBAY_DECL JournalStatus Journal::status() const {
  const std::lock_guard lock(mutex_);
  JournalStatus out = status_;
  out.segment = segments_.back().number;
  out.segments = segments_.size();
  out.open_intents = state_.intents().size();
  out.deliveries = state_.deliveries().size();
  out.dead_letters = state_.dead_letters().size();
  out.pending_bytes = state_.bytes();
  return out;
}

PATCHBAY_DECL std::string Journal::last_error() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

}  // namespace patchbay
