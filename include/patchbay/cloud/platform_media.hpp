// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace patchbay::cloud::platform {

/// The kinds of communication that can be held. Others (cobrowsing, video, screen sharing) have no `held`.
enum class Media : std::uint8_t { call, callback, chat, email, message, social_expression };

inline constexpr std::array<Media, 6> all_media{Media::call,  Media::callback, Media::chat,
                                                Media::email, Media::message,  Media::social_expression};

[[nodiscard]] constexpr std::string_view to_string(Media media) noexcept {
  constexpr std::array<std::string_view, 6> names{"call", "callback", "chat", "email", "message", "social_expression"};
  return names[static_cast<std::size_t>(media)];
}
/// The member of a participant that lists them: `calls`, `socialExpressions`.
[[nodiscard]] constexpr std::string_view member_name(Media media) noexcept {
  constexpr std::array<std::string_view, 6> names{"calls",  "callbacks", "chats",
                                                  "emails", "messages",  "socialExpressions"};
  return names[static_cast<std::size_t>(media)];
}
/// As the end of a topic: `calls`, `socialexpressions`.
[[nodiscard]] constexpr std::string_view topic_name(Media media) noexcept {
  return media == Media::social_expression ? "socialexpressions" : member_name(media);
}
/// The kind that a topic's end or a member names.
[[nodiscard]] constexpr std::optional<Media> media_named(std::string_view name) noexcept {
  for (const Media each : all_media)
    if (name == member_name(each) || name == topic_name(each)) return each;
  return std::nullopt;
}

/// How a communication stands. The platform adds states without notice, so there is one for those of tomorrow.
enum class ParticipantState : std::uint8_t {
  absent,  ///< The answer does not say.
  alerting,
  dialing,
  contacting,
  offering,
  connected,
  disconnected,
  terminated,
  converting,
  uploading,
  transmitting,
  parked,
  scheduled,
  none,
  unknown,  ///< A state that this version has not heard of; its text is kept beside it.
};

namespace detail {
inline constexpr std::array<std::string_view, 15> state_names{
    "absent",     "alerting",  "dialing",      "contacting", "offering",  "connected", "disconnected", "terminated",
    "converting", "uploading", "transmitting", "parked",     "scheduled", "none",      "unknown"};
}  // namespace detail

/// As the platform spells it; `absent` and `unknown` by these names.
[[nodiscard]] constexpr std::string_view to_string(ParticipantState state) noexcept {
  return detail::state_names[static_cast<std::size_t>(state)];
}
/// The state that the platform calls `text`; `unknown` for any other text.
[[nodiscard]] constexpr ParticipantState participant_state(std::string_view text) noexcept {
  for (auto i = static_cast<std::size_t>(ParticipantState::alerting);
       i < static_cast<std::size_t>(ParticipantState::unknown); ++i)
    if (text == detail::state_names[i]) return static_cast<ParticipantState>(i);
  return ParticipantState::unknown;
}
/// Whether nothing can happen to it any more. What is not known is not over.
[[nodiscard]] constexpr bool is_over(ParticipantState state) noexcept {
  return state == ParticipantState::disconnected || state == ParticipantState::terminated;
}

}  // namespace patchbay::cloud::platform
