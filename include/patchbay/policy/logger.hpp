// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include <patchbay/secret.hpp>

namespace patchbay {

enum class Level : std::uint8_t { debug, info, warn, error, off };

[[nodiscard]] constexpr std::string_view to_string(Level level) noexcept {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
    case Level::off: return "off";
  }
  return "off";
}

/// One named value of an event. A view: it lives as long as the call that logs it. A `Secret` does not convert to it.
class Field {
 public:
  enum class Kind : std::uint8_t { text, integer, real, boolean };

  constexpr Field(std::string_view name, std::string_view text) noexcept : name_(name), kind_(Kind::text), text_(text) {}
  constexpr Field(std::string_view name, const char* text) noexcept : Field(name, std::string_view(text)) {}
  template <std::integral T>
  constexpr Field(std::string_view name, T number) noexcept : name_(name) {
    if constexpr (std::is_same_v<T, bool>) {
      kind_ = Kind::boolean, integer_ = number ? 1 : 0;
    } else {
      kind_ = Kind::integer, integer_ = static_cast<std::int64_t>(number);
    }
  }
  constexpr Field(std::string_view name, double number) noexcept : name_(name), kind_(Kind::real), real_(number) {}
  Field(std::string_view name, const Secret&) = delete;

  [[nodiscard]] constexpr std::string_view name() const noexcept { return name_; }
  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
  [[nodiscard]] constexpr std::int64_t integer() const noexcept { return integer_; }
  [[nodiscard]] constexpr bool boolean() const noexcept { return integer_ != 0; }
  [[nodiscard]] constexpr double real() const noexcept { return real_; }

 private:
  std::string_view name_;
  Kind kind_ = Kind::text;
  std::string_view text_{};
  std::int64_t integer_ = 0;
  double real_ = 0;
};

/// Something that happened, with the allow-listed fields that describe it. The library never puts header values, bodies,
/// query strings or variables into one (hazards B12, B32).
struct Event {
  std::string_view name;  ///< A stable, dotted name such as `http.attempt` or `hold.watchdog`.
  std::span<const Field> fields;
};

/// Where events go.
///
/// Laws: `enabled` is cheap and const; `log` is called only for a level that is enabled, from every thread that uses the
/// door. What it throws is swallowed and counted: a logger cannot change an outcome.
template <class T>
concept Logger = requires(T& logger, const T& constant, Level level, const Event& event) {
  { constant.enabled(level) } -> std::convertible_to<bool>;
  { logger.log(level, event) };
};

/// Logs nothing and costs nothing.
struct NullLogger {
  [[nodiscard]] static constexpr bool enabled(Level) noexcept { return false; }
  static constexpr void log(Level, const Event&) noexcept {}
};

}  // namespace patchbay
