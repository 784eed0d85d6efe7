// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/policy/schema.hpp>

#include "support/json_tree.hpp"

namespace patchbay_test {

/// What must hold of schema T under options O whatever comes in; for tests that make inputs by chance. The functions
/// return the first law that is broken, with what shows it, and nothing when all hold.
///
/// `as_given` names fields of T whose loose values may be spelled otherwise than typed ones are: times.
template <class T, patchbay::SchemaOptions O>
class SchemaLaws {
 public:
  explicit SchemaLaws(std::span<const std::string_view> as_given = {}) : as_given_(as_given) {}

  /// Of the text of a JSON object, or of any other text.
  [[nodiscard]] std::string of_json(std::string_view json) {
    const Made made = coerced(json);
    if (auto law = of_made(made, true); !law.empty()) return shown(law, json, made);

    // The same text as variables.
    const auto variables = patchbay::Variables::from_json(json, reader_);
    if (!variables && made.fine() && O.unknown != patchbay::Unknown::ignore)
      return shown("what is taken as text can be read as variables", json, made);
    if (variables && O.unknown != patchbay::Unknown::ignore) {
      const Made other = coerced(*variables);
      if (other.fine() != made.fine()) return shown("text and variables are taken alike", json, made, other);
      if (other.members != made.members) return shown("text and variables become the same", json, made, other);
      if (paths(other) != paths(made)) return shown("text and variables have the same violations", json, made, other);
    }
    if constexpr (O.coercion == patchbay::Coercion::strict) {
      const auto value = schema_.decode(json, reader_);
      if (value.has_value() != made.fine()) return shown("decoding takes what coercion takes", json, made);
      if (!value) {
        Made other;
        other.violations = value.error().violations();
        if (paths(other) != paths(made)) return shown("decoding has the violations of coercion", json, made, other);
      } else if (auto law = of_value(*value, made); !law.empty()) {
        return shown(law, json, made);
      }
    }
    return {};
  }

  [[nodiscard]] std::string of_variables(const patchbay::Variables& variables) {
    const Made made = coerced(variables);
    if (auto law = of_made(made, false); !law.empty()) return shown(law, "", made);
    if constexpr (O.coercion == patchbay::Coercion::strict) {
      const auto value = schema_.parse(variables, reader_);
      if (value.has_value() != made.fine()) return shown("parsing takes what coercion takes", "", made);
      if (value)
        if (auto law = of_value(*value, made); !law.empty()) return shown(law, "", made);
    }
    return {};
  }

 private:
  static constexpr std::string_view before = "\"before\":0";

  struct Made {
    std::string members;
    std::vector<patchbay::Violation> violations;
    bool before_stays = true;
    [[nodiscard]] bool fine() const { return violations.empty(); }
    [[nodiscard]] std::string object() const { return "{" + members + "}"; }
  };

  template <class In>
  [[nodiscard]] Made coerced(const In& in) {
    Made out;
    std::string members(before);
    schema_.coerce(in, reader_, {}, out.violations, members);
    out.before_stays = members.starts_with(before);
    out.members = members.substr(std::min(before.size(), members.size()));
    return out;
  }

