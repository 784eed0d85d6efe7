// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include <patchbay/time.hpp>

namespace patchbay {

namespace detail {

/// Takes what an HTTP-date is made of from the front of a text; `ok()` turns false at the first thing that does not
/// fit.
class HttpDateScanner {
 public:
  explicit constexpr HttpDateScanner(std::string_view text) noexcept : rest_(text) {}

  constexpr void literal(std::string_view expected) noexcept {
    if (!rest_.starts_with(expected)) {
      ok_ = false;
      return;
    }
    rest_.remove_prefix(expected.size());
  }
  /// Exactly `count` digits.
  constexpr int digits(std::size_t count) noexcept {
    int number = 0;
    if (rest_.size() < count) ok_ = false;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      const char c = rest_[i];
      if (c < '0' || c > '9') {
        ok_ = false;
      } else {
        number = number * 10 + (c - '0');
      }
    }
    if (ok_) rest_.remove_prefix(count);
    return number;
  }
  /// asctime's day: two digits, or a space and one.
  constexpr int padded_day() noexcept {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  /// Which of `names` comes next, from 1; case matters (RFC 9110 section 5.6.7).
  template <std::size_t N>
  constexpr int one_of(const std::array<std::string_view, N>& names) noexcept {
    for (std::size_t i = 0; i < N; ++i) {
      if (!rest_.starts_with(names[i])) continue;
      rest_.remove_prefix(names[i].size());
      return static_cast<int>(i) + 1;
    }
    ok_ = false;
    return 0;
  }
  /// `hh:mm:ss` as seconds of the day; `23:59:60` is the leap second that the grammar allows.
  constexpr std::int64_t time_of_day() noexcept {
    const int hour = digits(2);
    literal(":");
    const int minute = digits(2);
    literal(":");
    const int second = digits(2);
    if (hour > 23 || minute > 59 || second > 60) ok_ = false;
    return hour * 3600 + minute * 60 + second;
  }
  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  [[nodiscard]] constexpr bool at_end() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

inline constexpr std::array<std::string_view, 12> http_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
inline constexpr std::array<std::string_view, 7> http_short_days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
inline constexpr std::array<std::string_view, 7> http_long_days{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                                "Friday", "Saturday", "Sunday"};

/// Seconds since 1970 of a calendar date and a time of day; nothing when there is no such date.
constexpr std::optional<std::int64_t> unix_seconds(int year, int month, int day, std::int64_t of_day) noexcept {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} * 86400 + of_day;
}

constexpr std::int64_t floor_seconds(WallTime when) noexcept {
  return std::chrono::floor<std::chrono::seconds>(when).time_since_epoch().count();
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
constexpr std::optional<std::int64_t> parse_imf_fixdate(std::string_view text) noexcept {
  HttpDateScanner scan(text);
  scan.one_of(http_short_days);
  scan.literal(", ");
  const int day = scan.digits(2);
  scan.literal(" ");
  const int month = scan.one_of(http_months);
  scan.literal(" ");
  const int year = scan.digits(4);
  scan.literal(" ");
  const std::int64_t of_day = scan.time_of_day();
  scan.literal(" GMT");
  if (!scan.at_end()) return std::nullopt;
  return unix_seconds(year, month, day, of_day);
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`. A date that appears to be more than 50 years after `now` is in the most recent
/// past year with the same two last digits.
constexpr std::optional<std::int64_t> parse_rfc850_date(std::string_view text, WallTime now) noexcept {
  HttpDateScanner scan(text);
  scan.one_of(http_long_days);
  scan.literal(", ");
  const int day = scan.digits(2);
  scan.literal("-");
  const int month = scan.one_of(http_months);
  scan.literal("-");
  const int two_digits = scan.digits(2);
  scan.literal(" ");
  const std::int64_t of_day = scan.time_of_day();
  scan.literal(" GMT");
  if (!scan.at_end()) return std::nullopt;

  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  // Fifty years from now to the second; the 29th of February ends on the 28th of a common year.
  std::chrono::year_month_day limit_date = today + std::chrono::years{50};
  if (!limit_date.ok()) limit_date = limit_date.year() / limit_date.month() / std::chrono::last;
  const std::int64_t limit =
      std::int64_t{std::chrono::sys_days{limit_date}.time_since_epoch().count()} * 86400 +
      (floor_seconds(now) - std::int64_t{std::chrono::sys_days{today}.time_since_epoch().count()} * 86400);
  // The year with these digits in (this year - 50, this year + 50], and a century earlier if its day is past the limit.
  int year = this_year - this_year % 100 + two_digits;
  if (year <= this_year - 50) year += 100;
  if (year > this_year + 50) year -= 100;
  const auto at = unix_seconds(year, month, day, of_day);
  return at && *at > limit ? unix_seconds(year - 100, month, day, of_day) : at;
}

/// `Sun Nov  6 08:49:37 1994`
constexpr std::optional<std::int64_t> parse_asctime_date(std::string_view text) noexcept {
  HttpDateScanner scan(text);
  scan.one_of(http_short_days);
  scan.literal(" ");
  const int month = scan.one_of(http_months);
  scan.literal(" ");
  const int day = scan.padded_day();
  scan.literal(" ");
  const std::int64_t of_day = scan.time_of_day();
  scan.literal(" ");
  const int year = scan.digits(4);
  if (!scan.at_end()) return std::nullopt;
  return unix_seconds(year, month, day, of_day);
}

constexpr std::string_view trim_ows(std::string_view text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// Seconds since 1970 of an HTTP-date in any of its three forms.
constexpr std::optional<std::int64_t> parse_http_date_seconds(std::string_view text, WallTime now) noexcept {
  text = trim_ows(text);
  if (const auto at = parse_imf_fixdate(text)) return at;
  if (const auto at = parse_rfc850_date(text, now)) return at;
  return parse_asctime_date(text);
}

/// `count` seconds as a span of `Span`, saturating at both ends: a span of nanoseconds ends after 292 years.
template <class Span>
constexpr Span saturated_seconds(std::int64_t count) noexcept {
  constexpr std::int64_t most = std::chrono::duration_cast<std::chrono::seconds>((Span::max)()).count();
  if (count > most) return (Span::max)();
  if (count < -most) return (Span::min)();
  return std::chrono::duration_cast<Span>(std::chrono::seconds{count});
}

}  // namespace detail

/// An HTTP-date (RFC 9110 section 5.6.7) in any of its three forms, spelled exactly; nothing for anything else. `now`
/// decides the century of the RFC 850 form. The name of the day must be one, but need not be the right one. A date that
/// the clock's type cannot hold (after 2262) saturates.
[[nodiscard]] constexpr std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) noexcept {
  const auto at = detail::parse_http_date_seconds(text, now);
  if (!at) return std::nullopt;
  return WallTime{detail::saturated_seconds<WallTime::duration>(*at)};
}

/// How long a `Retry-After` field (RFC 9110 section 10.2.3) asks to wait, as delay-seconds or as an HTTP-date (hazard
/// A8).
///
/// A date is taken relative to the response's own `Date` when that is valid, so that the two machines' clocks need not
/// agree, and to `now` otherwise. A date that has passed is zero; a number beyond what `Duration` can hold is the
/// longest that it can. Nothing for a negative number, a fraction, an empty field or anything else: that is no hint.
[[nodiscard]] constexpr std::optional<Duration> parse_retry_after(std::string_view value,
                                                                  std::optional<std::string_view> response_date,
                                                                  WallTime now) noexcept {
  value = detail::trim_ows(value);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t count = 0;
    for (const char c : value) {
      constexpr std::int64_t enough = (std::numeric_limits<std::int64_t>::max)() / 10 - 1;
      count = count > enough ? count : count * 10 + (c - '0');
    }
    return detail::saturated_seconds<Duration>(count);
  }
  const auto until = detail::parse_http_date_seconds(value, now);
  if (!until) return std::nullopt;
  std::optional<std::int64_t> from;
  if (response_date) from = detail::parse_http_date_seconds(*response_date, now);
  if (from) return *until <= *from ? Duration::zero() : detail::saturated_seconds<Duration>(*until - *from);
  const std::int64_t whole = detail::floor_seconds(now);
  if (*until <= whole) return Duration::zero();
  // The part of the second that has passed already is not waited for again.
  const auto passed = std::chrono::duration_cast<Duration>(now - std::chrono::floor<std::chrono::seconds>(now));
  return detail::saturated_seconds<Duration>(*until - whole) - passed;
}

}  // namespace patchbay
