// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/json/read.hpp>
#include <patchbay/schema/utf8.hpp>

// What is done with JSON text that `JsonReader` has checked and minified: no errors are left to report.
namespace patchbay::detail {

/// Whether a number in JSON's grammar is finite as a double; without reading it where its length tells.
[[nodiscard]] inline bool is_finite_token(std::string_view number) noexcept {
  constexpr std::size_t always = 300;  // digits that fit any double
  bool exponent = number.size() >= always;
  for (const char c : number) exponent |= (c | 0x20) == 'e';
  return !exponent || parse_json_number(number).has_value();
}

/// Appends one JSON value to `out`, minified, as `JsonReader::minify` does and with the same answers; scalars are
/// checked here, since they are most of what comes and need no parser. Returns why not; empty when all is well.
[[nodiscard]] inline std::string_view append_checked_json(std::string_view json, JsonReader& reader, std::string& out,
                                                            int max_depth = max_json_depth) {
  while (!json.empty() && std::string_view(" \t\r\n").find(json.front()) != std::string_view::npos)
    json.remove_prefix(1);
  while (!json.empty() && std::string_view(" \t\r\n").find(json.back()) != std::string_view::npos)
    json.remove_suffix(1);
  const bool known =
      json == "true" || json == "false" || json == "null" || (is_json_number(json) && is_finite_token(json));
  if (known) {
    out.append(json);
    return {};
  }
  const JsonResult<void> done = reader.minify(json, out, max_depth);
  return done ? std::string_view{} : done.error().why;
}

/// Appends the text that the JSON string `token`, quotes included, stands for.
inline void append_unescaped(std::string& out, std::string_view token) {
  const auto unit = [&](std::size_t at) {
    char32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      const char c = token[i];
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      value = value * 16 + static_cast<char32_t>(digit);
    }
    return value;
  };
  for (std::size_t i = 1; i + 1 < token.size();) {
    if (token[i] != '\\') {
      const std::size_t end = std::min(token.find('\\', i), token.size() - 1);
      out.append(token.substr(i, end - i));
      i = end;
      continue;
    }
    const char escape = token[i + 1];
    i += 2;
    switch (escape) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        char32_t point = unit(i);
        i += 4;
        if (point >= 0xd800 && point < 0xdc00) {  // the reader has made sure that its other half follows
          point = 0x10000 + ((point - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
          i += 6;
        }
        append_utf8(out, point);
        break;
      }
      default:
        out.push_back(escape);
    }
  }
}

/// Where the value that begins at `json[i]` ends.
[[nodiscard]] inline std::size_t end_of_value(std::string_view json, std::size_t i) noexcept {
  int depth = 0;
  for (; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      for (++i; json[i] != '"'; ++i)
        if (json[i] == '\\') ++i;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return i;
      --depth;
    } else if (c == ',' || c == ':') {
      if (depth == 0) return i;
    }
  }
  return i;
}

/// Calls `visit(name, value)` for each member of an object, both as they stand in `json`; `visit(value)` for an
/// array's.
template <class Visit>
void each_of(std::string_view json, Visit&& visit) {
  for (std::size_t i = 1; i + 1 < json.size();) {
    if (json[i] == ',') ++i;
    const std::size_t end = end_of_value(json, i);
    if constexpr (requires { visit(json, json); }) {
      const std::string_view name = json.substr(i, end - i);
      const std::size_t stop = end_of_value(json, end + 1);
      visit(name, json.substr(end + 1, stop - end - 1));
      i = stop;
    } else {
      visit(json.substr(i, end - i));
      i = end;
    }
  }
}

}  // namespace patchbay::detail
