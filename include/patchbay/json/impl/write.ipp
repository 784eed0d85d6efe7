// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cmath>  // isfinite
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <patchbay/json/write.hpp>

namespace patchbay {

namespace detail {

/// Where the first byte at or behind `from` stands that JSON must escape; eight bytes are looked at in one step.
[[nodiscard]] inline std::size_t plain_prefix(std::string_view text, std::size_t from) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t word) { return (word - ones) & ~word & tops; };
  const auto is_plain = [&](std::uint64_t word) {
    const std::uint64_t control = (word - ones * 0x20) & ~word & tops;
    return (control | has_zero(word ^ ones * '"') | has_zero(word ^ ones * '\\')) == 0;
  };
  std::size_t i = from;
  std::uint64_t word;
  for (; i + 8 <= text.size(); i += 8) {
    std::memcpy(&word, text.data() + i, 8);
    if (!is_plain(word)) break;
  }
  if (const std::size_t left = text.size() - i; left != 0 && left < 8) {
    word = ones * ' ';
    std::memcpy(&word, text.data() + i, left);
    if (is_plain(word)) return text.size();
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) >= 0x20 && text[i] != '"' && text[i] != '\\') ++i;
  return i;
}

/// Appends `plain` between quotes; what was filled with quotes is written over, so that the text grows once.
inline void append_quoted(std::string& out, std::string_view plain) {
  const std::size_t at = out.size();
  out.append(plain.size() + 2, '"');
  plain.copy(out.data() + at + 1, plain.size());
}

/// Appends `text`, whose first byte to escape stands at `first`, as a JSON string.
inline void append_escaped(std::string& out, std::string_view text, std::size_t first) {
  static constexpr char hex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain = 0;  // start of the run that needs no escape, so that it is copied at once
  for (std::size_t i = first; i < text.size(); i = plain_prefix(text, i + 1)) {
    const auto c = static_cast<unsigned char>(text[i]);
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default: out.append("\\u00").push_back(hex[c >> 4]), out.push_back(hex[c & 15]);
    }
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

template <class T>
void append_digits(std::string& out, T number) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

}  // namespace detail

PATCHBAY_DECL void append_json_string(std::string& out, std::string_view text) {
  const std::size_t first = detail::plain_prefix(text, 0);
  if (first == text.size()) return detail::append_quoted(out, text);
  detail::append_escaped(out, text, first);
}

PATCHBAY_DECL void append_json_number(std::string& out, std::int64_t number) { detail::append_digits(out, number); }
PATCHBAY_DECL void append_json_number(std::string& out, std::uint64_t number) { detail::append_digits(out, number); }
PATCHBAY_DECL void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out.append("null");
    return;
  }
  char text[40];
  out.append(text, fmt::format_to_n(text, sizeof text, FMT_STRING("{}"), number).out);
}

PATCHBAY_DECL std::string& JsonWriter::place() {
  if (comma_) out_.push_back(',');
  comma_ = true;
  return out_;
}
PATCHBAY_DECL JsonWriter& JsonWriter::key(std::string_view name) {
  append_json_string(place(), name);
  out_.push_back(':');
  comma_ = false;
  return *this;
}
PATCHBAY_DECL JsonWriter& JsonWriter::value(std::string_view text) {
  append_json_string(place(), text);
  return *this;
}
PATCHBAY_DECL JsonWriter& JsonWriter::raw(std::string_view json) {
  place().append(json);
  return *this;
}
PATCHBAY_DECL JsonWriter& JsonWriter::open(char bracket) {
  place().push_back(bracket);
  comma_ = false;
  return *this;
}
PATCHBAY_DECL JsonWriter& JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  comma_ = true;
  return *this;
}

}  // namespace patchbay
