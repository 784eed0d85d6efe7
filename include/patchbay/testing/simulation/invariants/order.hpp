// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstddef>
#include <cstdint>
#include <functional>  // less
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/observe/audit.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I6, per-interaction order.
///
/// Decided when something leaves: no write to an interaction leaves a process whose last write to it has not ended, and
/// no hold one that has an unsettled command on it over the same channel (settled: answered, given up after
/// `ack_timeout`, which counts from a moment before it left, or ended by its audit record, be it before it truly left);
/// a release may follow at any time, and then no hold leaves that was asked for before it. And when something is
/// applied: transitions of
/// one process on one interaction are applied in the order in which they were submitted, restarts included; one of many
/// that were asked for together stands in that order when it begins, which may be behind what came later. Between a
/// process's two doors there is no order, nor between releases.
class Order final : public Check {
 public:
  using Check::Check;

  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::write) return;
    std::uint64_t& last = writes_[key(view.process, sent->interaction)];
    if (const ExchangeRecord* const before = last == 0 ? nullptr : books().exchange(last);
        before != nullptr && before->under_way && before->process == view.process && last != view.number)
      if (const Effect* const effect = books().effect(sent->operation))
        broken("I6", *effect, "left while another write to the interaction was under way");
    last = view.number;
  }
  void frame_left(ProcessId id, std::uint64_t channel, std::string_view, SteadyTime at) override {
    const Effect* const effect = books().command();
    const ProcessRecord* const process = books().process(id);
    if (effect == nullptr || process == nullptr) return;
    std::vector<std::string>& sent = commands_[key(id, effect->interaction)];
    Duration patience{};
    if (process->view != nullptr)
      patience = process->view->settings().hold.ack_timeout - Books::moment - process->view->tick();
    std::erase_if(sent, [&](const std::string& each) {
      const Effect* const before = books().effect(each);
      return before == nullptr || before->answered() || over_.find(each) != over_.end() || before->channel != channel ||
             at >= after(before->last_sent, patience);
    });
    if (effect->kind == WorkKind::hold && !sent.empty() && process->view != nullptr)
      broken("I6", *effect, "a hold left while another command on the interaction was under way: " + sent.front());
    sent.push_back(effect->id);
  }
  void audited(ProcessId, const AuditRecord& record) override {
    if (record.kind == AuditKind::operation && record.action != "state_transition") over_.insert(record.operation_id);
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    if (record != nullptr && work.kind != WorkKind::transition && !end.failed) check_overtaking(id, *record);
    if (work.kind != WorkKind::transition || record == nullptr) return;
    const Effect* const effect = books().effect(record->end.id);
    if (effect == nullptr || effect->changes == 0) return;
    if (ordered(*effect, *record)) place(id, *effect, *record);
  }
  /// What was applied after its work had ended as unknown.
  void quiescent(SteadyTime) override {
    for (const auto& [number, record] : books().works())
      if (record.ends != 0 && record.work.kind == WorkKind::transition && !record.end.id.empty())
        if (const Effect* const effect = books().effect(record.end.id); effect != nullptr && effect->changes != 0 && ordered(*effect, record))
          place(record.process, *effect, record);
  }

 private:
  /// Whether its place can be told. What nothing locks is applied whenever it, or a copy of it, arrives, be it behind what
  /// was submitted later; only what was seen to be applied before its work ended has its place.
  [[nodiscard]] bool ordered(const Effect& effect, const WorkRecord& record) const {
    return books().wire().locks() || (!record.end.failed && effect.copies == 0);
  }
  // Restarts keep the order, so that incarnations are of no matter for writes; they are told apart by their number
  // anyway.
  [[nodiscard]] static std::pair<std::string, int> key(ProcessId id, const std::string& interaction) {
    return {interaction, id.number};
  }
  class Placed {
   public:
    std::uint64_t applied = 0;  ///< Among all that was applied.
    std::uint64_t bulk = 0;
  };
  /// Whether the earlier one may have been outside still when the later one was submitted: what is asked for together
  /// with many others begins when its turn among them comes.
  [[nodiscard]] static bool outside(const Placed& earlier, const Placed& later) noexcept {
    return earlier.bulk != 0 && earlier.bulk != later.bulk;
  }
  void place(ProcessId id, const Effect& effect, const WorkRecord& work) {
    std::map<std::uint64_t, Placed>& order = applied_[key(id, effect.interaction)];
    const Placed placed{effect.applied_order, work.work.bulk};
    const auto [mine, fresh] = order.try_emplace(work.order, placed);
    if (!fresh) return;
    for (const auto& [number, other] : order) {
      if (number < work.order && other.applied > placed.applied && !outside(other, placed))
        return broken("I6", effect, "applied before what was submitted earlier");
      if (number > work.order && other.applied < placed.applied && !outside(placed, other))
        return broken("I6", effect, "applied after what was submitted later");
    }
  }
  class Asked {
   public:
    std::uint64_t order = 0, left = 0;  ///< Among all works, and among all commands that left.
    bool hold = false;
  };
  /// A release takes the place of a hold that was asked for before it and has not left yet.
  void check_overtaking(ProcessId id, const WorkRecord& record) {
    const Effect* const effect = books().effect(record.end.id);
    if (effect == nullptr || effect->sends == 0 || !(effect->process == id)) return;
    std::vector<Asked>& all = asked_[std::pair(id.number, id.incarnation)][effect->interaction];
    const Asked mine{record.order, effect->order, record.work.kind == WorkKind::hold};
    for (const Asked& other : all) {
      const Asked &hold = mine.hold ? mine : other, &release = mine.hold ? other : mine;
      if (hold.hold && !release.hold && hold.order < release.order && hold.left > release.left)
        broken("I6", *effect, "a hold left behind a release that was asked for later");
    }
    all.push_back(mine);
  }
  std::map<std::pair<int, int>, std::map<std::string, std::vector<Asked>>> asked_;  // of what succeeded by an answer
  std::map<std::pair<std::string, int>, std::uint64_t> writes_;
  std::map<std::pair<std::string, int>, std::vector<std::string>> commands_;
  std::set<std::string, std::less<>> over_;  // holds and releases that have ended
  std::map<std::pair<std::string, int>, std::map<std::uint64_t, Placed>> applied_;
};

