// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/append_text.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

#include "support/catch.hpp"

using patchbay::append_json_string;
using patchbay::is_valid_utf8;
using patchbay::detail::append_text;
using patchbay::detail::needs_no_escape;

TEST_CASE("text of every byte at every place is written as the plain writer does it", "[schema]") {
  for (std::size_t size = 0; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(static_cast<unsigned char>(byte));
        std::string expected, got;
        append_json_string(expected, text);
        const bool fine = append_text(got, text);
        if (fine != is_valid_utf8(text) || (fine && got != expected)) {
          CAPTURE(size, at, byte);
          CHECK(fine == is_valid_utf8(text));
          CHECK(got == expected);
        }
        // The fast way must be taken where it may, and only there.
        const bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        if (needs_no_escape(text) && !plain) FAIL("byte " << byte << " is not plain");
      }
    }
  }
  CHECK(needs_no_escape("hold_music_standard.wav"));
  CHECK(needs_no_escape("{}~ !#"));
  CHECK(needs_no_escape(std::string_view{}));
}

TEST_CASE("bytes that differ in many places are judged alike", "[schema]") {
  unsigned state = 1;
  const auto next = [&] { return state = state * 1664525U + 1013904223U; };
  for (int round = 0; round < 20'000; ++round) {
    std::string text(next() >> 27, '\0');
    for (char& c : text) c = static_cast<char>(static_cast<unsigned char>(next() >> 24 & (next() >> 31 ? 0x7f : 0xff)));
    std::string expected, got;
    append_json_string(expected, text);
    const bool fine = append_text(got, text);
    if (fine != is_valid_utf8(text) || (fine && got != expected)) FAIL("round " << round);
  }
  SUCCEED();
}
