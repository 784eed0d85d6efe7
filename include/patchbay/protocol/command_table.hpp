// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, find, min
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <patchbay/error.hpp>
#include <patchbay/protocol/effect.hpp>
#include <patchbay/protocol/hold_registry.hpp>
#include <patchbay/protocol/spare_nodes.hpp>

namespace patchbay {

/// How a command ended, as far as the channel knows.
enum class CallEnd : std::uint8_t {
  pending,
  acknowledged,  ///< The server said that it is done.
  refused,       ///< The server said that it is not.
  ack_timeout,   ///< Sent, and nothing was heard in time.
  disconnected,  ///< Sent, and the connection ended before anything was heard.
  accepted,      ///< The server will see to it, and there is nobody to tell when it has.
  forsaken,      ///< Sent, and whoever waited was cancelled before anything was heard.
  // Not sent, or refused each time, and never sent again:
  out_of_time,      ///< The operation's deadline passed.
  superseded,       ///< A release of the same interaction was asked for.
  channel_refused,  ///< The server refuses the channel for good; see `HoldCall::error`.
  table_full,
  watch_full,       ///< So many interactions are watched that this hold could not be.
  closed,           ///< The door is closed.
  cancelled,        ///< Whoever asked for it has cancelled it.
  unsent,           ///< Its request came to nothing; see `HoldCall::error`.
};

/// Whether the server may have seen the command.
[[nodiscard]] constexpr bool was_sent(CallEnd end) noexcept { return end >= CallEnd::acknowledged && end <= CallEnd::forsaken; }
/// Whether it was sent, and nobody knows what became of it.
[[nodiscard]] constexpr bool in_doubt(CallEnd end) noexcept { return end >= CallEnd::ack_timeout && end <= CallEnd::forsaken; }

/// One command on its way through a `HoldSession`, which refers to it until `end` is no longer `pending`.
class HoldCall {
 public:
  HoldCall() = default;
  HoldCall(HoldVerb verb_in, std::string correlation_id_in, std::string interaction_in, std::string frame_in, SteadyTime deadline_in)
      : verb(verb_in),
        correlation_id(std::move(correlation_id_in)),
        interaction(std::move(interaction_in)),
        frame(std::move(frame_in)),
        deadline(deadline_in) {}

  /// As new, but with its memory, unless its fields were unusually large.
  void clear() noexcept {
    constexpr std::size_t kept = 4096;
    for (std::string* text : {&correlation_id, &interaction, &frame, &server_message}) {
      text->clear();
      if (text->capacity() > kept) std::string{}.swap(*text);
    }
    verb = HoldVerb::hold, deadline = {}, waiter = nullptr, own = repeats = granted = false;
    end = CallEnd::pending, sent_at = {}, ack_latency = {};
    error.reset();
  }

  // What is asked for.
  HoldVerb verb = HoldVerb::hold;
  std::string correlation_id;
  std::string interaction;  ///< In lower case, so that one interaction has one name.
  std::string frame;        ///< What is sent.
  SteadyTime deadline{};    ///< After it the command is not sent any more, and not waited for.
  Waiter* waiter = nullptr; ///< Who is told of the end; none: nobody waits.
  bool own = false;         ///< The door's own, which nobody has asked for.
  bool repeats = false;     ///< A release that is sent again behind a hold that it overtook, unless another hold was asked for since.

  // What became of it.
  bool granted = false;        ///< Its turn has come to be sent as a request by whoever waits.
  CallEnd end = CallEnd::pending;
  SteadyTime sent_at{};        ///< When it was handed to the transport, if it was.
  Duration ack_latency{};      ///< From there to the acknowledgement.
  std::string server_message;  ///< Of a refusal, as it came; bounded by the message's size.
  std::optional<Error> error;
};

class Command;

/// The commands of one interaction that are under way.
class CommandTraffic {
 public:
  int in_flight = 0;
  int queued_holds = 0;
  int queued_releases = 0;
  Command* hold = nullptr;  ///< The only queued hold, if there is one and no other.
};

/// A command in the table: under way, or settled and kept for a while so that late acknowledgements are recognised.
class Command {
 public:
  enum class Phase : std::uint8_t { queued, writing, sent, settled };

  /// As new, but with its memory.
  void clear() noexcept {
    std::string kept = std::move(interaction);
    *this = Command{};
    interaction = std::move(kept);
    interaction.clear();
  }

