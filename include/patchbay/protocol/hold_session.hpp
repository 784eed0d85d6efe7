// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp, find, max, min
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/interactions.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/policy/hold_dialect.hpp>
#include <patchbay/policy/transport.hpp>
#include <patchbay/protocol/channel_fsm.hpp>
#include <patchbay/protocol/command_table.hpp>
#include <patchbay/protocol/hold_action.hpp>

namespace patchbay {

namespace detail {

inline constexpr cloud::Interactions documents{};
inline constexpr HoldsOf<cloud::Interactions> documents_holds(documents);

}  // namespace detail

/// Everything that many hold and unhold commands share: one channel, their acknowledgements, and the watch over what is on
/// hold. A pure, deterministic state machine: no input or output, no clock, no threads; the same inputs give the same
/// outputs, if the pacer in the settings is not shared. Drivers pump it:
///
///     session.tick(now, random);
///     while (action = session.next(now), action.kind != none) carry it out and report;
///     take completed() and notices(); then wait for the channel until session.next_deadline(), and report what came
///
/// With a dialect whose holds travel as requests (`HoldPath::request`) commands are not handed to the driver but granted to
/// whoever submitted them (`granted`), who sends them and reports the end with `accepted`, `applied`, `refused`, `unsent`
/// or `lost`; what came of an accepted one is heard on the channel, which no command waits for.
///
/// Reports name the epoch of their connection; those of a dead one are ignored, apart from the end of a writing, which is
/// always reported. Everything is bounded.
class HoldSession {
 public:
  HoldSession(const HoldSettings& settings, HoldMetrics& metrics) : settings_(&settings), metrics_(&metrics), machine_(settings), table_(settings), registry_(settings) {}

  /// What the cloud speaks, before anything else; the documents' dialect otherwise. `dialect` outlives the session.
  void speak(const detail::AnyHoldDialect& dialect) noexcept {
    dialect_ = &dialect;
    by_request_ = dialect.path() == HoldPath::request;
  }

  // Asked by operations.

  /// Queues a command, unless `call.end` says at once why not. A release takes the place of a hold that is still queued
  /// (hazard B27).
  void submit(HoldCall& call, SteadyTime now) {
    if (closing_) return void(call.end = CallEnd::closed);
    make_room(completed_, completed_.size() + table_.pending() + 1);  // so that no command's end can fail
    if (call.verb == HoldVerb::unhold)
      while (Command* const hold = table_.queued_hold(call.interaction)) settle(*hold, CallEnd::superseded);
    if (by_request_) {
      // So that no grant can fail, nor a release behind a hold that was overtaken.
      make_room(granted_, granted_.size() + table_.pending() + 1);
      make_room(releases_due_, releases_due_.size() + table_.pending() + 1);
    }
    if (!by_request_ || dialect_->makes_channel()) want(now);
    if (!table_.add(call)) call.end = CallEnd::table_full;
    if (by_request_) grant(now);
  }
  /// Gives up waiting for a command, because its time is up or because it was cancelled; does nothing when it has ended.
  void abandon(HoldCall& call, bool cancelled = false) {
    Command* const command = call.end == CallEnd::pending ? table_.find(call.correlation_id) : nullptr;
    if (!command || command->call != &call) return;
    if (cancelled) return settle(*command, command->was_sent ? CallEnd::forsaken : CallEnd::cancelled);
    settle(*command, command->was_sent ? CallEnd::ack_timeout : CallEnd::out_of_time);
  }
  // Of commands that travel as requests: how the request ended. Each ends the command, unless it has ended already.

