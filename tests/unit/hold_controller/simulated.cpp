// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// The door against the simulated cloud under faults drawn from a seed; what it reports is compared with what the cloud did.
#include <random>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

Settings settings_for(std::uint64_t seed) {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
  settings.random = std::make_shared<RandomSource>(seed);
  settings.deadline = seconds{20};
  return settings;
}

struct Reached {
  int applied = 0, by_state = 0, unknown = 0, not_applied = 0, already = 0;
};

void run(std::uint64_t seed, bool show_held, Reached& reached) {
  INFO("seed " << seed);
  std::mt19937_64 engine(seed);
  const auto below = [&](std::size_t n) { return engine() % n; };
  ManualClock clock;
  CloudOptions options;
  options.show_held = show_held;
  SimulatedCloud cloud(clock, options);
  cloud.latency(milliseconds{below(50)});
  cloud.ack_delay(milliseconds{below(300)});
  HoldController door{Policies{.transport = cloud, .clock = clock}, settings_for(seed)};
  const std::string ids[] = {std::string(document_interaction), std::string(second_interaction)};
  for (int step = 0; step < 25; ++step) {
    cloud.plan([&](FaultPlan& plan) {
      plan.clear();
      switch (below(16)) {
        case 0: plan.on_command().drop_ack(); break;
        case 1: plan.on_command().drop_ack().before_applying(); break;
        case 2: plan.on_command().delay_ack(seconds{1 + below(20)}); break;
        case 3: plan.on_command().duplicate_ack(); break;
        case 4: plan.on_command().wrong_interaction(); break;
        case 5: plan.on_command().wrong_verb(); break;
        case 6: plan.on_command().refuse("no"); break;
        case 7: plan.on_command().cut(); break;
        case 8: plan.on_command().cut().before_applying(); break;
        case 9: plan.on_command().close(1012); break;
        case 10: plan.on_open().refuse(below(2) ? 401 : 503); break;
        case 11: plan.on("GET").times(2).answer(503); break;
        case 12: plan.on("GET").times(1 + below(8)).reset(); break;
        default: break;
      }
    });
    const std::string& id = ids[below(2)];
    const bool hold = below(2) == 0;
    const Result<HoldResult> result = hold ? door.hold(HoldRequest{id, "consultation", 5}) : door.unhold(UnholdRequest{id, 5});
    // The command's id is in the door's last record of the operation, whatever its outcome.
    std::string command;
    for (const AuditRecord& each : door.audit_log())
      if (each.kind == AuditKind::operation) command = each.operation_id;
    std::size_t seen = 0;
    cloud.inspect([&](const CloudModel& model) {
      for (const AppliedOperation& each : model.operations()) seen += each.id == command ? 1U : 0U;
    });
    REQUIRE(seen <= 1);  // I3
    if (result) {
      (result->already_held ? reached.already : result->resolved_by == ResolvedBy::state ? reached.by_state : reached.applied)++;
      if (result->resolved_by == ResolvedBy::answer && !result->already_held) REQUIRE(seen == 1);  // I4
      if (show_held) REQUIRE(cloud.inspect([&](const CloudModel& model) { return model.find(id)->held; }) == hold);
    } else if (result.error().outcome() == Outcome::not_applied) {
      ++reached.not_applied;
      REQUIRE(seen == 0);  // I4
    } else {
      ++reached.unknown;
    }
    // I13: whoever is on hold is watched.
    for (const std::string& each : ids) {
      const bool held = cloud.inspect([&](const CloudModel& model) { return model.find(each)->held; });
      bool watched = false;
      for (const HeldInteraction& known : door.held()) watched = watched || known.interaction == each;
      if (held) REQUIRE(watched);
    }
    if (below(4) == 0) door.pump_for(seconds{below(40)});
  }
  const auto metrics = door.metrics();
  REQUIRE(metrics.pending() == 0);  // I24
  REQUIRE(metrics[HoldCount::submitted] == 25);
  // After the faults everything heals.
  cloud.plan([](FaultPlan& plan) { plan.clear(); });
  door.pump_for(seconds{120});
  for (const std::string& id : ids) REQUIRE(door.unhold(UnholdRequest{id, 5}));
  REQUIRE(door.held().empty());
  REQUIRE(door.close(seconds{1}));
  REQUIRE(cloud.inspect([](const CloudModel& model) { return model.channels().empty(); }));
}

}  // namespace

TEST_CASE("what the door says is what the cloud did, under every fault", "[hold][simulation][I3][I4][I13][I24]") {
  Reached reached;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) run(seed, seed % 2 == 0, reached);
  CHECK(reached.applied > 1000);
  CHECK(reached.by_state > 100);
  CHECK(reached.unknown > 100);
  CHECK(reached.not_applied > 100);
  CHECK(reached.already > 100);
}

TEST_CASE("the simulated cloud's interactions that may not be held", "[hold][simulation][B8][B10]") {
  ManualClock clock;
  SimulatedCloud cloud(clock);
  Settings settings = settings_for(1);
  settings.hold.organisation_id = document_organisation;
  HoldController door{Policies{.transport = cloud, .clock = clock}, settings};
  for (const std::string_view id : {closed_interaction, abandoned_interaction, interaction_without_skill_group, interaction_of_another_organisation})
    CHECK(door.hold(HoldRequest{id, "consultation", 5}).error().code() == ErrorCode::not_eligible);
  CHECK(door.hold(HoldRequest{"00000000-0000-4000-8000-000000000000", "consultation", 5}).error().code() == ErrorCode::not_found);
  CHECK(door.hold(HoldRequest{document_interaction, "consultation", 5}));
}
