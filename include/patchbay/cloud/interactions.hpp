// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/policy/hold_dialect.hpp>

namespace patchbay::cloud {

/// The cloud of the two seed documents: `/api/v2/interactions/{id}` with an ETag, the flow's node among its custom
/// attributes, flows with nodes and transitions, and holds as commands on the interaction channel. What a door speaks
/// when it is not told otherwise.
struct Interactions {
  [[nodiscard]] static constexpr Locking locking() noexcept { return Locking::etag; }
  [[nodiscard]] static constexpr std::string_view scope() noexcept { return "interaction:update interaction:read flow:read"; }
  [[nodiscard]] static constexpr int readings() noexcept { return 1; }
  PATCHBAY_DECL static void reading_target(std::string& out, const Endpoint& api, std::string_view id, int number);
  /// `malformed_response` for what is no interaction, or another one.
  PATCHBAY_DECL static Result<void> parse_reading(const HttpResponse& response, JsonReader& reader, std::string_view id, int number,
                                                  InteractionSnapshot& out);
  [[nodiscard]] static constexpr Method write_method(const InteractionSnapshot&) noexcept { return Method::patch; }
  PATCHBAY_DECL static void write_target(std::string& out, const Endpoint& api, std::string_view id, const InteractionSnapshot& seen);
  PATCHBAY_DECL static Result<std::size_t> encode_transition(std::string& out, const TransitionWrite& write, JsonReader& reader);
  /// The version goes into a header.
  [[nodiscard]] static std::string_view locked(std::string&, std::string_view body, const InteractionSnapshot&) noexcept { return body; }
  [[nodiscard]] static constexpr bool is_done(int) noexcept { return true; }
  [[nodiscard]] static bool is_conflict(const HttpResponse&, JsonReader&) noexcept { return true; }
  /// `malformed_response` for a body that is neither empty nor an interaction's.
  PATCHBAY_DECL static Result<void> parse_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out);
  PATCHBAY_DECL static void flow_target(std::string& out, const Endpoint& api, std::string_view id);
  PATCHBAY_DECL static Result<FlowGraph> parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view id,
                                                    const FlowLimits& limits);

  // Holds: messages of one channel, below the API's address, that are answered there.

  [[nodiscard]] static constexpr std::string_view hold_scope() noexcept { return "interaction:control interaction:read"; }
  PATCHBAY_DECL static void encode_hold(std::string& out, HoldVerb verb, std::string_view correlation_id, std::string_view members);
  /// `not_eligible` for an interaction without a skill group (document B).
  static Result<void> check_hold(const InteractionSnapshot& seen) {
    if (seen.skill_group_id.empty()) return fail(ErrorCode::not_eligible, "the interaction has no skill group");
    return {};
  }
  /// `malformed_response` for what is no JSON object.
  PATCHBAY_DECL static Result<void> parse_news(const Body& message, JsonReader& reader, ChannelNews& out);
  static void channel_target(std::string& out, const Endpoint& api) { out.assign(api.path()).append("/api/v2/interactions"); }
};
static_assert(Dialect<Interactions> && HoldsByChannel<Interactions>);

}  // namespace patchbay::cloud

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/interactions.ipp>
#endif
