// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/schema/fixed_string.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

/// One of the texts that are listed, exactly: `OneOf<"queueing", "consultation">`. Two bytes; makes no allocation.
template <FixedString... Values>
class OneOf {
  static_assert(
      sizeof...(Values) > 0,
      "patchbay::OneOf<>: a value must be one of a list, and the list is empty; name the values: OneOf<\"a\", \"b\">");
  static_assert(sizeof...(Values) < 65535, "patchbay::OneOf: too many values; use Text with a rule of your own");

 public:
  /// From a literal, which is checked while compiling.
  template <std::size_t N>
  consteval OneOf(const char (&literal)[N]) : index_(find({literal, N - 1})) {
    if (index_ == none) detail::this_literal_breaks_the_rule_of_its_type();
  }
  /// `validation_failed`, with the list, when `text` is none of the values.
  [[nodiscard]] static Result<OneOf> make(std::string_view text) {
    const std::uint16_t index = find(text);
    if (index == none) return detail::broken_rule(rule(), text);
    return OneOf(index);
  }

  [[nodiscard]] constexpr std::string_view view() const noexcept { return values[index_]; }
  /// The place of the value in the list, from 0.
  [[nodiscard]] constexpr std::size_t index() const noexcept { return index_; }
  [[nodiscard]] static std::string rule() {
    std::string text = "one of: expected ";
    for (std::size_t i = 0; i < sizeof...(Values); ++i) {
      if (i != 0) text.append(i + 1 == sizeof...(Values) ? " or " : ", ");
      text.append(values[i]);
    }
    return text;
  }
  [[nodiscard]] friend constexpr bool operator==(const OneOf&, const OneOf&) noexcept = default;

 private:
  friend struct FieldRules<OneOf>;
  static constexpr std::uint16_t none = 0xffff;
  // One more than there are, so that an empty list yields the message above and no other.
  static constexpr std::string_view values[sizeof...(Values) + 1] = {Values.view()...};

  static constexpr std::uint16_t find(std::string_view text) noexcept {
    for (std::uint16_t i = 0; i < sizeof...(Values); ++i)
      if (values[i] == text) return i;
    return none;
  }
  constexpr explicit OneOf(std::uint16_t index) noexcept : index_(index) {}
  std::uint16_t index_;
};

template <FixedString... Values>
struct FieldRules<OneOf<Values...>> {
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() { return OneOf<Values...>::rule(); }
  static bool check(std::string_view token) noexcept { return OneOf<Values...>::find(token) != OneOf<Values...>::none; }
  static bool encode(const OneOf<Values...>& value, std::string& out) {
    append_json_string(out, value.view());
    return true;
  }
  static OneOf<Values...> parse(std::string_view token) noexcept {
    return OneOf<Values...>(OneOf<Values...>::find(token));
  }
};

}  // namespace patchbay
