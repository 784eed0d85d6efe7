// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <patchbay/result.hpp>
#include <patchbay/testing/cloud_model.hpp>

namespace loopback_cloud {

/// What the cloud has done, in a file that outlives its process: one JSON object a line, of an operation with its
/// interaction as it then was, or of a webhook's delivery. Each is handed to the system before it is answered, so
/// nothing that a client was told is lost when the process is killed; it is not synced, so a machine that goes down may
/// lose the latest.
///
/// Tokens and planned faults are not kept: clients are answered 401 and ask for a new token.
class StateFile {
 public:
  /// Opens or creates the file, and brings back into `model`, which already has its interactions, what it holds. A last
  /// line that is not whole was never answered; it is cut off. `invalid_settings` when the file cannot be used, serves
  /// another process, or holds anything else that is no such line.
  [[nodiscard]] static patchbay::Result<std::unique_ptr<StateFile>> open(const std::string& path,
                                                                         patchbay::testing::CloudModel& model);
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;
  ~StateFile();

  /// Appends what the model has done since the last call. After a failure nothing that is not in the file may be
  /// answered.
  [[nodiscard]] patchbay::Result<void> save(const patchbay::testing::CloudModel& model);

  [[nodiscard]] std::size_t restored() const noexcept { return restored_; }  ///< Lines that `open` found.
  [[nodiscard]] std::size_t cut() const noexcept { return cut_; }            ///< Bytes that it cut off.

 private:
  explicit StateFile(int descriptor) : descriptor_(descriptor) {}
  patchbay::Result<void> restore(const std::string& path, patchbay::testing::CloudModel& model);

  int descriptor_;
  std::size_t operations_ = 0, webhooks_ = 0;  // that are in the file
  std::size_t restored_ = 0, cut_ = 0;
  std::string text_;
};

}  // namespace loopback_cloud