  HoldCall* call = nullptr;  ///< Nobody's any more when settled.
  std::string_view id;       ///< The table's key.
  std::string interaction;
  HoldVerb verb = HoldVerb::hold;
  Phase phase = Phase::queued;
  bool was_sent = false;
  bool acknowledged = false;  ///< By an acknowledgement in time, or a late one.
  bool confirmed = false;     ///< By a positive one.
  /// When the channel last showed the wanted state while the request was not answered: it counts once that is accepted, if
  /// the request had left by then.
  SteadyTime told_at = SteadyTime::min();
  bool overtaken = false;     ///< A hold whose request was not answered yet when a release was sent as another.
  std::uint64_t epoch = 0;    ///< Of the connection that it was handed to.
  std::uint64_t order = 0;    ///< Among the commands handed out.
  SteadyTime sent_at{};
  Command* later = nullptr;   ///< The tombstone that came after this one.
  std::multimap<SteadyTime, Command*>::iterator timer{};
  std::unordered_map<std::string, CommandTraffic>::pointer traffic = nullptr;  ///< Of its interaction, while it is under way.
};

/// The commands of one hold channel by correlation id (hazards B20 to B25).
///
/// A command's entry, and its timer, exist before a byte of it is written. Bounded: holds beyond `max_commands` are not
/// admitted, a reserve as large again is kept for releases, and another for those that somebody waits for, which the door's
/// own must not crowd out; the last `max_tombstones` settled commands are kept. Pure.
class CommandTable {
 public:
  explicit CommandTable(const HoldSettings& settings) noexcept : settings_(&settings) {}
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  [[nodiscard]] std::size_t pending() const noexcept { return timers_.size(); }
  [[nodiscard]] std::size_t tombstones() const noexcept { return tombstones_; }
  [[nodiscard]] std::size_t queued() const noexcept { return releases_.size() + holds_.size(); }
  [[nodiscard]] SteadyTime next_deadline() const noexcept { return timers_.empty() ? never : timers_.begin()->first; }

  /// Queues the command; false when the table is full, or has the id already.
  bool add(HoldCall& call) {
    const std::size_t room = settings_->max_commands * (call.verb == HoldVerb::hold ? 1 : call.waiter && !call.own ? 3 : 2);
    if (pending() >= room) return false;
    // Whatever takes memory comes first, so that the command is entered everywhere or, when it runs out, nowhere.
    Timers::node_type timer = spare_timers_.take();
    Commands::node_type node = spare_commands_.take();
    node.key().assign(call.correlation_id);
    node.mapped().clear();
    node.mapped().interaction.assign(call.interaction);
    std::deque<Command*>& queue = call.verb == HoldVerb::hold ? holds_ : releases_;
    Place place(queue);
    TrafficPlace traffic(traffic_, spare_traffic_, call.interaction);
    const auto entered = commands_.insert(std::move(node));
    if (!entered.inserted) return false;
    Command& command = entered.position->second;
    command.traffic = traffic.take();
    command.id = entered.position->first;
    command.call = &call;
    command.verb = call.verb;
    timer.key() = call.deadline;
    timer.mapped() = &command;
    command.timer = timers_.insert(std::move(timer));
    place.take(&command);
    enter_queue(command);
    return true;
  }
  [[nodiscard]] Command* find(std::string_view id) noexcept {
    const auto at = commands_.find(id);
    return at == commands_.end() ? nullptr : &at->second;
  }

  /// Whether a release is queued.
  [[nodiscard]] bool release_waits() const noexcept { return !releases_.empty(); }
  /// Whether a hold is queued whose interaction has no command under way.
  [[nodiscard]] bool hold_waits() const noexcept {
    return std::any_of(holds_.begin(), holds_.end(), [](const Command* each) { return each->traffic->second.in_flight == 0; });
  }
  /// The place of the last command that was handed out.
  [[nodiscard]] std::uint64_t last_order() const noexcept { return orders_; }

