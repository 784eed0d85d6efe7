// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "run.hpp"

#include <algorithm>  // find_if, max
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <patchbay/observe/redact.hpp>

#include "input.hpp"
#include "stop.hpp"

namespace patchbayctl {

namespace {

/// Counts on stderr, where that is a terminal.
class Progress {
 public:
  void update(std::size_t done, std::size_t failed, std::size_t in_flight, bool last = false) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || (!last && now < next_)) return;
    next_ = now + std::chrono::milliseconds(100);
    std::fprintf(stderr, "\r\x1b[K%zu done, %zu failed, %zu under way%s", done, failed, in_flight, last ? "\n" : "");
    std::fflush(stderr);
  }

 private:
  const bool shown_ = ::isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point next_{};
};

/// The jobs that are under way, and the threads that perform them.
class Workers {
 public:
  Workers(int count, Doors& doors, Output& output)
      : doors_(doors), output_(output), most_(static_cast<std::size_t>(count)) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() { finish(); }

  /// Waits for a free place, and for the jobs before it that name the same interaction; then begins `job`. False when
  /// the end is asked for meanwhile.
  bool begin(Job job) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stop_asked() || (under_way_.size() < most_ && !busy(job.interaction)); });
    if (stop_asked()) return false;
    under_way_.push_back(job.interaction);
    waiting_.push_back(std::move(job));
    progress_.update(done_, failed_, under_way_.size());
    changed_.notify_all();
    return true;
  }
  /// Waits until everything is done; returns the highest exit status.
  int finish() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    if (!threads_.empty()) progress_.update(done_, failed_, 0, true);
    threads_.clear();
    return status_;
  }

 private:
  [[nodiscard]] bool busy(const std::string& interaction) const {
    return std::find(under_way_.begin(), under_way_.end(), interaction) != under_way_.end();
  }
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const Job job = std::move(waiting_.back());
      waiting_.pop_back();
      lock.unlock();
      const Performed performed = doors_.perform(job);
      output_.line(result_line(job, performed));
      lock.lock();
      ++done_;
      if (performed.error) ++failed_;
      status_ = std::max(status_, exit_status(performed));
      under_way_.erase(std::find(under_way_.begin(), under_way_.end(), job.interaction));
      progress_.update(done_, failed_, under_way_.size());
      changed_.notify_all();
    }
  }

  Doors& doors_;
  Output& output_;
  const std::size_t most_;
  Progress progress_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> under_way_;  // interactions, one for each job
  std::vector<Job> waiting_;            // begun, and not yet taken by a thread
  std::size_t done_ = 0, failed_ = 0;
  int status_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

Job too_long(std::size_t line) {
  Job job;
  job.has_action = false;
  job.line = line;
  job.refused.emplace(patchbay::ErrorCode::invalid_argument, "line " + std::to_string(line) + ": is longer than 1 MiB");
  return job;
}

}  // namespace

int run(const Options& options, Doors& doors, Output& output) {
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
  doors.holds.serve_in_background();
  int status = 0;
  {
    Workers workers(options.in_flight, doors, output);
    LineReader reader(descriptor);
    patchbay::JsonReader json;
    std::string line;
    std::size_t begun = 0;
    for (;;) {
      LineReader::Got got = output.failed() ? LineReader::Got::stopped : reader.next(line);
      if (got == LineReader::Got::end) break;
      if (got == LineReader::Got::line || got == LineReader::Got::too_long) {
        if (got == LineReader::Got::line && is_blank(line)) continue;
        if (workers.begin(got == LineReader::Got::line ? job_of(line, reader.number(), json)
                                                       : too_long(reader.number()))) {
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
    status = std::max(status, workers.finish());
  }
  if (descriptor != STDIN_FILENO) ::close(descriptor);
  return status;
}

}  // namespace patchbayctl
