// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // sort
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/error.hpp>
#include <patchbay/schema/append_text.hpp>
#include <patchbay/schema/field_rules.hpp>
#include <patchbay/schema/field_table.hpp>
#include <patchbay/schema/javascript.hpp>
#include <patchbay/schema/options.hpp>
#include <patchbay/schema/variables.hpp>

// The engine of coercion. It is no template: a schema is compiled to a table of its fields, and this reads the table.
// So a further schema costs a program its table and nothing else.
namespace patchbay::detail {

/// The place of a level of nesting, from which violations take their paths.
struct SchemaPath {
  const SchemaPath* parent = nullptr;
  std::string_view name;

  void append_to(std::string& out) const {
    if (parent != nullptr) {
      parent->append_to(out);
      append_clipped(out, name, 128);
      out.push_back('.');
    }
  }
};

/// Appends a violation; the value is cut to 64 bytes, or redacted.
inline void report(std::vector<Violation>& out, const SchemaPath& at, std::string_view name, std::string rule,
                   std::string_view value, bool secret) {
  Violation& violation = out.emplace_back();
  at.append_to(violation.path);
  append_clipped(violation.path, name, 128);
  violation.rule = std::move(rule);
  if (secret) {
    violation.value = "<redacted>";
  } else {
    append_clipped(violation.value, value, 64);
  }
}

inline constexpr std::string_view reserved_rule = "reserved: the transition writes this name itself";

[[nodiscard]] inline bool is_one_of(std::string_view name, std::span<const std::string_view> names) noexcept {
  for (const std::string_view each : names)
    if (each == name) return true;
  return false;
}

/// Coerces the variables of one object, at the top or nested.
class Coercing {
 public:
  /// What all levels share.
  struct Shared {
    SchemaOptions options;
    JsonReader& reader;
    std::vector<Violation>& violations;
    std::string& members;
  };

  Coercing(const FieldTable& table, Shared& shared, SchemaPath path, bool secret) noexcept
      : table_(table), shared_(shared), path_(path), secret_(secret) {}

  void run(const Variables& in, std::span<const std::string_view> reserved) {
    for (const Variables::Entry entry : in) {
      if (is_one_of(entry.name, reserved)) {
        refuse(entry, std::string(reserved_rule), secret_);
      } else if (const FieldInfo* const field = find(entry.name)) {
        declared(*field, entry);
      } else {
        undeclared(entry);
      }
    }
    report_unknown_twice();
    for (std::size_t i = 0; i < table_.fields.size(); ++i)
      if (table_.fields[i].required && !is_seen(i))
        report(shared_.violations, path_, table_.fields[i].name, "required: " + table_.fields[i].shape->rule(), "<absent>",
               false);
  }

 private:
  using Entry = Variables::Entry;
  enum class Done : std::uint8_t { written, absent, refused };

  [[nodiscard]] const FieldInfo* find(std::string_view name) noexcept {
    // Callers mostly name fields in the order of the schema, so the search goes on where the last one ended.
    const std::size_t count = table_.fields.size();
    for (std::size_t step = 0; step < count; ++step) {
      const std::size_t i = next_ < count ? next_ : 0;
      next_ = i + 1;
      if (table_.fields[i].name == name) return &table_.fields[i];
    }
    return nullptr;
  }
  [[nodiscard]] bool is_seen(std::size_t i) const noexcept { return ((seen_[i / 64] >> (i % 64)) & 1) != 0; }

  void refuse(const Entry& entry, std::string rule, bool secret) {
    report(shared_.violations, path_, entry.name, std::move(rule), entry.value, secret);
  }

  void declared(const FieldInfo& field, const Entry& entry) {
    const bool secret = secret_ || field.secret;
    const auto i = static_cast<std::size_t>(&field - table_.fields.data());
    if (is_seen(i)) return refuse(entry, "duplicate: expected one value per name", secret);
    seen_[i / 64] |= std::uint64_t{1} << (i % 64);
    const std::size_t before = begin_member();
    shared_.members.append(field.key);
    why_ = {};
    const Done done = coerce(field, entry, secret);
    if (done == Done::written) return;
    end_absent(before);
    if (done == Done::absent) return;
    std::string rule = field.shape->rule();
    if (!why_.empty()) rule.append("; ").append(why_);
    refuse(entry, std::move(rule), secret);
  }

