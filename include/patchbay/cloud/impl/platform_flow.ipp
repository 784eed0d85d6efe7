// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/cloud/detail/platform_fields.hpp>
#include <patchbay/cloud/error_body.hpp>
#include <patchbay/cloud/platform_flow.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>

namespace patchbay::cloud::platform {

namespace detail {

/// A time in either of the platform's spellings; anything else counts as none.
inline simdjson::error_code flow_time(JsonValue value, std::optional<WallTime>& out) {
  out.reset();
  Fields::Type type;
  if (const auto error = value.type().get(type)) return error;
  if (type != Fields::Type::number) return Fields::time_if(value, out);
  std::int64_t count = 0;
  if (value.get_int64().get(count) != simdjson::SUCCESS) return simdjson::SUCCESS;
  constexpr auto most = std::chrono::duration_cast<milliseconds>((WallTime::max)().time_since_epoch()).count();
  constexpr auto least = std::chrono::duration_cast<milliseconds>((WallTime::min)().time_since_epoch()).count();
  if (count >= least && count <= most) out = WallTime(milliseconds(count));
  return simdjson::SUCCESS;
}

inline void clear(FlowVersion& version) noexcept {
  version.id.clear();
  version.created.reset(), version.published.reset();
}

/// A version that decides something is `strict`.
inline simdjson::error_code read_flow_version(JsonValue value, Fields& fields, bool strict, FlowVersion& out) {
  clear(out);
  const auto visit = [&](std::string_view key, JsonValue member) -> simdjson::error_code {
    if (key == "id")
      return strict ? fields.text(member, out.id, "publishedVersion.id") : Fields::text_if(member, out.id);
    if (key == "dateCreated") return flow_time(member, out.created);
    return key == "datePublished" ? flow_time(member, out.published) : simdjson::SUCCESS;
  };
  return strict ? fields.members(value, "publishedVersion", visit) : Fields::members_if(value, visit);
}

}  // namespace detail

PATCHBAY_DECL void FlowInfo::clear() noexcept {
  id.clear(), name.clear(), type.clear();
  active.reset();
  deleted = system = false;
  detail::clear(published), detail::clear(saved);
}

PATCHBAY_DECL Result<std::string_view> FlowInfo::version(std::string_view pinned) const {
  const auto refused = [this](std::string_view why) {
    std::string message = "flow ";
    patchbay::detail::append_shown(message, id, 128);
    return fail(ErrorCode::not_found, message.append(why));
  };
  if (deleted) return refused(" has been deleted");
  if (!pinned.empty()) return pinned;
  if (published.id.empty()) return refused(" has never been published, so that no version of it runs");
  return std::string_view(published.id);
}

PATCHBAY_DECL Result<void> parse_flow_info(const Body& body, JsonReader& reader, FlowInfo& out) {
  out.clear();
  detail::Fields fields("the flow");
  std::optional<bool> deleted, system;
  const auto read = reader.object(body, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "id") return fields.text(value, out.id, "id");
    if (key == "name") return detail::Fields::text_if(value, out.name);
    if (key == "type") return detail::Fields::text_if(value, out.type);
    if (key == "active") return detail::Fields::truth_if(value, out.active);
    if (key == "deleted") return fields.truth(value, deleted, "deleted");
    if (key == "system") return detail::Fields::truth_if(value, system);
    if (key == "publishedVersion") return detail::read_flow_version(value, fields, true, out.published);
    return key == "savedVersion" ? detail::read_flow_version(value, fields, false, out.saved) : simdjson::SUCCESS;
  });
  out.deleted = deleted.value_or(false), out.system = system.value_or(false);
  if (read && out.id.empty()) fields.refuse("id", "text");
  return fields.verdict(read);
}

PATCHBAY_DECL bool is_flow_deleted(int status, const ErrorBody& body) noexcept {
  return status == 410 || (status >= 400 && status < 500 && body.names("architect.flow.deleted"));
}

}  // namespace patchbay::cloud::platform