  /// It is under way at the server; the channel tells when it is done, while there is one.
  void accepted(HoldCall& call, SteadyTime now) {
    Command* const command = answered_now(call);
    if (!command) return;
    command->phase = Command::Phase::sent;
    if (machine_.state() != ChannelState::open) return settle(*command, CallEnd::accepted);
    table_.wait_until(*command, after(now, settings_->ack_timeout));
  }
  void applied(HoldCall& call, SteadyTime now) {
    if (Command* const command = answered_now(call)) confirm(*command, now);
  }
  /// `call.error` says why.
  void refused(HoldCall& call, SteadyTime now) {
    Command* const command = answered_now(call, false);
    if (!command) return;
    command->acknowledged = true;
    learn(*command, false);
    metrics_->acknowledged(false, now - command->sent_at);
    settle(*command, CallEnd::refused);
  }
  /// Not a byte of it has left, and none will; `call.error` says why.
  void unsent(HoldCall& call) {
    Command* const command = answered_now(call, false);
    if (!command) return;
    if (command->verb == HoldVerb::hold) registry_.hold_void(command->interaction, command->order);
    command->was_sent = false;
    settle(*command, CallEnd::unsent);
  }
  void lost(HoldCall& call, bool cancelled) {
    if (Command* const command = answered_now(call)) settle(*command, cancelled ? CallEnd::forsaken : CallEnd::disconnected);
  }

  /// What the answer to a command said that had been given up, if one has come since.
  [[nodiscard]] std::optional<bool> answered(std::string_view correlation_id) noexcept {
    const Command* const command = table_.find(correlation_id);
    return command && command->acknowledged ? std::optional(command->confirmed) : std::nullopt;
  }
  /// Asks for the channel.
  void want(SteadyTime now) {
    const ChannelState before = machine_.state();
    machine_.want(now);
    tell_state(before);
  }
  /// No command is admitted any more; holds that were not sent end now. Those under way go on until `finish`.
  void close() {
    closing_ = true;
    const bool open = machine_.state() == ChannelState::open;
    settle_all([open](const Command& each) { return each.phase == Command::Phase::queued && (!open || each.verb == HoldVerb::hold); },
               CallEnd::closed);
  }
  /// Ends everything: what was sent and is not settled stays unknown.
  void finish() {
    closing_ = true;
    settle_all([](const Command& each) { return each.was_sent; }, CallEnd::disconnected);
    settle_all([](const Command&) { return true; }, CallEnd::closed);
    const ChannelState before = machine_.state();
    machine_.shut();
    tell_state(before);
  }

  /// An operation has read the interaction, and learnt what it shows. `order` is `table().last_order()` before the reading:
  /// commands that were sent after it may have changed what was seen.
  void seen(std::string_view interaction, bool held, std::uint64_t order, SteadyTime since) {
    if (held) {
      registry_.seen_held(interaction, order, since);
    } else {
      registry_.seen_released(interaction);
    }
  }
  /// The interaction is, or may be, on hold by a command of an earlier process, which came before all of this one's.
  void restore(std::string_view interaction, bool confirmed, SteadyTime since) {
    confirmed ? registry_.seen_held(interaction, 0, since) : registry_.may_be_held(interaction, 0, since);
  }
  /// The interaction is known not to be on hold, and nothing that was sent can change that any more.
  void known_released(std::string_view interaction) noexcept { registry_.released(interaction); }
  [[nodiscard]] const HoldRegistry& registry() const noexcept { return registry_; }
  [[nodiscard]] const ChannelMachine& channel() const noexcept { return machine_; }
  [[nodiscard]] const CommandTable& table() const noexcept { return table_; }
  [[nodiscard]] bool closing() const noexcept { return closing_; }
  /// Whether a release of the interaction is queued, or was sent and is not settled.
  [[nodiscard]] bool releasing(std::string_view interaction) noexcept { return table_.releasing(interaction); }
  /// Whether the interaction is not watched because its release was confirmed.
  [[nodiscard]] bool released(std::string_view interaction) const noexcept {
    return registry_.belief(interaction) == HoldRegistry::Belief::not_held && table_.released(interaction);
  }

  // Time.