  [[nodiscard]] Done coerce(const FieldInfo& field, const Entry& entry, bool secret) {
    std::string& out = shared_.members;
    const std::size_t at = out.size();
    if (!entry.is_json) return text(field, entry.value, secret);
    if (!load(entry)) return Done::refused;
    if (out[at] == '"') {
      // JSON's string is text like any other. A text field keeps the token, which is in its place already.
      if (field.shape->kind == FieldKind::text && out.find('\\', at) == std::string::npos)
        return check(field, std::string_view(out).substr(at + 1, out.size() - at - 2));
      std::string plain;
      append_unescaped(plain, std::string_view(out).substr(at));
      out.resize(at);
      return text(field, plain, secret);
    }
    return shared_.options.coercion == Coercion::strict ? strict(field, at, secret) : lenient(field, at, secret);
  }

  /// Appends the value of a JSON entry, checked and minified.
  [[nodiscard]] bool load(const Entry& entry) {
    if (entry.is_checked) {
      shared_.members.append(entry.value);
      return true;
    }
    why_ = append_checked_json(entry.value, shared_.reader, shared_.members);
    return why_.empty();
  }

  /// Whether `token` keeps the field's own rule.
  [[nodiscard]] Done check(const FieldInfo& field, std::string_view token) const {
    return field.shape->check(token) ? Done::written : Done::refused;
  }

  /// Appends the value of a text, under either coercion.
  [[nodiscard]] Done text(const FieldInfo& field, std::string_view value, bool secret) {
    std::string& out = shared_.members;
    const std::size_t at = out.size();
    const bool strictly = shared_.options.coercion == Coercion::strict;
    switch (field.shape->kind) {
      case FieldKind::text:
        return append_text(out, value) && field.shape->check(value) ? Done::written : Done::refused;
      case FieldKind::number:
        if (!strictly) return number(field, javascript::parse_float(value));
        if (!is_json_number(value) || !is_finite_token(value)) return Done::refused;
        out.append(field.shape->integral && value == "-0" ? "0" : value);
        return check(field, value);
      case FieldKind::boolean: {
        const bool truth = value == "true" || value == "1";
        if (strictly && !truth && value != "false" && value != "0") return Done::refused;
        out.append(truth ? "true" : "false");
        return Done::written;
      }
      case FieldKind::object:
      case FieldKind::schema: {
        why_ = append_checked_json(value, shared_.reader, out);
        return why_.empty() ? object(field, at, secret) : Done::refused;
      }
      default:
        return Done::refused;
    }
    return Done::refused;
  }

  /// Judges the JSON value, no string, that stands at `at`: it must be of the field's type already.
  [[nodiscard]] Done strict(const FieldInfo& field, std::size_t at, bool secret) {
    std::string& out = shared_.members;
    const std::string_view token = std::string_view(out).substr(at);
    if (token == "null") return field.required ? Done::refused : Done::absent;
    switch (field.shape->kind) {
      case FieldKind::text:
        return Done::refused;
      case FieldKind::number: {
        if (!is_digit(token.front()) && token.front() != '-') return Done::refused;
        const Done done = check(field, token);
        if (field.shape->integral && token == "-0") out.replace(at, 2, "0");
        return done;
      }
      case FieldKind::boolean:
        if (token == "1" || token == "0") out.replace(at, 1, token == "1" ? "true" : "false");
        return std::string_view(out).substr(at) == "true" || std::string_view(out).substr(at) == "false"
                   ? Done::written
                   : Done::refused;
      case FieldKind::object:
      case FieldKind::schema:
        return object(field, at, secret);
      default:
        return Done::refused;
    }
    return Done::refused;
  }

  /// Turns the JSON value, no string, that stands at `at` into what document A makes of it.
  [[nodiscard]] Done lenient(const FieldInfo& field, std::size_t at, bool secret) {
    std::string& out = shared_.members;
    switch (field.shape->kind) {
      case FieldKind::text: {
        std::string plain;
        const bool fine = javascript::append_string(plain, std::string_view(out).substr(at));
        out.resize(at);
        return fine ? text(field, plain, secret) : Done::refused;
      }
      case FieldKind::number: {
        const double value = javascript::to_number(std::string_view(out).substr(at));
        out.resize(at);
        return number(field, value);
      }
      case FieldKind::boolean: {
        const bool truth = std::string_view(out).substr(at) == "true";
        out.resize(at);
        out.append(truth ? "true" : "false");
        return Done::written;
      }
      case FieldKind::object:
      case FieldKind::schema:
        return object(field, at, secret);
      default:
        return Done::refused;
    }
    return Done::refused;
  }

