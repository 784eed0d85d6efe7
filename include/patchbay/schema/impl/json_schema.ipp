// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/schema/json_schema.hpp>

#include <algorithm>  // find, count
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/write.hpp>
#include <patchbay/schema/utf8.hpp>

namespace patchbay::detail {

/// Writes the document of one table and of those that are nested in it.
class JsonSchemaWriting {
 public:
  JsonSchemaWriting(std::string& out, const FieldTable& root, const SchemaOptions& options,
                    const JsonSchemaSettings& settings)
      : writer_(out), root_(root), options_(options), settings_(settings), input_(settings.of == JsonSchemaOf::input) {
    survey(root);
  }

  void document() {
    writer_.begin_object().member("$schema", "https://json-schema.org/draft/2020-12/schema");
    if (!settings_.id.empty()) writer_.member("$id", settings_.id);
    if (!settings_.title.empty()) writer_.member("title", settings_.title);
    if (!settings_.description.empty()) writer_.member("description", settings_.description);
    object(root_, settings_.reserved);
    bool any = false;
    for (const Place& place : places_) {
      if (place.name.empty()) continue;
      if (!std::exchange(any, true)) writer_.key("$defs").begin_object();
      writer_.key(place.name).begin_object();
      object(*place.table, {});
      writer_.end_object();
    }
    if (any) writer_.end_object();
    writer_.end_object();
  }

 private:
  /// A table that is nested somewhere; with a name when it stands in `$defs`.
  struct Place {
    const FieldTable* table;
    std::string_view field;  // the first that it is the schema of
    std::size_t uses = 0;
    std::string name{};
  };

  [[nodiscard]] Place* find(const FieldTable* table) noexcept {
    for (Place& each : places_)
      if (each.table == table) return &each;
    return nullptr;
  }

