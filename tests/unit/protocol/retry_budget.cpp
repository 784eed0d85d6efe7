// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/retry_budget.hpp>

#include <limits>
#include <random>

#include <patchbay/protocol/host_guards.hpp>

#include "support/catch.hpp"

using namespace patchbay;

TEST_CASE("a budget pays for retries until it is spent, and a refusal takes nothing", "[retry_budget][I8]") {
  RetryBudget budget;
  CHECK(budget.cost_of(false) == 5);
  CHECK(budget.cost_of(true) == 10);
  for (int i = 0; i < 99; ++i) REQUIRE(budget.spend(5));
  CHECK(budget.left() == 5);
  CHECK_FALSE(budget.spend(10));
  CHECK(budget.left() == 5);
  CHECK(budget.spend(5));
  CHECK_FALSE(budget.spend(5));
}

TEST_CASE("what was paid for a retry that is not made is given back, once", "[retry_budget]") {
  RetryBudget budget(RetryBudgetSettings{.quota = 12});
  {
    RetryCharge charge;
    CHECK(charge.take() == 0);
    REQUIRE(charge.pay(budget, 5));
    CHECK(budget.left() == 7);
    charge.give_back();
    charge.give_back();
    CHECK(budget.left() == 12);
    REQUIRE(charge.pay(budget, 10));
    REQUIRE(charge.pay(budget, 5));  // in place of the one before
    CHECK(budget.left() == 7);
    CHECK(charge.take() == 5);  // that retry was made
    CHECK_FALSE(charge.pay(budget, 10));
    charge.give_back();
    CHECK(budget.left() == 7);
    REQUIRE(charge.pay(budget, 5));
  }
  CHECK(budget.left() == 7);
}

TEST_CASE("a retry that succeeds gets its cost back, a first attempt that does earns one, and neither beyond the quota",
          "[retry_budget]") {
  RetryBudget budget;
  budget.succeeded(0);
  CHECK(budget.left() == 500);
  REQUIRE(budget.spend(10));
  budget.succeeded(0);
  CHECK(budget.left() == 491);
  budget.succeeded(10);
  CHECK(budget.left() == 500);
  REQUIRE(budget.spend(3));
  budget.give_back(3);
  CHECK(budget.left() == 500);
  budget.give_back((std::numeric_limits<int>::max)());
  CHECK(budget.left() == 500);
}

TEST_CASE("a budget of nothing refuses every retry, one that is off none", "[retry_budget]") {
  RetryBudget none(RetryBudgetSettings{.quota = 0});
  CHECK_FALSE(none.spend(none.cost_of(false)));
  none.succeeded(0);
  CHECK_FALSE(none.spend(none.cost_of(false)));
  RetryBudget off(RetryBudgetSettings{.enabled = false, .quota = 0});
  for (int i = 0; i < 1000; ++i) CHECK(off.spend(off.cost_of(true)));
}

TEST_CASE("however it is used, a budget stays between nothing and its quota, and pays no more than it has", "[retry_budget][I8]") {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    RetryBudgetSettings settings;
    settings.quota = static_cast<int>(random() % 200);
    settings.cost = 1 + static_cast<int>(random() % 20);
    settings.timeout_cost = 1 + static_cast<int>(random() % 20);
    settings.success_gain = static_cast<int>(random() % 3);
    RetryBudget budget(settings);
    int model = settings.quota;
    for (int i = 0; i < 2000; ++i) {
      const int cost = budget.cost_of(random() % 2 == 0);
      if (random() % 2 == 0) {
        const bool paid = budget.spend(cost);
        REQUIRE(paid == (model >= cost));
        if (paid) model -= cost;
      } else {
        const int paid = random() % 2 == 0 ? cost : 0;
        budget.succeeded(paid);
        model = (std::min)(settings.quota, model + (paid ? paid : settings.success_gain));
      }
      REQUIRE(budget.left() == model);
    }
  }
}

TEST_CASE("refusals are told the first time, and then every ten seconds", "[retry_budget]") {
  RetryBudget budget;
  SteadyTime now{std::chrono::hours{1}};
  CHECK(budget.worth_telling(now));
  CHECK_FALSE(budget.worth_telling(now + seconds{9}));
  CHECK(budget.worth_telling(now + seconds{10}));
  CHECK_FALSE(budget.worth_telling(now + seconds{10}));
}

TEST_CASE("every host has one guard, whoever asks for it", "[host_guards]") {
  HostGuards guards;
  const auto endpoint = [](const char* url) { return *Endpoint::parse(url, "url"); };
  HostGuard& api = guards.of(endpoint("https://api.example.com"));
  CHECK(api.host == "https://api.example.com");
  CHECK(&guards.of(endpoint("https://api.example.com/gateway")) == &api);
  CHECK(&guards.of(endpoint("https://login.example.com")) != &api);
  CHECK(&guards.of(endpoint("https://api.example.com:8443")) != &api);
  CHECK(&guards.of(endpoint("https://api.example.com")) == &api);
}

TEST_CASE("guards that cannot work say what is wrong with them", "[host_guards]") {
  const auto breaker = [](auto change) {
    BreakerSettings settings;
    change(settings);
    return HostGuards(settings).check();
  };
  const auto budget = [](auto change) {
    RetryBudgetSettings settings;
    change(settings);
    return HostGuards({}, settings).check();
  };
  CHECK(HostGuards().check());
  for (const auto& bad : {
           breaker([](auto& s) { s.window = {}; }),
           breaker([](auto& s) { s.min_exchanges = 0; }),
           breaker([](auto& s) { s.failure_share = 0; }),
           breaker([](auto& s) { s.failure_share = 1.01; }),
           breaker([](auto& s) { s.failure_share = std::numeric_limits<double>::quiet_NaN(); }),
           breaker([](auto& s) { s.open_for = {}; }),
           breaker([](auto& s) { s.open_cap = milliseconds{1}; }),
           breaker([](auto& s) { s.probes = 0; }),
           budget([](auto& s) { s.quota = -1; }),
           budget([](auto& s) { s.cost = 0; }),
           budget([](auto& s) { s.timeout_cost = 0; }),
           budget([](auto& s) { s.success_gain = -1; }),
       }) {
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code() == ErrorCode::invalid_settings);
    CHECK(bad.error().message().starts_with("guards: "));
  }
  CHECK(breaker([](auto& s) { s.enabled = false, s.probes = 0; }));
  CHECK(budget([](auto& s) { s.enabled = false, s.cost = 0; }));
}
