// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/endpoint.hpp>
#include <patchbay/protocol/breaker.hpp>
#include <patchbay/protocol/retry_budget.hpp>

namespace patchbay {

/// What all requests to one host share: its circuit breaker and its retry budget. Thread-safe.
class HostGuard {
 public:
  HostGuard(std::string host_in, const BreakerSettings& breaker_in, const RetryBudgetSettings& budget_in)
      : host(std::move(host_in)), breaker(breaker_in), budget(budget_in) {}

  const std::string host;  ///< Scheme and authority.
  CircuitBreaker breaker;
  RetryBudget budget;
};

/// The guards of all hosts that a program talks to: the API, the login host, the webhook's. One handle, shared by every door
/// built from copies of the same settings, so that what one door learns of a host protects the others.
///
/// A host has its guard from the building of the first door that names it, so there are as many as the settings name hosts.
/// Thread-safe.
class HostGuards {
 public:
  explicit HostGuards(BreakerSettings breaker = {}, RetryBudgetSettings budget = {}) noexcept : breaker_(breaker), budget_(budget) {}
  HostGuards(const HostGuards&) = delete;
  HostGuards& operator=(const HostGuards&) = delete;

  /// The guard of the endpoint's host; lives as long as this.
  [[nodiscard]] HostGuard& of(const Endpoint& endpoint) {
    std::string host = endpoint.origin();
    const std::lock_guard lock(mutex_);
    for (const auto& known : guards_)
      if (known->host == host) return *known;
    guards_.push_back(std::make_unique<HostGuard>(std::move(host), breaker_, budget_));
    return *guards_.back();
  }

  /// What is wrong with the settings, naming the member; nothing is when it holds a value.
  [[nodiscard]] Result<void> check() const {
    const auto refuse = [](const char* what) { return fail(ErrorCode::invalid_settings, what); };
    if (breaker_.enabled) {
      if (breaker_.window <= Duration::zero()) return refuse("guards: the breaker's window must be positive");
      if (breaker_.min_exchanges < 1) return refuse("guards: the breaker's min_exchanges must be at least 1");
      if (!(breaker_.failure_share > 0 && breaker_.failure_share <= 1)) return refuse("guards: the breaker's failure_share must be above 0 and at most 1");
      if (breaker_.open_for <= Duration::zero() || breaker_.open_cap < breaker_.open_for)
        return refuse("guards: the breaker's open_for must be positive, and not above open_cap");
      if (breaker_.probes < 1) return refuse("guards: the breaker's probes must be at least 1");
    }
    if (budget_.enabled) {
      if (budget_.quota < 0) return refuse("guards: the retry budget's quota must not be negative");
      if (budget_.cost < 1 || budget_.timeout_cost < 1) return refuse("guards: the retry budget's costs must be at least 1");
      if (budget_.success_gain < 0) return refuse("guards: the retry budget's success_gain must not be negative");
    }
    return {};
  }

 private:
  BreakerSettings breaker_;
  RetryBudgetSettings budget_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HostGuard>> guards_;
};

}  // namespace patchbay
