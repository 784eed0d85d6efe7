// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, max, min
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I13, hold-timer truth, and I15, max hold, where holds travel as requests: which name nobody, may arrive when their sender
/// has given up, and are done when that has heard of it long ago. So the cloud's own truth is what a watch is held against.
///
/// An interaction *must* be watched while a hold's request is under way, and while a hold of this incarnation is in force:
/// since it was done, until the cloud released the party or that has left; from when that request left, or from when the cloud
/// says that the hold began. Not what a copy made by the network has done again, nor what came out of a gap of the clock,
/// beyond any time that a request can be on its way; nor a hold which comes when the party was shown on hold since it left, by
/// whomever, and so counts as done (I4), or is under way still when that hold is over; nor one that a release of the process,
/// which the cloud has accepted and will do, ends at once; nor what an old reading has shown as released, or over; nor a
/// request under way that names a party which has left. It *may* be watched when a hold was asked for in this incarnation,
/// when the party was shown on hold to it, or when a journal had it so. What somebody else has on hold, and was shown so, is
/// watched since that hold began by the cloud's clock, at most for `max_hold`: looked at in runs whose wall
/// clocks agree. At the end of a run nothing is watched that is not on hold, and was released by the process's own last word; a
/// journal, with which a doubt lasts until nothing can arrive any more, may have it watched longer.
///
/// When a channel has opened on an event loop, everything that is watched is read again within a minute, since nobody told of
/// what happened meanwhile: looked at where the process has had no failure for a minute before, and has none after.
///
/// What must be watched has its escalation, or its release attempt, by the limit and a tick, and again after each
/// `repeat_every`, while the process is served; gaps of the clock are nobody's fault, and neither are notices that found no
/// room.
class RequestedWatches final : public Check {
 public:
  RequestedWatches(const Books& books_in, Judge& judge_in) noexcept : Check(books_in, judge_in) {}
  /// Whether the processes' wall clocks show the cloud's time.
  void clocks_agree(bool agree) noexcept { clocks_agree_ = agree; }

