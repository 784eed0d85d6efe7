// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/cloud/detail/platform_fields.hpp>
#include <patchbay/cloud/platform_frame.hpp>

namespace patchbay::cloud::platform {

PATCHBAY_DECL void ChannelFrame::clear() noexcept {
  kind = Kind::other;
  topic.clear(), user.clear(), correlation_id.clear(), message.clear(), status.clear();
  media.reset();
  result = 0;
}

namespace detail {

/// What a topic of the platform's own is about; cuts it behind its name.
inline void take_system_topic(ChannelFrame& out) {
  constexpr std::string_view prefix = "v2.system.";
  out.topic.resize((std::min)(out.topic.find('.', prefix.size()), out.topic.size()));
  const std::string_view name = std::string_view(out.topic).substr(prefix.size());
  if (name == "socket_closing") out.kind = ChannelFrame::Kind::socket_closing;
  if (name == "no_longer_subscribed") out.kind = ChannelFrame::Kind::no_longer_subscribed;
  if (name == "token_revoked") out.kind = ChannelFrame::Kind::token_revoked;
}

/// `v2.users.{id}.conversations`, or of one kind of them.
inline void take_user_topic(ChannelFrame& out) {
  constexpr std::string_view prefix = "v2.users.", conversations = "conversations";
  const std::string_view rest = std::string_view(out.topic).substr(prefix.size());
  const std::size_t end = rest.find('.');
  if (end == 0 || end == std::string_view::npos) return;
  std::string_view what = rest.substr(end + 1);
  if (!what.starts_with(conversations)) return;
  what.remove_prefix(conversations.size());
  if (!what.empty()) {
    if (what.front() == '.') out.media = media_named(what.substr(1));
    if (!out.media) return;
  }
  out.user.assign(rest.substr(0, end));
  out.kind = ChannelFrame::Kind::conversation;
}

/// A status that is a number or its digits; 0 for anything else.
inline simdjson::error_code read_status(JsonValue value, int& out) {
  out = 0;
  Fields::Type type;
  if (const auto error = value.type().get(type)) return error;
  std::string_view text;
  if (type == Fields::Type::string) {
    if (const auto error = value.get_string().get(text)) return error;
  } else if (type == Fields::Type::number) {
    text = value.raw_json_token();
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  }
  int number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc() && end == text.data() + text.size() && number >= 100 && number <= 999) out = number;
  return simdjson::SUCCESS;
}

}  // namespace detail

PATCHBAY_DECL Result<void> parse_channel_frame(const Body& text, JsonReader& reader, ChannelFrame& out) {
  out.clear();
  detail::Fields fields("the channel's frame");
  bool has_topic = false, has_result = false;
  const auto read = reader.object(text, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    using detail::Fields;
    if (key == "topicName") {
      const auto error = Fields::text_if(value, out.topic);
      has_topic = !out.topic.empty();
      return error;
    }
    if (key == "eventBody")
      return Fields::members_if(value, [&](std::string_view name, JsonValue content) {
        return name == "message" ? Fields::text_if(content, out.message) : simdjson::SUCCESS;
      });
    if (key == "metadata")
      return Fields::members_if(value, [&](std::string_view name, JsonValue content) {
        return name == "CorrelationId" ? Fields::text_if(content, out.correlation_id) : simdjson::SUCCESS;
      });
    if (key == "correlationId") return Fields::text_if(value, out.correlation_id);
    if (key == "status") return Fields::text_if(value, out.status);
    if (key != "result") return simdjson::SUCCESS;
    has_result = true;
    return detail::read_status(value, out.result);
  });
  if (read && has_topic) {
    using Kind = ChannelFrame::Kind;
    out.result = 0;
    out.status.clear();
    if (out.topic == "channel.metadata") out.kind = out.message == "pong" ? Kind::pong : Kind::heartbeat;
    if (out.topic.starts_with("v2.system.")) detail::take_system_topic(out);
    if (out.topic.starts_with("v2.users.")) detail::take_user_topic(out);
    if (out.kind == Kind::conversation || out.kind == Kind::other) out.message.clear();  // a customer's, if anybody's
  } else if (has_result) {
    out.kind = ChannelFrame::Kind::subscribe_result;
  }
  if (!read) out.clear();
  return fields.verdict(read);
}

}  // namespace patchbay::cloud::platform
