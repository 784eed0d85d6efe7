// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/config.hpp>
#include <patchbay/policy/dialect.hpp>

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
/// `conversation:customAttributes:view` and `:edit`, `architect:flow:view`. Its flows are read as they were saved last, or in the
/// version that is pinned; nodes are named as `parse_flow_configuration` says.
///
/// What it cannot do: there is no ETag, so the audit's `etag` is `<version>@<record>` or empty; no operation moves a
/// running flow, which has to look at what was written; an answer to a write shows no version, so that nothing is
/// remembered for a warm write.
struct Platform {
  TransitionStore store = TransitionStore::custom_attributes;
  /// Whose flow it is; with `participant_attributes`, whose attributes are written.
  platform::ParticipantSelector participant = platform::ParticipantSelector::by_purpose("ivr");
  /// Of the custom attributes. A conversation without a record of that schema gets one, whose id is the conversation's
  /// in small letters, so that of several writers one makes it.
  /// Empty: the only record that there is, and none is made.
  std::string schema_id = {};
  /// The flow's version to go by; empty: its latest configuration, published or not. Doors that share a `FlowCache` share
  /// the graph, and must go by the same one.
  std::string flow_version = {};

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
  PATCHBAY_DECL void flow_target(std::string& out, const Endpoint& api, std::string_view id) const;
  PATCHBAY_DECL Result<FlowGraph> parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view id,
                                             const FlowLimits& limits) const;
};
static_assert(Dialect<Platform>);

}  // namespace patchbay::cloud

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform.ipp>
#endif
