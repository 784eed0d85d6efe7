// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the platform says and is told: each input is read as a conversation, an event, records of custom attributes, a
// channel, its subscriptions and a frame, and is written as attributes, ids and topics. What is read of a conversation
// is held against a slow reader of JSON; what is written, against what the readers make of it; a reader that was used
// before, against a new one.
#include "fuzz/law.hpp"
#include "support/json_tree.hpp"

#include <patchbay/cloud/platform_attributes.hpp>
#include <patchbay/cloud/platform_channel.hpp>
#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/cloud/platform_frame.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/observe/timestamp.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace patchbay;
namespace platform = patchbay::cloud::platform;
using patchbay_fuzz::law;
using patchbay_test::JsonTree;
using platform::Media;

namespace {

/// What is read of a participant, plainly.
struct Party {
  std::string id, purpose, user, queue, routing_queue, communication, state, why_ended;
  std::vector<std::string> skills;
  std::optional<Media> media;
  std::optional<bool> held;
  bool confined = false, muted = false, over = false, all_over = false;
  std::optional<std::string> start;
  std::optional<std::string> attributes[3];

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const std::string* each : {&id, &purpose, &user, &queue, &routing_queue, &communication, &state, &why_ended})
      out.append(*each).append("|");
    for (const std::string& each : skills) out.append(each).append(",");
    out.append(media ? to_string(*media) : "none").append(held ? *held ? " held" : " free" : " silent");
    return out.append(confined ? " confined" : "")
        .append(muted ? " muted" : "")
        .append(over ? " over" : "")
        .append("\n");
  }
};

Party plain(const platform::Participant& from) {
  Party out;
  out.id = from.id, out.purpose = from.purpose, out.user = from.user_id, out.queue = from.queue_id;
  out.routing_queue = from.routing_queue_id, out.communication = from.communication_id, out.state = from.state_text;
  out.why_ended = from.disconnect_type, out.skills.assign(from.skills().begin(), from.skills().end());
  out.media = from.media, out.held = from.held, out.confined = from.confined, out.muted = from.muted;
  out.over = from.over;
  if (from.hold_started) append_timestamp(out.start.emplace(), *from.hold_started);
  for (std::size_t i = 0; i < 3; ++i)
    if (const std::string* const value = from.attribute(platform::transition_attributes[i])) out.attributes[i] = *value;
  return out;
}

std::string shown(const platform::Conversation& conversation, const Result<void>& read) {
  if (!read) return read.error().message();
  std::string out = conversation.id + (conversation.ended ? " ended\n" : "\n");
  for (const platform::Participant& each : conversation.participants()) {
    const Party party = plain(each);
    out.append(party.text()).append(party.start.value_or("-"));
    for (const auto& attribute : party.attributes) out.append(" ").append(attribute.value_or("(none)"));
  }
  return out;
}

bool is(const JsonTree& value, JsonTree::Kind kind) { return value.kind == kind; }
bool is_null(const JsonTree& value) { return is(value, JsonTree::Kind::literal) && value.text == "null"; }
bool is_over(std::string_view state) { return state == "disconnected" || state == "terminated"; }

int depth_of(const JsonTree& tree) {
  int most = 0;
  for (const JsonTree& each : tree.items) most = std::max(most, depth_of(each));
  return is(tree, JsonTree::Kind::object) || is(tree, JsonTree::Kind::array) ? most + 1 : 0;
}

/// What a reader by the rules makes of a conversation.
class Reckoning {
 public:
  explicit Reckoning(std::optional<Media> wanted) : wanted_(wanted) {}
  std::string id;
  bool ended = false, fine = true;
  std::vector<Party> parties;

