// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace patchbay {

/// An operation whose fate `recover` could not settle yet.
class UnsettledOperation {
 public:
  UnsettledOperation() = default;
  std::uint64_t position = 0;  ///< Of its intent in the journal.
  std::string operation;       ///< The transition or correlation id.
  std::string interaction;
  std::string why;             ///< In our words: what is waited for, or what failed.
};

/// What `recover` has done. Counts are of this call alone.
class RecoveryReport {
 public:
  RecoveryReport() = default;
  std::size_t applied = 0;      ///< Found to have been done.
  std::size_t not_applied = 0;  ///< Found not to have been done, with nothing left that could still do it.
  /// Nobody can know any more: another writer has been at the interaction since, or it is gone. Recorded as unknown,
  /// and not looked at again.
  std::size_t given_up = 0;
  std::size_t holds_rebuilt = 0;   ///< Interactions that are, or may be, on hold and are watched again.
  std::size_t holds_released = 0;  ///< Of those in the journal, found not to be on hold.
  std::vector<UnsettledOperation> open;       ///< To be asked for by another call.
  std::vector<std::string> unseen;            ///< Interactions that may be watched although they could not be read, or only before something changed.

  /// Whether nothing is left to be recovered.
  [[nodiscard]] bool complete() const noexcept { return open.empty() && unseen.empty(); }
};

/// What `deliver_webhooks` has done.
class DeliveryReport {
 public:
  DeliveryReport() = default;
  std::size_t delivered = 0;
  std::size_t failed = 0;  ///< Attempts that failed; they are made again.
  std::size_t dead = 0;    ///< Given up.
  std::size_t left = 0;    ///< Not delivered yet.
};

}  // namespace patchbay
