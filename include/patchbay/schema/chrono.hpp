// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>  // in_range

#include <patchbay/observe/timestamp.hpp>
#include <patchbay/schema/detail/iso8601.hpp>
#include <patchbay/schema/field_rules.hpp>

// `std::chrono`'s durations and instants as types of fields; text on the wire.
//
// Durations of an integral count are ISO 8601 durations of fixed length: weeks alone, or days of 24 hours, hours,
// minutes and seconds, `PT1H30M`, `P1DT12H`, `PT0.125S`; with a sign before the P where the count has one. Years and
// months are refused, for they have no length. What a type cannot hold exactly is refused: `std::chrono::minutes` takes
// no seconds, not even `PT120S`; `milliseconds` takes up to three decimals; and what overflows the count is refused.
//
// `std::chrono::sys_time` of seconds or decimal parts of them is an RFC 3339 instant of the years 0000 to 9999:
// `2026-11-21T09:30:00.125Z`, with up to as many decimals as the type has, and an offset, `+05:30`, or Z, both in
// capitals. A leap second (`:60`) is refused, since no `sys_time` has one. `std::chrono::sys_days` is a date,
// `2026-11-21`.
//
// A typed value is written in one form only: durations in days, hours, minutes and seconds without zeros, instants in
// UTC with all the decimals of their type. Loose text that keeps the rule is passed on as it was given, offset and all;
// it becomes that form when it becomes a typed value.
//
// The JSON Schema is a `pattern` that says all of this but the range of the count.
namespace patchbay {

namespace detail {

template <std::intmax_t Num, std::intmax_t Den>
constexpr unsigned decimals_of() noexcept {
  for (unsigned n = 0; n <= 18; ++n)
    if (power_of_ten(n) % static_cast<std::uint64_t>(Den) == 0) return n;
  return 99;
}

/// How durations of a period are written.
template <class Rep, class Period>
struct DurationTraits {
  static constexpr auto num = static_cast<std::uint64_t>(Period::num);
  static constexpr auto den = static_cast<std::uint64_t>(Period::den);
  static constexpr bool is_calendar =
      std::same_as<Period, std::chrono::months::period> || std::same_as<Period, std::chrono::years::period>;
  static constexpr unsigned decimals = decimals_of<Period::num, Period::den>();
  static constexpr bool is_decimal = decimals <= 18;

  // In a function: after a failure in a class, compilers go on to speak of the class.
  static constexpr bool check() noexcept {
    static_assert(!is_calendar,
                  "patchbay::FieldRules<std::chrono::duration>: months and years have no fixed length; use days, or an "
                  "integer that counts them");
    static_assert(is_decimal,
                  "patchbay::FieldRules<std::chrono::duration>: the period is no decimal part of a second, so that its "
                  "counts have no exact text; use nanoseconds or another decimal period");
    return true;
  }
  static constexpr FinestUnit finest = den != 1           ? FinestUnit::second
                                       : num % 86400 == 0 ? FinestUnit::day
                                       : num % 3600 == 0  ? FinestUnit::hour
                                       : num % 60 == 0    ? FinestUnit::minute
                                                          : FinestUnit::second;
  static constexpr DurationForm form{finest, is_decimal ? decimals : 0, std::signed_integral<Rep>};
  /// Of the finest unit, in one count.
  static constexpr std::uint64_t unit = finest == FinestUnit::day      ? num / 86400
                                        : finest == FinestUnit::hour   ? num / 3600
                                        : finest == FinestUnit::minute ? num / 60
                                        : is_decimal                   ? num * (power_of_ten(decimals) / den)
                                                                       : 1;
};

/// An integer of its sign and size; nothing when it is none.
template <class Rep>
[[nodiscard]] constexpr std::optional<Rep> signed_count(bool negative, std::uint64_t count) noexcept {
  constexpr auto most = static_cast<std::uint64_t>((std::numeric_limits<Rep>::max)());
  if (!negative) return count <= most ? std::optional(static_cast<Rep>(count)) : std::nullopt;
  if (count == 0) return Rep{0};
  if constexpr (std::signed_integral<Rep>) {
    if (count <= most + 1) return static_cast<Rep>(-static_cast<std::int64_t>(count - 1) - 1);
  }
  return std::nullopt;
}

}  // namespace detail

template <class Rep, class Period>
requires detail::is_field_integer<Rep>
struct FieldRules<std::chrono::duration<Rep, Period>> {
  using Type = std::chrono::duration<Rep, Period>;
  using Traits = detail::DurationTraits<Rep, Period>;
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() {
    std::string text = "duration: expected an ISO 8601 duration ";
    using enum detail::FinestUnit;
    switch (Traits::finest) {
      case day:
        text.append("in whole days, such as P2D");
        break;
      case hour:
        text.append("in whole hours, such as PT36H");
        break;
      case minute:
        text.append("in whole minutes, such as PT1H30M");
        break;
      case second:
        text.append("without years and months, such as PT1H30M");
        break;
    }
    if (Traits::form.decimals > 0) {
      text.append(", with at most ");
      append_json_number(text, Traits::form.decimals);
      text.append(" decimals of a second");
    }
    return text.append(Traits::form.is_signed ? ", that the field can hold"
                                              : ", not negative, that the field can hold");
  }
  static constexpr bool check(std::string_view token) noexcept { return read(token).has_value(); }
  static bool encode(Type value, std::string& out) {
    const auto parts = parts_of(value);
    if (!parts) return append_json_number(out, value.count()), false;
    out.append("\"").append(detail::DurationText(*parts, Traits::form).view()).append("\"");
    return true;
  }
  static constexpr Type parse(std::string_view token) noexcept { return read(token).value_or(Type::zero()); }
  static void describe(JsonWriter& writer) {
    writer.member("type", "string").member("pattern", detail::duration_pattern(Traits::form));
    writer.member("$comment", rule());
  }
  static std::size_t encoded_size(Type value) noexcept {
    const auto parts = parts_of(value);
    return parts ? detail::DurationText(*parts, Traits::form).view().size() + 2 : 0;
  }