  void tick(SteadyTime now, double random) {
    settle_late(now);
    if (by_request_) grant(now);
    HoldLimitEvent event;
    while (registry_.next_deadline() <= now) {
      make_room(releases_due_, releases_due_.size() + 1);  // before the registry takes the event for told
      if (!registry_.take_event(now, event)) break;
      metrics_->count(event.kind == HoldLimitEvent::Kind::warning      ? HoldCount::watchdog_warnings
                      : event.kind == HoldLimitEvent::Kind::escalation ? HoldCount::watchdog_escalations
                                                                       : HoldCount::watchdog_releases);
      tell(event.interaction.size(), event);
      if (event.kind == HoldLimitEvent::Kind::release && !closing_) releases_due_.push_back(std::move(event.interaction));
    }
    report([&] { return machine_.tick(now, random); });
    count_missed_pongs();
  }
  [[nodiscard]] HoldAction next(SteadyTime now) {
    if (writing_) return {};
    const ChannelState before = machine_.state();
    const ChannelMachine::Wish wish = machine_.next(now);
    tell_state(before);
    count_missed_pongs();
    HoldAction action;
    action.epoch = wish == ChannelMachine::Wish::connect ? machine_.attempt_epoch() : machine_.epoch();
    action.attempt = machine_.state() != ChannelState::connecting;
    switch (wish) {
      case ChannelMachine::Wish::connect: action.kind = HoldAction::Kind::connect; return action;
      case ChannelMachine::Wish::close: action.kind = HoldAction::Kind::close; return action;
      case ChannelMachine::Wish::drop: action.kind = HoldAction::Kind::drop; return action;
      case ChannelMachine::Wish::ping:
        metrics_->count(HoldCount::pings);
        writing_ = true;
        action.kind = HoldAction::Kind::ping;
        if (const std::string_view question = dialect_->alive_question(); !question.empty()) {
          action.kind = HoldAction::Kind::send;
          action.text = question;
        }
        return action;
      case ChannelMachine::Wish::none: break;
    }
    if (machine_.state() != ChannelState::open || by_request_) return {};
    // What was written before this may have taken until after a deadline: nothing leaves behind its own.
    settle_late(now);
    if (Command* const command = take_command(machine_.epoch(), now)) {
      writing_id_.assign(command->id);
      writing_ = true;  // not before: who runs out of memory above reports no end of a writing
      writing_frame_.swap(command->call->frame);
      action.kind = HoldAction::Kind::send;
      action.text = writing_frame_;
      return action;
    }
    return {};
  }
  /// When there is something to do, if nothing is reported before; past when there is something to do now.
  [[nodiscard]] SteadyTime next_deadline() const noexcept {
    const bool paced = by_request_ || (machine_.state() == ChannelState::open && !writing_);
    // What the machine asks for waits for the end of a writing, and must not hide what is due meanwhile.
    const SteadyTime machine = writing_ ? machine_.next_tick() : machine_.next_deadline();
    return (std::min)({machine, table_.next_deadline(), registry_.next_deadline(), paced ? hold_turn_at_ : never});
  }

  // Reported by the driver.

