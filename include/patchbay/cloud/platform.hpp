// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/platform_channel.hpp>
#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/config.hpp>
#include <patchbay/policy/hold_dialect.hpp>

namespace patchbay::cloud {

/// Where a transition leaves the flow's node, its id and the variables on the real platform.
enum class TransitionStore : std::uint8_t {
  /// The conversation's custom attributes: typed, of one schema, locked by the record's `version`.
  custom_attributes,
  /// The participant's attributes, which flows read by themselves: text alone, and nothing locks them. The platform only
  /// accepts such a write; it is looked for until it shows, and `outcome_unknown` when it does not.
  participant_attributes,
};

/// The real Genesys Cloud (Platform API v2; facts and sources in the README). An interaction is a conversation, named by
/// its id:
///
///     StateTransitioner door{Policies{.transport = …, .dialect = cloud::Platform{.schema_id = "…"}}, settings};
///
/// Before a write the conversation is read, and refused with `not_eligible` when it, or the participant, has left. The
/// platform knows no scopes for programs but roles: `conversation:communication:view`,
/// `conversation:customAttributes:view` and `:edit`, `architect:flow:view`; for holds one of `conversation:participant:wrapup`,
/// `conversation:call:record` and `conversation:communication:disconnect`. Its flows are read as they were saved last, or in the
/// version that is pinned; nodes are named as `parse_flow_configuration` says.
///
/// What it cannot do: there is no ETag, so the audit's `etag` is `<version>@<record>` or empty; no operation moves a
/// running flow, which has to look at what was written; an answer to a write shows no version, so that nothing is
/// remembered for a warm write. A hold has no priority, music or prompt there; no conversation says whose it is, so that with
/// `HoldSettings::organisation_id` nothing is held.
struct Platform {
  TransitionStore store = TransitionStore::custom_attributes;
  /// Whose flow it is; with `participant_attributes`, whose attributes are written. Of a `HoldController`: whose side is held.
  platform::ParticipantSelector participant = platform::ParticipantSelector::by_purpose("ivr");
  /// Of the custom attributes. A conversation without a record of that schema gets one, whose id is the conversation's
  /// in small letters, so that of several writers one makes it.
  /// Empty: the only record that there is, and none is made.
  std::string schema_id = {};
  /// The flow's version to go by; empty: its latest configuration, published or not. Doors that share a `FlowCache` share
  /// the graph, and must go by the same one.
  std::string flow_version = {};
  /// The user whose conversations the notification channel tells of: the one that is held, as a rule. Empty: there is no
  /// channel, and what became of a hold is read.
  std::string user = {};
  /// The one kind of communication that is held and told of; nothing: whichever the participant has. For calls the
  /// platform wants a token of the user's own, and lets nobody else hold.
  std::optional<platform::Media> media = std::nullopt;
  bool hold_music = false;  ///< Who is put on hold in a call hears music (`confined`), and not silence.
  /// The participant's attribute that is to keep `holdReason`, for which the platform has no place; empty: the audit alone
  /// has it.
  std::string hold_reason_attribute = {};

  /// For the holds of a user: the user's own party is held, and the channel tells of the user's conversations.
  [[nodiscard]] static Platform of_user(std::string id) {
    Platform out;
    out.participant = platform::ParticipantSelector::by_user(id);
    out.user = std::move(id);
    return out;
  }

  [[nodiscard]] Locking locking() const noexcept {
    return store == TransitionStore::custom_attributes ? Locking::body_version : Locking::none;
  }
  [[nodiscard]] static constexpr std::string_view scope() noexcept { return {}; }
  [[nodiscard]] int readings() const noexcept { return store == TransitionStore::custom_attributes ? 2 : 1; }
  PATCHBAY_DECL void reading_target(std::string& out, const Endpoint& api, std::string_view id, int number) const;
  /// `malformed_response`, `not_found` when there is no such participant, `invalid_argument` when several may be meant, or
  /// several records of attributes; `invalid_settings` when there is none and `schema_id` is empty.
  PATCHBAY_DECL Result<void> parse_reading(const HttpResponse& response, JsonReader& reader, std::string_view id, int number,
                                           InteractionSnapshot& out) const;
  /// PUT for a first record, else PATCH.
  [[nodiscard]] PATCHBAY_DECL Method write_method(const InteractionSnapshot& seen) const noexcept;
  PATCHBAY_DECL void write_target(std::string& out, const Endpoint& api, std::string_view id, const InteractionSnapshot& seen) const;
  /// `validation_failed` for a variable that is null among a participant's attributes, where the platform takes none.
  PATCHBAY_DECL Result<std::size_t> encode_transition(std::string& out, const TransitionWrite& write, JsonReader& reader) const;
  PATCHBAY_DECL std::string_view locked(std::string& room, std::string_view body, const InteractionSnapshot& seen) const;
  /// 202 is an acceptance.
  [[nodiscard]] static constexpr bool is_done(int status) noexcept { return status != 202; }
  /// By the error's code: any operation may answer 409 for other reasons. One without a code that can be read may be one, as
  /// the refusal of a copy of a write that was applied is: the reading that follows tells.
  PATCHBAY_DECL bool is_conflict(const HttpResponse& response, JsonReader& reader) const;
  /// `malformed_response` for a 200 whose body is no JSON object: it may come from anywhere.
  PATCHBAY_DECL Result<void> parse_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) const;
  // Where a write goes: a record of custom attributes, one that is to be made, or a participant. Each can be read whatever
  // `store`, `participant` and `schema_id` are now.

