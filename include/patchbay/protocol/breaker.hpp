// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include <patchbay/time.hpp>

namespace patchbay {

/// When a `CircuitBreaker` opens, and for how long.
struct BreakerSettings {
  bool enabled = true;
  Duration window = seconds{10};   ///< Over which the ends of exchanges are looked at.
  int min_exchanges = 20;          ///< Fewer in the window prove nothing.
  double failure_share = 0.5;      ///< Of the exchanges in the window; as much opens it. Above 0, at most 1.
  Duration open_for = seconds{5};  ///< At first; doubles each time that a probe fails.
  Duration open_cap = seconds{60}; ///< What the doubling ends at.
  int probes = 2;                  ///< At once while it is half-open, and good ones in a row that close it.
};

/// Keeps requests from a host that answers none of them well, so that callers learn at once what they would otherwise wait
/// a timeout for, and the host has rest to come back.
///
/// Closed, it counts how exchanges ended: a 5xx, a broken connection and a timeout are failures; every other answer, a 4xx
/// and a 429 among them, is a sign of life. Once at least `min_exchanges` ended within the window and `failure_share` of them
/// failed, it is open for `open_for`. Then it is half-open: `probes` requests at a time may try, as many good ones in a row
/// close it, and the first that fails opens it for twice as long as before, up to `open_cap`.
///
/// On by default, since it can only turn a failure into a quicker one: a program that makes fewer than twenty requests in ten
/// seconds never meets it, and one that does, and sees half of them fail, loses five seconds at most before a probe goes out.
///
/// What must not be refused (a release, the reading that resolves a write in doubt) asks for no admission but `watch`es: its
/// end is counted while the breaker is closed. Pure: time is handed in. While closed, an exchange costs two loads and one
/// compare-exchange; the lock is for changes of state alone. Thread-safe.
class CircuitBreaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  /// How an exchange ended, for the breaker.
  enum class Ending : std::uint8_t {
    alive,    ///< The host has answered.
    failed,   ///< It has not, or with a 5xx.
    nothing,  ///< Cancelled, or cut off too soon: proves nothing.
  };
  /// What the end of an exchange did.
  enum class Change : std::uint8_t { none, opened, closed };

  /// The admission of one exchange; stands in its protocol's frame. One that is destroyed before its end is told proves nothing.
  class Pass {
   public:
    Pass() noexcept = default;
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() { drop(); }
    /// Given back unused.
    void drop() noexcept {
      if (std::exchange(kind_, Kind::none) == Kind::probe) breaker_->release(word_);
    }

   private:
    friend class CircuitBreaker;
    enum class Kind : std::uint8_t { none, counted, probe };
    CircuitBreaker* breaker_ = nullptr;
    std::uint32_t word_ = 0;
    Kind kind_ = Kind::none;
  };

  explicit CircuitBreaker(const BreakerSettings& settings = {}) noexcept
      : settings_(settings), slot_length_(std::max<Duration::rep>(settings.window.count() / static_cast<Duration::rep>(slots), 1)) {}
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;

  /// Admits an exchange that begins now, or refuses it until `retry_at()`. `pass` is a new one.
  [[nodiscard]] bool admit(SteadyTime now, Pass& pass) noexcept {
    const std::uint32_t word = word_.load(std::memory_order_acquire);
    if (state_of(word) == State::closed) return enter(pass, word, Pass::Kind::counted);
    return admit_slowly(now, pass);
  }
  /// For an exchange that must not be refused.
  void watch(Pass& pass) noexcept {
    const std::uint32_t word = word_.load(std::memory_order_acquire);
    if (state_of(word) == State::closed) enter(pass, word, Pass::Kind::counted);
  }
  /// Tells how an exchange ended that was admitted, or watched. Ends of exchanges that began before the last change of state
  /// say nothing about the present one.
  Change ended(Pass& pass, SteadyTime now, Ending ending) noexcept {
    const auto kind = std::exchange(pass.kind_, Pass::Kind::none);
    if (kind == Pass::Kind::none || !settings_.enabled) return Change::none;
    if (kind == Pass::Kind::probe) return probed(pass.word_, now, ending);
    if (ending == Ending::nothing || word_.load(std::memory_order_relaxed) != pass.word_) return Change::none;
    count(now, ending == Ending::failed);
    return ending == Ending::failed ? consider(pass.word_, now) : Change::none;
  }

  [[nodiscard]] State state() const noexcept { return state_of(word_.load(std::memory_order_acquire)); }
  /// While refusing: when the next probe may go out. Past otherwise.
  [[nodiscard]] SteadyTime retry_at(SteadyTime now) const noexcept {
    const State present = state();
    if (present == State::closed) return SteadyTime::min();
    const std::lock_guard lock(mutex_);
    // How long the probes take that are out, nobody knows.
    return present == State::open ? open_until_ : after(now, std::min<Duration>(settings_.open_for, seconds{1}));
  }
  /// Whether an exchange that begins at `when` is certain to be refused, as far as can be told now.
  [[nodiscard]] bool open_at(SteadyTime when) const noexcept {
    if (state() != State::open) return false;
    const std::lock_guard lock(mutex_);
    return when < open_until_;
  }

