// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

// The bodies that the platform's cloud reads, walked in full. A reader answers with nothing, or with why the body is
// refused. Members that the definition does not know are refused too, so that a misspelt one is found.
namespace patchbay::testing::detail {

/// A refusal: the `code` of the platform's error body and a sentence.
class BodyError {
 public:
  BodyError(std::string_view code_in, std::string message_in) : code(code_in), message(std::move(message_in)) {}
  std::string_view code;  ///< Static text.
  std::string message;
};
using BodyVerdict = std::optional<BodyError>;

/// What the readers share: the first member that is not as it should be, and what is wrong with it.
class PlatformFields {
 public:
  static bool is_null(JsonValue& value) {
    simdjson::ondemand::json_type type;
    return value.type().get(type) == simdjson::SUCCESS && type == simdjson::ondemand::json_type::null;
  }
  simdjson::error_code truth(std::string_view key, JsonValue& value, std::optional<bool>& out) {
    if (is_null(value)) return skip(value);
    bool read = false;
    if (const auto error = value.get_bool().get(read))
      return refuse(error, "invalid.value", key, "expected true or false");
    out = read;
    return simdjson::SUCCESS;
  }
  simdjson::error_code text(std::string_view key, JsonValue& value, std::string& out) {
    if (is_null(value)) return skip(value);
    std::string_view view;
    if (const auto error = value.get_string().get(view)) return refuse(error, "invalid.value", key, "expected text");
    out.assign(view);
    return simdjson::SUCCESS;
  }
  simdjson::error_code int32(std::string_view key, JsonValue& value, std::optional<std::int32_t>& out) {
    if (is_null(value)) return skip(value);
    std::int64_t number = 0;
    const auto error = value.get_int64().get(number);
    if (error || number < (std::numeric_limits<std::int32_t>::min)() ||
        number > (std::numeric_limits<std::int32_t>::max)())
      return refuse(simdjson::NUMBER_ERROR, "invalid.value", key, "expected a number of 32 bits");
    out = static_cast<std::int32_t>(number);
    return simdjson::SUCCESS;
  }
  simdjson::error_code object(std::string_view key, JsonValue& value, JsonObjectView& out) {
    const auto error = value.get_object().get(out);
    return error ? refuse(error, "invalid.value", key, "expected an object") : simdjson::SUCCESS;
  }
  simdjson::error_code skip(JsonValue& value) { return ignored_.clear(), JsonReader::walk(value, ignored_); }
  simdjson::error_code unknown(std::string_view key) {
    return refuse(simdjson::NO_SUCH_FIELD, "invalid.property", key, "there is no such property");
  }
  /// Keeps the first refusal and passes the error on.
  simdjson::error_code refuse(simdjson::error_code error, std::string_view code, std::string_view key,
                              std::string_view why) {
    if (code_.empty()) code_ = code, message_ = std::string(key.substr(0, 64)).append(": ").append(why);
    return error;
  }
  /// The verdict on a body whose reading gave `read`.
  [[nodiscard]] BodyVerdict verdict(const JsonResult<void>& read) {
    if (!code_.empty()) return BodyError(code_, std::move(message_));
    if (!read) return BodyError("bad.request", std::string(read.error().why));
    return std::nullopt;
  }

 private:
  std::string_view code_;
  std::string message_, ignored_;
};

/// What a PATCH of a participant asks for; what is absent stays as it is.
class ParticipantChange {
 public:
  std::optional<bool> held, confined, muted;
  std::string state;
  bool has_wrapup = false;
};

[[nodiscard]] inline BodyVerdict read_participant(std::string_view body, JsonReader& reader, ParticipantChange& out) {
  PlatformFields fields;
  std::optional<bool> recording, skipped;
  std::string resume;
  bool any = false;
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    any = true;
    if (key == "held") return fields.truth(key, value, out.held);
    if (key == "confined") return fields.truth(key, value, out.confined);
    if (key == "muted") return fields.truth(key, value, out.muted);
    if (key == "recording") return fields.truth(key, value, recording);
    if (key == "wrapupSkipped") return fields.truth(key, value, skipped);
    if (key == "resumeTime") return fields.text(key, value, resume);
    if (key == "state") return fields.text(key, value, out.state);
    if (key != "wrapup") return fields.unknown(key);
    if (PlatformFields::is_null(value)) return fields.skip(value);
    JsonObjectView object;
    if (const auto error = fields.object(key, value, object)) return error;
    out.has_wrapup = true;
    return JsonReader::each(object, [&](std::string_view, JsonValue content) { return fields.skip(content); });
  });
  if (BodyVerdict verdict = fields.verdict(read)) return verdict;
  if (!any) return BodyError("conversation.participant.update.invalid", "the update names nothing to change");
  if (!out.state.empty() && out.state != "connected" && out.state != "disconnected")
    return BodyError("invalid.value", "state: expected connected or disconnected");
  if (out.confined.value_or(false) && out.held && !*out.held)
    return BodyError("conversation.participant.update.invalid", "confined: a participant that is confined is held");
  return std::nullopt;
}

