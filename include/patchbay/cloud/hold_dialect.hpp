// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <patchbay/cloud/reserved_names.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/policy/hold_dialect.hpp>

namespace patchbay {

/// The hold channel's frames as document B has them.
struct DocumentsHoldDialect {
  /// Members of a command's body that the library writes and no schema may.
  static constexpr const auto& reserved_members = detail::reserved_members;

  /// `members` are the encoded members of the body behind `type`.
  static void encode_command(std::string& out, HoldVerb verb, std::string_view correlation_id, std::string_view members) {
    out.clear();
    JsonWriter json(out);
    json.begin_object().member("command", "send").member("correlationId", correlation_id).key("body");
    json.begin_object().member("type", to_string(verb)).members(members).end_object().end_object();
  }

  /// Reads any message. Members that matter may be of other types in messages that are none of ours: they count as absent.
  /// An error only when the text is no JSON object.
  static JsonResult<void> parse_reply(const Body& text, JsonReader& reader, ChannelNews& out) {
    out.clear();
    return reader.object(text, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
      if (key == "correlationId") return take(value, out.correlation_id);
      if (key == "message") return out.message.empty() ? take(value, out.message) : simdjson::SUCCESS;
      if (key != "body") return simdjson::SUCCESS;
      simdjson::ondemand::json_type type;
      if (const auto error = value.type().get(type)) return error;
      if (type != simdjson::ondemand::json_type::object) return simdjson::SUCCESS;
      JsonObjectView body;
      if (const auto error = value.get_object().get(body)) return error;
      return JsonReader::each(body, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
        if (name == "type") {
          const auto error = take(content, out.type);
          out.has_type = out.has_type || !out.type.empty();
          return error;
        }
        if (name == "interactionId") return take(content, out.interaction);
        if (name == "message") return take(content, out.message);
        return simdjson::SUCCESS;
      });
    });
  }

 private:
  static simdjson::error_code take(JsonValue value, std::string& out) {
    simdjson::ondemand::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type != simdjson::ondemand::json_type::string) return simdjson::SUCCESS;
    std::string_view text;
    if (const auto error = value.get_string().get(text)) return error;
    out.assign(text);
    return simdjson::SUCCESS;
  }
};

}  // namespace patchbay
