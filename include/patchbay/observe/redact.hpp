// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/http.hpp>  // equal_ignoring_case
#include <patchbay/schema/utf8.hpp>

namespace patchbay {

namespace detail {

/// Characters that turn the direction of the text around them, break lines or are invisible: harmless to parsers, but not
/// to people who read a log.
[[nodiscard]] constexpr bool is_deceptive(char32_t point) noexcept {
  return point == 0x061c || (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2060 && point <= 0x2069) || point == 0xfeff;
}

/// C0, DEL and C1: what terminals obey.
[[nodiscard]] constexpr bool is_control(char32_t point) noexcept { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

/// Whether `text` is an excerpt of itself: printable ASCII without what stands between a credential and its name. So are
/// identifiers and most nodes, which every record of an operation holds.
[[nodiscard]] constexpr bool is_plain(std::string_view text) noexcept {
  unsigned other = 0;  // without branches: every audit record asks this of several texts
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    other |= static_cast<unsigned>(byte - 0x21U >= 0x7fU - 0x21U) | static_cast<unsigned>(byte == ':') | static_cast<unsigned>(byte == '=');
  }
  return other == 0;
}

/// Where the credential ends that begins at `from` and stands in no quotes.
[[nodiscard]] constexpr std::size_t credential_end(std::string_view text, std::size_t from) noexcept {
  std::size_t end = from;
  while (end < text.size() && static_cast<unsigned char>(text[end]) > 0x20 && text[end] != '"' && text[end] != '\'' && text[end] != '&' &&
         text[end] != ',' && text[end] != ';' && text[end] != '<' && text[end] != '}' && text[end] != '\\') {
    ++end;
  }
  return end;
}

class CredentialSpan {
 public:
  std::size_t begin = 0, end = 0;
};

inline constexpr std::array<std::string_view, 2> credential_schemes{"bearer", "basic"};
inline constexpr std::array<std::string_view, 6> credential_names{"access_token",     "refresh_token", "client_secret",
                                                                  "client_assertion", "id_token",      "password"};

/// The value of the member or parameter whose name ends at `from`: to the end of its quotes, if it stands in some.
[[nodiscard]] constexpr CredentialSpan named_value(std::string_view text, std::size_t from) noexcept {
  bool separated = false;
  std::size_t escapes = 0;  // directly before what is looked at: JSON within JSON has its quotes escaped
  for (; from < text.size(); ++from) {
    const char c = text[from];
    if ((c == '"' || c == '\'') && separated) {
      std::size_t end = from + 1, inner = 0;
      for (; end < text.size() && (text[end] != c || inner > escapes); ++end) inner = text[end] == '\\' ? inner + 1 : 0;
      return {from + 1, end == text.size() ? end : end - inner};
    }
    if (c != '"' && c != '\'' && c != '\\' && c != ' ' && c != ':' && c != '=') break;
    separated = separated || c == ':' || c == '=';
    escapes = c == '\\' ? escapes + 1 : 0;
  }
  if (!separated) return {};
  return {from, credential_end(text, from)};
}

/// Where a credential really ends, of which `span` is the beginning: one that ends with the name of a credential, or
/// with that of a scheme, is followed by what that names.
[[nodiscard]] constexpr std::size_t whole_credential(std::string_view text, CredentialSpan span) noexcept {
  for (;;) {
    std::size_t stem = span.end;
    while (stem > span.begin &&
           (text[stem - 1] == ':' || text[stem - 1] == '=' || text[stem - 1] == '\\' || text[stem - 1] == ' '))
      --stem;
    const auto ends_with = [&](std::string_view word) {
      return stem - span.begin >= word.size() &&
             equal_ignoring_case(text.substr(stem - word.size(), word.size()), word);
    };
    std::size_t end = span.end;
    for (const std::string_view scheme : credential_schemes) {
      if (!ends_with(scheme)) continue;
      std::size_t from = stem;
      while (from < text.size() && text[from] == ' ') ++from;
      if (from != stem) end = (std::max)(end, credential_end(text, from));
    }
    for (const std::string_view name : credential_names)
      if (ends_with(name)) end = (std::max)(end, named_value(text, stem).end);
    if (end == span.end) return end;
    span = {span.end, end};
  }
}

/// The credential that the words at `text[i]` introduce; empty when they introduce none: `Bearer …` and `Basic …` of at
/// least 16 characters, so that prose about them stays readable, and the values of the members and parameters that carry
/// secrets, in JSON, in a form or in a query. Servers and proxies echo both (hazard A33, invariant I19).
[[nodiscard]] constexpr CredentialSpan credential_at(std::string_view text, std::size_t i) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  const char first = lower(text[i]);
  if (first != 'b' && first != 'a' && first != 'c' && first != 'r' && first != 'p' && first != 'i') return {};
  const auto word = [&](std::string_view name) { return equal_ignoring_case(text.substr(i, name.size()), name); };
  for (const std::string_view scheme : credential_schemes) {
    if (!word(scheme)) continue;
    std::size_t from = i + scheme.size();
    if (from == text.size() || text[from] != ' ') continue;
    while (from < text.size() && text[from] == ' ') ++from;
    const CredentialSpan span{from, credential_end(text, from)};
    if (span.end - span.begin >= 16) return {span.begin, whole_credential(text, span)};
  }
  for (const std::string_view name : credential_names) {
    if (!word(name)) continue;
    const CredentialSpan span = named_value(text, i + name.size());
    if (span.end > span.begin) return {span.begin, whole_credential(text, span)};
  }
  return {};
}

}  // namespace detail

