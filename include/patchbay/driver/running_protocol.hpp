// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>

#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/protocol.hpp>

namespace patchbay::detail {

/// The protocol of a job on an event loop, from its beginning to its result. A member that stands behind everything that the
/// protocol refers to, so that its frames end first.
template <class T>
class RunningProtocol {
 public:
  /// Runs it to the first effect or to the end.
  void begin(Protocol<T> protocol) {
    protocol_.emplace(std::move(protocol));
    protocol_->start();
  }
  /// Whether it has ended, or was never begun.
  [[nodiscard]] bool done() const noexcept { return !protocol_ || protocol_->done(); }
  /// Calls `take` with the result, if it has ended with one; then its frames are gone. False when `take` threw.
  template <class Take>
  bool finish(Take&& take) noexcept {
    const bool taken = guarded([&] {
      if (protocol_ && protocol_->done()) take(protocol_->take());
    });
    drop();
    return taken;
  }
  /// Ends it where it stands.
  void drop() noexcept { protocol_.reset(); }

 private:
  std::optional<Protocol<T>> protocol_;
};

}  // namespace patchbay::detail
