// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cmath>  // isfinite

#include <fmt/format.h>

#include <patchbay/json/write.hpp>

namespace patchbay {

PATCHBAY_DECL void detail::append_escaped(std::string& out, std::string_view text, std::size_t first) {
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

PATCHBAY_DECL void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out.append("null");
    return;
  }
  char text[40];
  out.append(text, fmt::format_to_n(text, sizeof text, FMT_STRING("{}"), number).out);
}

}  // namespace patchbay