  void conversation(const JsonTree& tree) {
    bool has_end = false;
    for (std::size_t i = 0; i < tree.names.size(); ++i) {
      const JsonTree& value = tree.items[i];
      if (tree.names[i] == "id") text(value, id);
      if (tree.names[i] == "endTime") has_end = present(value);
      if (tree.names[i] != "participants") continue;
      parties.clear();
      if (!is(value, JsonTree::Kind::array)) fine = fine && is_null(value);
      if (is(value, JsonTree::Kind::array))
        for (const JsonTree& each : value.items)
          if (!is_null(each)) party(each);
    }
    ended = !parties.empty();
    for (const Party& each : parties) ended = ended && each.all_over;
    ended = ended || has_end;
    fine = fine && parties.size() <= platform::Conversation::max_participants;
  }

 private:
  void text(const JsonTree& value, std::string& out) {
    out = is(value, JsonTree::Kind::string) ? value.text : "";
    fine = fine && (is(value, JsonTree::Kind::string) || is_null(value));
  }
  bool present(const JsonTree& value) {
    std::string found;
    text(value, found);
    return !found.empty();
  }
  std::optional<bool> truth(const JsonTree& value, bool strict = true) {
    if (is(value, JsonTree::Kind::literal) && value.text != "null") return value.text == "true";
    if (strict) fine = fine && is_null(value);
    return std::nullopt;
  }
  static void loose(const JsonTree& value, std::string& out) {
    out = is(value, JsonTree::Kind::string) ? value.text : "";
  }
  static void reference(const JsonTree& value, std::string& out) {
    if (!is(value, JsonTree::Kind::object)) return;
    for (std::size_t i = 0; i < value.names.size(); ++i)
      if (value.names[i] == "id") loose(value.items[i], out);
  }
  void communication(Party& out, const std::string& name, const JsonTree& value) {
    if (name == "state") text(value, out.state);
    if (name == "held") out.held = truth(value);
    if (name == "confined") out.confined = truth(value).value_or(false);
    if (name == "muted") out.muted = truth(value, false).value_or(false);
    if (name == "disconnectType") loose(value, out.why_ended);
    if (name == "startHoldTime") out.start.reset();
    if (name == "startHoldTime" && is(value, JsonTree::Kind::string)) out.start = value.text;
  }
  static int rank(const std::string& state) {
    const auto known = platform::participant_state(state);
    if (state == "connected") return 4;
    if (is_over(state)) return 1;
    if (state == "none") return 0;
    return state.empty() || known == platform::ParticipantState::unknown ? 2 : 3;
  }
  void party(const JsonTree& tree) {
    if (!is(tree, JsonTree::Kind::object)) return void(fine = false);
    Party out, flat, best;
    int most = -1;
    bool left = false, any = false, live = false, any_wanted = false, live_wanted = false;
    for (std::size_t i = 0; i < tree.names.size(); ++i) {
      const std::string& name = tree.names[i];
      const JsonTree& value = tree.items[i];
      if (name == "id") text(value, out.id);
      if (name == "purpose") text(value, out.purpose);
      if (name == "userId") text(value, out.user);
      if (name == "endTime") left = present(value);
      if (name == "queueId") loose(value, out.queue);
      if (name == "queue") reference(value, out.queue);
      if (name == "user") {
        fine = fine && (is(value, JsonTree::Kind::object) || is_null(value));
        for (std::size_t k = 0; k < value.names.size(); ++k)
          if (value.names[k] == "id") text(value.items[k], out.user);
      }
      if (name == "attributes") attributes(value, out);
      if (name == "conversationRoutingData" && is(value, JsonTree::Kind::object)) routing(value, out);
      communication(flat, name, value);
      const auto kind = platform::media_named(name);
      const bool other = name == "cobrowsesessions" || name == "internalMessages" || name == "screenMonitorings" ||
                         name == "screenshares" || name == "videos";
      if ((!kind && !other) || !is(value, JsonTree::Kind::array)) continue;
      for (const JsonTree& each : value.items) {
        if (!is(each, JsonTree::Kind::object) || each.names.empty()) continue;
        Party one;
        const bool counts = kind && (!wanted_ || *wanted_ == *kind);
        for (std::size_t k = 0; k < each.names.size(); ++k) {
          if (!counts && each.names[k] == "state") loose(each.items[k], one.state);
          if (counts && each.names[k] == "id") loose(each.items[k], one.communication);
          if (counts) communication(one, each.names[k], each.items[k]);
        }
        any = true, live = live || !is_over(one.state);
        if (!counts) continue;
        any_wanted = true, live_wanted = live_wanted || !is_over(one.state);
        one.media = kind;
        if (rank(one.state) < most || (rank(one.state) == most && *kind > *best.media)) continue;
        most = rank(one.state), best = one;
      }
    }
    const bool is_flat = !flat.state.empty() || flat.held;
    if (is_flat) flat.media = wanted_;
    const Party& from = is_flat ? flat : best;
    out.media = from.media, out.communication = from.communication, out.state = from.state, out.held = from.held;
    out.confined = from.confined, out.muted = from.muted, out.start = from.start, out.why_ended = from.why_ended;
    out.over = left || (is_flat ? is_over(flat.state) : any_wanted && !live_wanted);
    out.all_over = left || (is_flat ? is_over(flat.state) : any && !live);
    parties.push_back(std::move(out));
  }
  void attributes(const JsonTree& value, Party& out) {
    for (auto& each : out.attributes) each.reset();
    fine = fine && (is(value, JsonTree::Kind::object) || is_null(value));
    for (std::size_t i = 0; i < value.names.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k) {
        if (value.names[i] != platform::transition_attributes[k]) continue;
        out.attributes[k].reset();
        if (!is_null(value.items[i]))
          out.attributes[k] = is(value.items[i], JsonTree::Kind::string) ? value.items[i].text : "#";
      }
  }
  static void routing(const JsonTree& tree, Party& out) {
    for (std::size_t i = 0; i < tree.names.size(); ++i) {
      if (tree.names[i] == "queue") reference(tree.items[i], out.routing_queue);
      if (tree.names[i] != "skills") continue;
      out.skills.clear();
      if (is(tree.items[i], JsonTree::Kind::array))
        for (const JsonTree& each : tree.items[i].items) {
          std::string id;
          reference(each, id);
          if (!id.empty() && out.skills.size() < platform::Conversation::max_skills) out.skills.push_back(id);
        }
    }
  }
  std::optional<Media> wanted_;
};

