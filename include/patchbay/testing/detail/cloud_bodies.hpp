// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/testing/cloud_data.hpp>
#include <patchbay/testing/cloud_options.hpp>

// The bodies that the simulated cloud reads and writes. The readers walk the whole of a text, so that nothing malformed
// passes because nobody looked at it.
namespace patchbay::testing::detail {

using Members = std::vector<std::pair<std::string, std::string>>;

/// The plain text of a JSON string, or the JSON text of anything else.
[[nodiscard]] inline std::string plain_text(std::string_view json, JsonReader& reader) {
  if (!json.starts_with('"')) return std::string(json);
  std::string wrapped = "{\"v\":", out;
  wrapped.append(json).push_back('}');
  const auto read =
      reader.object(std::string_view(wrapped), [&](std::string_view, JsonValue value) -> simdjson::error_code {
        std::string_view text;
        if (const auto error = value.get_string().get(text)) return error;
        out.assign(text);
        return simdjson::SUCCESS;
      });
  return read ? out : std::string(json);
}

/// Reads `{"customAttributes":{…}}`: each attribute's name and JSON text, the last one where a name comes twice.
/// Members beside it are checked and ignored. The error is a clause for the message of the refusal.
[[nodiscard]] inline std::string_view read_write(std::string_view body, JsonReader& reader, Members& attributes,
                                                 std::size_t& size) {
  std::string encoded, ignored;
  bool found = false;
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key != "customAttributes") return ignored.clear(), JsonReader::walk(value, ignored);
    JsonObjectView object;
    if (const auto error = value.get_object().get(object)) return error;
    found = true;
    attributes.clear();
    encoded.clear();
    return JsonReader::each(object, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
      // `name` lives in the reader's memory, which the walk goes on using.
      std::string owned(name), json;
      if (const auto error = JsonReader::walk(content, json)) return error;
      append_json_string(encoded, owned);
      encoded.append(json);
      size = encoded.size() + 2 + 2 * (attributes.size() + 1) - 1;  // braces, colons and commas
      for (auto& [each, present] : attributes)
        if (each == owned) return present = std::move(json), simdjson::SUCCESS;
      attributes.emplace_back(std::move(owned), std::move(json));
      return simdjson::SUCCESS;
    });
  });
  if (!read) return read.error().why;
  if (!found) return "customAttributes is missing";
  return {};
}

/// A command as it came over the channel.
class ChannelCommand {
 public:
  std::string correlation_id, verb, interaction, reason;
  bool has_reason = false, body_seen = false;
  std::optional<double> priority;
  std::string command;
};

/// Reads a command; the error is a clause for the negative acknowledgement, and what was read before it stays.
[[nodiscard]] inline std::string_view read_command(std::string_view text, JsonReader& reader, ChannelCommand& out) {
  std::string ignored;
  const auto string = [](JsonValue& value, std::string& into) -> simdjson::error_code {
    std::string_view view;
    if (const auto error = value.get_string().get(view)) return error;
    into.assign(view);
    return simdjson::SUCCESS;
  };
  const auto read = reader.object(text, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "correlationId") return string(value, out.correlation_id);
    if (key == "command") return string(value, out.command);
    if (key != "body") return ignored.clear(), JsonReader::walk(value, ignored);
    JsonObjectView object;
    if (const auto error = value.get_object().get(object)) return error;
    out.body_seen = true;
    return JsonReader::each(object, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
      if (name == "type") return string(content, out.verb);
      if (name == "interactionId") return string(content, out.interaction);
      if (name == "holdReason") return out.has_reason = true, string(content, out.reason);
      if (name == "holdMusic" || name == "holdPrompt") return string(content, ignored);
      if (name != "priority") return ignored.clear(), JsonReader::walk(content, ignored);
      double number = 0;
      if (const auto error = content.get_double().get(number)) return error;
      out.priority = number;
      return simdjson::SUCCESS;
    });
  });
  if (!read) return read.error().why;
  if (out.command != "send") return "command: expected \"send\"";
  if (out.correlation_id.empty() || out.correlation_id.size() > 128) return "correlationId: expected 1 to 128 bytes";
  if (!out.body_seen) return "body is missing";
  if (out.verb != "hold" && out.verb != "unhold") return "body.type: expected \"hold\" or \"unhold\"";
  if (!out.priority || *out.priority < 0 || *out.priority > 9) return "body.priority: expected 0 to 9";
  return {};
}

