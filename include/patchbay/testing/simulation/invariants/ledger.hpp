// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstdint>
#include <functional>  // less
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/journal.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I16, write-ahead audit, of processes whose settings have a journal; and L3, that recovery drains.
///
/// Decided from the records as they become durable: a write or a hold leaves only when its intent is; an intent has at
/// most one terminal and at most one resolution, and no resolution beside a terminal that knew; what has succeeded has
/// one of them at the end of the run, unless a disk failed; a terminal says what the caller was told; the numbers of
/// one process grow by one, over restarts too. After a restart recovery reads back,
/// in order, every record that was durable. At the end of the run no intent is open that was read back, unless its
/// process is gone again, or its journal closed for good; what nobody waits for may not have reached the disk yet. A
/// release may leave without an intent, since no disk may keep it back (I14). Checksums are the parser's business, and
/// tested there.
class WriteAhead final : public Check {
 public:
  using Check::Check;

  void journaled(ProcessId id, const JournalView& view, SteadyTime) override {
    Journal& journal = journals_[id.number];
    if (journal.last != 0 && view.sequence != 0 && view.sequence <= journal.last)
      complain(
          id, view,
          "record " + std::to_string(view.sequence) + " became durable after record " + std::to_string(journal.last));
    journal.last = view.sequence;
    journal.durable[view.sequence] = std::string(view.id);
    Entry& entry = entries_[std::string(view.id)];
    switch (view.kind) {
      case JournalView::Kind::intent:
        entry.process = id.number;
        ++entry.intents;
        return;
      case JournalView::Kind::terminal:
        if (++entry.terminals > 1) complain(id, view, "an intent has a second terminal");
        if (entry.intents == 0) complain(id, view, "a terminal without an intent");
        entry.outcome = view.outcome;
        return;
      case JournalView::Kind::resolution:
        if (++entry.resolutions > 1) complain(id, view, "an intent was resolved twice");
        if (entry.terminals != 0 && entry.outcome != Outcome::unknown)
          complain(id, view, "an intent was resolved whose end was known");
        check_truth(id, view);
        return;
    }
  }
  void recovered(ProcessId id, const JournalView& view, SteadyTime) override {
    Journal& journal = journals_[id.number];
    journal.back[view.sequence] = std::string(view.id);
    journal.reading = true;
    if (const auto entry = entries_.find(view.id); entry != entries_.end()) {
      entry->second.read_back = true;
      // What nobody waited for was not shown when it reached the disk.
      if (view.kind != JournalView::Kind::intent) entry->second.settled = true;
    }
  }
  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent != nullptr && sent->kind == ExchangeClass::write)
      check_intent(view.process, books().effect(sent->operation));
  }
  void frame_left(ProcessId id, std::uint64_t, std::string_view, SteadyTime) override {
    const Effect* const effect = books().command();
    if (effect != nullptr && effect->kind == WorkKind::hold) check_intent(id, effect);
  }
  void after_event(SteadyTime) override {
    for (auto& [number, journal] : journals_)
      if (std::exchange(journal.reading, false)) compare(number, journal);
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    const auto entry = record == nullptr ? entries_.end() : entries_.find(record->end.id);
    if (entry == entries_.end() || entry->second.terminals == 0) return;
    const Outcome told = end.failed ? end.outcome : Outcome::applied;
    if (entry->second.outcome != told)
      broken("I16", *record, "the journal says another outcome than the caller was told");
    static_cast<void>(id);
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    if (response == nullptr || (response->status != 429 && response->status != 503)) return;
    if (const auto field = response->headers.find("Retry-After")) {
      SteadyTime& until = kept_off_.try_emplace(view.process.number, SteadyTime::min()).first->second;
      until = std::max(until, after(at, plain::longest_wait(*field)));
    }
  }
  void quiescent(SteadyTime) override {
    for (const auto& [number, record] : books().works()) {
      if (record.ends == 0 || record.end.failed || !ended_in_this_life(record)) continue;
      const auto entry = entries_.find(record.end.id);
      if (entry == entries_.end() || entry->second.intents == 0) continue;
      if (entry->second.terminals + entry->second.resolutions == 0)
        broken("I16", record, "it has ended, and its intent has no terminal");
    }
    for (const auto& [id, entry] : entries_) {
      const Effect* const effect = books().effect(id);
      if (entry.intents == 0 || entry.terminals + entry.resolutions != 0 || !entry.read_back || entry.settled ||
          !lives(entry.process))
        continue;
      // Whoever was asked to wait could not look.
      if (const auto kept = kept_off_.find(entry.process); kept != kept_off_.end() && books().now() < after(kept->second, seconds{60}))
        continue;
      Breach& breach = broken("L3", effect != nullptr ? effect->process : ProcessId{},
                              "an intent is open when everything has ended");
      breach.operation = id;
    }
  }

 private:
  class Entry {
   public:
    int process = 0, intents = 0, terminals = 0, resolutions = 0;
    bool read_back = false, settled = false;  ///< By a later life, which may know of its end.
    Outcome outcome = Outcome::unknown;
  };
  class Journal {
   public:
    std::uint64_t last = 0;
    std::map<std::uint64_t, std::string> durable, back;
    bool reading = false;
  };
  void complain(ProcessId id, const JournalView& view, std::string text) const {
    Breach& breach = broken("I16", id, std::move(text));
    breach.operation = view.id;
    breach.interaction = view.interaction;
  }
  /// Whether its process is still the same, and its journal took everything.
  [[nodiscard]] bool ended_in_this_life(const WorkRecord& record) const {
    const ProcessRecord* const process = books().process(record.process);
    if (process == nullptr || process->view == nullptr || process->gone()) return false;
    if (closed_for_good(*process->view)) return false;
    return process->view->transition_metrics()[TransitionCount::journal_failures] == 0 &&
           process->view->hold_metrics()[HoldCount::journal_failures] == 0;
  }
  [[nodiscard]] bool lives(int number) const {
    for (const auto& [key, process] : books().processes())
      if (key.first == number && process.view != nullptr) return !closed_for_good(*process.view);
    return false;
  }
  /// A disk that failed under this life's journal lets nothing be settled in it any more; the next life would.
  [[nodiscard]] static bool closed_for_good(const ProcessView& view) {
    const std::shared_ptr<patchbay::Journal> journal = view.settings().journal;
    return journal && journal->status().closed_for_good;
  }
  void check_intent(ProcessId id, const Effect* effect) const {
    const ProcessRecord* const process = books().process(id);
    if (effect == nullptr || process == nullptr || process->view == nullptr || !process->view->settings().journal)
      return;
    const auto entry = entries_.find(effect->id);
    if (entry == entries_.end() || entry->second.intents == 0)
      broken("I16", *effect, "left before its intent was durable");
  }
  /// What recovery finds out must be so: what it calls applied was, and what it calls not applied was not.
  void check_truth(ProcessId id, const JournalView& view) const {
    const Effect* const effect = books().effect(view.id);
    // A hold is settled by the interaction's state, which others may have brought about or undone.
    if (effect == nullptr || effect->kind != WorkKind::transition) return;
    const int changes = effect->changes;
    if (view.outcome == Outcome::applied && changes == 0) complain(id, view, "resolved as applied, and it was not");
    if (view.outcome == Outcome::not_applied && changes != 0 && !books().shown_older(*effect))
      complain(id, view, "resolved as not applied, and it was");
  }
  void compare(int number, Journal& journal) const {
    for (const auto& [sequence, id] : journal.durable) {
      // What stands before a checkpoint was closed, and may be gone.
      if (!journal.back.empty() && sequence < journal.back.begin()->first) continue;
      const auto found = journal.back.find(sequence);
      if (found == journal.back.end() || found->second != id)
        broken("I16", ProcessId(number, 0),
               "record " + std::to_string(sequence) + " was durable, and was not read back after a crash")
            .operation = id;
    }
    journal.back.clear();
  }
  std::map<int, Journal> journals_;
  std::map<int, SteadyTime> kept_off_;  // until when servers have asked a process to wait
  std::map<std::string, Entry, std::less<>> entries_;
};