void check_conversation(const Body& body, const std::optional<JsonTree>& tree, std::optional<Media> media) {
  static JsonReader warm_reader;
  static platform::Conversation warm;
  const platform::ConversationOptions options(media);
  JsonReader reader;
  platform::Conversation found;
  const auto read = platform::parse_conversation(body, reader, found, options);
  const auto again = platform::parse_conversation(body, warm_reader, warm, options);
  law(shown(found, read) == shown(warm, again), "a reader that was used reads the same",
      {body.view(), shown(found, read), shown(warm, again)});
  for (const platform::Participant& each : found.participants())
    for (const auto& selector :
         {platform::ParticipantSelector::by_id(each.id), platform::ParticipantSelector::by_user(each.user_id),
          platform::ParticipantSelector::by_purpose(each.purpose)}) {
      const auto meant = platform::find_participant(found, selector);
      law(selector.text().empty() ? !meant : meant || meant.error().code() == ErrorCode::invalid_argument,
          "who is there is found", {body.view(), selector.text()});
      if (meant) law(each.over || !(*meant)->over, "who has left is not preferred", {body.view(), selector.text()});
    }
  if (!tree || !is(*tree, JsonTree::Kind::object))
    return;  // what is skipped is not looked at: some that is no JSON passes
  Reckoning right(media);
  right.conversation(*tree);
  if (!right.fine) return law(!read, "what decides and is of the wrong type is refused", {body.view()});
  if (!read)
    return law(depth_of(*tree) > max_json_depth, "what is well formed is read", {body.view(), read.error().message()});
  law(found.id == right.id && found.ended == right.ended, "which it is, and whether it has ended", {body.view()});
  law(found.participants().size() == right.parties.size(), "how many take part", {body.view()});
  for (std::size_t i = 0; i < right.parties.size(); ++i) {
    const Party party = plain(found.participants()[i]), &wanted = right.parties[i];
    law(party.text() == wanted.text(), "what is said of a participant", {body.view(), party.text(), wanted.text()});
    law(!party.start || wanted.start, "a hold has begun only where it says so", {body.view()});
    for (std::size_t k = 0; k < 3; ++k) {
      law(party.attributes[k].has_value() == wanted.attributes[k].has_value(), "which attributes there are",
          {body.view()});
      if (party.attributes[k] && *wanted.attributes[k] != "#")
        law(*party.attributes[k] == *wanted.attributes[k], "the attributes", {body.view(), *party.attributes[k]});
    }
  }
  Body frame;
  frame.append(R"({"topicName":"v2.users.u.conversations","eventBody":)");
  frame.append(body.view());
  frame.append("}");
  const auto event = platform::parse_conversation_event(frame, warm_reader, warm, options);
  law(shown(warm, event) == shown(found, read), "an event shows what an answer does",
      {body.view(), shown(warm, event)});
}

