// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/interactions.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/policy/hold_dialect.hpp>
#include <patchbay/policy/transport.hpp>
#include <patchbay/protocol/channel_fsm.hpp>
#include <patchbay/protocol/hold_requests.hpp>

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
class HoldSession : public HoldRequests {
 public:
  HoldSession(const HoldSettings& settings, HoldMetrics& metrics) : HoldRequests(settings, metrics), machine_(settings) {}

  /// What the cloud speaks, before anything else; the documents' dialect otherwise. `dialect` outlives the session.
  /// `fence` is how long a request can still arrive after it was sent.
  /// `parties`, which outlives the session too, learns whose holds the channel tells of; may be null.
  void speak(const detail::AnyHoldDialect& dialect, Duration fence, PartyBook* parties = nullptr) noexcept {
    dialect_ = &dialect;
    parties_ = parties;
    fence_ = fence;
    by_request_ = dialect.path() == HoldPath::request;
  }

  // Asked by operations.

  /// Queues a command, unless `call.end` says at once why not. A release takes the place of a hold that is still queued
  /// (hazard B27).
  void submit(HoldCall& call, SteadyTime now) {
    if (finished_ || (closing_ && !call.repeats)) return void(call.end = CallEnd::closed);
    if (call.repeats && !owes_release(call.interaction)) return void(call.end = CallEnd::superseded);
    make_room(completed_, completed_.size() + table_.pending() + 1);  // so that no command's end can fail
    if (call.verb == HoldVerb::unhold && !call.repeats)
      while (Command* const hold = table_.queued_hold(call.interaction)) settle(*hold, CallEnd::superseded);
    if (by_request_) make_room_for_grants();
    want(now);
    if (!table_.add(call)) call.end = CallEnd::table_full;
    if (by_request_) grant(now);
  }
  /// The command's request, which left at `left` for the first time, was accepted; the channel tells when it is done, while it
  /// is open.
  void accepted(HoldCall& call, SteadyTime now, SteadyTime left = SteadyTime::min()) {
    HoldRequests::accepted(call, now, left, machine_.state() == ChannelState::open);
  }
  /// Whether there is a channel to be opened: where holds travel as requests there need be none.
  [[nodiscard]] bool has_channel() const noexcept { return !by_request_ || dialect_->makes_channel(); }
  /// Asks for the channel, if there is one.
  void want(SteadyTime now) {
    if (!has_channel()) return;
    const ChannelState before = machine_.state();
    machine_.want(now);
    tell_state(before);
  }
  /// No command is admitted any more, apart from releases that are owed; holds that were not sent end now. Those under way go
  /// on until `finish`.
  void close() {
    closing_ = true;
    const bool open = machine_.state() == ChannelState::open;
    settle_all([open](const Command& each) { return each.phase == Command::Phase::queued && (!open || each.verb == HoldVerb::hold); },
               CallEnd::closed);
  }
  /// Ends everything: what was sent and is not settled stays unknown.
  void finish() {
    closing_ = finished_ = true;
    owed_.clear();
    settle_all([](const Command& each) { return each.was_sent; }, CallEnd::disconnected);
    settle_all([](const Command&) { return true; }, CallEnd::closed);
    const ChannelState before = machine_.state();
    machine_.shut();
    tell_state(before);
  }

  [[nodiscard]] const ChannelMachine& channel() const noexcept { return machine_; }

  // Time.

  void tick(SteadyTime now, double random) {
    settle_late(now);
    if (by_request_) {
      grant(now);
      look_late(now);
      ask_for_owed(now);
    }
    tell_limits(now);
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
    const SteadyTime look = looks_later_.empty() ? never : looks_later_.begin()->first;
    return (std::min)({machine, table_.next_deadline(), registry_.next_deadline(), look, next_owed(), paced ? hold_turn_at_ : never});
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
    if (std::exchange(was_open_, true)) metrics_->count(HoldCount::reconnects);
    // What happened before, and between the connections, was told to nobody.
    if (by_request_) guarded([this] { look_at_all(); });
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
        note_state(news_, now, wall);
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

 private:
  /// Gives the machine a report, and draws the consequences for the commands.
  template <class Report>
  void report(Report&& give) {
    const ChannelState before = machine_.state();
    const bool lost = give();
    // What is being written may turn out not to have been sent; the end of the writing tells.
    if (lost) settle_all([](const Command& each) { return each.was_sent && each.phase != Command::Phase::writing; }, CallEnd::disconnected);
    if (machine_.state() == ChannelState::refused && !by_request_)
      settle_all(
          [this](const Command& each) {
            if (each.was_sent) return false;
            guarded([&] { each.call->error = machine_.error(); });  // or without its cause
            return true;
          },
          CallEnd::channel_refused);
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
    learn(*command, positive, now);
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
  [[nodiscard]] bool alive(std::uint64_t epoch) const noexcept { return machine_.state() == ChannelState::open && machine_.epoch() == epoch; }
  /// The command whose writing ends now, if it is still under way on that connection.
  Command* written(std::uint64_t epoch) {
    Command* const command = writing_id_.empty() ? nullptr : table_.find(writing_id_);
    writing_id_.clear();
    return command && command->phase == Command::Phase::writing && command->epoch == epoch ? command : nullptr;
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

  ChannelMachine machine_;
  JsonReader json_;
  const detail::AnyHoldDialect* dialect_ = &detail::documents_holds;
  ChannelNews news_;
  bool writing_ = false;       ///< A message or a ping is being written.
  std::string writing_id_, writing_frame_;
  bool was_open_ = false;
  std::uint64_t missed_pongs_ = 0;
};

/// Whether whoever asks for a channel, where there is none, has what there is to be had; nothing where there is one.
[[nodiscard]] inline std::optional<Result<void>> readiness_without_channel(const HoldSession& session) {
  if (session.has_channel()) return std::nullopt;
  if (session.closing()) return Result<void>(fail(ErrorCode::closed, "the door is closed"));
  return Result<void>{};
}

}  // namespace patchbay
