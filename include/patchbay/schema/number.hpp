// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/schema/text.hpp>

namespace patchbay {

/// Any finite number in JSON's grammar, kept as its exact text, so that no digit is lost between caller and cloud
/// (hazard A21). Comparison is of the text: `1.0` is not `1`.
class Number {
 public:
  template <class T>
  requires detail::is_field_integer<T> Number(T integer) {  // implicit: every integer is a number
    append_json_number(text_, integer);
  }
  /// Refuses numbers that are not finite.
  [[nodiscard]] static Result<Number> make(double value) {
    Number out;
    append_json_number(out.text_, value);
    if (!std::isfinite(value)) return detail::broken_rule(rule(), std::isnan(value) ? "NaN" : "Infinity");
    return out;
  }
  /// The number that the whole of `text` spells; `validation_failed` for white space, `+5`, `.5`, `1e400`, `NaN`.
  [[nodiscard]] static Result<Number> parse(std::string_view text) {
    if (!parse_json_number(text)) return detail::broken_rule(rule(), text);
    Number out;
    out.text_ = text;
    return out;
  }

  /// As it stands in JSON; what was moved from is 0, so that it stays JSON.
  [[nodiscard]] std::string_view view() const noexcept { return text_.empty() ? std::string_view("0") : text_; }
  /// The nearest double.
  [[nodiscard]] double value() const noexcept { return parse_json_number(view()).value_or(0); }
  [[nodiscard]] static std::string rule() { return "number: expected a finite JSON number"; }
  [[nodiscard]] friend bool operator==(const Number& a, const Number& b) noexcept { return a.view() == b.view(); }

 private:
  friend struct FieldRules<Number>;
  Number() = default;
  std::string text_;
};

template <>
struct FieldRules<Number> {
  static constexpr FieldKind kind = FieldKind::number;
  static std::string rule() { return Number::rule(); }
  static bool check(std::string_view) noexcept { return true; }  // coercion has checked grammar and finiteness
  static bool encode(const Number& value, std::string& out) {
    out.append(value.view());
    return true;
  }
  static std::string_view json_of(const Number& value) noexcept { return value.view(); }
  static Number parse(std::string_view token) {
    Number out;
    out.text_ = token;
    return out;
  }
  static void describe(JsonWriter& writer) { writer.member("type", "number"); }
  static std::size_t encoded_size(const Number& value) noexcept { return value.view().size(); }
};

}  // namespace patchbay
