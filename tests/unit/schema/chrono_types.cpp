// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/chrono.hpp>
#include <patchbay/schema/constrained.hpp>
#include <patchbay/schema/default.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;
using namespace std::chrono;

namespace {

using Millis = sys_time<std::chrono::milliseconds>;
using Nanos = sys_time<nanoseconds>;
using Tiny = duration<std::uint8_t>;

template <class T>
bool takes(std::string_view token) {
  return FieldRules<T>::check(token);
}
template <class T>
auto count(std::string_view token) {
  REQUIRE(takes<T>(token));
  if constexpr (requires(T t) { t.count(); }) {
    return FieldRules<T>::parse(token).count();
  } else {
    return FieldRules<T>::parse(token).time_since_epoch().count();
  }
}
template <class T>
std::string encoded(T value) {
  std::string out;
  if (!FieldRules<T>::encode(value, out)) return out.append("?");
  CHECK(FieldRules<T>::encoded_size(value) == out.size());
  return out;
}
template <class T>
void round_trip(T value) {
  const std::string json = encoded(value);
  const std::string_view token = std::string_view(json).substr(1, json.size() - 2);
  if (!takes<T>(token) || FieldRules<T>::parse(token) != value) FAIL(json);
}

}  // namespace

TEST_CASE("durations of fixed length are taken", "[schema][chrono]") {
  CHECK(count<seconds>("PT1H30M") == 5400);
  CHECK(count<seconds>("P1DT1S") == 86401);
  CHECK(count<seconds>("P2W") == 1'209'600);
  CHECK(count<seconds>("-PT5S") == -5);
  CHECK(count<seconds>("-PT0S") == 0);
  CHECK(count<seconds>("PT90M") == 5400);
  CHECK(count<seconds>("PT0001S") == 1);
  CHECK(count<milliseconds>("PT0.5S") == 500);
  CHECK(count<milliseconds>("PT1.005S") == 1005);
  CHECK(count<minutes>("P1DT1H1M") == 1501);
  CHECK(count<hours>("P1DT2H") == 26);
  CHECK(count<days>("P3W") == 21);
  CHECK(count<weeks>("P14D") == 2);
  CHECK(count<duration<std::int64_t, std::ratio<1, 25>>>("PT0.08S") == 2);
}

TEST_CASE("durations that are none, or have no fixed length, are refused", "[schema][chrono]") {
  const std::string_view bad = GENERATE(
      as<std::string_view>{}, "", "P", "PT", "-", "-P", "1H", "P1", "PT1", "P1S", "PT1D", "P1Y", "P1M", "P1YT1S",
      "P1W1D", "P1WT1S", "P1DT", "PT1S1M", "PT1M1H", "PT1H1H", "PT1.5H", "PT1.5M1S", "PT1.S", "PT.5S", "PT1,5S",
      "PT1.1234S", "pt1s", "PT1s", " PT1S", "PT1S ", "+PT1S", "PT-1S", "PT+1S", "P-1D", "--PT1S", "PTS", "PTT1S",
      "P1D1D", "PT1e3S", "PT0x1S", "PT1S\n", "P1DT1H30M1.5", "PT99999999999999999999S", "PT9223372036854775808S",
      "P18446744073709551615W", "PT1H99999999999999999999M");
  CAPTURE(bad);
  CHECK_FALSE(takes<milliseconds>(bad));
  CHECK_FALSE(takes<milliseconds>(std::string(bad) + '\0'));
}

TEST_CASE("a duration that its type cannot hold exactly is refused", "[schema][chrono]") {
  CHECK_FALSE(takes<seconds>("PT1.5S"));
  CHECK_FALSE(takes<seconds>("PT1.0S"));
  CHECK_FALSE(takes<minutes>("PT120S"));
  CHECK_FALSE(takes<hours>("PT60M"));
  CHECK_FALSE(takes<days>("PT24H"));
  CHECK_FALSE(takes<weeks>("P13D"));
  CHECK_FALSE((takes<duration<std::int64_t, std::ratio<1, 25>>>("PT0.07S")));
  CHECK(takes<Tiny>("PT4M15S"));
  CHECK_FALSE(takes<Tiny>("PT4M16S"));
  CHECK_FALSE(takes<Tiny>("-PT1S"));
  CHECK(count<seconds>("PT9223372036854775807S") == (std::numeric_limits<std::int64_t>::max)());
  CHECK(count<seconds>("-PT9223372036854775808S") == (std::numeric_limits<std::int64_t>::min)());
  CHECK_FALSE(takes<seconds>("-PT9223372036854775809S"));
  CHECK(count<nanoseconds>("P106751DT23H47M16.854775807S") == (std::numeric_limits<std::int64_t>::max)());
  CHECK_FALSE(takes<nanoseconds>("P106751DT23H47M16.854775808S"));
}

