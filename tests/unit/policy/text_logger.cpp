// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/text_logger.hpp>

#include <array>
#include <cstdio>
#include <limits>
#include <memory>
#include <random>
#include <string>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

/// A stream whose text can be had back.
class Stream {
 public:
  Stream() : file_(std::tmpfile()) { REQUIRE(file_ != nullptr); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { std::fclose(file_); }
  [[nodiscard]] std::FILE* get() const { return file_; }
  [[nodiscard]] std::string text() const {
    std::fflush(file_);
    std::rewind(file_);
    std::string out;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) out.push_back(static_cast<char>(c));
    return out;
  }

 private:
  std::FILE* file_;
};

WallTime fixed_clock() { return WallTime{milliseconds{1'795'253'400'125}}; }

template <std::size_t N>
std::string logged(LogFormat format, const std::array<Field, N>& fields, TextLogger::WallClock clock = nullptr) {
  const Stream stream;
  TextLogger(stream.get(), Level::debug, format, clock).log(Level::info, Event{"http.attempt", fields});
  return stream.text();
}

}  // namespace

TEST_CASE("both shipped loggers are loggers, and a silent level is off", "[concepts][text_logger]") {
  STATIC_REQUIRE(Logger<TextLogger>);
  STATIC_REQUIRE(Logger<StderrLogger>);
  CHECK_FALSE(StderrLogger{}.enabled(Level::debug));
  CHECK(StderrLogger{}.enabled(Level::info));
  CHECK(StderrLogger{}.enabled(Level::error));
  CHECK(StderrLogger(Level::debug, LogFormat::json).enabled(Level::debug));
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error, Level::off}) {
    CHECK_FALSE(StderrLogger(Level::off).enabled(level));
    CHECK_FALSE(TextLogger(nullptr).enabled(level));
  }
  const Stream stream;
  const TextLogger warnings(stream.get(), Level::warn);
  warnings.log(Level::info, Event{"quiet", {}});
  TextLogger(nullptr).log(Level::error, Event{"nowhere", {}});
  CHECK(stream.text().empty());
}

TEST_CASE("logfmt quotes what needs it and nothing else", "[text_logger]") {
  const std::array fields{Field("request", "interaction.get"), Field("status", 200), Field("ms", 12.5), Field("sent", true),
                          Field("detail", "two words"), Field("empty", ""), Field("pair", "a=b"), Field("low", (std::numeric_limits<std::int64_t>::min)())};
  CHECK(logged(LogFormat::logfmt, fields, &fixed_clock) ==
        "ts=2026-11-21T09:30:00.125Z level=info event=http.attempt request=interaction.get status=200 ms=12.5 sent=true "
        "detail=\"two words\" empty=\"\" pair=\"a=b\" low=-9223372036854775808\n");
}

TEST_CASE("JSON lines carry the same values with their types", "[text_logger]") {
  const std::array fields{Field("request", "interaction.get"), Field("status", 200), Field("ms", 12.5), Field("sent", false),
                          Field("nan", std::numeric_limits<double>::quiet_NaN())};
  CHECK(logged(LogFormat::json, fields, &fixed_clock) ==
        R"({"ts":"2026-11-21T09:30:00.125Z","level":"info","event":"http.attempt","request":"interaction.get","status":200,)"
        R"("ms":12.5,"sent":false,"nan":null})" "\n");
  CHECK(logged(LogFormat::json, std::array<Field, 0>{}) == "{\"level\":\"info\",\"event\":\"http.attempt\"}\n");
}

TEST_CASE("hostile text can neither forge a line or a field nor command a terminal", "[text_logger][secrets]") {
  const std::array fields{Field("id", "x\nlevel=error event=forged"), Field("esc", "\x1b]0;title\x07\x7f"), Field("c1", "\xc2\x9b" "2J"),
                          Field("bad", "\xff\xc0\xaf"), Field("bidi", "\xe2\x80\xae" "gpj"), Field("quote", "a\" level=error \\"),
                          Field("na me\n=", "v")};
  CHECK(logged(LogFormat::logfmt, fields) ==
        R"(level=info event=http.attempt id="x\nlevel=error event=forged" esc="\u001b]0;title\u0007\u007f" c1="\u009b2J" )"
        R"(bad="\ufffd\ufffd\ufffd" bidi="\u202egpj" quote="a\" level=error \\" na_me__=v)" "\n");
  const std::string json = logged(LogFormat::json, fields);
  CHECK(json.find('\n') == json.size() - 1);
  JsonReader reader;
  std::string id, name;
  REQUIRE(reader.object(std::string_view(json), [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    std::string_view text;
    if (const auto error = value.get_string().get(text)) return error;
    if (key == "id") id = text;
    if (text == "v") name = key;
    return simdjson::SUCCESS;
  }));
  CHECK(id == "x\nlevel=error event=forged");
  CHECK(name == "na me\n=");
}

TEST_CASE("a long text is cut, and the line ends", "[text_logger]") {
  const std::string body(1'000'000, 'x');
  const std::array fields{Field("body", body), Field("after", 1)};
  const std::string line = logged(LogFormat::logfmt, fields);
  CHECK(line.size() < max_logged_text + 100);
  CHECK(line.ends_with("...\" after=1\n"));
}

TEST_CASE("whatever the bytes, a JSON line is one valid object of the same fields", "[text_logger]") {
  std::mt19937 random(11);
  JsonReader reader;
  for (int round = 0; round < 500; ++round) {
    std::string name = "n", text;
    for (std::size_t n = random() % 30; n > 0; --n) text.push_back(static_cast<char>(random() % 256));
    for (std::size_t n = random() % 4; n > 0; --n) name.push_back(static_cast<char>(random() % 256));
    const std::array fields{Field(name, text)};
    for (const LogFormat format : {LogFormat::json, LogFormat::logfmt}) {
      const std::string line = logged(format, fields);
      REQUIRE(line.find('\n') == line.size() - 1);
      for (const char c : line.substr(0, line.size() - 1)) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
      if (format == LogFormat::logfmt) continue;
      int members = 0;
      REQUIRE(reader.object(std::string_view(line).substr(0, line.size() - 1), [&](std::string_view, JsonValue) {
        ++members;
        return simdjson::SUCCESS;
      }));
      REQUIRE(members == 3);
    }
  }
}
