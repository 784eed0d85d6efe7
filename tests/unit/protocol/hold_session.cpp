// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <memory>

#include <patchbay/protocol/hold_session.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

using Kind = HoldAction::Kind;

/// A session driven by hand, with its channel open.
class Driven {
 public:
  explicit Driven(HoldSettings with = {}) : settings(std::move(with)), session(settings, metrics) {
    session.want(now);
    REQUIRE(session.next(now).kind == Kind::connect);
    session.opened(1, now);
    REQUIRE(session.next(now).kind == Kind::none);
  }
  HoldCall& call(HoldVerb verb, std::string id, std::string interaction = "x", Duration deadline = seconds{30}) {
    calls.push_back(std::make_unique<HoldCall>(verb, id, interaction, "frame of " + id, after(now, deadline)));
    session.submit(*calls.back(), now);
    return *calls.back();
  }
  void text(std::string_view json) {
    Body body;
    body.append(json);
    session.text(session.channel().epoch(), body, now);
  }
  void ack(std::string_view id, std::string_view type) {
    text(R"({"correlationId":")" + std::string(id) + R"(","body":{"type":")" + std::string(type) + "\"}}");
  }
  /// The frame that is sent now; empty when none is.
  std::string send() {
    const HoldAction action = session.next(now);
    if (action.kind != Kind::send) return {};
    std::string out(action.text);
    session.sent(action.epoch);
    return out;
  }

  HoldSettings settings;
  HoldMetrics metrics;
  HoldSession session;
  SteadyTime now{std::chrono::hours{1}};
  std::vector<std::unique_ptr<HoldCall>> calls;
};

}  // namespace

TEST_CASE("an acknowledgement that comes before the write has ended settles its command", "[hold][session][B24]") {
  Driven d;
  HoldCall& hold = d.call(HoldVerb::hold, "a");
  const HoldAction action = d.session.next(d.now);
  REQUIRE(action.kind == Kind::send);
  CHECK(action.text == "frame of a");
  d.ack("a", "hold");  // the write is not reported yet
  CHECK(hold.end == CallEnd::acknowledged);
  CHECK(action.text == "frame of a");  // the writer may still read it
  d.session.sent(action.epoch);
  CHECK(d.session.table().pending() == 0);
  CHECK(d.metrics.snapshot()[HoldCount::acks_positive] == 1);
  CHECK(d.session.registry().belief("x") == HoldRegistry::Belief::held);
}

TEST_CASE("one frame is written at a time", "[hold][session][B26]") {
  Driven d;
  d.call(HoldVerb::hold, "a", "x");
  d.call(HoldVerb::hold, "b", "y");
  const HoldAction first = d.session.next(d.now);
  REQUIRE(first.kind == Kind::send);
  CHECK(d.session.next(d.now).kind == Kind::none);
  d.session.sent(first.epoch);
  CHECK(d.send() == "frame of b");
}

TEST_CASE("a command whose time was up while another frame was written does not leave", "[hold][session]") {
  Driven d;
  d.call(HoldVerb::unhold, "a", "x");
  HoldCall& late = d.call(HoldVerb::unhold, "b", "y", milliseconds{5});
  HoldCall& later = d.call(HoldVerb::unhold, "c", "z");
  const HoldAction first = d.session.next(d.now);
  REQUIRE(first.kind == Kind::send);
  d.now += milliseconds{200};
  d.session.sent(first.epoch);
  CHECK(d.send() == "frame of c");
  CHECK(late.end == CallEnd::out_of_time);
  CHECK(later.end == CallEnd::pending);
}

TEST_CASE("a command that was never sent cannot be acknowledged", "[hold][session][I12]") {
  Driven d;
  d.call(HoldVerb::unhold, "other", "x");
  REQUIRE(d.send() == "frame of other");
  HoldCall& hold = d.call(HoldVerb::hold, "a", "x");  // waits for the release
  CHECK(d.send().empty());
  d.ack("a", "hold");
  CHECK(hold.end == CallEnd::pending);
  CHECK(d.metrics.snapshot()[HoldCount::foreign_messages] == 1);
  d.ack("other", "unhold");
  CHECK(d.send() == "frame of a");
}

