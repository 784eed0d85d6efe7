// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include <patchbay/cloud/documents_dialect.hpp>
#include <patchbay/cloud/hold_dialect.hpp>
#include <patchbay/cloud/interactions.hpp>

namespace patchbay::cloud {

PATCHBAY_DECL void Interactions::reading_target(std::string& out, const Endpoint& api, std::string_view id, int) {
  DocumentsDialect::interaction_target(out, api, id);
}

PATCHBAY_DECL Result<void> Interactions::parse_reading(const HttpResponse& response, JsonReader& reader, std::string_view id, int,
                                                       InteractionSnapshot& out) {
  if (const auto parsed = DocumentsDialect::parse_interaction(response, reader, out); !parsed) {
    Error error(ErrorCode::malformed_response, std::string("the interaction ").append(parsed.error().why));
    error.set_http_status(response.status);
    return fail(std::move(error));
  }
  // An answer without its id may be anything, and what it does not tell of the node would count as nothing to compare with.
  if (!equal_ignoring_case(out.id, id))
    return fail(ErrorCode::malformed_response, out.id.empty()
                                                   ? "the interaction that the server answered with has no id"
                                                   : "the server answered with another interaction than the one asked for");
  return {};
}

PATCHBAY_DECL void Interactions::write_target(std::string& out, const Endpoint& api, std::string_view id, const InteractionSnapshot&) {
  DocumentsDialect::interaction_target(out, api, id);
}

PATCHBAY_DECL Result<std::size_t> Interactions::encode_transition(std::string& out, const TransitionWrite& write, JsonReader&) {
  return DocumentsDialect::encode_transition(out, write.node, write.timestamp, write.transition_id, write.variables);
}

PATCHBAY_DECL Result<void> Interactions::parse_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) {
  if (const auto parsed = DocumentsDialect::parse_write_echo(response, reader, out); !parsed)
    return fail(ErrorCode::malformed_response, std::string("the body ").append(parsed.error().why));
  return {};
}

PATCHBAY_DECL void Interactions::flow_target(std::string& out, const Endpoint& api, std::string_view id) {
  DocumentsDialect::flow_target(out, api, id);
}

PATCHBAY_DECL Result<FlowGraph> Interactions::parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view id,
                                                         const FlowLimits& limits) {
  Result<FlowGraph> parsed = FlowGraph::parse(response.body, reader, limits);
  if (parsed && !parsed->id().empty() && parsed->id() != id)
    return fail(ErrorCode::flow_malformed, "the server answered with another flow than the one asked for");
  return parsed;
}

PATCHBAY_DECL void Interactions::encode_hold(std::string& out, HoldVerb verb, std::string_view correlation_id, std::string_view members) {
  DocumentsHoldDialect::encode_command(out, verb, correlation_id, members);
}

PATCHBAY_DECL Result<void> Interactions::parse_news(const Body& message, JsonReader& reader, ChannelNews& out) {
  if (!DocumentsHoldDialect::parse_reply(message, reader, out)) return fail(ErrorCode::malformed_response, "the message is no JSON object");
  if (!out.correlation_id.empty()) out.kind = ChannelNews::Kind::reply;
  return {};
}

}  // namespace patchbay::cloud
