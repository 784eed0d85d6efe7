// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/schema/detail/quoted_text.hpp>
#include <patchbay/schema/fixed_string.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

/// One of the texts that are listed, exactly: `OneOf<"queueing", "consultation">`. Two bytes; makes no allocation.
template <FixedString... Values>
class OneOf {
  static_assert(
      sizeof...(Values) > 0,
      "patchbay::OneOf<>: a value must be one of a list, and the list is empty; name the values: OneOf<\"a\", \"b\">");
  static_assert(!detail::repeats_itself(std::array<std::string_view, sizeof...(Values)>{Values.view()...}),
                "patchbay::OneOf<Values...>: a value is listed twice; drop one of the two");
  static_assert((true && ... && detail::is_utf8(Values.view())),
                "patchbay::OneOf<Values...>: a value is no UTF-8, so that JSON cannot carry it; write it in UTF-8");
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
  [[nodiscard]] static std::string rule() { return detail::one_of_rule(list()); }
  [[nodiscard]] friend constexpr bool operator==(const OneOf&, const OneOf&) noexcept = default;

 private:
  friend struct FieldRules<OneOf>;
  static constexpr std::uint16_t none = 0xffff;
  // One more than there are, so that an empty list yields the message above and no other.
  static constexpr std::string_view values[sizeof...(Values) + 1] = {Values.view()...};
  static constexpr std::span<const std::string_view> list() noexcept { return {values, sizeof...(Values)}; }
  static constexpr auto json =
      detail::quoted<sizeof...(Values), detail::quoted_size({values, sizeof...(Values)})>({values, sizeof...(Values)});

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
  static constexpr bool check(std::string_view token) noexcept {
    return OneOf<Values...>::find(token) != OneOf<Values...>::none;
  }
  static bool encode(const OneOf<Values...>& value, std::string& out) {
    out.append(OneOf<Values...>::json[value.index()]);
    return true;
  }
  static constexpr std::string_view json_of(const OneOf<Values...>& value) noexcept {
    return OneOf<Values...>::json[value.index()];
  }
  static OneOf<Values...> parse(std::string_view token) noexcept {
    return OneOf<Values...>(OneOf<Values...>::find(token));
  }
  static void describe(JsonWriter& writer) { detail::describe_one_of(writer, OneOf<Values...>::list()); }
  static constexpr std::size_t encoded_size(const OneOf<Values...>& value) noexcept {
    return OneOf<Values...>::json[value.index()].size();
  }
};

}  // namespace patchbay
