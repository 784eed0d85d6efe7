// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <cstring>  // memchr
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/javascript.hpp>
#include <patchbay/schema/json_sink.hpp>
#include <patchbay/schema/json_text.hpp>

// Included by coerce.ipp alone: the part of the engine that looks at the tokens of what is read, writes, and reports.
namespace patchbay::detail {

/// A reader for the JSON texts that are met in an input: the one at hand, or another one beneath it when that is still
/// reading the input itself.
struct ReaderFor {
  JsonReader* reader = nullptr;
  bool is_busy = false;

  ReaderFor() = default;
  ReaderFor(JsonReader& in, bool busy) noexcept : reader(&in), is_busy(busy) {}
  [[nodiscard]] JsonReader& take() const { return is_busy ? reader->inner() : *reader; }
};

/// What the engine works with whatever a field wants: tokens where they stand in a JSON text, the members that are
/// written, the violations that are reported, and values that go on as they are. Errors of the reader end the reading
/// of the whole text; what is wrong with a value is reported, and the reading goes on.
class CoercingOutput {
 public:
  using Code = simdjson::error_code;

  /// Writes to the end of `members`; nowhere when there are none.
  CoercingOutput(SchemaOptions options, std::vector<Violation>& violations, std::string* members, std::size_t expected)
      : options_(options),
        violations_(violations),
        writing_(members != nullptr),
        sink_(members != nullptr ? *members : nowhere_, expected) {}
  CoercingOutput(const CoercingOutput&) = delete;
  CoercingOutput& operator=(const CoercingOutput&) = delete;

 protected:
  ~CoercingOutput() = default;

  enum class Done : std::uint8_t { written, absent, wrong };  // wrong: reported

  /// The circumstances of a value.
  struct At {
    const Place& place;
    bool secret;
    bool has_default;
    void* slot;  ///< Where it is stored; null when it is only written.
    int depth;   ///< How deep it may be nested.
    ReaderFor readers;
  };

  static constexpr std::string_view not_finite = "a number is not finite as a double";

  [[nodiscard]] bool is_strict() const noexcept { return options_.coercion == Coercion::strict; }

  [[gnu::always_inline]] void put(char c) {
    if (writing_) sink_.put(c);
  }
  [[gnu::always_inline]] void put(std::string_view bytes) {
    if (writing_) sink_.put(bytes);
  }

  // Tokens.

  /// The key at `raw` when it has no escapes; else a view of nothing.
  [[nodiscard]] static std::string_view plain_key(const char* raw) noexcept {
    const char* end = raw;
    while (*end != '"' && *end != '\\') ++end;
    return *end == '"' ? std::string_view(raw, static_cast<std::size_t>(end - raw)) : std::string_view{};
  }

  [[nodiscard]] static std::string_view token_of(JsonValue& value) noexcept {
    std::string_view token = value.raw_json_token();
    while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
    return token;
  }
  [[nodiscard]] static bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  [[nodiscard]] static std::string_view trim_json(std::string_view json) noexcept {
    while (!json.empty() && is_space(json.front())) json.remove_prefix(1);
    while (!json.empty() && is_space(json.back())) json.remove_suffix(1);
    return json;
  }
  /// Whether `token` is a number, finite or not, or a literal.
  [[nodiscard]] static bool is_scalar(std::string_view token) noexcept {
    return is_json_number(token) || token == "true" || token == "false" || token == "null";
  }
  /// Whether the text of a token, without its quotes, has no escape: then it is plain, since the reader has looked at
  /// every byte for UTF-8 and control characters.
  [[nodiscard]] static bool has_no_escape(std::string_view inner) noexcept {
    return std::memchr(inner.data(), '\\', inner.size()) == nullptr;
  }

  /// Whether all escapes in a checked text are those that the library writes itself.
  [[nodiscard]] static bool has_canonical_escapes(std::string_view inner) noexcept {
    for (std::size_t i = inner.find('\\'); i != std::string_view::npos; i = inner.find('\\', i + 2)) {
      const char c = inner[i + 1];
      if (c != '"' && c != '\\' && c != 'n' && c != 'r' && c != 't') return false;
    }
    return true;
  }
  [[nodiscard]] static bool is_number(std::string_view scalar) noexcept {
    return is_digit(scalar.front()) || scalar.front() == '-';
  }

  /// Goes behind a string that was looked at where it stands. Left to the loop over its object, it would be taken for a
  /// key where a colon follows, and the rest of the object for its value: `{"a":"b":"c","d":1}` would be `{"a":"b"}`.
  [[nodiscard]] static Code pass(JsonValue& value) noexcept {
    simdjson::ondemand::raw_json_string raw;
    return value.get_raw_json_string().get(raw);
  }
  /// Leaves a value to the loop over its object, as far as that is safe.
  [[nodiscard]] static Code skip(JsonValue& value) noexcept {
    return token_of(value).starts_with('"') ? pass(value) : simdjson::SUCCESS;
  }

  // Values that go on as they are.

