// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/json/write.hpp>
#include <patchbay/schema/field_rules.hpp>
#include <patchbay/schema/utf8.hpp>

// What `OneOf` and named enumerations share: lists of texts that are known while compiling.
namespace patchbay::detail {

/// The JSON of each of `Count` texts, one behind the other, as `append_json_string` writes it: so that writing a value
/// of a list copies bytes and looks for nothing to escape.
template <std::size_t Count, std::size_t Size>
struct QuotedTexts {
  std::array<char, Size> text{};
  std::array<std::size_t, Count + 1> ends{};  // ends[i] is where text i begins

  [[nodiscard]] constexpr std::string_view operator[](std::size_t i) const noexcept {
    return {text.data() + ends[i], ends[i + 1] - ends[i]};
  }
};

[[nodiscard]] constexpr std::size_t quoted_size(std::span<const std::string_view> texts) noexcept {
  std::size_t size = 0;
  for (const std::string_view text : texts) size += json_string_size(text);
  return size;
}

template <std::size_t Count, std::size_t Size>
[[nodiscard]] constexpr QuotedTexts<Count, Size> quoted(std::span<const std::string_view> texts) noexcept {
  constexpr std::string_view hex = "0123456789abcdef";
  QuotedTexts<Count, Size> out;
  std::size_t size = 0;
  const auto put = [&](char c) { out.text[size++] = c; };
  for (std::size_t i = 0; i < Count; ++i) {
    put('"');
    for (const char c : texts[i]) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        put('\\'), put(c);
      } else if (c == '\n' || c == '\r' || c == '\t') {
        put('\\'), put(c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
      } else if (byte < 0x20) {
        put('\\'), put('u'), put('0'), put('0'), put(hex[byte >> 4U]), put(hex[byte & 15U]);
      } else {
        put(c);
      }
    }
    put('"');
    out.ends[i + 1] = size;
  }
  return out;
}

[[nodiscard]] constexpr bool repeats_itself(std::span<const std::string_view> texts) noexcept {
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (texts[i] == texts[k]) return true;
  return false;
}

[[nodiscard]] constexpr bool are_utf8(std::span<const std::string_view> texts) noexcept {
  for (const std::string_view text : texts)
    if (!is_utf8(text)) return false;
  return true;
}

/// `one of: expected gold, silver or bronze`.
[[nodiscard]] inline std::string one_of_rule(std::span<const std::string_view> texts) {
  std::string rule = "one of: expected ";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i != 0) rule.append(i + 1 == texts.size() ? " or " : ", ");
    rule.append(texts[i]);
  }
  return rule;
}

inline void describe_one_of(JsonWriter& writer, std::span<const std::string_view> texts) {
  writer.member("type", "string").key("enum").begin_array();
  for (const std::string_view text : texts) writer.value(text);
  writer.end_array();
}

}  // namespace patchbay::detail
