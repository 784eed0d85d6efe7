// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <patchbay/cloud/platform_targets.hpp>
#include <patchbay/identifier.hpp>

namespace patchbay::cloud::platform {

namespace detail {

/// Replaces `out` by the way to a conversation, in the collection of a kind where it is given.
inline void begin_conversation(std::string& out, const Endpoint& api, std::optional<Media> media,
                               std::string_view conversation) {
  out.assign(api.path()).append("/api/v2/conversations/");
  if (media) out.append(member_name(*media)).append("/");
  append_percent_encoded(out, conversation);
}
/// The kind, where the platform has operations for it alone: those for chats it has removed.
inline std::optional<Media> with_operations(std::optional<Media> media) noexcept {
  return media == Media::chat || media == Media::social_expression ? std::nullopt : media;
}
inline void begin_flow(std::string& out, const Endpoint& api, std::string_view flow) {
  out.assign(api.path()).append("/api/v2/flows/");
  append_percent_encoded(out, flow);
}

}  // namespace detail

PATCHBAY_DECL void conversation_target(std::string& out, const Endpoint& api, std::string_view conversation,
                                       std::optional<Media> media) {
  media = detail::with_operations(media);
  detail::begin_conversation(out, api, media, conversation);
}

PATCHBAY_DECL void participant_target(std::string& out, const Endpoint& api, std::string_view conversation,
                                      std::string_view participant, std::optional<Media> media) {
  media = detail::with_operations(media);
  detail::begin_conversation(out, api, media, conversation);
  append_percent_encoded(out.append("/participants/"), participant);
}

PATCHBAY_DECL void participant_attributes_target(std::string& out, const Endpoint& api, std::string_view conversation,
                                                 std::string_view participant) {
  detail::begin_conversation(out, api, std::nullopt, conversation);
  append_percent_encoded(out.append("/participants/"), participant);
  out.append("/attributes");
}

PATCHBAY_DECL void custom_attributes_target(std::string& out, const Endpoint& api, std::string_view conversation) {
  detail::begin_conversation(out, api, std::nullopt, conversation);
  out.append("/customattributes");
}

PATCHBAY_DECL void flow_metadata_target(std::string& out, const Endpoint& api, std::string_view flow) {
  detail::begin_flow(out, api, flow);
}

PATCHBAY_DECL void flow_configuration_target(std::string& out, const Endpoint& api, std::string_view flow,
                                             std::string_view version) {
  detail::begin_flow(out, api, flow);
  if (version.empty()) {
    out.append("/latestconfiguration");
  } else {
    append_percent_encoded(out.append("/versions/"), version);
    out.append("/configuration");
  }
}

PATCHBAY_DECL void channels_target(std::string& out, const Endpoint& api) {
  out.assign(api.path()).append("/api/v2/notifications/channels");
}

PATCHBAY_DECL void subscriptions_target(std::string& out, const Endpoint& api, const Secret& channel) {
  channels_target(out, api);
  append_percent_encoded(out.append("/"), channel.reveal());
  out.append("/subscriptions");
}

}  // namespace patchbay::cloud::platform
