// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/detail/reused.hpp>
#include <patchbay/cloud/platform_media.hpp>
#include <patchbay/config.hpp>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>

namespace patchbay {
class JsonReader;  // json/read.hpp
}  // namespace patchbay

namespace patchbay::cloud::platform {

namespace detail {
class ConversationReading;
}  // namespace detail

/// What is read of one communication: a call, a chat and so on.
class Communication {
 public:
  Communication() = default;

  std::string communication_id;  ///< Empty where the answer gives none; the flat view gives none.
  std::optional<Media> media;    ///< Nothing when there is no communication that can be held, or the view does not say.
  ParticipantState state = ParticipantState::absent;
  std::string state_text;       ///< The state as the platform spells it.
  std::string disconnect_type;  ///< Why it ended; empty while it has not.
  std::optional<bool> held;     ///< Nothing when the answer does not say.
  bool confined = false;        ///< Held, and hears music.
  bool muted = false;
  std::optional<WallTime>
      hold_started;  ///< `startHoldTime`, by the platform's clock. Nothing when there is none that can be read.

  PATCHBAY_DECL void clear() noexcept;
};

/// One party of a conversation, and its communication: the one that is connected, or else live, or else the last.
class Participant : public Communication {
 public:
  Participant() = default;

  std::string id;
  std::string purpose;           ///< `agent`, `customer`, `ivr`, `acd`, or any other text.
  std::string user_id;           ///< Empty for a party that is no user.
  std::string queue_id;          ///< That it came by; empty for none.
  std::string routing_queue_id;  ///< `conversationRoutingData.queue`.
  bool over = false;             ///< It has left, or its communications of the kind asked for have all ended.

  /// Ids of `conversationRoutingData.skills`.
  [[nodiscard]] std::span<const std::string> skills() const noexcept { return skills_.view(); }
  /// The attribute of that name, which was among those asked for; null when the participant has none, or it is JSON's
  /// null. A value that is no text, which the platform does not write, is the JSON text of it.
  [[nodiscard]] PATCHBAY_DECL const std::string* attribute(std::string_view name) const noexcept;

  PATCHBAY_DECL void clear() noexcept;

 private:
  friend class detail::ConversationReading;
  class Attribute {
   public:
    std::string name, value;
    void clear() noexcept { name.clear(), value.clear(); }
  };
  detail::Reused<std::string> skills_;
  detail::Reused<Attribute> attributes_;
  bool all_over_ = false;  // whatever kind was asked for
};

/// A conversation as one answer or one event showed it. Used again between readings, so that it allocates nothing warm.
/// Not safe to share between threads while it is written.
class Conversation {
 public:
  /// More participants are an error; a conference has a hundred at most.
  static constexpr std::size_t max_participants = 1000;
  /// Further skills of a participant are left out.
  static constexpr std::size_t max_skills = 100;

  Conversation() = default;

  std::string id;
  bool ended = false;  ///< It has an `endTime`, or all of its parties, of which there is one at least, have left.

  [[nodiscard]] std::span<const Participant> participants() const noexcept { return participants_.view(); }
  PATCHBAY_DECL void clear() noexcept;

 private:
  friend class detail::ConversationReading;
  detail::Reused<Participant> participants_;
  Communication one_, flat_;  // room for the reading
};

/// The attributes that a transition leaves on a participant.
inline constexpr std::array<std::string_view, 3> transition_attributes{"flow_node", "ivr_state", "transition_id"};

/// What to read of a conversation.
class ConversationOptions {
 public:
  ConversationOptions() = default;
  explicit ConversationOptions(std::optional<Media> media_in,
                               std::span<const std::string_view> attributes_in = transition_attributes) noexcept
      : media(media_in), attributes(attributes_in) {}

  /// The one kind of communication that counts; nothing: all, of which calls go first. The view of one kind
  /// (`/conversations/calls/{id}`, events of `conversations.calls`) does not say which it is, so tell it here.
  std::optional<Media> media;
  std::span<const std::string_view> attributes =
      transition_attributes;  ///< Names of the participants' attributes to read.
};

/// Reads the answer to `GET /api/v2/conversations/{id}`, where each participant lists its communications (`calls[]` and
/// so on), or to `GET /api/v2/conversations/{calls}/{id}`, where it has `state` and `held` itself; each by what is
/// there.
///
/// Members, states and kinds that are not known are passed over. `malformed_response`, with the member's name, for a
/// value of a wrong type in what decides something: `id`, `endTime`, `participants`, and of these `id`, `purpose`,
/// `userId`, `user.id`, `state`, `held`, `confined`, `attributes`. Elsewhere it counts as absent, and null does so
/// everywhere.
PATCHBAY_DECL Result<void> parse_conversation(const Body& body, JsonReader& reader, Conversation& out,
                                              const ConversationOptions& options = {});
/// The same for the `eventBody` of a notification about a conversation; see `ChannelFrame::Kind::conversation`.
PATCHBAY_DECL Result<void> parse_conversation_event(const Body& frame, JsonReader& reader, Conversation& out,
                                                    const ConversationOptions& options = {});

/// Says which participant is meant; with an empty text, none. Ids are compared without regard to case, purposes exactly.
class ParticipantSelector {
 public:
  enum class By : std::uint8_t { id, user, purpose };

  [[nodiscard]] static ParticipantSelector by_id(std::string id) { return {By::id, std::move(id)}; }
  [[nodiscard]] static ParticipantSelector by_user(std::string user_id) { return {By::user, std::move(user_id)}; }
  [[nodiscard]] static ParticipantSelector by_purpose(std::string purpose) { return {By::purpose, std::move(purpose)}; }

  [[nodiscard]] By by() const noexcept { return by_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  ParticipantSelector(By by_in, std::string text_in) : by_(by_in), text_(std::move(text_in)) {}
  By by_;
  std::string text_;
};

/// The participant that is meant, never null; valid as long as `conversation` is not changed. A user who was in the
/// conversation several times has several: the one that is connected is meant, or else the one that is live otherwise,
/// or else, when all have left, the last. `not_found` when there is none, `invalid_argument` when several are equally
/// likely; the message says what to do.
PATCHBAY_DECL Result<const Participant*> find_participant(const Conversation& conversation,
                                                          const ParticipantSelector& selector);

}  // namespace patchbay::cloud::platform

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform_conversation.ipp>
#endif
