// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// How to test a program that uses patchbay: a cloud in memory, a clock that moves when it is told to, and faults by
// plan.
#include <cstdio>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

using namespace patchbay;
using namespace patchbay::testing;

/// The program's own code, which takes whatever transitioner it is given.
template <class Transitioner>
bool send_to_billing(Transitioner& transitioner, const std::string& interaction) {
  const auto moved =
      transitioner.transition(TransitionRequest{interaction, std::string(document_flow), "MainMenu", "BillingInquiry"});
  return moved.has_value();
}

int failures = 0;
void check(bool fine, const char* what) {
  std::printf("%s  %s\n", fine ? "ok  " : "FAIL", what);
  if (!fine) ++failures;
}

int main() {
  ManualClock clock;
  SimulatedCloud cloud(clock);
  Settings settings;
  settings.base_url = "https://api.example.com";  // nothing goes there
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = settings.base_url, .client_id = "me", .client_secret = Secret("hush")});
  settings.random = std::make_shared<RandomSource>(1);  // the same jitter and ids in every run
  StateTransitioner transitioner{Policies{.transport = cloud, .clock = clock}, settings};
  const std::string caller(document_interaction), other(second_interaction);

  // The write takes effect and its answer is lost: the worst moment for a connection to break.
  cloud.plan([](FaultPlan& plan) { plan.on("PATCH").after_applying().reset(); });
  check(send_to_billing(transitioner, caller), "a lost answer is found out about");
  check(cloud.inspect([&](const CloudModel& model) { return model.find(caller)->version; }) == 2,
        "and the move was made once");

  // A server that asks for twenty seconds gets them, and the test does not wait.
  cloud.plan([](FaultPlan& plan) { plan.on("PATCH").answer(429, {{"Retry-After", "20"}}); });
  const SteadyTime before = clock.steady_now();
  check(send_to_billing(transitioner, other), "a rate limit is waited out");
  check(clock.steady_now() - before >= seconds{20}, "for as long as the server asked");

  check(!send_to_billing(transitioner, caller), "a caller who has moved on is not moved again");
  return failures == 0 ? 0 : 1;
}
