// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/detail/platform_fields.hpp>
#include <patchbay/cloud/platform_channel.hpp>
#include <patchbay/json/write.hpp>

namespace patchbay::cloud::platform {

namespace detail {

[[nodiscard]] inline bool is_printable(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) return false;
  return !text.empty();
}

}  // namespace detail

PATCHBAY_DECL Result<void> parse_channel(const Body& body, JsonReader& reader, NotificationChannel& out) {
  out = NotificationChannel();
  std::string id, uri;
  detail::Fields fields("the notification channel");
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "id") return fields.text(value, id, "id");
    if (key == "connectUri") return fields.text(value, uri, "connectUri");
    return key == "expires" ? detail::Fields::time_if(value, out.expires) : simdjson::SUCCESS;
  });
  if (read && !detail::is_printable(id)) fields.refuse("id", "text of printable characters");
  if (read && !detail::is_printable(uri)) fields.refuse("connectUri", "text of printable characters");
  out.id = Secret(std::move(id));
  out.connect_uri = Secret(std::move(uri));
  return fields.verdict(read);
}

PATCHBAY_DECL Result<void> parse_subscriptions(const Body& body, JsonReader& reader, std::vector<TopicStatus>& out) {
  out.clear();
  detail::Fields fields("the channel's subscriptions");
  const auto entity = [&](JsonValue item) -> simdjson::error_code {
    detail::Fields::Type type;
    if (const auto error = item.type().get(type)) return error;
    if (type == detail::Fields::Type::null) return simdjson::SUCCESS;
    if (type != detail::Fields::Type::object) return fields.refuse("entities[]", "an object");
    if (out.size() == 2 * max_channel_topics) return fields.refuse("entities", "at most 2000");
    TopicStatus& topic = out.emplace_back();
    fields.set_place("entities");
    const auto error =
        detail::Fields::members_if(item, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
          if (key == "id") return fields.text(value, topic.topic, "id");
          if (key == "state") return fields.text(value, topic.state_text, "state");
          if (key == "rejectionReason") return detail::Fields::text_if(value, topic.rejection_reason);
          if (key != "missingPermissions") return simdjson::SUCCESS;
          topic.missing_permissions.clear();
          return detail::Fields::elements_if(value, [&](JsonValue name) -> simdjson::error_code {
            std::string permission;
            const auto refused = detail::Fields::text_if(name, permission);
            if (!permission.empty()) topic.missing_permissions.push_back(std::move(permission));
            return refused;
          });
        });
    using State = TopicStatus::State;
    topic.state = topic.state_text.empty()          ? State::absent
                  : topic.state_text == "Permitted" ? State::permitted
                  : topic.state_text == "Rejected"  ? State::rejected
                                                    : State::unknown;
    if (!error && topic.topic.empty()) return fields.refuse("id", "text");
    fields.set_place({});
    return error;
  };
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key != "entities") return simdjson::SUCCESS;
    out.clear();
    return fields.elements(value, "entities", entity);
  });
  return fields.verdict(read);
}

PATCHBAY_DECL void encode_subscriptions(std::string& out, std::span<const std::string> topics) {
  out.clear();
  JsonWriter json(out);
  json.begin_array();
  for (const std::string& each : topics) json.begin_object().member("id", std::string_view(each)).end_object();
  json.end_array();
}

PATCHBAY_DECL void user_conversations_topic(std::string& out, std::string_view user, std::optional<Media> media) {
  out.assign("v2.users.").append(user).append(".conversations");
  if (media) out.append(".").append(topic_name(*media));
}

PATCHBAY_DECL void encode_subscribe_message(std::string& out, std::span<const std::string> topics,
                                            std::string_view correlation_id) {
  out.clear();
  JsonWriter json(out);
  json.begin_object().member("message", "subscribe").key("topics").begin_array();
  for (const std::string& each : topics) json.value(std::string_view(each));
  json.end_array().member("correlationId", correlation_id).end_object();
}

}  // namespace patchbay::cloud::platform
