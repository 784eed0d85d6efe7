// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/result.hpp>

namespace patchbayctl {

/// The assignments of a `.env` file, read as the dotenv package of Node.js does: `NAME=value`, `export NAME=value` and
/// `NAME: value`; comments; values in single quotes, backticks or double quotes over several lines, of which the last
/// alone know `\n` and `\r`; the last of several assignments to a name counts. Lines that are none of this are skipped.
[[nodiscard]] std::map<std::string, std::string, std::less<>> parse_env_file(std::string_view text);

/// Where a setting comes from: the flags, else the environment of the process (an empty variable included), else the
/// file.
class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  explicit Environment(Variables flags) : flags_(std::move(flags)) {}
  /// `invalid_settings` when the file cannot be read or is larger than 1 MiB.
  [[nodiscard]] patchbay::Result<void> read_file(const std::string& path);
  [[nodiscard]] std::optional<std::string> find(const std::string& name) const;

 private:
  Variables flags_, file_;
};

}  // namespace patchbayctl
