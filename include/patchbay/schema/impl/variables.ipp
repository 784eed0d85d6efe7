// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/json/read.hpp>
#include <patchbay/schema/utf8.hpp>
#include <patchbay/schema/variables.hpp>

namespace patchbay {

PATCHBAY_DECL Variables& Variables::add(std::string_view name, std::string_view value, bool is_json, bool is_checked) {
  if (entries_.capacity() == 0) entries_.reserve(8);
  const std::size_t at = bytes_.size();
  // First the bytes: an entry of bytes for which there was no memory would lie beyond them.
  bytes_.append(name).append(value);
  entries_.push_back({at, name.size(), value.size(), is_json, is_checked});
  return *this;
}

PATCHBAY_DECL Result<Variables> Variables::from_json(std::string_view object, JsonReader& reader) {
  Variables out;
  out.bytes_.reserve(object.size());
  out.entries_.reserve(8);
  const auto read = reader.object(object, [&](std::string_view name, JsonValue value) -> simdjson::error_code {
    Place place{out.bytes_.size(), name.size(), 0, false, false};
    out.bytes_.append(name);
    simdjson::ondemand::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::string) {
      std::string_view plain;
      if (const auto error = value.get_string().get(plain)) return error;
      out.bytes_.append(plain);
    } else {
      place.is_json = place.is_checked = true;
      if (const auto error = JsonReader::walk(value, out.bytes_)) return error;
    }
    place.value = out.bytes_.size() - place.at - place.name;
    out.entries_.push_back(place);
    return simdjson::SUCCESS;
  });
  if (read) return out;
  Violation violation{
      "variables", std::string("object: expected one JSON object; the reader says: ").append(read.error().why), {}};
  detail::append_clipped(violation.value, object, 64);
  Error error(ErrorCode::validation_failed, "the variables are no JSON object");
  error.set_violations({std::move(violation)});
  return fail(std::move(error));
}

}  // namespace patchbay
