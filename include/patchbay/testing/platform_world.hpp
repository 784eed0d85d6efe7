// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find, max, min
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <patchbay/testing/detail/cloud_bodies.hpp>
#include <patchbay/testing/detail/platform_bodies.hpp>
#include <patchbay/testing/detail/platform_requests.hpp>
#include <patchbay/testing/operation_log.hpp>
#include <patchbay/testing/platform_channels.hpp>

namespace patchbay::testing {

/// What happens in the platform's cloud whoever asks for it: conversations and flows, what was accepted and comes
/// later, what was done, and the events of it. `PlatformModel` puts the platform's addresses before it. No input or
/// output, no clock; not safe to share between threads.
///
/// Ids that are not there are answered with false or null.
class PlatformWorld {
 public:
  using Now = std::function<SteadyTime()>;
  using WallNow = std::function<WallTime()>;

  [[nodiscard]] PlatformOptions& options() noexcept { return options_; }
  [[nodiscard]] const PlatformOptions& options() const noexcept { return options_; }

  void add(PlatformConversation conversation) {
    std::string id = conversation.id;
    conversations_.insert_or_assign(std::move(id), std::move(conversation));
  }
  [[nodiscard]] PlatformConversation* find(std::string_view id) noexcept {
    const auto found = conversations_.find(id);
    return found == conversations_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const PlatformConversation* find(std::string_view id) const noexcept {
    const auto found = conversations_.find(id);
    return found == conversations_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] PlatformFlow* flow(std::string_view id) noexcept {
    const auto found = flows_.find(id);
    return found == flows_.end() ? nullptr : &found->second;
  }

  // Time.

  /// Does what is due: writes that were accepted earlier, heartbeats, announced closes, channels whose time is over.
  void advance() {
    const SteadyTime now = now_();
    while (!pending_.empty() && pending_.begin()->first <= now) {
      const Pending effect = std::move(pending_.extract(pending_.begin()).mapped());
      PlatformConversation* const conversation = find(effect.conversation);
      PlatformParticipant* const participant =
          conversation == nullptr ? nullptr : conversation->participant(effect.participant);
      // Who has left meanwhile is held by nobody, whatever was accepted.
      if (participant == nullptr || participant->gone()) continue;
      if (effect.change)
        apply(*conversation, *participant, *effect.change, effect.id, false);
      else
        apply(*conversation, *participant, effect.attributes, effect.id, false);
    }
    channels_.advance(options_, now);
  }
  /// When `advance` has something to do next.
  [[nodiscard]] SteadyTime next_due() const noexcept {
    return pending_.empty() ? channels_.next_due() : (std::min)(pending_.begin()->first, channels_.next_due());
  }
  /// How many writes were accepted and are not yet done.
  [[nodiscard]] std::size_t pending() const noexcept { return pending_.size(); }
  /// What the sockets are to be sent since the last call, in order.
  [[nodiscard]] std::vector<ChannelAction> take_actions() { return channels_.take_actions(); }

  // Others, who ask nobody.

  /// Somebody else holds or releases.
  bool set_held(std::string_view conversation, std::string_view participant, bool held) {
    detail::ParticipantChange change;
    change.held = held;
    return foreign(conversation, participant, change);
  }
  /// Somebody picks up, leaves, or is parked: any state of the platform.
  bool set_state(std::string_view conversation, std::string_view participant, std::string_view state) {
    detail::ParticipantChange change;
    change.state = state;
    return foreign(conversation, participant, change);
  }
  bool set_attribute(std::string_view conversation, std::string_view participant, std::string_view name,
                     std::string_view value) {
    detail::TextMembers attributes;
    attributes.emplace_back(name, value);
    return set_attributes(conversation, participant, attributes);
  }
  /// The same with several at once, as names and values.
  bool set_attributes(std::string_view conversation, std::string_view participant,
                      const std::vector<std::pair<std::string, std::string>>& attributes) {
    PlatformConversation* const found = find(conversation);
    PlatformParticipant* const who = found == nullptr ? nullptr : found->participant(participant);
    if (who == nullptr) return false;
    apply(*found, *who, attributes, {}, true);
    return true;
  }
  /// Everybody leaves.
  bool end(std::string_view conversation) {
    PlatformConversation* const found = find(conversation);
    if (found == nullptr || found->ended) return false;
    hang_up(*found);
    changed(*found, AppliedOperation::Kind::foreign, {}, {}, {}, true);
    announce(*found);
    return true;
  }
  /// Another writer writes a node into the conversation's first record of custom attributes, and makes one when there
  /// is none. Without a transition id it leaves the last one standing, as writers do that know nothing of it.
  bool move(std::string_view conversation, std::string_view node, std::string_view transition_id = {}) {
    PlatformConversation* const found = find(conversation);
    if (found == nullptr) return false;
    const bool made = found->records.empty();
    if (made) found->records.emplace_back(platform_record).created = wall_now_();
    PlatformRecord& record = found->records.front();
    std::string json;
    append_json_string(json, node);
    record.set_attribute("ivr_state", json);
    record.set_attribute("flow_node", json);
    if (!transition_id.empty()) {
      std::string quoted;
      append_json_string(quoted, transition_id);
      record.set_attribute("transition_id", quoted);
    }
    if (!made) ++record.version;
    record.modified = wall_now_();
    changed(*found, AppliedOperation::Kind::foreign, {}, transition_id, json, true,
            static_cast<std::uint64_t>(record.version));
    return true;
  }
  /// The flow is published with a new configuration, whatever that is; one that is not there is made. Gives the
  /// version's id.
  std::string publish(std::string_view id, std::string configuration) {
    auto found = flows_.find(id);
    if (found == flows_.end()) found = flows_.emplace(std::string(id), PlatformFlow(id)).first;
    PlatformFlow& flow = found->second;
    std::string version = std::to_string(++published_) + ".0";
    if (flow.versions.size() >= (std::max)(options_.max_flow_versions, std::size_t{1}))
      flow.versions.erase(flow.versions.begin());
    flow.versions.emplace_back(version, std::move(configuration), wall_now_());
    const std::string topic = "v2.flows." + flow.id;
    if (channels_.heard(topic)) {
      std::string body;
      JsonWriter json(body);
      detail::write_flow(json, flow, options_.api_base);
      channels_.publish(topic, body, next_event());
    }
    return version;
  }
  /// Every socket hears that it will be closed.
  void announce_closing() { channels_.announce_closing(options_, now_()); }
  /// All channels end, as when nobody renews them.
  void end_channels() { channels_.end_all("no_longer_subscribed"); }

  // The truth.

  /// Everything that was done, in order; the latest part of it when `forget_operations` is set. A write has the
  /// `transition_id` that it carries for its id; a change of a participant, which carries none, the correlation id of
  /// the answer that accepted it.
  [[nodiscard]] const std::vector<AppliedOperation>& operations() const noexcept { return log_.entries(); }
  [[nodiscard]] std::size_t times_applied(std::string_view operation_id) const {
    return log_.times_applied(operation_id);
  }
  [[nodiscard]] const PlatformChannels& channels() const noexcept { return channels_; }

  /// Appends one conversation with what was done to it, as a JSON object; false when there is none of that id.
  bool write_state(std::string& out, std::string_view id) const {
    const PlatformConversation* const conversation = find(id);
    if (conversation == nullptr) return false;
    std::vector<const AppliedOperation*> operations;
    for (const AppliedOperation& each : log_.entries())
      if (each.interaction == id) operations.push_back(&each);
    JsonWriter json(out);
    detail::write_history(json, *conversation, operations);
    return true;
  }

 protected:
  PlatformWorld(Now now, WallNow wall_now, PlatformOptions options)
      : options_(std::move(options)), now_(std::move(now)), wall_now_(std::move(wall_now)) {
    for (PlatformConversation& each : platform_conversations(wall_now_())) add(std::move(each));
    published_ = 6;
    publish(platform_flow, std::string(platform_flow_json));
  }
  ~PlatformWorld() = default;

  /// Accepts a change, or an attributes' write, that is done after `effect_delay`; the caller has judged it.
  void accept(const PlatformConversation& conversation, const PlatformParticipant& participant,
              std::optional<detail::ParticipantChange> change, detail::TextMembers attributes, std::string id) {
    pending_.emplace(after(now_(), options_.effect_delay),
                     Pending{conversation.id, participant.id, std::move(id), std::move(change), std::move(attributes)});
  }
  [[nodiscard]] bool has_room() {
    return pending_.size() < options_.max_pending && log_.has_room(options_.max_operations, options_.forget_operations);
  }
  /// A record was written.
  void wrote(PlatformConversation& conversation, const PlatformRecord& record) {
    const std::string* const id = record.attribute("transition_id");
    const std::string* const node = record.attribute("flow_node");
    changed(conversation, AppliedOperation::Kind::transition, {},
            id == nullptr ? std::string{} : detail::plain_text(*id, reader_),
            node == nullptr ? std::string_view{} : std::string_view(*node), true,
            static_cast<std::uint64_t>(record.version));
  }
  void write_conversations(JsonWriter& json) const {
    std::unordered_map<std::string_view, std::vector<const AppliedOperation*>> by_conversation;
    for (const AppliedOperation& each : log_.entries()) by_conversation[each.interaction].push_back(&each);
    json.begin_array();
    for (const auto& [id, each] : conversations_) detail::write_history(json, each, by_conversation[id]);
    json.end_array();
  }
  /// A UUID that counts.
  [[nodiscard]] static std::string numbered(std::string_view prefix, std::uint64_t number) {
    std::string id = std::string(prefix).append("-0000-4000-8000-000000000000");
    for (std::size_t at = id.size(); number != 0 && at > 24; number >>= 4) id[--at] = "0123456789abcdef"[number & 15];
    return id;
  }

  PlatformOptions options_;
  Now now_;
  WallNow wall_now_;
  JsonReader reader_;
  PlatformChannels channels_;

 private:
  struct Pending {
    std::string conversation, participant, id;
    std::optional<detail::ParticipantChange> change;
    detail::TextMembers attributes;
  };

  bool foreign(std::string_view conversation, std::string_view participant, const detail::ParticipantChange& change) {
    PlatformConversation* const found = find(conversation);
    PlatformParticipant* const who = found == nullptr ? nullptr : found->participant(participant);
    if (who == nullptr || who->gone()) return false;
    apply(*found, *who, change, {}, true);
    return true;
  }
  void apply(PlatformConversation& conversation, PlatformParticipant& participant,
             const detail::ParticipantChange& change, std::string_view id, bool foreign) {
    using Kind = AppliedOperation::Kind;
    const auto done = [&](Kind kind, bool effect) {
      changed(conversation, foreign ? Kind::foreign : kind, participant.id, id, {}, effect);
    };
    const std::uint64_t before = conversation.changes;
    if (!change.state.empty() && change.state != "disconnected") {
      if (foreign) done(Kind::foreign, participant.state != change.state);
      participant.state = change.state;
    }
    if (const auto wanted = change.confined.value_or(false) ? std::optional(true) : change.held;
        wanted && (foreign || !(participant.in_consult && *wanted))) {
      const bool effect = participant.held != *wanted;
      participant.held = *wanted;
      if (effect) participant.held_since = *wanted ? std::optional(wall_now_()) : std::nullopt;
      done(*wanted ? Kind::hold : Kind::unhold, effect);
    }
    if (const bool wanted = participant.held && change.confined.value_or(participant.confined);
        wanted != participant.confined) {
      participant.confined = wanted;
      ++conversation.changes;
    }
    if (change.muted) {
      done(Kind::mute, participant.muted != *change.muted);
      participant.muted = *change.muted;
    }
    if (change.state == "disconnected") {
      done(Kind::disconnect, true);
      leave(participant, "client");
      settle(conversation);
    }
    if (conversation.changes != before || change.state == "connected") announce(conversation);
  }
  void apply(PlatformConversation& conversation, PlatformParticipant& participant,
             const detail::TextMembers& attributes, std::string_view id, bool foreign) {
    if (options_.attributes_replace) participant.attributes.clear();
    std::string node;
    for (const auto& [name, value] : attributes) participant.set_attribute(name, value);
    if (const std::string* const text = participant.attribute("flow_node")) append_json_string(node, *text);
    const std::string* const transition = participant.attribute("transition_id");
    changed(conversation, foreign ? AppliedOperation::Kind::foreign : AppliedOperation::Kind::attributes,
            participant.id, transition != nullptr && !foreign ? std::string_view(*transition) : id, node, true);
    announce(conversation);
    const std::string topic = "v2.detail.events.conversation." + conversation.id + ".attributes";
    if (!channels_.heard(topic)) return;
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("eventTime", std::chrono::duration_cast<milliseconds>(wall_now_().time_since_epoch()).count());
    json.member("conversationId", std::string_view(conversation.id));
    json.member("participantId", std::string_view(participant.id));
    detail::write_strings(json.key("attributes"), participant.attributes);
    json.end_object();
    channels_.publish(topic, body, next_event());
  }

  static void leave(PlatformParticipant& participant, std::string_view type) {
    if (participant.gone()) return;
    participant.state = "disconnected";
    participant.disconnect_type = type;
    participant.held = participant.confined = participant.muted = false;
    participant.held_since.reset();
  }
  void hang_up(PlatformConversation& conversation) {
    for (PlatformParticipant& each : conversation.participants) leave(each, "peer");
    conversation.ended = wall_now_();
  }
  // A conversation is over when the customer, or everybody else, has left.
  void settle(PlatformConversation& conversation) {
    bool customer = false, other = false;
    for (const PlatformParticipant& each : conversation.participants)
      if (!each.gone()) (each.purpose == "customer" || each.purpose == "external" ? customer : other) = true;
    if (!customer || !other) hang_up(conversation);
  }
  void changed(PlatformConversation& conversation, AppliedOperation::Kind kind, std::string_view participant,
               std::string_view id, std::string_view node, bool effect, std::uint64_t version = 0) {
    if (effect) ++conversation.changes;
    AppliedOperation entry;
    entry.kind = kind;
    entry.interaction = conversation.id;
    entry.participant = participant;
    entry.id = id;
    entry.node = node;
    entry.version = version != 0 ? version : conversation.changes;
    entry.changed = effect;
    entry.at = now_();
    // What others do happens whether or not it can be kept.
    if (log_.has_room(options_.max_operations, options_.forget_operations)) log_.add(std::move(entry));
  }
  std::string next_event() { return numbered("e7e70000", ++events_); }

  // Tells those who have subscribed to one of its users or queues.
  void announce(const PlatformConversation& conversation) {
    std::string nested, flat;
    const auto tell = [&](std::string topic) {
      if (channels_.heard(topic)) {
        if (nested.empty()) {
          JsonWriter json(nested);
          detail::write_conversation(json, conversation, options_.api_base);
        }
        channels_.publish(topic, nested, next_event());
      }
      topic.append(".").append(plural(conversation.media));
      if (!channels_.heard(topic)) return;
      if (flat.empty()) {
        JsonWriter json(flat);
        detail::write_flat(json, conversation, options_.api_base);
      }
      channels_.publish(topic, flat, next_event());
    };
    std::vector<std::string> told;
    const auto once = [&](std::string_view prefix, const std::string& id) {
      std::string topic = std::string(prefix).append(id).append(".conversations");
      if (id.empty() || std::find(told.begin(), told.end(), topic) != told.end()) return;
      told.push_back(topic);
      tell(std::move(topic));
    };
    for (const PlatformParticipant& each : conversation.participants) {
      once("v2.users.", each.user_id);
      once("v2.routing.queues.", each.queue_id);
    }
  }

  std::map<std::string, PlatformConversation, std::less<>> conversations_;
  std::map<std::string, PlatformFlow, std::less<>> flows_;
  std::multimap<SteadyTime, Pending> pending_;
  OperationLog log_;
  std::uint64_t events_ = 0, published_ = 0;
};

}  // namespace patchbay::testing
