// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/json/read.hpp>
#include <patchbay/schema/json_object.hpp>

namespace patchbay {

PATCHBAY_DECL Result<JsonObject> JsonObject::make(std::string_view text, JsonReader& reader) {
  std::string minified;
  const auto done = reader.minify(text, minified);
  if (!done) return detail::broken_rule(rule().append("; the reader says: ").append(done.error().why), text);
  if (!minified.starts_with('{')) return detail::broken_rule(rule(), text);
  return parsed(std::move(minified));
}

PATCHBAY_DECL Result<JsonObject> JsonObject::make(std::string_view text) {
  JsonReader reader;
  return make(text, reader);
}

}  // namespace patchbay
