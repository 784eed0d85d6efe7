// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "call_states.hpp"

#include <utility>

#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/observe/timestamp.hpp>

namespace patchbayctl {

namespace {

namespace platform = patchbay::cloud::platform;
using patchbay::JsonWriter;

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(std::string_view(patchbay::excerpt(text, 128)));
}

/// How a party stands, as the members of an object behind its first.
std::string members_of(const platform::Conversation& conversation, const platform::Participant& party) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  text_or_null(json, "conversationId", conversation.id);
  text_or_null(json, "participantId", party.id);
  text_or_null(json, "purpose", party.purpose);
  text_or_null(json, "userId", party.user_id);
  text_or_null(json, "media", party.media ? to_string(*party.media) : std::string_view{});
  text_or_null(json, "state", party.state_text);
  json.key("held");
  party.held ? json.value(*party.held) : json.null();
  json.member("confined", party.confined).key("holdStart");
  if (party.hold_started && party.held.value_or(false)) {
    std::string when;
    patchbay::append_timestamp(when, *party.hold_started);
    json.value(std::string_view(when));
  } else {
    json.null();
  }
  json.member("ended", conversation.ended).end_object();
  return out.substr(1);
}

}  // namespace

std::vector<std::string> CallStates::changed_by(std::string_view message, patchbay::WallTime now) {
  std::vector<std::string> out;
  body_.assign(message);
  frame_.clear();
  if (!platform::parse_channel_frame(body_, reader_, frame_) ||
      frame_.kind != platform::ChannelFrame::Kind::conversation)
    return out;
  // The view of one kind does not say which it is; the topic does.
  const platform::ConversationOptions options(media_ ? media_ : frame_.media, {});
  if (!platform::parse_conversation_event(body_, reader_, seen_, options) || seen_.id.empty()) return out;
  if (known_.size() >= max_conversations && !known_.contains(seen_.id)) known_.clear();
  std::map<std::string, std::string>& parties = known_[seen_.id];
  std::string start = "{\"timestamp\":\"";
  patchbay::append_timestamp(start, now);
  start.append("\",");
  for (const platform::Participant& each : seen_.participants()) {
    std::string members = members_of(seen_, each);
    std::string& before = parties[each.id];
    if (members == before) continue;
    out.push_back(start + members);
    before = std::move(members);
  }
  return out;
}

}  // namespace patchbayctl