/// Appends at most `limit` bytes of `text`, made fit to be kept and shown: whatever looks like a credential becomes
/// `<redacted>`, control characters become spaces, bytes that are no UTF-8 and characters that deceive readers become
/// U+FFFD, and the cut is between characters. The result is valid UTF-8 without control characters. Reads no more of
/// `text` than it needs, so that an excerpt of 32 MB is cheap.
inline void append_excerpt(std::string& out, std::string_view text, std::size_t limit) {
  static constexpr std::string_view redacted = "<redacted>";
  static constexpr std::string_view replacement = "\xef\xbf\xbd";
  if (text.size() <= limit && detail::is_plain(text)) {
    out.append(text);
    return;
  }
  detail::CredentialSpan credential;
  std::size_t room = limit;
  const auto put = [&](std::string_view piece) {
    if (piece.size() > room) return false;
    out.append(piece);
    room -= piece.size();
    return true;
  };
  for (std::size_t i = 0; i < text.size();) {
    if (i >= credential.end) credential = detail::credential_at(text, i);
    if (credential.end > credential.begin && i == credential.begin) {
      if (!put(redacted)) return;
      i = credential.end;
      continue;
    }
    const std::size_t length = detail::utf8_sequence(text, i);
    const char32_t point = length == 0 ? char32_t{0xfffd} : detail::utf8_code_point(text, i, length);
    std::string_view piece = length == 0 || detail::is_deceptive(point) ? replacement : text.substr(i, length);
    if (detail::is_control(point)) piece = " ";
    if (!put(piece)) return;
    i += length == 0 ? 1 : length;
  }
}

/// The same as a string of its own.
[[nodiscard]] inline std::string excerpt(std::string_view text, std::size_t limit) {
  std::string out;
  append_excerpt(out, text, limit);
  return out;
}

/// Calls user code (a logger, sink, monitor, predicate) and swallows what it throws, so that it can change no outcome
/// (invariant I25). True when it returned, false when it threw. Under `-fno-exceptions` it is a plain call.
template <class F>
bool guarded(F&& user_code) noexcept {
#if defined(__cpp_exceptions)
  try {
    std::forward<F>(user_code)();
    return true;
  } catch (...) {
    return false;
  }
#else
  std::forward<F>(user_code)();
  return true;
#endif
}

}  // namespace patchbay
