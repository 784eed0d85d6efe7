// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the order of holds, releases and their answers proves where they travel as requests, each of which may overtake
// another: which holds a release speaks for, and what has to be read since nobody else tells.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/protocol/hold_session.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using std::chrono::minutes;

namespace {

constexpr SteadyTime first_moment{std::chrono::hours{5}};
constexpr Duration longest_way = minutes{1};  // of a request
constexpr std::string_view agent = "a0000000-0000-4000-8000-000000000001";
const std::string some_call = "c0000000-0000-4000-8000-000000000001";

/// A session whose commands travel as requests, at a time of its own.
struct Overtaking {
  HoldSettings settings;
  HoldMetrics metrics;
  cloud::Platform dialect = cloud::Platform::of_user(std::string(agent));
  detail::HoldsOf<cloud::Platform> holds{dialect};
  std::vector<std::unique_ptr<HoldCall>> calls;
  std::unique_ptr<HoldSession> session = std::make_unique<HoldSession>(settings, metrics);
  SteadyTime now = first_moment;

  Overtaking() { session->speak(holds, longest_way); }
  /// A command whose request is on its way.
  HoldCall& send(HoldVerb verb) {
    calls.push_back(std::make_unique<HoldCall>(verb, "order-" + std::to_string(calls.size()), some_call, "{}",
                                               after(now, minutes{5})));
    session->submit(*calls.back(), now);
    REQUIRE(calls.back()->granted);
    return *calls.back();
  }
  void wait(Duration span) { now = after(now, span); }
  void connect() {
    const HoldAction action = session->next(now);
    REQUIRE(action.kind == HoldAction::Kind::connect);
    session->opened(action.epoch, now);
    REQUIRE(session->channel().epoch() == action.epoch);
  }
  void hear(std::string_view text) {
    Body event;
    event.append(text);
    session->text(session->channel().epoch(), event, now);
  }
  [[nodiscard]] HoldRegistry::Belief belief() const { return session->registry().belief(some_call); }
};

using OrderBelief = HoldRegistry::Belief;

}  // namespace

TEST_CASE("a release ends the watch over a hold that the server had before it", "[hold][session][platform][I6][I13]") {
  Overtaking o;  // without a channel: nobody tells when what was accepted is done
  HoldCall& hold = o.send(HoldVerb::hold);
  o.session->accepted(hold, o.now);
  REQUIRE(hold.end == CallEnd::accepted);
  REQUIRE(o.belief() == OrderBelief::unknown);
  o.session->applied(o.send(HoldVerb::unhold), o.now);
  CHECK(o.belief() == OrderBelief::not_held);
}

TEST_CASE("a release does not end the watch over a hold that may still be on its way",
          "[hold][session][platform][I6][I13]") {
  Overtaking o;
  const SteadyTime sent = o.now;
  o.session->lost(o.send(HoldVerb::hold), o.now, false);
  o.session->applied(o.send(HoldVerb::unhold), o.now);
  REQUIRE(o.belief() == OrderBelief::unknown);  // the hold may come behind the release
  CHECK(o.session->registry().since(some_call) == sent);
  SECTION("until it can arrive no more") {
    o.now = after(sent, longest_way);
    o.session->applied(o.send(HoldVerb::unhold), o.now);
    CHECK(o.belief() == OrderBelief::unknown);
    o.wait(milliseconds{1});
    o.session->applied(o.send(HoldVerb::unhold), o.now);
    CHECK(o.belief() == OrderBelief::not_held);
  }
  SECTION("as a reading does not") {
    o.session->seen(some_call, false, o.session->reading_begins(some_call, o.now), o.now);
    CHECK(o.belief() == OrderBelief::unknown);
  }
}

TEST_CASE("how long a hold may be on its way counts from its request's end", "[hold][session][platform][I6][I13]") {
  Overtaking o;
  HoldCall& hold = o.send(HoldVerb::hold);
  o.wait(seconds{50});  // for a connection, or for its answer
  o.session->lost(hold, o.now, false);
  o.wait(seconds{15});
  SECTION("where a release is confirmed") {
    o.session->applied(o.send(HoldVerb::unhold), o.now);
    CHECK(o.belief() == OrderBelief::unknown);
    o.wait(seconds{46});
    o.session->applied(o.send(HoldVerb::unhold), o.now);
  }
  SECTION("where it is read not to be held") {
    o.session->seen(some_call, false, o.session->reading_begins(some_call, o.now), o.now);
    CHECK(o.belief() == OrderBelief::unknown);
    o.wait(seconds{46});
    o.session->seen(some_call, false, o.session->reading_begins(some_call, o.now), o.now);
  }
  CHECK(o.belief() == OrderBelief::not_held);
}

TEST_CASE("whoever is watched is looked at behind a handover too", "[hold][session][platform][B36][B38]") {
  Overtaking o;
  o.session->want(o.now);
  o.connect();
  o.session->restore(some_call, true, o.now);
  REQUIRE(o.session->looks_due().empty());
  o.hear(R"({"topicName":"v2.system.socket_closing","version":"2","eventBody":{"channelId":"streaming-0-a",)"
         R"("systemTopicType":"socket_closing","message":"socket_closing"},"metadata":{}})");
  o.connect();
  CHECK(o.metrics.snapshot()[HoldCount::handovers] == 1);
  // Between the two what the platform says goes to one of them, and nobody knows to which.
  CHECK(o.session->looks_due() == std::vector<std::string>{some_call});
}

TEST_CASE("each limit has a reading, whether the hold is confirmed or not",
          "[hold][session][platform][watchdog][I15]") {
  for (const bool confirmed : {true, false}) {
    CAPTURE(confirmed);
    Overtaking o;
    o.session->restore(some_call, confirmed, o.now);  // by an earlier process, of whose requests none is known
    o.wait(o.settings.max_hold - o.settings.warn_before - milliseconds{1});
    o.session->tick(o.now, 0.5);
    CHECK(o.session->looks_due().empty());
    o.wait(milliseconds{1});
    o.session->tick(o.now, 0.5);
    CHECK(o.session->looks_due().size() == 1);
    o.session->looks_due().clear();
    o.now = after(first_moment, o.settings.max_hold);
    o.session->tick(o.now, 0.5);
    CHECK(o.session->looks_due().size() == 1);
    o.session->looks_due().clear();
    // Nobody learns from it any more.
    o.session->close();
    o.wait(o.settings.repeat_every);
    o.session->tick(o.now, 0.5);
    CHECK(o.metrics.snapshot()[HoldCount::watchdog_escalations] == 2);
    CHECK(o.session->looks_due().empty());
  }
}
