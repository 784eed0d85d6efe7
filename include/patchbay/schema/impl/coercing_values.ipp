// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // sort
#include <cmath>      // isfinite
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

// Included by coerce.ipp alone: the part of the engine that judges values.
namespace patchbay::detail {

inline constexpr std::string_view duplicate_rule = "duplicate: expected one value per name";

/// Calls `found` with each name but the first of its kind. Names are compared after the fact, sorted, so that many of
/// them do not cost the square of their number.
template <class Found>
void for_repeated(std::vector<std::string_view>& names, const Found& found) {
  if (names.size() < 2) return;
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i)
    if (names[i] == names[i - 1]) found(names[i]);
}

/// A reader for the JSON texts that are met in an input: the one at hand, or another one beneath it when that is still
/// reading the input itself.
struct ReaderFor {
  JsonReader* reader = nullptr;
  bool is_busy = false;

  ReaderFor() = default;
  ReaderFor(JsonReader& in, bool busy) noexcept : reader(&in), is_busy(busy) {}
  [[nodiscard]] JsonReader& take() const { return is_busy ? reader->inner() : *reader; }
};

/// Judges values, writes what they become, and stores it. Errors of the reader end the reading of the whole text; what
/// is wrong with a value is reported, and the reading goes on.
class CoercingValues {
 public:
  using Code = simdjson::error_code;

  /// Writes to the end of `members`; nowhere when there are none.
  CoercingValues(SchemaOptions options, std::vector<Violation>& violations, std::string* members, std::size_t expected)
      : options_(options),
        violations_(violations),
        writing_(members != nullptr),
        sink_(members != nullptr ? *members : nowhere_, expected) {}
  CoercingValues(const CoercingValues&) = delete;
  CoercingValues& operator=(const CoercingValues&) = delete;

 protected:
  ~CoercingValues() = default;

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

  [[gnu::always_inline]] void put(char c) {
    if (writing_) sink_.put(c);
  }
  [[gnu::always_inline]] void put(std::string_view bytes) {
    if (writing_) sink_.put(bytes);
  }
  static void store(const FieldShape& shape, const At& at, std::string_view token) {
    if (at.slot != nullptr) shape.ops.store(at.slot, token);
  }
  template <class Fill>
  static void build(const FieldShape& shape, void* slot, const Fill& fill) {
    if (slot != nullptr && shape.ops.open != nullptr) {
      static_cast<void>(shape.ops.open(slot, Inside(fill)));
    } else {
      static_cast<void>(fill(nullptr));
    }
  }

  /// The key at `raw` when it has no escapes; else a view of nothing.
  [[nodiscard]] static std::string_view plain_key(const char* raw) noexcept {
    const char* end = raw;
    while (*end != '"' && *end != '\\') ++end;
    return *end == '"' ? std::string_view(raw, static_cast<std::size_t>(end - raw)) : std::string_view{};
  }

  /// An object of a nested schema.
  virtual Code nested(const FieldShape& shape, JsonValue& value, const At& at, Done& done) = 0;

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

  /// A value of a JSON text that is being read.
  Code json(const FieldShape& shape, JsonValue& value, const At& at, Done& done) {
    if (at.depth <= 0) return simdjson::DEPTH_ERROR;
    const std::string_view token = token_of(value);
    switch (token.empty() ? '\0' : token.front()) {
      case '"': {
        const std::string_view inner = token.substr(1, token.size() - 2);
        if (has_no_escape(inner)) {
          if (const Code error = pass(value)) return error;
          done = text(shape, inner, at, Text::valid, inner, inner);
          return simdjson::SUCCESS;
        }
        std::string_view plain;
        if (const Code error = value.get_string().get(plain)) return error;
        done = text(shape, plain, at, Text::valid, plain,
                    has_canonical_escapes(inner) ? inner : std::string_view{});
        return simdjson::SUCCESS;
      }
      case '{':
        if (shape.kind == FieldKind::schema) return nested(shape, value, at, done);
        if (shape.kind == FieldKind::map) return map(shape, value, at, done);
        break;
      case '[':
        if (shape.kind == FieldKind::array) return array(shape, value, at, done);
        break;
      default:
        if (!is_scalar(token)) return simdjson::TAPE_ERROR;
        done = scalar(shape, token, at, token);
        return simdjson::SUCCESS;
    }
    const std::size_t before = sink_.size();
    if (const Code error = walk(value, at.depth)) return error;
    done = composite(shape, before, at);
    return simdjson::SUCCESS;
  }