TEST_CASE("a duration is written in one form", "[schema][chrono]") {
  CHECK(encoded(seconds(0)) == R"("PT0S")");
  CHECK(encoded(minutes(0)) == R"("PT0M")");  // in a unit that its field takes
  CHECK(encoded(hours(0)) == R"("PT0H")");
  CHECK(encoded(days(0)) == R"("P0D")");
  CHECK(encoded(seconds(86400)) == R"("P1D")");
  CHECK(encoded(seconds(90061)) == R"("P1DT1H1M1S")");
  CHECK(encoded(milliseconds(-1250)) == R"("-PT1.25S")");
  CHECK(encoded(milliseconds(5)) == R"("PT0.005S")");
  CHECK(encoded(weeks(2)) == R"("P14D")");
  CHECK(encoded(hours(49)) == R"("P2DT1H")");
  CHECK(encoded((nanoseconds::min)()) == R"("-P106751DT23H47M16.854775808S")");
  round_trip(minutes(0));
  round_trip((nanoseconds::min)());
  round_trip((seconds::max)());
  round_trip((seconds::min)());
}

TEST_CASE("instants are taken with their offset", "[schema][chrono]") {
  CHECK(count<sys_seconds>("1970-01-01T00:00:00Z") == 0);
  CHECK(count<sys_seconds>("1970-01-01T05:30:00+05:30") == 0);
  CHECK(count<sys_seconds>("1969-12-31T19:00:00-05:00") == 0);
  CHECK(count<sys_seconds>("1970-01-01T00:00:00-00:00") == 0);
  CHECK(count<Millis>("2026-11-21T09:30:00.125Z") == 1'795'253'400'125);
  CHECK(count<Millis>("2026-11-21T09:30:00.1Z") == 1'795'253'400'100);
  CHECK(count<Millis>("1969-12-31T23:59:59.999Z") == -1);
  CHECK(count<Nanos>("1677-09-21T00:12:43.145224192Z") == (std::numeric_limits<std::int64_t>::min)());
  CHECK(count<Nanos>("2262-04-11T23:47:16.854775807Z") == (std::numeric_limits<std::int64_t>::max)());
  CHECK(count<sys_days>("2024-02-29") == 19782);
  CHECK(takes<sys_seconds>("0000-01-01T00:00:00Z"));
  CHECK(takes<sys_seconds>("9999-12-31T23:59:59Z"));
  CHECK(takes<sys_seconds>("2000-02-29T00:00:00Z"));
}

TEST_CASE("instants that are none, or that the type cannot hold, are refused", "[schema][chrono]") {
  const std::string_view bad = GENERATE(
      as<std::string_view>{}, "", "2026-11-21", "2026-11-21T09:30:00", "2026-11-21 09:30:00Z", "2026-11-21t09:30:00Z",
      "2026-11-21T09:30:00z", "2026-11-21T09:30Z", "2026-11-21T24:00:00Z", "2026-11-21T09:60:00Z",
      "2026-12-31T23:59:60Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
      "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-1-1T00:00:00Z",
      "02026-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-11-21T09:30:00.Z", "2026-11-21T09:30:00.1234Z",
      "2026-11-21T09:30:00,5Z", "2026-11-21T09:30:00+0530", "2026-11-21T09:30:00+05", "2026-11-21T09:30:00+24:00",
      "2026-11-21T09:30:00+05:60", "2026-11-21T09:30:00Z ", " 2026-11-21T09:30:00Z", "2026-11-21T09:30:00ZZ",
      "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2026-11-21T09:30:00.5", "2026-W47-6T09:30:00Z",
      "2026-325T09:30:00Z", "20261121T093000Z");
  CAPTURE(bad);
  CHECK_FALSE(takes<Millis>(bad));
  CHECK_FALSE(takes<Nanos>("1677-09-21T00:12:43.145224191Z"));
  CHECK_FALSE(takes<Nanos>("2262-04-11T23:47:16.854775808Z"));
  CHECK_FALSE(takes<Nanos>("1677-09-21T00:12:42.999999999Z"));
  CHECK_FALSE(takes<sys_seconds>("1970-01-01T00:00:00.0Z"));
  CHECK_FALSE((takes<sys_time<duration<std::int32_t>>>("2038-01-19T03:14:08Z")));
  CHECK(takes<sys_time<duration<std::int32_t>>>("2038-01-19T03:14:07Z"));
  for (const std::string_view date : {"2026-02-29", "2026-1-01", "2026-01-01Z", "2026-01-01T00:00:00Z"})
    CHECK_FALSE(takes<sys_days>(date));
}