/// I17, webhooks, by what the CRM is sent and how it answers; and L3, that the outbox drains.
///
/// Each delivery names an event that is the id of an applied transition, with the node that this made, and never that
/// of one whose caller was told that it was not applied; what is delivered again is the same to the byte. With a
/// journal: the first deliveries of one interaction come in the order in which its transitions were applied, and at the
/// end of the run each success was delivered, unless the process is gone, or the CRM has asked it to wait longer with
/// that interaction's. Without one a webhook that fails is given up,
/// which is not looked at.
class Outbox final : public Check {
 public:
  using Check::Check;

  void served(const ExchangeView& view, const HttpResponse& answer, const Cloud&, SteadyTime) override {
    if (!is_webhook(view)) return;
    const std::string id = plain::JsonScan::text_member(view.body, "eventId");
    const Effect* const effect = books().effect(id);
    if (effect == nullptr || effect->changes == 0) {
      broken("I17", view.process, "a webhook tells of something that was not applied").operation = id;
      return;
    }
    if (plain::JsonScan::text_member(view.body, "newState") == "" ||
        plain::lower(plain::JsonScan::text_member(view.body, "interactionId")) != effect->interaction)
      broken("I17", *effect, "a webhook tells of another interaction, or of no state");
    const auto [body, fresh] = bodies_.try_emplace(key_of(view.body, id), view.body);
    if (!fresh && body->second != view.body) broken("I17", *effect, "a webhook differs from its first delivery");
    if (answer.status < 200 || answer.status > 299 || !delivered_.insert(id).second || !journaling(view.process))
      return;
    std::uint64_t& last = last_[std::pair(effect->process.number, effect->interaction)];
    if (effect->applied_order < last) broken("I17", *effect, "a webhook came after that of a later transition");
    last = std::max(last, effect->applied_order);
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    if (response == nullptr || !is_webhook(view)) return;
    const auto field = response->headers.find("Retry-After");
    if (!field || (response->status >= 200 && response->status <= 299)) return;
    const std::string interaction = plain::lower(plain::JsonScan::text_member(view.body, "interactionId"));
    SteadyTime& until =
        kept_off_.try_emplace(std::pair(view.process.number, interaction), SteadyTime::min()).first->second;
    until = std::max(until, after(at, plain::longest_wait(*field)));
  }
  void quiescent(SteadyTime) override {
    for (const auto& [number, record] : books().works()) {
      if (record.work.kind != WorkKind::transition || record.ends == 0 || record.end.failed) continue;
      const ProcessRecord* const process = books().process(record.process);
      if (process == nullptr || process->view == nullptr || process->view->settings().transition.webhook.url.empty() ||
          !journaling(record.process))
        continue;
      // One that was refused waits for its next attempt, and on a door that blocks for somebody who delivers.
      if (!process->view->on_loop() || books().now() < after(record.end.at, std::chrono::minutes{10})) continue;
      if (const auto kept = kept_off_.find(std::pair(record.process.number, plain::lower(record.work.interaction)));
          kept != kept_off_.end() && books().now() < after(kept->second, seconds{60}))
        continue;
      if (delivered_.find(record.end.id) == delivered_.end())
        broken("L3", record, "the webhook of a success was never delivered");
    }
  }
  void ended(ProcessId, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    if (record != nullptr && end.failed && end.outcome == Outcome::not_applied &&
        delivered_.find(record->end.id) != delivered_.end())
      broken("I17", *record, "a webhook was delivered for what was not applied");
  }

 private:
  [[nodiscard]] static bool is_webhook(const ExchangeView& view) noexcept {
    return view.method == "POST" && view.target.substr(0, view.target.find('?')).ends_with("/webhook");
  }
  /// One write may make several moves, each with a webhook of its own under the same event.
  [[nodiscard]] static std::string key_of(std::string_view body, const std::string& id) {
    return id + '\n' + plain::JsonScan::text_member(body, "previousState") + '\n' +
           plain::JsonScan::text_member(body, "newState");
  }
  [[nodiscard]] bool journaling(ProcessId id) const {
    const ProcessRecord* const process = books().process(id);
    return process != nullptr && process->view != nullptr && process->view->settings().journal != nullptr;
  }
  std::map<std::string, std::string, std::less<>> bodies_;
  std::set<std::string, std::less<>> delivered_;
  std::map<std::pair<int, std::string>, std::uint64_t> last_;
  std::map<std::pair<int, std::string>, SteadyTime> kept_off_;  // until when the CRM has asked to be left alone
};

}  // namespace patchbay::testing::simulation
