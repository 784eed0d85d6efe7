// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/time.hpp>

namespace patchbay {

namespace detail {

/// Appends the instant `seconds` (since 1970, of the years 0 to 9999) and a fraction of `digits` decimals as RFC 3339
/// in UTC: `2026-11-21T09:30:00.125Z`.
inline void append_instant(std::string& out, std::chrono::sys_seconds seconds, std::uint64_t fraction,
                           unsigned digits) {
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const auto of_day = static_cast<unsigned>((seconds - day).count());
  char text[] = "0000-00-00T00:00:00.000000000000000000Z";
  // Digits are put from the right, so that leading zeros come by themselves.
  const auto put = [&text](std::size_t end, std::size_t width, auto value) {
    for (; width > 0; --width, value /= 10) text[--end] = static_cast<char>('0' + static_cast<int>(value % 10));
  };
  put(4, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put(7, 2, static_cast<unsigned>(date.month()));
  put(10, 2, static_cast<unsigned>(date.day()));
  put(13, 2, of_day / 3600);
  put(16, 2, of_day / 60 % 60);
  put(19, 2, of_day % 60);
  const std::size_t end = digits == 0 ? 19 : 20 + digits;
  put(end, digits, fraction);
  text[end] = 'Z';
  out.append(text, end + 1);
}

}  // namespace detail

/// Appends `when` as ISO 8601 in UTC with milliseconds, `2026-11-21T09:30:00.125Z`, which is what both documents write.
/// Milliseconds are cut, not rounded, so that no record is dated into the future. For the years 0 to 9999.
inline void append_timestamp(std::string& out, WallTime when) {
  const auto whole = std::chrono::floor<seconds>(when);
  const auto of_second = std::chrono::floor<milliseconds>(when - whole).count();
  detail::append_instant(out, whole, static_cast<std::uint64_t>(of_second), 3);
}

/// Appends how long a wait is and when it ends, `for 2 h 10 min, until 2026-11-21T11:40:00Z`, to the second and never
/// rounded down, for a wait that begins at `now`. One of more than a year is said to be that.
inline void append_wait(std::string& out, Duration wait, WallTime now) {
  constexpr Duration year = std::chrono::hours{24 * 365};
  if (wait > year) {
    out.append("for more than a year");
    return;
  }
  wait = (std::max)(wait, Duration::zero());
  const auto whole = std::chrono::ceil<seconds>(wait);
  const auto hours = whole.count() / 3600, minutes = whole.count() / 60 % 60, rest = whole.count() % 60;
  out.append("for");
  if (hours != 0) out.append(" ").append(std::to_string(hours)).append(" h");
  if (minutes != 0) out.append(" ").append(std::to_string(minutes)).append(" min");
  if (rest != 0 || whole.count() == 0) out.append(" ").append(std::to_string(rest)).append(" s");
  out.append(", until ");
  detail::append_instant(out, std::chrono::ceil<seconds>(now + std::chrono::duration_cast<WallTime::duration>(wait)), 0, 0);
}

}  // namespace patchbay
