// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <patchbay/http.hpp>  // equal_ignoring_case
#include <patchbay/identifier.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

/// A UUID in its text form (RFC 9562 section 4), of any version, in the case in which it was given; so it is safe in a
/// URL (hazards A18, B11). Comparison ignores case, as the RFC says. Makes no allocation.
class Uuid {
 public:
  /// From a literal, which is checked while compiling.
  template <std::size_t N>
  consteval Uuid(const char (&literal)[N]) : Uuid(std::string_view(literal, N - 1), Checked{}) {
    if (!is_uuid({literal, N - 1})) detail::this_literal_breaks_the_rule_of_its_type();
  }
  /// `validation_failed` when `text` is not 8-4-4-4-12 hexadecimal digits.
  [[nodiscard]] static Result<Uuid> make(std::string_view text) {
    if (!is_uuid(text)) return detail::broken_rule(rule(), text);
    return Uuid(text, Checked{});
  }

  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), length}; }
  [[nodiscard]] static std::string rule() { return "uuid: expected 8-4-4-4-12 hexadecimal digits"; }
  [[nodiscard]] friend constexpr bool operator==(const Uuid& a, const Uuid& b) noexcept {
    return equal_ignoring_case(a.view(), b.view());
  }

 private:
  friend struct FieldRules<Uuid>;
  static constexpr std::size_t length = 36;
  struct Checked {};
  constexpr Uuid(std::string_view text, Checked) noexcept {
    for (std::size_t i = 0; i < length && i < text.size(); ++i) text_[i] = text[i];
  }
  std::array<char, length> text_{};
};

template <>
struct FieldRules<Uuid> {
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() { return Uuid::rule(); }
  static constexpr bool check(std::string_view token) noexcept { return is_uuid(token); }
  static bool encode(const Uuid& value, std::string& out) {
    out.append("\"").append(value.view()).append("\"");
    return true;
  }
  static constexpr std::string_view text_of(const Uuid& value) noexcept { return value.view(); }
  static Uuid parse(std::string_view token) noexcept { return Uuid(token, Uuid::Checked{}); }
  static void describe(JsonWriter& writer) {
    writer.member("type", "string").member("pattern", "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$");
  }
  static constexpr std::size_t encoded_size(const Uuid&) noexcept { return Uuid::length + 2; }
};

}  // namespace patchbay
