// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

// simdjson lays its parser out differently in a translation unit that is compiled without optimisation, or with -pthread. Two
// such units in one program would disagree about `JsonReader`, so the layout is fixed here, whatever the flags.
#if !defined(SIMDJSON_DEVELOPMENT_CHECKS)
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#elif SIMDJSON_DEVELOPMENT_CHECKS
#error "patchbay: define SIMDJSON_DEVELOPMENT_CHECKS=0 (the CMake target does), or include patchbay before simdjson.h"
#endif
#if !defined(SIMDJSON_THREADS_ENABLED) && !defined(__APPLE__)  // where simdjson itself decides by the optimisation
#if defined(SIMDJSON_H)
#error "patchbay: define SIMDJSON_THREADS_ENABLED (the CMake target does), or include patchbay before simdjson.h"
#endif
#define SIMDJSON_THREADS_ENABLED
#endif
#include <simdjson.h>
#include <tl/expected.hpp>

#include <patchbay/http.hpp>
#include <patchbay/json/number.hpp>

namespace patchbay {

/// Why JSON text could not be read: a short English clause without any of the text, since that may be a customer's.
class JsonError {
 public:
  explicit JsonError(std::string_view why_in) noexcept : why(why_in) {}
  explicit JsonError(simdjson::error_code code) noexcept : why(simdjson::error_message(code)) {}
  std::string_view why;  ///< Static text.
};

template <class T>
using JsonResult = tl::expected<T, JsonError>;

using JsonValue = simdjson::ondemand::value;
using JsonObjectView = simdjson::ondemand::object;

/// Nesting beyond this is refused wherever JSON is passed on or stored.
inline constexpr int max_json_depth = 64;

[[nodiscard]] inline bool is_valid_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

/// What is called for each member of an object: `(std::string_view key, JsonValue value) -> simdjson::error_code`.
///
/// Refers to the caller's visitor, which outlives the call. So there is one loop over members, and not one for each
/// visitor: they would not fit the instruction cache together.
class JsonVisitor {
 public:
  template <class Visit>
    requires(!std::same_as<std::remove_cvref_t<Visit>, JsonVisitor>)
  JsonVisitor(Visit&& visit) noexcept  // implicit: a parameter's type
      : visit_(const_cast<void*>(static_cast<const void*>(std::addressof(visit)))),
        call_([](void* visitor, std::string_view key, JsonValue value) -> simdjson::error_code {
          return (*static_cast<std::remove_reference_t<Visit>*>(visitor))(key, value);
        }) {}
  simdjson::error_code operator()(std::string_view key, JsonValue value) const { return call_(visit_, key, value); }

 private:
  void* visit_;
  simdjson::error_code (*call_)(void*, std::string_view, JsonValue);
};

/// Reads one JSON text at a time; keeps its memory, so a reader that is used again allocates nothing.
///
/// What a reader hands out is valid until its next call; nothing of it may be held across a suspension. Not safe to share
/// between threads.
class JsonReader {
 public:
  /// Calls `visit(key, value)` for each member of the object that is the whole of `body`, in order. `visit` returns
  /// `simdjson::error_code`: SUCCESS goes on, anything else ends the reading with that error. A member that `visit` does
  /// not consume is skipped. Duplicate keys are visited twice; take the first or the last, but decide.
  JsonResult<void> object(const Body& body, JsonVisitor visit) {
    simdjson::ondemand::document document;
    simdjson::error_code error = open(body, document);
    JsonObjectView object;
    if (!error) error = document.get_object().get(object);
    if (!error) error = each(object, visit);
    return close(document, error);
  }

  /// The same for text that is not in a `Body`; it is copied, for the padding.
  JsonResult<void> object(std::string_view text, JsonVisitor visit) {
    scratch_.assign(text);
    return object(scratch_, visit);
  }

  /// Calls `visit(value)`, which returns `simdjson::error_code`, for the object or array that is the whole of `text`.
  template <class Visit>
  JsonResult<void> composite(std::string_view text, Visit&& visit) {
    const std::string_view whole = trim(text);
    if (whole.empty()) return tl::unexpected(JsonError("is empty"));
    const char end = whole.front() == '{' ? '}' : whole.front() == '[' ? ']' : '\0';
    if (end == '\0') return tl::unexpected(JsonError("is neither object nor array"));
    if (whole.back() != end) return tl::unexpected(JsonError(simdjson::INCOMPLETE_ARRAY_OR_OBJECT));
    scratch_.assign(whole);
    simdjson::ondemand::document document;
    JsonValue value;
    simdjson::error_code error = open(scratch_, document);
    if (!error) error = document.get_value().get(value);
    if (!error) error = visit(value);
    return close(document, error);
  }

  /// A reader for JSON texts that are strings of the text that this one reads; kept too.
  [[nodiscard]] JsonReader& inner() {
    if (inner_ == nullptr) inner_ = std::make_unique<JsonReader>();
    return *inner_;
  }

