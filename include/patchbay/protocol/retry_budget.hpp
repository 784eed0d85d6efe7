// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <utility>  // exchange

#include <patchbay/time.hpp>

namespace patchbay {

/// How many retries a host gets while it answers nothing well.
struct RetryBudgetSettings {
  bool enabled = true;
  int quota = 500;        ///< Tokens when the budget is full, as it is at first.
  int cost = 5;           ///< Of a retry after an answer or a broken connection.
  int timeout_cost = 10;  ///< Of a retry after a timeout, which has held up everybody for longest.
  int success_gain = 1;   ///< Earned by each request that succeeds at its first attempt.
};

/// A quota of tokens that all retries to one host are paid from, so that a host in trouble is not kept there by those who
/// try again (invariant I8): over any run without success, requests <= first attempts + floor(quota / cost).
///
/// First attempts are free. A retry that succeeds gets its cost back, a first attempt that succeeds earns one token, so a
/// host that fails now and then is retried without end, and one that only fails is retried a hundred times by all doors
/// together. What is paid for:
/// - 5xx, 408, broken connections and timeouts;
/// - 429 as well: a retry is load, whatever it is told; the pacer spaces it, the budget bounds it;
/// - not the reading anew after a 409 or 412: it was answered by a host in good health, and `max_conflicts` bounds it;
/// - not the one replay after a 401: it takes a token that was granted meanwhile, and a thousand operations that find their
///   token revoked at once must not fail for it;
/// - not the reading that resolves a write in doubt: it is the first attempt of its kind, and the truth depends on it.
/// A retry that is not made after all (cancelled, or refused before anything was sent) gets its cost back as well.
///
/// An empty budget delays nobody: the operation ends at once with its last error. Nothing here waits or locks; one number,
/// changed by compare and exchange. Thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryBudgetSettings& settings = {}) noexcept : settings_(settings), left_(settings.quota) {}
  RetryBudget(const RetryBudget&) = delete;
  RetryBudget& operator=(const RetryBudget&) = delete;

  [[nodiscard]] int cost_of(bool timed_out) const noexcept {
    return !settings_.enabled ? 0 : timed_out ? settings_.timeout_cost : settings_.cost;
  }
  /// Pays for a retry; false, and nothing is taken, when not enough is left.
  [[nodiscard]] bool spend(int cost) noexcept {
    if (!settings_.enabled) return true;
    int left = left_.load(std::memory_order_relaxed);
    do {
      if (left < cost) return false;
    } while (!left_.compare_exchange_weak(left, left - cost, std::memory_order_relaxed));
    return true;
  }
  /// A request succeeded; `paid` is what its last retry had cost, 0 when it was the first attempt.
  void succeeded(int paid) noexcept { give_back(paid > 0 ? paid : settings_.success_gain); }
  /// A retry that was paid for is not made after all.
  void give_back(int paid) noexcept {
    int left = left_.load(std::memory_order_relaxed);
    while (left < settings_.quota &&
           !left_.compare_exchange_weak(left, left > settings_.quota - paid ? settings_.quota : left + paid, std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] int left() const noexcept { return left_.load(std::memory_order_relaxed); }

  /// Whether a refusal is to be logged: the first, and then one every ten seconds, since a host in trouble refuses thousands.
  [[nodiscard]] bool worth_telling(SteadyTime now) noexcept {
    Duration::rep next = tell_next_.load(std::memory_order_relaxed);
    const Duration::rep present = now.time_since_epoch().count();
    return present >= next &&
           tell_next_.compare_exchange_strong(next, after(now, seconds{10}).time_since_epoch().count(), std::memory_order_relaxed);
  }

 private:
  RetryBudgetSettings settings_;
  std::atomic<int> left_;
  std::atomic<Duration::rep> tell_next_{SteadyTime::min().time_since_epoch().count()};
};

/// What the next attempt of one request has cost. Stands in the frame of the protocol that tries it, so that no other exchange
/// can be taken for that retry, and so that what was paid is given back unless the retry is made.
class RetryCharge {
 public:
  RetryCharge() noexcept = default;
  RetryCharge(const RetryCharge&) = delete;
  RetryCharge& operator=(const RetryCharge&) = delete;
  ~RetryCharge() { give_back(); }

  /// Pays for the next attempt; false, and nothing is taken, when not enough is left. `budget` outlives this.
  [[nodiscard]] bool pay(RetryBudget& budget, int cost) noexcept {
    give_back();
    if (!budget.spend(cost)) return false;
    budget_ = &budget;
    paid_ = cost;
    return true;
  }
  /// The attempt was made; what it had cost, 0 when it was the first. The caller says whether it succeeded.
  [[nodiscard]] int take() noexcept { return std::exchange(paid_, 0); }
  /// The attempt is not made.
  void give_back() noexcept {
    if (const int paid = take(); paid != 0) budget_->give_back(paid);
  }

 private:
  RetryBudget* budget_ = nullptr;
  int paid_ = 0;
};

}  // namespace patchbay
