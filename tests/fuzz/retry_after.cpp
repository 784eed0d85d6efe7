// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Retry-After and Date: an input is which clock the client has, then the field's value, a line's end, and the answer's Date.
// What they mean is reckoned a second time, slowly: fields cut out by their places, days by the C library, the century by
// trying each.
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

#include <patchbay/cloud/retry_after.hpp>

#include <array>
#include <cctype>
#include <ctime>  // timegm, gmtime_r
#include <optional>
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

// Wide enough for what decimal digits can say here; the extension is that of both compilers.
__extension__ typedef __int128 Wide;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                               "Friday", "Saturday", "Sunday"};

std::tm date_of(std::int64_t seconds) {
  const std::time_t when = seconds;
  std::tm parts{};
  gmtime_r(&when, &parts);
  return parts;
}

/// Seconds since 1970, if the C library has such a day.
std::optional<std::int64_t> count(int year, int month, int day, std::int64_t of_day) {
  std::tm parts{};
  parts.tm_year = year - 1900, parts.tm_mon = month, parts.tm_mday = day;
  const std::int64_t midnight = timegm(&parts);
  const std::tm back = date_of(midnight);
  if (back.tm_year + 1900 != year || back.tm_mon != month || back.tm_mday != day) return std::nullopt;
  return midnight + of_day;
}