using TextMembers = std::vector<std::pair<std::string, std::string>>;

/// `{"attributes":{…}}`, whose values are strings.
[[nodiscard]] inline BodyVerdict read_participant_attributes(std::string_view body, JsonReader& reader,
                                                             TextMembers& out) {
  PlatformFields fields;
  bool found = false;
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key != "attributes") return fields.unknown(key);
    JsonObjectView object;
    if (const auto error = fields.object(key, value, object)) return error;
    found = true;
    return JsonReader::each(object, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
      std::string owned(name), text;
      if (PlatformFields::is_null(content))
        return fields.refuse(simdjson::INCORRECT_TYPE, "conversation.error.participant.attribute.null", owned,
                             "is null");
      if (const auto error = fields.text(owned, content, text)) return error;
      out.emplace_back(std::move(owned), std::move(text));
      return simdjson::SUCCESS;
    });
  });
  if (BodyVerdict verdict = fields.verdict(read)) return verdict;
  if (!found) return BodyError("bad.request", "attributes is missing");
  return std::nullopt;
}

/// A write of a record of custom attributes.
class RecordWrite {
 public:
  std::string id, schema_id;
  std::optional<std::int32_t> version;
  std::optional<std::vector<std::string>> divisions;
  TextMembers attributes;  ///< Name and JSON text.
};

[[nodiscard]] inline BodyVerdict read_record(std::string_view body, JsonReader& reader, bool creates,
                                             RecordWrite& out) {
  constexpr std::string_view required = "conversation.custom.attributes.property.required";
  PlatformFields fields;
  bool found = false;
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "id") return fields.text(key, value, out.id);
    if (key == "schemaId" && creates) return fields.text(key, value, out.schema_id);
    if (key == "version") return fields.int32(key, value, out.version);
    if (key == "divisions") {
      simdjson::ondemand::array array;
      if (const auto error = value.get_array().get(array))
        return fields.refuse(error, "invalid.value", key, "expected a list");
      out.divisions.emplace();
      for (auto element : array) {
        JsonValue item;
        if (const auto error = element.get(item)) return error;
        if (const auto error = fields.text("divisions", item, out.divisions->emplace_back())) return error;
      }
      return simdjson::SUCCESS;
    }
    if (key != "customAttributes") return fields.unknown(key);
    JsonObjectView object;
    if (const auto error = fields.object(key, value, object)) return error;
    found = true;
    out.attributes.clear();
    return JsonReader::each(object, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
      std::string owned(name), json;
      if (const auto error = JsonReader::walk(content, json)) return error;
      out.attributes.emplace_back(std::move(owned), std::move(json));
      return simdjson::SUCCESS;
    });
  });
  if (BodyVerdict verdict = fields.verdict(read)) return verdict;
  if (out.id.empty()) return BodyError(required, "id is missing");
  if (!found) return BodyError(required, "customAttributes is missing");
  return std::nullopt;
}

/// A list of topics, each `{"id":…}`.
[[nodiscard]] inline BodyVerdict read_topics(std::string_view body, JsonReader& reader, std::vector<std::string>& out) {
  PlatformFields fields;
  const auto read = reader.composite(body, [&](JsonValue value) -> simdjson::error_code {
    simdjson::ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    for (auto element : array) {
      JsonValue item;
      if (const auto error = element.get(item)) return error;
      JsonObjectView object;
      if (const auto error = fields.object("topic", item, object)) return error;
      std::string id;
      if (const auto error = JsonReader::each(object, [&](std::string_view key, JsonValue content) {
            return key == "id" ? fields.text(key, content, id) : fields.skip(content);
          }))
        return error;
      if (id.empty()) return fields.refuse(simdjson::NO_SUCH_FIELD, "notification.invalid.topic", "id", "is missing");
      out.push_back(std::move(id));
    }
    return simdjson::SUCCESS;
  });
  return fields.verdict(read);
}

/// A message from the notification socket.
class SocketMessage {
 public:
  std::string message, correlation_id;
  std::vector<std::string> topics;
};

[[nodiscard]] inline bool read_socket_message(std::string_view text, JsonReader& reader, SocketMessage& out) {
  PlatformFields fields;
  const auto read = reader.object(text, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "message") return fields.text(key, value, out.message);
    if (key == "correlationId") return fields.text(key, value, out.correlation_id);
    if (key != "topics") return fields.skip(value);
    simdjson::ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    for (auto element : array) {
      JsonValue item;
      if (const auto error = element.get(item)) return error;
      if (const auto error = fields.text("topics", item, out.topics.emplace_back())) return error;
    }
    return simdjson::SUCCESS;
  });
  return read.has_value();
}

}  // namespace patchbay::testing::detail