  /// The next command that may be sent: releases first and always, then the first hold whose interaction has no command
  /// under way (invariants I6, I14). It is `writing` then.
  [[nodiscard]] Command* take_next(std::uint64_t epoch, SteadyTime now) {
    std::deque<Command*>& queue = releases_.empty() ? holds_ : releases_;
    auto at = queue.begin();
    if (&queue == &holds_)
      while (at != queue.end() && (*at)->traffic->second.in_flight != 0) ++at;
    if (at == queue.end()) return nullptr;
    Command* const command = *at;
    queue.erase(at);
    leave_queue(*command);
    ++command->traffic->second.in_flight;
    command->phase = Command::Phase::writing;
    command->was_sent = true;
    command->epoch = epoch;
    command->order = ++orders_;
    command->sent_at = now;
    restart_timer(*command, std::min(after(now, settings_->ack_timeout), command->call->deadline));
    return command;
  }
  /// The transport has not sent it after all: it goes back to the front of its queue.
  void put_back(Command& command) {
    queue_of(command).push_front(&command);
    --command.traffic->second.in_flight;
    enter_queue(command);
    command.phase = Command::Phase::queued;
    command.was_sent = false;
    restart_timer(command, command.call->deadline);
  }

  /// When a command that is sent is given up.
  void wait_until(Command& command, SteadyTime when) { restart_timer(command, (std::min)(when, command.call->deadline)); }
  /// A command of the interaction that was sent, and is not settled; null: there is none. For messages that carry no id.
  [[nodiscard]] Command* sent(std::string_view interaction, HoldVerb verb) noexcept {
    const auto found = traffic_.find(interaction);
    if (found == traffic_.end() || found->second.in_flight == 0) return nullptr;
    Command* sent = nullptr;
    for_each_pending([&](Command& each) {
      if (each.was_sent && each.verb == verb && each.interaction == interaction && (!sent || each.order < sent->order)) sent = &each;
    });
    return sent;
  }

  /// Ends a command that is under way; it stays as a tombstone, and the oldest tombstone may go for it. Takes no memory:
  /// somebody may wait for this end alone.
  void settle(Command& command, CallEnd end) noexcept {
    if (command.phase == Command::Phase::queued) {
      std::deque<Command*>& queue = queue_of(command);
      queue.erase(std::find(queue.begin(), queue.end(), &command));
      leave_queue(command);
    } else {
      --command.traffic->second.in_flight;
    }
    leave_traffic(command);
    spare_timers_.keep(timers_.extract(command.timer));
    command.phase = Command::Phase::settled;
    command.call->sent_at = command.sent_at;
    command.call->end = end;
    command.call = nullptr;
    if (!command.was_sent) return forget(command);
    (newest_ ? newest_->later : oldest_) = &command;
    newest_ = &command;
    if (++tombstones_ <= settings_->max_tombstones) return;
    Command* const first = oldest_;
    oldest_ = first->later;
    if (!oldest_) newest_ = nullptr;
    --tombstones_;
    forget(*first);
  }

  /// A command whose time is up; none is: null.
  [[nodiscard]] Command* expired(SteadyTime now) noexcept {
    return timers_.empty() || timers_.begin()->first > now ? nullptr : timers_.begin()->second;
  }
  /// Calls `visit` with each command under way, in the order of their timers; it may settle that one, and no other. For rare
  /// events.
  template <class Visit>
  void for_each_pending(Visit&& visit) {
    for (auto at = timers_.begin(); at != timers_.end();) visit(*(at++)->second);
  }
  /// Whether a release of the interaction is under way.
  [[nodiscard]] bool releasing(std::string_view interaction) noexcept {
    const auto found = traffic_.find(interaction);
    if (found == traffic_.end()) return false;
    if (found->second.queued_releases != 0) return true;
    if (found->second.in_flight == 0) return false;
    bool releasing = false;
    for_each_pending([&](const Command& each) { releasing = releasing || (each.verb == HoldVerb::unhold && each.interaction == interaction); });
    return releasing;
  }
  /// A hold of the interaction that is queued.
  [[nodiscard]] Command* queued_hold(std::string_view interaction) noexcept {
    const auto found = traffic_.find(interaction);
    if (found == traffic_.end() || found->second.queued_holds == 0) return nullptr;
    if (found->second.hold) return found->second.hold;
    for (Command* const each : holds_)
      if (each->interaction == interaction) return each;
    return nullptr;
  }
  /// Whether a release that followed this hold on the same connection was confirmed.
  [[nodiscard]] bool overtaken(const Command& hold) const noexcept {
    for (const Command* each = oldest_; each; each = each->later)
      if (each->confirmed && each->verb == HoldVerb::unhold && each->epoch == hold.epoch && each->order > hold.order &&
          each->interaction == hold.interaction)
        return true;
    return false;
  }
  /// Whether a release of the interaction was confirmed that was sent behind every hold of it, as far as is remembered.
  [[nodiscard]] bool released(std::string_view interaction) const noexcept {
    bool released = false;
    std::uint64_t last = 0;
    for (const Command* each = oldest_; each; each = each->later) {
      if (each->interaction != interaction || each->order < last || !each->was_sent) continue;
      const bool release = each->verb == HoldVerb::unhold;
      if (release ? !each->confirmed : each->acknowledged && !each->confirmed) continue;  // it changed nothing
      released = release;
      last = each->order;
    }
    return released;
  }

