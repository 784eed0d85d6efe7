// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/observe/metrics.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I11, one socket: no channel is opened while another of the incarnation is open or being opened, and the process
/// never has two. That a dead connection has neither timers nor handlers is seen by I23 and by what it would do.
///
/// Where the cloud makes the channel, a second one may be opened beside the open one: when that was said to be closed soon, has
/// been open for the least time between renewals (which counts from before it was opened), or was opened when a channel had just ended, and may be that one; and when it stands, the first is let go within a moment and a tick. A
/// channel of which that was said is not given up before another stands, unless it was closed or ended, nothing came on it for
/// nearly the time that means silence, or something was being written on it.
class OneSocket final : public Check {
 public:
  using Check::Check;

  void request_left(const ExchangeView& view, SteadyTime at) override {
    if (!view.opening) return;
    int& opening = opening_[key(view.process)];
    const ProcessRecord* const process = books().process(view.process);
    if (opening != 0) broken("I11", view.process, "a channel is opened while another is being opened");
    if (process != nullptr && !process->channels.empty() && !may_hand_over(*process, at))
      broken("I11", view.process, "a channel is opened while another is open");
    ++opening;
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse*, const TransportError*, SteadyTime) override {
    if (!view.opening || books().exchange(view.number) == nullptr) return;
    if (int& opening = opening_[key(view.process)]; opening != 0) --opening;
  }
  void channel_opened(ProcessId id, std::uint64_t channel, SteadyTime at) override {
    const ProcessRecord* const process = books().process(id);
    if (books().wire().holds_by_request()) lines_[channel].heard_at = at;
    if (process == nullptr || process->channels.size() < 2) return;
    if (!books().wire().holds_by_request() || process->channels.size() > 2)
      return void(broken("I11", id, std::to_string(process->channels.size()) + " channels are open"));
    overlaps_.try_emplace(key(id), at);
  }
  void channel_closed(ProcessId, std::uint64_t channel, std::uint16_t, SteadyTime) override { lines_[channel].ended = true; }
  void frame_left(ProcessId, std::uint64_t channel, std::string_view, SteadyTime at) override {
    if (books().wire().holds_by_request()) lines_[channel].written_at = at;
  }
  void frame_received(ProcessId id, std::uint64_t channel, std::string_view, SteadyTime at) override {
    if (!books().wire().holds_by_request()) return;
    Line& line = lines_[channel];
    line.heard_at = at;
    const std::string& topic = books().reply().type;
    line.closing = line.closing || topic == "v2.system.socket_closing";
    if (!topic.starts_with("v2.system.token_revoked") && !topic.starts_with("v2.system.no_longer_subscribed")) return;
    line.ended = true;
    channels_over_[key(id)] = at;
  }
  void channel_ended(ProcessId id, std::uint64_t channel, SteadyTime at) override {
    const auto found = lines_.find(channel);
    if (found == lines_.end()) return;
    const Line line = found->second;
    lines_.erase(found);
    const ProcessRecord* const process = books().process(id);
    if (!line.closing || line.ended || process == nullptr || process->view == nullptr || process->gone() || !process->channels.empty())
      return;
    const HoldSettings& settings = process->view->settings().hold;
    if (at >= after(line.heard_at, settings.silence_limit - settings.ping_every) || at <= after(line.written_at, settings.send_timeout)) return;
    broken("I11", id, "a channel that was to be closed was given up before another stood");
  }
  void crashed(ProcessId id, SteadyTime) override { overlaps_.erase(key(id)); }
  void closed(ProcessId id, SteadyTime) override { overlaps_.erase(key(id)); }
  void after_event(SteadyTime at) override {
    for (auto each = overlaps_.begin(); each != overlaps_.end();) {
      const ProcessRecord* const process = books().process(ProcessId(each->first.first, each->first.second));
      const bool two = process != nullptr && process->channels.size() > 1;
      if (two && at <= books().latest(each->second, Books::moment + books().tick(process->id))) {
        ++each;
        continue;
      }
      if (two) broken("I11", process->id, "a channel stays open beside the one that has taken its place");
      each = overlaps_.erase(each);
    }
  }
  void quiescent(SteadyTime) override {
    for (const auto& [key, process] : books().processes())
      if (process.view != nullptr && process.view->channels() > 1)
        broken("I11", process.id, std::to_string(process.view->channels()) + " channels are open");
  }

