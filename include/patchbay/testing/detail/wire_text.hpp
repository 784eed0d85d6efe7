// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/http.hpp>
#include <patchbay/testing/cloud_options.hpp>

// What a server needs to read of HTTP's little languages. Takes any bytes.
namespace patchbay::testing::detail {

[[nodiscard]] inline int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The text without its percent encoding, and with spaces for `+` in a form; nothing when an escape is broken.
[[nodiscard]] inline std::optional<std::string> percent_decoded(std::string_view text, bool form) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && form) {
      out.push_back(' ');
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

/// The fields of a form or a query, in order; nothing when an escape is broken.
[[nodiscard]] inline std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(field.size() < text.size() ? field.size() + 1 : field.size());
    if (field.empty()) continue;
    const std::size_t equals = field.find('=');
    auto name = percent_decoded(field.substr(0, equals), true);
    auto value =
        percent_decoded(equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

/// RFC 4648 section 4; nothing unless it is whole and canonical.
[[nodiscard]] inline std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t bits = 0;
    int padding = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const char c = text[i + k];
      std::uint32_t digit = 0;
      if (c >= 'A' && c <= 'Z')
        digit = static_cast<std::uint32_t>(c - 'A');
      else if (c >= 'a' && c <= 'z')
        digit = static_cast<std::uint32_t>(c - 'a') + 26;
      else if (c >= '0' && c <= '9')
        digit = static_cast<std::uint32_t>(c - '0') + 52;
      else if (c == '+')
        digit = 62;
      else if (c == '/')
        digit = 63;
      else if (c == '=' && k >= 2 && i + 4 == text.size())
        ++padding;
      else
        return std::nullopt;
      if (c != '=' && padding > 0) return std::nullopt;
      bits = bits << 6 | digit;
    }
    const std::uint32_t lost = padding == 0 ? 0 : (std::uint32_t{1} << (8 * padding)) - 1;
    if ((bits & lost) != 0) return std::nullopt;
    out.push_back(static_cast<char>(bits >> 16));
    if (padding < 2) out.push_back(static_cast<char>(bits >> 8 & 0xff));
    if (padding < 1) out.push_back(static_cast<char>(bits & 0xff));
  }
  return out;
}

/// What follows the scheme in a value such as `Bearer abc`; nothing when the scheme is another.
[[nodiscard]] inline std::optional<std::string_view> credentials_of(std::string_view value,
                                                                    std::string_view scheme) noexcept {
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ') return std::nullopt;
  if (!equal_ignoring_case(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  value.remove_prefix(scheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value;
}

/// Whether one of the request's `If-Match` (or `If-None-Match`, compared weakly) fields holds `etag`, which is strong
/// and in quotes (RFC 9110 section 13.1.1). A member that is no entity tag matches nothing.
[[nodiscard]] inline bool matches_etag(const CloudRequest& request, std::string_view field_name, std::string_view etag,
                                       bool weakly) noexcept {
  for (const HeaderView& field : request.headers) {
    if (!equal_ignoring_case(field.name, field_name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      if (rest.front() == ' ' || rest.front() == '\t' || rest.front() == ',') {
        rest.remove_prefix(1);
        continue;
      }
      const bool weak = rest.starts_with("W/");
      if (weak) rest.remove_prefix(2);
      std::size_t end = rest.find(',');
      if (rest.starts_with('"')) {
        // A comma may stand within the quotes.
        const std::size_t quote = rest.find('"', 1);
        if (quote == std::string_view::npos) break;
        end = rest.find(',', quote);
      }
      std::string_view member = rest.substr(0, end);
      rest.remove_prefix(member.size());
      while (member.ends_with(' ') || member.ends_with('\t')) member.remove_suffix(1);
      if (!weak && member == "*") return true;
      if (member == etag && (weakly || !weak)) return true;
    }
  }
  return false;
}

/// Whether the media type of the body is `wanted`, whatever its parameters.
[[nodiscard]] inline bool has_media_type(const CloudRequest& request, std::string_view wanted) noexcept {
  std::string_view type = request.header("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return equal_ignoring_case(type, wanted);
}

}  // namespace patchbay::testing::detail