 private:
  static constexpr std::size_t slots = 10;
  static constexpr std::uint64_t count_bits = 20, count_mask = (std::uint64_t{1} << count_bits) - 1, tick_mask = 0xff'ffff;

  [[nodiscard]] static constexpr State state_of(std::uint32_t word) noexcept { return static_cast<State>(word & 3); }
  /// The word of the next state: the state and, above it, a number that every change makes another.
  void change_to(State state) noexcept {
    const std::uint32_t word = word_.load(std::memory_order_relaxed);
    word_.store(((word >> 2) + 1) << 2 | static_cast<std::uint32_t>(state), std::memory_order_release);
  }
  bool enter(Pass& pass, std::uint32_t word, Pass::Kind kind) noexcept {
    pass.breaker_ = this;
    pass.word_ = word;
    pass.kind_ = kind;
    return true;
  }
  bool admit_slowly(SteadyTime now, Pass& pass) noexcept {
    const std::lock_guard lock(mutex_);
    if (state() == State::open && now >= open_until_) {
      change_to(State::half_open);
      probes_out_ = good_probes_ = 0;
    }
    const std::uint32_t word = word_.load(std::memory_order_relaxed);
    if (state_of(word) == State::closed) return enter(pass, word, Pass::Kind::counted);
    if (state_of(word) == State::open || probes_out_ >= settings_.probes) return false;
    ++probes_out_;
    return enter(pass, word, Pass::Kind::probe);
  }
  Change probed(std::uint32_t word, SteadyTime now, Ending ending) noexcept {
    const std::lock_guard lock(mutex_);
    if (word_.load(std::memory_order_relaxed) != word) return Change::none;
    --probes_out_;
    if (ending == Ending::failed) return open(now), Change::opened;
    if (ending == Ending::nothing || ++good_probes_ < settings_.probes) return Change::none;
    for (auto& slot : slots_) slot.store(0, std::memory_order_relaxed);
    openings_ = 0;
    change_to(State::closed);
    return Change::closed;
  }
  void release(std::uint32_t word) noexcept {
    const std::lock_guard lock(mutex_);
    if (word_.load(std::memory_order_relaxed) == word) --probes_out_;
  }
  void open(SteadyTime now) noexcept {
    Duration span = settings_.open_for;
    for (int i = 0; i < openings_ && span < settings_.open_cap; ++i) span = span > settings_.open_cap / 2 ? settings_.open_cap : span * 2;
    if (openings_ < 63) ++openings_;
    open_until_ = after(now, span);
    change_to(State::open);
  }

  // One slot of the window is one number: its tick, how many exchanges ended in it, and how many of these failed.

  [[nodiscard]] std::uint64_t tick_of(SteadyTime now) const noexcept {
    return static_cast<std::uint64_t>(now.time_since_epoch().count() / slot_length_);
  }
  void count(SteadyTime now, bool failed) noexcept {
    const std::uint64_t tick = tick_of(now);
    std::atomic<std::uint64_t>& slot = slots_[tick % slots];
    std::uint64_t old = slot.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t mine = tick & tick_mask;
      // Whose clock reading is older than the slot comes too late to count in it.
      if (const std::uint64_t ahead = ((old >> (2 * count_bits)) - mine) & tick_mask; old != 0 && ahead != 0 && ahead < 100 * slots) return;
      std::uint64_t fresh = old >> (2 * count_bits) == mine ? old : mine << (2 * count_bits);
      if ((fresh & count_mask) == count_mask) return;  // a million in one slot: their share says enough
      fresh += 1 + (failed ? std::uint64_t{1} << count_bits : 0);
      if (slot.compare_exchange_weak(old, fresh, std::memory_order_relaxed)) return;
    }
  }
  Change consider(std::uint32_t word, SteadyTime now) noexcept {
    const std::uint64_t tick = tick_of(now);
    std::uint64_t total = 0, failures = 0;
    for (const auto& slot : slots_) {
      const std::uint64_t value = slot.load(std::memory_order_relaxed);
      if (((tick - (value >> (2 * count_bits))) & tick_mask) >= slots) continue;
      total += value & count_mask;
      failures += value >> count_bits & count_mask;
    }
    const auto least = static_cast<std::uint64_t>(std::max(settings_.min_exchanges, 1));
    if (total < least || static_cast<double>(failures) < settings_.failure_share * static_cast<double>(total)) return Change::none;
    const std::lock_guard lock(mutex_);
    if (word_.load(std::memory_order_relaxed) != word) return Change::none;
    open(now);
    return Change::opened;
  }

  BreakerSettings settings_;
  Duration::rep slot_length_;
  std::atomic<std::uint32_t> word_{0};
  std::array<std::atomic<std::uint64_t>, slots> slots_{};
  mutable std::mutex mutex_;
  SteadyTime open_until_{};
  int probes_out_ = 0;
  int good_probes_ = 0;
  int openings_ = 0;  ///< Since it was last closed.
};

}  // namespace patchbay
