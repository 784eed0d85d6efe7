// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>  // memcpy
#include <string>
#include <string_view>

#include <patchbay/config.hpp>

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

}  // namespace detail

namespace detail {
/// Appends `text`, whose first byte to escape stands at `first`, as a JSON string.
PATCHBAY_DECL void append_escaped(std::string& out, std::string_view text, std::size_t first);
}  // namespace detail

/// Appends `text` as a JSON string (RFC 8259 section 7). Valid UTF-8 in, valid UTF-8 out; the caller has checked it.
inline void append_json_string(std::string& out, std::string_view text) {
  const std::size_t first = detail::plain_prefix(text, 0);
  if (first == text.size()) return detail::append_quoted(out, text);
  detail::append_escaped(out, text, first);
}

template <std::integral T>
  requires(!std::same_as<T, bool>)
void append_json_number(std::string& out, T number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

/// Shortest text that reads back as the same number; a number that is not finite has no JSON and is written as `null`.
PATCHBAY_DECL void append_json_number(std::string& out, double number);

/// Appends one JSON value piece by piece and sets the commas. What is written is valid as long as every `begin` has its
/// `end` and every member its `key`; that is the caller's duty. Allocates only when `out` must grow.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_.push_back(':');
    comma_ = false;
    return *this;
  }
  JsonWriter& value(std::string_view text) {
    comma();
    append_json_string(out_, text);
    comma_ = true;
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }
  template <class T>
    requires((std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>)
  JsonWriter& value(T number) {
    comma();
    append_json_number(out_, number);
    comma_ = true;
    return *this;
  }
  JsonWriter& null() { return raw("null"); }
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_.append(json);
    comma_ = true;
    return *this;
  }
  /// Members that are JSON already, without braces: `"a":1,"b":2`; nothing when there are none.
  JsonWriter& members(std::string_view json) { return json.empty() ? *this : raw(json); }
  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

 private:
  void comma() {
    if (comma_) out_.push_back(',');
  }
  JsonWriter& open(char bracket) {
    comma();
    out_.push_back(bracket);
    comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_.push_back(bracket);
    comma_ = true;
    return *this;
  }
  std::string& out_;
  bool comma_ = false;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/json/impl/write.ipp>
#endif
