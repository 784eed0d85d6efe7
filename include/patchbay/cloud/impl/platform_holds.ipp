// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <patchbay/cloud/error_body.hpp>
#include <patchbay/cloud/platform.hpp>
#include <patchbay/cloud/platform_error.hpp>
#include <patchbay/cloud/platform_frame.hpp>
#include <patchbay/cloud/platform_hold.hpp>
#include <patchbay/cloud/platform_targets.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>

// How `cloud::Platform` speaks of holds.
namespace patchbay::cloud {

PATCHBAY_DECL void Platform::encode_hold(std::string& out, HoldVerb verb, std::string_view, std::string_view) const {
  const bool held = verb == HoldVerb::hold;
  platform::encode_hold(out, held, held && hold_music ? std::optional(true) : std::nullopt);
}

PATCHBAY_DECL Result<void> Platform::check_hold(const InteractionSnapshot& seen) const {
  if (platform::participant_state(seen.state) == platform::ParticipantState::alerting)
    return fail(ErrorCode::not_eligible, "the participant is being alerted, and what rings cannot be held");
  return {};
}

PATCHBAY_DECL Result<void> Platform::parse_news(const Body& message, JsonReader& reader, ChannelNews& out) const {
  out.clear();
  platform::ChannelFrame frame;
  if (auto parsed = platform::parse_channel_frame(message, reader, frame); !parsed) return parsed;
  using From = platform::ChannelFrame::Kind;
  using To = ChannelNews::Kind;
  switch (frame.kind) {
    case From::heartbeat:
    case From::pong: out.kind = To::alive; return {};
    case From::socket_closing: out.kind = To::closing; return {};
    case From::no_longer_subscribed: out.kind = To::ended; return {};
    case From::token_revoked: out.kind = To::revoked; return {};
    case From::subscribe_result:
    case From::other: return {};
    case From::conversation: break;
  }
  // Of all kinds are told who asked for all, and then it is the frame's topic that knows which one the flat view is of.
  if (media && frame.media && *frame.media != *media) return {};
  platform::Conversation seen;
  if (auto parsed = platform::parse_conversation_event(message, reader, seen, platform::ConversationOptions(media ? media : frame.media)); !parsed)
    return parsed;
  const auto found = platform::find_participant(seen, participant);
  if (!found || seen.id.empty()) return {};  // before the participant has come, or where several may be meant
  const platform::Participant& party = **found;
  out.kind = To::state;
  out.interaction.assign(seen.id);
  out.participant.assign(party.id);
  out.held = party.held;
  if (party.held.value_or(false)) out.held_since = party.hold_started;
  out.over = seen.ended || party.over;
  return {};
}

PATCHBAY_DECL void Platform::channel_target(std::string& out, const Endpoint& api) const { platform::channels_target(out, api); }

PATCHBAY_DECL void Platform::hold_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view party) const {
  platform::participant_target(out, api, id, party, media);
}

PATCHBAY_DECL HoldRefused Platform::hold_refusal(const HttpResponse& response, JsonReader& reader) const {
  ErrorBody body;
  if (!parse_error_body(response.body, reader, body)) return HoldRefused::other;
  switch (platform::hold_refusal(response.status, body)) {
    case platform::HoldRefusal::over: return HoldRefused::over;
    case platform::HoldRefusal::alerting:
    case platform::HoldRefusal::not_the_party:
    case platform::HoldRefusal::not_confinable:
    case platform::HoldRefusal::no_user: return HoldRefused::not_now;
    case platform::HoldRefusal::other: break;
  }
  return HoldRefused::other;
}

PATCHBAY_DECL bool Platform::encode_hold_reason(std::string& out, std::string_view reason) const {
  if (hold_reason_attribute.empty() || reason.empty()) return false;
  out.clear();
  JsonWriter json(out);
  json.begin_object().key("attributes").begin_object().member(hold_reason_attribute, reason).end_object().end_object();
  return true;
}
PATCHBAY_DECL void Platform::hold_reason_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view party) const {
  platform::participant_attributes_target(out, api, id, party);
}

PATCHBAY_DECL Result<void> Platform::parse_channel(const HttpResponse& response, JsonReader& reader, MadeChannel& out) const {
  platform::NotificationChannel made;
  if (auto parsed = platform::parse_channel(response.body, reader, made); !parsed) return parsed;
  out.id = std::move(made.id);
  out.address = std::move(made.connect_uri);
  out.expires = made.expires;
  return {};
}

PATCHBAY_DECL void Platform::subscription_target(std::string& out, const Endpoint& api, const MadeChannel& channel) const {
  platform::subscriptions_target(out, api, channel.id);
}

PATCHBAY_DECL void Platform::encode_subscription(std::string& out) const {
  std::vector<std::string> topics(1);
  platform::user_conversations_topic(topics.front(), user, media);
  platform::encode_subscriptions(out, topics);
}

PATCHBAY_DECL Result<void> Platform::parse_subscription(const HttpResponse& response, JsonReader& reader) const {
  std::vector<platform::TopicStatus> told;
  if (auto parsed = platform::parse_subscriptions(response.body, reader, told); !parsed) return parsed;
  std::string topic;
  platform::user_conversations_topic(topic, user, media);
  for (const platform::TopicStatus& each : told) {
    if (each.topic != topic) continue;
    if (each.is_subscribed()) return {};
    std::string why("the platform does not let this client listen to the user's conversations");
    if (!each.rejection_reason.empty()) why.append(": ").append(excerpt(each.rejection_reason, 200));
    for (std::size_t i = 0; i < each.missing_permissions.size() && i < 8; ++i)
      why.append(i == 0 ? "; missing: " : ", ").append(excerpt(each.missing_permissions[i], 64));
    return fail(ErrorCode::forbidden, std::move(why));
  }
  return fail(ErrorCode::malformed_response, "the answer does not say whether the channel was subscribed to the user's conversations");
}

}  // namespace patchbay::cloud