/// The text of an acknowledgement.
[[nodiscard]] inline std::string acknowledgement(std::string_view correlation_id, std::string_view verb,
                                                 std::string_view interaction) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("correlationId", correlation_id).key("body").begin_object();
  json.member("type", verb).member("interactionId", interaction).end_object().end_object();
  return text;
}

/// The text of a refusal; correlation id and interaction are named as far as they can be.
[[nodiscard]] inline std::string negative_acknowledgement(const ChannelCommand& command, std::string_view why) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  if (!command.correlation_id.empty() && command.correlation_id.size() <= 128)
    json.member("correlationId", std::string_view(command.correlation_id));
  json.key("body").begin_object().member("type", "error").member("message", why);
  if (is_identifier(command.interaction)) json.member("interactionId", std::string_view(command.interaction));
  json.end_object().end_object();
  return text;
}

/// The attributes as a JSON object.
inline void write_attributes(JsonWriter& json, const CloudInteraction& interaction) {
  json.begin_object();
  for (const auto& [name, value] : interaction.attributes) json.key(name).raw(value);
  json.end_object();
}

/// The body of `GET /api/v2/interactions/{id}`.
inline void write_interaction(std::string& out, const CloudInteraction& interaction, const CloudOptions& options) {
  JsonWriter json(out);
  json.begin_object()
      .member("id", std::string_view(interaction.id))
      .member("state", std::string_view(interaction.state));
  if (options.show_held) json.member("held", interaction.held);
  if (options.etag == EtagPlace::body || options.etag == EtagPlace::header_and_body)
    json.member("etag", std::string_view(interaction.etag()));
  if (!interaction.flow_id.empty()) json.member("flowId", std::string_view(interaction.flow_id));
  json.key("routingData").begin_object();
  if (!interaction.skill_group_id.empty()) {
    json.key("skillGroup").begin_object().member("id", std::string_view(interaction.skill_group_id));
    json.member("name", std::string_view(interaction.skill_group_name)).end_object();
  }
  if (!interaction.organisation_id.empty()) json.member("orgId", std::string_view(interaction.organisation_id));
  json.end_object().key("customAttributes");
  write_attributes(json, interaction);
  json.end_object();
}

/// The unsolicited message that tells the channels of a change.
[[nodiscard]] inline std::string state_update(const CloudInteraction& interaction) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("topic", "v2.interactions").key("body").begin_object().member("type", "state");
  json.member("interactionId", std::string_view(interaction.id)).member("state", std::string_view(interaction.state));
  json.member("held", interaction.held);
  if (const std::string* const node = interaction.attribute("flow_node")) json.key("flowNode").raw(*node);
  json.end_object().end_object();
  return text;
}

/// An interaction with what was done to it, for those who check.
inline void write_history(JsonWriter& json, const CloudInteraction& interaction,
                          const std::vector<const AppliedOperation*>& operations) {
  const std::string* const node = interaction.attribute("flow_node");
  json.begin_object()
      .member("id", std::string_view(interaction.id))
      .member("state", std::string_view(interaction.state));
  json.key("node").raw(node != nullptr ? std::string_view(*node) : std::string_view("null"));
  json.member("version", interaction.version).member("etag", std::string_view(interaction.etag()));
  json.member("held", interaction.held).key("customAttributes");
  write_attributes(json, interaction);
  json.key("operations").begin_array();
  for (const AppliedOperation* const operation : operations) {
    json.begin_object().member("kind", to_string(operation->kind)).member("id", std::string_view(operation->id));
    if (!operation->node.empty()) json.key("node").raw(operation->node);
    json.member("version", operation->version).member("changed", operation->changed).end_object();
  }
  json.end_array().end_object();
}

}  // namespace patchbay::testing::detail
