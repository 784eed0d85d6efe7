// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/cloud/error_body.hpp>
#include <patchbay/cloud/platform.hpp>
#include <patchbay/cloud/platform_attributes.hpp>
#include <patchbay/cloud/platform_error.hpp>
#include <patchbay/cloud/platform_targets.hpp>
#include <patchbay/flow/flow_configuration.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>

namespace patchbay::cloud {

namespace detail {

/// What a write of custom attributes is locked by, as it stands for an ETag: `7@<record>`, or `new@<record>` where there
/// is no record yet.
class RecordLock {
 public:
  static constexpr std::string_view none_yet = "new";

  explicit RecordLock(std::string_view text) noexcept {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos) return;
    record = text.substr(at + 1);
    const std::string_view digits = text.substr(0, at);
    is_first = digits == none_yet;
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (!is_first && error == std::errc{} && end == digits.data() + digits.size()) version = number;
  }
  static void write(std::string& out, std::string_view version, std::string_view record) { out.assign(version).append("@").append(record); }
  /// Of no record. In small letters: the first record is found by its id, which must be one however writers spell the conversation's.
  static void write_first(std::string& out, std::string_view conversation) {
    write(out, none_yet, conversation);
    make_lower_case(out);
  }

  std::string_view record;
  std::optional<std::int32_t> version;
  bool is_first = false;
};

/// Where a write goes, as the journal has it: `record <id>`, `first record <id>` for one that the write is to make, or
/// `participant <id>`.
///
/// A record that is to be made and one that is there are two places, for when they are not found that means two things: the
/// one has not been made yet; the other is hidden from us, and may have been written.
class Place {
 public:
  enum class Kind : std::uint8_t { unknown, record, first_record, participant };

  explicit Place(std::string_view text) noexcept {
    for (const auto& [name, of] : kinds) {
      if (!text.starts_with(name) || text.size() == name.size()) continue;
      kind = of;
      id = text.substr(name.size());
    }
  }
  static void write(std::string& out, Kind kind, std::string_view id) {
    for (const auto& [name, of] : kinds)
      if (of == kind) out.assign(name).append(id);
    make_lower_case(out);
  }

  Kind kind = Kind::unknown;
  std::string_view id;

 private:
  static constexpr std::pair<std::string_view, Kind> kinds[] = {
      {"record ", Kind::record}, {"first record ", Kind::first_record}, {"participant ", Kind::participant}};
};

/// What an answer is read into, before the snapshot is made of it: kept from one reading to the next.
class PlatformReading {
 public:
  platform::Conversation conversation;
  platform::AttributeRecords records;
};

inline void show_participant(const platform::Conversation& seen, const platform::Participant& participant, InteractionSnapshot& out) {
  out.participant_id = participant.id;
  out.state = participant.state_text;
  out.over = seen.ended || participant.over;
  out.held = participant.held;
  if (participant.held.value_or(false)) out.held_since = participant.hold_started;
}
inline void show_attributes(const platform::Participant& participant, InteractionSnapshot& out) {
  if (const std::string* const node = participant.attribute("flow_node")) {
    out.has_flow_node = true;
    out.flow_node = *node;
  }
  if (const std::string* const writer = participant.attribute("transition_id")) out.transition_id = *writer;
}
inline void show_record(const platform::AttributeRecord& record, InteractionSnapshot& out) {
  if (!record.version_text.empty()) RecordLock::write(out.etag, record.version_text, record.id);
  out.has_flow_node = record.has_flow_node;
  out.flow_node = record.flow_node;
  out.transition_id = record.transition_id;
}

inline Result<void> read_conversation(const HttpResponse& response, JsonReader& reader, std::string_view id, platform::Conversation& out,
                                      const platform::ConversationOptions& options) {
  if (auto parsed = platform::parse_conversation(response.body, reader, out, options); !parsed) return parsed;
  if (equal_ignoring_case(out.id, id)) return {};
  return fail(ErrorCode::malformed_response, "the server answered with another conversation than the one asked for");
}

}  // namespace detail

PATCHBAY_DECL void Platform::reading_target(std::string& out, const Endpoint& api, std::string_view id, int number) const {
  if (number == 0) {
    platform::conversation_target(out, api, id, media);
  } else {
    platform::custom_attributes_target(out, api, id);
  }
}

PATCHBAY_DECL Result<void> Platform::parse_reading(const HttpResponse& response, JsonReader& reader, std::string_view id, int number,
                                                   InteractionSnapshot& out) const {
  if (number == 0) {
    platform::Conversation& seen = out.scratch.as<detail::PlatformReading>().conversation;
    if (auto parsed = detail::read_conversation(response, reader, id, seen, platform::ConversationOptions(media)); !parsed) return parsed;
    const auto found = platform::find_participant(seen, participant);
    if (!found) return fail(found.error());
    out.id = seen.id;
    detail::show_participant(seen, **found, out);
    if (store == TransitionStore::custom_attributes) return {};
    if (out.participant_id.empty())
      return fail(ErrorCode::malformed_response, "the participant has no id by which its attributes could be written");
    detail::show_attributes(**found, out);
    return {};
  }
  platform::AttributeRecords& records = out.scratch.as<detail::PlatformReading>().records;
  if (auto parsed = platform::parse_attribute_records(response.body, reader, records); !parsed) return parsed;
  const auto found = records.find(schema_id);
  if (!found) return fail(found.error());
  if (*found == nullptr) {
    if (schema_id.empty())
      return fail(ErrorCode::invalid_settings,
                  "the conversation has no custom attributes yet, and the dialect names no schema to make some of (Platform::schema_id)");
    detail::RecordLock::write_first(out.etag, id);
    return {};
  }
  detail::show_record(**found, out);
  return {};
}

