// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of
#include <cstdint>
#include <functional>  // less
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// What a process with a journal must still know when it starts again: I13 (hazard B6) and I17, over restarts.
///
/// A hold that was confirmed to an earlier life, and of which neither a release has left nor a reading shown the end, be
/// it before the answer that the interaction is over, is watched again a moment after the next life has begun, before anything
/// can have been read. Where holds travel as requests: one whose caller was told that it is done, as it was in the cloud, and
/// since which the cloud has not ended it, no request of a release has left, and nothing has shown it over, be it untruly. And
/// no life has a webhook leave behind which, in the order of the transitions of that interaction, one stands that an earlier life
/// owes: of a success that its caller was told of, which the CRM has not taken, which a later life has read back, or
/// found out, and which this life has not tried to deliver. (What the disk never took nobody knows any more.) Looked at
/// on event loops, since doors that block recover, and deliver, when they are told to.
class Restarts final : public Check {
 public:
  using Check::Check;

  void frame_left(ProcessId id, std::uint64_t, std::string_view, SteadyTime) override {
    const Effect* const effect = books().command();
    if (effect == nullptr || effect->kind != WorkKind::unhold) return;
    released_[std::pair(id.number, effect->interaction)] = effect->order;
    held_[id.number].erase(effect->interaction);
  }
  void frame_received(ProcessId id, std::uint64_t, std::string_view, SteadyTime) override {
    forget_shown(id);
    const Effect* const effect = books().command();
    if (effect == nullptr || effect->kind != WorkKind::hold || books().answered_before() || !books().reply().positive ||
        view_of(id) == nullptr)
      return;
    // What left behind it may have ended it.
    const auto release = released_.find(std::pair(id.number, effect->interaction));
    if (release != released_.end() && release->second > effect->order) return;
    // Of one that was read to be over no answer that comes late says that it is on hold.
    if (over_[id.number].find(effect->interaction) == over_[id.number].end())
      held_[id.number].insert(effect->interaction);
  }
  void applied(const AppliedOperation& operation, const Cloud&, SteadyTime) override {
    const std::string interaction = plain::lower(operation.interaction);
    const Truth* const truth = books().truth(interaction);
    if (!books().wire().holds_by_request() || (truth != nullptr && truth->held && !truth->party_over)) return;
    for (auto& [process, held] : held_) held.erase(interaction);
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse*, const TransportError*, SteadyTime) override {
    forget_shown(view.process);
    const Reading* const reading = books().reading();
    if (reading == nullptr) return;
    if (reading->over || (reading->held && !*reading->held)) held_[view.process.number].erase(reading->interaction);
    if (reading->over && view.by_holds) over_[view.process.number].insert(reading->interaction);
  }
  void attached(ProcessId id, const ProcessView&, SteadyTime at) override {
    if (id.incarnation == 0 || view_of(id) == nullptr || held_[id.number].empty()) return;
    due_.emplace_back(id, after(at, Books::moment));
  }
  void after_event(SteadyTime at) override {
    while (!due_.empty() && at > due_.front().second) {
      const ProcessId id = due_.front().first;
      due_.erase(due_.begin());
      const ProcessView* const view = view_of(id);
      if (view == nullptr) continue;
      std::set<std::string, std::less<>> watched;
      for (const HeldInteraction& each : view->held()) watched.insert(plain::lower(each.interaction));
      for (const std::string& each : held_[id.number])
        if (watched.find(each) == watched.end())
          broken("I13", id, "a hold of an earlier life is not watched when the next one has begun").interaction = each;
    }
  }

