// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, count_if, max, min
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>  // less
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/hold_settings.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/command_table.hpp>
#include <patchbay/protocol/hold_action.hpp>

namespace patchbay {

/// What a reading of an interaction speaks for, as it stood when the reading began: made by `HoldBooks::reading_begins`.
class ReadingMark {
 public:
  ReadingMark(std::uint64_t order_in, std::uint64_t learnt_in, std::uint64_t ends_in, SteadyTime at_in) noexcept
      : order(order_in), learnt(learnt_in), ends(ends_in), at(at_in) {}
  std::uint64_t order;   ///< Of the last command that may be told from what it shows: later ones may come behind it.
  std::uint64_t learnt;  ///< `HoldRegistry::learnt()` then.
  std::uint64_t ends;    ///< `HoldRegistry::ends()` then.
  SteadyTime at;
};

/// The books of a hold session: the commands under way, what is on hold and for how long, and what there is to tell. The part
/// of `HoldSession` that knows neither channel nor requests; pure, and bounded.
class HoldBooks {
 public:
  /// Gives up waiting for a command, because its time is up or because it was cancelled; does nothing when it has ended.
  void abandon(HoldCall& call, bool cancelled = false) {
    Command* const command = call.end == CallEnd::pending ? table_.find(call.correlation_id) : nullptr;
    if (!command || command->call != &call) return;
    if (cancelled) return settle(*command, command->was_sent ? CallEnd::forsaken : CallEnd::cancelled);
    settle(*command, command->was_sent ? CallEnd::ack_timeout : CallEnd::out_of_time);
  }
  /// What the answer to a command said that had been given up, if one has come since.
  [[nodiscard]] std::optional<bool> answered(std::string_view correlation_id) noexcept {
    const Command* const command = table_.find(correlation_id);
    return command && command->acknowledged ? std::optional(command->confirmed) : std::nullopt;
  }
  /// An operation is about to read the interaction.
  [[nodiscard]] ReadingMark reading_begins(std::string_view interaction, SteadyTime now) noexcept {
    // A release that is under way may arrive before the reading or behind it.
    const Command* const release = table_.sent(interaction, HoldVerb::unhold);
    return {release ? release->order - 1 : table_.last_order(), registry_.learnt(), registry_.ends(), now};
  }
  /// It has read it, and learnt what it shows. What was sent, or heard, since the reading began is newer. `since` counts when
  /// it is on hold and was not watched.
  void seen(std::string_view interaction, bool held, const ReadingMark& reading, SteadyTime since) {
    if (held && ended_since(interaction, reading)) return;  // nobody would ever end the watch over it
    if (held) {
      registry_.seen_held(interaction, reading.order, since);
    } else {
      registry_.seen_released(interaction, lost_before(reading.at), reading.learnt);
    }
  }
  /// The interaction is, or may be, on hold by a command of an earlier process, which came before all of this one's.
  void restore(std::string_view interaction, bool confirmed, SteadyTime since) {
    confirmed ? registry_.seen_held(interaction, 0, since) : registry_.may_be_held(interaction, 0, since);
  }
  /// The interaction is known not to be on hold, and nothing that was sent can change that any more.
  void known_released(std::string_view interaction) noexcept {
    registry_.released(interaction);
    owe_no_release(interaction);
  }
  [[nodiscard]] const HoldRegistry& registry() const noexcept { return registry_; }
  [[nodiscard]] const CommandTable& table() const noexcept { return table_; }
  [[nodiscard]] bool closing() const noexcept { return closing_; }
  /// Whether nothing is sent any more.
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// What a door that is being closed waits for: commands under way, and releases that are owed.
  [[nodiscard]] std::size_t unfinished() const noexcept {
    const auto owed = std::count_if(owed_.begin(), owed_.end(), [this](const Owed& each) {
      return registry_.since(each.interaction).has_value();
    });
    return table_.pending() + static_cast<std::size_t>(owed);
  }
  /// Whether a release of the interaction is queued, or was sent and is not settled.
  [[nodiscard]] bool releasing(std::string_view interaction) noexcept { return table_.releasing(interaction); }
  /// Whether the interaction is not watched because its release was confirmed.
  [[nodiscard]] bool released(std::string_view interaction) const noexcept {
    return registry_.belief(interaction) == HoldRegistry::Belief::not_held && table_.released(interaction);
  }
  /// Whether a release was confirmed, or the interaction learnt otherwise not to be on hold, since the reading began: that it
  /// shows it on hold says nothing then. `otherwise`: too much has ended since for that to be known.
  [[nodiscard]] bool ended_since(std::string_view interaction, const ReadingMark& reading, bool otherwise = true) const noexcept {
    return registry_.ended_since(interaction, reading.ends, otherwise);
  }