  PATCHBAY_DECL void place(std::string& out, const InteractionSnapshot& seen) const;
  /// `invalid_settings` for a place that is none of the platform's, or one that an old journal does not name.
  PATCHBAY_DECL Result<void> place_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view place) const;
  /// `not_found` for a record that is not shown any more, and for a participant of whom the conversation does not know.
  PATCHBAY_DECL Result<void> parse_place(const HttpResponse& response, JsonReader& reader, std::string_view id, std::string_view place,
                                         InteractionSnapshot& out) const;
  /// By the record's version, which counts its writes; no record is older than any.
  [[nodiscard]] PATCHBAY_DECL bool precedes(std::string_view a, std::string_view b) const noexcept;
  PATCHBAY_DECL void flow_target(std::string& out, const Endpoint& api, std::string_view id) const;
  PATCHBAY_DECL Result<FlowGraph> parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view id,
                                             const FlowLimits& limits) const;

  // Holds: a `PATCH` of the participant, which the platform only accepts, and events that tell what came of it.

  [[nodiscard]] static constexpr std::string_view hold_scope() noexcept { return {}; }
  /// `{"held":…}`. The platform has no place for the other fields of a command: the audit keeps reason and priority, and
  /// music and prompt are left out (`hold_music` is all the choice there is).
  PATCHBAY_DECL void encode_hold(std::string& out, HoldVerb verb, std::string_view correlation_id, std::string_view members) const;
  /// `not_eligible` for what rings: the platform lets nobody hold that.
  PATCHBAY_DECL Result<void> check_hold(const InteractionSnapshot& seen) const;
  PATCHBAY_DECL Result<void> parse_news(const Body& message, JsonReader& reader, ChannelNews& out) const;
  PATCHBAY_DECL void channel_target(std::string& out, const Endpoint& api) const;
  PATCHBAY_DECL void hold_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view party) const;
  /// Never: the platform answers 202, and any other 2xx may come from anywhere.
  [[nodiscard]] static constexpr bool hold_is_done(const HttpResponse&) noexcept { return false; }
  PATCHBAY_DECL HoldRefused hold_refusal(const HttpResponse& response, JsonReader& reader) const;
  [[nodiscard]] std::string_view hold_participant() const noexcept {
    return participant.by() == platform::ParticipantSelector::By::id ? std::string_view(participant.text()) : std::string_view{};
  }
  PATCHBAY_DECL bool encode_hold_reason(std::string& out, std::string_view reason) const;
  PATCHBAY_DECL void hold_reason_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view party) const;
  [[nodiscard]] bool makes_channel() const noexcept { return !user.empty(); }
  PATCHBAY_DECL Result<void> parse_channel(const HttpResponse& response, JsonReader& reader, MadeChannel& out) const;
  PATCHBAY_DECL void subscription_target(std::string& out, const Endpoint& api, const MadeChannel& channel) const;
  PATCHBAY_DECL void encode_subscription(std::string& out) const;
  PATCHBAY_DECL Result<void> parse_subscription(const HttpResponse& response, JsonReader& reader) const;
  [[nodiscard]] static constexpr std::string_view alive_question() noexcept { return platform::ping_message; }
};
static_assert(PlacedDialect<Platform> && OrderedDialect<Platform> && HoldsByRequest<Platform>);

}  // namespace patchbay::cloud

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform.ipp>
#include <patchbay/cloud/impl/platform_holds.ipp>
#endif