  /// A variable.
  Done entry(const FieldShape& shape, const Variables::Entry& entry, const At& at) {
    if (!entry.is_json) return text(shape, entry.value, at, Text::unknown);
    const std::string_view value = trim_json(entry.value);
    if (value.starts_with('{') || value.starts_with('[')) return json_text(shape, entry.value, at);
    if (!value.starts_with('"') && is_scalar(value)) return scalar(shape, value, at, entry.value);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      const std::string_view inner = value.substr(1, value.size() - 2);
      if (needs_no_escape(inner)) return text(shape, inner, at, Text::valid, entry.value, inner);
    }
    std::string checked, plain;
    why_ = append_checked_json(value, at.readers.take(), checked);
    if (!why_.empty()) return refuse(shape, at, entry.value);
    append_unescaped(plain, checked);
    return text(shape, plain, at, Text::valid, entry.value);
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

  const SchemaOptions options_;
  std::vector<Violation>& violations_;
  std::string scratch_;  // what is written and read at once
  std::string nowhere_;
  const bool writing_;
  JsonSink sink_;
  std::string_view why_;  // the reader's reason for the present refusal

 private:
  /// What is known of a text.
  enum class Text : std::uint8_t { unknown, valid };  // bytes; UTF-8

  static constexpr std::string_view not_finite = "a number is not finite as a double";

  [[nodiscard]] bool is_strict() const noexcept { return options_.coercion == Coercion::strict; }

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
  [[nodiscard]] static bool is_number(std::string_view scalar) noexcept {
    return is_digit(scalar.front()) || scalar.front() == '-';
  }
  /// Writes the JSON value that the whole of a text is; why not, when it is none.
  [[nodiscard]] std::string_view checked_json(std::string_view value, JsonReader& reader, int depth) {
    return sink_.with_string([&](std::string& out) { return append_checked_json(value, reader, out, depth); });
  }

  [[nodiscard]] Done text(const FieldShape& shape, std::string_view value, const At& at, Text known) {
    return text(shape, value, at, known, value, {});
  }
  [[nodiscard]] Done text(const FieldShape& shape, std::string_view value, const At& at, Text known,
                          std::string_view shown) {
    return text(shape, value, at, known, shown, {});
  }
  /// A text. `shown` is what a violation shows of it; `escaped` how it is written, when that is known.
  [[nodiscard]] Done text(const FieldShape& shape, std::string_view value, const At& at, Text known,
                          std::string_view shown, std::string_view escaped) {
    switch (shape.kind) {
      case FieldKind::text: {
        const std::size_t before = sink_.size();
        bool fine = true;
        if (writing_ && escaped.data() != nullptr) {
          sink_.quoted(escaped);
        } else if (writing_) {
          fine = sink_.text(value);
        } else {
          fine = known != Text::unknown || is_valid_utf8(value);
        }
        if (!fine || !shape.check(value)) {
          sink_.cut(before);
          return refuse(shape, at, shown);
        }
        store(shape, at, value);
        return Done::written;
      }
      case FieldKind::number:
        if (!is_strict()) return number(shape, javascript::parse_float(value), at, shown);
        return is_json_number(value) && is_finite_token(value) ? number(shape, value, at, shown)
                                                               : refuse(shape, at, shown);
      case FieldKind::boolean: {
        const bool truth = value == "true" || value == "1";
        if (is_strict() && !truth && value != "false" && value != "0") return refuse(shape, at, shown);
        return boolean(shape, truth, at, shown);
      }
      case FieldKind::object: {
        const std::size_t before = sink_.size();
        why_ = checked_json(value, at.readers.take(), at.depth);
        return why_.empty() ? object(shape, before, at, shown) : refuse(shape, at, shown);
      }
      case FieldKind::schema:
      case FieldKind::array:
      case FieldKind::map:
        return json_text(shape, value, at);
    }
    return refuse(shape, at, shown);
  }

