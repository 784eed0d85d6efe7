// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Durations and instants: an input is a text, whose first bytes also count as a number. What a type takes of the text is
// reckoned a second time by hand and by the C library; what it writes of the number is read back.
#include "fuzz/law.hpp"

#include <patchbay/schema/chrono.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>  // memcpy
#include <ctime>    // timegm
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

/// The text between the quotes.
std::string_view inner(const std::string& quoted) { return std::string_view(quoted).substr(1, quoted.size() - 2); }

/// What every type keeps to.
template <class T>
void round_trip(const T& value, std::string_view from) {
  using Rules = FieldRules<T>;
  std::string text, again;
  if (!Rules::encode(value, text)) return;  // an instant of a year of five digits
  law(text.size() == Rules::encoded_size(value), "the size is exact", {from, text});
  law(Rules::check(inner(text)), "what is written is taken", {from, text});
  law(Rules::parse(inner(text)) == value, "what is written is the value", {from, text});
  law(Rules::encode(Rules::parse(inner(text)), again) && again == text, "there is one form", {from, text, again});
}

/// Nanoseconds of a duration that was taken; by hand.
// Wide enough for every product of the test; the extension is that of both compilers.
__extension__ typedef __int128 Wide;

Wide nanoseconds_of(std::string_view text) {
  Wide total = 0, number = 0, scale = 0;
  bool time = false;
  const bool negative = text.starts_with('-');
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      scale *= 10;
    } else if (c == '.' || c == ',') {
      scale = 1;
    } else if (c == 'T') {
      time = true;
    } else if (c != 'P' && c != '-' && c != '+') {
      const Wide seconds = c == 'W' ? 604800 : c == 'D' ? 86400 : c == 'H' ? 3600 : c == 'M' && time ? 60 : c == 'S' ? 1 : -1;
      law(seconds > 0, "a unit has a length", {text});
      total += number * seconds * 1'000'000'000 / (scale == 0 ? 1 : scale);
      number = scale = 0;
    }
  }
  return negative ? -total : total;
}

template <class T>
void duration(std::string_view text, std::int64_t count) {
  using Rep = typename T::rep;
  round_trip(T(static_cast<Rep>(count)), text);
  if (!FieldRules<T>::check(text)) return;
  const T value = FieldRules<T>::parse(text);
  round_trip(value, text);
  if (text.size() > 40) return;  // longer ones are zeros, and beyond what is reckoned here
  const Wide unit = static_cast<Wide>(1'000'000'000) * T::period::num / T::period::den;
  law(static_cast<Wide>(value.count()) * unit == nanoseconds_of(text), "a duration is the sum of its parts", {text});
}

template <class T>
void instant(std::string_view text, std::int64_t count) {
  using Span = typename T::duration;
  round_trip(T(Span(static_cast<typename Span::rep>(count))), text);
  if (!FieldRules<T>::check(text)) return;
  const T value = FieldRules<T>::parse(text);
  round_trip(value, text);

  const auto number = [&](std::size_t at, std::size_t size) { return std::stoi(std::string(text.substr(at, size))); };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  if (text.size() > 10) parts.tm_hour = number(11, 2), parts.tm_min = number(14, 2), parts.tm_sec = number(17, 2);
  std::int64_t seconds = timegm(&parts);
  if (text.size() > 10 && !text.ends_with('Z')) {
    const std::size_t at = text.size() - 6;
    const int minutes = number(at + 1, 2) * 60 + number(at + 4, 2);
    seconds -= (text[at] == '-' ? -minutes : minutes) * 60;
  }
  const auto whole = std::chrono::floor<std::chrono::seconds>(value).time_since_epoch().count();
  law(whole == seconds, "an instant is where the C library has it", {text});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace chrono = std::chrono;
  const std::string_view text = patchbay_fuzz::as_text(data, size);
  std::int64_t count = 0;
  if (size != 0) std::memcpy(&count, data, size < sizeof count ? size : sizeof count);
  duration<chrono::nanoseconds>(text, count);
  duration<chrono::milliseconds>(text, count);
  duration<chrono::seconds>(text, count);
  duration<chrono::minutes>(text, count);
  duration<chrono::days>(text, count);
  duration<chrono::duration<std::uint32_t>>(text, count);
  duration<chrono::duration<std::int8_t, std::ratio<3600>>>(text, count);
  duration<chrono::duration<std::uint64_t, std::milli>>(text, count);
  instant<chrono::sys_seconds>(text, count);
  instant<chrono::sys_seconds>(text, count % 400'000'000'000);
  instant<chrono::sys_time<chrono::milliseconds>>(text, count);
  instant<chrono::sys_time<chrono::nanoseconds>>(text, count);
  instant<chrono::sys_days>(text, count % 4'000'000);
  return 0;
}