  /// At `renew_at` the connection is replaced by another, before it is given up.
  void opened(std::uint64_t epoch, SteadyTime now, SteadyTime renew_at = never) {
    bool opened = false;
    const bool handover = machine_.state() == ChannelState::open;
    report([&] { return opened = machine_.opened(epoch, now, renew_at), false; });
    if (!opened) return;
    metrics_->count(HoldCount::connects);
    if (handover) metrics_->count(HoldCount::handovers);
    if (!std::exchange(was_open_, true)) return;
    metrics_->count(HoldCount::reconnects);
    // What happened between the connections was told to nobody.
    if (by_request_) guarded([this] { for (HeldInteraction& each : registry_.held()) look_at(each.interaction); });
  }
  void open_failed(std::uint64_t epoch, OpenFailure failure, SteadyTime now, double random) {
    report([&] { return machine_.open_failed(epoch, std::move(failure), now, random), false; });
  }
  /// The message, or ping, was handed to the operating system.
  void sent(std::uint64_t epoch) {
    writing_ = false;
    Command* const command = written(epoch);
    if (!command) return;
    command->phase = Command::Phase::sent;
    if (!alive(epoch)) settle(*command, CallEnd::disconnected);
  }
  void send_failed(std::uint64_t epoch, Delivery delivery, SteadyTime now, double random) {
    writing_ = false;
    Command* const command = written(epoch);
    if (command && delivery == Delivery::not_sent) {
      if (command->verb == HoldVerb::hold) registry_.hold_void(command->interaction, command->order);
      command->call->frame.swap(writing_frame_);
      table_.put_back(*command);
      if (command->verb == HoldVerb::hold && table_.releasing(command->interaction)) settle(*command, CallEnd::superseded);
    } else if (command) {
      command->phase = Command::Phase::sent;
      if (!alive(epoch)) settle(*command, CallEnd::disconnected);
    }
    report([&] { return machine_.failed(epoch, now, random); });
  }
  /// `wall` is the time by the wall clock, by which the cloud dates holds.
  void text(std::uint64_t epoch, const Body& payload, SteadyTime now, WallTime wall = {}, double random = 0.5) {
    if (!machine_.heard(epoch, now)) return;
    if (!dialect_->parse_news(payload, json_, news_)) {
      metrics_->count(HoldCount::junk_frames);
      return tell_message(ChannelMessage::Kind::junk, payload.view());
    }
    switch (news_.kind) {
      case ChannelNews::Kind::reply:
        if (!route(now)) tell_message(ChannelMessage::Kind::acknowledgement, payload.view());
        return;
      case ChannelNews::Kind::state:
        note_state(now, wall);
        return tell_message(ChannelMessage::Kind::update, payload.view());
      case ChannelNews::Kind::alive: return;
      case ChannelNews::Kind::closing: return static_cast<void>(machine_.closing(epoch, now));
      case ChannelNews::Kind::ended:
      case ChannelNews::Kind::revoked:
        return report([&] { return machine_.ended(epoch, news_.kind == ChannelNews::Kind::revoked, now, random); });
      case ChannelNews::Kind::other: break;
    }
    metrics_->count(HoldCount::foreign_messages);
    tell_message(ChannelMessage::Kind::update, payload.view());
  }
  void binary(std::uint64_t epoch, const Body& payload, SteadyTime now) {
    if (!machine_.heard(epoch, now)) return;
    metrics_->count(HoldCount::junk_frames);
    tell_message(ChannelMessage::Kind::binary, payload.view());
  }
  /// A ping or a pong came.
  void alive(std::uint64_t epoch, SteadyTime now) noexcept { machine_.heard(epoch, now); }
  void closed(std::uint64_t epoch, std::uint16_t code, SteadyTime now, double random) {
    report([&] { return machine_.closed(epoch, code, now, random); });
  }

  // What came of it; the driver takes these out.

  [[nodiscard]] std::vector<HoldCall*>& completed() noexcept { return completed_; }
  [[nodiscard]] std::deque<HoldNotice>& notices() noexcept { return notices_; }
  /// To be called when `notices()` was emptied.
  void notices_taken() noexcept { notice_bytes_ = 0; }
  /// Interactions that `HoldLimit::release` wants released now, each time by a new command.
  [[nodiscard]] std::vector<std::string>& releases_due() noexcept { return releases_due_; }
  /// Watched interactions that are to be read now, since the channel may have missed, or does not prove, what became of them.
  [[nodiscard]] std::vector<std::string>& looks_due() noexcept { return looks_due_; }
  /// Commands whose turn has come to be sent by whoever submitted them.
  [[nodiscard]] std::vector<HoldCall*>& granted() noexcept { return granted_; }
  /// Notices that found no room.
  [[nodiscard]] std::uint64_t dropped_notices() const noexcept { return dropped_; }