  /// The text of a JSON value.
  [[nodiscard]] Done json_text(const FieldShape& shape, std::string_view value, const At& at) {
    const std::string_view trimmed = trim_json(value);
    if (!trimmed.starts_with('{') && !trimmed.starts_with('[')) {
      const std::size_t before = sink_.size();
      why_ = checked_json(value, at.readers.take(), at.depth);
      sink_.cut(before);
      return refuse(shape, at, value);
    }
    const std::size_t known = violations_.size(), before = sink_.size();
    JsonReader& reader = at.readers.take();
    Done done = Done::wrong;
    const auto read = reader.composite(trimmed, [&](JsonValue& root) {
      return json(shape, root, {at.place, at.secret, at.has_default, at.slot, at.depth, ReaderFor{reader, true}}, done);
    });
    if (read) return done;
    violations_.resize(known);
    sink_.cut(before);
    why_ = read.error().why;
    return refuse(shape, at, value);
  }

  /// A number or a literal.
  [[nodiscard]] Done scalar(const FieldShape& shape, std::string_view token, const At& at, std::string_view shown) {
    const bool is_finite_number = is_number(token);
    if (is_finite_number && !is_finite_token(token)) {
      why_ = not_finite;
      return refuse(shape, at, shown);
    }
    if (!is_strict()) return lenient(shape, token, at, shown);
    if (token == "null") return shape.nullable || at.has_default ? Done::absent : refuse(shape, at, shown);
    if (shape.kind == FieldKind::number && is_finite_number) return number(shape, token, at, shown);
    if (shape.kind == FieldKind::boolean) {
      if (token == "true" || token == "1") return boolean(shape, true, at, shown);
      if (token == "false" || token == "0") return boolean(shape, false, at, shown);
    }
    return refuse(shape, at, shown);
  }

  /// The object or array that was written behind `before`, for a field that wants something else, or any object.
  [[nodiscard]] Done composite(const FieldShape& shape, std::size_t before, const At& at) {
    if (shape.kind == FieldKind::object) return object(shape, before, at, sink_.behind(before));
    Done done = Done::wrong;
    if (is_strict()) {
      done = refuse(shape, at, sink_.behind(before));
      sink_.cut(before);
    } else {
      const std::string json(sink_.behind(before));
      sink_.cut(before);
      done = lenient(shape, json, at, json);
    }
    return done;
  }

  /// What document A makes of a checked, minified JSON value that is no string.
  [[nodiscard]] Done lenient(const FieldShape& shape, std::string_view json, const At& at, std::string_view shown) {
    switch (shape.kind) {
      case FieldKind::text: {
        std::string plain;
        return javascript::append_string(plain, json) ? text(shape, plain, at, Text::valid, shown)
                                                      : refuse(shape, at, shown);
      }
      case FieldKind::number:
        return number(shape, javascript::to_number(json), at, shown);
      case FieldKind::boolean:
        return boolean(shape, json == "true", at, shown);
      case FieldKind::object:
        put(json);
        store(shape, at, json);
        return Done::written;
      case FieldKind::schema:
      case FieldKind::array:
      case FieldKind::map:
        break;
    }
    return refuse(shape, at, shown);
  }