  /// Whether a release is to be sent again, behind a hold that it overtook. It is asked for every `HoldSettings::repeat_every`
  /// until one is through, or the interaction is watched no more.
  [[nodiscard]] bool owes_release(std::string_view interaction) const noexcept {
    return std::any_of(owed_.begin(), owed_.end(), [&](const Owed& each) { return each.interaction == interaction; });
  }
  /// It was sent again, or another hold was asked for since, which it must not end (invariant I6).
  void owe_no_release(std::string_view interaction) noexcept {
    std::erase_if(owed_, [&](const Owed& each) { return each.interaction == interaction; });
  }

  // What came of it; the driver takes these out.

  [[nodiscard]] std::vector<HoldCall*>& completed() noexcept { return completed_; }
  [[nodiscard]] std::deque<HoldNotice>& notices() noexcept { return notices_; }
  /// To be called when `notices()` was emptied.
  void notices_taken() noexcept { notice_bytes_ = 0; }
  /// Interactions that `HoldLimit::release` wants released now, each time by a new command.
  [[nodiscard]] std::vector<std::string>& releases_due() noexcept { return releases_due_; }
  /// Watched interactions that are to be read now, since the channel may have missed, or does not prove, what became of them.
  /// One may be named twice.
  [[nodiscard]] std::vector<std::string>& looks_due() noexcept { return looks_due_; }
  /// Notices that found no room.
  [[nodiscard]] std::uint64_t dropped_notices() const noexcept { return dropped_; }

 protected:
  HoldBooks(const HoldSettings& settings, HoldMetrics& metrics) : settings_(&settings), metrics_(&metrics), table_(settings), registry_(settings) {}
  ~HoldBooks() = default;

