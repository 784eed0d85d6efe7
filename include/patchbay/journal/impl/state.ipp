// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/state.hpp>

namespace patchbay::detail {

PATCHBAY_DECL std::size_t JournalState::bytes_of(const IntentRecord& record) noexcept {
  return record.operation.size() + record.interaction.size() + record.from.size() + record.to.size() +
         record.flow.size() + record.flow_version.size() + record.etag.size() + record.place.size() +
         record.prior_transition.size() + record.webhook.size() + record.detail.size();
}
PATCHBAY_DECL std::size_t JournalState::bytes_of(const JournalDelivery& delivery) noexcept {
  return delivery.event.size() + delivery.interaction.size() + delivery.body.size();
}

PATCHBAY_DECL Result<JournalState::Change> JournalState::prepare(JournalEntry entry, JournalPosition position) const {
  Change change;
  const auto refuse = [](const char* what) { return fail(ErrorCode::invalid_argument, what); };
  const auto queue = [&](JournalDelivery delivery) {
    delivery.position = position;
    change.deliveries.emplace(position, std::move(delivery));
  };
  switch (entry.kind) {
    case JournalKind::intent: {
      OpenIntent open;
      open.position = position;
      open.record = std::move(entry.intent);
      change.index.emplace(open.record.interaction, position);
      change.intents.emplace(position, std::move(open));
      break;
    }
    case JournalKind::amendment: {
      const auto open = intents_.find(entry.about);
      if (open == intents_.end() || open->second.unknown)
        return refuse("journal: no open intent of that position to amend");
      break;
    }
    case JournalKind::terminal:
    case JournalKind::recovery: {
      const auto open = intents_.find(entry.about);
      if (open == intents_.end()) return refuse("journal: no intent of that position is open");
      const OpenIntent& intent = open->second;
      if (entry.kind == JournalKind::terminal && intent.unknown)
        return refuse("journal: that intent has its terminal already");
      if (entry.deliver) {
        if (entry.outcome != Outcome::applied) return refuse("journal: only what was applied is delivered");
        JournalDelivery delivery;
        delivery.event = intent.record.operation;
        delivery.interaction = intent.record.interaction;
        // As it stands: the entry's own is still to be written.
        delivery.body = entry.delivery.body.empty() ? intent.record.webhook : entry.delivery.body;
        delivery.queued_at = entry.at;
        queue(std::move(delivery));
      }
      const bool may_hold = entry.outcome == Outcome::applied ||
                            (entry.kind == JournalKind::recovery && entry.outcome == Outcome::unknown);
      if (intent.record.action == JournalAction::hold && may_hold) {
        BelievedHold hold;
        hold.interaction = intent.record.interaction;
        hold.operation = intent.record.operation;
        hold.place = intent.record.place;
        hold.since = intent.record.at;
        hold.confirmed = entry.outcome == Outcome::applied;
        hold.position = entry.about;
        change.holds.emplace(hold.interaction, std::move(hold));
      }
      break;
    }
    case JournalKind::hold_changed:
      if (entry.held) {
        BelievedHold hold;
        hold.interaction = entry.interaction;
        hold.place = entry.place;
        hold.since = entry.at;
        hold.position = position;
        change.holds.emplace(hold.interaction, std::move(hold));
      }
      break;
    case JournalKind::delivery: queue(entry.delivery); break;
    case JournalKind::delivery_done:
    case JournalKind::dead_letter:
      if (!deliveries_.contains(entry.about)) return refuse("journal: no delivery of that position is due");
      break;
    case JournalKind::redrive:
      if (!dead_.contains(entry.about)) return refuse("journal: no dead letter of that position");
      break;
    case JournalKind::checkpoint:
    case JournalKind::audit: break;
  }
  change.entry = std::move(entry);
  return change;
}

PATCHBAY_DECL void JournalState::commit(Change change) noexcept {
  JournalEntry& entry = change.entry;
  switch (entry.kind) {
    case JournalKind::intent: {
      const IntentRecord& record = change.intents.begin()->second.record;
      bytes_ += bytes_of(record);
      if (!record.webhook.empty()) ++promised_;
      intents_.insert(change.intents.extract(change.intents.begin()));
      by_interaction_.insert(change.index.extract(change.index.begin()));
      if (record.action == JournalAction::transition) break;
      const auto [first, last] = by_interaction_.equal_range(std::string_view(record.interaction));
      for (auto each = first; each != last; ++each) {
        OpenIntent& open = intents_.find(each->second)->second;
        if (open.record.action != JournalAction::transition && open.record.action != record.action)
          open.overtaken = true;
      }
      break;
    }
    case JournalKind::amendment: {
      OpenIntent& open = intents_.find(entry.about)->second;
      bytes_ -= bytes_of(open.record);
      open.record.etag = std::move(entry.intent.etag);
      open.record.place = std::move(entry.intent.place);
      open.record.from = std::move(entry.intent.from);
      open.record.prior_transition = std::move(entry.intent.prior_transition);
      if (!entry.intent.flow_version.empty()) open.record.flow_version = std::move(entry.intent.flow_version);
      bytes_ += bytes_of(open.record);
      ++open.amendments;
      break;
    }
    case JournalKind::terminal:
    case JournalKind::recovery: commit_end(change); break;
    case JournalKind::hold_changed:
      if (!entry.held) {
        if (const auto held = holds_.find(entry.interaction); held != holds_.end()) holds_.erase(held);
        break;
      }
      [[fallthrough]];
    case JournalKind::delivery: break;
    case JournalKind::delivery_done: {
      const auto due = deliveries_.find(entry.about);
      bytes_ -= bytes_of(due->second);
      deliveries_.erase(due);
      break;
    }
    case JournalKind::dead_letter: dead_.insert(deliveries_.extract(entry.about)); break;
    case JournalKind::redrive: deliveries_.insert(dead_.extract(entry.about)); break;
    case JournalKind::checkpoint:
    case JournalKind::audit: break;
  }
  if (!change.deliveries.empty()) {
    bytes_ += bytes_of(change.deliveries.begin()->second);
    deliveries_.insert(change.deliveries.extract(change.deliveries.begin()));
  }
  if (!change.holds.empty()) {
    BelievedHold& news = change.holds.begin()->second;
    if (const auto known = holds_.find(news.interaction); known == holds_.end()) {
      holds_.insert(change.holds.extract(change.holds.begin()));
    } else {
      if (!news.place.empty() && news.position >= known->second.position) known->second.place = std::move(news.place);
      // It has been on hold since the first that may have done it.
      known->second.since = std::min(known->second.since, news.since);
      known->second.confirmed = known->second.confirmed || news.confirmed;
      known->second.position = std::max(known->second.position, news.position);
    }
  }
}

PATCHBAY_DECL void JournalState::commit_end(Change& change) noexcept {
  const JournalEntry& entry = change.entry;
  const auto intent = intents_.find(entry.about);
  if (intent->second.record.action == JournalAction::unhold && entry.outcome == Outcome::applied) {
    // Not of a hold that was begun after it: that one's end may have been written first, by another thread.
    const auto held = holds_.find(intent->second.record.interaction);
    if (held != holds_.end() && held->second.position < entry.about) holds_.erase(held);
  }
  if (entry.kind == JournalKind::terminal && entry.outcome == Outcome::unknown) {
    intent->second.unknown = true;
    return;
  }
  close(intent);
}

PATCHBAY_DECL void JournalState::close(Intents::iterator intent) noexcept {
  const IntentRecord& record = intent->second.record;
  const auto [first, last] = by_interaction_.equal_range(std::string_view(record.interaction));
  for (auto each = first; each != last; ++each) {
    if (each->second != intent->first) continue;
    by_interaction_.erase(each);
    break;
  }
  bytes_ -= bytes_of(record);
  if (!record.webhook.empty()) --promised_;
  intents_.erase(intent);
}

PATCHBAY_DECL void JournalState::orphan_all() noexcept {
  for (auto& [position, open] : intents_) open.orphaned = true;
}

PATCHBAY_DECL void JournalState::abandon(JournalPosition intent) noexcept {
  if (const auto open = intents_.find(intent); open != intents_.end()) open->second.orphaned = true;
}

PATCHBAY_DECL void JournalState::remember_applied(JournalPosition intent) noexcept {
  // One that is orphaned, or has its terminal, was refused for that: whoever calls has nothing to say of it.
  const auto open = intents_.find(intent);
  if (open != intents_.end() && !open->second.orphaned && !open->second.unknown) open->second.applied = true;
}

PATCHBAY_DECL std::size_t JournalState::drop_dead_letters(std::size_t most) noexcept {
  std::size_t dropped = 0;
  for (; dead_.size() > most; ++dropped) {
    bytes_ -= bytes_of(dead_.begin()->second);
    dead_.erase(dead_.begin());
  }
  return dropped;
}

PATCHBAY_DECL std::size_t JournalState::drop_dead_letters_beyond(std::size_t most) noexcept {
  if (bytes_ <= most) return 0;
  std::size_t left = dead_.size(), freed = 0;
  for (auto each = dead_.begin(); each != dead_.end() && bytes_ - freed > most; ++each, --left)
    freed += bytes_of(each->second);
  return bytes_ - freed > most ? 0 : drop_dead_letters(left);
}

PATCHBAY_DECL std::vector<OpenIntent> JournalState::open_intents() const {
  std::vector<OpenIntent> out;
  out.reserve(intents_.size());
  for (const auto& [position, open] : intents_) out.push_back(open);
  return out;
}

PATCHBAY_DECL std::vector<OpenIntent> JournalState::unresolved_intents(std::string_view interaction) const {
  std::vector<OpenIntent> out;
  const auto take = [&out](const OpenIntent& open) {
    if (open.orphaned || open.unknown) out.push_back(open);
  };
  if (interaction.empty()) {
    for (const auto& [position, open] : intents_) take(open);
    return out;
  }
  // Entries of one key stand in the order in which they were added.
  const auto [first, last] = by_interaction_.equal_range(interaction);
  for (auto each = first; each != last; ++each) take(intents_.find(each->second)->second);
  return out;
}

PATCHBAY_DECL void JournalState::believe(std::optional<BelievedHold>& known, const IntentRecord& record) {
  if (record.action == JournalAction::transition) return;
  const bool release = record.action == JournalAction::unhold;
  if (!known) {
    if (release) return;  // nothing says that it ever was on hold
    known.emplace();
    known->interaction = record.interaction;
    known->operation = record.operation;
    known->place = record.place;
    known->since = record.at;
    known->confirmed = false;
  } else if (release) {
    known->confirmed = false;
  } else {
    known->since = std::min(known->since, record.at);
    if (!record.place.empty()) known->place = record.place;
  }
}

PATCHBAY_DECL std::vector<BelievedHold> JournalState::believed_holds() const {
  std::map<std::string_view, std::optional<BelievedHold>> all;
  for (const auto& [interaction, hold] : holds_) all.emplace(interaction, hold);
  for (const auto& [position, open] : intents_) believe(all[open.record.interaction], open.record);
  std::vector<BelievedHold> out;
  out.reserve(all.size());
  for (auto& [interaction, hold] : all)
    if (hold) out.push_back(std::move(*hold));
  return out;
}

PATCHBAY_DECL std::optional<BelievedHold> JournalState::believed_hold(std::string_view interaction) const {
  std::optional<BelievedHold> out;
  if (const auto known = holds_.find(interaction); known != holds_.end()) out = known->second;
  // Entries of one key stand in the order in which they were added.
  const auto [first, last] = by_interaction_.equal_range(interaction);
  for (auto each = first; each != last; ++each) believe(out, intents_.find(each->second)->second.record);
  return out;
}

PATCHBAY_DECL bool JournalState::unresolved(std::string_view interaction) const noexcept {
  const auto [first, last] = by_interaction_.equal_range(interaction);
  for (auto each = first; each != last; ++each)
    if (const OpenIntent& open = intents_.find(each->second)->second; open.orphaned || open.unknown) return true;
  return false;
}

PATCHBAY_DECL void JournalState::restore(Intents intents, Holds holds, Deliveries deliveries, Deliveries dead) {
  Index index;
  std::size_t promised = 0, bytes = 0;
  for (const auto& [position, open] : intents) {
    index.emplace(open.record.interaction, position);
    bytes += bytes_of(open.record);
    if (!open.record.webhook.empty()) ++promised;
  }
  for (const Deliveries* const all : {&deliveries, &dead})
    for (const auto& [position, each] : *all) bytes += bytes_of(each);
  intents_ = std::move(intents);
  by_interaction_ = std::move(index);
  holds_ = std::move(holds);
  deliveries_ = std::move(deliveries);
  dead_ = std::move(dead);
  promised_ = promised;
  bytes_ = bytes;
}

}  // namespace patchbay::detail