  /// A finite number in JSON's grammar.
  [[nodiscard]] Done number(const FieldShape& shape, std::string_view token, const At& at, std::string_view shown) {
    if (!shape.check(token)) return refuse(shape, at, shown);
    put(shape.integral && token == "-0" ? token.substr(1) : token);
    store(shape, at, token);
    return Done::written;
  }
  [[nodiscard]] Done number(const FieldShape& shape, double value, const At& at, std::string_view shown) {
    if (!std::isfinite(value)) return refuse(shape, at, shown);
    std::string token;
    javascript::append_number(token, value);
    return number(shape, token, at, shown);
  }
  [[nodiscard]] Done boolean(const FieldShape& shape, bool truth, const At& at, std::string_view shown) {
    const std::string_view token = truth ? "true" : "false";
    if (!shape.check(token)) return refuse(shape, at, shown);
    put(token);
    store(shape, at, token);
    return Done::written;
  }

  /// The JSON value that was written behind `before`, for a field that wants an object.
  [[nodiscard]] Done object(const FieldShape& shape, std::size_t before, const At& at, std::string_view shown) {
    const std::string_view json = sink_.behind(before);
    Done done = Done::written;
    if (json.starts_with('{') ? !shape.check(json) : is_strict()) {
      done = refuse(shape, at, shown);
    } else {
      store(shape, at, json);
    }
    if (done == Done::wrong || !writing_) sink_.cut(before);
    return done;
  }

  Code array(const FieldShape& shape, JsonValue& value, const At& at, Done& done) {
    simdjson::ondemand::array array;
    if (const Code error = value.get_array().get(array)) return error;
    const std::size_t known = violations_.size();
    Code error = simdjson::SUCCESS;
    std::size_t count = 0;
    const auto fill = [&](void* inside) {
      put('[');
      for (auto each : array) {
        if ((error = each.error())) return false;
        if (count != 0) put(',');
        error = add(shape, {}, each.value_unsafe(), Place{&at.place, {}, count++}, inside, at);
        if (error) return false;
      }
      put(']');
      return violations_.size() == known;
    };
    build(shape, at.slot, fill);
    done = counted(shape, at, count, known);
    return error;
  }

  Code map(const FieldShape& shape, JsonValue& value, const At& at, Done& done) {
    JsonObjectView object;
    if (const Code error = value.get_object().get(object)) return error;
    const std::size_t known = violations_.size();
    Code error = simdjson::SUCCESS;
    std::vector<std::string_view> names;
    const auto fill = [&](void* inside) {
      put('{');
      for (auto each : object) {
        std::string_view name;
        if ((error = each.unescaped_key().get(name))) return false;
        JsonValue& element = each.value_unsafe().value();
        if (!names.empty()) put(',');
        names.push_back(name);
        if (writing_) static_cast<void>(sink_.text(name));
        put(':');
        error = add(shape, name, element, Place{&at.place, shown_name(name, at.secret)}, inside, at);
        if (error) return false;
      }
      put('}');
      for_repeated(names, [&](std::string_view name) {
        report(violations_, Place{&at.place, shown_name(name, at.secret)}, std::string(duplicate_rule), "", at.secret);
      });
      return violations_.size() == known;
    };
    build(shape, at.slot, fill);
    done = counted(shape, at, names.size(), known);
    return error;
  }

  /// An element of an array, or an entry of a map.
  Code add(const FieldShape& shape, std::string_view name, JsonValue& value, const Place& place, void* inside,
           const At& at) {
    Code error = simdjson::SUCCESS;
    const auto fill = [&](void* slot) {
      Done done = Done::wrong;
      error = json(*shape.element, value, {place, at.secret, false, slot, at.depth - 1, at.readers}, done);
      if (!error && done == Done::absent) put("null");
      return !error && done != Done::wrong;
    };
    if (inside != nullptr) {
      static_cast<void>(shape.ops.add(inside, name, Inside(fill)));
    } else {
      static_cast<void>(fill(nullptr));
    }
    return error;
  }

  [[nodiscard]] Done counted(const FieldShape& shape, const At& at, std::size_t count, std::size_t known) {
    if (violations_.size() != known) return Done::wrong;
    if (count >= shape.min_items && count <= shape.max_items) return Done::written;
    return refuse(shape, at, shape.kind == FieldKind::array ? "[]" : "{}");
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
};

}  // namespace patchbay::detail