/// I7, deadline: every work ends by its beginning, its budget and one tick of its process's clock; only what a gap of
/// the monotonic clock swallowed comes later, at its end. The budget of a work that was asked for together with others
/// counts from when it begins, which only its audit record tells: that it is no longer than the budget is looked at
/// there. A caller who blocks and is writing a frame or a ping when its deadline comes has a quarter of a second to
/// finish it, since half a frame would cost everybody the connection. That no attempt and no sleep begins which cannot
/// finish is seen by the same: something that did would end late or be cut short.
class Deadlines final : public Check {
 public:
  using Check::Check;

  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    if (work.bulk != 0) return;
    const SteadyTime due = after(work.at, work.budget);
    if (end.at <= books().latest(due, books().tick(id))) return;
    if (writing(id, due, end.at)) return;
    if (const WorkRecord* const record = books().work(work.number))
      broken("I7", *record, "ended " + std::to_string((end.at - due).count()) + " ns after its deadline");
  }
  void audited(ProcessId id, const AuditRecord& record) override {
    if (record.kind != AuditKind::operation || record.action != "state_transition") return;
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr) return;
    Duration most = Duration::zero();
    for (const std::uint64_t number : process->works)
      if (const WorkRecord* const work = books().work(number);
          work != nullptr && work->work.interaction == record.interaction_id)
        most = std::max(most, work->work.budget);
    const SteadyTime begun = books().now() - record.latency;
    if (books().now() > books().latest(after(begun, most), books().tick(id) + Books::moment))
      broken("I7", id,
             "an operation took " + std::to_string(record.latency.count()) + " ns, longer than any work's budget")
          .operation = record.operation_id;
  }

 private:
  /// How long a caller who blocks finishes writing a frame beyond its own deadline (`HoldPump::send`).
  static constexpr Duration write_grace = milliseconds{250};
  /// Whether a caller who blocks was writing a frame when its deadline came, and went when that was done.
  [[nodiscard]] bool writing(ProcessId id, SteadyTime due, SteadyTime end) const {
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr || process->view == nullptr || process->view->on_loop()) return false;
    const auto [begun, done] = process->view->last_write();
    const Duration tick = books().tick(id);
    return begun <= books().latest(due, tick + Books::moment) && done >= due &&
           end <= books().latest(begun, write_grace + tick) && end <= books().latest(done, tick);
  }
};

/// I14, a release is never refused or starved.
///
/// Decided when a release ends without having been sent: not for a limit of time (unless the settings choose that), nor
/// because a reading, the breaker, the pacer, a bulkhead or the token stood in its way while the channel was open; and
/// when its command leaves: at most `R` = `send_timeout` after it was submitted, the channel was opened, or a release
/// before it left, whichever is latest, whatever other operations wait for; where holds are paced, which would look the
/// same, releases before it are no excuse. Nor does a hold leave before a release that
/// was asked for earlier than the hold can have been handed to the transport, where no journal stands between. And a
/// journal that fails, or waits for recovery, refuses no release. Does not see which of several releases of one
/// interaction a command belongs to.
class Releases final : public Check {
 public:
  using Check::Check;

