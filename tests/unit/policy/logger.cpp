// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/logger.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "support/catch.hpp"

using patchbay::Event;
using patchbay::Field;
using patchbay::Level;
using patchbay::Logger;
using patchbay::NullLogger;
using patchbay::Secret;

namespace {

// Exactly what the concept asks for; what `log` returns is nobody's business.
struct MinimalLogger {
  explicit MinimalLogger(int) {}
  MinimalLogger(const MinimalLogger&) = delete;
  int enabled(Level) const { return 1; }
  int log(Level, const Event&) { return 0; }
};
struct logger_without_enabled {
  void log(Level, const Event&) {}
};
struct logger_without_log {
  bool enabled(Level) const { return true; }
};
struct logger_whose_enabled_is_not_const {
  bool enabled(Level) { return true; }
  void log(Level, const Event&) {}
};
struct logger_whose_enabled_says_nothing {
  void enabled(Level) const {}
  void log(Level, const Event&) {}
};
struct logger_that_changes_the_event {
  bool enabled(Level) const { return true; }
  void log(Level, Event&) {}
};

}  // namespace

TEST_CASE("the logger concept takes what it names and refuses each omission", "[concepts][logger]") {
  STATIC_REQUIRE(Logger<NullLogger>);
  STATIC_REQUIRE(Logger<MinimalLogger>);
  STATIC_REQUIRE_FALSE(Logger<logger_without_enabled>);
  STATIC_REQUIRE_FALSE(Logger<logger_without_log>);
  STATIC_REQUIRE_FALSE(Logger<logger_whose_enabled_is_not_const>);
  STATIC_REQUIRE_FALSE(Logger<logger_whose_enabled_says_nothing>);
  STATIC_REQUIRE_FALSE(Logger<logger_that_changes_the_event>);
}

TEST_CASE("the null logger is empty, off at every level, and known to be so at compile time", "[logger]") {
  STATIC_REQUIRE(std::is_empty_v<NullLogger>);
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error, Level::off}) CHECK_FALSE(NullLogger{}.enabled(level));
  STATIC_REQUIRE_FALSE(NullLogger::enabled(Level::error));
}

TEST_CASE("levels are ordered and named", "[logger]") {
  STATIC_REQUIRE(Level::debug < Level::info);
  STATIC_REQUIRE(Level::info < Level::warn);
  STATIC_REQUIRE(Level::warn < Level::error);
  STATIC_REQUIRE(Level::error < Level::off);
  CHECK(to_string(Level::debug) == "debug");
  CHECK(to_string(Level::info) == "info");
  CHECK(to_string(Level::warn) == "warn");
  CHECK(to_string(Level::error) == "error");
  CHECK(to_string(Level::off) == "off");
}

TEST_CASE("a field has the kind of the value that it was made from", "[logger]") {
  const std::string text = "GET";
  CHECK(Field("method", text).kind() == Field::Kind::text);
  CHECK(Field("method", text).text() == "GET");
  CHECK(Field("method", "GET").text() == "GET");
  CHECK(Field("method", std::string_view("GET")).name() == "method");

  CHECK(Field("status", 429).kind() == Field::Kind::integer);
  CHECK(Field("status", 429).integer() == 429);
  CHECK(Field("status", std::uint8_t{255}).integer() == 255);
  CHECK(Field("status", std::numeric_limits<std::int64_t>::min()).integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(Field("size", std::size_t{7}).integer() == 7);

  CHECK(Field("warm", true).kind() == Field::Kind::boolean);
  CHECK(Field("warm", true).boolean());
  CHECK_FALSE(Field("warm", false).boolean());

  CHECK(Field("ms", 1.5).kind() == Field::Kind::real);
  CHECK(Field("ms", 1.5).real() == 1.5);
  CHECK(Field("ms", 1.5F).kind() == Field::Kind::real);
}

TEST_CASE("no field can be made from a secret, nor from what would print as something else", "[logger][B12]") {
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Field, std::string_view, Secret>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Field, std::string_view, const Secret&>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Field, std::string_view, Secret&&>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Field, std::string_view, const void*>);  // would be a boolean
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Field, std::string_view, Level>);        // a scoped enumeration is no number
}

TEST_CASE("an event is a view of its fields", "[logger]") {
  const Field fields[] = {{"status", 200}, {"method", "GET"}};
  const Event event{"http.attempt", fields};
  CHECK(event.name == "http.attempt");
  REQUIRE(event.fields.size() == 2);
  CHECK(event.fields[1].text() == "GET");
}