PATCHBAY_DECL Method Platform::write_method(const InteractionSnapshot& seen) const noexcept {
  return detail::RecordLock(seen.etag).is_first ? Method::put : Method::patch;
}

PATCHBAY_DECL void Platform::write_target(std::string& out, const Endpoint& api, std::string_view id, const InteractionSnapshot& seen) const {
  if (store == TransitionStore::custom_attributes) {
    platform::custom_attributes_target(out, api, id);
  } else {
    platform::participant_attributes_target(out, api, id, seen.participant_id);
  }
}

PATCHBAY_DECL Result<std::size_t> Platform::encode_transition(std::string& out, const TransitionWrite& write, JsonReader& reader) const {
  if (store == TransitionStore::custom_attributes) {
    platform::encode_transition_members(out, write.node, write.timestamp, write.transition_id, write.variables);
    return out.size() + 2;  // the braces, which the version decides what stands around
  }
  std::string members;
  platform::encode_transition_members(members, write.node, write.timestamp, write.transition_id, write.variables);
  return platform::encode_participant_attributes(out, members, reader);
}

PATCHBAY_DECL std::string_view Platform::locked(std::string& room, std::string_view body, const InteractionSnapshot& seen) const {
  if (store != TransitionStore::custom_attributes) return body;
  const detail::RecordLock lock(seen.etag);
  if (lock.is_first) {
    platform::encode_first_record(room, lock.record, schema_id, body);
  } else {
    platform::encode_record_patch(room, lock.record, lock.version, body);
  }
  return room;
}

PATCHBAY_DECL bool Platform::is_conflict(const HttpResponse& response, JsonReader& reader) const {
  ErrorBody body;
  const bool told = parse_error_body(response.body, reader, body) && !(body.code.empty() && body.inner_codes.empty());
  return !told || platform::is_version_conflict(response.status, body);
}

PATCHBAY_DECL Result<void> Platform::parse_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) const {
  out.clear();
  if (response.status == 202 || response.status == 204) return {};
  if (const auto read = reader.object(response.body, [](std::string_view, JsonValue) { return simdjson::SUCCESS; }); !read)
    return fail(ErrorCode::malformed_response, std::string("the body ").append(read.error().why));
  return {};
}

PATCHBAY_DECL void Platform::place(std::string& out, const InteractionSnapshot& seen) const {
  using Kind = detail::Place::Kind;
  out.clear();
  const detail::RecordLock lock(seen.etag);
  if (!lock.record.empty()) {
    detail::Place::write(out, lock.is_first ? Kind::first_record : Kind::record, lock.record);
  } else if (!seen.participant_id.empty()) {
    detail::Place::write(out, Kind::participant, seen.participant_id);
  }
}

PATCHBAY_DECL Result<void> Platform::place_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view place) const {
  using Kind = detail::Place::Kind;
  const Kind kind = detail::Place(place).kind;
  if (kind == Kind::unknown && (!place.empty() || store != TransitionStore::participant_attributes))
    return fail(ErrorCode::invalid_settings,
                place.empty() ? "the journal does not say where the write went, and it was not to where the dialect writes now; recover "
                                "it with TransitionStore::participant_attributes"
                              : "the write went to a place that the platform's dialect does not know");
  reading_target(out, api, id, kind == Kind::record || kind == Kind::first_record ? 1 : 0);
  return {};
}

PATCHBAY_DECL Result<void> Platform::parse_place(const HttpResponse& response, JsonReader& reader, std::string_view id, std::string_view place,
                                                 InteractionSnapshot& out) const {
  using Kind = detail::Place::Kind;
  out.clear();
  const detail::Place at(place);
  if (at.kind == Kind::unknown) return parse_reading(response, reader, id, 0, out);
  if (at.kind == Kind::participant) {
    platform::Conversation& seen = out.scratch.as<detail::PlatformReading>().conversation;
    if (auto parsed = detail::read_conversation(response, reader, id, seen, platform::ConversationOptions(media)); !parsed) return parsed;
    for (const platform::Participant& each : seen.participants()) {
      if (!equal_ignoring_case(each.id, at.id)) continue;
      out.id = seen.id;
      detail::show_participant(seen, each, out);
      detail::show_attributes(each, out);
      return {};
    }
    return fail(ErrorCode::not_found, "the conversation does not know the participant any more");
  }
  platform::AttributeRecords& records = out.scratch.as<detail::PlatformReading>().records;
  if (auto parsed = platform::parse_attribute_records(response.body, reader, records); !parsed) return parsed;
  for (const platform::AttributeRecord& each : records.all())
    if (equal_ignoring_case(each.id, at.id)) return detail::show_record(each, out), Result<void>{};
  if (at.kind == Kind::record) return fail(ErrorCode::not_found, "the record of custom attributes is not shown any more");
  detail::RecordLock::write_first(out.etag, at.id);
  return {};
}

PATCHBAY_DECL bool Platform::precedes(std::string_view a, std::string_view b) const noexcept {
  const detail::RecordLock of_a(a), of_b(b);
  if (!equal_ignoring_case(of_a.record, of_b.record) || !of_b.version) return false;
  return of_a.is_first || (of_a.version && *of_a.version < *of_b.version);
}

PATCHBAY_DECL void Platform::flow_target(std::string& out, const Endpoint& api, std::string_view id) const {
  platform::flow_configuration_target(out, api, id, flow_version);
}

PATCHBAY_DECL Result<FlowGraph> Platform::parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view id,
                                                     const FlowLimits& limits) const {
  return parse_flow_configuration(response.body, reader, FlowOrigin(id, flow_version), limits);
}

}  // namespace patchbay::cloud
