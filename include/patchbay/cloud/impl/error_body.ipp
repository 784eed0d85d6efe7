// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/error_body.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/observe/redact.hpp>

namespace patchbay {

namespace detail {

/// One reading of a refusal's body. The texts are those of the outermost error alone.
class ErrorBodyReading {
 public:
  explicit ErrorBodyReading(ErrorBody& out) noexcept : out_(&out) {}

  simdjson::error_code outermost(std::string_view key, JsonValue value) {
    if (key == "contextId") return text(value, out_->context_id, ErrorBody::code_limit);
    if (key == "code") return code(value, out_->code);
    if (key == "error") return code(value, login_code_);
    for (std::size_t i = 0; i < message_names.size(); ++i)
      if (key == message_names[i]) return text(value, messages_[i], ErrorBody::message_limit);
    return inner(key, value, 0);
  }
  /// Decides what is to be told, once everything is read.
  void finish() {
    if (out_->code.empty()) out_->code = login_code_;
    for (const std::string& each : messages_)
      if (out_->message.empty()) out_->message = each;
  }

 private:
  static constexpr std::array<std::string_view, 4> message_names{"message", "error_description", "description",
                                                                 "messageWithParams"};

  /// The members that hold codes of further errors.
  simdjson::error_code inner(std::string_view key, JsonValue value, int depth) {
    if (key != "details" && key != "errors") return simdjson::SUCCESS;
    if (!is(value, simdjson::ondemand::json_type::array)) return simdjson::SUCCESS;
    const bool details = key == "details";
    if (!details && depth == ErrorBody::max_depth) return simdjson::SUCCESS;
    simdjson::ondemand::array list;
    if (const auto error = value.get_array().get(list)) return error;
    for (auto element : list) {
      JsonValue item;
      if (const auto error = element.get(item)) return error;
      if (!is(item, simdjson::ondemand::json_type::object)) continue;
      JsonObjectView object;
      if (const auto error = item.get_object().get(object)) return error;
      const auto error = JsonReader::each(object, [&](std::string_view name, JsonValue part) -> simdjson::error_code {
        if (name == (details ? "errorCode" : "code")) return inner_code(part);
        return details ? simdjson::SUCCESS : inner(name, part, depth + 1);
      });
      if (error) return error;
    }
    return simdjson::SUCCESS;
  }
  simdjson::error_code inner_code(JsonValue value) {
    std::string found;
    const auto error = code(value, found);
    if (!error && !found.empty() && out_->inner_codes.size() < ErrorBody::max_inner_codes)
      out_->inner_codes.push_back(std::move(found));
    return error;
  }

  static bool is(JsonValue& value, simdjson::ondemand::json_type wanted) {
    simdjson::ondemand::json_type type;
    return value.type().get(type) == simdjson::SUCCESS && type == wanted;
  }
  static simdjson::error_code text(JsonValue value, std::string& out, std::size_t limit) {
    if (!out.empty() || !is(value, simdjson::ondemand::json_type::string)) return simdjson::SUCCESS;
    std::string_view whole;
    const auto error = value.get_string().get(whole);
    if (!error) append_excerpt(out, whole, limit);
    return error;
  }
  static simdjson::error_code code(JsonValue value, std::string& out) {
    if (!out.empty() || !is(value, simdjson::ondemand::json_type::string)) return simdjson::SUCCESS;
    std::string_view whole;
    const auto error = value.get_string().get(whole);
    // Not `~`, which no code has, and an excerpt of one that looks like a credential would be another code.
    const bool fits = !error && whole.size() <= ErrorBody::code_limit && is_unreserved(whole) &&
                      whole.find('~') == std::string_view::npos;
    if (fits) out.assign(whole);
    return error;
  }

  ErrorBody* out_;
  std::string login_code_;
  std::array<std::string, message_names.size()> messages_;
};

}  // namespace detail

PATCHBAY_DECL bool ErrorBody::names(std::string_view asked) const noexcept {
  if (asked.empty()) return false;
  if (code == asked) return true;
  for (const std::string& each : inner_codes)
    if (each == asked) return true;
  return false;
}

PATCHBAY_DECL void ErrorBody::clear() noexcept {
  code.clear(), message.clear(), context_id.clear(), inner_codes.clear();
}

PATCHBAY_DECL bool parse_error_body(const Body& body, JsonReader& reader, ErrorBody& out) {
  out.clear();
  if (body.empty() || body.size() > ErrorBody::largest_body) return false;
  detail::ErrorBodyReading reading(out);
  const auto read = reader.object(body, [&reading](std::string_view key, JsonValue value) { return reading.outermost(key, value); });
  if (!read) return out.clear(), false;
  reading.finish();
  return true;
}

}  // namespace patchbay