  /// Finds every table, and names those that are used more than once: by several fields, by a field and its alias, or
  /// by themselves.
  void survey(const FieldTable& root) {
    visit(root);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].uses < 2) continue;
      const std::string base = plain(places_[i].field);
      std::string name = base;
      for (std::size_t n = 2; is_taken(name); ++n) {
        name = base;
        name.push_back('_');
        append_json_number(name, n);
      }
      places_[i].name = std::move(name);
    }
  }
  void visit(const FieldTable& table) {
    for (const FieldInfo& field : table.fields) {
      const FieldShape* shape = field.shape;
      while (shape->element != nullptr) shape = shape->element;
      if (shape->nested == nullptr) continue;
      Place* place = find(shape->nested);
      const bool known = place != nullptr;
      if (!known) place = &places_.emplace_back(Place{shape->nested, field.name});
      place->uses += 1 + (input_ ? alias_count(field) : 0);
      if (!known) visit(*shape->nested);
    }
  }
  [[nodiscard]] static std::size_t alias_count(const FieldInfo& field) noexcept { return field.aliases.size(); }
  [[nodiscard]] bool is_taken(std::string_view name) const noexcept {
    for (const Place& each : places_)
      if (each.name == name) return true;
    return false;
  }
  /// What can stand in a `$ref` as it is.
  [[nodiscard]] static std::string plain(std::string_view name) {
    std::string out;
    for (const char c : name) {
      const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      out.push_back(fine ? c : '_');
    }
    return out;
  }

  /// The members of an object's schema.
  void object(const FieldTable& table, std::span<const std::string_view> reserved) {
    writer_.member("type", "object").key("properties").begin_object();
    for (const FieldInfo& field : table.fields) {
      property(field, field.name);
      if (input_)
        for (const std::string_view alias : field.aliases) property(field, alias);
    }
    writer_.end_object();
    requirements(table);
    unknown(reserved);
  }

  void property(const FieldInfo& field, std::string_view name) {
    writer_.key(name).begin_object();
    const bool is_alias = name != field.name;
    // A field that is null is as good as absent, and is never written so.
    shape(*field.shape, input_ && (field.shape->nullable || field.write_default != nullptr));
    if (is_alias) {
      std::string text = "Use ";
      append_clipped(text, field.name, 128);
      writer_.member("description", text.append(" instead.")).member("deprecated", true);
    } else {
      if (!field.description.empty()) writer_.member("description", field.description);
      std::string text;
      if (field.write_default != nullptr && field.write_default(text)) writer_.key("default").raw(text);
    }
    writer_.end_object();
  }

  /// `required`, and for fields with aliases: one of the names.
  void requirements(const FieldTable& table) {
    const auto named = [&](const FieldInfo& field) { return input_ && !field.aliases.empty(); };
    const auto written = [&](const FieldInfo& field) {
      return field.required || (!input_ && field.write_default != nullptr);
    };
    bool any = false;
    for (const FieldInfo& field : table.fields) {
      if (!written(field) || named(field)) continue;
      if (!std::exchange(any, true)) writer_.key("required").begin_array();
      writer_.value(field.name);
    }
    if (any) writer_.end_array();

    any = false;
    for (const FieldInfo& field : table.fields) {
      if (!named(field)) continue;
      if (!std::exchange(any, true)) writer_.key("allOf").begin_array();
      one_of_the_names(field);
    }
    if (any) writer_.end_array();
  }
  void one_of_the_names(const FieldInfo& field) {
    const auto only = [&](std::string_view name) {
      // Strict validators want to see what is required declared beside it.
      writer_.begin_object().key("properties").begin_object().member(name, true).end_object();
      writer_.key("required").begin_array().value(name).end_array().end_object();
    };
    writer_.begin_object().key("oneOf").begin_array();
    only(field.name);
    for (const std::string_view alias : field.aliases) only(alias);
    if (!field.required) {  // or none of them
      writer_.begin_object().key("not").begin_object().key("anyOf").begin_array();
      only(field.name);
      for (const std::string_view alias : field.aliases) only(alias);
      writer_.end_array().end_object().end_object();
    }
    writer_.end_array().end_object();
  }

  /// What may stand beside the properties.
  void unknown(std::span<const std::string_view> reserved) {
    const bool written = options_.unknown == Unknown::as_string || options_.unknown == Unknown::as_is;
    const bool taken = written || (input_ && options_.unknown == Unknown::ignore);
    writer_.key("additionalProperties");
    if (!taken) return void(writer_.value(false));
    if (!input_ && options_.unknown == Unknown::as_string) {
      writer_.begin_object().member("type", "string").end_object();
    } else {
      writer_.value(true);
    }
    if (!written && reserved.empty()) return;
    // As `is_variable_name`, but in characters where that counts bytes.
    writer_.key("propertyNames").begin_object().member("type", "string");
    if (written)
      writer_.member("minLength", 1).member("maxLength", 128).member("pattern", "^[^\\u0000-\\u001f\\u007f-\\u009f]*$");
    if (!reserved.empty()) {
      writer_.key("not").begin_object().key("enum").begin_array();
      for (const std::string_view name : reserved) writer_.value(name);
      writer_.end_array().end_object();
    }
    writer_.end_object();
  }

  /// The members of the schema of a value.
  void shape(const FieldShape& of, bool nullable) {
    if (nullable) {
      writer_.key("anyOf").begin_array().begin_object();
      shape(of, false);
      writer_.end_object().begin_object().member("type", "null").end_object().end_array();
      return;
    }
    switch (of.kind) {
      case FieldKind::array:
        writer_.member("type", "array").key("items");
        element(*of.element);
        counts(of, "minItems", "maxItems");
        return;
      case FieldKind::map:
        writer_.member("type", "object").key("additionalProperties");
        element(*of.element);
        counts(of, "minProperties", "maxProperties");
        return;
      case FieldKind::schema: nested(*of.nested); return;
      default: scalar(of);
    }
  }
  void element(const FieldShape& of) {
    writer_.begin_object();
    shape(of, of.nullable);
    writer_.end_object();
  }
  void counts(const FieldShape& of, std::string_view min, std::string_view max) {
    if (of.min_items != 0) writer_.member(min, of.min_items);
    if (of.max_items != (std::numeric_limits<std::size_t>::max)()) writer_.member(max, of.max_items);
  }
  void nested(const FieldTable& table) {
    const Place& place = *find(&table);
    if (place.name.empty()) return object(table, {});
    writer_.member("$ref", "#/$defs/" + place.name);
  }
  void scalar(const FieldShape& of) {
    // An object field of a lenient schema keeps whatever stands there, as document A does.
    const bool anything =
        of.kind == FieldKind::object && options_.coercion == Coercion::lenient && !input_;
    if (anything) return;
    std::string text;
    if (of.describe != nullptr) {
      JsonWriter members(text);
      of.describe(members);
    }
    // The kind goes without saying: a client's `describe` need not say it.
    if (!names_type(text)) writer_.member("type", type_of(of));
    writer_.members(text);
  }
  /// Whether one of `members`, not beneath, is called `type`.
  [[nodiscard]] static bool names_type(std::string_view members) noexcept {
    int depth = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const char c = members[i];
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (c != '"') continue;
      if (depth == 0 && members.substr(i).starts_with("\"type\":")) return true;
      for (++i; i < members.size() && members[i] != '"'; ++i)
        if (members[i] == '\\') ++i;
    }
    return false;
  }
  [[nodiscard]] static std::string_view type_of(const FieldShape& of) noexcept {
    switch (of.kind) {
      case FieldKind::text: return "string";
      case FieldKind::number: return of.integral ? "integer" : "number";
      case FieldKind::boolean: return "boolean";
      default: return "object";
    }
  }

  JsonWriter writer_;
  const FieldTable& root_;
  const SchemaOptions& options_;
  const JsonSchemaSettings& settings_;
  bool input_;
  std::vector<Place> places_;
};

PATCHBAY_DECL void append_json_schema(std::string& out, const FieldTable& table, const SchemaOptions& options,
                                      const JsonSchemaSettings& settings) {
  JsonSchemaWriting(out, table, options, settings).document();
}

}  // namespace patchbay::detail
