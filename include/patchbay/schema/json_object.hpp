// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <patchbay/config.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

class JsonReader;

/// A JSON object, kept as its validated, minified text; nested at most `max_json_depth` deep.
class JsonObject {
 public:
  /// `{}`.
  JsonObject() : text_("{}") {}
  /// The object that is the whole of `text`; `validation_failed` when it is none.
  [[nodiscard]] PATCHBAY_DECL static Result<JsonObject> make(std::string_view text, JsonReader& reader);
  /// The same with a reader of its own, which allocates.
  [[nodiscard]] PATCHBAY_DECL static Result<JsonObject> make(std::string_view text);

  /// As it stands in JSON; what was moved from is `{}`, so that it stays JSON.
  [[nodiscard]] std::string_view view() const noexcept { return text_.empty() ? std::string_view("{}") : text_; }
  [[nodiscard]] static std::string rule() { return "object: expected a JSON object"; }
  /// Of the text: members in another order, or numbers spelled otherwise, make another object.
  [[nodiscard]] friend bool operator==(const JsonObject& a, const JsonObject& b) noexcept {
    return a.view() == b.view();
  }

 private:
  friend struct FieldRules<JsonObject>;
  static JsonObject parsed(std::string minified) {
    JsonObject out;
    out.text_ = std::move(minified);
    return out;
  }
  std::string text_;
};

template <>
struct FieldRules<JsonObject> {
  static constexpr FieldKind kind = FieldKind::object;
  static std::string rule() { return JsonObject::rule(); }
  static bool check(std::string_view) noexcept { return true; }
  static bool encode(const JsonObject& value, std::string& out) {
    out.append(value.view());
    return true;
  }
  static std::size_t encoded_size(const JsonObject& value) noexcept { return value.view().size(); }
  static std::string_view json_of(const JsonObject& value) noexcept { return value.view(); }
  static JsonObject parse(std::string_view token) { return JsonObject::parsed(std::string(token)); }
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/json_object.ipp>
#endif
