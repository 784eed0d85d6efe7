// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <patchbay/result.hpp>

#include "job.hpp"

namespace patchbayctl {

/// How an intent in a journal ended, as far as it did.
class Ending {
 public:
  std::string outcome = "unknown";  ///< As `to_string(Outcome)` has it.
  std::string resolved_by, error_code;
};

/// The endings of all intents that a journal's folder holds, by their positions; an intent without one is not there.
[[nodiscard]] patchbay::Result<std::map<std::uint64_t, Ending>> read_endings(const std::string& folder);

/// The label under which a line's intent stands in the journal: which run of which job it belongs to, where the line
/// stands there, and a checksum of it.
[[nodiscard]] std::string label_of(std::uint64_t run, std::uint64_t line, std::string_view text, std::string_view job);

/// What the latest run of a job has done, over all the processes that took part in it.
///
/// Lines that name the same interaction take turns in their order. So whatever stands before the last line of an
/// interaction that the journal knows has ended, with or without an intent, and is not done again.
class History {
 public:
  /// What is known of a line.
  class Past {
   public:
    std::string operation;  ///< Empty: nothing was sent.
    Ending ending;
  };

  /// Of the job of that name, as the journal's folder holds it.
  [[nodiscard]] static patchbay::Result<History> read(const std::string& folder, std::string_view job);

  /// The number of the run; 0: there was none.
  [[nodiscard]] std::uint64_t run() const noexcept { return run_; }
  /// What became of the job's line; nothing: it is to be done. `invalid_argument` when another line stood there.
  [[nodiscard]] patchbay::Result<std::optional<Past>> past(const Job& job, std::string_view text) const;

 private:
  struct Line {
    std::string sum;
    Past past;
  };
  std::uint64_t run_ = 0;
  std::map<std::uint64_t, Line> lines_;
  std::unordered_map<std::string, std::uint64_t> last_;  // line, by `Recorder::key_of` of its interaction
};

/// The result of a line that an earlier process has done: one JSON object, without its line's end.
[[nodiscard]] std::string past_line(const Job& job, const History::Past& past);

}  // namespace patchbayctl