TEST_CASE("a release goes before every hold that waits, and takes the place of its own interaction's", "[hold][session][I14]") {
  Driven d;
  HoldCall& first = d.call(HoldVerb::hold, "a", "x");
  d.call(HoldVerb::hold, "b", "y");
  d.call(HoldVerb::unhold, "c", "x");
  CHECK(first.end == CallEnd::superseded);
  CHECK(d.send() == "frame of c");
  CHECK(d.send() == "frame of b");
  CHECK(d.send().empty());
}

TEST_CASE("a hold whose frame was not sent does not come back behind a release", "[hold][session][B27]") {
  Driven d;
  HoldCall& hold = d.call(HoldVerb::hold, "a", "x");
  const HoldAction action = d.session.next(d.now);
  REQUIRE(action.kind == Kind::send);
  HoldCall& release = d.call(HoldVerb::unhold, "b", "x");
  d.session.send_failed(action.epoch, Delivery::not_sent, d.now, 0.5);
  CHECK(hold.end == CallEnd::superseded);
  CHECK(release.end == CallEnd::pending);
  CHECK(d.session.registry().size() == 0);
}

TEST_CASE("timers belong to their commands", "[hold][session][B25]") {
  Driven d;
  HoldCall& a = d.call(HoldVerb::hold, "a", "x");
  REQUIRE_FALSE(d.send().empty());
  CHECK(d.session.next_deadline() == d.now + seconds{5});
  d.ack("a", "hold");
  CHECK(a.end == CallEnd::acknowledged);
  CHECK(d.session.table().next_deadline() == never);
  HoldCall& b = d.call(HoldVerb::unhold, "b", "x", seconds{2});
  REQUIRE_FALSE(d.send().empty());
  CHECK(d.session.table().next_deadline() == d.now + seconds{2});  // its deadline comes before the acknowledgement's
  d.session.tick(d.now + seconds{2}, 0.5);
  CHECK(b.end == CallEnd::ack_timeout);
  CHECK(d.session.table().next_deadline() == never);
}

TEST_CASE("while a frame is written, nothing that waits for its end hides a deadline", "[hold][session][I7][I15]") {
  HoldSettings settings;
  settings.ping_every = seconds{3};
  settings.max_hold = seconds{8};
  settings.warn_before = {};
  Driven d(settings);
  d.call(HoldVerb::hold, "a", "x");
  const HoldAction action = d.session.next(d.now);
  REQUIRE(action.kind == Kind::send);
  const SteadyTime begun = d.now;
  const HoldCall& release = d.call(HoldVerb::unhold, "b", "y", seconds{4});
  d.now = begun + seconds{3};  // a ping is due
  d.session.tick(d.now, 0.5);
  REQUIRE(d.session.next(d.now).kind == Kind::none);
  CHECK(d.session.next_deadline() == begun + seconds{4});
  SECTION("on a connection that lives") {}
  SECTION("on one that has ended, and is to be replaced at once") {
    d.session.closed(action.epoch, 1006, d.now, 0.0);
    CHECK(d.session.next_deadline() == begun + seconds{4});
  }
  d.now = begun + seconds{4};
  d.session.tick(d.now, 0.5);
  CHECK(release.end == CallEnd::out_of_time);
  CHECK(d.session.next_deadline() == begun + seconds{5});  // the hold's acknowledgement
  d.now = begun + seconds{5};
  d.session.tick(d.now, 0.5);
  CHECK(d.session.next_deadline() == begun + seconds{8});  // its limit
  d.session.sent(action.epoch);
  CHECK(d.session.next_deadline() <= d.now);
}

