// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "support/catch.hpp"
#include "support/process.hpp"

namespace patchbay::test {

/// One JSON object of a tool's output, asked by JSON Pointer: `/error/code`.
class Json {
 public:
  explicit Json(std::string_view text)
      : text_(text), valid_(parser_.parse(simdjson::padded_string(text)).get(root_) == simdjson::SUCCESS) {}
  Json(const Json&) = delete;
  Json& operator=(const Json&) = delete;

  [[nodiscard]] bool is_object() const { return valid_ && root_.is_object(); }
  [[nodiscard]] bool has(std::string_view pointer) const {
    return valid_ && root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }
  [[nodiscard]] bool is_null(std::string_view pointer) const {
    return has(pointer) && root_.at_pointer(pointer).value_unsafe().is_null();
  }
  /// The text of a string, the JSON of anything else, `<absent>` for nothing.
  [[nodiscard]] std::string operator[](std::string_view pointer) const {
    simdjson::dom::element element;
    if (!valid_ || root_.at_pointer(pointer).get(element) != simdjson::SUCCESS) return "<absent>";
    std::string_view view;
    if (element.get_string().get(view) == simdjson::SUCCESS) return std::string(view);
    return simdjson::minify(element);
  }
  [[nodiscard]] double number(std::string_view pointer) const {
    double out = 0;
    return valid_ && root_.at_pointer(pointer).get_double().get(out) == simdjson::SUCCESS ? out : -1;
  }
  /// Elements of an array; 0 for anything else.
  [[nodiscard]] std::size_t size(std::string_view pointer) const {
    simdjson::dom::array array;
    return valid_ && root_.at_pointer(pointer).get_array().get(array) == simdjson::SUCCESS ? array.size() : 0;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  bool valid_;
};

/// What a busy machine may add to the time of a program, which begins with its start and waits its turns, before a test
/// calls it late. Spans that a test tells apart by the clock differ by more.
inline constexpr std::chrono::seconds when_busy{15};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// patchbayctl against one server. Each run has an audit file of its own, and whatever it says is searched for secrets.
class Tool {
 public:
  static constexpr std::string_view secret = "s3cret-of-the-client-7f31";
  /// Of `client:<secret>`, as Basic credentials stand in a header.
  static constexpr std::string_view basic = "Y2xpZW50OnMzY3JldC1vZi10aGUtY2xpZW50LTdmMzE";

  explicit Tool(const std::string& url) {
    environment["GENESYS_BASE_URL"] = url;
    environment["GENESYS_CLIENT_ID"] = "client";
    environment["GENESYS_CLIENT_SECRET"] = secret;
  }

  std::map<std::string, std::string> environment;
  std::vector<std::string> secrets{std::string(secret), std::string(basic),
                                   "Bearer "};  ///< What must not be said anywhere.
  std::string audit;                            ///< What the last run wrote to the audit file.

  [[nodiscard]] Process start(std::vector<std::string> arguments) {
    static std::atomic<int> runs{0};
    audit_path_ = std::filesystem::temp_directory_path() /
                  ("patchbay-audit-" + std::to_string(::getpid()) + "-" + std::to_string(++runs));
    std::vector<std::string> all = clean_environment();
    all.push_back("PATCHBAY_AUDIT_FILE=" + audit_path_.string());
    for (const auto& [name, value] : environment) all.push_back(name + "=" + value);
    return {tools_folder() / "patchbayctl", std::move(arguments), std::move(all)};
  }
  /// Waits for the end of what `start` began.
  Ended end(Process& process, std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    Ended ended = process.wait(patience);
    std::ifstream file(audit_path_);
    audit.assign(std::istreambuf_iterator<char>(file), {});
    std::filesystem::remove(audit_path_);
    INFO("stdout: " << ended.out << "\nstderr: " << ended.err);
    CHECK_FALSE(ended.timed_out);
    CHECK(ended.signal == 0);
    for (const std::string& each : secrets) {
      CHECK(ended.out.find(each) == std::string::npos);
      CHECK(ended.err.find(each) == std::string::npos);
      CHECK(audit.find(each) == std::string::npos);
    }
    return ended;
  }
  Ended run(std::vector<std::string> arguments, std::string_view input = {}) {
    Process process = start(std::move(arguments));
    process.write(input);
    return end(process);
  }

 private:
  std::filesystem::path audit_path_;
};

/// A result that every line has, whatever became of the job.
inline void check_result(const Json& result) {
  INFO(result.text());
  REQUIRE(result.is_object());
  for (const char* const name : {"/id", "/action", "/interactionId", "/timestamp", "/success", "/outcome",
                                 "/statusCode", "/attempts", "/latencyMs"})
    CHECK(result.has(name));
  CHECK(result["/timestamp"].size() == 24);
  CHECK(result.number("/latencyMs") >= 0);
  CHECK((result["/success"] == "true") == !result.has("/error"));
  CHECK((result["/success"] == "true") == (result["/outcome"] == "applied"));
  if (result.has("/error")) {
    CHECK_FALSE(result["/error/code"].empty());
    CHECK_FALSE(result["/error/message"].empty());
  }
}

}  // namespace patchbay::test
