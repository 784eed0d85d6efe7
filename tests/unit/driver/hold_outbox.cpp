// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// In which order, and for which room, a door gives out what it owes by itself.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/driver/any_policies.hpp>
#include <patchbay/driver/hold_core.hpp>
#include <patchbay/driver/hold_outbox.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include <support/catch.hpp>
#include <support/platform_holds.hpp>

using namespace patchbay;
using namespace patchbay::testing;
using test::agents_call;

namespace {

auto policies_of(SimulatedPlatform& cloud, ManualClock& clock) {
  auto set = Policies{
      .transport = cloud, .clock = clock, .dialect = cloud::Platform::of_user(std::string(platform_user))};
  return std::make_unique<patchbay::detail::PoliciesOf<decltype(set)>>(std::move(set));
}

/// A door's outbox, whose session owes a release of the first call.
struct Owing {
  ManualClock clock;
  SimulatedPlatform cloud{clock, test::with_agent()};
  decltype(policies_of(cloud, clock)) policies = policies_of(cloud, clock);
  patchbay::detail::HoldCore core{test::platform_settings(), policies->dialect(), policies->holds()};
  HoldOutbox outbox{*policies, core.context, *core.random};
  HoldSession& session = core.hub.session();
  HoldCall hold = call(HoldVerb::hold), release = call(HoldVerb::unhold);

  Owing() {
    session.submit(hold, now());
    session.submit(release, now());
    session.accepted(hold, now());
    REQUIRE(session.owes_release(agents_call(0)));
    session.looks_due().push_back(agents_call(1));
    outbox.release_what_is_due(now());
    REQUIRE(outbox.owes_releases());
    REQUIRE(outbox.owes_looks());
  }
  SteadyTime now() { return clock.steady_now(); }
  HoldCall call(HoldVerb verb) {
    return {verb, std::string(to_string(verb)), agents_call(0), "{}", after(now(), std::chrono::minutes{1})};
  }
};

}  // namespace

TEST_CASE("a release goes first, and what finds no room does not keep the other waiting", "[hold][platform][I14]") {
  Owing o;
  CHECK(o.outbox.next_errand(1, 1)->kind() == HoldErrand::Kind::repeat);
  CHECK(o.outbox.next_errand(1, 0)->kind() == HoldErrand::Kind::repeat);
  CHECK(o.outbox.next_errand(0, 1)->kind() == HoldErrand::Kind::look);
  CHECK_FALSE(o.outbox.next_errand(0, 0));
}

TEST_CASE("no reading comes in place of a release that need not be sent any more", "[hold][platform][I7]") {
  Owing o;
  o.session.owe_no_release(agents_call(0));
  CHECK_FALSE(o.outbox.next_errand(1, 0));
  const auto look = o.outbox.next_errand(1, 1);
  REQUIRE(look);
  CHECK(look->kind() == HoldErrand::Kind::look);
  CHECK(look->interaction() == agents_call(1));
}

TEST_CASE("a door that is being closed sends what is owed, and nothing else by itself", "[hold][platform][I6][I23]") {
  Owing o;
  o.session.releases_due().push_back(agents_call(2));
  o.session.close();
  o.outbox.release_what_is_due(o.now());
  auto errand = o.outbox.next_errand(1, 1);
  REQUIRE(errand);
  CHECK(errand->kind() == HoldErrand::Kind::repeat);
  SECTION("once") {
    o.outbox.errand_begun(*errand);
    CHECK_FALSE(o.outbox.next_errand(1, 1));
  }
  SECTION("until it is closed") {
    o.session.finish();
    CHECK_FALSE(o.outbox.next_errand(1, 1));
  }
}

TEST_CASE("a reading that failed is asked for again later, while its interaction is watched", "[hold][platform][I13]") {
  Owing o;
  const auto look = o.outbox.next_errand(0, 1);
  o.outbox.errand_begun(*look);
  o.session.restore(agents_call(1), true, o.now());
  o.outbox.look_failed(*look, o.now());
  const SteadyTime again = after(o.now(), o.core.settings.hold.repeat_every);
  CHECK(o.outbox.next_deadline() == again);
  o.outbox.release_what_is_due(again - milliseconds{1});
  CHECK_FALSE(o.outbox.next_errand(0, 1));
  SECTION("it is watched") {
    o.outbox.release_what_is_due(again);
    CHECK(o.outbox.next_errand(0, 1)->interaction() == agents_call(1));
  }
  SECTION("it is not") {
    o.session.known_released(agents_call(1));
    o.outbox.release_what_is_due(again);
    CHECK_FALSE(o.outbox.next_errand(0, 1));
  }
  SECTION("the door is being closed") {
    o.session.close();
    o.outbox.release_what_is_due(again);
    CHECK_FALSE(o.outbox.next_errand(0, 1));
  }
  CHECK(o.outbox.next_deadline() == never);
}