  [[nodiscard]] Done number(const FieldInfo& field, double value) {
    if (!std::isfinite(value)) return Done::refused;
    const std::size_t at = shared_.members.size();
    javascript::append_number(shared_.members, value);
    return check(field, std::string_view(shared_.members).substr(at));
  }

  /// Judges the JSON value that stands at `at`, for a field that wants an object.
  [[nodiscard]] Done object(const FieldInfo& field, std::size_t at, bool secret) {
    std::string& out = shared_.members;
    const bool is_object = out[at] == '{';
    if (field.shape->kind == FieldKind::object) {
      if (is_object) return check(field, std::string_view(out).substr(at));
      return shared_.options.coercion == Coercion::lenient ? Done::written : Done::refused;
    }
    if (!is_object) return Done::refused;
    const Variables in = variables_of(std::string_view(out).substr(at));
    out.resize(at);
    out.push_back('{');
    Coercing(*field.shape->nested, shared_, SchemaPath{&path_, field.name}, secret).run(in, {});
    out.push_back('}');
    return Done::written;  // what was wrong within has been reported there
  }

  void undeclared(const Entry& entry) {
    // What stands under an unknown name may be a secret field misspelt.
    const bool secret = secret_ || table_.has_secret;
    if (!is_variable_name(entry.name))
      return refuse(entry, "name: expected 1 to 128 bytes of UTF-8 without control characters", secret);
    const Unknown unknown = shared_.options.unknown;
    if (unknown == Unknown::reject) return refuse(entry, "unknown: the schema declares no such variable", secret);
    unknown_.push_back(entry.name);

    std::string& out = shared_.members;
    const std::size_t before = begin_member();
    append_json_string(out, entry.name);
    out.push_back(':');
    const std::size_t at = out.size();
    why_ = {};
    bool fine = true;
    if (entry.is_json) {
      fine = load(entry);
      if (fine && unknown == Unknown::as_string && out[at] != '"') {
        std::string plain;
        if (shared_.options.coercion == Coercion::lenient) {
          fine = javascript::append_string(plain, std::string_view(out).substr(at));
        } else {
          plain.assign(out, at);
        }
        out.resize(at);
        append_json_string(out, plain);
      }
    } else {
      fine = append_text(out, entry.value);
    }
    if (fine) return;
    end_absent(before);
    std::string rule = entry.is_json ? "json: expected one JSON value" : "string: expected UTF-8 text";
    if (!why_.empty()) rule.append("; the reader says: ").append(why_);
    refuse(entry, std::move(rule), secret);
  }

  /// Names are compared after the fact, sorted, so that many unknown variables do not cost the square of their number.
  void report_unknown_twice() {
    if (unknown_.size() < 2) return;
    std::sort(unknown_.begin(), unknown_.end());
    for (std::size_t i = 1; i < unknown_.size(); ++i)
      if (unknown_[i] == unknown_[i - 1])
        report(shared_.violations, path_, unknown_[i], "duplicate: expected one value per name", "",
               secret_ || table_.has_secret);
  }

  [[nodiscard]] std::size_t begin_member() {
    const std::size_t before = shared_.members.size();
    if (std::exchange(any_, true))
      shared_.members.push_back(',');
    else
      first_ = before;
    return before;
  }
  void end_absent(std::size_t before) {
    shared_.members.resize(before);
    any_ = before != first_;
  }

  const FieldTable& table_;
  Shared& shared_;
  SchemaPath path_;
  bool secret_;
  bool any_ = false;       // whether a member stands
  std::size_t first_ = 0;  // where the first one begins
  std::size_t next_ = 0;   // the field with which the next search begins
  std::string_view why_;   // the reader's reason for the present refusal
  std::array<std::uint64_t, max_fields / 64> seen_{};
  std::vector<std::string_view> unknown_;
};

}  // namespace patchbay::detail
