// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cmath>  // isfinite
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/interaction.hpp>
#include <patchbay/cloud/reserved_names.hpp>
#include <patchbay/http.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/result.hpp>
#include <patchbay/secret.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// The wire as the two seed documents have it: addresses, bodies and answers as data, no input or output. A second
/// dialect of the cloud will stand beside it with the same members.
struct DocumentsDialect {
  /// Attributes that the library writes and no variable may (hazard A19).
  static constexpr const auto& reserved_attributes = detail::reserved_attributes;
  static constexpr std::string_view transition_scope = "interaction:update interaction:read flow:read";
  static constexpr std::string_view token_target = "/oauth/token";

  static void interaction_target(std::string& out, const Endpoint& api, std::string_view id) { resource(out, api, "/api/v2/interactions/", id); }
  static void flow_target(std::string& out, const Endpoint& api, std::string_view id) { resource(out, api, "/api/v2/flows/", id); }

  /// `{"customAttributes":{…}}` for a move to `node`; `variables` are encoded members. Returns the size of the attributes
  /// object in bytes, which is what the platform's limit counts.
  static std::size_t encode_transition(std::string& out, std::string_view node, std::string_view timestamp,
                                       std::string_view transition_id, std::string_view variables) {
    out.assign(R"({"customAttributes":{"ivr_state":)");
    append_json_string(out, node);
    append_json_string(out.append(R"(,"flow_node":)"), node);
    append_json_string(out.append(R"(,"last_updated":)"), timestamp);
    append_json_string(out.append(R"(,"transition_id":)"), transition_id);
    if (!variables.empty()) out.append(",").append(variables);
    out.append("}}");
    return out.size() - std::string_view(R"({"customAttributes":})").size();
  }