 private:
  /// An open channel of a dialect whose cloud makes them.
  class Line {
   public:
    bool closing = false;  ///< The cloud said that it will close the connection soon.
    bool ended = false;    ///< It has, or the channel is over.
    SteadyTime heard_at{}, written_at = SteadyTime::min();
  };
  [[nodiscard]] static std::pair<int, int> key(ProcessId id) noexcept { return {id.number, id.incarnation}; }
  [[nodiscard]] bool may_hand_over(const ProcessRecord& process, SteadyTime at) const {
    if (!books().wire().holds_by_request() || process.channels.size() != 1 || process.view == nullptr) return false;
    const auto& [channel, since] = *process.channels.begin();
    const auto line = lines_.find(channel);
    return (line != lines_.end() && line->second.closing) || ended_before(process.id, since) || after(at, process.view->settings().hold.connect_timeout + books().tick(process.id)) >= after(since, seconds{60});
  }
  [[nodiscard]] bool ended_before(ProcessId id, SteadyTime opened_at) const {
    const auto found = channels_over_.find(key(id));
    return found != channels_over_.end() && after(found->second, seconds{30}) >= opened_at;
  }
  std::map<std::pair<int, int>, int> opening_;
  std::map<std::pair<int, int>, SteadyTime> channels_over_;  // when a process heard of it last
  std::map<std::pair<int, int>, SteadyTime> overlaps_;  // since when two are open
  std::map<std::uint64_t, Line> lines_;
};

/// I12, acknowledgements.
///
/// A hold or release that succeeds by an answer has had one that names its id, its verb and, if any, its interaction;
/// one that is refused has had such an answer with another explicit type. The first such answer counts and no other:
/// together the counters of settling and late answers are the firsts, that of duplicates is the rest, and every message
/// is counted once; what is handed over on a channel that was given up is for nobody. The counters are looked at when the run has come to rest, of incarnations whose tombstones can hold
/// all commands. Binary messages, which the witness is not shown, may make the total larger.
class Acknowledgements final : public Check {
 public:
  using Check::Check;

  void frame_received(ProcessId id, std::uint64_t, std::string_view, SteadyTime at) override {
    if (!books().heard() || books().wire().holds_by_request()) return;
    Count& count = counts_[std::pair(id.number, id.incarnation)];
    ++count.messages;
    count.last_at = at;
    if (books().command() == nullptr) return;
    ++(books().answered_before() ? count.repeated : count.first);
  }
  void frame_left(ProcessId id, std::uint64_t, std::string_view, SteadyTime) override {
    ++counts_[std::pair(id.number, id.incarnation)].commands;
  }
  /// A message that comes with the end of its channel may be lost on a connection that was given up, be it an answer,
  /// or an answer once more.
  void channel_ended(ProcessId id, std::uint64_t, SteadyTime at) override {
    Count& count = counts_[std::pair(id.number, id.incarnation)];
    if (at <= books().latest(count.last_at, books().tick(id) + Books::moment)) ++count.ended;
  }
  void ended(ProcessId, const Work& work, const WorkEnd& end) override {
    if (work.kind == WorkKind::transition || books().wire().holds_by_request()) return;
    const WorkRecord* const record = books().work(work.number);
    if (record == nullptr) return;
    const Effect* const effect = books().effect(record->end.id);
    if (!end.failed && !end.already_held && !end.by_state && (effect == nullptr || !effect->confirmed))
      broken("I12", *record, "succeeded by an answer, and none came that names it rightly");
    if (end.failed && end.code == ErrorCode::command_refused && (effect == nullptr || !effect->refused))
      broken("I12", *record, "refused, and no refusal came that names it rightly");
    if (effect != nullptr && effect->refused && !end.failed && !end.by_state)
      broken("I12", *record, "succeeded, although it was refused first");
  }
  void quiescent(SteadyTime) override {
    if (books().wire().holds_by_request()) return;  // no message answers a command there; see `RequestedHolds`
    for (const auto& [key, count] : counts_) {
      const ProcessRecord* const process = books().process(ProcessId(key.first, key.second));
      if (process == nullptr || process->view == nullptr) continue;
      if (count.commands > process->view->settings().hold.max_tombstones) continue;
      const HoldMetricsSnapshot said = process->view->hold_metrics();
      const std::uint64_t firsts = said.acks() + said[HoldCount::late_acks];
      const std::uint64_t total =
          firsts + said[HoldCount::duplicate_acks] + said[HoldCount::foreign_messages] + said[HoldCount::junk_frames];
      const auto differ = [&](std::string_view what, std::uint64_t counted, std::uint64_t came) {
        broken("I12", process->id,
               std::string(what)
                   .append(": counted ")
                   .append(std::to_string(counted))
                   .append(", came ")
                   .append(std::to_string(came)));
      };
      if (firsts > count.first || firsts + count.ended < count.first) differ("first answers", firsts, count.first);
      if (said[HoldCount::duplicate_acks] > count.repeated ||
          said[HoldCount::duplicate_acks] + count.ended < count.repeated)
        differ("repeated answers", said[HoldCount::duplicate_acks], count.repeated);
      if (total + count.ended < count.messages) differ("messages", total, count.messages);
    }
  }

