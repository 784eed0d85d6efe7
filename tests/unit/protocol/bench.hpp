// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/protocol/protocol.hpp>

namespace patchbay::tests {

/// An operation whose effects the test carries out by hand, or by `run` on a time line of its own.
class BenchOperation final : public Operation {
 public:
  RetryAnswer decide_retry(const RetryQuestion&) override { return answer; }
  std::uint64_t random_bits() override { return 0; }
  bool log_enabled(Level) const override { return false; }
  void log_event(Level, const Event&) noexcept override {}
  void wake_up() noexcept override { ++wakes; }

  /// Runs to the end; a sleep moves the time, an exchange answers 204, a wait ends woken or at its deadline.
  template <class T>
  T run(Protocol<T> protocol) {
    protocol.start();
    while (!protocol.done()) step();
    return protocol.take();
  }
  /// Carries out one effect.
  void step() {
    const PendingEffect effect = std::exchange(pending, PendingEffect{});
    ++effects;
    switch (effect.kind()) {
      case PendingEffect::Kind::none:
        break;
      case PendingEffect::Kind::http:
        seen.emplace_back(effect.http().request->target);
        effect.http().response->status = 204;
        break;
      case PendingEffect::Kind::sleep:
        now = effect.sleep().until;
        break;
      case PendingEffect::Kind::wait:
        if (!effect.wait().waiter->woken()) now = effect.wait().deadline;
        break;
    }
    read_clock();
    resume_at.resume();
  }

  SteadyTime now{std::chrono::hours{1}};
  WallTime wall{std::chrono::hours{24}};
  RetryAnswer answer = RetryAnswer::stop();  ///< Of the retry policy.
  int wakes = 0;
  int effects = 0;
  std::vector<std::string> seen;

 private:
  SteadyTime read_steady_clock() override { return now; }
  WallTime read_wall_clock() override { return wall; }
};

/// Somebody who is told that his turn has come.
class Sleeper final : public Wakeable {
 public:
  void wake_up() noexcept override { ++wakes; }
  int wakes = 0;
};

}  // namespace patchbay::tests