 private:
  /// Gives the machine a report, and draws the consequences for the commands.
  template <class Report>
  void report(Report&& give) {
    const ChannelState before = machine_.state();
    const bool lost = give();
    // What is being written may turn out not to have been sent; the end of the writing tells.
    if (lost) settle_all([](const Command& each) { return each.was_sent && each.phase != Command::Phase::writing; }, CallEnd::disconnected);
    if (machine_.state() == ChannelState::refused && !by_request_)
      settle_all([](const Command& each) { return !each.was_sent; }, CallEnd::channel_refused);
    tell_state(before);
  }
  /// An answer with a correlation id: whether it settled a command. Exactly one counter grows (invariant I12).
  bool route(SteadyTime now) {
    Command* const command = table_.find(news_.correlation_id);
    const bool ours = command && command->was_sent && (news_.interaction.empty() || equal_ignoring_case(news_.interaction, command->interaction));
    const bool positive = ours && news_.type == to_string(command->verb);
    // The type is the status, so a reply without one says nothing; the other verb's name is about another command (B23).
    const bool explicit_status = news_.has_type && (positive || (news_.type != "hold" && news_.type != "unhold"));
    if (!ours || !explicit_status) return metrics_->count(HoldCount::foreign_messages), false;
    if (std::exchange(command->acknowledged, true)) return metrics_->count(HoldCount::duplicate_acks), false;
    command->confirmed = positive;
    learn(*command, positive);
    const Duration latency = now - command->sent_at;
    if (command->phase == Command::Phase::settled) {
      metrics_->count(HoldCount::late_acks);
      LateAcknowledgement late;
      late.verb = command->verb, late.positive = positive, late.since_sent = latency;
      late.correlation_id = command->id;
      late.interaction = command->interaction;
      tell(late.interaction.size(), std::move(late));
      return false;
    }
    metrics_->acknowledged(positive, latency);
    command->call->ack_latency = latency;
    if (!positive) guarded([&] { command->call->server_message.assign(news_.message, 0, 1024); });  // or without it
    settle(*command, positive ? CallEnd::acknowledged : CallEnd::refused);
    return true;
  }
  void learn(const Command& command, bool positive) {
    if (command.verb == HoldVerb::unhold) {
      if (!positive) return;
      // A hold whose request is still on its way may come behind the release.
      const Command* const hold = by_request_ ? table_.sent(command.interaction, HoldVerb::hold) : nullptr;
      if (hold && hold->phase == Command::Phase::writing) return registry_.seen_released(command.interaction);
      registry_.release_confirmed(command.interaction, command.order);
    } else if (!positive) {
      registry_.hold_void(command.interaction, command.order);
    } else if (!registry_.hold_applied(command.interaction, command.order) && (by_request_ || !table_.overtaken(command))) {
      registry_.may_be_held(command.interaction, command.order, command.sent_at);
    }
  }
  /// What a request's end says of the command, if that has not ended otherwise; and sees to it that a hold which a release
  /// has overtaken on its way, and which may be done, is released once more.
  Command* answered_now(HoldCall& call, bool may_be_done = true) {
    Command* const command = table_.find(call.correlation_id);
    if (!command) return nullptr;
    if (std::exchange(command->overtaken, false) && may_be_done && !closing_ && releases_due_.size() < releases_due_.capacity())
      guarded([&] { releases_due_.push_back(command->interaction); });
    return command->call == &call && command->phase == Command::Phase::writing ? command : nullptr;
  }
  /// The command is known to be done.
  void confirm(Command& command, SteadyTime now) {
    command.acknowledged = command.confirmed = true;
    learn(command, true);
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
  /// Hands on the commands whose turn has come to those who send them.
  void grant(SteadyTime now) {
    while (Command* const command = take_command(machine_.epoch(), now)) {
      table_.wait_until(*command, never);  // for as long as its request may take
      if (command->verb == HoldVerb::unhold)
        if (Command* const hold = table_.sent(command->interaction, HoldVerb::hold); hold && hold->phase == Command::Phase::writing)
          hold->overtaken = true;
      command->call->granted = true;
      granted_.push_back(command->call);
    }
  }
  /// The channel tells how an interaction stands.
  void note_state(SteadyTime now, WallTime wall) {
    for (char& c : news_.interaction)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    const std::string& interaction = news_.interaction;
    const bool watched = registry_.since(interaction).has_value();
    if (news_.over) {
      // Whatever was sent: it is on hold no more. Those who wait find that out by reading.
      registry_.released(interaction);
      for (const HoldVerb each : {HoldVerb::hold, HoldVerb::unhold})
        if (Command* const command = table_.sent(interaction, each); command && command->phase == Command::Phase::sent)
          settle(*command, CallEnd::accepted);
      if (watched) tell_seen(false, Duration::zero());
      return;
    }
    if (!news_.held) return;
    if (Command* const command = table_.sent(interaction, *news_.held ? HoldVerb::hold : HoldVerb::unhold)) {
      confirm(*command, now);
    } else if (!*news_.held) {
      // It may be older than what is believed: a reading tells (hazard B38).
      if (watched && !table_.sent(interaction, HoldVerb::hold)) look_at(interaction);
    } else if (registry_.belief(interaction) == HoldRegistry::Belief::not_held && !registry_.full()) {
      registry_.seen_held(interaction, 0, now);
      metrics_->count(HoldCount::holds_adopted);
      const Duration age = news_.held_since ? std::chrono::duration_cast<Duration>(wall - *news_.held_since) : Duration::zero();
      tell_seen(true, std::clamp<Duration>(age, Duration::zero(), settings_->max_hold));
    }
    // The cloud knows when a hold began; of two clocks that differ the earlier start counts, so that none lasts too long.
    if (*news_.held && news_.held_since) {
      const Duration age = std::chrono::duration_cast<Duration>(wall - *news_.held_since);
      registry_.began(interaction, now - std::clamp<Duration>(age, Duration::zero(), settings_->max_hold));
    }
  }
  void tell_seen(bool held, Duration held_for) noexcept {
    guarded([&] {
      HoldSeen seen;
      seen.interaction = news_.interaction;
      seen.held = held;
      seen.held_for = held_for;
      tell(seen.interaction.size(), std::move(seen));
    });
  }
  void look_at(const std::string& interaction) {
    if (looks_due_.size() >= settings_->max_holds) return;
    if (std::find(looks_due_.begin(), looks_due_.end(), interaction) == looks_due_.end()) looks_due_.push_back(interaction);
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
  [[nodiscard]] bool alive(std::uint64_t epoch) const noexcept { return machine_.state() == ChannelState::open && machine_.epoch() == epoch; }
  /// The command whose writing ends now, if it is still under way on that connection.
  Command* written(std::uint64_t epoch) {
    Command* const command = writing_id_.empty() ? nullptr : table_.find(writing_id_);
    writing_id_.clear();
    return command && command->phase == Command::Phase::writing && command->epoch == epoch ? command : nullptr;
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
    if (end == CallEnd::channel_refused) guarded([&] { call->error = machine_.error(); });  // or without its cause
    if (command.verb == HoldVerb::unhold && in_doubt(end))
      registry_.release_in_doubt(command.interaction, command.order);
    table_.settle(command, end);
    completed_.push_back(call);
  }
  template <class Condition>
  void settle_all(Condition&& condition, CallEnd end) {
    table_.for_each_pending([&](Command& each) {
      if (condition(std::as_const(each))) settle(each, end);
    });
  }
  void tell_message(ChannelMessage::Kind kind, std::string_view payload) {
    if (notices_.size() >= settings_->max_notices || payload.size() > settings_->max_notice_bytes - notice_bytes_) return drop();
    ChannelMessage message;
    message.kind = kind;
    message.payload.assign(payload);
    tell(payload.size(), std::move(message));
  }
  void count_missed_pongs() noexcept {
    const std::uint64_t now = machine_.missed_pongs();
    metrics_->count(HoldCount::missed_pongs, now - std::exchange(missed_pongs_, now));
  }
  void tell_state(ChannelState before) {
    if (machine_.state() == before) return;
    ChannelStateEvent event;
    event.state = machine_.state();
    event.close_code = machine_.close_code();
    if (event.state == ChannelState::waiting || event.state == ChannelState::refused) guarded([&] { event.error = machine_.error(); });
    tell(0, std::move(event));
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
  ChannelMachine machine_;
  CommandTable table_;
  HoldRegistry registry_;
  JsonReader json_;
  const detail::AnyHoldDialect* dialect_ = &detail::documents_holds;
  bool by_request_ = false;
  ChannelNews news_;
  bool closing_ = false;
  bool writing_ = false;       ///< A message or a ping is being written.
  std::string writing_id_, writing_frame_;
  bool was_open_ = false;
  std::uint64_t missed_pongs_ = 0;
  std::vector<HoldCall*> completed_;
  std::deque<HoldNotice> notices_;
  std::size_t notice_bytes_ = 0;
  std::vector<std::string> releases_due_;
  std::vector<std::string> looks_due_;
  std::vector<HoldCall*> granted_;
  std::uint64_t dropped_ = 0;
  PacerTurn hold_turn_;                 ///< Of the next hold that is sent, whichever that will be.
  SteadyTime hold_turn_at_ = never;     ///< When it is to be asked for again.
};

}  // namespace patchbay
