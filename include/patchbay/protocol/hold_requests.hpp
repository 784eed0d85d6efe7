// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp, min
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/identifier.hpp>
#include <patchbay/policy/hold_dialect.hpp>
#include <patchbay/protocol/hold_books.hpp>
#include <patchbay/protocol/party_book.hpp>

namespace patchbay {

/// What a hold session does for commands that travel as requests (`HoldPath::request`): it grants them their turns, hears how
/// their requests ended, and draws its conclusions from what the channel tells of interactions. A part of `HoldSession`.
///
/// Requests may overtake each other, as messages of one channel do not: a release that is sent while a hold's request is not
/// answered yet is sent again behind that answer (invariants I6, I14).
class HoldRequests : public HoldBooks {
 public:
  // How a command's request ended. Each ends the command, unless it has ended already.

  /// It is under way at the server, and the channel tells when it is done, if one is heard.
  /// It left at `left`, the first time: what was shown before that is nothing of its doing.
  void accepted(HoldCall& call, SteadyTime now, SteadyTime left, bool heard) {
    Command* const command = answered_now(call);
    if (!command) return;
    command->phase = Command::Phase::sent;
    if (command->verb == HoldVerb::hold) registry_.hold_answered(command->interaction, command->order);
    if (command->told_at != SteadyTime::min() && command->told_at >= left) return confirm_by_state(*command, now);
    if (!heard) return settle(*command, CallEnd::accepted);
    // Not for longer than half of its time, so that there is some left for a reading: what changes nothing has no event.
    table_.wait_until(*command, after(now, std::min<Duration>(settings_->ack_timeout, (call.deadline - now) / 2)));
  }
  /// The server says that it is done.
  void applied(HoldCall& call, SteadyTime now) {
    if (Command* const command = answered_now(call)) confirm(*command, now);
  }
  /// `call.error` says why.
  void refused(HoldCall& call, SteadyTime now) {
    Command* const command = answered_now(call, false);
    if (!command) return;
    command->acknowledged = true;
    learn(*command, false, now);
    metrics_->acknowledged(false, now - command->sent_at);
    settle(*command, CallEnd::refused);
  }
  /// Its request leaves now, perhaps long after its turn came: it can arrive from now on.
  void leaves(const HoldCall& call, SteadyTime now) {
    const Command* const command = call.verb == HoldVerb::hold ? table_.find(call.correlation_id) : nullptr;
    if (command && !registry_.hold_left(command->interaction, command->order, now)) registry_.may_be_held(command->interaction, command->order, now);
  }
  /// Nothing is done of it, and nothing will be; `call.error` says why.
  void unsent(HoldCall& call) {
    Command* const command = answered_now(call, false);
    if (!command) return;
    if (command->verb == HoldVerb::hold) registry_.hold_void(command->interaction, command->order);
    command->was_sent = false;
    settle(*command, CallEnd::unsent);
  }
  /// A hold of which nothing has left gives way to a release that was asked for since, and had its turn (invariants I6, I14).
  void give_way(HoldCall& call) {
    Command* const command = table_.find(call.correlation_id);
    if (!command || command->call != &call || command->phase != Command::Phase::writing || !command->overtaken) return;
    command->overtaken = command->was_sent = false;
    registry_.hold_void(command->interaction, command->order);
    settle(*command, CallEnd::superseded);
  }
  /// Whether a release that was asked for since has had its turn before this command.
  [[nodiscard]] bool overtaken(const HoldCall& call) {
    const Command* const command = table_.find(call.correlation_id);
    return command && command->overtaken;
  }
  /// Nothing was done, nor will be, of a command that had its turn, and has ended as in doubt, since its time was up, or the door
  /// was closed: nothing of it has left, or each of its requests was refused.
  void came_to_nothing(HoldCall& call) {
    if (!in_doubt(call.end)) return;
    if (Command* const command = table_.find(call.correlation_id)) {
      if (command->verb == HoldVerb::hold) registry_.hold_void(command->interaction, command->order);
      command->was_sent = false;
    }
    call.end = call.end == CallEnd::forsaken       ? CallEnd::cancelled
               : call.end == CallEnd::disconnected ? CallEnd::closed
                                                   : CallEnd::out_of_time;
  }
  /// Some of it may have reached the server, and nobody knows.
  void lost(HoldCall& call, SteadyTime now, bool cancelled) {
    if (call.verb == HoldVerb::hold)
      if (const Command* const command = table_.find(call.correlation_id)) registry_.hold_left(command->interaction, command->order, now);
    if (Command* const command = answered_now(call)) settle(*command, cancelled ? CallEnd::forsaken : CallEnd::disconnected);
  }

  /// Commands whose turn has come to be sent by whoever submitted them.
  [[nodiscard]] std::vector<HoldCall*>& granted() noexcept { return granted_; }

 protected:
  using HoldBooks::HoldBooks;
  ~HoldRequests() = default;

