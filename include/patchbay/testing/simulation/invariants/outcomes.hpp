// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>  // less
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/observe/audit.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I4, truthful outcome.
///
/// Success: what the id names was applied exactly once before the end; a hold that was proved by state: the cloud had
/// the wanted state between its beginning and its end, or said so; a hold that found what it wanted: likewise (or an
/// earlier life has released it, and no disk took that), and nothing was sent. Failed as not applied: it was not
/// applied, and is not for the rest of the run, however late; when a send was in doubt there was a fence, that is, the
/// version had moved on (what nothing locks has none); a command that was sent was refused in so many words. Of a write
/// that the network copied the process may have seen a refusal and another writer's id, and no trace of the copy that was
/// applied in between: what each conflict looks like. Unknown: something was sent. No work
/// ends twice, and at the end of the run none is left, unless its process crashed. Does not see whether an unknown
/// outcome could have been settled by trying harder.
class TruthfulOutcomes final : public Check {
 public:
  using Check::Check;

  void ended(ProcessId, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    if (record == nullptr) return;
    if (record->ends > 1) return broken("I4", *record, "the work ended twice");
    if (work.kind != WorkKind::transition && books().wire().holds_by_request()) return;  // see `RequestedHolds`
    const Effect* const effect = record->end.id.empty() ? nullptr : books().effect(record->end.id);
    if (!end.failed) return check_success(*record, effect, end);
    switch (end.outcome) {
      case Outcome::applied:
        if (effect == nullptr || effect->changes == 0) broken("I4", *record, "an error says applied, and nothing was");
        return;
      case Outcome::not_applied:
        return check_failure(*record, effect, end);
      case Outcome::unknown:
        // What a callback or want of memory cut short may have been about to be sent.
        if ((effect == nullptr || effect->sends == 0) && end.code != ErrorCode::internal && end.attempts == 0)
          broken("I4", *record, "the outcome is unknown, and nothing was sent");
        return;
    }
  }
  void applied(const AppliedOperation& operation, const Cloud&, SteadyTime) override {
    if (operation.kind == AppliedOperation::Kind::foreign || !operation.changed) return;
    const auto found = forbidden_.find(operation.id);
    if (found == forbidden_.end()) return;
    if (const Effect* const effect = books().effect(operation.id); effect != nullptr && books().shown_older(*effect)) return;
    if (const WorkRecord* const record = books().work(found->second))
      broken("I4", *record, "reported as not applied, and applied afterwards");
  }
  void finished(SteadyTime) override {
    for (const auto& [number, record] : books().works()) {
      const ProcessRecord* const process = books().process(record.process);
      if (record.ends == 0 && process != nullptr && !process->crashed) broken("I4", record, "the work never ended");
    }
  }