  [[nodiscard]] static std::vector<std::pair<std::string, std::string>> paths(const Made& made) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& each : made.violations) out.emplace_back(each.path, each.rule);
    std::sort(out.begin(), out.end());
    return out;
  }

  /// `to_the_byte`: a JSON string among variables may keep escapes that reading it again resolves.
  [[nodiscard]] std::string of_made(const Made& made, bool to_the_byte) {
    if (!made.before_stays) return "what stood before stays";
    for (const auto& each : made.violations) {
      if (each.rule.empty()) return "a violation has a rule";
      std::string quoted = "\"";
      for (const char c : each.path + each.value + each.rule) quoted.append(c == '"' || c == '\\' ? "?" : std::string(1, c));
      if (!JsonTree::parse(quoted + "\"")) return "a violation can be shown: " + each.path + ": " + each.value;
      if (each.value.size() > 64) return "a violation shows at most 64 bytes";
    }
    if (!made.fine()) return made.members.empty() ? "" : "a violation leaves the members as they were";

    const auto tree = JsonTree::parse(made.object());
    if (!tree) return "what is made is JSON";
    if (auto law = is_written(*tree, patchbay::detail::TableOf<T>::table); !law.empty()) return law;
    const Made again = coerced(std::string_view(made.object()));
    if (!again.fine()) return "what is made is taken: " + again.violations[0].path + ": " + again.violations[0].rule;
    const auto same = [&] {
      const auto second = JsonTree::parse(again.object());
      return second && second->same(*tree);
    };
    if (to_the_byte ? again.members != made.members : !same())
      return "coercion changes nothing the second time: " + again.members;
    return {};
  }

  /// Whether an object is as the schema of `table` writes it.
  [[nodiscard]] static std::string is_written(const JsonTree& object, const patchbay::detail::FieldTable& table) {
    if (object.kind != JsonTree::Kind::object) return "a schema is written as an object";
    if (object.repeats_a_name()) return "each name stands once";
    for (const auto& field : table.fields) {
      for (const std::string_view alias : field.aliases)
        if (object.find(alias) != nullptr) return "aliases are not written: " + std::string(alias);
      const JsonTree* const found = object.find(field.name);
      if (found == nullptr) {
        if (field.required || field.write_default != nullptr) return "required and default fields are written: " + std::string(field.name);
        continue;
      }
      if (auto law = is_written(*found, *field.shape); !law.empty()) return std::string(field.name) + ": " + law;
    }
    if constexpr (O.unknown == patchbay::Unknown::reject || O.unknown == patchbay::Unknown::ignore)
      for (const std::string& name : object.names)
        if (!declares(table, name)) return "nothing else is written: " + name;
    return {};
  }
  [[nodiscard]] static bool declares(const patchbay::detail::FieldTable& table, std::string_view name) {
    for (const auto& field : table.fields)
      if (field.name == name) return true;
    return false;
  }
  [[nodiscard]] static std::string is_written(const JsonTree& value, const patchbay::detail::FieldShape& shape) {
    using patchbay::FieldKind;
    using Kind = JsonTree::Kind;
    switch (shape.kind) {
      case FieldKind::text:
        return value.kind == Kind::string && shape.check(value.text) ? "" : "a text keeps its rule";
      case FieldKind::number:
        if (value.kind != Kind::number || !shape.check(value.text)) return "a number keeps its rule";
        return shape.integral && value.text == "-0" ? "an integer is written without a sign that says nothing" : "";
      case FieldKind::boolean:
        return value.text == "true" || value.text == "false" ? "" : "a boolean is true or false";
      case FieldKind::object:
        return value.kind == Kind::object || O.coercion == patchbay::Coercion::lenient ? "" : "an object is an object";
      case FieldKind::schema: return is_written(value, *shape.nested);
      case FieldKind::array:
      case FieldKind::map: {
        if (value.kind != (shape.kind == FieldKind::map ? Kind::object : Kind::array)) return "a container is one";
        if (value.repeats_a_name()) return "each name of a map stands once";
        if (value.items.size() < shape.min_items) return "a container has enough in it";
        for (const JsonTree& each : value.items) {
          if (shape.element->nullable && each.kind == Kind::literal && each.text == "null") continue;
          if (auto law = is_written(each, *shape.element); !law.empty()) return law;
        }
        return {};
      }
    }
    return "a shape has a kind";
  }

  /// Of a value, and of what coercion made of the same input.
  [[nodiscard]] std::string of_value(const T& value, const Made& made) {
    std::vector<patchbay::Violation> violations;
    std::string members(before);
    schema_.encode(value, {}, violations, members);
    if (!violations.empty()) return "what was decoded can be encoded: " + violations[0].path;
    if (!members.starts_with(before)) return "encoding leaves what stood before";
    const std::string object = "{" + members.substr(before.size()) + "}";

    auto tree = JsonTree::parse(object), coerced_tree = JsonTree::parse(made.object());
    if (!tree) return "what is encoded is JSON: " + object;
    if (auto law = is_written(*tree, patchbay::detail::TableOf<T>::table); !law.empty()) return law;
    keep_fields(*tree, patchbay::detail::TableOf<T>::table);
    keep_fields(*coerced_tree, patchbay::detail::TableOf<T>::table);
    if (!tree->template same<float>(*coerced_tree)) return "encoding what was decoded is coercion: " + object;

    const std::size_t size = schema_.encoded_size(value);
    if (size != object.size()) return "the encoded size is exact: " + object;
    std::string buffer(size, '#');
    const auto written = schema_.encode_into(value, buffer);
    if (!written || *written != size || buffer != object) return "a buffer of the exact size is filled: " + buffer;
    std::string guarded(size, '#');
    const auto failed = schema_.encode_into(value, std::span(guarded).first(size - 1));
    if (failed || failed.error().code() != patchbay::ErrorCode::payload_too_large) return "a buffer that is too small is refused";
    if (guarded.back() != '#') return "nothing is written behind a buffer";

    const auto again = schema_.decode(object, reader_);
    if (!again) return "what was encoded is decoded: " + object;
    if (!(*again == value)) return "what was encoded is decoded as the same value: " + object;
    const Made coerced_again = coerced(std::string_view(object));
    if (coerced_again.object() != object) return "coercion changes nothing of what was encoded: " + coerced_again.object();
    return {};
  }
  /// Drops what a T has no place for, and what it spells otherwise.
  void keep_fields(JsonTree& object, const patchbay::detail::FieldTable& table) const {
    for (std::size_t i = object.names.size(); i-- > 0;) {
      const patchbay::detail::FieldShape* shape = nullptr;
      for (const auto& field : table.fields)
        if (field.name == object.names[i]) shape = field.shape;
      if (shape != nullptr && std::find(as_given_.begin(), as_given_.end(), object.names[i]) == as_given_.end()) {
        keep_fields(object.items[i], *shape);
        continue;
      }
      object.names.erase(object.names.begin() + static_cast<std::ptrdiff_t>(i));
      object.items.erase(object.items.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  void keep_fields(JsonTree& value, const patchbay::detail::FieldShape& shape) const {
    if (shape.nested != nullptr) return keep_fields(value, *shape.nested);
    if (shape.element != nullptr)
      for (JsonTree& each : value.items) keep_fields(each, *shape.element);
  }

  template <class... Other>
  [[nodiscard]] static std::string shown(std::string_view law, std::string_view input, const Made& made, const Other&... other) {
    std::string out(law);
    out.append("\n  input: ").append(input);
    const auto add = [&out](const Made& each) {
      out.append("\n  made:  ").append(each.members);
      for (const auto& violation : each.violations)
        out.append("\n  ").append(violation.path).append(": ").append(violation.rule).append(" [").append(violation.value).append("]");
    };
    add(made);
    (add(other), ...);
    return out;
  }

  static constexpr patchbay::StructSchema<T, O> schema_{};
  std::span<const std::string_view> as_given_;
  patchbay::JsonReader reader_;
};

}  // namespace patchbay_test
