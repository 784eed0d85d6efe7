// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cmath>  // isfinite
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/json/read.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/impl/coercing_output.ipp>
#include <patchbay/schema/javascript.hpp>
#include <patchbay/schema/json_text.hpp>

// Included by coerce.ipp alone: the part of the engine that judges values.
namespace patchbay::detail {

/// Judges values by the shapes of their fields, writes what they become, and stores it.
class CoercingValues : public CoercingOutput {
 public:
  using CoercingOutput::CoercingOutput;

 protected:
  ~CoercingValues() = default;

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

  /// An object of a nested schema.
  virtual Code nested(const FieldShape& shape, JsonValue& value, const At& at, Done& done) = 0;

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

 private:
  /// What is known of a text.
  enum class Text : std::uint8_t { unknown, valid };  // bytes; UTF-8

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

  // The elements of what has some; see coercing_elements.ipp.

  Code array(const FieldShape& shape, JsonValue& value, const At& at, Done& done);
  Code map(const FieldShape& shape, JsonValue& value, const At& at, Done& done);
  Code add(const FieldShape& shape, std::string_view name, JsonValue& value, const Place& place, void* inside,
           const At& at);
  [[nodiscard]] Done counted(const FieldShape& shape, const At& at, std::size_t count, std::size_t known) {
    if (violations_.size() != known) return Done::wrong;
    if (count >= shape.min_items && count <= shape.max_items) return Done::written;
    return refuse(shape, at, shape.kind == FieldKind::array ? "[]" : "{}");
  }
};

}  // namespace patchbay::detail