 private:
  void check_success(const WorkRecord& record, const Effect* effect, const WorkEnd& end) {
    const Work& work = record.work;
    if (work.kind == WorkKind::transition) {
      const int most = effect == nullptr || books().wire().locks() ? 1 : 1 + effect->copies;
      if (effect == nullptr || effect->changes < 1 || effect->changes > most)
        broken("I4", record,
               "success, and what was written was applied " + std::to_string(effect == nullptr ? 0 : effect->changes) +
                   " times");
      return;
    }
    const bool wanted = work.kind == WorkKind::hold;
    const Truth* const truth = books().truth(plain::lower(work.interaction));
    const bool seen = truth == nullptr || truth->was_held(wanted, work.at, end.at) || shown(record, wanted);
    if (end.already_held) {
      // That another controller has released it is heard of by reading alone, where readings show it (hazard B38).
      if (!seen && truth->changed_by == record.process.number && !forgotten(record))
        broken("I4", record, "said to be on hold already, and it was not");
      if (effect != nullptr && effect->sends != 0)
        broken("I4", record, "said to be on hold already, and a command was sent");
    } else if (end.by_state) {
      if (!seen && (effect == nullptr || effect->carried_out == 0))
        broken("I4", record, "proved by a state that the cloud did not have");
    } else if (effect == nullptr || effect->carried_out != 1) {
      broken("I4", record,
             "success, and the command was carried out " + std::to_string(effect == nullptr ? 0 : effect->carried_out) +
                 " times");
    }
  }
  /// Whether an answer said so, be it an old one from a replica: then it was the cloud who was wrong.
  [[nodiscard]] bool shown(const WorkRecord& record, bool wanted) const {
    const ProcessRecord* const process = books().process(record.process);
    if (process == nullptr) return false;
    const std::string interaction = plain::lower(record.work.interaction);
    for (const Reading& each : process->readings)
      if (each.at >= record.work.at && each.interaction == interaction && each.held && *each.held == wanted)
        return true;
    return false;
  }
  void check_failure(const WorkRecord& record, const Effect* effect, const WorkEnd& end) {
    if (effect == nullptr) {
      // Nothing that left names it. It must not leave later either.
      if (!record.end.id.empty()) forbidden_.emplace(record.end.id, record.work.number);
      return;
    }
    forbidden_.emplace(record.end.id, record.work.number);
    if (effect->changes != 0 && !books().shown_older(*effect) && !copied_and_covered(*effect))
      return broken("I4", record, "reported as not applied (" + std::string(to_string(end.code)) + "), and it was");
    if (effect->kind != WorkKind::transition) {
      if (effect->sends != 0 && !effect->refused)
        broken("I4", record, "a command that was sent is reported as not applied without a refusal");
      return;
    }
    if (effect->doubtful == 0 && effect->under_way == 0) return;
    if (!books().wire().locks()) return broken("I4", record, "reported as not applied while a write that nothing fences was in doubt");
    const Truth* const truth = books().truth(effect->interaction);
    if (truth != nullptr && !truth->final && effect->etag == '"' + std::to_string(truth->version) + '"' &&
        !books().shown_older(*effect))
      broken("I4", record, "reported as not applied while a write in doubt could still be applied");
  }
  /// Whether the network made a copy of its write, of which one was applied and the other one refused, and another writer
  /// was there before the process could see it: who reads another's id behind a refusal sees what each conflict looks like.
  [[nodiscard]] bool copied_and_covered(const Effect& effect) const {
    if (effect.kind != WorkKind::transition || effect.copies == 0 || effect.changes != 1 || !effect.overwritten ||
        effect.doubtful != 0)
      return false;
    const ProcessRecord* const process = books().process(effect.process);
    if (process == nullptr) return false;
    const auto shown = [&](bool mine) {
      return std::any_of(process->readings.begin(), process->readings.end(), [&](const Reading& each) {
        return each.interaction == effect.interaction && each.at >= effect.first_sent && !each.transition_id.empty() &&
               (each.transition_id == effect.id) == mine;
      });
    };
    return shown(false) && !shown(true);
  }
  std::map<std::string, std::uint64_t, std::less<>> forbidden_;  // not applied, by their work
};

/// I24, conservation, of each incarnation that lives at the end of the run, and for what counts down, whenever a work
/// ends.
///
/// Works that ended are what the door's metrics say, outcome by outcome; nothing is pending; each settled operation is
/// in the histogram and has one terminal audit record with its outcome; writes that were counted are writes that left;
/// counters never decrease. Operations of the door's own (releases by a watchdog) are in its metrics and are no works,
/// so that hold metrics are only held against the audit and bounded from below by works. Does not see incarnations that
/// crashed.
class Conservation final : public Check {
 public:
  using Check::Check;