  void recovered(ProcessId, const JournalView& view, SteadyTime) override {
    if (view.kind != JournalView::Kind::intent && view.outcome == Outcome::applied) known_.emplace(view.id);
  }
  void journaled(ProcessId, const JournalView& view, SteadyTime) override {
    if (view.kind == JournalView::Kind::resolution && view.outcome == Outcome::applied) known_.emplace(view.id);
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    if (work.kind == WorkKind::hold && books().wire().holds_by_request() && !end.failed && end.attempts != 0 && view_of(id) != nullptr) {
      const std::string interaction = plain::lower(work.interaction);
      const Truth* const truth = books().truth(interaction);
      if (truth != nullptr && truth->held && !truth->party_over && !releasing(id, interaction)) held_[id.number].insert(interaction);
    }
    if (work.kind != WorkKind::transition || end.failed || record == nullptr || view_of(id) == nullptr) return;
    const Effect* const effect = books().effect(record->end.id);
    if (effect == nullptr || effect->changes == 0) return;
    owed_[std::pair(id.number, effect->interaction)].insert_or_assign(effect->applied_order, Owed(effect->id, id));
  }
  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent != nullptr && sent->kind == ExchangeClass::command && !sent->holds) held_[view.process.number].erase(sent->interaction);
    if (sent == nullptr || sent->kind != ExchangeClass::webhook || view_of(view.process) == nullptr) return;
    const Effect* const effect = books().effect(plain::JsonScan::text_member(view.body, "eventId"));
    if (effect == nullptr || effect->process.number != view.process.number || effect->changes == 0) return;
    for (auto& [order, each] : owed_[std::pair(view.process.number, effect->interaction)]) {
      if (each.id == effect->id) each.tried = view.process;
      if (order >= effect->applied_order || each.taken || each.told == view.process || each.tried == view.process)
        continue;
      if (known_.find(each.id) == known_.end()) continue;
      broken("I17", *effect,
             "a webhook left before that of an earlier transition, which an earlier life owes: " + each.id);
      each.taken = true;  // once is enough
    }
  }
  void served(const ExchangeView& view, const HttpResponse& answer, const Cloud&, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::webhook || answer.status < 200 || answer.status > 299) return;
    const std::string id = plain::JsonScan::text_member(view.body, "eventId");
    const Effect* const effect = books().effect(id);
    if (effect == nullptr) return;
    const auto owed = owed_.find(std::pair(effect->process.number, effect->interaction));
    if (owed == owed_.end()) return;
    for (auto& [order, each] : owed->second) each.taken = each.taken || each.id == id;
  }

 private:
  class Owed {
   public:
    Owed(std::string id_in, ProcessId told_in) : id(std::move(id_in)), told(told_in), tried(told_in) {}
    std::string id;
    ProcessId told;   ///< The life whose caller was told of the success.
    ProcessId tried;  ///< The last one that tried to deliver it.
    bool taken = false;
  };
  /// What a process was shown not to be on hold it need not watch any more.
  void forget_shown(ProcessId id) {
    const ShownHold* const shown = books().shown();
    if (shown != nullptr && (!shown->held || shown->over)) held_[id.number].erase(shown->interaction);
  }
  /// Whether a release of the interaction has left that process and has not ended, or is done later than it was accepted.
  [[nodiscard]] bool releasing(ProcessId id, const std::string& interaction) const {
    return std::any_of(books().exchanges().begin(), books().exchanges().end(), [&](const auto& entry) {
      const ExchangeRecord& each = entry.second;
      return each.process.number == id.number && each.kind == ExchangeClass::command && !each.holds && each.interaction == interaction &&
             (each.under_way || each.doubtful || (each.accepted() && each.changes + each.carried_out == 0));
    });
  }
  /// Of a process on an event loop with a journal that is there now; else null.
  [[nodiscard]] const ProcessView* view_of(ProcessId id) const {
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr || process->view == nullptr || !process->view->on_loop()) return nullptr;
    return process->view->settings().journal ? process->view : nullptr;
  }
  std::map<int, std::set<std::string, std::less<>>> held_;         // of each process: confirmed to it
  std::map<int, std::set<std::string, std::less<>>> over_;         // read to be over by its doors for holds
  std::map<std::pair<int, std::string>, std::uint64_t> released_;  // the order of the last release that left
  std::vector<std::pair<ProcessId, SteadyTime>> due_;              // lives that have begun, and when to look
  std::set<std::string, std::less<>> known_;  // transitions of which a later life knows that they were applied
  /// In the order in which they were applied.
  std::map<std::pair<int, std::string>, std::map<std::uint64_t, Owed>> owed_;
};

}  // namespace patchbay::testing::simulation
