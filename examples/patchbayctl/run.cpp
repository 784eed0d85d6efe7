// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "run.hpp"

#include <algorithm>  // max
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <patchbay/journal/journal.hpp>
#include <patchbay/observe/redact.hpp>

#include "history.hpp"
#include "input.hpp"
#include "runner.hpp"
#include "stop.hpp"
#include "transition_loop.hpp"

namespace patchbayctl {

namespace {

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

Job too_long(std::size_t line) {
  Job job;
  job.has_action = false;
  job.line = line;
  job.refused.emplace(patchbay::ErrorCode::invalid_argument, "line " + std::to_string(line) + ": is longer than 1 MiB");
  return job;
}

/// Where the lines of a run stand in its journal.
class Place {
 public:
  std::string job;
  std::uint64_t run = 0;  ///< 0: there is no journal.
  History history;        ///< Of an earlier process; empty unless it is resumed.

  [[nodiscard]] patchbay::Result<void> find(const Options& options, const Configuration& configuration) {
    if (!configuration.settings.journal) return {};
    // Of a long name the end tells more.
    job =
        options.job.value_or(options.file.size() > 128 ? options.file.substr(options.file.size() - 128) : options.file);
    if (options.resume) {
      auto read = History::read(configuration.journal_folder, job);
      if (!read) return patchbay::fail(std::move(read.error()));
      history = std::move(*read);
      run = history.run();
    }
    if (run == 0) run = configuration.settings.journal->status().appended + 1;  // which no run before it had
    return {};
  }
};

int status_of(const History::Past& past) {
  return past.ending.outcome == "applied" ? 0 : past.ending.outcome == "unknown" ? 5 : incomplete_status;
}
patchbay::Outcome outcome_of(const History::Past& past) {
  return past.ending.outcome == "applied"   ? patchbay::Outcome::applied
         : past.ending.outcome == "unknown" ? patchbay::Outcome::unknown
                                            : patchbay::Outcome::not_applied;
}

}  // namespace

int run(const Options& options, const Configuration& configuration, Doors& doors, Output& output) {
  const std::unique_ptr<TransitionLoop> loop =
      options.transport == HttpLibrary::curl ? make_curl_loop(configuration) : make_beast_loop(configuration);
  if (!loop) {
    std::fputs("patchbayctl: --transport curl: this program was built without libcurl\n", stderr);
    return usage_status;
  }
  int descriptor = STDIN_FILENO;
  if (options.file != "-") {
    descriptor = ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      const int error = errno;
      std::fprintf(stderr, "patchbayctl: %s: %s\n", patchbay::excerpt(options.file, 256).c_str(),
                   std::generic_category().message(error).c_str());
      return usage_status;
    }
  }
  int status = 0;
  {
    Runner runner(options, configuration, doors, *loop, output);
    LineReader reader(descriptor);
    patchbay::JsonReader json;
    std::string line;
    std::size_t begun = 0;
    // What is known of the past is known when that is settled.
    bool stopped = !runner.recover();
    Place place;
    if (const auto found = place.find(options, configuration); !found) {
      std::fprintf(stderr, "patchbayctl: %s\n", found.error().describe().c_str());
      return exit_status(found.error());
    }
    for (;;) {
      LineReader::Got got = stopped || output.failed() ? LineReader::Got::stopped : reader.next(line);
      if (got == LineReader::Got::end) break;
      if (got == LineReader::Got::line || got == LineReader::Got::too_long) {
        if (got == LineReader::Got::line && is_blank(line)) continue;
        Job job = got == LineReader::Got::line ? job_of(line, reader.number(), json) : too_long(reader.number());
        const auto past = place.history.past(job, line);
        if (!past) {
          std::fprintf(stderr, "patchbayctl: %s; nothing behind line %zu was begun\n", past.error().message().c_str(),
                       begun);
          status = usage_status;
          break;
        }
        if (place.run != 0) job.label = label_of(place.run, reader.number(), line, place.job);
        if (*past ? runner.pass(past_line(job, **past), outcome_of(**past), status_of(**past))
                  : runner.submit(std::move(job))) {
          begun = reader.number();
          continue;
        }
        got = LineReader::Got::stopped;
      }
      const std::string why =
          got == LineReader::Got::failed ? std::generic_category().message(reader.error()) : "asked to stop";
      if (!output.failed())
        std::fprintf(stderr, "patchbayctl: %s; nothing behind line %zu was begun\n", why.c_str(), begun);
      status = incomplete_status;
      break;
    }
    status = std::max(status, runner.finish());
    for (const std::string& each : runner.standing()) std::fprintf(stderr, "patchbayctl: %s\n", each.c_str());
    if (options.log != Log::off) std::fprintf(stderr, "patchbayctl: %s\n", runner.summary().c_str());
  }
  if (descriptor != STDIN_FILENO) ::close(descriptor);
  return status;
}

}  // namespace patchbayctl