  void submitted(ProcessId id, const Work& work) override { ++tally(id).submitted[door(work)]; }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    Tally& all = tally(id);
    // What was asked for together with others and cancelled before its turn was never an operation.
    const WorkRecord* const record = books().work(work.number);
    if (work.bulk != 0 && end.failed && end.code == ErrorCode::cancelled && record != nullptr && record->end.id.empty())
      return void(--all.submitted[0]);
    ++all.ended[door(work)][static_cast<std::size_t>(end.failed ? end.outcome : Outcome::applied)];
    all.dirty = true;
  }
  void audited(ProcessId id, const AuditRecord& record) override {
    Tally& all = tally(id);
    if (record.sequence != 0) {
      std::uint64_t& last = all.sequence[record.action == "state_transition" ? 0 : 1];
      if (record.sequence != last + 1 && last != 0)
        broken("I24", id, "audit record " + std::to_string(record.sequence) + " follows record " + std::to_string(last))
            .operation = record.operation_id;
      last = record.sequence;
    }
    if (record.success != (record.outcome == Outcome::applied && record.error_code.empty()))
      broken("I24", id, "an audit record's success and outcome contradict each other").operation = record.operation_id;
    auto& kinds = record.kind == AuditKind::operation ? all.terminals : all.attempts;
    ++kinds[record.action == "state_transition" ? 0 : 1][static_cast<std::size_t>(record.outcome)];
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse*, const TransportError*, SteadyTime) override {
    if ((view.method == "PATCH" || view.method == "PUT") && !view.by_holds) ++tally(view.process).writes;
  }
  /// Every 64th time that something ended: a snapshot is not for nothing.
  void after_event(SteadyTime) override {
    if (++events_ % 64 != 0) return;
    for (auto& [key, all] : tallies_)
      if (std::exchange(all.dirty, false))
        if (const ProcessRecord* const process = books().process(ProcessId(key.first, key.second));
            process != nullptr && process->view != nullptr)
          grow(*process, all);
  }
  void quiescent(SteadyTime) override {
    for (auto& [key, all] : tallies_) {
      const ProcessRecord* const process = books().process(ProcessId(key.first, key.second));
      if (process == nullptr || process->view == nullptr || process->gone()) continue;
      grow(*process, all);
      check_transitions(*process, all);
      check_holds(*process, all);
    }
  }

 private:
  using ByOutcome = std::array<std::uint64_t, 3>;
  using Transitions = decltype(TransitionMetricsSnapshot{}.counts);
  using Holds = decltype(HoldMetricsSnapshot{}.counts);
  class Tally {
   public:
    std::array<std::uint64_t, 2> submitted{}, sequence{};
    std::array<ByOutcome, 2> ended{}, terminals{}, attempts{};  // of transitions, and of holds and releases
    std::uint64_t writes = 0;
    Transitions transitions{};
    Holds holds{};
    bool dirty = false;
  };
  [[nodiscard]] static std::size_t door(const Work& work) noexcept { return work.kind == WorkKind::transition ? 0 : 1; }
  Tally& tally(ProcessId id) { return tallies_[std::pair(id.number, id.incarnation)]; }
  [[nodiscard]] static std::uint64_t sum(const ByOutcome& all) noexcept { return all[0] + all[1] + all[2]; }
  void equal(const ProcessRecord& process, std::string_view what, std::uint64_t said, std::uint64_t true_count) const {
    if (said == true_count) return;
    broken("I24", process.id,
           std::string(what)
               .append(": the door says ")
               .append(std::to_string(said))
               .append(", and there were ")
               .append(std::to_string(true_count)));
  }
  template <class Counts>
  void never_less(const ProcessRecord& process, Counts& before, const Counts& now) const {
    for (std::size_t i = 0; i < now.size(); ++i)
      if (now[i] < before[i]) broken("I24", process.id, "counter " + std::to_string(i) + " went down");
    before = now;
  }
  void grow(const ProcessRecord& process, Tally& all) const {
    never_less(process, all.transitions, process.view->transition_metrics().counts);
    never_less(process, all.holds, process.view->hold_metrics().counts);
  }
  void check_transitions(const ProcessRecord& process, const Tally& all) const {
    const TransitionMetricsSnapshot said = process.view->transition_metrics();
    equal(process, "transitions submitted", said[TransitionCount::submitted], all.submitted[0]);
    equal(process, "transitions applied", said[TransitionCount::succeeded], all.ended[0][0]);
    equal(process, "transitions not applied", said[TransitionCount::not_applied], all.ended[0][1]);
    equal(process, "transitions unknown", said[TransitionCount::unknown], all.ended[0][2]);
    equal(process, "transitions in the histogram", said.operation.count, said.settled());
    equal(process, "writes", said[TransitionCount::patch_attempts], all.writes);
    equal(process, "writes in the histogram", said.attempt.count, said[TransitionCount::patch_attempts]);
    if (said[TransitionCount::audit_failures] != 0) return;
    equal(process, "terminal audit records of transitions", sum(all.terminals[0]), said.settled());
    equal(process, "audit records of writes", sum(all.attempts[0]), all.writes);
    for (std::size_t i = 0; i < 3; ++i)
      equal(process, "audited outcomes of transitions", all.terminals[0][i], all.ended[0][i]);
  }
  void check_holds(const ProcessRecord& process, const Tally& all) const {
    const HoldMetricsSnapshot said = process.view->hold_metrics();
    const ByOutcome counted{said[HoldCount::succeeded], said[HoldCount::not_applied], said[HoldCount::unknown]};
    const std::uint64_t own = said[HoldCount::submitted] - all.submitted[1];  // of the watchdogs
    // Where holds travel as requests, it also sends releases again that have overtaken one.
    const bool too_many = own > said[HoldCount::watchdog_releases] && !books().wire().holds_by_request();
    if (said[HoldCount::submitted] < all.submitted[1] || too_many)
      equal(process, "holds and releases submitted", said[HoldCount::submitted], all.submitted[1]);
    for (std::size_t i = 0; i < 3; ++i)
      if (counted[i] < all.ended[1][i]) equal(process, "outcomes of holds and releases", counted[i], all.ended[1][i]);
    equal(process, "holds and releases", said[HoldCount::holds] + said[HoldCount::unholds], said[HoldCount::submitted]);
    equal(process, "holds and releases in the histogram", said.operation.count, said.settled());
    equal(process, "answered commands in the histogram", said.command.count, said.acks());
    if (said[HoldCount::audit_failures] != 0) return;
    for (std::size_t i = 0; i < 3; ++i)
      equal(process, "audited outcomes of holds and releases", all.terminals[1][i], counted[i]);
  }
  std::map<std::pair<int, int>, Tally> tallies_;
  std::uint64_t events_ = 0;
};

}  // namespace patchbay::testing::simulation