 private:
  class Count {
   public:
    std::uint64_t messages = 0, first = 0, repeated = 0;
    std::uint64_t ended = 0;  ///< Channels, with a message that had just come.
    std::size_t commands = 0;
    SteadyTime last_at = SteadyTime::min();  ///< Of the last message.
  };
  std::map<std::pair<int, int>, Count> counts_;
};

/// I23, clean stop: after a process has destroyed its doors none of its handlers is called, and once everything has
/// come to its end each of its works has ended, and it has no exchange and no channel. After a crash nothing comes from
/// it at all. How long closing takes is held against the works' budgets by I7.
class CleanStop final : public Check {
 public:
  using Check::Check;

  void finished(SteadyTime) override {
    for (const auto& [key, process] : books().processes()) {
      if (!process.closed) continue;
      if (process.open != 0)
        broken("I23", process.id, std::to_string(process.open) + " works never ended when their door was destroyed");
      if (!process.channels.empty()) broken("I23", process.id, "a channel stayed open when its door was destroyed");
      if (under_way_[key] != 0) broken("I23", process.id, "an exchange stayed under way when its door was destroyed");
    }
  }
  void request_left(const ExchangeView& view, SteadyTime) override {
    ++under_way_[std::pair(view.process.number, view.process.incarnation)];
    crashed_not(view.process, "a request left");
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse*, const TransportError*, SteadyTime) override {
    if (books().exchange(view.number) == nullptr) return;
    if (int& count = under_way_[std::pair(view.process.number, view.process.incarnation)]; count != 0) --count;
  }
  void frame_left(ProcessId id, std::uint64_t, std::string_view, SteadyTime) override {
    crashed_not(id, "a message left");
  }
  void ended(ProcessId id, const Work&, const WorkEnd&) override { crashed_not(id, "a work ended in"); }
  void limit_told(ProcessId id, const HoldLimitEvent&, SteadyTime) override { in_use(id, "a limit was told by"); }
  void channel_told(ProcessId id, const ChannelStateEvent&, SteadyTime) override {
    in_use(id, "a change of the channel was told by");
  }
  void audited(ProcessId id, const AuditRecord&) override { crashed_not(id, "a record was written by"); }
  void logged(ProcessId id, std::string_view) override { crashed_not(id, "a line was logged by"); }

 private:
  void crashed_not(ProcessId id, std::string_view what) const {
    const ProcessRecord* const process = books().process(id);
    if (process != nullptr && process->crashed)
      broken("I23", id, std::string(what).append(" a process that had crashed"));
  }
  void in_use(ProcessId id, std::string_view what) const {
    const ProcessRecord* const process = books().process(id);
    if (process != nullptr && process->gone()) broken("I23", id, std::string(what).append(" a process that was gone"));
  }
  std::map<std::pair<int, int>, int> under_way_;
};

}  // namespace patchbay::testing::simulation
