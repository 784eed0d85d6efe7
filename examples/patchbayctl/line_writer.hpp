// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "results.hpp"

namespace patchbayctl {

/// Writes lines on a thread of its own, so that a reader of stdout that takes its time never holds up the loop, whose
/// exchanges would run into their deadlines. Thread-safe.
class LineWriter {
 public:
  /// `ordered`: a line is written after those of all smaller numbers, which are 0, 1, 2 and so on.
  LineWriter(Output& output, bool ordered) : output_(output), ordered_(ordered), thread_([this] { write(); }) {}
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter() { finish(); }

  void add(std::uint64_t number, std::string line);
  /// Waits until little of what was added is left to be written.
  void wait_for_room();
  /// How many lines have been passed on in order; all that were added where the order is free.
  [[nodiscard]] std::uint64_t passed() const;
  /// Writes all that is left, and ends the thread.
  void finish();

 private:
  static constexpr std::size_t full = std::size_t{4} << 20;

  void write();

  Output& output_;
  const bool ordered_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;                            // to be written
  std::map<std::uint64_t, std::string> early_;  // lines that wait for one before them
  std::uint64_t passed_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace patchbayctl