TEST_CASE("commands and tombstones are bounded", "[hold][session][I20]") {
  HoldSettings settings;
  settings.max_commands = 2;
  settings.max_tombstones = 1;
  Driven d(settings);
  CHECK(d.call(HoldVerb::hold, "a", "1").end == CallEnd::pending);
  CHECK(d.call(HoldVerb::hold, "a", "2").end == CallEnd::table_full);  // the id is taken
  CHECK(d.call(HoldVerb::hold, "b", "2").end == CallEnd::pending);
  CHECK(d.call(HoldVerb::hold, "c", "3").end == CallEnd::table_full);
  CHECK(d.call(HoldVerb::unhold, "d", "4").end == CallEnd::pending);  // the reserve
  while (!d.send().empty()) {}
  d.ack("a", "hold");
  d.ack("b", "hold");
  CHECK(d.session.table().tombstones() == 1);
  d.ack("b", "hold");
  d.ack("a", "hold");
  const auto metrics = d.metrics.snapshot();
  CHECK(metrics[HoldCount::duplicate_acks] == 1);
  CHECK(metrics[HoldCount::foreign_messages] == 1);  // forgotten, so nobody's
}

TEST_CASE("notices are bounded in number and bytes, and those dropped are counted", "[hold][session][I20]") {
  Driven d;
  d.session.notices().clear();
  d.session.notices_taken();
  SECTION("number") {
    for (std::size_t i = 0; i < HoldSettings{}.max_notices + 5; ++i) d.text("{}");
    CHECK(d.session.notices().size() == HoldSettings{}.max_notices);
    CHECK(d.session.dropped_notices() == 5);
  }
  SECTION("bytes") {
    const std::string large = "{\"x\":\"" + std::string(std::size_t{1} << 20, 'x') + "\"}";
    for (int i = 0; i < 10; ++i) d.text(large);
    CHECK(d.session.notices().size() == 7);
    CHECK(d.session.dropped_notices() == 3);
  }
}

TEST_CASE("a late confirmation from a dead connection may mean a hold behind its release", "[hold][session][B22]") {
  Driven d;
  d.call(HoldVerb::hold, "a", "x");
  REQUIRE_FALSE(d.send().empty());
  const SteadyTime held_at = d.now;
  d.session.closed(1, 1006, d.now, 0.0);
  REQUIRE(d.session.next(d.now).kind == Kind::drop);
  REQUIRE(d.session.next(d.now).kind == Kind::connect);
  d.session.opened(2, d.now);
  d.now += seconds{1};
  d.call(HoldVerb::unhold, "b", "x");
  REQUIRE_FALSE(d.send().empty());
  d.ack("b", "unhold");
  CHECK(d.session.registry().size() == 0);
  d.ack("a", "hold");
  CHECK(d.session.registry().belief("x") == HoldRegistry::Belief::unknown);
  CHECK(d.session.registry().since("x") == held_at);
}

TEST_CASE("closing ends what was not sent at once, and the rest at last", "[hold][session][B35]") {
  Driven d;
  HoldCall& sent = d.call(HoldVerb::hold, "a", "x");
  REQUIRE_FALSE(d.send().empty());
  HoldCall& waiting = d.call(HoldVerb::hold, "b", "x");
  HoldCall& release = d.call(HoldVerb::unhold, "c", "y");
  d.session.close();
  CHECK(waiting.end == CallEnd::closed);
  CHECK(release.end == CallEnd::pending);
  CHECK(d.send() == "frame of c");  // a release is still sent
  CHECK(d.call(HoldVerb::unhold, "d").end == CallEnd::closed);
  d.session.finish();
  CHECK(sent.end == CallEnd::disconnected);
  CHECK(release.end == CallEnd::disconnected);
  CHECK(d.session.next(d.now).kind == Kind::close);
  CHECK(d.session.next(d.now).kind == Kind::none);
  CHECK(d.session.table().pending() == 0);
}

TEST_CASE("any bytes are a message, ours or not", "[hold][session][I21]") {
  Driven d;
  for (const char* each : {"", "null", "1", "\"x\"", "[]", "{", "{}}", "{\"correlationId\":1}", "{\"correlationId\":null,\"body\":null}",
                           "{\"correlationId\":\"a\",\"body\":[1]}", "{\"correlationId\":\"a\",\"body\":{\"type\":7}}", "{\"body\":{\"type\":\"hold\"}}", "\xc3\x28"})
    d.text(each);
  CHECK(d.session.channel().state() == ChannelState::open);
  const auto metrics = d.metrics.snapshot();
  CHECK(metrics[HoldCount::junk_frames] + metrics[HoldCount::foreign_messages] == 13);
}