 private:
  /// The last place of a queue, given back unless it is taken.
  class Place {
   public:
    explicit Place(std::deque<Command*>& queue) : queue_(&queue) { queue.push_back(nullptr); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (!queue_->back()) queue_->pop_back();
    }
    void take(Command* command) noexcept { queue_->back() = command; }

   private:
    std::deque<Command*>* queue_;
  };
  using Commands = std::unordered_map<std::string, Command, detail::TextHash, std::equal_to<>>;
  using Timers = std::multimap<SteadyTime, Command*>;
  using Traffic = std::unordered_map<std::string, CommandTraffic, detail::TextHash, std::equal_to<>>;
  /// An interaction's entry, given back unless it is taken.
  class TrafficPlace {
   public:
    TrafficPlace(Traffic& traffic, detail::SpareNodes<Traffic>& spare, const std::string& interaction) : traffic_(&traffic) {
      auto at = traffic.find(interaction);
      fresh_ = at == traffic.end();
      if (fresh_) {
        Traffic::node_type node = spare.take();
        node.key().assign(interaction);
        node.mapped() = {};
        at = traffic.insert(std::move(node)).position;
      }
      entry_ = &*at;
    }
    TrafficPlace(const TrafficPlace&) = delete;
    TrafficPlace& operator=(const TrafficPlace&) = delete;
    ~TrafficPlace() {
      if (fresh_) traffic_->erase(traffic_->find(entry_->first));
    }
    Traffic::pointer take() noexcept {
      fresh_ = false;
      return entry_;
    }

   private:
    Traffic* traffic_;
    Traffic::pointer entry_;
    bool fresh_;
  };
  static void enter_queue(Command& command) noexcept {
    CommandTraffic& traffic = command.traffic->second;
    if (command.verb == HoldVerb::unhold) return void(++traffic.queued_releases);
    traffic.hold = ++traffic.queued_holds == 1 ? &command : nullptr;
  }
  static void leave_queue(Command& command) noexcept {
    CommandTraffic& traffic = command.traffic->second;
    if (command.verb == HoldVerb::unhold) return void(--traffic.queued_releases);
    --traffic.queued_holds;
    traffic.hold = nullptr;
  }
  void leave_traffic(Command& command) noexcept {
    const CommandTraffic& traffic = command.traffic->second;
    if (traffic.in_flight == 0 && traffic.queued_holds == 0 && traffic.queued_releases == 0)
      spare_traffic_.keep(traffic_.extract(traffic_.find(command.traffic->first)));
    command.traffic = nullptr;
  }
  void forget(const Command& command) noexcept { spare_commands_.keep(commands_.extract(commands_.find(command.id))); }
  std::deque<Command*>& queue_of(const Command& command) noexcept { return command.verb == HoldVerb::hold ? holds_ : releases_; }
  void restart_timer(Command& command, SteadyTime when) {
    auto node = timers_.extract(command.timer);
    node.key() = when;
    command.timer = timers_.insert(std::move(node));
  }

  const HoldSettings* settings_;
  Commands commands_;
  Traffic traffic_;  ///< By interaction.
  Timers timers_;    ///< One for each command under way.
  detail::SpareNodes<Commands> spare_commands_;
  detail::SpareNodes<Traffic> spare_traffic_;
  detail::SpareNodes<Timers> spare_timers_;
  std::deque<Command*> releases_, holds_;
  Command* oldest_ = nullptr;  ///< Of the tombstones, each of which knows the next.
  Command* newest_ = nullptr;
  std::size_t tombstones_ = 0;
  std::uint64_t orders_ = 0;
};

}  // namespace patchbay