  void submitted(ProcessId id, const Work& work) override {
    if (work.kind == WorkKind::unhold)
      waiting_[std::pair(id.number, id.incarnation)].push_back(Waiting{work.number, plain::lower(work.interaction)});
  }
  void frame_left(ProcessId id, std::uint64_t, std::string_view, SteadyTime at) override {
    const Effect* const effect = books().command();
    const ProcessRecord* const process = books().process(id);
    if (effect == nullptr || process == nullptr) return;
    std::vector<Waiting>& all = waiting_[std::pair(id.number, id.incarnation)];
    if (effect->kind == WorkKind::hold) return check_precedence(*process, *effect, all, at);
    for (auto each = all.begin(); each != all.end(); ++each) {
      if (each->interaction != effect->interaction) continue;
      if (const WorkRecord* const record = books().work(each->work)) check_delay(*process, *record, at);
      all.erase(each);
      break;
    }
    last_[std::pair(id.number, id.incarnation)] = at;
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    if (work.kind != WorkKind::unhold) return;
    std::erase_if(waiting_[std::pair(id.number, id.incarnation)],
                  [&](const Waiting& each) { return each.work == work.number; });
    const WorkRecord* const record = books().work(work.number);
    const ProcessRecord* const process = books().process(id);
    if (record == nullptr || process == nullptr || process->view == nullptr || !end.failed || end.attempts != 0) return;
    if (books().wire().holds_by_request()) return;  // see `RequestedReleases`
    const HoldSettings& settings = process->view->settings().hold;
    switch (end.code) {
      case ErrorCode::hold_limit:
        if (settings.limit != HoldLimit::reject_late_unhold)
          broken("I14", *record, "a release was refused for being late");
        return;
      case ErrorCode::not_found:
        // The channel's own address may be refused so.
        if (process->channels.empty()) return;
        [[fallthrough]];
      case ErrorCode::not_eligible:
      case ErrorCode::circuit_open:
      case ErrorCode::journal_failed:
      case ErrorCode::unrecovered:
        return broken("I14", *record, "a release was refused: " + std::string(to_string(end.code)));
      case ErrorCode::queue_full:
        if (process->open < settings.max_commands) broken("I14", *record, "a release found no room");
        return;
      case ErrorCode::rate_limited:
      case ErrorCode::deadline_exceeded:
      case ErrorCode::not_connected:
        return check_delay(*process, *record, end.at);
      default:
        return;
    }
  }

 private:
  class Waiting {
   public:
    Waiting(std::uint64_t work_in, std::string interaction_in)
        : work(work_in), interaction(std::move(interaction_in)) {}
    std::uint64_t work;
    std::string interaction;
  };
  /// A hold leaves behind the releases that were asked for before it was its turn, whatever they release; they may have
  /// waited for the journal before.
  void check_precedence(const ProcessRecord& process, const Effect& hold, const std::vector<Waiting>& all,
                        SteadyTime at) const {
    if (process.view == nullptr || process.view->settings().journal) return;
    // It was handed to the transport at most so long before it left.
    const Duration under_way = process.view->settings().hold.send_timeout + process.view->tick() + Books::moment;
    for (const Waiting& each : all) {
      const WorkRecord* const record = books().work(each.work);
      if (record == nullptr || record->cancelled || at <= books().latest(record->work.at, under_way) ||
          at >= after(record->work.at, record->work.budget))
        continue;
      return broken("I14", hold,
                    "a hold left before a release that had been asked for earlier, of " + each.interaction);
    }
  }
  void check_delay(const ProcessRecord& process, const WorkRecord& record, SteadyTime at) const {
    if (process.channels.empty() || process.view == nullptr) return;
    SteadyTime from = std::max(record.work.at, process.channels.begin()->second);
    // One frame is written at a time, and each may take as long as the settings let it.
    const auto before = last_.find(std::pair(process.id.number, process.id.incarnation));
    if (before != last_.end() && !process.view->settings().hold.pacer) from = std::max(from, before->second);
    from = books().due(from);
    const Duration most = process.view->settings().hold.send_timeout + process.view->tick() + Books::moment;
    if (at > books().latest(from, most))
      broken("I14", record,
             "a release waited for " + std::to_string((at - from).count()) + " ns with the channel open");
  }
  std::map<std::pair<int, int>, std::vector<Waiting>> waiting_;
  std::map<std::pair<int, int>, SteadyTime> last_;  // when a release left
};

}  // namespace patchbay::testing::simulation
