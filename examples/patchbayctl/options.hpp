// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/flow/diagram.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/policy/logger.hpp>
#include <patchbay/time.hpp>

namespace patchbayctl {

enum class Command { transition, hold, unhold, flow, run, recover, release_all, journal, watch };
enum class Log { off, text, json };
/// Which library carries the HTTP of `run`.
enum class HttpLibrary { beast, curl };
/// Whose addresses and bodies are spoken: the documents' or the real platform's.
enum class DialectName { interactions, platform };

/// Said of whatever would hold or release there while nobody has said whose side it is.
inline constexpr std::string_view holds_of_nobody =
    "on the platform a hold is a participant's: say whose, by --user or GENESYS_USER_ID, or by --participant, which "
    "run and recover take for moves alone";

/// The command line. What the library judges (identifiers, nodes, priorities, variables) stays the text that was given;
/// what only the tool knows is parsed.
class Options {
 public:
  Command command = Command::transition;
  std::optional<std::string> interaction, flow, from, to, reason, priority, music, prompt, vars;
  std::vector<std::string> var;  ///< Each `NAME=VALUE`.
  bool strict = false;
  patchbay::DiagramFormat format = patchbay::DiagramFormat::text;
  std::string file = "-";
  int in_flight = 1;
  bool ordered = false;
  HttpLibrary transport = HttpLibrary::beast;
  bool resume = false;
  DialectName dialect = DialectName::interactions;
  patchbay::cloud::Platform platform;  ///< What is asked for of the platform's dialect, but for the user.
  bool has_participant = false;        ///< It was asked for, and is not the default.
  std::optional<patchbay::Duration> watch_for;  ///< Nothing: until the end is asked for.
  std::optional<std::string> job;  ///< By which a later `run --resume` knows it; the file's name when none is given.

  patchbay::Duration deadline = patchbay::seconds{30};
  patchbay::Duration fence_after = patchbay::seconds{60};
  std::optional<double> per_minute;
  patchbay::Reachability reachability = patchbay::Reachability::path;
  Log log = Log::text;
  patchbay::Level log_level = patchbay::Level::warn;
  std::optional<std::string> env_file;
  /// Flags that stand for environment variables, under the variable's name: they win over it.
  std::map<std::string, std::string, std::less<>> environment;
};

/// The command line was wrong, in one sentence for stderr: exit status 2.
class UsageError {
 public:
  explicit UsageError(std::string why_in) : why(std::move(why_in)) {}
  std::string why;
};

/// `--help` or `--version`: text for stdout, and nothing more to do.
class Information {
 public:
  std::string text;
};

/// Parses the arguments behind the program's name.
[[nodiscard]] std::variant<Options, UsageError, Information> parse_options(const std::vector<std::string>& arguments);

}  // namespace patchbayctl