/// A date by its form: `D` stands for a digit, `_` for a digit or a space, `d` for a short day's name, `m` for a month's.
struct Fields {
  std::string digits;
  int month = -1;
};
std::optional<Fields> cut(std::string_view text, std::string_view form) {
  Fields out;
  for (const char c : form) {
    const std::size_t size = c == 'd' || c == 'm' ? 3 : 1;
    if (text.size() < size) return std::nullopt;
    const std::string_view part = text.substr(0, size);
    text.remove_prefix(size);
    bool fits = false;
    if (c == 'D' || (c == '_' && part != " ")) {
      fits = part[0] >= '0' && part[0] <= '9';
      out.digits += part;
    } else if (c == '_') {
      fits = true;
      out.digits += '0';
    } else if (c == 'd') {
      for (const std::string_view each : days) fits = fits || each.substr(0, 3) == part;
    } else if (c == 'm') {
      for (std::size_t i = 0; i < months.size(); ++i)
        if (months[i] == part) fits = true, out.month = static_cast<int>(i);
    } else {
      fits = part[0] == c;
    }
    if (!fits) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return out;
}

std::optional<std::int64_t> of_day(const std::string& digits, std::size_t at) {
  const int hour = std::stoi(digits.substr(at, 2)), minute = std::stoi(digits.substr(at + 2, 2)),
            second = std::stoi(digits.substr(at + 4, 2));
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return hour * 3600 + minute * 60 + second;
}

/// The two-digit year: of the centuries around now the last one that is not more than fifty years ahead.
std::optional<std::int64_t> with_century(int two_digits, int month, int day, std::int64_t in_day, std::int64_t now) {
  const std::tm today = date_of(now);
  const int this_year = today.tm_year + 1900;
  int last = today.tm_mday;
  while (!count(this_year + 50, today.tm_mon, last, 0)) --last;
  const std::int64_t limit = *count(this_year + 50, today.tm_mon, last, 0) + (now % 86400 + 86400) % 86400;
  int year = this_year + 50;
  while ((year % 100 + 100) % 100 != two_digits) --year;
  const auto at = count(year, month, day, in_day);
  return at && *at > limit ? count(year - 100, month, day, in_day) : at;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view{}
                                         : text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::optional<std::int64_t> reckon(std::string_view text, std::int64_t now) {
  text = trimmed(text);
  const auto number = [](const std::string& digits, std::size_t at, std::size_t size) {
    return std::stoi(digits.substr(at, size));
  };
  if (const auto imf = cut(text, "d, DD m DDDD DD:DD:DD GMT")) {
    const auto time = of_day(imf->digits, 6);
    return time ? count(number(imf->digits, 2, 4), imf->month, number(imf->digits, 0, 2), *time) : std::nullopt;
  }
  if (const auto asctime = cut(text, "d m _D DD:DD:DD DDDD")) {
    const auto time = of_day(asctime->digits, 2);
    return time ? count(number(asctime->digits, 8, 4), asctime->month, number(asctime->digits, 0, 2), *time)
                : std::nullopt;
  }
  for (const std::string_view day : days) {
    if (!text.starts_with(day)) continue;
    const auto rfc850 = cut(text.substr(day.size()), ", DD-m-DD DD:DD:DD GMT");
    if (!rfc850) continue;
    const auto time = of_day(rfc850->digits, 4);
    return time ? with_century(number(rfc850->digits, 2, 2), rfc850->month, number(rfc850->digits, 0, 2), *time, now)
                : std::nullopt;
  }
  return std::nullopt;
}

constexpr Wide most = (Duration::max)().count();

/// Nanoseconds that the two fields ask for.
std::optional<Wide> reckon_wait(std::string_view value, std::optional<std::string_view> date, WallTime now) {
  value = trimmed(value);
  if (value.empty()) return std::nullopt;
  bool digits = true;
  Wide number = 0;
  for (const char c : value) {
    digits = digits && c >= '0' && c <= '9';
    if (digits && number < most) number = number * 10 + (c - '0');
  }
  if (digits) return number > most / 1'000'000'000 ? most : number * 1'000'000'000;
  const Wide since = now.time_since_epoch().count();
  const Wide second = since >= 0 ? since / 1'000'000'000 : -((-since + 999'999'999) / 1'000'000'000);
  const auto until = reckon(value, static_cast<std::int64_t>(second));
  if (!until) return std::nullopt;
  const auto sent = date ? reckon(*date, static_cast<std::int64_t>(second)) : std::nullopt;
  const Wide from = sent ? static_cast<Wide>(*sent) * 1'000'000'000 : since;
  const Wide wait = static_cast<Wide>(*until) * 1'000'000'000 - from;
  return wait <= 0 ? 0 : wait;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The documents' year, a leap day, the last second of a century, before 1970, and what the clock's type can say at most.
  static const std::array<WallTime, 8> clocks{
      WallTime{std::chrono::seconds{1'767'225'600}},
      WallTime{std::chrono::milliseconds{1'709'208'000'250}},
      WallTime{std::chrono::milliseconds{946'684'799'999}},
      WallTime{std::chrono::seconds{0}},
      WallTime{std::chrono::milliseconds{-2'208'988'800'001}},
      WallTime{std::chrono::seconds{4'102'444'799}},
      (WallTime::max)(),
      (WallTime::min)() + std::chrono::seconds{1},
  };
  patchbay_fuzz::Bytes bytes(data, size);
  const WallTime now = clocks[bytes.below(clocks.size())];
  const std::string_view text = bytes.rest();
  const std::size_t end = text.find('\n');
  const std::string_view value = text.substr(0, end);
  std::optional<std::string_view> date;
  if (end != std::string_view::npos) date = text.substr(end + 1);

  const auto wait = parse_retry_after(value, date, now);
  const auto expected = reckon_wait(value, date, now);
  law(wait.has_value() == expected.has_value(), "what is a hint", {text});
  if (wait) {
    law(*wait >= Duration::zero(), "a wait is never negative", {text});
    // Beyond what fits, the last second of the type's range is no matter.
    const Wide found = wait->count();
    law(found == *expected || (*expected > most - 2'000'000'000 && found > most - 2'000'000'000),
        "how long the wait is", {text});
  }
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  for (const std::string_view each : {value, date.value_or(std::string_view{})}) {
    const auto at = parse_http_date(each, now);
    const auto by_hand = reckon(each, second);
    law(at.has_value() == by_hand.has_value(), "what is a date", {each});
    if (at && *by_hand < 9'223'372'036 && *by_hand > -9'223'372'036)
      law(*at == WallTime{std::chrono::seconds{*by_hand}}, "which date it is", {each});
  }
  return 0;
}
