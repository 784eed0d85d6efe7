// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/cloud/platform_media.hpp>
#include <patchbay/config.hpp>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>
#include <patchbay/secret.hpp>
#include <patchbay/time.hpp>

namespace patchbay {
class JsonReader;  // json/read.hpp
}  // namespace patchbay

namespace patchbay::cloud::platform {

/// A notification channel. Whoever has its id or its address can listen, so neither may be printed.
class NotificationChannel {
 public:
  NotificationChannel() = default;
  Secret id;
  Secret connect_uri;               ///< Where the socket connects; no token is added.
  std::optional<WallTime> expires;  ///< By the platform's clock. Nothing when it is absent or cannot be read.
};

/// Reads the answer to `POST /api/v2/notifications/channels`. `malformed_response` for a channel without `id` or
/// `connectUri`, or with one that has other than printable ASCII.
PATCHBAY_DECL Result<void> parse_channel(const Body& body, JsonReader& reader, NotificationChannel& out);

/// What became of one topic that was asked for.
class TopicStatus {
 public:
  enum class State : std::uint8_t {
    absent,  ///< The answer does not say; what it lists is subscribed to.
    permitted,
    rejected,
    unknown,  ///< Something that this version has not heard of; its text is kept.
  };
  TopicStatus() = default;

  std::string topic;
  State state = State::absent;
  std::string state_text;
  std::string rejection_reason;                  ///< Of the platform; empty for none.
  std::vector<std::string> missing_permissions;  ///< Such as `conversation:call:view`; empty when none are named.

  /// Whether its events will come.
  [[nodiscard]] bool is_subscribed() const noexcept { return state == State::absent || state == State::permitted; }
};

/// A topic has fewer characters, and a channel no more topics, than these.
inline constexpr std::size_t topic_size_limit = 200;
inline constexpr std::size_t max_channel_topics = 1000;

/// Reads the listing that answers `POST`, `PUT` and `GET` of a channel's subscriptions. `malformed_response` for
/// entities without `id`, for an `id` or `state` that is no text, and for more than twice as many as a channel can
/// have.
PATCHBAY_DECL Result<void> parse_subscriptions(const Body& body, JsonReader& reader, std::vector<TopicStatus>& out);
/// The body of `POST` and `PUT`: `[{"id":…},…]`.
PATCHBAY_DECL void encode_subscriptions(std::string& out, std::span<const std::string> topics);

/// The topic of a user's conversations of one kind, `v2.users.{id}.conversations.calls`, whose events show the flat
/// view; or of all kinds, `v2.users.{id}.conversations`, whose events list the communications. Replaces `out`.
PATCHBAY_DECL void user_conversations_topic(std::string& out, std::string_view user, std::optional<Media> media);

/// What asks over the socket whether the channel is alive; a frame of `ChannelFrame::Kind::pong` answers.
inline constexpr std::string_view ping_message = R"({"message":"ping"})";
/// What subscribes over the socket; a frame of `ChannelFrame::Kind::subscribe_result` answers.
PATCHBAY_DECL void encode_subscribe_message(std::string& out, std::span<const std::string> topics,
                                            std::string_view correlation_id);

}  // namespace patchbay::cloud::platform

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform_channel.ipp>
#endif
