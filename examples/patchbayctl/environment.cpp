// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "environment.hpp"

#include <cerrno>
#include <cstdlib>  // getenv
#include <fstream>
#include <system_error>
#include <utility>

#include <patchbay/observe/redact.hpp>

namespace patchbayctl {

namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
constexpr bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

/// Reads one assignment after another.
class EnvFile {
 public:
  explicit EnvFile(std::string text) : text_(std::move(text)) {}

  Environment::Variables parse() {
    Environment::Variables out;
    while (at_ < text_.size()) {
      std::string name, value;
      if (assignment(name, value)) out.insert_or_assign(std::move(name), std::move(value));
      skip_line();
    }
    return out;
  }

 private:
  bool assignment(std::string& name, std::string& value) {
    skip_spaces();
    if (std::string_view(text_).substr(at_).starts_with("export") && at_ + 6 < text_.size() &&
        is_space(text_[at_ + 6])) {
      at_ += 6;
      skip_spaces();
    }
    while (at_ < text_.size() && is_name(text_[at_])) name.push_back(text_[at_++]);
    if (name.empty()) return false;
    if (peek() == ':' && at_ + 1 < text_.size() && is_space(text_[at_ + 1])) {
      ++at_;
    } else {
      skip_spaces();
      if (peek() != '=') return false;
      ++at_;
    }
    skip_spaces();
    const char quote = peek();
    if ((quote != '"' && quote != '\'' && quote != '`') || !quoted(quote, value)) plain(value);
    return true;
  }
  /// A value in quotes, which may hold line ends; false, with nothing taken, when there is no closing quote before a
  /// line's end or a comment.
  bool quoted(char quote, std::string& value) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote)
      end += text_[end] == '\\' && end + 1 < text_.size() && text_[end + 1] == quote ? 2 : 1;
    if (end >= text_.size()) return false;
    std::size_t rest = end + 1;
    while (rest < text_.size() && is_space(text_[rest])) ++rest;
    if (rest < text_.size() && text_[rest] != '\n' && text_[rest] != '#') return false;
    for (std::size_t i = at_ + 1; i < end; ++i) {
      const bool line_end =
          quote == '"' && text_[i] == '\\' && i + 1 < end && (text_[i + 1] == 'n' || text_[i + 1] == 'r');
      value.push_back(line_end ? (text_[++i] == 'n' ? '\n' : '\r') : text_[i]);
    }
    at_ = rest;
    return true;
  }
  void plain(std::string& value) {
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '#') value.push_back(text_[at_++]);
    while (!value.empty() && is_space(value.back())) value.pop_back();
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  void skip_line() {
    while (at_ < text_.size() && text_[at_++] != '\n') {
    }
  }

  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::map<std::string, std::string, std::less<>> parse_env_file(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  // Line ends of every kind become one kind.
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    lines.push_back(text[i] == '\r' ? '\n' : text[i]);
  }
  return EnvFile(std::move(lines)).parse();
}

patchbay::Result<void> Environment::read_file(const std::string& path) {
  constexpr std::size_t limit = std::size_t{1} << 20;
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.eof() || in.bad()) {
    const std::string why = in.gcount() > static_cast<std::streamsize>(limit) ? "is larger than 1 MiB"
                                                                              : std::generic_category().message(errno);
    return patchbay::fail(patchbay::ErrorCode::invalid_settings,
                          "--env-file " + patchbay::excerpt(path, 256) + ": " + why);
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  file_ = parse_env_file(text);
  return {};
}

std::optional<std::string> Environment::find(const std::string& name) const {
  if (const auto flag = flags_.find(name); flag != flags_.end()) return flag->second;
  // Nothing else runs yet, and nothing of ours ever changes the environment.
  if (const char* const value = std::getenv(name.c_str())) return std::string(value);  // NOLINT(concurrency-mt-unsafe)
  if (const auto line = file_.find(name); line != file_.end()) return line->second;
  return std::nullopt;
}

}  // namespace patchbayctl