  /// Writes a value to the sink, checked in full and minified: as `JsonReader::walk` does.
  Code walk(JsonValue& value, int depth) {
    if (depth <= 0) return simdjson::DEPTH_ERROR;
    const std::string_view token = token_of(value);
    switch (token.empty() ? '\0' : token.front()) {
      case '"':
        if (!has_no_escape(token.substr(1, token.size() - 2))) {
          std::string_view plain;
          if (const Code error = value.get_string().get(plain)) return error;
        } else if (const Code error = pass(value)) {
          return error;
        }
        break;
      case '{': {
        JsonObjectView object;
        if (const Code error = value.get_object().get(object)) return error;
        sink_.put('{');
        bool any = false;
        for (auto each : object) {
          if (const Code error = each.error()) return error;
          JsonValue& member = each.value_unsafe().value();
          const simdjson::ondemand::raw_json_string raw = each.value_unsafe().key();
          if (std::exchange(any, true)) sink_.put(',');
          if (const std::string_view key = plain_key(raw.raw()); key.data() != nullptr) {
            sink_.quoted(key);
          } else {
            // The escaped form is what is passed on; the unescaped form is asked for because that is what checks it.
            std::string_view plain;
            if (const Code error = each.unescaped_key().get(plain)) return error;
            const char* end = raw.raw();
            while (*end != '"') end += *end == '\\' ? 2 : 1;
            sink_.quoted({raw.raw(), static_cast<std::size_t>(end - raw.raw())});
          }
          sink_.put(':');
          if (const Code error = walk(member, depth - 1)) return error;
        }
        sink_.put('}');
        return simdjson::SUCCESS;
      }
      case '[': {
        simdjson::ondemand::array array;
        if (const Code error = value.get_array().get(array)) return error;
        sink_.put('[');
        bool any = false;
        for (auto each : array) {
          if (const Code error = each.error()) return error;
          if (std::exchange(any, true)) sink_.put(',');
          if (const Code error = walk(each.value_unsafe(), depth - 1)) return error;
        }
        sink_.put(']');
        return simdjson::SUCCESS;
      }
      default:
        if (!is_scalar(token)) return simdjson::TAPE_ERROR;
        if (is_number(token) && !is_finite_token(token)) return simdjson::NUMBER_ERROR;
    }
    sink_.put(token);
    return simdjson::SUCCESS;
  }
  /// Writes the JSON value that the whole of a text is; why not, when it is none.
  [[nodiscard]] std::string_view checked_json(std::string_view value, JsonReader& reader, int depth) {
    return sink_.with_string([&](std::string& out) { return append_checked_json(value, reader, out, depth); });
  }

  /// An undeclared value that goes on; `fine` is false when it was reported.
  Code json_as_it_is(JsonValue& value, const At& at, bool& fine) {
    const std::string_view token = token_of(value);
    if (token.starts_with('"')) {
      std::string_view plain;
      if (const Code error = value.get_string().get(plain)) return error;
      static_cast<void>(sink_.text(plain));
      return simdjson::SUCCESS;
    }
    if (is_json_number(token) && !is_finite_token(token)) {
      fine = false;
      return refuse_json(value, at, std::string("json: expected one JSON value; the reader says: ").append(not_finite),
                         at.secret);
    }
    const std::size_t before = sink_.size();
    if (const Code error = walk(value, at.depth)) return error;
    fine = written_as_it_is(before);
    if (!fine) report(violations_, at.place, "json: expected one JSON value", sink_.behind(before), at.secret);
    return simdjson::SUCCESS;
  }
  [[nodiscard]] bool entry_as_it_is(const Variables::Entry& entry, JsonReader& reader) {
    if (!entry.is_json) return sink_.text(entry.value);
    const std::size_t before = sink_.size();
    why_ = checked_json(entry.value, reader, max_json_depth);
    return why_.empty() && written_as_it_is(before);
  }

  /// Makes of the JSON value that was written behind `before` what becomes of undeclared ones.
  [[nodiscard]] bool written_as_it_is(std::size_t before) {
    if (options_.unknown == Unknown::as_is || sink_.behind(before).starts_with('"')) return true;
    std::string plain;
    bool fine = true;
    if (is_strict()) {
      plain = sink_.behind(before);
    } else {
      fine = javascript::append_string(plain, sink_.behind(before));
    }
    if (!fine) return false;
    sink_.cut(before);
    return sink_.text(plain);
  }

  // What does not go on.

  /// Whether a secret may stand in a value of this shape, however broken it is.
  [[nodiscard]] static bool holds_secret(const FieldShape& shape) noexcept {
    const FieldShape* core = &shape;
    while (core->element != nullptr) core = core->element;
    return core->nested != nullptr && core->nested->has_secret;
  }

  Done refuse(const FieldShape& shape, const At& at, std::string_view shown) {
    std::string rule = shape.rule();
    if (!why_.empty()) rule.append("; ").append(std::exchange(why_, {}));
    report(violations_, at.place, std::move(rule), shown, at.secret || holds_secret(shape));
    return Done::wrong;
  }
  /// Reports `rule` with the value, which is read for that.
  Code refuse_json(JsonValue& value, const At& at, std::string rule, bool secret) {
    const std::string_view token = token_of(value);
    const std::size_t before = sink_.size();
    std::string_view shown = token;
    if (token.starts_with('"')) {
      if (const Code error = value.get_string().get(shown)) return error;
    } else if (token.starts_with('{') || token.starts_with('[')) {
      if (const Code error = walk(value, at.depth)) return error;
      shown = sink_.behind(before);
    } else if (!is_scalar(token)) {
      return simdjson::TAPE_ERROR;
    }
    report(violations_, at.place, std::move(rule), shown, secret);
    sink_.cut(before);
    return simdjson::SUCCESS;
  }

  const SchemaOptions options_;
  std::vector<Violation>& violations_;
  std::string scratch_;  // what is written and read at once
  std::string nowhere_;
  const bool writing_;
  JsonSink sink_;
  std::string_view why_;  // the reader's reason for the present refusal
};

}  // namespace patchbay::detail
