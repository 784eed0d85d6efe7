// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <patchbay/protocol/classify.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

enum class ExchangeCount : std::uint8_t;  // observe/metrics.hpp

/// What a door counts of its operations. Called on the thread that runs the operation.
class OperationObserver {
 public:
  /// The end of one exchange; `status` is 0 when there was no answer.
  virtual void exchanged(ExchangeKind kind, Duration latency, int status) noexcept = 0;
  /// A 401 is answered with a newer token.
  virtual void replayed() noexcept = 0;
  /// A flow was asked for, and was or was not in the cache.
  virtual void flow_asked(bool cached) noexcept = 0;
  /// A logger or another piece of user code threw; nothing else came of it.
  virtual void callback_failed() noexcept = 0;
  /// Something that restrains requests did so: a pacer, a breaker, a retry budget. Not called for what is told otherwise.
  virtual void restrained(ExchangeCount) noexcept {}

 protected:
  OperationObserver() = default;
  ~OperationObserver() = default;
};

}  // namespace patchbay