void check_frame(const Body& body) {
  static JsonReader warm_reader;
  static platform::ChannelFrame warm;
  JsonReader reader;
  platform::ChannelFrame frame;
  const auto read = platform::parse_channel_frame(body, reader, frame);
  const auto again = platform::parse_channel_frame(body, warm_reader, warm);
  const auto same = [&](auto member) { return frame.*member == warm.*member; };
  using Frame = platform::ChannelFrame;
  law(read.has_value() == again.has_value() && same(&Frame::kind) && same(&Frame::topic) && same(&Frame::user) &&
          same(&Frame::media) && same(&Frame::correlation_id) && same(&Frame::message) && same(&Frame::result) &&
          same(&Frame::status),
      "a reader that was used reads the same frame", {body.view()});
  law((frame.kind == Frame::Kind::conversation) == !frame.user.empty(), "a conversation is somebody's", {body.view()});
  law(frame.result == 0 || (frame.kind == Frame::Kind::subscribe_result && frame.result >= 100 && frame.result <= 999),
      "a result is a status", {body.view()});
  if (frame.topic.starts_with("v2.system."))
    law(frame.topic.find('.', 10) == std::string::npos, "what stands behind a system topic is not shown",
        {frame.topic});
  if (frame.kind != Frame::Kind::conversation) return;
  std::string topic;
  platform::user_conversations_topic(topic, frame.user, frame.media);
  law(platform::topic_name(Media::social_expression) != platform::member_name(Media::social_expression) &&
          (topic == frame.topic || frame.media == Media::social_expression),
      "the topic is the one that is subscribed to", {topic, frame.topic});
}

void check_records(const Body& body, std::string_view input) {
  static JsonReader warm_reader;
  static platform::AttributeRecords warm;
  JsonReader reader;
  platform::AttributeRecords records;
  const auto read = platform::parse_attribute_records(body, reader, records);
  const auto again = platform::parse_attribute_records(body, warm_reader, warm);
  law(read.has_value() == again.has_value(), "a used reader reads the same records", {input});
  if (read) {
    law(records.all().size() == warm.all().size(), "and as many", {input});
    for (std::size_t i = 0; i < records.all().size(); ++i) {
      const platform::AttributeRecord &one = records.all()[i], &two = warm.all()[i];
      law(one.id == two.id && one.version == two.version && one.version_text == two.version_text &&
              one.flow_node == two.flow_node && one.has_flow_node == two.has_flow_node &&
              one.transition_id == two.transition_id && one.schema_id == two.schema_id &&
              one.ivr_state == two.ivr_state,
          "and of each the same", {input});
      law(!one.id.empty() && (!one.version || std::to_string(*one.version) == one.version_text),
          "a record can be written", {input});
      law(one.has_flow_node || one.flow_node.empty(), "a node only where there is one", {input});
    }
  }
  if (input.empty() || !is_valid_utf8(input)) return;
  // What is written of the input as text, in every place that takes one.
  std::string members, written;
  const auto version = static_cast<std::int32_t>(input.size());
  platform::encode_transition_members(members, input, input, input, {});
  platform::encode_record_patch(written, input, version, members);
  Body answer;
  answer.append(R"({"results":[)");
  answer.append(written);
  answer.append("]}");
  law(platform::parse_attribute_records(answer, reader, records).has_value(), "what is written is read", {written});
  const platform::AttributeRecord& one = records.all().front();
  law(one.id == input && one.version == version && one.flow_node == input && one.ivr_state == input &&
          one.transition_id == input,
      "and as it was", {written});
  const auto size = platform::encode_participant_attributes(written, members, reader);
  law(size && *size == written.size() - 15, "texts stay texts", {members});
  law(written == R"({"attributes":{)" + members + "}}", "as they are spelled here", {written});
  const std::vector<std::string> topics(2, std::string(input));
  platform::encode_subscriptions(written, topics);
  answer.assign(R"({"entities":)");
  answer.append(written);
  answer.append("}");
  std::vector<platform::TopicStatus> statuses;
  law(platform::parse_subscriptions(answer, reader, statuses).has_value() && statuses.size() == 2 &&
          statuses[1].topic == input,
      "topics are read as they are written", {written});
}