  /// What the watchdog has to say by now.
  void tell_limits(SteadyTime now) {
    HoldLimitEvent event;
    while (registry_.next_deadline() <= now) {
      make_room(releases_due_, releases_due_.size() + 1);  // before the registry takes the event for told
      if (!registry_.take_event(now, event)) break;
      metrics_->count(event.kind == HoldLimitEvent::Kind::warning      ? HoldCount::watchdog_warnings
                      : event.kind == HoldLimitEvent::Kind::escalation ? HoldCount::watchdog_escalations
                                                                       : HoldCount::watchdog_releases);
      tell(event.interaction.size(), event);
      // A reading tells whether it lasts still: nobody may have told of its end, and of one that is not confirmed nobody will.
      if (by_request_ && !closing_) guarded([&] { look_at(event.interaction); });
      if (event.kind == HoldLimitEvent::Kind::release && !closing_) releases_due_.push_back(std::move(event.interaction));
    }
  }
  /// Holds that travelled as requests and were sent before this arrive no more.
  [[nodiscard]] SteadyTime lost_before(SteadyTime now) const noexcept {
    return by_request_ && now > SteadyTime::min() + fence_ ? now - fence_ : SteadyTime::min();
  }
  void learn(const Command& command, bool positive, SteadyTime now) {
    if (command.verb == HoldVerb::unhold) {
      if (!positive) return;
      // A hold whose request was not answered may still come behind the release.
      registry_.release_confirmed(command.interaction, command.order, by_request_ ? lost_before(now) : never);
    } else if (!positive) {
      registry_.hold_void(command.interaction, command.order);
    } else if (!registry_.hold_applied(command.interaction, command.order) && (by_request_ || !table_.overtaken(command))) {
      registry_.may_be_held(command.interaction, command.order, command.sent_at);
    }
  }
  /// The command is known to be done.
  void confirm(Command& command, SteadyTime now) {
    command.acknowledged = command.confirmed = true;
    learn(command, true, now);
    const Duration latency = now - command.sent_at;
    metrics_->acknowledged(true, latency);
    command.call->ack_latency = latency;
    settle(command, CallEnd::acknowledged);
  }
  /// The next command that may be sent now, watched if it is a hold; null: there is none.
  Command* take_command(std::uint64_t epoch, SteadyTime now) {
    while (hold_may_go(now)) {
      Command* const command = table_.take_next(epoch, now);
      if (!command || command->verb == HoldVerb::unhold) return command;
      if (registry_.full() && registry_.belief(command->interaction) == HoldRegistry::Belief::not_held) {
        command->was_sent = false;
        settle(*command, CallEnd::watch_full);
        continue;
      }
      // Watched before a byte is written: whatever happens next, the limit is kept (hazard B3).
      registry_.hold_sent(command->interaction, command->order, now);
      return command;
    }
    return nullptr;
  }
  /// Whether the next command may be taken: a release always, a hold when its turn has come. One turn is asked for at a
  /// time, so that sessions which share a pacer take turns, and holds keep the order that the table has them in.
  bool hold_may_go(SteadyTime now) noexcept {
    Pacer* const pacer = settings_->pacer.get();
    if (!pacer || table_.release_waits()) return true;
    if (!table_.hold_waits()) {
      // Superseded, or out of time: the turn is for others.
      hold_turn_.end();
      hold_turn_at_ = never;
      return false;
    }
    const Pacer::Answer answer = pacer->ask(hold_turn_, now, never);
    if (answer == Pacer::Answer::go) {
      hold_turn_.end();  // commands are not counted as under way: their answers say nothing of a limit
      hold_turn_at_ = never;
      return true;
    }
    if (hold_turn_at_ == never) metrics_->count(ExchangeCount::paced_waits);
    hold_turn_at_ = answer == Pacer::Answer::wait ? hold_turn_.at() : after(now, milliseconds{100});
    return false;
  }
  /// Ends the commands whose time is up.
  void settle_late(SteadyTime now) {
    while (Command* const late = table_.expired(now)) {
      const bool was_sent = late->was_sent;
      settle(*late, was_sent ? CallEnd::ack_timeout : CallEnd::out_of_time);
    }
  }
  /// Takes no memory that is not there since the command was submitted.
  void settle(Command& command, CallEnd end) noexcept {
    HoldCall* const call = command.call;
    if (end == CallEnd::ack_timeout) metrics_->count(HoldCount::ack_timeouts);
    if (command.verb == HoldVerb::unhold && in_doubt(end))
      registry_.release_in_doubt(command.interaction, command.order);
    // Nobody else looks what became of it, once it can arrive no more.
    if (by_request_ && command.verb == HoldVerb::hold && in_doubt(end))
      guarded([&] { look_later(command.interaction, after(command.sent_at, fence_)); });
    table_.settle(command, end);
    completed_.push_back(call);
  }
  template <class Condition>
  void settle_all(Condition&& condition, CallEnd end) {
    table_.for_each_pending([&](Command& each) {
      if (condition(std::as_const(each))) settle(each, end);
    });
  }
  /// Puts a reading off; one for each interaction.
  void look_later(const std::string& interaction, SteadyTime when) {
    if (looking_later_.size() >= settings_->max_holds || looking_later_.contains(interaction)) return;
    const auto at = looks_later_.emplace(when, interaction);
    if (!guarded([&] { looking_later_.insert(interaction); })) looks_later_.erase(at);
  }
  /// Asks for the readings that were put off until now.
  void look_late(SteadyTime now) {
    while (!looks_later_.empty() && looks_later_.begin()->first <= now) {
      auto node = looks_later_.extract(looks_later_.begin());
      if (registry_.belief(node.mapped()) != HoldRegistry::Belief::unknown) {
        looking_later_.erase(node.mapped());
        continue;
      }
      guarded([&] { look_at(node.mapped()); });
      node.key() = after(now, fence_ + milliseconds{1});  // again, unless that one tells
      looks_later_.insert(std::move(node));
    }
  }
  void look_at(const std::string& interaction) {
    // Not searched for among those that are asked for already: there may be as many as are watched.
    if (looks_due_.size() >= settings_->max_holds || (!looks_due_.empty() && looks_due_.back() == interaction)) return;
    looks_due_.push_back(interaction);
  }
  /// Asks for a reading of everything that is watched, instead of those that were asked for before.
  void look_at_all() {
    std::vector<HeldInteraction> held = registry_.held();
    std::vector<std::string> all;
    all.reserve(held.size());
    for (HeldInteraction& each : held) all.push_back(std::move(each.interaction));
    looks_due_.swap(all);
  }
  /// Asks once more for the releases that are still owed.
  void ask_for_owed(SteadyTime now) {
    for (std::size_t i = 0; i < owed_.size();) {
      Owed& owed = owed_[i];
      if (owed.again == SteadyTime::min()) owed.again = after(now, settings_->repeat_every);  // just asked for
      if (owed.again > now) {
        ++i;
      } else if (!registry_.since(owed.interaction)) {
        std::swap(owed, owed_.back());
        owed_.pop_back();
      } else {
        releases_due_.push_back(owed.interaction);
        owed.again = after(now, settings_->repeat_every);
        ++i;
      }
    }
  }
  /// When that is next.
  [[nodiscard]] SteadyTime next_owed() const noexcept {
    SteadyTime next = never;
    for (const Owed& each : owed_) next = (std::min)(next, each.again);
    return next;
  }
  void tell_message(ChannelMessage::Kind kind, std::string_view payload) {
    if (notices_.size() >= settings_->max_notices || payload.size() > settings_->max_notice_bytes - notice_bytes_) return drop();
    ChannelMessage message;
    message.kind = kind;
    message.payload.assign(payload);
    tell(payload.size(), std::move(message));
  }
  void drop() noexcept {
    ++dropped_;
    metrics_->count(HoldCount::dropped_notices);
  }
  /// One that finds no memory is dropped as one that finds no room is: what it tells of goes on.
  template <class Notice>
  void tell(std::size_t bytes, Notice&& notice) noexcept {
    if (notices_.size() >= settings_->max_notices) return drop();
    if (!guarded([&] { notices_.emplace_back(std::forward<Notice>(notice)); })) return drop();
    notice_bytes_ += bytes;
  }
  template <class Entry>
  static void make_room(std::vector<Entry>& list, std::size_t size) {
    if (size > list.capacity()) list.reserve((std::max)(size, 2 * list.capacity()));
  }

