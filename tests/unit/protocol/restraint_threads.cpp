// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <patchbay/protocol/host_guards.hpp>
#include <patchbay/protocol/pacer.hpp>

#include <support/catch.hpp>

using namespace patchbay;

// The handles that doors share, used from many threads at once, on a time line of the test's own.
namespace {

constexpr int threads_at_once = 4;
constexpr SteadyTime at{std::chrono::hours{5}};

template <class Work>
void in_threads(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_at_once; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& each : threads) each.join();
}

/// A random number that is the thread's own.
struct Dice {
  explicit Dice(int seed) : state(static_cast<std::uint64_t>(seed) * 2654435761U + 88172645463325252U) {}
  std::uint64_t operator()() noexcept {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state >> 16;
  }
  std::uint64_t state;
};

}  // namespace

TEST_CASE("a pacer shared by threads gives no more turns than its rate allows, and loses none of those who wait", "[pacer][I9][I20]") {
  Pacer pacer(60'000.0, 10, 100);
  std::atomic<std::int64_t> clock{0};  // in microseconds
  std::atomic<std::int64_t> started{0}, most_waiting{0};
  std::atomic<bool> early{false};
  in_threads([&](int thread) {
    Dice dice(thread);
    std::vector<PacerTurn> turns(8);
    std::vector<bool> under_way(8), waiting(8);
    for (int i = 0; i < 20'000; ++i) {
      const SteadyTime now = at + std::chrono::microseconds{clock.fetch_add(20)};
      const auto k = static_cast<std::size_t>(dice() % turns.size());
      const auto what = dice() % 100;
      if (under_way[k] || (waiting[k] && what < 5)) {
        turns[k].end();
        under_way[k] = waiting[k] = false;
        if (what < 3) pacer.answered(now, now, 429, what == 0 ? std::optional<Duration>(milliseconds{2}) : std::nullopt, std::nullopt);
        else pacer.answered(now, now, 200, std::nullopt, std::nullopt);
        continue;
      }
      const SteadyTime closed_before = pacer.closed_until();
      const Pacer::Answer answer = pacer.ask(turns[k], now, never);
      waiting[k] = answer == Pacer::Answer::wait;
      under_way[k] = answer == Pacer::Answer::go;
      if (under_way[k]) {
        ++started;
        if (closed_before > now) early = true;
      }
      most_waiting = std::max<std::int64_t>(most_waiting, static_cast<std::int64_t>(pacer.waiting()));
    }
  });
  CHECK_FALSE(early);
  CHECK(pacer.waiting() == 0);
  CHECK(pacer.in_flight() == 0);
  CHECK(most_waiting <= 100);
  // One a millisecond, and the burst; threads whose clock reading is a little older than others' are within it.
  CHECK(started <= clock / 1000 + 10 + threads_at_once);
  CHECK(started > 0);
}

TEST_CASE("a breaker shared by threads lets no more probes through than it may, and ends closed", "[breaker][L4]") {
  BreakerSettings settings;
  settings.min_exchanges = 8;
  settings.probes = 2;
  settings.open_for = milliseconds{1};
  settings.open_cap = milliseconds{2};
  settings.window = milliseconds{100};
  CircuitBreaker breaker(settings);
  std::atomic<std::int64_t> clock{0};
  std::atomic<bool> ill{true};
  std::atomic<int> opened{0}, closed{0};
  const auto exchange = [&](Dice& dice) {
    const SteadyTime now = at + std::chrono::microseconds{clock.fetch_add(50)};
    CircuitBreaker::Pass pass;
    if (!breaker.admit(now, pass)) return;
    if (dice() % 10 == 0) return;  // its frame is destroyed
    const auto ending = ill && dice() % 4 != 0 ? CircuitBreaker::Ending::failed : CircuitBreaker::Ending::alive;
    const auto change = breaker.ended(pass, now, ending);
    opened += change == CircuitBreaker::Change::opened;
    closed += change == CircuitBreaker::Change::closed;
  };
  in_threads([&](int thread) {
    Dice dice(thread);
    for (int i = 0; i < 20'000; ++i) exchange(dice);
  });
  CHECK(opened > 0);
  ill = false;
  Dice dice(9);
  for (int i = 0; i < 1000; ++i) exchange(dice);
  CHECK(breaker.state() == CircuitBreaker::State::closed);
  // Each closing ends a row of openings.
  CHECK(closed <= opened);
  CHECK(closed > 0);
  // No probe's place was lost: it opens and closes as at first.
  SteadyTime now = at + std::chrono::hours{1};
  for (int i = 0; i < 100 && breaker.state() == CircuitBreaker::State::closed; ++i) {
    CircuitBreaker::Pass pass;
    REQUIRE(breaker.admit(now, pass));
    breaker.ended(pass, now, CircuitBreaker::Ending::failed);
  }
  REQUIRE(breaker.state() == CircuitBreaker::State::open);
  now += seconds{1};
  CircuitBreaker::Pass one, two, three;
  CHECK(breaker.admit(now, one));
  CHECK(breaker.admit(now, two));
  CHECK_FALSE(breaker.admit(now, three));
}

TEST_CASE("a retry budget shared by threads pays out exactly what it has", "[retry_budget][I8]") {
  RetryBudget budget(RetryBudgetSettings{.quota = 10'000});
  std::atomic<int> paid{0};
  in_threads([&](int) {
    for (int i = 0; i < 5000; ++i)
      if (budget.spend(5)) ++paid;
  });
  CHECK(paid == 2000);
  CHECK(budget.left() == 0);
  in_threads([&](int) {
    for (int i = 0; i < 500; ++i) budget.succeeded(5);
  });
  CHECK(budget.left() == 10'000);
}

TEST_CASE("hosts have one guard each, whoever asks for it first", "[host_guards]") {
  HostGuards guards;
  std::array<HostGuard*, threads_at_once> seen{};
  in_threads([&](int thread) {
    for (int i = 0; i < 100; ++i) {
      HostGuard& own = guards.of(*Endpoint::parse("https://host" + std::to_string(i) + ".example.com", "u"));
      if (i == 50) seen[static_cast<std::size_t>(thread)] = &own;
    }
  });
  for (HostGuard* const each : seen) CHECK(each == seen[0]);
}
