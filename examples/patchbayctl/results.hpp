// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/error.hpp>
#include <patchbay/hold_request.hpp>
#include <patchbay/observe/audit.hpp>
#include <patchbay/result.hpp>
#include <patchbay/transition_request.hpp>

#include "job.hpp"

namespace patchbayctl {

/// What became of a job.
class Performed {
 public:
  patchbay::AuditRecord record;  ///< Of the operation's end.
  std::optional<patchbay::Error> error;
  std::optional<patchbay::TransitionResult> moved;
  std::optional<patchbay::HoldResult> held;
  bool keeps_reason = false;  ///< Whether the reason of a hold was to be left with the cloud.

  void set(patchbay::Result<patchbay::TransitionResult> result) { set(std::move(result), moved); }
  void set(patchbay::Result<patchbay::HoldResult> result) { set(std::move(result), held); }

 private:
  template <class T>
  void set(patchbay::Result<T> result, std::optional<T>& into) {
    if (result) {
      into = std::move(*result);
    } else {
      error = std::move(result.error());
    }
  }
};

/// One JSON object for stdout, without its line's end.
[[nodiscard]] std::string result_line(const Job& job, const Performed& performed);

/// The exit status that an operation's end asks for.
[[nodiscard]] int exit_status(const Performed& performed);
[[nodiscard]] int exit_status(const patchbay::Error& error);

inline constexpr int usage_status = 2;
inline constexpr int incomplete_status = 4;

/// stdout, a line at a time, each as one whole; safe from every thread.
class Output {
 public:
  /// False, now and from now on, once the reader has gone or the disk is full.
  bool line(std::string text);
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  std::mutex mutex_;
  std::atomic<bool> failed_{false};
};

}  // namespace patchbayctl
