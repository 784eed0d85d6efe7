// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Reads bodies of the platform for another program: of each line of standard input, `KIND TAB MEDIA TAB JSON`, says in
// a line of JSON what was found, or {"error": why}. KIND is conversation, event, records, channel, subscriptions, frame
// or error; MEDIA is the kind of conversation that is asked for, such as call, or a dash.
#include <patchbay/cloud/error_body.hpp>
#include <patchbay/cloud/platform_attributes.hpp>
#include <patchbay/cloud/platform_channel.hpp>
#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/cloud/platform_frame.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace patchbay;
namespace platform = patchbay::cloud::platform;

namespace {

void member(JsonWriter& json, std::string_view name, std::string_view text) { json.member(name, text); }
void member(JsonWriter& json, std::string_view name, const std::optional<WallTime>& when) {
  json.key(name);
  if (when) {
    json.value(std::chrono::duration_cast<milliseconds>(when->time_since_epoch()).count());
  } else {
    json.null();
  }
}

void write(JsonWriter& json, const platform::Participant& each) {
  json.begin_object();
  member(json, "id", each.id);
  member(json, "purpose", each.purpose);
  member(json, "user", each.user_id);
  member(json, "queue", each.queue_id);
  member(json, "routingQueue", each.routing_queue_id);
  json.key("skills").begin_array();
  for (const std::string& skill : each.skills()) json.value(std::string_view(skill));
  json.end_array();
  member(json, "media", each.media ? to_string(*each.media) : std::string_view("-"));
  member(json, "communication", each.communication_id);
  member(json, "state", to_string(each.state));
  member(json, "stateText", each.state_text);
  json.key("held");
  each.held ? json.value(*each.held) : json.null();
  json.member("confined", each.confined).member("muted", each.muted);
  member(json, "holdStarted", each.hold_started);
  member(json, "disconnectType", each.disconnect_type);
  json.member("over", each.over).key("attributes").begin_object();
  for (const std::string_view name : platform::transition_attributes)
    if (const std::string* const value = each.attribute(name)) member(json, name, *value);
  json.end_object().end_object();
}

void write(JsonWriter& json, const platform::Conversation& conversation) {
  json.begin_object();
  member(json, "id", conversation.id);
  json.member("ended", conversation.ended).key("participants").begin_array();
  for (const platform::Participant& each : conversation.participants()) write(json, each);
  json.end_array().end_object();
}

void write(JsonWriter& json, const platform::AttributeRecords& records) {
  json.begin_array();
  for (const platform::AttributeRecord& each : records.all()) {
    json.begin_object();
    member(json, "id", each.id);
    member(json, "schema", each.schema_id);
    member(json, "version", each.version_text);
    json.key("flowNode");
    each.has_flow_node ? json.value(std::string_view(each.flow_node)) : json.null();
    member(json, "ivrState", each.ivr_state);
    member(json, "transition", each.transition_id);
    json.end_object();
  }
  json.end_array();
}

void write(JsonWriter& json, const platform::NotificationChannel& channel) {
  json.begin_object();
  member(json, "id", channel.id.reveal());  // to a test, of an invented channel
  member(json, "uri", channel.connect_uri.reveal());
  member(json, "expires", channel.expires);
  json.end_object();
}

void write(JsonWriter& json, const std::vector<platform::TopicStatus>& topics) {
  json.begin_array();
  for (const platform::TopicStatus& each : topics) {
    json.begin_object();
    member(json, "topic", each.topic);
    member(json, "state", each.state_text);
    json.member("subscribed", each.is_subscribed());
    member(json, "reason", each.rejection_reason);
    json.key("missing").begin_array();
    for (const std::string& permission : each.missing_permissions) json.value(std::string_view(permission));
    json.end_array().end_object();
  }
  json.end_array();
}

std::string_view kind_name(platform::ChannelFrame::Kind kind) {
  using Kind = platform::ChannelFrame::Kind;
  switch (kind) {
    case Kind::heartbeat:
      return "heartbeat";
    case Kind::pong:
      return "pong";
    case Kind::socket_closing:
      return "socket_closing";
    case Kind::no_longer_subscribed:
      return "no_longer_subscribed";
    case Kind::token_revoked:
      return "token_revoked";
    case Kind::conversation:
      return "conversation";
    case Kind::subscribe_result:
      return "subscribe_result";
    case Kind::other:
      return "other";
  }
  return "other";
}

void write(JsonWriter& json, const platform::ChannelFrame& frame) {
  json.begin_object();
  member(json, "kind", kind_name(frame.kind));
  member(json, "topic", frame.topic);
  member(json, "user", frame.user);
  member(json, "media", frame.media ? to_string(*frame.media) : std::string_view("-"));
  member(json, "correlation", frame.correlation_id);
  member(json, "message", frame.message);
  json.member("result", frame.result);
  member(json, "status", frame.status);
  json.end_object();
}

void write(JsonWriter& json, const ErrorBody& body) {
  json.begin_object();
  member(json, "code", body.code);
  member(json, "message", body.message);
  member(json, "context", body.context_id);
  json.end_object();
}

/// What a reader made of the body, or its error; everything is used again from line to line, as a client does.
template <class T>
void answer(std::string& out, const Result<void>& read, const T& found) {
  out.clear();
  JsonWriter json(out);
  if (read) return write(json, found);
  json.begin_object();
  member(json, "error", read.error().message());
  json.end_object();
}

class Driver {
 public:
  /// False when the line is none of ours.
  bool line(std::string_view text, std::string& out) {
    const std::size_t first = text.find('\t'), second = text.find('\t', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return false;
    const std::string_view kind = text.substr(0, first), medium = text.substr(first + 1, second - first - 1);
    body_.assign(text.substr(second + 1));
    std::optional<platform::Media> media;
    for (const platform::Media each : platform::all_media)
      if (to_string(each) == medium) media = each;
    const platform::ConversationOptions options(media);
    if (kind == "conversation") {
      answer(out, platform::parse_conversation(body_, reader_, conversation_, options), conversation_);
    } else if (kind == "event") {
      answer(out, platform::parse_conversation_event(body_, reader_, conversation_, options), conversation_);
    } else if (kind == "records") {
      answer(out, platform::parse_attribute_records(body_, reader_, records_), records_);
    } else if (kind == "channel") {
      answer(out, platform::parse_channel(body_, reader_, channel_), channel_);
    } else if (kind == "subscriptions") {
      answer(out, platform::parse_subscriptions(body_, reader_, topics_), topics_);
    } else if (kind == "frame") {
      answer(out, platform::parse_channel_frame(body_, reader_, frame_), frame_);
    } else if (kind == "error") {
      Result<void> read;
      if (!parse_error_body(body_, reader_, error_)) read = fail(ErrorCode::malformed_response, "no error body");
      answer(out, read, error_);
    } else {
      return false;
    }
    return true;
  }

 private:
  JsonReader reader_;
  Body body_;
  platform::Conversation conversation_;
  platform::AttributeRecords records_;
  platform::NotificationChannel channel_;
  std::vector<platform::TopicStatus> topics_;
  platform::ChannelFrame frame_;
  ErrorBody error_;
};

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  Driver driver;
  std::string line, out;
  while (std::getline(std::cin, line)) {
    if (!driver.line(line, out)) {
      std::cerr << "expected KIND TAB MEDIA TAB JSON\n";
      return 2;
    }
    std::cout << out << '\n';
  }
  return 0;
}