TEST_CASE("an instant is written in UTC with all its decimals", "[schema][chrono]") {
  CHECK(encoded(FieldRules<sys_seconds>::parse("2026-11-21T09:30:00+05:30")) == R"("2026-11-21T04:00:00Z")");
  CHECK(encoded(Millis(milliseconds(1'795'253'400'125))) == R"("2026-11-21T09:30:00.125Z")");
  CHECK(encoded(Millis(milliseconds(-1))) == R"("1969-12-31T23:59:59.999Z")");
  CHECK(encoded((Nanos::min)()) == R"("1677-09-21T00:12:43.145224192Z")");
  CHECK(encoded(sys_days(2024y / 2 / 29)) == R"("2024-02-29")");
  // Beyond the years that can be written.
  CHECK(encoded((sys_seconds::max)()) == "9223372036854775807?");
  CHECK(encoded(sys_seconds(sys_days(10000y / 1 / 1))) == "253402300800?");
  CHECK(encoded(sys_days(-1y / 12 / 31)) == "-719529?");
  CHECK(FieldRules<sys_seconds>::encoded_size((sys_seconds::max)()) == 0);
}

TEST_CASE("generated durations and instants are what they were", "[schema][chrono][property]") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = static_cast<std::int64_t>(random()) >> (random() % 64);
    round_trip(nanoseconds(bits));
    round_trip(milliseconds(bits));
    round_trip(seconds(bits));
    round_trip(minutes(static_cast<minutes::rep>(static_cast<std::int32_t>(bits))));
    round_trip(days(static_cast<std::int32_t>(bits)));
    round_trip(duration<std::uint64_t, std::micro>(static_cast<std::uint64_t>(bits)));
    round_trip(Nanos(nanoseconds(bits)));
    round_trip(sys_seconds(seconds(bits % 60'000'000'000)));
    round_trip(sys_days(days(static_cast<std::int32_t>(bits % 700'000))));
  }
}

TEST_CASE("durations and instants have defaults and constraints", "[schema][chrono]") {
  CHECK(Default<seconds, 30>().value() == seconds(30));
  CHECK(Default<seconds, "PT1M">().value() == seconds(60));
  CHECK(Default<sys_days, "2026-01-01">().value() == sys_days(2026y / 1 / 1));
  STATIC_REQUIRE_FALSE(detail::is_value_of<minutes, "PT1S">());
  STATIC_REQUIRE(FieldType<minutes>);
  STATIC_REQUIRE(FieldType<system_clock::time_point>);
  STATIC_REQUIRE_FALSE(FieldType<duration<double>>);
  STATIC_REQUIRE_FALSE(FieldType<steady_clock::time_point>);
  CHECK(FieldRules<seconds>::rule() ==
        "duration: expected an ISO 8601 duration without years and months, such as PT1H30M, that the field can hold");
}

TEST_CASE("a duration that exceeds 64 bits of its finest unit is refused", "[schema][chrono]") {
  using Atto = duration<std::int64_t, std::atto>;
  using Femto = duration<std::uint64_t, std::femto>;
  CHECK(count<Atto>("PT9S") == 9'000'000'000'000'000'000);
  CHECK_FALSE(takes<Atto>("PT10S"));
  CHECK_FALSE(takes<Atto>("PT1M"));
  CHECK_FALSE(takes<Atto>("PT1H"));
  CHECK(count<Atto>("P0DT0H0M1S") == 1'000'000'000'000'000'000);
  CHECK(takes<Femto>("PT5H"));
  CHECK_FALSE(takes<Femto>("PT6H"));
  CHECK_FALSE(takes<Femto>("P1D"));
  CHECK_FALSE(takes<Femto>("P1W"));
}
