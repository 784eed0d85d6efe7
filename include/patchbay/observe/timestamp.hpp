// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <patchbay/time.hpp>

namespace patchbay {

/// Appends `when` as ISO 8601 in UTC with milliseconds, `2026-11-21T09:30:00.125Z`, which is what both documents write.
/// Milliseconds are cut, not rounded, so that no record is dated into the future. For the years 0 to 9999.
inline void append_timestamp(std::string& out, WallTime when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date{day};
  const auto of_day = std::chrono::floor<milliseconds>(when - day).count();
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  char text[] = "0000-00-00T00:00:00.000Z";
  // Digits are put from the right, so that leading zeros come by themselves.
  const auto put = [&text](std::size_t end, std::size_t width, unsigned value) {
    for (; width > 0; --width, value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  put(4, 4, year);
  put(7, 2, static_cast<unsigned>(date.month()));
  put(10, 2, static_cast<unsigned>(date.day()));
  put(13, 2, static_cast<unsigned>(of_day / 3'600'000));
  put(16, 2, static_cast<unsigned>(of_day / 60'000 % 60));
  put(19, 2, static_cast<unsigned>(of_day / 1000 % 60));
  put(23, 3, static_cast<unsigned>(of_day % 1000));
  out.append(text, sizeof text - 1);
}

}  // namespace patchbay
