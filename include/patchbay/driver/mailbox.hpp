// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace patchbay::detail {

/// What happens to something that is touched by one thread at a time although events come from many: a set of signals, and
/// who is to see to them. Whoever leaves a signal while nobody is at it becomes the one who handles; the others go on.
/// Takes no lock.
class Mailbox {
 public:
  using Signals = std::uint32_t;

  /// Leaves `signals`. True when the caller must see to it that `handle` is called, since nobody is at it; nobody else
  /// becomes so before it has been.
  [[nodiscard]] bool leave(Signals signals) noexcept {
    return (signals_.fetch_or(signals | taken, std::memory_order_acq_rel) & taken) == 0;
  }

  /// Hands all signals over, and those that come meanwhile. `on_signals(signals)` says whether the mailbox still lives;
  /// if not, nothing of it is touched any more.
  template <class OnSignals>
  void handle(OnSignals&& on_signals) {
    for (;;) {
      const Signals left = signals_.exchange(taken, std::memory_order_acq_rel) & ~taken;
      if (left != 0 && !on_signals(left)) return;
      if (leave_it()) return;
    }
  }
  /// Hands over what is there. Whoever calls it goes on to `leave_it`.
  template <class OnSignals>
  [[nodiscard]] bool handle_once(OnSignals&& on_signals) {
    return on_signals(signals_.exchange(taken, std::memory_order_acq_rel) & ~taken);
  }
  /// Whether nothing has come meanwhile, so that nobody is at it now.
  [[nodiscard]] bool leave_it() noexcept {
    Signals expected = taken;
    return signals_.compare_exchange_strong(expected, 0, std::memory_order_acq_rel);
  }
  /// Forgets everything; only when no signal can come.
  void reset() noexcept { signals_.store(0, std::memory_order_release); }

 private:
  static constexpr Signals taken = Signals{1} << 31;
  std::atomic<Signals> signals_{0};
};

}  // namespace patchbay::detail
