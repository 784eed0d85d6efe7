// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// The door on the platform's dialect, whose cloud accepts first and acts later, under faults drawn from a seed; what it reports
// is compared with what the cloud did.
#include <random>
#include <string>
#include <string_view>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "support/catch.hpp"
#include "support/platform_holds.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

Settings platform_settings_for(std::uint64_t seed) {
  Settings settings = test::platform_settings(seed);
  settings.deadline = seconds{20};
  return settings;
}

struct PlatformReached {
  int applied = 0, by_state = 0, unknown = 0, not_applied = 0, already = 0, handovers = 0, reconnects = 0;
};

class PlatformRun {
 public:
  PlatformRun(std::uint64_t seed, bool channel) : engine_(seed), cloud_(clock_, options(seed)), settings_(platform_settings_for(seed)) {
    dialect_ = cloud::Platform::of_user(std::string(platform_user));
    if (!channel) dialect_.user.clear();
    cloud_.latency(milliseconds{below(50)});
  }
  void go(PlatformReached& reached) {
    HoldController door{Policies{.transport = cloud_, .clock = clock_, .dialect = dialect_}, settings_};
    for (int step = 0; step < 20; ++step) {
      plan();
      step_once(door, reached);
      if (below(4) == 0) door.pump_for(seconds{below(40)});
    }
    const auto metrics = door.metrics();
    REQUIRE(metrics.pending() == 0);  // I24
    reached.handovers += static_cast<int>(metrics[HoldCount::handovers]);
    reached.reconnects += static_cast<int>(metrics[HoldCount::reconnects]);
    cloud_.plan([](FaultPlan& plan) { plan.clear(); });
    door.pump_for(seconds{180});
    for (const std::string_view id : {platform_call, platform_message}) {
      const auto released = door.unhold(UnholdRequest{std::string(id), 5});
      INFO((released ? std::string{} : released.error().message()));
      REQUIRE(released);
      REQUIRE_FALSE(held(id));
    }
    door.pump_for(seconds{180});
    REQUIRE(door.held().empty());
    REQUIRE(door.close(seconds{1}));
    REQUIRE(cloud_.inspect([](const PlatformModel& model) { return model.channels().sockets(); }) == 0);
  }

 private:
  static PlatformOptions options(std::uint64_t seed) {
    PlatformOptions out;
    out.user_id = std::string(platform_user);
    out.rate_limit = 0;
    if (seed % 3 == 0) out.effect_delay = milliseconds{seed * 37 % 3000};
    return out;
  }
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool held(std::string_view id) { return test::is_held(cloud_, id); }
  /// Holds that the cloud has done, and those that it will.
  std::size_t holds(std::string_view id) {
    return cloud_.inspect([&](const PlatformModel& model) {
      std::size_t sum = 0;
      for (const AppliedOperation& each : model.operations()) sum += each.kind == AppliedOperation::Kind::hold && each.interaction == id ? 1U : 0U;
      return sum;
    });
  }
  void plan() {
    cloud_.plan([&](FaultPlan& plan) {
      plan.clear();
      switch (below(20)) {
        case 0: plan.on("PATCH").reset(); break;
        case 1: plan.on("PATCH").after_applying().reset(); break;
        case 2: plan.on("PATCH").times(1 + below(4)).answer(503); break;
        case 3: plan.on("PATCH").times(1 + below(3)).after_applying().answer(500); break;
        case 4: plan.on("PATCH").times(1 + below(2)).answer(429, {{"Retry-After", std::to_string(1 + below(40))}}); break;
        case 5: plan.on("PATCH").answer(400, {}, R"({"code":"invalid.value","message":"no"})"); break;
        case 6: plan.on("PATCH").delay(seconds{1 + below(25)}); break;
        case 7: plan.on("PATCH").answer(401); break;
        case 8: plan.on("PATCH").times(1 + below(2)).after_applying().garbage(); break;
        case 9: plan.on("GET").times(1 + below(8)).reset(); break;
        case 10: plan.on("GET").times(2).answer(503); break;
        case 11: plan.on("GET").garbage(); break;
        case 12: plan.on_open().times(1 + below(3)).refuse(below(2) ? 401 : 503); break;
        case 13: plan.on_open().close(below(2) ? 1001 : 1012, seconds{below(5)}); break;
        case 14: plan.on_open().silence(); break;
        case 15: plan.on("PUT").times(1 + below(3)).answer(below(2) ? 503 : 404); break;
        case 16: plan.on("POST").times(1 + below(3)).answer(503); break;
        default: break;
      }
    });
    switch (below(12)) {
      case 0: cloud_.change([](PlatformModel& model) { model.announce_closing(); }); break;
      case 1: cloud_.change([](PlatformModel& model) { model.end_channels(); }); break;
      case 2: cloud_.change([](PlatformModel& model) { model.revoke_tokens(); }); break;
      default: break;
    }
  }
  template <class Door>
  void step_once(Door& door, PlatformReached& reached) {
    const std::string id(below(2) ? platform_call : platform_message);
    const bool hold = below(2) == 0;
    const std::size_t before = holds(id);
    const SteadyTime begun = clock_.steady_now();
    const Result<HoldResult> result = hold ? door.hold(HoldRequest{id, "consultation", 5}) : door.unhold(UnholdRequest{id, 5});
    REQUIRE(clock_.steady_now() - begun <= settings_.deadline + milliseconds{10});  // I7
    const std::size_t mine = holds(id) - before;
    const bool quiet = doubts_ == 0;  // nothing of earlier commands is on its way any more
    if (quiet) REQUIRE(mine <= (hold ? 1U : 0U));  // I3
    if (result) {
      (result->already_held ? reached.already : result->resolved_by == ResolvedBy::state ? reached.by_state : reached.applied)++;
      if (quiet) REQUIRE(held(id) == hold);  // I4
    } else if (result.error().outcome() == Outcome::not_applied) {
      ++reached.not_applied;
      if (quiet) REQUIRE(mine == 0);  // I4
    } else {
      ++reached.unknown;
      ++doubts_;
    }
    // I13: whoever is on hold is watched.
    for (const std::string_view each : {platform_call, platform_message}) {
      bool watched = false;
      for (const HeldInteraction& known : door.held()) watched = watched || known.interaction == each;
      INFO(each << " after " << (hold ? "hold" : "unhold") << " of " << id << ": " << (result ? "done" : result.error().message()));
      if (held(each)) REQUIRE(watched);
    }
  }

  ManualClock clock_;
  std::mt19937_64 engine_;
  SimulatedPlatform cloud_;
  Settings settings_;
  cloud::Platform dialect_;
  int doubts_ = 0;
};

}  // namespace

TEST_CASE("what the door says on the platform is what the cloud did, under every fault", "[hold][platform][simulation][I3][I4][I7][I13][I24]") {
  PlatformReached reached;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    PlatformRun(seed, seed % 4 != 0).go(reached);
  }
  CHECK(reached.applied > 1000);
  CHECK(reached.by_state > 300);
  CHECK(reached.unknown > 30);
  CHECK(reached.not_applied > 100);
  CHECK(reached.already > 100);
  CHECK(reached.handovers > 50);
  CHECK(reached.reconnects > 100);
}
