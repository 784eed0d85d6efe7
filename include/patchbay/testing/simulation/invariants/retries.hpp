// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// What the settings' retry budget is, for I8; the library does not tell.
class BudgetFacts {
 public:
  BudgetFacts() = default;
  BudgetFacts(int quota_in, int cost_in) : quota(quota_in), cost(cost_in) {}
  int quota = 500;
  int cost = 5;  ///< The lowest of a retry; 0: there is no budget.
};

/// I8, retry bound.
///
/// A write with one id and one version leaves at most twice as often as the policy allows attempts of one cause (one
/// that was told off and one that failed are counted apart), and once more after a 401. And while nothing succeeds, an
/// incarnation sends no more than its works' first requests (the token, the flow, the reading, the write, and the
/// proof) and the budget's retries; readings after a 409 or 412, replays after a 401 and a channel's attempts are free.
/// Does not see which of a process's readings are retries, so that the second bound is a loose one.
class RetryBounds final : public Check {
 public:
  using Check::Check;
  void set_budget(const BudgetFacts& facts) noexcept { budget_ = facts; }

  void attached(ProcessId id, const ProcessView& view, SteadyTime) override {
    runs_[std::pair(id.number, id.incarnation)].attempts = view.max_attempts();
  }
  void submitted(ProcessId id, const Work&) override { ++runs_[std::pair(id.number, id.incarnation)].works; }
  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr) return;
    Run& run = runs_[std::pair(view.process.number, view.process.incarnation)];
    if (sent->kind == ExchangeClass::channel) return void(run.free += 3);
    if (sent->kind == ExchangeClass::opening) return void(run.free += 3);  // with its token, which may be tried again
    ++run.requests;
    if (budget_.cost > 0) {
      const std::size_t most = books().wire().exchanges_of_one() * run.works + run.free + static_cast<std::size_t>(budget_.quota / budget_.cost) + 4;
      if (run.requests == most + 1)
        broken("I8", view.process, std::to_string(run.requests) + " requests without one success");
    }
    if (sent->kind != ExchangeClass::write || run.attempts == 0) return;
    const int times = ++sends_[std::pair(sent->operation, sent->etag)];
    if (times != 2 * run.attempts + 2) return;
    if (const Effect* const effect = books().effect(sent->operation))
      broken("I8", *effect, "a write of one version left " + std::to_string(times) + " times");
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime) override {
    if (response == nullptr) return;
    Run& run = runs_[std::pair(view.process.number, view.process.incarnation)];
    const int status = response->status;
    if (status == 401 || status == 409 || status == 412) run.free += 4;
    if ((status < 200 || status > 299) && status != 304) return;
    // A success earns, so that the count begins anew, with what is open now.
    const ProcessRecord* const process = books().process(view.process);
    run.requests = run.free = 0;
    run.works = process != nullptr ? process->open : 0;
  }

 private:
  class Run {
   public:
    std::size_t works = 0, requests = 0, free = 0;
    int attempts = 0;
  };
  BudgetFacts budget_;
  std::map<std::pair<int, int>, Run> runs_;
  std::map<std::pair<std::string, std::string>, int> sends_;
};

/// I9, Retry-After.
///
/// After a 429 or 503 whose `Retry-After` is plain seconds no request leaves to that scope before they are over: for
/// the API, every request of an incarnation that has a pacer (for at most a day), else the write that was answered so;
/// token requests for their own (for at most a day); upgrades for their own. Releases send no request before they
/// are sent, and readings behind one mind the scope like all others. Dates, and what is no hint at all, are not looked
/// at; nor whether an operation that cannot wait so long fails at once, but that it ends by its deadline (I7).
class Patience final : public Check {
 public:
  using Check::Check;

  void request_left(const ExchangeView& view, SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr) return;
    const auto scope = scopes_.find(scope_of(*sent));
    if (scope == scopes_.end()) return;
    // It hears of an answer at its next tick, and what left by then was asked for before.
    const Duration tick = books().tick(view.process);
    if (after(at, tick) < scope->second.until && at > books().latest(scope->second.told_at, Books::moment + tick))
      broken("I9", view.process,
             "a request left " + std::to_string((scope->second.until - at).count()) + " ns too early for a Retry-After")
          .operation = sent->operation;
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || response == nullptr || (response->status != 429 && response->status != 503)) return;
    const auto asked = plain::plain_retry_after(*response);
    if (!asked) return;
    Closure& closure = scopes_[scope_of(*sent)];
    const SteadyTime until = after(at, std::min<Duration>(*asked, std::chrono::hours{24}));
    if (until <= closure.until) return;
    closure.until = until;
    closure.told_at = at;
  }

 private:
  /// What a wait concerns: a process's requests of one kind, or one of them.
  [[nodiscard]] std::string scope_of(const ExchangeRecord& sent) const {
    std::string out = std::to_string(sent.process.number) + '.' + std::to_string(sent.process.incarnation);
    switch (sent.kind) {
      case ExchangeClass::token:
        return out.append(" token");
      case ExchangeClass::opening:
        return out.append(" channel");
      case ExchangeClass::webhook:
        return out.append(" webhook ").append(std::to_string(sent.left_at.time_since_epoch().count()));
      default:
        break;
    }
    const ProcessRecord* const process = books().process(sent.process);
    if (process != nullptr && process->view != nullptr && process->view->settings().pacer) return out.append(" api");
    // A release minds the answers to its own request, which nobody can tell from another's.
    if (sent.kind == ExchangeClass::command && !sent.holds)
      return out.append(" alone ").append(std::to_string(sent.left_at.time_since_epoch().count()));
    // Without a pacer each operation minds its own answers, and readings do not tell whose they are.
    if (sent.kind == ExchangeClass::write) return out.append(" write ").append(sent.operation);
    return out.append(" alone ").append(std::to_string(sent.left_at.time_since_epoch().count()));
  }
  class Closure {
   public:
    SteadyTime until = SteadyTime::min(), told_at{};
  };
  std::map<std::string, Closure> scopes_;
};

}  // namespace patchbay::testing::simulation
