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

#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I13, hold-timer truth, and I15, max hold.
///
/// A belief of our own is made from the commands that left an incarnation, the answers that came to it, and what its
/// readings showed. A hold that left *must* be watched, and no later than since it left, until it is refused, or a
/// release that left behind it is confirmed, or, once it was confirmed itself (by an answer, or a reading), a reading
/// shows the interaction not on hold. An interaction *may* be watched when it must, when a hold was confirmed after the
/// release behind it, or when a reading showed it on hold since the last confirmed release left, and not any more when
/// its door has answered a command by having read that the interaction is over; the answer that ended it may also be lost
/// when its channel ends with it, and then it may be watched until the next one. `held()` must lie between the two. It
/// is compared when something relevant has happened, and what differs must do so a moment and a tick later as well,
/// since a process may hear of an event only after its witnesses.
///
/// An interaction that must be watched has its escalation, or its release attempt, by the hold's limit and one tick,
/// and again after each `repeat_every`, while the process's channel is served; gaps of the clock are nobody's fault,
/// and neither are notices that found no room, which are counted.
class Watchdogs final : public Check {
 public:
  using Check::Check;

  void frame_left(ProcessId id, std::uint64_t, std::string_view, SteadyTime at) override {
    const Effect* const effect = books().command();
    if (effect == nullptr) return;
    Watch& watch = watch_of(id, effect->interaction);
    if (effect->kind == WorkKind::hold) {
      watch.holds.push_back(Hold{effect->id, effect->order, at});
      watch.read_over = false;
    } else {
      watch.releases.push_back(effect->id);
      // Where the client has asked for that, an attempt to release is what the limit calls for; it is told of later.
      const ProcessRecord* const process = books().process(id);
      if (process != nullptr && process->view != nullptr && process->view->settings().hold.limit == HoldLimit::release) {
        watch.told = true;
        watch.told_at = at;
      }
    }
    touch(id, watch);
  }
  void frame_received(ProcessId id, std::uint64_t channel, std::string_view, SteadyTime at) override {
    const Effect* const effect = books().command();
    if (effect == nullptr || books().answered_before()) return;
    Watch& watch = watch_of(id, effect->interaction);
    const bool ends = books().reply().positive != (effect->kind == WorkKind::hold);
    if (ends) {
      // What may be watched but for this answer, may still be when it is lost.
      watch.may_be_lost = watch.may();
      watch.ended_on = channel, watch.ended_at = at;
      watch.lost = false;
    }
    if (effect->kind == WorkKind::hold) {
      for (Hold& each : watch.holds) {
        if (each.id != effect->id) continue;
        each.refused = !books().reply().positive;
        each.confirmed = each.confirmed || !each.refused;
        each.confirmed_late = !each.refused && each.released;
        watch.read_over = watch.read_over && each.refused;
      }
    } else if (books().reply().positive) {
      for (Hold& each : watch.holds) each.released = each.released || each.order < effect->order;
      for (Hold& each : watch.holds) each.confirmed_late = each.confirmed_late && each.order > effect->order;
      if (watch.seen_held && watch.seen_held_at < effect->first_sent) watch.seen_held = false;
    }
    watch.last_change = at;
    touch(id, watch);
  }
  void channel_ended(ProcessId id, std::uint64_t channel, SteadyTime at) override {
    for (auto& [interaction, watch] : believes_[key(id)].watches)
      if (watch.may_be_lost && watch.ended_on == channel &&
          at <= books().latest(watch.ended_at, books().tick(id) + Books::moment))
        watch.lost = true;
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse*, const TransportError*, SteadyTime at) override {
    const Reading* const reading = books().reading();
    if (reading == nullptr || (!reading->held && !reading->over)) return;
    Watch& watch = watch_of(view.process, reading->interaction);
    if (view.by_holds) watch.read_over = reading->over;
    if (reading->over) {
      // A door that only moves interactions may have read that, and then its sibling goes on watching.
      watch.seen_held = watch.seen_held || reading->held.value_or(false);
      watch.seen_held_at = at;
      for (Hold& each : watch.holds) each.seen_over = true;
    } else if (*reading->held) {
      watch.seen_held = true;
      watch.seen_held_at = at;
      for (Hold& each : watch.holds) each.confirmed = each.confirmed || !each.refused;
    } else {
      for (Hold& each : watch.holds) each.seen_over = each.seen_over || each.confirmed || fenced(view.process, each, at);
    }
    touch(view.process, watch);
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    // These ends come of what a door has read last.
    const bool judged = (work.kind == WorkKind::hold && end.code == ErrorCode::not_eligible) ||
                        (work.kind == WorkKind::unhold && end.code == ErrorCode::command_refused);
    if (!end.failed || !judged) return;
    Watch& watch = watch_of(id, plain::lower(work.interaction));
    if (!watch.read_over) return;
    // It knows that the interaction is over: nothing that was sent before is a reason to watch it, but a late answer.
    watch.seen_held = watch.lost = false;
    for (Hold& each : watch.holds) each.released = true, each.confirmed_late = false;
    touch(id, watch);
  }
  void limit_told(ProcessId id, const HoldLimitEvent& event, SteadyTime at) override {
    if (event.kind == HoldLimitEvent::Kind::warning) return;
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr) return;
    Watch& watch = watch_of(id, plain::lower(event.interaction));
    watch.told_at = at;
    watch.told = true;
    touch(id, watch);
  }
  void crashed(ProcessId id, SteadyTime) override { believes_.erase(key(id)); }
  void closed(ProcessId id, SteadyTime) override { believes_.erase(key(id)); }
  void after_event(SteadyTime at) override {
    if (books().wire().holds_by_request()) return;  // see `RequestedWatches`
    for (auto& [id, belief] : believes_) {
      if (!belief.dirty && at < belief.next_due && !belief.doubtful) continue;
      const ProcessRecord* const process = books().process(ProcessId(id.first, id.second));
      if (process == nullptr || process->view == nullptr) continue;
      if (!process->view->served()) belief.unserved_at = at;
      if (belief.dirty || belief.doubtful) compare(*process, belief, at);
      remind(*process, belief, at);
      belief.dirty = false;
    }
  }

 private:
  class Hold {
   public:
    Hold(std::string id_in, std::uint64_t order_in, SteadyTime at_in)
        : id(std::move(id_in)), order(order_in), at(at_in) {}
    std::string id;
    std::uint64_t order;
    SteadyTime at;
    bool confirmed = false, refused = false;
    bool released = false;        ///< A release that left behind it was confirmed.
    bool confirmed_late = false;  ///< After that.
    bool seen_over = false;       ///< Seen not to be on hold, after it was confirmed, or long after it was sent.
    SteadyTime seen_at = never;   ///< When it was first seen so, before that.
    [[nodiscard]] bool must() const noexcept { return !refused && !released && !seen_over; }
    [[nodiscard]] bool may() const noexcept { return !refused && (!released || confirmed_late); }
  };
  class Watch {
   public:
    std::vector<Hold> holds;
    std::vector<std::string> releases;
    bool seen_held = false, told = false;
    bool read_over = false;  ///< By the door for holds; nothing that came since says otherwise.
    bool may_be_lost = false, lost = false;  ///< The last answer that ended it; and has perhaps been, with its channel.
    std::uint64_t ended_on = 0;              ///< That channel.
    SteadyTime seen_held_at{}, told_at{}, last_change{}, ended_at{};
    SteadyTime wrong_since = never;  ///< Differs from what the door says since then.
    [[nodiscard]] SteadyTime must_since() const noexcept {
      SteadyTime first = never;
      for (const Hold& each : holds)
        if (each.must()) first = std::min(first, each.at);
      return first;
    }
    [[nodiscard]] bool may() const noexcept {
      return seen_held || lost || std::any_of(holds.begin(), holds.end(), [](const Hold& each) { return each.may(); });
    }
  };
  class Belief {
   public:
    std::map<std::string, Watch, std::less<>> watches;
    SteadyTime next_due = never, unserved_at = SteadyTime::min();
    bool dirty = false, doubtful = false;
  };
  /// Whether the journal of a process, who saw that an unanswered hold was not in effect and sees it again after the
  /// time that its settings give to late arrivals, may call it not applied. That this is true is I16's business.
  [[nodiscard]] bool fenced(ProcessId id, Hold& hold, SteadyTime at) const {
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr || process->view == nullptr || !process->view->settings().journal) return false;
    hold.seen_at = std::min(hold.seen_at, at);
    return at >= after(hold.seen_at, process->view->settings().journaling.fence_after);
  }
  [[nodiscard]] static std::pair<int, int> key(ProcessId id) noexcept { return {id.number, id.incarnation}; }
  Watch& watch_of(ProcessId id, const std::string& interaction) { return believes_[key(id)].watches[interaction]; }
  void touch(ProcessId id, const Watch&) { believes_[key(id)].dirty = true; }
  void complain(const ProcessRecord& process, std::string_view invariant, const std::string& interaction,
                std::string text) const {
    broken(invariant, process.id, std::move(text)).interaction = interaction;
  }

  void compare(const ProcessRecord& process, Belief& belief, SteadyTime at) {
    const std::vector<HeldInteraction> said = process.view->held();
    belief.doubtful = false;
    for (auto& [interaction, watch] : belief.watches) {
      const HeldInteraction* mine = nullptr;
      for (const HeldInteraction& each : said)
        if (plain::lower(each.interaction) == interaction) mine = &each;
      const SteadyTime since = watch.must_since();
      const char* wrong = nullptr;
      if (since != never && mine == nullptr)
        wrong = "a hold was sent and is not known to be over, and it is not watched";
      if (since != never && mine != nullptr && mine->since > since)
        wrong = "a hold is watched since later than it was sent";
      if (mine != nullptr && !watch.may() && !may_be_watched(process, interaction))
        wrong = "watched, although nothing says that it may be on hold";
      if (wrong == nullptr) {
        watch.wrong_since = never;
      } else if (watch.wrong_since == never) {
        watch.wrong_since = at;
        belief.doubtful = true;
      } else if (at > books().latest(watch.wrong_since, Books::moment + process.view->tick())) {
        complain(process, "I13", interaction, wrong);
        watch.wrong_since = SteadyTime::max() - Duration(1);  // once is enough
      } else {
        belief.doubtful = true;
      }
    }
    for (const HeldInteraction& each : said)
      if (belief.watches.find(plain::lower(each.interaction)) == belief.watches.end() &&
          !may_be_watched(process, plain::lower(each.interaction)))
        complain(process, "I13", each.interaction, "watched, although the process never held it");
  }
  /// Whether something else may have it watched: a journal, from an earlier life; a hold that is on its way to the
  /// transport, or of which that could not tell whether it left.
  [[nodiscard]] bool may_be_watched(const ProcessRecord& process, std::string_view interaction) const {
    const ProcessView& view = *process.view;
    if (view.settings().journal && process.id.incarnation != 0) return true;
    // An answer that comes when its command is forgotten says nothing; of how many it knows is a bound (I20).
    if (const auto belief = believes_.find(key(process.id)); belief != believes_.end()) {
      std::size_t commands = 0;
      for (const auto& [name, watch] : belief->second.watches) commands += watch.holds.size() + watch.releases.size();
      if (commands > view.settings().hold.max_tombstones) return true;
    }
    // Who could not write how a hold ended looks after it again: what the journal has on hold, and nothing else.
    if (view.settings().journal && (view.hold_metrics()[HoldCount::journal_failures] != 0 ||
                                    view.hold_metrics()[HoldCount::releases_unjournaled] != 0)) {
      const std::vector<BelievedHold> holds = view.settings().journal->holds();
      if (std::any_of(holds.begin(), holds.end(),
                      [&](const BelievedHold& each) { return plain::lower(each.interaction) == interaction; }))
        return true;
    }
    return std::any_of(process.works.begin(), process.works.end(), [&](std::uint64_t number) {
      const WorkRecord* const record = books().work(number);
      return record != nullptr && record->work.kind == WorkKind::hold &&
             plain::lower(record->work.interaction) == interaction &&
             (record->ends == 0 || (record->end.failed && record->end.outcome == Outcome::unknown));
    });
  }
  void remind(const ProcessRecord& process, Belief& belief, SteadyTime at) const {
    const HoldSettings& settings = process.view->settings().hold;
    const Duration tick = process.view->tick();
    belief.next_due = never;
    for (auto& [interaction, watch] : belief.watches) {
      const SteadyTime since = watch.must_since();
      if (since == never) {
        watch.told = false;
        continue;
      }
      SteadyTime due = after(since, settings.max_hold);
      // The door may count from an earlier hold, and tell earlier.
      if (watch.told && watch.told_at >= since) due = std::max(due, after(watch.told_at, settings.repeat_every));
      due = after(books().due(due), tick + Books::moment);
      // Whoever was not served until then has one tick more.
      due = std::max(due,
                     belief.unserved_at == SteadyTime::min() ? due : after(belief.unserved_at, tick + Books::moment));
      if (at > due && process.view->served()) {
        if (process.view->hold_metrics()[HoldCount::dropped_notices] == 0)
          complain(
              process, "I15", interaction,
              "beyond its limit for " + std::to_string((at - due).count()) + " ns without an escalation or a release");
        watch.told = true;
        watch.told_at = at;
        due = after(at, settings.repeat_every);
      }
      belief.next_due = std::min(belief.next_due, after(due, Duration(1)));
    }
  }
  std::map<std::pair<int, int>, Belief> believes_;
};

}  // namespace patchbay::testing::simulation
