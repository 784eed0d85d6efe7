// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Recovery looks again and again, as one operation: a token that is refused in the midst of it is replaced more than once.
#include <string>

#include "mortal.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// The next process is given tokens that the cloud does not know: the first, and the one that is to replace it.
void give_dead_tokens(World& world) {
  world.crash();
  world.cloud.plan([](FaultPlan& plan) {
    plan.clear();
    plan.on("POST", "/oauth/token")
        .times(2)
        .answer(200, {{"Content-Type", "application/json"}},
                R"({"access_token":"dead","token_type":"bearer","expires_in":3600})");
  });
}

}  // namespace

TEST_CASE("a recovery of transitions that is given two dead tokens asks for a third", "[journal][A11][I10][L2]") {
  World world;
  world.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").always().reset(); });
  {
    StateTransitioner door{world.policies(), world.settings};
    const auto moved = door.transition(going());
    REQUIRE_FALSE(moved);
    REQUIRE(moved.error().outcome() == Outcome::unknown);
  }
  give_dead_tokens(world);
  StateTransitioner door{world.policies(), world.settings};
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->not_applied == 1);
  CHECK(world.settings.tokens->generation() == 3);
}

TEST_CASE("a recovery of holds that is given two dead tokens asks for a third", "[journal][A11][B6][I10]") {
  World world;
  {
    HoldController door{world.policies(), world.settings};
    REQUIRE(door.hold(HoldRequest{document_interaction, "consultation", 5}));
    REQUIRE(world.journal().flush());
    world.life.end();
  }
  give_dead_tokens(world);
  HoldController door{world.policies(), world.settings};
  const auto report = door.recover();
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->unseen.empty());
  CHECK(door.held().size() == 1);
  CHECK(world.settings.tokens->generation() == 3);
}
