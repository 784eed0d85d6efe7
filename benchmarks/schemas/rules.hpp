// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <emmintrin.h>

#include <array>
#include <cmath>  // isfinite
#include <cstddef>
#include <cstdint>
#include <cstdlib>  // strtod
#include <string>
#include <string_view>

// The rules, written by hand for this one job, for the hand-written side and for the peers, which have none of their
// own: so all peers check at the same cost, and differ in how they read and write JSON.
namespace patchbay::benchmarks::rules {

inline __m128i load(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

/// Which of 16 bytes are from `low` to `low + span`.
inline __m128i in_range(__m128i bytes, char low, char span) noexcept {
  const __m128i from_low = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(from_low, _mm_set1_epi8(span)), from_low);
}
inline __m128i lower(__m128i bytes) noexcept { return _mm_or_si128(bytes, _mm_set1_epi8(0x20)); }
inline unsigned bits(__m128i bytes) noexcept { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

/// 8-4-4-4-12 hexadecimal digits.
inline bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  const auto fits = [&](std::size_t at, unsigned dashes) {
    const __m128i bytes = load(text.data() + at);
    const __m128i hex = _mm_or_si128(in_range(bytes, '0', 9), in_range(lower(bytes), 'a', 5));
    return bits(hex) == (~dashes & 0xffff) && (bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'))) & dashes) == dashes;
  };
  return fits(0, 1U << 8 | 1U << 13) && fits(16, 1U << 2 | 1U << 7) && fits(20, 1U << 3);
}

inline bool is_reason(std::string_view text) noexcept {
  switch (text.size()) {
    case 8:
      return text == "queueing";
    case 11:
      return text == "agent_break";
    case 12:
      return text == "consultation" || text == "system_issue";
    default:
      return false;
  }
}

inline constexpr auto media_characters = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = table[c - 0x20U] = true;
  table['.'] = table['_'] = table['-'] = true;
  return table;
}();

/// The part of the rule that is not about each character.
inline bool has_media_extension(std::string_view text) noexcept {
  if (text.size() < 4 || text.size() > 128 || text.front() == '.') return false;
  const auto tail = [&](std::size_t size) {  // the last `size` bytes in lower case, a dot before them
    std::uint32_t word = 0;
    if (text.size() <= size || text[text.size() - size - 1] != '.') return word;
    for (std::size_t i = text.size() - size; i < text.size(); ++i)
      word = word << 8 | static_cast<unsigned char>(text[i] | 0x20);
    return word;
  };
  constexpr auto word_of = [](std::string_view extension) {
    std::uint32_t word = 0;
    for (const char c : extension) word = word << 8 | static_cast<unsigned char>(c);
    return word;
  };
  switch (tail(3)) {
    case word_of("wav"):
    case word_of("mp3"):
    case word_of("ogg"):
    case word_of("aac"):
    case word_of("m4a"):
    case word_of("wma"):
      return true;
    default:
      break;
  }
  switch (tail(4)) {
    case word_of("opus"):
    case word_of("flac"):
    case word_of("ulaw"):
    case word_of("alaw"):
      return true;
    default:
      return tail(2) == word_of("au");
  }
}

inline bool is_media_file(std::string_view text) noexcept {
  if (text.size() >= 16) {
    const auto fits = [&](std::size_t at) {
      const __m128i bytes = load(text.data() + at);
      __m128i fine = _mm_or_si128(in_range(bytes, '0', 9), in_range(lower(bytes), 'a', 25));
      fine = _mm_or_si128(fine, in_range(bytes, '-', 1));  // '-' and '.'
      return bits(_mm_or_si128(fine, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')))) == 0xffff;
    };
    for (std::size_t at = 0; at + 16 < text.size(); at += 16)
      if (!fits(at)) return false;
    if (!fits(text.size() - 16)) return false;
  } else {
    for (const char c : text)
      if (!media_characters[static_cast<unsigned char>(c)]) return false;
  }
  return has_media_extension(text);
}

inline bool is_language(std::string_view text) noexcept {
  return text == "en-US" || text == "de-DE" || text == "fr-FR";
}

inline constexpr std::size_t max_note = 120;
inline constexpr int max_depth = 64;
inline constexpr std::int64_t max_duration = 86400;

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Where the JSON number that begins at `at` ends; null when there is none.
inline const char* end_of_number(const char* at, const char* end) noexcept {
  if (at < end && *at == '-') ++at;
  if (at == end || !is_digit(*at)) return nullptr;
  if (*at++ != '0')
    while (at < end && is_digit(*at)) ++at;
  if (at < end && *at == '.') {
    const char* const point = at++;
    while (at < end && is_digit(*at)) ++at;
    if (at == point + 1) return nullptr;
  }
  if (at < end && (*at | 0x20) == 'e') {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    const char* const exponent = at;
    while (at < end && is_digit(*at)) ++at;
    if (at == exponent) return nullptr;
  }
  return at;
}

/// Whether a number in JSON's grammar is finite as a double; what has no exponent and fewer than 300 digits is.
inline bool is_finite(std::string_view number) noexcept {
  bool exponent = number.size() >= 300;
  for (const char c : number) exponent |= (c | 0x20) == 'e';
  if (!exponent) return true;
  return std::isfinite(std::strtod(std::string(number).c_str(), nullptr));  // too small a number is zero, and fine
}

inline bool is_number(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return end_of_number(text.data(), end) == end && is_finite(text);
}

/// An integer from 0 to 86400 in JSON's grammar, spelled without fraction and exponent.
inline bool is_duration(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return false;
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return text == "-0";
    value = value * 10 + (c - '0');
  }
  return value <= max_duration;
}

/// 1 and 0 for the words of a boolean; -1 otherwise.
inline int truth(std::string_view text) noexcept {
  if (text == "true" || text == "1") return 1;
  if (text == "false" || text == "0") return 0;
  return -1;
}

/// Bytes of the well-formed UTF-8 sequence at `at`, which is at least 0x80; 0 when there is none.
inline std::size_t utf8_sequence(const char* at, const char* end) noexcept {
  const auto left = static_cast<std::size_t>(end - at);
  const auto byte = [&](std::size_t i) { return i < left ? static_cast<unsigned char>(at[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef)
    return follows(1) && follows(2) && !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second > 0x9f) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4)
    return follows(1) && follows(2) && follows(3) && !(first == 0xf0 && second < 0x90) &&
                   !(first == 0xf4 && second > 0x8f)
               ? 4
               : 0;
  return 0;
}

/// The first byte in [at, end) that cannot stand in a JSON string as it is, or that is not ASCII.
inline const char* end_of_plain(const char* at, const char* end) noexcept {
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = load(at);
    const __m128i control = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));  // signed: 0x80 and beyond too
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    if (const unsigned found = bits(_mm_or_si128(control, special))) return at + __builtin_ctz(found);
  }
  while (at < end && static_cast<signed char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
}

/// The eight variables, in the order in which they are mostly given.
enum Variable { tier, duration, supervisor, balance, language, conversation, note, metadata, unknown };
inline constexpr std::array<std::string_view, 8> names{
    "customer_tier", "call_duration_seconds", "requires_supervisor", "account_balance", "language", "conversation_id",
    "note",          "routing_metadata"};
inline constexpr unsigned all_required = 0xff & ~(1U << note);

/// The variable of this name; the search begins with `hint`.
inline Variable variable(std::string_view name, unsigned hint) noexcept {
  if (hint < names.size() && names[hint] == name) return static_cast<Variable>(hint);
  for (unsigned i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Variable>(i);
  return unknown;
}

}  // namespace patchbay::benchmarks::rules
