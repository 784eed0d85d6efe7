// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/detail/platform_fields.hpp>
#include <patchbay/cloud/platform_attributes.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/write.hpp>

namespace patchbay::cloud::platform {

PATCHBAY_DECL void AttributeRecord::clear() noexcept {
  id.clear(), schema_id.clear(), version_text.clear(), flow_node.clear(), ivr_state.clear(), transition_id.clear();
  version.reset();
  has_flow_node = false;
}

PATCHBAY_DECL Result<const AttributeRecord*> AttributeRecords::find(std::string_view schema_id) const {
  const std::span<const AttributeRecord> records = all();
  if (schema_id.empty() && records.size() > 1) {
    return fail(ErrorCode::invalid_argument, "the conversation has " + std::to_string(records.size()) +
                                                 " records of custom attributes; say of which schema one is meant");
  }
  for (const AttributeRecord& each : records)
    if (schema_id.empty() || equal_ignoring_case(each.schema_id, schema_id)) return &each;
  return nullptr;
}

namespace detail {

inline simdjson::error_code read_record(JsonValue item, Fields& fields, AttributeRecord& out) {
  const auto attribute = [&](std::string_view name, JsonValue content) -> simdjson::error_code {
    bool found = false;
    if (name == "flow_node") return Fields::any(content, out.flow_node, out.has_flow_node);
    if (name == "ivr_state") return Fields::any(content, out.ivr_state, found);
    return name == "transition_id" ? Fields::any(content, out.transition_id, found) : simdjson::SUCCESS;
  };
  const auto error = Fields::members_if(item, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "id") return fields.text(value, out.id, "id");
    if (key == "version") return fields.version(value, out.version, "version");
    if (key == "customAttributes") return fields.members(value, "customAttributes", attribute);
    if (key != "schema") return simdjson::SUCCESS;
    return Fields::members_if(value, [&](std::string_view name, JsonValue content) {
      return name == "id" ? Fields::text_if(content, out.schema_id) : simdjson::SUCCESS;
    });
  });
  if (!error && out.id.empty()) return fields.refuse("id", "text");
  if (out.version) append_json_number(out.version_text, *out.version);
  return error;
}

}  // namespace detail

PATCHBAY_DECL Result<void> parse_attribute_records(const Body& body, JsonReader& reader, AttributeRecords& out) {
  out.clear();
  detail::Fields fields("the records of custom attributes");
  const auto element = [&](JsonValue item) -> simdjson::error_code {
    detail::Fields::Type type;
    if (const auto error = item.type().get(type)) return error;
    if (type == detail::Fields::Type::null) return simdjson::SUCCESS;
    if (type != detail::Fields::Type::object) return fields.refuse("results[]", "an object");
    if (out.records_.size() == AttributeRecords::max_records) return fields.refuse("results", "at most 1000");
    fields.set_place("results");
    const auto error = detail::read_record(item, fields, out.records_.add());
    fields.set_place({});
    return error;
  };
  bool found = false;
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key != "results") return simdjson::SUCCESS;
    found = true;
    out.clear();
    return fields.elements(value, "results", element);
  });
  // An object of anybody's would else count as a conversation without records, which would get a second one then.
  if (read && !found) fields.refuse("results", "a list");
  return fields.verdict(read);
}

PATCHBAY_DECL void encode_transition_members(std::string& out, std::string_view node, std::string_view timestamp,
                                             std::string_view transition_id, std::string_view variables) {
  append_json_string(out.assign(R"("ivr_state":)"), node);
  append_json_string(out.append(R"(,"flow_node":)"), node);
  append_json_string(out.append(R"(,"last_updated":)"), timestamp);
  append_json_string(out.append(R"(,"transition_id":)"), transition_id);
  if (!variables.empty()) out.append(",").append(variables);
}

PATCHBAY_DECL std::size_t encode_record_patch(std::string& out, std::string_view record_id,
                                              std::optional<std::int32_t> version, std::string_view members) {
  append_json_string(out.assign(R"({"id":)"), record_id);
  if (version) append_json_number(out.append(R"(,"version":)"), *version);
  out.append(R"(,"customAttributes":{)").append(members).append("}}");
  return members.size() + 2;
}

PATCHBAY_DECL std::size_t encode_first_record(std::string& out, std::string_view record_id, std::string_view schema_id,
                                              std::string_view members) {
  append_json_string(out.assign(R"({"id":)"), record_id);
  append_json_string(out.append(R"(,"schemaId":)"), schema_id);
  out.append(R"(,"version":0,"customAttributes":{)").append(members).append("}}");
  return members.size() + 2;
}

PATCHBAY_DECL Result<std::size_t> encode_participant_attributes(std::string& out, std::string_view members,
                                                                JsonReader& reader) {
  // The object is put into `out` to be read, which copies it, and taken out again when what is made of it stands
  // behind.
  constexpr std::string_view begin = R"({"attributes":{)";
  out.assign("{").append(members).append("}");
  const std::size_t source = out.size();
  std::string text, null_name;
  bool is_first = true, is_null = false;
  out.reserve(2 * source + begin.size() + 2);
  const auto read = reader.object(std::string_view(out).substr(0, source),
                                  [&](std::string_view name, JsonValue value) -> simdjson::error_code {
                                    out.append(is_first ? begin : std::string_view(","));
                                    is_first = false;
                                    append_json_string(out, name);
                                    bool found = false;
                                    if (const auto error = detail::Fields::any(value, text, found)) return error;
                                    if (!found) {
                                      is_null = true;
                                      null_name.assign(name);
                                      return simdjson::INCORRECT_TYPE;
                                    }
                                    append_json_string(out.append(":"), text);
                                    return simdjson::SUCCESS;
                                  });
  if (is_null) {
    out.clear();
    Error error(ErrorCode::validation_failed, "a participant's attributes cannot be null");
    std::vector<Violation> violations(1);
    violations[0].path = std::move(null_name);
    violations[0].rule = "participant attribute: expected text, a number, a truth value, an object or a list";
    violations[0].value = "null";
    error.set_violations(std::move(violations));
    return fail(std::move(error));
  }
  if (!read) {
    out.clear();
    return fail(
        ErrorCode::invalid_argument,
        std::string("the attributes are no members of a JSON object: what they make ").append(read.error().why));
  }
  if (is_first) out.append(begin);
  out.append("}}").erase(0, source);
  return out.size() - std::string_view(R"({"attributes":})").size();
}

}  // namespace patchbay::cloud::platform