  /// Appends the whole of `text`, one JSON value, to `out` without white space, after walking it in full: syntax, UTF-8,
  /// finite numbers, nesting of at most `max_depth`. `out` is unchanged on error.
  JsonResult<void> minify(std::string_view text, std::string& out, int max_depth = max_json_depth) {
    const std::string_view whole = trim(text);
    if (whole.empty()) return tl::unexpected(JsonError("is empty"));
    if (whole.front() != '{' && whole.front() != '[' && whole.front() != '"') {
      // Not by On-Demand: its readers of a whole document that is a number or a literal refuse integers beyond 64 bits,
      // take `false0`, and refuse `null` before white space.
      if (!is_literal(whole) && !parse_json_number(whole)) return tl::unexpected(JsonError("is no JSON value"));
      out.append(whole);
      return {};
    }
    const std::size_t before = out.size();
    scratch_.assign(text);
    simdjson::ondemand::document document;
    simdjson::error_code error = open(scratch_, document);
    if (!error && whole.front() == '"') {
      std::string_view plain;
      error = document.get_string().get(plain);
      if (!error) out.append(whole);
    } else if (!error) {
      JsonValue value;
      error = document.get_value().get(value);
      if (!error) error = walk(value, out, max_depth);
    }
    JsonResult<void> done = close(document, error);
    if (!done) out.resize(before);
    return done;
  }

  /// Appends a value that is being visited to `out`, checked and minified as `minify` does.
  static simdjson::error_code walk(JsonValue value, std::string& out, int max_depth = max_json_depth) {
    if (max_depth <= 0) return simdjson::DEPTH_ERROR;
    simdjson::ondemand::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::object) {
      JsonObjectView object;
      if (const auto error = value.get_object().get(object)) return error;
      out.push_back('{');
      bool first = true;
      for (auto field : object) {
        // The escaped form is what is passed on; the unescaped form is asked for because that is what checks it.
        simdjson::ondemand::raw_json_string raw;
        JsonValue member;
        if (const auto error = field.key().get(raw)) return error;
        if (const auto error = field.value().get(member)) return error;
        const char* key = raw.raw();
        std::string_view plain;
        if (const auto error = field.unescaped_key().get(plain)) return error;
        const char* end = key;
        while (*end != '"') end += *end == '\\' ? 2 : 1;
        if (!first) out.push_back(',');
        first = false;
        out.push_back('"');
        out.append(key, end);
        out.append("\":");
        if (const auto error = walk(member, out, max_depth - 1)) return error;
      }
      out.push_back('}');
      return simdjson::SUCCESS;
    }
    if (type == simdjson::ondemand::json_type::array) {
      simdjson::ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      out.push_back('[');
      bool first = true;
      for (auto element : array) {
        JsonValue item;
        if (const auto error = element.get(item)) return error;
        if (!first) out.push_back(',');
        first = false;
        if (const auto error = walk(item, out, max_depth - 1)) return error;
      }
      out.push_back(']');
      return simdjson::SUCCESS;
    }
    return scalar(value, type, trim(value.raw_json_token()), out);
  }

  /// Visits the members of a nested object, as `object` does.
  static simdjson::error_code each(JsonObjectView& object, JsonVisitor visit) {
    for (auto field : object) {
      std::string_view key;
      JsonValue value;
      if (const auto error = field.unescaped_key().get(key)) return error;
      if (const auto error = field.value().get(value)) return error;
      if (const simdjson::error_code error = visit(key, value)) return error;
    }
    return simdjson::SUCCESS;
  }

 private:
  simdjson::error_code open(const Body& body, simdjson::ondemand::document& document) {
    if (body.empty()) return simdjson::EMPTY;
    // The parser's own choice is a depth of 1024, which takes nine kilobytes of every reader and so of every operation.
    if (parser_.capacity() < body.size())
      if (const auto error = parser_.allocate((body.size() / 512 + 1) * 512, 2 * max_json_depth)) return error;
    return parser_.iterate(simdjson::padded_string_view(body.data(), body.size(), body.allocated())).get(document);
  }
  /// What became of a document whose reading ended with `error`; one that was read must have been read to its end.
  static JsonResult<void> close(simdjson::ondemand::document& document, simdjson::error_code error) {
    if (error == simdjson::EMPTY) return tl::unexpected(JsonError("is empty"));
    if (error) return tl::unexpected(JsonError(error));
    // A document that was read to its end has no current location; simdjson 3.0 has no `at_end` to ask.
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS) return tl::unexpected(JsonError("has text behind its end"));
    return {};
  }

  /// A number, string or literal: checked, then appended as it stands.
  static simdjson::error_code scalar(JsonValue& value, simdjson::ondemand::json_type type, std::string_view token, std::string& out) {
    if (type == simdjson::ondemand::json_type::string) {
      std::string_view plain;
      if (const auto error = value.get_string().get(plain)) return error;
    } else if (type == simdjson::ondemand::json_type::number) {
      if (!parse_json_number(token)) return simdjson::NUMBER_ERROR;
    } else if (!is_literal(token)) {
      return simdjson::INCORRECT_TYPE;
    }
    out.append(token);
    return simdjson::SUCCESS;
  }

  static bool is_literal(std::string_view token) noexcept { return token == "true" || token == "false" || token == "null"; }

  static std::string_view trim(std::string_view token) noexcept {
    const std::size_t begin = token.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return token.substr(begin, token.find_last_not_of(" \t\r\n") + 1 - begin);
  }

  simdjson::ondemand::parser parser_;
  Body scratch_;
  std::unique_ptr<JsonReader> inner_;
};

}  // namespace patchbay
