// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>  // less
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/testing/simulation/invariants/books.hpp>
#include <patchbay/testing/simulation/invariants/sometimes.hpp>

namespace patchbay::testing::simulation {

/// Recognises the rare states in the events of a run.
class RareStates final : public Witness {
 public:
  explicit RareStates(const Books& books) noexcept : books_(&books) {}
  [[nodiscard]] const Sometimes& reached() const noexcept { return reached_; }

  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books_->work(work.number);
    const Effect* const effect = record == nullptr ? nullptr : books_->effect(record->end.id);
    if (effect != nullptr) ended(*effect, end);
    if (end.already_held) reached_.reach(Rare::held_already);
    if (books_->wire().holds_by_request() && work.kind != WorkKind::transition) requested_ended(id, work, end);
    if (!end.failed) {
      if (auto open = opened_.find(id.number); work.kind == WorkKind::transition && open != opened_.end()) {
        reached_.reach(Rare::breaker_closed_again);
        opened_.erase(open);
      }
      return;
    }
    if (end.code == ErrorCode::queue_full) reached_.reach(Rare::queue_full);
    if (end.code == ErrorCode::command_refused) reached_.reach(Rare::command_refused);
    if (end.code == ErrorCode::hold_limit) reached_.reach(Rare::hold_limit_refused);
    if (end.code == ErrorCode::circuit_open) reached_.reach(Rare::breaker_opened), opened_.insert(id.number);
    if (end.text.find("retry budget") != std::string_view::npos) reached_.reach(Rare::retry_budget_spent);
    if (end.text.find("superseded") != std::string_view::npos) reached_.reach(Rare::hold_superseded);
  }
  void cancelled(ProcessId id, const Work& work) override {
    if (work.kind == WorkKind::transition && writing(id, plain::lower(work.interaction)))
      reached_.reach(Rare::cancelled_after_write);
  }
  void limit_told(ProcessId, const HoldLimitEvent& event, SteadyTime) override {
    if (event.kind == HoldLimitEvent::Kind::release) reached_.reach(Rare::watchdog_released);
    if (event.kind == HoldLimitEvent::Kind::escalation) reached_.reach(Rare::watchdog_escalated);
  }
  void channel_told(ProcessId, const ChannelStateEvent& event, SteadyTime) override {
    if (event.state == ChannelState::refused) reached_.reach(Rare::channel_refused);
  }
  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books_->exchange(view.number);
    const ProcessRecord* const process = books_->process(view.process);
    if (sent != nullptr && sent->kind == ExchangeClass::command) return command_left(view.number, *sent);
    if (sent != nullptr && sent->kind == ExchangeClass::channel && view.method == "POST" &&
        made_.insert(std::pair(view.process.number, view.process.incarnation)).second == false)
      reached_.reach(Rare::channel_made_anew);
    if (sent == nullptr || process == nullptr || sent->kind != ExchangeClass::write) return;
    Attempts& all = attempts_[sent->operation];
    if (!all.token.empty() && all.token != sent->token && !all.refused)
      reached_.reach(Rare::token_replaced_between_attempts);
    all.token = sent->token;
    all.refused = false;
    bool read = false, written = false;
    for (const Reading& each : process->readings)
      if (each.etag == sent->etag && each.interaction == sent->interaction) (each.written ? written : read) = true;
    if (written && !read) reached_.reach(Rare::remembered_version_used);
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime) override {
    const ExchangeRecord* const sent = books_->exchange(view.number);
    if (sent == nullptr) return;
    if (sent->kind == ExchangeClass::command && overtaken_.contains(view.number) && (sent->accepted() || sent->doubtful))
      owed_.insert(lane(*sent));
    if (sent->kind == ExchangeClass::command && sent->holds && sent->doubtful) doubts_.insert(lane(*sent));
    if (books_->shown() != nullptr && sent->kind == ExchangeClass::read && books_->now() > books_->healed_at() && !books_->shown()->held &&
        doubts_.erase(lane(*sent)) != 0)
      reached_.reach(Rare::doubt_ended_by_reading);
    if (sent->kind == ExchangeClass::flow && response != nullptr && response->status == 304)
      reached_.reach(Rare::flow_confirmed);
    if (sent->kind != ExchangeClass::write) return;
    Attempts& all = attempts_[sent->operation];
    const Effect* const effect = books_->effect(sent->operation);
    const bool applied = effect != nullptr && effect->changes != 0;
    if (response == nullptr) {
      all.lost = all.lost || applied;
      return;
    }
    const int status = response->status;
    if (status == 401) all.refused = all.replayed = true;
    if (status == 409 || status == 412) {
      all.conflict = true;
      if (applied) reached_.reach(Rare::repeated_write_refused);
    }
    if (status >= 500 && applied) all.vague = true;
    if ((status == 429 || status == 503) && plain::plain_retry_after(*response)) all.waited = true;
  }
  void arriving(const ExchangeView& view, const Cloud&, SteadyTime) override {
    const ExchangeRecord* const sent = books_->exchange(view.number);
    if (sent != nullptr && sent->kind == ExchangeClass::write && !sent->under_way)
      reached_.reach(Rare::request_outlived_sender);
    if (view.method != "POST" || !view.target.ends_with("/webhook")) return;
    if (!webhooks_.insert(std::string(view.body)).second) reached_.reach(Rare::webhook_redelivered);
  }
  void applied(const AppliedOperation& operation, const Cloud& model, SteadyTime) override {
    const std::optional<Standing> found = model.look(operation.interaction);
    if (found && found->final && found->held) reached_.reach(Rare::closed_while_held);
    if (const ExchangeRecord* const by = books_->applied_by(); by != nullptr && forgotten_.contains(by)) reached_.reach(Rare::done_after_the_end);
    const Effect* const effect =
        operation.kind == AppliedOperation::Kind::foreign ? nullptr : books_->effect(operation.id);
    if (effect == nullptr) return;
    for (const std::uint64_t number : effect->works)
      if (const WorkRecord* const record = books_->work(number); record != nullptr && record->end.failed &&
                                                                 record->end.outcome == Outcome::unknown &&
                                                                 effect->kind == WorkKind::transition)
        reached_.reach(Rare::unknown_applied_later);
    std::set<int>& who = (effect->kind == WorkKind::transition ? writers_ : holders_)[effect->interaction];
    if (who.insert(effect->process.number).second && who.size() == 2)
      reached_.reach(effect->kind == WorkKind::transition ? Rare::two_writers : Rare::two_controllers);
  }
  void frame_received(ProcessId id, std::uint64_t, std::string_view frame, SteadyTime) override {
    if (books_->wire().holds_by_request()) return event_received(id, frame);
    const Effect* const effect = books_->command();
    if (effect == nullptr) {
      if (books_->effect(books_->reply().id) != nullptr) reached_.reach(Rare::foreign_answer);
      return;
    }
    if (books_->answered_before()) return reached_.reach(Rare::duplicate_answer);
    for (const std::uint64_t number : effect->works)
      if (const WorkRecord* const record = books_->work(number);
          record != nullptr && record->end.failed && record->end.outcome == Outcome::unknown)
        reached_.reach(Rare::late_ack_settles_unknown);
  }
  void channel_opened(ProcessId id, std::uint64_t channel, SteadyTime at) override {
    opened_at_[channel] = at;
    if (const ProcessRecord* const process = books_->process(id); process != nullptr && process->channels.size() > 1)
      reached_.reach(Rare::handed_over);
    if (interrupted_.erase(std::pair(id.number, id.incarnation)) != 0) reached_.reach(Rare::reconnected_with_commands);
  }
  void channel_ended(ProcessId id, std::uint64_t channel, SteadyTime at) override {
    if (const auto opened = opened_at_.find(channel);
        opened != opened_at_.end() && at < after(opened->second, seconds{3}))
      reached_.reach(Rare::accept_then_close);
    for (const auto& [key, effect] : books_->effects())
      if (effect.kind != WorkKind::transition && effect.channel == channel && !effect.answered() &&
          effect.works.empty())
        interrupted_.insert(std::pair(id.number, id.incarnation));
  }
  void crashed(ProcessId id, SteadyTime) override {
    bool holds = false, writes = false;
    for (const auto& [key, effect] : books_->effects()) {
      if (!(effect.process == id)) continue;
      holds = holds || (effect.kind == WorkKind::hold && effect.confirmed);
      writes = writes || effect.under_way != 0;
    }
    if (holds) reached_.reach(Rare::crashed_with_holds);
    if (writes) reached_.reach(Rare::crashed_with_writes);
    for (const std::string& each : intents_)
      if (books_->effect(each) == nullptr) return reached_.reach(Rare::crashed_before_sending);
  }
  void closed(ProcessId id, SteadyTime) override {
    if (const ProcessRecord* const process = books_->process(id); process != nullptr && process->open != 0)
      reached_.reach(Rare::destroyed_with_works);
  }
  void started(ProcessId id, SteadyTime) override {
    if (id.incarnation != 0) reached_.reach(Rare::restarted);
  }
  void suspended(SteadyTime, SteadyTime) override { reached_.reach(Rare::clock_gap); }
  void journaled(ProcessId, const JournalView& view, SteadyTime) override {
    if (view.kind == JournalView::Kind::intent) intents_.insert(std::string(view.id));
    if (view.kind == JournalView::Kind::terminal) intents_.erase(std::string(view.id));
    if (view.kind == JournalView::Kind::resolution && view.outcome != Outcome::unknown)
      reached_.reach(Rare::unknown_resolved);
  }
  void recovered(ProcessId, const JournalView&, SteadyTime) override { reached_.reach(Rare::journal_read_back); }

 private:
  class Attempts {
   public:
    std::string token;
    bool refused = false, replayed = false, conflict = false, vague = false, lost = false, waited = false;
  };
  [[nodiscard]] bool writing(ProcessId id, std::string_view interaction) const {
    for (const auto& [key, effect] : books_->effects())
      if (effect.process == id && effect.interaction == interaction && effect.under_way != 0) return true;
    return false;
  }
  void ended(const Effect& effect, const WorkEnd& end) {
    const auto found = attempts_.find(effect.id);
    if (effect.works.size() == 2) reached_.reach(Rare::one_write_several_moves);
    if (found == attempts_.end()) return;
    const Attempts& all = found->second;
    if (end.failed) {
      if (all.conflict && end.code == ErrorCode::stale_state) reached_.reach(Rare::stale_after_conflict);
      return;
    }
    if (all.conflict) reached_.reach(Rare::success_after_conflict);
    if (all.vague) reached_.reach(Rare::error_after_apply_resolved);
    if (all.lost) reached_.reach(Rare::lost_answer_resolved);
    if (all.replayed) reached_.reach(Rare::replayed_after_401);
    if (all.waited) reached_.reach(Rare::waited_for_retry_after);
  }

  using Lane = std::pair<std::pair<int, int>, std::string>;
  [[nodiscard]] static Lane lane(const ExchangeRecord& sent) {
    return {{sent.process.number, sent.process.incarnation}, sent.interaction};
  }
  void command_left(std::uint64_t number, const ExchangeRecord& sent) {
    std::set<std::uint64_t>& all = commands_[lane(sent)];
    if (!sent.holds) {
      bool over = false;
      for (const std::uint64_t each : all) {
        const ExchangeRecord* const before = books_->exchange(each);
        if (before == nullptr || !before->holds || !before->under_way) continue;
        over = true;
        overtaken_.insert(each);
      }
      if (over) reached_.reach(Rare::released_over_a_hold);
      if (owed_.erase(lane(sent)) != 0) reached_.reach(Rare::release_sent_again);
    } else {
      owed_.erase(lane(sent));
    }
    all.insert(number);
  }
  void requested_ended(ProcessId id, const Work& work, const WorkEnd& end) {
    const Lane place{{id.number, id.incarnation}, plain::lower(work.interaction)};
    if (!end.failed && !end.already_held && work.kind == WorkKind::hold)
      reached_.reach(end.by_state ? Rare::hold_shown_by_reading : Rare::hold_shown_by_event);
    if (end.failed && end.attempts != 0 && end.outcome == Outcome::not_applied &&
        (end.code == ErrorCode::not_eligible || end.code == ErrorCode::command_refused))
      reached_.reach(Rare::hold_refused_by_code);
    if (!end.failed || end.outcome != Outcome::unknown) return;
    for (const std::uint64_t each : commands_[place])
      if (const ExchangeRecord* const sent = books_->exchange(each);
          sent != nullptr && sent->holds == (work.kind == WorkKind::hold) && sent->left_at >= work.at && sent->changes == 0)
        forgotten_.insert(sent);
  }
  void event_received(ProcessId id, std::string_view frame) {
    if (books_->reply().type == "v2.system.socket_closing") {
      for (const auto& [place, all] : commands_)
        for (const std::uint64_t each : all)
          if (const ExchangeRecord* const sent = books_->exchange(each); sent != nullptr && sent->process == id && sent->under_way)
            return reached_.reach(Rare::closing_announced);
    }
    const ShownHold* const shown = books_->shown();
    const Truth* const truth = shown == nullptr ? nullptr : books_->truth(shown->interaction);
    if (truth == nullptr) return;
    if (truth->changed_by != id.number && truth->held_changes.size() > 1)
      reached_.reach(shown->held ? Rare::others_hold_heard_of : Rare::others_release_heard_of);
    if (!shown->held && frame.find("\"held\":true") != std::string_view::npos) reached_.reach(Rare::held_by_another_party);
  }

  const Books* books_;
  Sometimes reached_;
  std::map<Lane, std::set<std::uint64_t>> commands_;  // requests of holds and releases
  std::set<Lane> owed_, doubts_;
  std::set<std::uint64_t> overtaken_;
  std::set<const ExchangeRecord*> forgotten_;  // whose callers were told that nobody knows
  std::set<std::pair<int, int>> made_;         // processes that have made a channel
  std::map<std::string, Attempts, std::less<>> attempts_;
  std::set<int> opened_;
  std::set<std::string> webhooks_, intents_;
  std::map<std::string, std::set<int>> writers_, holders_;
  std::map<std::uint64_t, SteadyTime> opened_at_;
  std::set<std::pair<int, int>> interrupted_;
};

}  // namespace patchbay::testing::simulation
