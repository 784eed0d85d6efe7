// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <patchbay/json/write.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/testing/platform_data.hpp>

// The bodies that the platform's cloud writes: facts of the platform's published definition, field by field.
namespace patchbay::testing::detail {

[[nodiscard]] inline std::string timestamp(WallTime when) {
  std::string out;
  append_timestamp(out, when);
  return out;
}
inline void member_time(JsonWriter& json, std::string_view name, WallTime when) {
  json.member(name, std::string_view(timestamp(when)));
}
inline void member_text(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.member(name, text);
}
/// `{"id":…}`, or nothing when the id is empty.
inline void member_reference(JsonWriter& json, std::string_view name, std::string_view id) {
  if (!id.empty()) json.key(name).begin_object().member("id", id).end_object();
}
inline void member_uri(JsonWriter& json, std::string_view base, std::string_view path) {
  json.member("selfUri", std::string_view(std::string(base).append(path)));
}

inline void write_strings(JsonWriter& json, const std::vector<std::pair<std::string, std::string>>& attributes) {
  json.begin_object();
  for (const auto& [name, value] : attributes) json.member(name, std::string_view(value));
  json.end_object();
}

/// The id of the one communication that a participant has.
[[nodiscard]] inline std::string communication_of(const PlatformParticipant& participant) {
  std::string id = participant.id;
  if (!id.empty()) id.front() = id.front() == 'd' ? 'e' : 'd';
  return id;
}

inline void write_routing(JsonWriter& json, const PlatformParticipant& participant, std::string_view base) {
  if (participant.queue_id.empty()) return;
  json.key("conversationRoutingData").begin_object().key("queue").begin_object();
  json.member("id", std::string_view(participant.queue_id));
  member_uri(json, base, "/api/v2/routing/queues/" + participant.queue_id);
  json.end_object().member("priority", 0).key("skills").begin_array().begin_object().member("id", platform_skill);
  member_uri(json, base, "/api/v2/routing/skills/" + std::string(platform_skill));
  json.end_object().end_array().key("scoredAgents").begin_array().end_array().end_object();
}

/// What both views say of a participant's communication.
inline void write_hold(JsonWriter& json, const PlatformConversation& conversation,
                       const PlatformParticipant& participant) {
  json.member("direction", "inbound").member("held", participant.held);
  if (conversation.media == PlatformMedia::call)
    json.member("muted", participant.muted).member("confined", participant.confined);
  if (participant.held && participant.held_since) member_time(json, "startHoldTime", *participant.held_since);
  if (participant.gone()) member_text(json, "disconnectType", participant.disconnect_type);
  if (conversation.media == PlatformMedia::call)
    json.member("recording", false).member("recordingState", "none").member("securePause", false);
  json.member("provider", conversation.media == PlatformMedia::call ? "Edge" : "PureCloud Messaging");
}

/// A participant of `GET /api/v2/conversations/{id}`, whose communication is nested.
inline void write_nested(JsonWriter& json, const PlatformConversation& conversation,
                         const PlatformParticipant& participant, std::string_view base) {
  json.begin_object().member("id", std::string_view(participant.id));
  member_time(json, "startTime", conversation.started);
  member_time(json, "connectedTime", conversation.started);
  if (participant.gone() && conversation.ended) member_time(json, "endTime", *conversation.ended);
  member_text(json, "userId", participant.user_id);
  member_text(json, "queueId", participant.queue_id);
  json.member("purpose", std::string_view(participant.purpose));
  json.member("participantType", participant.user_id.empty() ? "External" : "Internal");
  json.member("wrapupRequired", participant.wrapup_required).key("mediaRoles").begin_array().value("full").end_array();
  if (participant.wrapup_required) json.member("wrapupPrompt", "mandatory");
  write_routing(json, participant, base);
  write_strings(json.key("attributes"), participant.attributes);
  for (const PlatformMedia each : {PlatformMedia::call, PlatformMedia::callback, PlatformMedia::chat,
                                   PlatformMedia::email, PlatformMedia::message}) {
    json.key(plural(each)).begin_array();
    if (each == conversation.media) {
      json.begin_object().member("state", std::string_view(participant.state)).member("initialState", "alerting");
      json.member("id", std::string_view(communication_of(participant)));
      write_hold(json, conversation, participant);
      json.key("segments").begin_array().end_array();
      member_time(json, "connectedTime", conversation.started);
      if (participant.gone() && conversation.ended) member_time(json, "disconnectedTime", *conversation.ended);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
}

/// `GET /api/v2/conversations/{id}`; the same is the body of the topic `v2.users.{id}.conversations`.
inline void write_conversation(JsonWriter& json, const PlatformConversation& conversation, std::string_view base) {
  json.begin_object().member("id", std::string_view(conversation.id));
  member_time(json, "startTime", conversation.started);
  if (conversation.ended) member_time(json, "endTime", *conversation.ended);
  member_text(json, "address", conversation.media == PlatformMedia::call ? "tel:+15550100" : "");
  json.key("participants").begin_array();
  for (const PlatformParticipant& each : conversation.participants) write_nested(json, conversation, each, base);
  json.end_array().member("recordingState", "NONE").member("securePause", false);
  json.key("divisions").begin_array().end_array().key("recentTransfers").begin_array().end_array();
  member_uri(json, base, "/api/v2/conversations/" + conversation.id);
  json.end_object();
}

/// `GET /api/v2/conversations/calls/{id}` and its like, where a participant shows its state by itself; the same is the
/// body of the topics `v2.users.{id}.conversations.calls` and their like.
inline void write_flat(JsonWriter& json, const PlatformConversation& conversation, std::string_view base) {
  json.begin_object().member("id", std::string_view(conversation.id)).key("participants").begin_array();
  for (const PlatformParticipant& each : conversation.participants) {
    json.begin_object().member("id", std::string_view(each.id)).member("address", "sip:loopback@example.com");
    member_time(json, "startTime", conversation.started);
    member_time(json, "connectedTime", conversation.started);
    if (each.gone() && conversation.ended) member_time(json, "endTime", *conversation.ended);
    json.member("purpose", std::string_view(each.purpose)).member("state", std::string_view(each.state));
    write_hold(json, conversation, each);
    json.member("wrapupRequired", each.wrapup_required);
    json.key("mediaRoles").begin_array().value("full").end_array();
    member_reference(json, "user", each.user_id);
    member_reference(json, "queue", each.queue_id);
    write_strings(json.key("attributes"), each.attributes);
    write_routing(json, each, base);
    json.end_object();
  }
  json.end_array().key("otherMediaUris").begin_array().end_array();
  json.key("recentTransfers").begin_array().end_array();
  if (conversation.media == PlatformMedia::call)
    json.member("recordingState", "none").member("securePause", false).member("maxParticipants", 100);
  member_uri(json, base,
             std::string("/api/v2/conversations/").append(plural(conversation.media)).append("/") + conversation.id);
  json.end_object();
}

inline void write_json_members(JsonWriter& json, const std::vector<std::pair<std::string, std::string>>& members) {
  json.begin_object();
  for (const auto& [name, value] : members) json.key(name).raw(value);
  json.end_object();
}

/// `GET /api/v2/conversations/{id}/customattributes`.
inline void write_records(JsonWriter& json, const PlatformConversation& conversation, std::string_view base) {
  json.begin_object().key("results").begin_array();
  for (const PlatformRecord& each : conversation.records) {
    json.begin_object().member("id", std::string_view(each.id));
    json.member("conversationId", std::string_view(conversation.id)).key("divisions").begin_array();
    for (const std::string& division : each.divisions) json.value(std::string_view(division));
    json.end_array().key("schema").begin_object().member("id", std::string_view(each.schema_id)).end_object();
    write_json_members(json.key("customAttributes"), each.attributes);
    json.member("version", each.version);
    member_time(json, "dateCreated", each.created);
    member_time(json, "dateModified", each.modified);
    member_uri(json, base, "/api/v2/conversations/" + conversation.id + "/customattributes");
    json.end_object();
  }
  json.end_array().end_object();
}

/// A version of a flow.
inline void write_version(JsonWriter& json, const PlatformFlow& flow, const PlatformFlow::Version& version,
                          std::string_view base) {
  const std::string path = "/api/v2/flows/" + flow.id + "/versions/" + version.id;
  json.begin_object().member("id", std::string_view(version.id)).member("name", std::string_view(version.id));
  json.member("commitVersion", std::string_view(version.id))
      .member("configurationVersion", std::string_view(version.id));
  json.member("type", "PUBLISH").member("secure", false).member("debug", false);
  json.member("configurationUri", std::string_view(path + "/configuration"));
  const auto since = std::chrono::duration_cast<milliseconds>(version.published.time_since_epoch()).count();
  json.member("dateCreated", since).member("dateCheckedIn", since).member("dateSaved", since);
  member_time(json, "datePublished", version.published);
  member_uri(json, base, path);
  json.end_object();
}

/// `GET /api/v2/flows/{id}`, which shows no graph.
inline void write_flow(JsonWriter& json, const PlatformFlow& flow, std::string_view base) {
  json.begin_object().member("id", std::string_view(flow.id)).member("name", std::string_view(flow.name));
  json.member("type", std::string_view(flow.type)).member("active", !flow.deleted).member("system", false);
  json.member("deleted", flow.deleted);
  if (!flow.versions.empty())
    for (const std::string_view name : {"publishedVersion", "savedVersion", "checkedInVersion"})
      write_version(json.key(name), flow, flow.versions.back(), base);
  member_uri(json, base, "/api/v2/flows/" + flow.id);
  json.end_object();
}

/// A conversation with what was done to it, for those who check.
inline void write_history(JsonWriter& json, const PlatformConversation& conversation,
                          const std::vector<const AppliedOperation*>& operations) {
  json.begin_object().member("id", std::string_view(conversation.id)).member("media", plural(conversation.media));
  json.member("ended", conversation.ended.has_value()).member("changes", conversation.changes);
  json.key("participants").begin_array();
  for (const PlatformParticipant& each : conversation.participants) {
    json.begin_object().member("id", std::string_view(each.id)).member("purpose", std::string_view(each.purpose));
    json.member("state", std::string_view(each.state)).member("held", each.held).member("confined", each.confined);
    json.member("muted", each.muted);
    write_strings(json.key("attributes"), each.attributes);
    json.end_object();
  }
  json.end_array().key("records").begin_array();
  for (const PlatformRecord& each : conversation.records) {
    json.begin_object().member("id", std::string_view(each.id)).member("version", each.version);
    write_json_members(json.key("customAttributes"), each.attributes);
    json.end_object();
  }
  json.end_array().key("operations").begin_array();
  for (const AppliedOperation* const operation : operations) {
    json.begin_object().member("kind", to_string(operation->kind)).member("id", std::string_view(operation->id));
    member_text(json, "participant", operation->participant);
    if (!operation->node.empty()) json.key("node").raw(operation->node);
    json.member("version", operation->version).member("changed", operation->changed).end_object();
  }
  json.end_array().end_object();
}

}  // namespace patchbay::testing::detail
