// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <patchbay/cloud/platform_media.hpp>
#include <patchbay/config.hpp>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>

namespace patchbay {
class JsonReader;  // json/read.hpp
}  // namespace patchbay

namespace patchbay::cloud::platform {

/// A message of the notification socket, as far as its routing needs it. Used again, so that it allocates nothing warm.
class ChannelFrame {
 public:
  enum class Kind : std::uint8_t {
    heartbeat,             ///< The channel lives; sent every half minute or so.
    pong,                  ///< The answer to `ping_message`.
    socket_closing,        ///< This socket will be closed; connect anew to the same channel, within a minute.
    no_longer_subscribed,  ///< The channel is no longer subscribed to anything; make another one.
    token_revoked,         ///< The channel is dead, and so is the token that it was made with.
    conversation,          ///< Of `user`; `parse_conversation_event` reads it, with `media`.
    subscribe_result,      ///< The answer to what `encode_subscribe_message` makes; see `result`.
    other,                 ///< A topic that is none of ours, or of tomorrow.
  };
  ChannelFrame() = default;

  Kind kind = Kind::other;
  /// Empty for none. Where the topic ends in the channel's id, which is a secret, it is cut before that.
  std::string topic;
  std::string user;            ///< Whose conversations; empty for another kind of frame.
  std::optional<Media> media;  ///< The kind of conversation that the topic names; nothing when it is about all.
  std::string correlation_id;  ///< `metadata.CorrelationId`, or the one that was sent with a subscription.
  std::string message;         ///< For people: the body's, of heartbeats and of the system; may be empty.
  int result = 0;      ///< Of a `subscribe_result`: 200 means subscribed, 404 no such channel; 0 none that can be read.
  std::string status;  ///< Beside `result`.

  PATCHBAY_DECL void clear() noexcept;
};

/// Reads any frame. Members that matter may be of other types in messages that are none of ours: they count as absent.
/// `malformed_response` only when the text is no JSON object.
PATCHBAY_DECL Result<void> parse_channel_frame(const Body& text, JsonReader& reader, ChannelFrame& out);

}  // namespace patchbay::cloud::platform

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform_frame.ipp>
#endif
