// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <patchbay/error.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/schema/variables.hpp>
#include <patchbay/time.hpp>

#include "options.hpp"

namespace patchbayctl {

/// One thing to do, from the command line or from a line of `run`. The texts are as they were given; the doors judge
/// them.
class Job {
 public:
  Command action = Command::transition;  ///< `transition`, `hold` or `unhold`.
  bool has_action = true;                ///< False for a line of `run` that names none of them.
  std::string id;                        ///< The line's own, as JSON; empty: the operation's id is the result's.
  std::size_t line = 0;                  ///< Of `run`, from 1; 0: none.
  std::string interaction, flow, from, to, reason, priority;
  std::string label;  ///< For the journal.
  std::optional<std::string> music, prompt;
  patchbay::Variables variables;
  std::optional<patchbay::Duration> deadline;
  std::optional<patchbay::Error> refused;  ///< What is wrong before any door is asked.
};

[[nodiscard]] constexpr std::string_view to_string(Command action) {
  return action == Command::transition ? "transition"
         : action == Command::hold     ? "hold"
         : action == Command::unhold   ? "unhold"
                                       : "none";
}

/// The job of a command line whose command is `transition`, `hold` or `unhold`.
[[nodiscard]] Job job_of(const Options& options, patchbay::JsonReader& reader);

/// The job of a line of `run`; `refused` says what is wrong with a bad one.
[[nodiscard]] Job job_of(std::string_view line, std::size_t number, patchbay::JsonReader& reader);

}  // namespace patchbayctl
