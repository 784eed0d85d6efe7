// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>
#include <patchbay/schema/detail/iso8601.hpp>
#include <patchbay/time.hpp>

namespace patchbay::cloud::platform::detail {

/// `2026-11-21T09:30:00Z`, with or without a fraction of up to nine digits; nothing for any other text, and for years
/// that the wall clock cannot count.
[[nodiscard]] inline std::optional<WallTime> parse_wall_time(std::string_view text) noexcept {
  const auto parts = patchbay::detail::parse_instant(text, 9);
  const auto count = parts ? patchbay::detail::instant_count(*parts, 9) : std::nullopt;
  if (!count) return std::nullopt;
  return WallTime(std::chrono::floor<WallTime::duration>(std::chrono::nanoseconds(*count)));
}

/// How the platform's bodies are read. Of each kind of value there are two readers: one for members that decide
/// something, which ends the reading with a value of another type and remembers which it was; and one, `…_if`, for
/// which such a value is absent. Null is absent for both.
class Fields {
 public:
  using Type = simdjson::ondemand::json_type;

  /// `what` is read, for messages: `the conversation`.
  explicit Fields(std::string_view what) noexcept : what_(what) {}

  simdjson::error_code text(JsonValue value, std::string& out, std::string_view field) {
    out.clear();
    Type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == Type::string) return assign(value, out);
    return type == Type::null ? simdjson::SUCCESS : refuse(field, "text");
  }
  static simdjson::error_code text_if(JsonValue value, std::string& out) {
    out.clear();
    Type type;
    if (const auto error = value.type().get(type)) return error;
    return type == Type::string ? assign(value, out) : simdjson::SUCCESS;
  }
  /// Text, or the JSON text of a value of another type; nothing for null.
  static simdjson::error_code any(JsonValue value, std::string& out, bool& found) {
    out.clear();
    Type type;
    if (const auto error = value.type().get(type)) return error;
    found = type != Type::null;
    if (!found) return simdjson::SUCCESS;
    return type == Type::string ? assign(value, out) : JsonReader::walk(value, out);
  }
  simdjson::error_code truth(JsonValue value, std::optional<bool>& out, std::string_view field) {
    out.reset();
    Type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == Type::null) return simdjson::SUCCESS;
    return type == Type::boolean ? assign(value, out) : refuse(field, "true or false");
  }
  static simdjson::error_code truth_if(JsonValue value, std::optional<bool>& out) {
    out.reset();
    Type type;
    if (const auto error = value.type().get(type)) return error;
    return type == Type::boolean ? assign(value, out) : simdjson::SUCCESS;
  }
  static simdjson::error_code time_if(JsonValue value, std::optional<WallTime>& out) {
    out.reset();
    Type type;
    if (const auto error = value.type().get(type)) return error;
    if (type != Type::string) return simdjson::SUCCESS;
    std::string_view view;
    if (const auto error = value.get_string().get(view)) return error;
    out = parse_wall_time(view);
    return simdjson::SUCCESS;
  }
  /// A version: a whole number of 32 bits, from 0.
  simdjson::error_code version(JsonValue value, std::optional<std::int32_t>& out, std::string_view field) {
    out.reset();
    Type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == Type::null) return simdjson::SUCCESS;
    std::int64_t number = -1;
    constexpr std::int64_t most = (std::numeric_limits<std::int32_t>::max)();
    if (type != Type::number || value.get_int64().get(number) != simdjson::SUCCESS || number < 0 || number > most)
      return refuse(field, "a whole number from 0 to 2147483647");
    out = static_cast<std::int32_t>(number);
    return simdjson::SUCCESS;
  }
  simdjson::error_code members(JsonValue value, std::string_view field, JsonVisitor visit) {
    Type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == Type::object) return each(value, visit);
    return type == Type::null ? simdjson::SUCCESS : refuse(field, "an object");
  }
  static simdjson::error_code members_if(JsonValue value, JsonVisitor visit) {
    Type type;
    if (const auto error = value.type().get(type)) return error;
    return type == Type::object ? each(value, visit) : simdjson::SUCCESS;
  }
  template <class Visit>
  simdjson::error_code elements(JsonValue value, std::string_view field, Visit visit) {
    Type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == Type::array) return list(value, visit);
    return type == Type::null ? simdjson::SUCCESS : refuse(field, "a list");
  }
  template <class Visit>
  static simdjson::error_code elements_if(JsonValue value, Visit visit) {
    Type type;
    if (const auto error = value.type().get(type)) return error;
    return type == Type::array ? list(value, visit) : simdjson::SUCCESS;
  }

  /// What the names of fields are said to stand in: `calls` of `participants[].calls[].held`. Static text.
  void set_place(std::string_view outer, std::string_view inner = {}) noexcept { outer_ = outer, inner_ = inner; }
  /// Ends the reading for the field, whose name and what was expected of it are static text.
  simdjson::error_code refuse(std::string_view field, std::string_view expected) noexcept {
    if (field_.empty()) {
      field_ = field, expected_ = expected;
      field_outer_ = outer_, field_inner_ = inner_;
    }
    return simdjson::INCORRECT_TYPE;
  }
  /// What is made of a reading: `malformed_response`, when something was refused or it is no JSON object.
  [[nodiscard]] Result<void> verdict(const JsonResult<void>& read) const {
    if (read && field_.empty()) return {};
    return failure(read);
  }

 private:
  static simdjson::error_code assign(JsonValue& value, std::string& out) {
    std::string_view view;
    if (const auto error = value.get_string().get(view)) return error;
    out.assign(view);
    return simdjson::SUCCESS;
  }
  static simdjson::error_code assign(JsonValue& value, std::optional<bool>& out) {
    bool truth = false;
    if (const auto error = value.get_bool().get(truth)) return error;
    out = truth;
    return simdjson::SUCCESS;
  }
  static simdjson::error_code each(JsonValue& value, JsonVisitor visit) {
    JsonObjectView object;
    if (const auto error = value.get_object().get(object)) return error;
    return JsonReader::each(object, visit);
  }
  template <class Visit>
  static simdjson::error_code list(JsonValue& value, Visit& visit) {
    simdjson::ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    for (auto element : array) {
      JsonValue item;
      if (const auto error = element.get(item)) return error;
      if (const simdjson::error_code error = visit(item)) return error;
    }
    return simdjson::SUCCESS;
  }
  [[nodiscard, gnu::cold, gnu::noinline]] Failure failure(const JsonResult<void>& read) const {
    std::string message(what_);
    if (field_.empty()) return fail(ErrorCode::malformed_response, message.append(" ").append(read.error().why));
    message.append(": ");
    for (const std::string_view place : {field_outer_, field_inner_})
      if (!place.empty()) message.append(place).append("[].");
    return fail(ErrorCode::malformed_response, message.append(field_).append(": expected ").append(expected_));
  }

  std::string_view what_, outer_, inner_;
  std::string_view field_, expected_, field_outer_, field_inner_;
};

}  // namespace patchbay::cloud::platform::detail