  /// Reads an interaction, its ETag included.
  static JsonResult<void> parse_interaction(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) {
    out.clear();
    const std::optional<std::string_view> header = response.headers.find("ETag");
    if (header) set_etag(out, *header);
    return reader.object(response.body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
      if (key == "id") return text(value, out.id);
      if (key == "state") return text(value, out.state);
      if (key == "etag" && !header) {
        std::string tag;
        const simdjson::error_code error = text(value, tag);
        if (!error && !tag.empty()) set_etag(out, tag);
        return error;
      }
      if (key == "held") {
        if (is_null(value)) return simdjson::SUCCESS;
        bool held = false;
        const simdjson::error_code error = value.get_bool().get(held);
        if (!error) out.held = held;
        return error;
      }
      if (key == "routingData") {
        return members(value, [&](std::string_view inner, JsonValue part) -> simdjson::error_code {
          if (inner == "orgId") return text(part, out.organisation_id);
          if (inner != "skillGroup") return simdjson::SUCCESS;
          return members(part, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
            return name == "id" ? text(content, out.skill_group_id) : simdjson::SUCCESS;
          });
        });
      }
      if (key == "customAttributes") {
        return members(value, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
          if (name == "transition_id") return attribute(content, out.transition_id);
          if (name != "flow_node" || is_null(content)) return simdjson::SUCCESS;
          out.has_flow_node = true;
          return attribute(content, out.flow_node);
        });
      }
      return simdjson::SUCCESS;
    });
  }

  /// What the answer to a write says of the interaction: its version, from the header or else the body, and of `state`,
  /// `flow_node` and `transition_id` what it echoes. An answer that is neither empty nor a JSON object is an error: it may
  /// not come from the API at all.
  static JsonResult<void> parse_write_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) {
    out.clear();
    const std::optional<std::string_view> header = response.headers.find("ETag");
    if (header) set_etag(out, *header);
    if (response.body.view().find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
    return reader.object(response.body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
      if (key == "transition_id") return text(value, out.transition_id);
      if (key == "state") return attribute(value, out.state);
      if (key == "etag" && !header) {
        std::string tag;
        const simdjson::error_code error = attribute(value, tag);
        if (!error && !tag.empty()) set_etag(out, tag);
        return error;
      }
      if (key != "customAttributes") return simdjson::SUCCESS;
      return members(value, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
        if (name == "transition_id") return attribute(content, out.transition_id);
        if (name != "flow_node" || is_null(content)) return simdjson::SUCCESS;
        out.has_flow_node = true;
        return attribute(content, out.flow_node);
      });
    });
  }

  /// What the token endpoint granted.
  class Grant {
   public:
    Secret access_token;
    std::string scope;
    bool has_scope = false;
    double expires_in = -1;  ///< Seconds; negative when absent.
  };
  /// Reads a granted token (RFC 6749 section 5.1). An absent, empty or unprintable token, another token type and a
  /// lifetime that is no positive number are errors (hazard A13).
  static JsonResult<void> parse_grant(const HttpResponse& response, JsonReader& reader, Grant& out) {
    std::string token, type;
    bool bad_lifetime = false;
    const auto read = reader.object(response.body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
      if (key == "access_token") return text(value, token);
      if (key == "token_type") return text(value, type);
      if (key == "scope") {
        out.has_scope = !is_null(value);
        return text(value, out.scope);
      }
      if (key == "expires_in" && !is_null(value)) {
        bad_lifetime = value.get_double().get(out.expires_in) || !std::isfinite(out.expires_in) || out.expires_in <= 0;
      }
      return simdjson::SUCCESS;
    });
    out.access_token = Secret(std::move(token));
    if (!read) return read;
    if (out.access_token.empty()) return tl::unexpected(JsonError("holds no access_token"));
    for (const char c : out.access_token.reveal())
      if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f)
        return tl::unexpected(JsonError("holds an access_token with characters that no header can carry"));
    if (!type.empty() && !equal_ignoring_case(type, "bearer")) return tl::unexpected(JsonError("holds a token of a type other than Bearer"));
    if (bad_lifetime) return tl::unexpected(JsonError("holds an expires_in that is no positive number"));
    return {};
  }

 private:
  static void resource(std::string& out, const Endpoint& api, std::string_view collection, std::string_view id) {
    out.assign(api.path()).append(collection);
    append_percent_encoded(out, id);
  }
  static void set_etag(InteractionSnapshot& out, std::string_view tag) {
    if (is_strong_etag(tag)) {
      out.etag = tag;
    } else {
      out.weak_etag = true;
    }
  }
  // A template, so that the branch for the other simdjson is not compiled: without exceptions it would not be.
  template <class Value>
  static bool is_null(Value& value) noexcept {
    if constexpr (requires(bool truth) { value.is_null().get(truth); }) {
      bool null = false;
      return value.is_null().get(null) == simdjson::SUCCESS && null;
    } else {
      return value.is_null();
    }
  }
  /// A string, or nothing for null; anything else is an error.
  static simdjson::error_code text(JsonValue value, std::string& out) {
    std::string_view view;
    const simdjson::error_code error = value.get_string().get(view);
    if (error && !(error == simdjson::INCORRECT_TYPE && is_null(value))) return error;
    out.assign(view);
    return simdjson::SUCCESS;
  }
  /// An attribute that another writer may have given any type: the string, nothing for null, or the JSON text of anything
  /// else.
  static simdjson::error_code attribute(JsonValue value, std::string& out) {
    simdjson::ondemand::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::string || type == simdjson::ondemand::json_type::null) return text(value, out);
    out.clear();
    return JsonReader::walk(value, out);
  }
  /// The members of an object; none for null; anything else is an error.
  static simdjson::error_code members(JsonValue value, JsonVisitor visit) {
    JsonObjectView object;
    if (const auto error = value.get_object().get(object))
      return error == simdjson::INCORRECT_TYPE && is_null(value) ? simdjson::SUCCESS : error;
    return JsonReader::each(object, visit);
  }
};

}  // namespace patchbay