  /// So that no grant can fail, nor a release behind a hold that was overtaken.
  void make_room_for_grants() {
    make_room(granted_, granted_.size() + table_.pending() + 1);
    make_room(releases_due_, releases_due_.size() + table_.pending() + 1);
  }
  /// Hands on the commands whose turn has come to those who send them.
  void grant(SteadyTime now) {
    while (Command* const command = take_command(0, now)) {
      table_.wait_until(*command, never);  // for as long as its request may take
      if (command->verb == HoldVerb::hold) owe_no_release(command->interaction);
      if (command->verb == HoldVerb::unhold)
        if (Command* const hold = table_.sent(command->interaction, HoldVerb::hold); hold && hold->phase == Command::Phase::writing)
          hold->overtaken = true;
      command->call->granted = true;
      granted_.push_back(command->call);
    }
  }
  /// The channel tells how an interaction stands.
  void note_state(ChannelNews& news, SteadyTime now, WallTime wall) {
    make_lower_case(news.interaction);
    const std::string& interaction = news.interaction;
    const bool watched = registry_.since(interaction).has_value();
    if (parties_) {
      if (!watched) parties_->settle(interaction);
      // Of the party that the settings mean by now: a reading tells of the one that is on hold.
      if (parties_->is_other(interaction, news.participant)) return look_at(interaction);
      guarded([&] { parties_->learn(interaction, news.participant); });  // whom a release names
    }
    if (news.over) {
      // Whatever was sent: it is on hold no more. Those who wait find that out by reading.
      known_released(interaction);
      for (const HoldVerb each : {HoldVerb::hold, HoldVerb::unhold})
        if (Command* const command = table_.sent(interaction, each); command && command->phase == Command::Phase::sent)
          settle(*command, CallEnd::accepted);
      if (watched) tell_seen(interaction, false, Duration::zero());
      return;
    }
    if (!news.held) return;
    registry_.told(interaction, *news.held, now);
    const Duration told_age = news.held_since ? std::chrono::duration_cast<Duration>(wall - *news.held_since) : Duration::zero();
    const Duration age = std::clamp<Duration>(told_age, Duration::zero(), settings_->max_hold);
    Command* const command = table_.sent(interaction, *news.held ? HoldVerb::hold : HoldVerb::unhold);
    // A hold that was seen done, and over, before its answer came: whose hold this one is nobody knows.
    const bool anyones = command && *news.held && command->phase == Command::Phase::writing &&
                         registry_.belief(interaction) == HoldRegistry::Belief::not_held;
    if (command) confirm_by_state(*command, now);
    if (command && !anyones) {
      // It speaks for itself.
    } else if (!*news.held) {
      // It may be older than what is believed: a reading tells (hazard B38).
      if (watched && !table_.sent(interaction, HoldVerb::hold)) look_at(interaction);
    } else if (registry_.belief(interaction) == HoldRegistry::Belief::not_held && !registry_.full()) {
      registry_.seen_held(interaction, 0, now);
      if (table_.released(interaction)) look_at(interaction);  // it may be older than our own release
      metrics_->count(HoldCount::holds_adopted);
      tell_seen(interaction, true, age);
    } else if (registry_.belief(interaction) == HoldRegistry::Belief::unknown && !table_.releasing(interaction)) {
      look_at(interaction);  // perhaps what nobody waits for any more has come after all
    }
    // The cloud knows when another's hold began; of two clocks that differ the earlier start counts, so that none lasts too long.
    if (*news.held && news.held_since) registry_.began(interaction, now - age);
  }
  /// The channel shows what a command wants. While its request is not answered that says nothing yet: the request may be
  /// refused, and what was shown somebody else's doing. "Not held" may be older than a hold of the interaction that is under
  /// way: then a reading decides.
  void confirm_by_state(Command& command, SteadyTime now) {
    const bool unclear = command.verb == HoldVerb::unhold && table_.sent(command.interaction, HoldVerb::hold);
    if (command.phase != Command::Phase::sent) {
      command.told_at = now;
    } else if (unclear) {
      settle(command, CallEnd::accepted);
    } else {
      confirm(command, now);
    }
  }
  void tell_seen(const std::string& interaction, bool held, Duration held_for) noexcept {
    guarded([&] {
      HoldSeen seen;
      seen.interaction = interaction;
      seen.held = held;
      seen.held_for = held_for;
      tell(seen.interaction.size(), std::move(seen));
    });
  }

 private:
  /// What a request's end says of the command, if that has not ended otherwise; and sees to it that a hold which a release
  /// has overtaken on its way, and which may be done, is released once more.
  Command* answered_now(HoldCall& call, bool may_be_done = true) {
    Command* const command = table_.find(call.correlation_id);
    if (!command) return nullptr;
    if (std::exchange(command->overtaken, false) && may_be_done && !finished_ && releases_due_.size() < releases_due_.capacity())
      guarded([&] {
        if (!owes_release(command->interaction) && owed_.size() < settings_->max_commands) owed_.push_back(command->interaction);
        releases_due_.push_back(command->interaction);
      });
    return command->call == &call && command->phase == Command::Phase::writing ? command : nullptr;
  }

  std::vector<HoldCall*> granted_;

 protected:
  PartyBook* parties_ = nullptr;
};

}  // namespace patchbay