 private:
  static constexpr std::optional<Type> read(std::string_view token) noexcept {
    if constexpr (Traits::check()) {
      const auto parts = detail::parse_duration(token, Traits::form);
      if (!parts || parts->count % Traits::unit != 0) return std::nullopt;
      const auto count = detail::signed_count<Rep>(parts->negative, parts->count / Traits::unit);
      if (!count) return std::nullopt;
      return Type(*count);
    }
    return std::nullopt;
  }
  /// Nothing when the count is too great for the finest unit, which only periods of many of them come to.
  static constexpr std::optional<detail::DurationParts> parts_of(Type value) noexcept {
    const bool negative = std::signed_integral<Rep> && value.count() < Rep{0};
    const auto bits = static_cast<std::uint64_t>(value.count());
    detail::DurationParts out{negative, 0};
    if (!detail::add_times(out.count, negative ? ~bits + 1 : bits, Traits::unit)) return std::nullopt;
    return out;
  }
};

template <class Rep, class Period>
requires detail::is_field_integer<Rep>
struct FieldRules<std::chrono::sys_time<std::chrono::duration<Rep, Period>>> {
  using Span = std::chrono::duration<Rep, Period>;
  using Type = std::chrono::sys_time<Span>;
  static constexpr FieldKind kind = FieldKind::text;
  static constexpr bool is_date = std::same_as<Period, std::chrono::days::period>;
  static constexpr unsigned decimals = is_date ? 0 : detail::decimals_of<Period::num, Period::den>();
  static constexpr bool is_instant =
      Period::num == 1 && decimals <= 18 && detail::power_of_ten(decimals) == Period::den;

  static std::string rule() {
    if (is_date) return "date: expected a date, such as 2026-11-21, that the field can hold";
    std::string text =
        "instant: expected an RFC 3339 date and time with offset or Z, such as 2026-11-21T09:30:00Z, with ";
    if (decimals == 0) return text.append("no decimals of a second");
    append_json_number(text.append("at most "), decimals);
    return text.append(" decimals of a second, that the field can hold");
  }
  static constexpr bool check(std::string_view token) noexcept { return read(token).has_value(); }
  static bool encode(Type value, std::string& out) {
    const auto parts = parts_of(value);
    if (!parts) return append_json_number(out, value.time_since_epoch().count()), false;
    const std::size_t at = out.size();
    out.push_back('"');
    detail::append_instant(out, parts->seconds, parts->fraction, decimals);
    if (is_date) out.resize(at + 11);  // of its instant, the date
    out.push_back('"');
    return true;
  }
  static constexpr Type parse(std::string_view token) noexcept { return read(token).value_or(Type{}); }
  static void describe(JsonWriter& writer) {
    writer.member("type", "string");
    if (is_date) {
      writer.member("pattern", std::string("^").append(detail::date_pattern).append("$"));
    } else {
      writer.member("pattern", detail::instant_pattern(decimals)).member("$comment", rule());
    }
  }
  static std::size_t encoded_size(Type value) noexcept {
    if (!parts_of(value)) return 0;
    return is_date ? 12 : decimals == 0 ? 22 : 23 + std::size_t{decimals};
  }

 private:
  static constexpr bool check_period() noexcept {
    static_assert(
        is_date || is_instant,
        "patchbay::FieldRules<std::chrono::sys_time>: an instant is counted in seconds or decimal parts of them, "
        "and a date in days; use sys_seconds, sys_time<milliseconds>, sys_time<nanoseconds> or sys_days");
    return is_date || is_instant;
  }
  static constexpr std::optional<Type> read(std::string_view token) noexcept {
    if constexpr (check_period()) {
      std::optional<std::int64_t> count;
      if constexpr (is_date) {
        if (const auto date = detail::parse_date(token)) count = date->time_since_epoch().count();
      } else {
        if (const auto parts = detail::parse_instant(token, decimals)) count = detail::instant_count(*parts, decimals);
      }
      if (count && std::in_range<Rep>(*count)) return Type(Span(static_cast<Rep>(*count)));
    }
    return std::nullopt;
  }
  /// Nothing beyond the years that can be written. In counts, since a cast to a finer type could overflow.
  static constexpr std::optional<detail::InstantParts> parts_of(Type value) noexcept {
    const Rep count = value.time_since_epoch().count();
    const auto scale = static_cast<std::int64_t>(detail::power_of_ten(decimals));
    detail::InstantParts out;
    if constexpr (is_date) {
      if (!std::in_range<std::int32_t>(count)) return std::nullopt;
      out.seconds += std::chrono::seconds(static_cast<std::int64_t>(count) * 86400);
    } else {
      if (!std::in_range<std::int64_t>(count)) return std::nullopt;
      const auto wide = static_cast<std::int64_t>(count);
      const std::int64_t rest = wide % scale;
      out.seconds += std::chrono::seconds(wide / scale - (rest < 0 ? 1 : 0));
      out.fraction = static_cast<std::uint64_t>(rest < 0 ? rest + scale : rest);
    }
    return detail::can_be_written(out.seconds) ? std::optional(out) : std::nullopt;
  }
};

}  // namespace patchbay