  void submitted(ProcessId id, const Work& work) override {
    if (work.kind == WorkKind::hold && books().wire().holds_by_request()) watch_of(id, plain::lower(work.interaction)).asked = true;
  }
  void request_left(const ExchangeView& view, SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent != nullptr && sent->kind == ExchangeClass::read && view.by_holds && books().wire().holds_by_request())
      watch_of(view.process, sent->interaction).reread_by = never;
    if (sent == nullptr || sent->kind != ExchangeClass::command) return;
    Watch& watch = watch_of(view.process, sent->interaction);
    if (sent->holds) {
      watch.flying.push_back(view.number);
      watch.sent_at = at;
      return touch(view.process);
    }
    watch.releases.push_back(view.number);
    if (const ProcessRecord* const process = books().process(view.process);
               process != nullptr && process->view != nullptr && process->view->settings().hold.limit == HoldLimit::release) {
      // Where the client has asked for that, an attempt to release is what the limit calls for; it is told of later.
      watch.told = true, watch.told_at = at;
    }
    touch(view.process);
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*, SteadyTime at) override {
    if (books().wire().holds_by_request() && (response == nullptr || response->status >= 400)) {
      Belief& belief = believes_[key(view.process)];
      belief.failed_at = at;
      for (auto& [interaction, watch] : belief.watches) watch.reread_by = never;
    }
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || !view.by_holds || !books().wire().holds_by_request()) return;
    // A call that has blocked for it goes on behind this event.
    if (const ProcessRecord* const process = books().process(view.process); process != nullptr && process->view != nullptr && !process->view->on_loop())
      believes_[key(view.process)].unserved_at = at;
    if (sent->kind == ExchangeClass::command) std::erase(watch_of(view.process, sent->interaction).flying, view.number);
    if (books().shown() != nullptr) shown(view.process, *books().shown());
    touch(view.process);
  }
  void channel_opened(ProcessId id, std::uint64_t, SteadyTime at) override {
    const ProcessRecord* const process = books().process(id);
    if (!books().wire().holds_by_request() || process == nullptr || process->view == nullptr || !process->view->on_loop()) return;
    Belief& belief = believes_[key(id)];
    if (at < after(belief.failed_at, std::chrono::minutes{1})) return;
    for (const HeldInteraction& each : process->view->held()) {
      // A hold that is under way speaks for itself.
      Watch& watch = belief.watches[plain::lower(each.interaction)];
      if (watch.flying.empty() && watch.reread_by == never) watch.reread_by = after(at, std::chrono::minutes{1});
      belief.next_reread = std::min(belief.next_reread, watch.reread_by);
    }
  }
  void frame_received(ProcessId id, std::uint64_t, std::string_view, SteadyTime) override {
    if (books().shown() == nullptr) return;
    shown(id, *books().shown());
    touch(id);
  }
  void applied(const AppliedOperation& operation, const Cloud&, SteadyTime at) override {
    if (!books().wire().holds_by_request()) return;
    const std::string interaction = plain::lower(operation.interaction);
    const Truth* const truth = books().truth(interaction);
    if (truth == nullptr) return;
    const ExchangeRecord* const by = books().applied_by();
    for (auto& [id, belief] : believes_) {
      const auto found = belief.watches.find(interaction);
      if (found == belief.watches.end()) continue;
      Watch& watch = found->second;
      if (!truth->held) watch.in_force.clear(), watch.misled = false, watch.first_shown = never;
      if (by != nullptr && by->holds && truth->held && key(by->process) == id && by->arrivals == 1 &&
          books().latest(by->left_at, at - by->left_at) <= at && !watch.misled && watch.shown_at < by->left_at)
        watch.in_force.push_back(by->left_at);
      belief.dirty = true;
    }
  }
  void limit_told(ProcessId id, const HoldLimitEvent& event, SteadyTime at) override {
    if (!books().wire().holds_by_request() || event.kind == HoldLimitEvent::Kind::warning) return;
    Watch& watch = watch_of(id, plain::lower(event.interaction));
    watch.told = true, watch.told_at = at;
    touch(id);
  }
  void crashed(ProcessId id, SteadyTime) override { believes_.erase(key(id)); }
  void closed(ProcessId id, SteadyTime) override { believes_.erase(key(id)); }
  void after_event(SteadyTime at) override {
    for (auto& [id, belief] : believes_) {
      if (at > belief.next_reread) check_rereads(ProcessId(id.first, id.second), belief, at);
      if (!belief.dirty && at < belief.next_due && !belief.doubtful) continue;
      const ProcessRecord* const process = books().process(ProcessId(id.first, id.second));
      if (process == nullptr || process->view == nullptr) continue;
      // Whoever blocks in an exchange of its own serves nobody meanwhile.
      if (!process->view->served() || (!process->view->on_loop() && process->view->exchanges() != 0)) belief.unserved_at = at;
      if (const SteadyTime written = process->view->last_write().second; written != never) belief.unserved_at = std::max(belief.unserved_at, written);
      compare(*process, belief, at);
      remind(*process, belief, at);
      belief.dirty = false;
    }
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    if (!books().wire().holds_by_request() || work.kind == WorkKind::transition) return;
    watch_of(id, plain::lower(work.interaction)).released = work.kind == WorkKind::unhold && !end.failed;
    touch(id);
  }
  void quiescent(SteadyTime at) override {
    for (const auto& [id, belief] : believes_) {
      const ProcessRecord* const process = books().process(ProcessId(id.first, id.second));
      if (process == nullptr || process->view == nullptr || process->view->settings().journal) continue;
      for (const HeldInteraction& each : process->view->held()) {
        const auto found = belief.watches.find(plain::lower(each.interaction));
        const Truth* const truth = books().truth(plain::lower(each.interaction));
        if (found == belief.watches.end() || truth == nullptr || truth->held || !found->second.released ||
            found->second.shown_at > books().healed_at() || at < after(truth->held_changes.back().first, seconds{30}))
          continue;
        // A hold whose fate no event has told stays in doubt until it can arrive no more.
        if (at < after(found->second.sent_at, process->view->settings().journaling.fence_after + seconds{60})) continue;
        complain(*process, "I13", found->first, "watched when all is over, although the process has released it");
      }
    }
  }

 private:
  class Watch {
   public:
    std::vector<std::uint64_t> flying;   ///< Requests of holds under way.
    std::vector<SteadyTime> in_force;    ///< When those requests left whose holds are.
    std::vector<std::uint64_t> releases; ///< Requests.
    bool asked = false;                  ///< A hold was, in this incarnation.
    bool misled = false;                 ///< By an old reading.
    bool released = false;               ///< By the last word of the process's callers.
    bool told = false;
    SteadyTime told_at{}, sent_at = SteadyTime::min();
    SteadyTime first_shown = never;      ///< On hold, since it is.
    SteadyTime watched_at = never;       ///< Since when it is watched, whenever that counts from.
    SteadyTime shown_at = SteadyTime::min();  ///< On hold, the last time.
    SteadyTime wrong_since = never;
    SteadyTime reread_by = never;        ///< A channel has opened since anybody looked.
    [[nodiscard]] SteadyTime must_since(const Books& books, const Truth* truth) const {
      SteadyTime first = never;
      const bool ends = std::any_of(releases.begin(), releases.end(), [&](std::uint64_t each) {
        const ExchangeRecord& release = *books.exchange(each);
        return release.accepted() && release.changes + release.carried_out == 0;
      });
      if (ends) return never;
      for (const SteadyTime each : in_force) first = std::min(first, each);
      for (const std::uint64_t each : flying) {
        const ExchangeRecord& hold = *books.exchange(each);
        // One that names a party which has left is refused whenever it arrives, be another there by now; and what was shown
        // on hold since it left, and is not any more, counts as what it has done.
        if (truth != nullptr && (hold.party != truth->party || (!truth->held && shown_at >= hold.left_at))) continue;
        first = std::min(first, hold.left_at);
      }
      return misled ? never : first;
    }
  };
  class Belief {
   public:
    std::map<std::string, Watch, std::less<>> watches;
    SteadyTime next_due = never, unserved_at = SteadyTime::min();
    SteadyTime next_reread = never, failed_at = SteadyTime::min();
    bool dirty = false, doubtful = false;
  };
  [[nodiscard]] static std::pair<int, int> key(ProcessId id) noexcept { return {id.number, id.incarnation}; }
  Watch& watch_of(ProcessId id, const std::string& interaction) { return believes_[key(id)].watches[interaction]; }
  void touch(ProcessId id) { believes_[key(id)].dirty = true; }
  void complain(const ProcessRecord& process, std::string_view invariant, const std::string& interaction, std::string text) const {
    broken(invariant, process.id, std::move(text)).interaction = interaction;
  }
  void shown(ProcessId id, const ShownHold& what) {
    Watch& watch = watch_of(id, what.interaction);
    const Truth* const truth = books().truth(what.interaction);
    if (what.held) watch.shown_at = what.at;
    if (what.held && truth != nullptr && truth->held && !what.late) watch.first_shown = std::min(watch.first_shown, what.at);
    // What was true once may be told late: of over, by an event as well.
    if (truth != nullptr && truth->held && (what.late ? !what.held || what.over : what.over)) watch.misled = true;
  }
  void check_rereads(ProcessId id, Belief& belief, SteadyTime at) {
    belief.next_reread = never;
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr || process->view == nullptr) return;
    for (const HeldInteraction& each : process->view->held()) {
      Watch& watch = belief.watches[plain::lower(each.interaction)];
      if (watch.reread_by == never) continue;
      if (at <= books().latest(watch.reread_by, seconds{1})) {
        belief.next_reread = std::min(belief.next_reread, after(watch.reread_by, seconds{1}));
        continue;
      }
      watch.reread_by = never;
      complain(*process, "I13", plain::lower(each.interaction), "watched, and not read again since a channel has opened");
    }
    for (auto& [interaction, watch] : belief.watches)
      if (at > watch.reread_by) watch.reread_by = never;
  }
  void compare(const ProcessRecord& process, Belief& belief, SteadyTime at) {
    const std::vector<HeldInteraction> said = process.view->held();
    const Duration slack = Books::moment + process.view->tick();
    const bool restored = process.view->settings().journal && process.id.incarnation != 0;
    belief.doubtful = false;
    for (auto& [interaction, watch] : belief.watches) {
      const HeldInteraction* mine = nullptr;
      for (const HeldInteraction& each : said)
        if (plain::lower(each.interaction) == interaction) mine = &each;
      const Truth* const truth = books().truth(interaction);
      const SteadyTime since = watch.must_since(books(), truth);
      const char* wrong = nullptr;
      if (mine == nullptr) watch.watched_at = never;
      else watch.watched_at = std::min(watch.watched_at, at);
      if (since != never && mine == nullptr && !(truth != nullptr && truth->party_over))
        wrong = watch.in_force.empty() ? "a hold is under way, and it is not watched" : "a hold of its own is in force, and it is not watched";
      if (since != never && mine != nullptr && mine->since > after(begun_at(process, since, truth, watch), slack)) wrong = "a hold is watched since later than it was sent";
      if (mine != nullptr && !watch.asked && watch.shown_at == SteadyTime::min() && !restored)
        wrong = "watched, although nothing has shown it on hold";
      if (mine != nullptr && clocks_agree_ && !restored && truth != nullptr && truth->held && watch.first_shown != never &&
          watch.sent_at < mine->since && !begins_again(process, interaction, watch) && mine->since > begun_by(process, *truth, watch, slack))
        wrong = "another's hold is watched since later than it began";
      if (wrong == nullptr) {
        watch.wrong_since = never;
      } else if (watch.wrong_since == never) {
        watch.wrong_since = at;
        belief.doubtful = true;
      } else if (at > books().latest(watch.wrong_since, slack)) {
        if (watch.wrong_since != SteadyTime::max() - Duration(1)) complain(process, "I13", interaction, wrong);
        watch.wrong_since = SteadyTime::max() - Duration(1);  // once is enough
      } else {
        belief.doubtful = watch.wrong_since != SteadyTime::max() - Duration(1);
      }
    }
    for (const HeldInteraction& each : said)
      if (belief.watches.find(plain::lower(each.interaction)) == belief.watches.end() && !restored)
        complain(process, "I13", each.interaction, "watched, although the process has never heard of it");
  }
  /// Since when a hold is watched at the latest that was sent then: since the cloud says that it began, which it says by the
  /// wall clock; where that is wrong, since it was shown; and never for longer than the limit when it was shown.
  [[nodiscard]] SteadyTime begun_at(const ProcessRecord& process, SteadyTime sent, const Truth* truth, const Watch& watch) const {
    if (truth == nullptr || !truth->held || truth->held_changes.size() < 2) return sent;
    SteadyTime began = truth->held_changes.back().first;
    if (watch.shown_at != SteadyTime::min())
      began = std::max(began, clocks_agree_ ? watch.shown_at - process.view->settings().hold.max_hold : watch.shown_at);
    return std::max(sent, after(began, milliseconds{2}));
  }
  /// Whether a hold of its own is about to leave behind an old reading that has shown the earlier one's end: it is watched
  /// from its turn, which comes before its first byte.
  [[nodiscard]] bool begins_again(const ProcessRecord& process, const std::string& interaction, const Watch& watch) const {
    return watch.misled && std::any_of(process.works.begin(), process.works.end(), [&](std::uint64_t number) {
             const WorkRecord* const record = books().work(number);
             return record != nullptr && record->ends == 0 && record->work.kind == WorkKind::hold && plain::lower(record->work.interaction) == interaction;
           });
  }
  /// Since when another's hold is watched at the latest: when it began; of one that was older than the limit when the watch
  /// began, or it was shown so again, since the limit before that.
  [[nodiscard]] SteadyTime begun_by(const ProcessRecord& process, const Truth& truth, const Watch& watch, Duration slack) const {
    if (truth.held_changes.size() < 2) return never;  // it was on hold when the run began, and only the cloud knows since when
    const SteadyTime limit = std::max(watch.watched_at, watch.shown_at) - process.view->settings().hold.max_hold;
    const SteadyTime began = truth.held_changes.back().first;
    return after(began > limit ? began : limit, slack + milliseconds{2});
  }
  void remind(const ProcessRecord& process, Belief& belief, SteadyTime at) const {
    const HoldSettings& settings = process.view->settings().hold;
    const Duration tick = process.view->tick();
    belief.next_due = never;
    for (auto& [interaction, watch] : belief.watches) {
      const SteadyTime sent = watch.must_since(books(), books().truth(interaction));
      if (sent == never) continue;  // what was told of it still counts: it may have been watched all the time
      const SteadyTime since = begun_at(process, sent, books().truth(interaction), watch);
      SteadyTime due = after(since, settings.max_hold);
      // The door may count from an earlier hold, and tell earlier.
      if (watch.told && watch.told_at >= sent) due = std::max(due, after(watch.told_at, settings.repeat_every));
      due = after(books().due(due), tick + Books::moment);
      due = std::max(due, belief.unserved_at == SteadyTime::min() ? due : after(belief.unserved_at, tick + Books::moment));
      if (at > due && process.view->served()) {
        if (process.view->hold_metrics()[HoldCount::dropped_notices] == 0)
          complain(process, "I15", interaction,
                   "beyond its limit for " + std::to_string((at - due).count()) + " ns without an escalation or a release");
        watch.told = true, watch.told_at = at;
        due = after(at, settings.repeat_every);
      }
      belief.next_due = std::min(belief.next_due, after(due, Duration(1)));
    }
  }

  std::map<std::pair<int, int>, Belief> believes_;
  bool clocks_agree_ = false;
};

}  // namespace patchbay::testing::simulation
