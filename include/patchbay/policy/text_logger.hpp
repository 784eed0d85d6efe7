// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>  // back_inserter
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/policy/logger.hpp>
#include <patchbay/schema/utf8.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

enum class LogFormat : std::uint8_t {
  logfmt,  ///< `ts=… level=info event=http.attempt status=200`
  json,    ///< One object to a line.
};

/// Longer texts are cut: a line is for people, and its size must not be a server's choice.
inline constexpr std::size_t max_logged_text = 2048;

namespace detail {

/// Appends `text` in double quotes, so that it can neither end its line nor command a terminal, in the form that JSON and
/// logfmt share: controls and deceptive characters as `\uXXXX`, bytes that are no UTF-8 as U+FFFD.
inline void append_log_text(std::string& out, std::string_view text) {
  const bool cut = text.size() > max_logged_text;
  if (cut) text = text.substr(0, max_logged_text);
  out.push_back('"');
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence(text, i);
    const char32_t point = length == 0 ? char32_t{0xfffd} : utf8_code_point(text, i, length);
    if (point == U'"' || point == U'\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(point));
    } else if (point == U'\n') {
      out.append("\\n");
    } else if (is_control(point) || is_deceptive(point) || length == 0) {
      fmt::format_to(std::back_inserter(out), FMT_STRING("\\u{:04x}"), static_cast<std::uint32_t>(point));
    } else {
      out.append(text.substr(i, length));
    }
    i += length == 0 ? 1 : length;
  }
  if (cut) out.append("...");
  out.push_back('"');
}

[[nodiscard]] constexpr bool is_bare(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '"' || c == '\\' || c == '=') return false;
  return !text.empty() && text.size() <= max_logged_text;
}

inline void append_name(std::string& out, std::string_view name, LogFormat format) {
  if (format == LogFormat::json) {
    if (out.back() != '{') out.push_back(',');
    append_log_text(out, name);
    out.push_back(':');
    return;
  }
  if (!out.empty()) out.push_back(' ');
  for (const char c : name) out.push_back(is_bare(std::string_view(&c, 1)) ? c : '_');
  out.push_back('=');
}

inline void append_field(std::string& out, std::string_view name, std::string_view value, LogFormat format) {
  append_name(out, name, format);
  if (format == LogFormat::logfmt && is_bare(value)) {
    out.append(value);
  } else {
    append_log_text(out, value);
  }
}

inline void append_field(std::string& out, const Field& field, LogFormat format) {
  if (field.kind() == Field::Kind::text) return append_field(out, field.name(), field.text(), format);
  append_name(out, field.name(), format);
  switch (field.kind()) {
    case Field::Kind::text: break;
    case Field::Kind::integer: append_json_number(out, field.integer()); break;
    case Field::Kind::real: append_json_number(out, field.real()); break;
    case Field::Kind::boolean: out.append(field.boolean() ? "true" : "false"); break;
  }
}

}  // namespace detail

/// Writes one line for each event to a `FILE*`, which the caller keeps open.
///
/// Each line is one `fwrite`, and so is whole whatever the number of threads. Hostile text cannot forge a line or a field, nor
/// command a terminal. A stream that fails is not reported: logging changes nothing. Copies write to the same stream.
class TextLogger {
 public:
  using WallClock = WallTime (*)();
  static WallTime system_wall_clock() { return std::chrono::system_clock::now(); }

  /// `clock` dates each line; with none lines have no date, so that a test can compare them.
  explicit TextLogger(std::FILE* stream, Level minimum = Level::info, LogFormat format = LogFormat::logfmt,
                      WallClock clock = &system_wall_clock) noexcept
      : stream_(stream), clock_(clock), minimum_(stream ? minimum : Level::off), format_(format) {}

  [[nodiscard]] bool enabled(Level level) const noexcept { return level >= minimum_ && level != Level::off; }

  void log(Level level, const Event& event) const {
    if (!enabled(level)) return;
    std::string line;
    line.reserve(256);
    if (format_ == LogFormat::json) line.push_back('{');
    if (clock_) {
      detail::append_name(line, "ts", format_);
      if (format_ == LogFormat::json) line.push_back('"');
      append_timestamp(line, clock_());
      if (format_ == LogFormat::json) line.push_back('"');
    }
    detail::append_field(line, "level", to_string(level), format_);
    detail::append_field(line, "event", event.name, format_);
    for (const Field& field : event.fields) detail::append_field(line, field, format_);
    if (format_ == LogFormat::json) line.push_back('}');
    line.push_back('\n');
    std::fwrite(line.data(), 1, line.size(), stream_);
  }

 private:
  std::FILE* stream_;
  WallClock clock_;
  Level minimum_;
  LogFormat format_;
};

/// `TextLogger` on the standard error stream.
class StderrLogger : public TextLogger {
 public:
  explicit StderrLogger(Level minimum = Level::info, LogFormat format = LogFormat::logfmt) noexcept : TextLogger(stderr, minimum, format) {}
};

}  // namespace patchbay
