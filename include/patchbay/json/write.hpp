// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <patchbay/config.hpp>

namespace patchbay {

/// Appends `text` as a JSON string (RFC 8259 section 7). Valid UTF-8 in, valid UTF-8 out; the caller has checked it.
PATCHBAY_DECL void append_json_string(std::string& out, std::string_view text);

PATCHBAY_DECL void append_json_number(std::string& out, std::int64_t number);
PATCHBAY_DECL void append_json_number(std::string& out, std::uint64_t number);
/// Shortest text that reads back as the same number; a number that is not finite has no JSON and is written as `null`.
PATCHBAY_DECL void append_json_number(std::string& out, double number);
template <std::integral T>
  requires(!std::same_as<T, bool>)
void append_json_number(std::string& out, T number) {
  if constexpr (std::is_signed_v<T>) {
    append_json_number(out, std::int64_t{number});
  } else {
    append_json_number(out, std::uint64_t{number});
  }
}

/// Appends one JSON value piece by piece and sets the commas. What is written is valid as long as every `begin` has its
/// `end` and every member its `key`; that is the caller's duty. Allocates only when `out` must grow.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  PATCHBAY_DECL JsonWriter& key(std::string_view name);
  PATCHBAY_DECL JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }
  template <class T>
    requires((std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>)
  JsonWriter& value(T number) {
    append_json_number(place(), number);
    return *this;
  }
  JsonWriter& null() { return raw("null"); }
  /// A value that is JSON already.
  PATCHBAY_DECL JsonWriter& raw(std::string_view json);
  /// Members that are JSON already, without braces: `"a":1,"b":2`; nothing when there are none.
  JsonWriter& members(std::string_view json) { return json.empty() ? *this : raw(json); }
  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

 private:
  /// Where the next value goes, behind its comma.
  PATCHBAY_DECL std::string& place();
  PATCHBAY_DECL JsonWriter& open(char bracket);
  PATCHBAY_DECL JsonWriter& close(char bracket);
  std::string& out_;
  bool comma_ = false;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/json/impl/write.ipp>
#endif