/// The input as encoded members, where it is an object.
void check_attributes(std::string_view input, const std::optional<JsonTree>& tree) {
  if (!tree || !is(*tree, JsonTree::Kind::object)) return;
  std::string_view members = input.substr(input.find('{') + 1);
  members = members.substr(0, members.rfind('}'));
  static JsonReader reader;
  std::string out;
  const auto size = platform::encode_participant_attributes(out, members, reader);
  const bool has_null = std::any_of(tree->items.begin(), tree->items.end(), is_null);
  if (!size)
    return law(has_null || depth_of(*tree) > max_json_depth, "what are members is written",
               {input, size.error().message()});
  law(!has_null, "null is refused", {input});
  const auto made = JsonTree::parse(out);
  law(made && made->names.size() == 1 && made->items[0].names == tree->names, "every member is there", {input, out});
  for (std::size_t i = 0; i < tree->items.size(); ++i) {
    const JsonTree &from = tree->items[i], &to = made->items[0].items[i];
    law(is(to, JsonTree::Kind::string), "as text", {input, out});
    if (is(from, JsonTree::Kind::string)) {
      law(to.text == from.text, "text as it is", {input, out});
    } else {
      const auto inner = JsonTree::parse(to.text);
      law(inner && inner->same(from), "anything else as its JSON", {input, out});
    }
  }
}

void check_channel(const Body& body) {
  JsonReader reader;
  platform::NotificationChannel channel;
  if (platform::parse_channel(body, reader, channel)) {
    law(!channel.id.empty() && !channel.connect_uri.empty(), "a channel can be connected to", {body.view()});
    if (channel.expires && *channel.expires >= WallTime()) {
      std::string text;
      append_timestamp(text, *channel.expires);
      Body again;
      again.append(R"({"id":"i","connectUri":"u","expires":")" + text + "\"}");
      platform::NotificationChannel other;
      law(platform::parse_channel(again, reader, other) && other.expires &&
              *other.expires == std::chrono::floor<milliseconds>(*channel.expires),
          "an instant that is written is read", {text});
    }
  }
  std::vector<platform::TopicStatus> topics;
  if (platform::parse_subscriptions(body, reader, topics))
    for (const platform::TopicStatus& each : topics)
      law(!each.topic.empty() && (each.state == platform::TopicStatus::State::absent) == each.state_text.empty(),
          "a topic's state has a text", {body.view()});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  Body body;
  body.assign(input);
  const auto tree = JsonTree::parse(input);
  check_conversation(body, tree, std::nullopt);
  check_conversation(body, tree, Media::call);
  JsonReader reader;
  platform::Conversation conversation;
  if (platform::parse_conversation_event(body, reader, conversation)) law(!body.empty(), "an event has a body");
  check_frame(body);
  check_records(body, input);
  check_attributes(input, tree);
  check_channel(body);
  return 0;
}
