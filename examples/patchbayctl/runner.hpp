// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <patchbay/observe/histogram.hpp>

#include "doors.hpp"
#include "hold_loop.hpp"
#include "line_writer.hpp"
#include "options.hpp"
#include "transition_loop.hpp"

namespace patchbayctl {

/// The jobs of `run` that are under way, on one event loop for transitions and, from the first of them on, one for
/// holds and releases, each with its thread.
///
/// A job whose interaction is busy is put aside, so that those behind it can begin; what is put aside has a bound, in
/// jobs and in bytes, as has what is under way and what is written. Every job that is submitted has its result.
class Runner {
 public:
  Runner(const Options& options, const Configuration& configuration, Doors& doors, TransitionLoop& loop,
         Output& output);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner();

  /// Settles what earlier processes have left open in the journal, on the loops that the jobs will be on, so that
  /// whoever is on hold is watched while they run; says so on stderr. Before anything is submitted. False when the end
  /// is asked for meanwhile.
  bool recover();
  /// A line that an earlier process has done, with its result; false when the end is asked for meanwhile.
  bool pass(std::string line, patchbay::Outcome outcome, int status);
  /// Waits for a place, then begins the job or puts it aside. False when the end is asked for meanwhile: then it was
  /// not taken. One thread calls it.
  bool submit(Job job);
  /// Waits until everything is done, or, when the end is asked for, what is under way; gives the rest a result that
  /// says so. Returns the highest exit status. Nothing is submitted afterwards.
  int finish();
  /// Interactions that are, or may be, on hold by this program's doing, each as a line for people; after `finish`.
  [[nodiscard]] const std::vector<std::string>& standing() const noexcept { return standing_; }
  /// One sentence for people.
  [[nodiscard]] std::string summary() const;

 private:
  struct Work {
    Job job;
    std::string key;
    std::uint64_t number;
    std::size_t bytes;
  };
  using WorkPointer = std::shared_ptr<Work>;

  [[nodiscard]] bool has_room(const Work& work) const;
  void begin(WorkPointer work);
  template <class T>
  void settle(const WorkPointer& work, patchbay::Result<T> result) {
    Performed performed;
    performed.set(std::move(result));
    begin(end(work, std::move(performed)));
  }
  WorkPointer end(const WorkPointer& work, Performed performed);
  void report(const Work& work, const Performed& performed);
  void show_progress(bool last = false);
  [[nodiscard]] HoldLoop& holds();

  static constexpr std::size_t max_bytes = std::size_t{64} << 20;  // of all that is under way or put aside

  const Configuration& configuration_;
  Doors& doors_;
  TransitionLoop& loop_;
  const std::size_t most_;
  const bool ordered_;
  const bool shows_progress_;
  LineWriter writer_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_progress_{};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, std::deque<WorkPointer>> busy_;  // by key; those put aside behind the one under way
  std::size_t under_way_ = 0, aside_ = 0, bytes_ = 0;
  std::uint64_t submitted_ = 0, done_ = 0, not_begun_ = 0;
  std::array<std::uint64_t, 3> outcomes_{};  // applied, not applied, unknown
  int status_ = 0;
  patchbay::LatencyHistogram latencies_;

  std::vector<std::string> standing_;
  std::unique_ptr<HoldLoop> holds_;
  std::jthread loop_thread_, hold_thread_;
};

}  // namespace patchbayctl
