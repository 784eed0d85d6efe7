// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/json/number.hpp>  // is_digit

// The texts of durations and instants: ISO 8601-1, and its profile for instants, RFC 3339.
namespace patchbay::detail {

/// The least unit that a duration is written in.
enum class FinestUnit : std::uint8_t { day, hour, minute, second };

/// How a duration is written: in its finest unit, seconds with `decimals` digits behind the point.
struct DurationForm {
  FinestUnit finest = FinestUnit::second;
  unsigned decimals = 0;
  bool is_signed = true;
};

[[nodiscard]] constexpr std::uint64_t power_of_ten(unsigned exponent) noexcept {
  std::uint64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

/// `total` plus `count` of something that is `size` large, or beyond 64 bits when that is 0; false when that is too
/// much.
[[nodiscard]] constexpr bool add_times(std::uint64_t& total, std::uint64_t count, std::uint64_t size) noexcept {
  constexpr std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)();
  if (size == 0) return count == 0;
  if (count > (most - total) / size) return false;
  total += count * size;
  return true;
}

/// Reads digits from a text.
class DigitReader {
 public:
  constexpr explicit DigitReader(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] constexpr bool is_at_end() const noexcept { return at_ == text_.size(); }
  [[nodiscard]] constexpr bool is_at(char c) const noexcept { return !is_at_end() && text_[at_] == c; }
  constexpr bool take(char c) noexcept { return is_at(c) ? (++at_, true) : false; }
  /// The number that `least` to `most` digits spell; nothing when there are not as many, or it exceeds 64 bits.
  [[nodiscard]] constexpr std::optional<std::uint64_t> number(std::size_t least, std::size_t most) noexcept {
    std::uint64_t value = 0;
    const std::size_t begin = at_;
    for (; !is_at_end() && at_ - begin < most && is_digit(text_[at_]); ++at_) {
      std::uint64_t next = static_cast<std::uint64_t>(text_[at_] - '0');
      if (!add_times(next, value, 10)) return std::nullopt;
      value = next;
    }
    if (at_ - begin < least) return std::nullopt;
    return value;
  }
  /// Up to `decimals` digits, as that many.
  [[nodiscard]] constexpr std::optional<std::uint64_t> fraction(unsigned decimals) noexcept {
    const std::size_t begin = at_;
    const auto value = number(1, decimals);
    if (!value) return value;
    return *value * power_of_ten(decimals - static_cast<unsigned>(at_ - begin));
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// `size` times `count`; 0 when that is beyond 64 bits, as a day is in 10^-18 seconds.
[[nodiscard]] constexpr std::uint64_t times_or_none(std::uint64_t size, std::uint64_t count) noexcept {
  return size > (std::numeric_limits<std::uint64_t>::max)() / count ? 0 : size * count;
}

struct DurationParts {
  bool negative = false;
  std::uint64_t count = 0;  ///< Of the finest unit; of its decimals, where it has some.
};

/// `-P3W`, `P1DT2H`, `PT1H30M`, `PT0.125S`. Weeks stand alone; years and months are refused, for they have no length;
/// so is a unit that is finer than the form's.
[[nodiscard]] constexpr std::optional<DurationParts> parse_duration(std::string_view text, DurationForm form) noexcept {
  constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
  DigitReader in(text);
  DurationParts out;
  if (form.is_signed) out.negative = in.take('-');
  if (!in.take('P')) return std::nullopt;
  // How many of the finest unit a day, an hour, a minute and a second have.
  const bool in_seconds = form.finest == FinestUnit::second;
  const std::uint64_t second = in_seconds ? power_of_ten(form.decimals) : 1;
  const std::uint64_t minute = in_seconds ? times_or_none(second, 60) : 1;
  const std::uint64_t hour = form.finest >= FinestUnit::minute ? times_or_none(minute, 60) : 1;
  const std::uint64_t day = form.finest >= FinestUnit::hour ? times_or_none(hour, 24) : 1;
  if (!in.is_at('T')) {
    const auto days = in.number(1, any);
    if (!days) return std::nullopt;
    if (in.take('W')) {
      const bool fits = add_times(out.count, *days, times_or_none(day, 7));
      return fits && in.is_at_end() ? std::optional(out) : std::nullopt;
    }
    if (!in.take('D') || !add_times(out.count, *days, day)) return std::nullopt;
    if (in.is_at_end()) return out;
  }
  if (!in.take('T') || in.is_at_end() || form.finest == FinestUnit::day) return std::nullopt;
  int previous = 0;  // 1 hours, 2 minutes, 3 seconds
  while (!in.is_at_end()) {
    const auto number = in.number(1, any);
    if (!number) return std::nullopt;
    const bool has_fraction = in_seconds && form.decimals > 0 && in.take('.');
    if (has_fraction) {
      const auto fraction = in.fraction(form.decimals);
      if (!fraction || !add_times(out.count, *fraction, 1)) return std::nullopt;
    }
    const int unit = in.take('S') ? 3 : has_fraction ? 0 : in.take('M') ? 2 : in.take('H') ? 1 : 0;
    if (unit <= previous || unit > static_cast<int>(form.finest)) return std::nullopt;
    if (!add_times(out.count, *number, unit == 1 ? hour : unit == 2 ? minute : second)) return std::nullopt;
    previous = unit;
  }
  return out;
}

/// The one text of a duration that is written here: days, hours below 24, minutes and seconds below 60, each where it
/// is not zero; decimals without zeros at their end; for nothing, none of the finest unit: `PT0S`, `PT0M`, `P0D`.
class DurationText {
 public:
  DurationText(DurationParts parts, DurationForm form) noexcept {
    std::uint64_t left = parts.count;
    const std::uint64_t scale = power_of_ten(form.decimals);
    std::uint64_t fraction = 0, second = 0, minute = 0, hour = 0;
    const auto split = [&left](std::uint64_t by) {
      const std::uint64_t rest = left % by;
      left /= by;
      return rest;
    };
    if (form.finest == FinestUnit::second) fraction = split(scale), second = split(60);
    if (form.finest >= FinestUnit::minute) minute = split(60);
    if (form.finest >= FinestUnit::hour) hour = split(24);
    if (parts.negative && parts.count != 0) put('-');
    put('P');
    if (left != 0 || form.finest == FinestUnit::day) number(left, 'D');
    const bool zero = parts.count == 0 && form.finest != FinestUnit::day;
    if (hour != 0 || minute != 0 || second != 0 || fraction != 0 || zero) put('T');
    if (hour != 0 || (zero && form.finest == FinestUnit::hour)) number(hour, 'H');
    if (minute != 0 || (zero && form.finest == FinestUnit::minute)) number(minute, 'M');
    if (second != 0 || fraction != 0 || (zero && form.finest == FinestUnit::second)) {
      digits(second);
      if (fraction != 0) {
        put('.');
        for (std::uint64_t place = scale / 10; fraction != 0; place /= 10) {
          put(static_cast<char>('0' + static_cast<int>(fraction / place)));
          fraction %= place;
        }
      }
      put('S');
    }
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

 private:
  void put(char c) noexcept { text_[size_++] = c; }
  void digits(std::uint64_t value) noexcept {
    char reversed[20];
    std::size_t count = 0;
    do reversed[count++] = static_cast<char>('0' + static_cast<int>(value % 10));
    while ((value /= 10) != 0);
    while (count > 0) put(reversed[--count]);
  }
  void number(std::uint64_t value, char unit) noexcept { digits(value), put(unit); }
  char text_[72];
  std::size_t size_ = 0;
};

struct InstantParts {
  std::chrono::sys_seconds seconds{};
  std::uint64_t fraction = 0;  ///< Of the decimals that were asked for.
};

/// Whether an instant is of the years 0 to 9999, which are those that can be written.
[[nodiscard]] constexpr bool can_be_written(std::chrono::sys_seconds when) noexcept {
  using namespace std::chrono;
  return when >= sys_days{year{0} / January / 1} && when < sys_days{year{10000} / January / 1};
}

[[nodiscard]] constexpr std::optional<std::chrono::sys_days> read_date(DigitReader& in) noexcept {
  using namespace std::chrono;
  const auto y = in.number(4, 4);
  if (!y || !in.take('-')) return std::nullopt;
  const auto m = in.number(2, 2);
  if (!m || !in.take('-')) return std::nullopt;
  const auto d = in.number(2, 2);
  if (!d) return std::nullopt;
  const year_month_day date{year{static_cast<int>(*y)}, month{static_cast<unsigned>(*m)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

/// `2026-11-21`.
[[nodiscard]] constexpr std::optional<std::chrono::sys_days> parse_date(std::string_view text) noexcept {
  DigitReader in(text);
  const auto date = read_date(in);
  return in.is_at_end() ? date : std::nullopt;
}

/// `2026-11-21T09:30:00.125Z`, or with an offset such as `+05:30` for the Z; capitals only, since other readers take no
/// others. No leap second: no `sys_time` has one.
[[nodiscard]] constexpr std::optional<InstantParts> parse_instant(std::string_view text, unsigned decimals) noexcept {
  using namespace std::chrono;
  DigitReader in(text);
  const auto date = read_date(in);
  const auto below = [&in](std::uint64_t limit) -> std::optional<std::int64_t> {
    const auto value = in.number(2, 2);
    if (!value || *value >= limit) return std::nullopt;
    return static_cast<std::int64_t>(*value);
  };
  if (!date || !in.take('T')) return std::nullopt;
  const auto hour = below(24);
  if (!hour || !in.take(':')) return std::nullopt;
  const auto minute = below(60);
  if (!minute || !in.take(':')) return std::nullopt;
  const auto second = below(60);
  if (!second) return std::nullopt;
  InstantParts out{*date + hours(*hour) + minutes(*minute) + seconds(*second), 0};
  if (decimals > 0 && in.take('.')) {
    const auto fraction = in.fraction(decimals);
    if (!fraction) return std::nullopt;
    out.fraction = *fraction;
  }
  if (!in.take('Z')) {
    const bool east = in.is_at('+');
    if (!in.take('+') && !in.take('-')) return std::nullopt;
    const auto offset_hours = below(24);
    if (!offset_hours || !in.take(':')) return std::nullopt;
    const auto offset_minutes = below(60);
    if (!offset_minutes) return std::nullopt;
    const seconds offset = hours(*offset_hours) + minutes(*offset_minutes);
    out.seconds -= east ? offset : -offset;
  }
  return in.is_at_end() && can_be_written(out.seconds) ? std::optional(out) : std::nullopt;
}

/// Seconds and a fraction as a count of 1 / 10^decimals; nothing beyond 64 bits.
[[nodiscard]] constexpr std::optional<std::int64_t> instant_count(const InstantParts& parts,
                                                                  unsigned decimals) noexcept {
  const auto scale = static_cast<std::int64_t>(power_of_ten(decimals));
  const auto fraction = static_cast<std::int64_t>(parts.fraction);
  constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
  constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
  const std::int64_t whole = parts.seconds.time_since_epoch().count();
  if (whole >= 0) {
    if (whole > (most - fraction) / scale) return std::nullopt;
    return whole * scale + fraction;
  }
  // The second in which the least value lies begins before it.
  if (whole + 1 < least / scale) return std::nullopt;
  const std::int64_t next = (whole + 1) * scale, back = scale - fraction;
  if (next < least + back) return std::nullopt;
  return next - back;
}

// The JSON Schema.
[[nodiscard]] inline std::string duration_pattern(DurationForm form) {
  std::string second = "\\d+";
  if (form.decimals > 0) second.append("(?:\\.\\d{1,").append(std::to_string(form.decimals)).append("})?");
  second.append("S");
  std::string time;
  switch (form.finest) {
    case FinestUnit::day:
      break;
    case FinestUnit::hour:
      time = "T\\d+H";
      break;
    case FinestUnit::minute:
      time = "T(?:\\d+H(?:\\d+M)?|\\d+M)";
      break;
    case FinestUnit::second:
      time = "T(?:\\d+H(?:\\d+M)?(?:" + second + ")?|\\d+M(?:" + second + ")?|" + second + ")";
      break;
  }
  std::string pattern = form.is_signed ? "^-?P(?:\\d+W|\\d+D" : "^P(?:\\d+W|\\d+D";
  if (!time.empty()) pattern.append("(?:").append(time).append(")?|").append(time);
  return pattern.append(")$");
}

inline constexpr std::string_view date_pattern =
    "(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2["
    "0-8]))|"
    "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";

[[nodiscard]] inline std::string instant_pattern(unsigned decimals) {
  std::string pattern = "^";
  pattern.append(date_pattern).append("T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d");
  if (decimals > 0) pattern.append("(?:\\.\\d{1,").append(std::to_string(decimals)).append("})?");
  return pattern.append("(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)$");
}

}  // namespace patchbay::detail