  const HoldSettings* settings_;
  HoldMetrics* metrics_;
  CommandTable table_;
  HoldRegistry registry_;
  bool by_request_ = false;  ///< Commands travel as requests.
  Duration fence_{};         ///< For how long one of them can still arrive.
  bool closing_ = false;
  bool finished_ = false;
  std::vector<HoldCall*> completed_;
  std::deque<HoldNotice> notices_;
  std::size_t notice_bytes_ = 0;
  std::vector<std::string> releases_due_;
  std::vector<std::string> looks_due_;
  /// A release that is sent again; made of its interaction's id alone.
  class Owed {
   public:
    Owed(std::string interaction_in) : interaction(std::move(interaction_in)) {}
    std::string interaction;
    SteadyTime again = SteadyTime::min();  ///< When it is asked for once more.
  };
  std::vector<Owed> owed_;
  std::set<std::string, std::less<>> looking_later_;    ///< Whom `looks_later_` names.
  std::multimap<SteadyTime, std::string> looks_later_;  ///< Where the fate of a hold is not known; looked at until it is.
  std::uint64_t dropped_ = 0;
  PacerTurn hold_turn_;                 ///< Of the next hold that is sent, whichever that will be.
  SteadyTime hold_turn_at_ = never;     ///< When it is to be asked for again.
};

}  // namespace patchbay
