// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The pure parts of holds that travel as requests: the handover of a channel, whose hold began when, commands by
// interaction, and a session that grants turns in place of sending.
#include <algorithm>  // sort, unique
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/protocol/hold_session.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

constexpr SteadyTime start{hours{5}};
using Wish = ChannelMachine::Wish;
using Belief = HoldRegistry::Belief;
constexpr std::string_view interaction = "c0000000-0000-4000-8000-000000000001";
constexpr std::string_view user = "a0000000-0000-4000-8000-000000000001";

OpenFailure failure(OpenFailure::Kind kind) { return {kind, Error(ErrorCode::network, "as scripted")}; }

/// A machine whose connection is open, in epoch 1, to be renewed at `renew_at`.
ChannelMachine open_machine(const HoldSettings& settings, SteadyTime renew_at = never) {
  ChannelMachine machine(settings);
  machine.want(start);
  REQUIRE(machine.next(start) == Wish::connect);
  REQUIRE(machine.opened(1, start, renew_at));
  return machine;
}

/// A session that speaks the platform's dialect, and its commands.
struct Requests {
  HoldSettings settings;
  HoldMetrics metrics;
  cloud::Platform dialect = cloud::Platform::of_user(std::string(user));
  detail::HoldsOf<cloud::Platform> holds{dialect};
  std::unique_ptr<HoldSession> session = std::make_unique<HoldSession>(settings, metrics);
  std::vector<std::unique_ptr<HoldCall>> calls;
  SteadyTime now = start;

  Requests() { session->speak(holds, minutes{1}); }
  HoldCall& submit(HoldVerb verb, Duration deadline = minutes{1}) {
    calls.push_back(std::make_unique<HoldCall>(verb, "id-" + std::to_string(calls.size()), std::string(interaction),
                                               "{}", after(now, deadline)));
    session->submit(*calls.back(), now);
    return *calls.back();
  }
  void open() {
    session->want(now);
    const HoldAction action = session->next(now);
    REQUIRE(action.kind == HoldAction::Kind::connect);
    session->opened(action.epoch, now);
  }
  /// The channel tells how the user's party stands.
  void tell(bool held, std::string_view state = "connected") {
    std::string text = R"({"topicName":"v2.users.)";
    text.append(user).append(R"(.conversations","version":"2","eventBody":{"id":")").append(interaction);
    text.append(R"(","participants":[{"id":"b0000000-0000-4000-8000-000000000004","purpose":"agent","userId":")")
        .append(user);
    text.append(R"(","calls":[{"id":"d0000000-0000-4000-8000-000000000001","state":")").append(state);
    text.append(R"(","held":)").append(held ? "true" : "false").append("}]}]}}");
    Body event;
    event.append(text);
    session->text(session->channel().epoch(), event, now);
  }
  [[nodiscard]] Belief belief() const { return session->registry().belief(interaction); }
};

}  // namespace

TEST_CASE("an announced closing is followed by another connection while the first still serves",
          "[hold][channel][B36][I11]") {
  const HoldSettings settings;
  ChannelMachine machine = open_machine(settings);
  CHECK_FALSE(machine.closing(7, start));  // of another connection
  REQUIRE(machine.closing(1, start));
  REQUIRE(machine.next(start) == Wish::connect);
  CHECK(machine.state() == ChannelState::open);
  CHECK(machine.epoch() == 1);
  CHECK(machine.attempt_epoch() == 2);
  CHECK(machine.awaits(2));
  CHECK(machine.next(start) == Wish::none);  // one at a time
  CHECK(machine.heard(1, start));            // the first is heard as before
  SECTION("which takes its place") {
    REQUIRE(machine.opened(2, after(start, seconds{1})));
    CHECK(machine.epoch() == 2);
    CHECK(machine.state() == ChannelState::open);
    CHECK_FALSE(machine.heard(1, start));
    CHECK_FALSE(machine.closed(1, 1001, start, 0.5));  // what the first says at its end is no news
    CHECK(machine.next(after(start, seconds{1})) == Wish::none);
  }
  SECTION("which fails, and is tried again later and later") {
    Duration last{};
    SteadyTime now = start;
    for (std::uint64_t epoch = 2; epoch < 6; ++epoch) {
      REQUIRE(machine.open_failed(epoch, failure(OpenFailure::Kind::network), now, 1.0));
      CHECK(machine.state() == ChannelState::open);
      CHECK(machine.next(now) == Wish::none);
      const Duration wait = machine.next_deadline() - now;
      CHECK(wait > last);
      last = wait;
      now = machine.next_deadline();
      machine.heard(1, now);
      REQUIRE(machine.next(now) == Wish::connect);
    }
  }
  SECTION("which is on its way when the first ends") {
    REQUIRE(machine.closed(1, 1001, start, 0.5));
    CHECK(machine.state() == ChannelState::connecting);
    CHECK(machine.epoch() == 2);
    SECTION("and the first is dropped before it comes") {
      CHECK(machine.next(start) == Wish::drop);
      REQUIRE(machine.opened(2, start));
    }
    SECTION("or takes its place before that, and is not dropped for the first") {
      REQUIRE(machine.opened(2, start));
      CHECK(machine.next(start) == Wish::none);
    }
    CHECK(machine.state() == ChannelState::open);
  }
  SECTION("but not when the door is closed meanwhile") {
    machine.shut();
    CHECK(machine.next(start) == Wish::close);
    CHECK_FALSE(machine.opened(2, start));
    CHECK(machine.state() == ChannelState::closed);
  }
}

TEST_CASE("a connection is renewed when its time has come, and no more often than a minute allows",
          "[hold][channel][B17][B36][L5]") {
  HoldSettings settings;
  ChannelMachine machine = open_machine(settings, after(start, hours{12}));
  CHECK(machine.next(start) == Wish::none);
  CHECK(machine.next_deadline() <= after(start, settings.ping_every));
  SteadyTime now = after(start, hours{12});
  machine.heard(1, now);
  REQUIRE(machine.next(now) == Wish::connect);
  // A server that announces its closing at once, again and again.
  int connects = 1;
  for (std::uint64_t epoch = 2; epoch < 60; ++epoch) {
    REQUIRE(machine.opened(epoch, now));
    REQUIRE(machine.closing(epoch, now));
    Wish wish = machine.next(now);
    while (wish != Wish::connect) {
      if (wish == Wish::ping) machine.heard(machine.epoch(), now);
      now = std::max(now, machine.next_deadline());
      wish = machine.next(now);
    }
    ++connects;
  }
  CHECK(now - after(start, hours{12}) >= minutes{connects / 12 - 1});
}

TEST_CASE("a channel that ends is made anew, also when it ends under an attempt to connect to it",
          "[hold][channel][B36]") {
  const HoldSettings settings;
  ChannelMachine machine = open_machine(settings);
  SECTION("while nothing is under way") {
    REQUIRE(machine.ended(1, true, start, 0.5));
    CHECK(machine.needs_fresh_channel());
    CHECK(machine.needs_fresh_token());
    CHECK(machine.state() == ChannelState::waiting);
  }
  SECTION("while its next connection is made") {
    REQUIRE(machine.closing(1, start));
    REQUIRE(machine.next(start) == Wish::connect);
    REQUIRE(machine.ended(1, true, start, 0.5));
    REQUIRE(machine.opened(2, start));
    CHECK(machine.needs_fresh_channel());
    CHECK(machine.needs_fresh_token());
    REQUIRE(machine.next(start) == Wish::connect);
    REQUIRE(machine.opened(3, start));
    CHECK_FALSE(machine.needs_fresh_channel());
    CHECK_FALSE(machine.needs_fresh_token());
    CHECK(machine.next(start) == Wish::none);
  }
  SECTION("as a refused upgrade says") {
    REQUIRE(machine.closing(1, start));
    REQUIRE(machine.next(start) == Wish::connect);
    REQUIRE(machine.open_failed(2, failure(OpenFailure::Kind::channel_gone), start, 0.5));
    CHECK(machine.needs_fresh_channel());
    CHECK(machine.state() == ChannelState::open);
  }
}

TEST_CASE("another's hold begins when the cloud says, and ours when it was sent", "[hold][watchdog][B38][I13][I22]") {
  HoldSettings settings;
  HoldRegistry registry(settings);
  SECTION("another's") {
    registry.seen_held(interaction, 0, start);
    registry.began(interaction, start - minutes{10});
    CHECK(registry.since(interaction) == start - minutes{10});
    CHECK(registry.next_deadline() == start - minutes{10} + settings.max_hold - settings.warn_before);
    registry.began(interaction, start);  // never later
    CHECK(registry.since(interaction) == start - minutes{10});
  }
  SECTION("ours") {
    registry.hold_sent(interaction, 1, start);
    registry.hold_applied(interaction, 1);
    registry.began(interaction, start - minutes{10});
    CHECK(registry.since(interaction) == start);
  }
  SECTION("another's behind ours") {
    registry.hold_sent(interaction, 1, start);
    registry.hold_applied(interaction, 1);
    registry.release_confirmed(interaction, 2);
    registry.seen_held(interaction, 0, start);
    registry.began(interaction, start - minutes{10});
    CHECK(registry.since(interaction) == start - minutes{10});
  }
  SECTION("nobody's") {
    registry.began(interaction, start);
    CHECK(registry.size() == 0);
  }
}

TEST_CASE("what is seen not to be held may still come, until it is too old for that", "[hold][watchdog][I13][L2]") {
  HoldSettings settings;
  HoldRegistry registry(settings);
  registry.hold_sent(interaction, 1, start);
  registry.seen_released(interaction);
  CHECK(registry.belief(interaction) == Belief::unknown);
  registry.seen_released(interaction, start);  // sent at that moment
  CHECK(registry.belief(interaction) == Belief::unknown);
  registry.hold_sent(interaction, 2, after(start, minutes{2}));
  registry.seen_released(interaction, after(start, minutes{1}));
  CHECK(registry.since(interaction) == after(start, minutes{2}));  // by the later one alone
  registry.seen_released(interaction, after(start, minutes{3}));
  CHECK(registry.belief(interaction) == Belief::not_held);
}

TEST_CASE("a command that was sent is found by its interaction and verb", "[hold][platform]") {
  HoldSettings settings;
  CommandTable table(settings);
  HoldCall hold(HoldVerb::hold, "one", std::string(interaction), "{}", after(start, minutes{1}));
  HoldCall release(HoldVerb::unhold, "two", std::string(interaction), "{}", after(start, minutes{1}));
  REQUIRE(table.add(hold));
  CHECK(table.sent(interaction, HoldVerb::hold) == nullptr);  // queued
  Command* const sent = table.take_next(1, start);
  REQUIRE(sent);
  CHECK(table.sent(interaction, HoldVerb::hold) == sent);
  CHECK(table.sent(interaction, HoldVerb::unhold) == nullptr);
  CHECK(table.sent("another", HoldVerb::hold) == nullptr);
  REQUIRE(table.add(release));
  Command* const behind = table.take_next(1, start);
  CHECK(table.sent(interaction, HoldVerb::unhold) == behind);
  // It is waited for as long as is said, and never beyond its deadline.
  table.wait_until(*sent, never);
  table.wait_until(*behind, never);
  CHECK(table.next_deadline() == after(start, minutes{1}));
  table.wait_until(*sent, after(start, seconds{5}));
  CHECK(table.next_deadline() == after(start, seconds{5}));
  CHECK(table.expired(after(start, seconds{5})) == sent);
  table.settle(*sent, CallEnd::ack_timeout);
  CHECK(table.sent(interaction, HoldVerb::hold) == nullptr);
  table.settle(*behind, CallEnd::acknowledged);
}

TEST_CASE("a session grants turns, and an event settles what was accepted", "[hold][session][platform][I12][I13]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  CHECK(hold.granted);
  CHECK(r.session->granted().size() == 1);
  CHECK(r.session->next(r.now).kind == HoldAction::Kind::none);  // nothing goes over the channel
  CHECK(r.belief() == Belief::unknown);
  r.now = after(r.now, seconds{1});
  SECTION("after its answer") {
    r.session->accepted(hold, r.now);
    CHECK(hold.end == CallEnd::pending);
    r.tell(false);  // of before
    CHECK(hold.end == CallEnd::pending);
    r.now = after(r.now, seconds{1});
    r.tell(true);
    CHECK(hold.ack_latency == seconds{2});
    CHECK(hold.end == CallEnd::acknowledged);
    CHECK(r.belief() == Belief::held);
  }
  SECTION("but not before it, when it may be of before") {
    r.tell(true);
    CHECK(hold.end == CallEnd::pending);
    r.session->lost(hold, r.now, false);
    CHECK(hold.end == CallEnd::disconnected);  // and is read
    CHECK(r.belief() == Belief::unknown);
  }
  CHECK(r.session->registry().since(interaction) == start);
}

TEST_CASE("how a request ended settles its command", "[hold][session][platform][I4][I13]") {
  Requests r;
  SECTION("refused: nothing is held") {
    r.open();
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->refused(hold, r.now);
    CHECK(hold.end == CallEnd::refused);
    CHECK(r.belief() == Belief::not_held);
  }
  SECTION("not sent: nothing is held") {
    r.open();
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->unsent(hold);
    CHECK(hold.end == CallEnd::unsent);
    CHECK_FALSE(was_sent(hold.end));
    CHECK(r.belief() == Belief::not_held);
  }
  SECTION("lost: it may be") {
    r.open();
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->lost(hold, r.now, false);
    CHECK(hold.end == CallEnd::disconnected);
    CHECK(r.belief() == Belief::unknown);
    // Late news are looked into by a reading.
    r.tell(true);
    CHECK(r.session->looks_due() == std::vector<std::string>{std::string(interaction)});
  }
  SECTION("accepted, and nobody hears: a reading tells") {
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->accepted(hold, r.now);
    CHECK(hold.end == CallEnd::accepted);
    CHECK(r.belief() == Belief::unknown);
  }
  SECTION("accepted, and nothing is heard in time") {
    r.open();
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->accepted(hold, r.now);
    r.session->tick(after(r.now, r.settings.ack_timeout), 0.5);
    CHECK(hold.end == CallEnd::ack_timeout);
  }
  SECTION("a request may take longer than an event") {
    r.open();
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->tick(after(r.now, r.settings.ack_timeout), 0.5);
    CHECK(hold.end == CallEnd::pending);
  }
}

TEST_CASE("a release behind a hold on its way is repeated when that may have come later",
          "[hold][session][platform][I6][I14]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  HoldCall& release = r.submit(HoldVerb::unhold);
  CHECK(release.granted);  // at once
  r.session->accepted(release, r.now);
  r.tell(false);  // perhaps of before both: a reading decides
  CHECK(release.end == CallEnd::accepted);
  CHECK(r.belief() == Belief::unknown);  // the hold may come
  CHECK(r.session->releases_due().empty());
  SECTION("when it was accepted") {
    r.session->accepted(hold, r.now);
    CHECK(r.session->releases_due().size() == 1);
    r.tell(true);
    CHECK(r.belief() == Belief::unknown);  // the release may come behind it
  }
  SECTION("unless another hold was asked for since") {
    r.session->accepted(hold, r.now);
    REQUIRE(r.session->owes_release(interaction));
    r.tell(true);
    HoldCall& later = r.submit(HoldVerb::hold);
    CHECK(later.granted);
    CHECK_FALSE(r.session->owes_release(interaction));
    HoldCall repeat(HoldVerb::unhold, "repeat", std::string(interaction), "{}", after(r.now, minutes{1}));
    repeat.repeats = true;
    r.session->submit(repeat, r.now);
    CHECK(repeat.end == CallEnd::superseded);
    CHECK(later.end == CallEnd::pending);
  }
  SECTION("before any hold that is asked for later") {
    r.session->accepted(hold, r.now);
    HoldCall& later = r.submit(HoldVerb::hold);
    CHECK_FALSE(later.granted);  // the first is under way
    HoldCall repeat(HoldVerb::unhold, "repeat", std::string(interaction), "{}", after(r.now, minutes{1}));
    repeat.repeats = true;
    r.session->submit(repeat, r.now);
    CHECK(repeat.granted);
    CHECK(later.end == CallEnd::pending);  // it was asked for behind the release that is repeated
    CHECK_FALSE(later.granted);
    r.session->finish();  // they end before the session
  }
  SECTION("when nobody knows") {
    r.session->lost(hold, r.now, false);
    CHECK(r.session->releases_due().size() == 1);
  }
  SECTION("not when it was refused") {
    r.session->refused(hold, r.now);
    CHECK(r.session->releases_due().empty());
    CHECK(r.belief() == Belief::not_held);
  }
}

TEST_CASE("a release that is owed is asked for again and again, while it is owed", "[hold][session][platform][I6]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->accepted(r.submit(HoldVerb::unhold), r.now);
  r.tell(false);
  r.session->accepted(hold, r.now);
  r.tell(true);
  CHECK(r.session->next_deadline() <= r.now);
  r.session->tick(r.now, 0.5);
  REQUIRE(r.session->releases_due().size() == 1);
  r.session->releases_due().clear();
  const auto pass = [&] {
    r.now = after(r.now, r.settings.repeat_every);
    CHECK(r.session->next_deadline() <= r.now);
    r.session->tick(r.now, 0.5);
    const std::size_t asked = r.session->releases_due().size();
    r.session->releases_due().clear();
    return asked;
  };
  for (int i = 0; i < 5; ++i) CHECK(pass() == 1);
  REQUIRE(r.session->owes_release(interaction));
  SECTION("it is through") { r.session->owe_no_release(interaction); }
  SECTION("the interaction is over, by a reading") {
    r.session->known_released(interaction);
    CHECK_FALSE(r.session->owes_release(interaction));
  }
  SECTION("the interaction is over, by the channel") { r.tell(false, "disconnected"); }
  SECTION("somebody else has released it") {
    r.now = after(r.now, minutes{2});
    r.session->seen(interaction, false, r.session->reading_begins(interaction, r.now), r.now);
    REQUIRE(r.belief() == Belief::not_held);
  }
  SECTION("the door is closed, which waits for it") {
    r.session->close();
    CHECK(r.session->unfinished() == 1);
    CHECK(pass() == 1);
    r.session->finish();
    CHECK(r.session->unfinished() == 0);
  }
  CHECK(pass() == 0);
  CHECK_FALSE(r.session->owes_release(interaction));
}

TEST_CASE("very many that are watched are looked at once each when the channel opens", "[hold][session][platform][I20]") {
  constexpr std::size_t many = 50'000;
  Requests r;
  for (std::size_t i = 0; i < many; ++i) r.session->restore("call-" + std::to_string(i), true, r.now);
  r.open();
  std::vector<std::string> looks = r.session->looks_due();
  CHECK(looks.size() == many);
  std::sort(looks.begin(), looks.end());
  CHECK(std::unique(looks.begin(), looks.end()) == looks.end());
}

TEST_CASE("an interaction that is over ends its watch and its waiting", "[hold][session][platform][I13]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->accepted(hold, r.now);
  r.tell(false, "disconnected");
  CHECK(hold.end == CallEnd::accepted);  // a reading tells what to say
  CHECK(r.belief() == Belief::not_held);
}

TEST_CASE("others' holds are adopted, and an old event is looked into", "[hold][session][platform][B38]") {
  Requests r;
  r.open();
  r.tell(true);
  CHECK(r.belief() == Belief::held);
  CHECK(r.metrics.snapshot()[HoldCount::holds_adopted] == 1);
  CHECK(r.session->looks_due().empty());
  SECTION("their release is looked into") {
    r.tell(false);
    CHECK(r.belief() == Belief::held);
    CHECK(r.session->looks_due().size() == 1);
  }
  SECTION("what is on hold again behind our release may be older than that") {
    HoldCall& release = r.submit(HoldVerb::unhold);
    r.session->accepted(release, r.now);
    r.tell(false);
    CHECK(r.belief() == Belief::not_held);
    r.tell(true);
    CHECK(r.belief() == Belief::held);
    CHECK(r.session->looks_due().size() == 1);
  }
}

TEST_CASE("an event is waited for no longer than leaves time for a reading", "[hold][session][platform][I4]") {
  Requests r;
  r.open();
  HoldCall& release = r.submit(HoldVerb::unhold, seconds{1});
  r.session->accepted(release, r.now);
  r.now += milliseconds{500};
  r.session->tick(r.now, 0.5);
  CHECK(release.end == CallEnd::ack_timeout);
}

TEST_CASE("a hold of which nothing has left gives way to a release", "[hold][session][platform][I6][I13][I14]") {
  Requests r;
  HoldCall& hold = r.submit(HoldVerb::hold);
  REQUIRE(hold.granted);
  r.session->give_way(hold);
  CHECK(hold.end == CallEnd::pending);  // to none
  HoldCall& release = r.submit(HoldVerb::unhold);
  REQUIRE(release.granted);
  r.session->give_way(hold);
  CHECK(hold.end == CallEnd::superseded);
  CHECK(r.belief() == Belief::not_held);
  CHECK_FALSE(r.session->owes_release(interaction));
}

TEST_CASE("what had its turn and never left is in no doubt", "[hold][session][platform][I4][I13]") {
  Requests r;
  HoldCall& hold = r.submit(HoldVerb::hold, seconds{5});
  REQUIRE(hold.granted);
  REQUIRE(r.belief() == Belief::unknown);
  SECTION("when its time is up") {
    r.now += seconds{6};
    r.session->tick(r.now, 0.5);
    REQUIRE(hold.end == CallEnd::ack_timeout);
    r.session->came_to_nothing(hold);
    CHECK(hold.end == CallEnd::out_of_time);
  }
  SECTION("when it is cancelled") {
    r.session->abandon(hold, true);
    REQUIRE(hold.end == CallEnd::forsaken);
    r.session->came_to_nothing(hold);
    CHECK(hold.end == CallEnd::cancelled);
  }
  SECTION("when the door is closed") {
    r.session->finish();
    REQUIRE(hold.end == CallEnd::disconnected);
    r.session->came_to_nothing(hold);
    CHECK(hold.end == CallEnd::closed);
  }
  CHECK(r.belief() == Belief::not_held);
}

TEST_CASE("a wait that was asked of a handover is kept when the connection ends", "[hold][session][platform][I9]") {
  HoldSettings settings;
  ChannelMachine machine = open_machine(settings, after(start, minutes{10}));
  const SteadyTime renewal = after(start, minutes{10});
  REQUIRE(machine.next(renewal) == Wish::connect);
  OpenFailure busy = failure(OpenFailure::Kind::busy);
  busy.error.set_retry_after(milliseconds{40'000});
  REQUIRE(machine.open_failed(machine.attempt_epoch(), busy, renewal, 0.5));
  REQUIRE(machine.closed(machine.epoch(), 1001, after(renewal, seconds{1}), 0.5));
  CHECK(machine.next(after(renewal, seconds{1})) == Wish::drop);
  CHECK(machine.next_deadline() >= after(renewal, seconds{40}));
  CHECK(machine.next(after(renewal, seconds{39})) == Wish::none);
  CHECK(machine.next(after(renewal, seconds{41})) == Wish::connect);
}

TEST_CASE("whoever is watched is looked at when the channel opens", "[hold][session][platform][B38][I13]") {
  Requests r;
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->accepted(hold, r.now);
  CHECK(r.session->looks_due().empty());
  r.open();
  CHECK(r.session->looks_due().size() == 1);
  CHECK(r.metrics.snapshot()[HoldCount::reconnects] == 0);
}

TEST_CASE("what the channel shows before a request is answered settles nothing by itself", "[hold][session][platform][I4][I12]") {
  Requests r;
  r.open();
  SECTION("a hold that is refused after all is refused") {
    HoldCall& hold = r.submit(HoldVerb::hold);
    REQUIRE(hold.granted);
    r.tell(true);  // of an earlier hold, or somebody else's
    CHECK(hold.end == CallEnd::pending);
    r.session->refused(hold, r.now);
    CHECK(hold.end == CallEnd::refused);
  }
  SECTION("but counts as soon as it is accepted") {
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.tell(true);
    CHECK(hold.end == CallEnd::pending);
    r.session->accepted(hold, r.now);
    CHECK(hold.end == CallEnd::acknowledged);
    CHECK(r.belief() == Belief::held);
  }
  SECTION("unless the request had not left then, which waits for its token, or for its turn") {
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.tell(true);
    r.now += seconds{1};
    const SteadyTime left = r.now;
    r.now += milliseconds{20};
    r.session->accepted(hold, r.now, left);
    CHECK(hold.end == CallEnd::pending);
    r.tell(true);
    CHECK(hold.end == CallEnd::acknowledged);
  }
  SECTION("nor does it confirm a release while a hold before it is not settled") {
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->accepted(hold, r.now);
    HoldCall& release = r.submit(HoldVerb::unhold);
    REQUIRE(release.granted);
    r.session->accepted(release, r.now);
    r.tell(false);  // perhaps of before both
    CHECK(release.end == CallEnd::accepted);
    CHECK(hold.end == CallEnd::pending);
    CHECK(r.belief() != Belief::not_held);
  }
}

TEST_CASE("a session without a channel opens none, whoever asks", "[hold][session][platform]") {
  HoldSettings settings;
  HoldMetrics metrics;
  cloud::Platform dialect;
  const detail::HoldsOf<cloud::Platform> holds(dialect);
  HoldSession session(settings, metrics);
  session.speak(holds, minutes{1});
  CHECK_FALSE(session.has_channel());
  session.want(start);
  CHECK(session.channel().state() == ChannelState::idle);
  CHECK(session.next(start).kind == HoldAction::Kind::none);
}

TEST_CASE("a hold that nobody knows the fate of is looked at once, however often it was tried", "[hold][session][platform][I20]") {
  Requests r;
  for (int i = 0; i < 50; ++i) {
    HoldCall& hold = r.submit(HoldVerb::hold);
    REQUIRE(hold.granted);
    r.session->lost(hold, r.now, false);
    REQUIRE(hold.end == CallEnd::disconnected);
  }
  r.session->tick(after(r.now, minutes{1} + seconds{1}), 0.5);
  CHECK(r.session->looks_due().size() == 1);
}

TEST_CASE("a reading that began while a release was under way does not outlive the release's confirmation",
          "[hold][session][platform][I13]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->accepted(hold, r.now);
  r.tell(true);
  REQUIRE(hold.end == CallEnd::acknowledged);
  HoldCall& release = r.submit(HoldVerb::unhold);
  REQUIRE(release.granted);
  const ReadingMark reading = r.session->reading_begins(interaction, r.now);
  const bool before = GENERATE(true, false);
  if (before) r.session->seen(interaction, true, reading, r.now);
  r.session->accepted(release, r.now);
  r.tell(false);
  REQUIRE(release.end == CallEnd::acknowledged);
  CHECK(r.belief() == Belief::not_held);
}

TEST_CASE("a reading that began before a hold was heard of does not end the watch over it", "[hold][session][platform][I13][I15]") {
  Requests r;
  r.open();
  SECTION("somebody else's") {
    const ReadingMark reading = r.session->reading_begins(interaction, r.now);
    r.tell(true);
    REQUIRE(r.belief() == Belief::held);
    r.session->seen(interaction, false, reading, r.now);
    CHECK(r.belief() == Belief::held);
  }
  SECTION("one of ours that is confirmed meanwhile") {
    HoldCall& hold = r.submit(HoldVerb::hold);
    r.session->accepted(hold, r.now);
    const ReadingMark reading = r.session->reading_begins(interaction, r.now);
    r.tell(true);
    REQUIRE(hold.end == CallEnd::acknowledged);
    r.session->seen(interaction, false, reading, r.now);
    CHECK(r.belief() == Belief::held);
  }
  SECTION("one that was watched before, and is told of again") {
    r.tell(true);
    const ReadingMark reading = r.session->reading_begins(interaction, r.now);
    r.tell(true);
    r.session->seen(interaction, false, reading, r.now);
    CHECK(r.belief() == Belief::held);
  }
  r.session->seen(interaction, false, r.session->reading_begins(interaction, r.now), r.now);
  CHECK(r.belief() == Belief::not_held);
}

TEST_CASE("a reading that began before a release was confirmed puts nobody under the watch again",
          "[hold][session][platform][I6][I13]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->accepted(hold, r.now);
  r.tell(true);
  REQUIRE(hold.end == CallEnd::acknowledged);
  const bool under_way = GENERATE(true, false);
  ReadingMark reading = r.session->reading_begins(interaction, r.now);
  HoldCall& release = r.submit(HoldVerb::unhold);
  if (under_way) reading = r.session->reading_begins(interaction, r.now);
  r.session->accepted(release, r.now);
  r.tell(false);
  REQUIRE(release.end == CallEnd::acknowledged);
  CHECK(r.session->ended_since(interaction, reading));
  r.session->seen(interaction, true, reading, r.now);
  CHECK(r.belief() == Belief::not_held);
  // What a later one shows is somebody else's hold.
  reading = r.session->reading_begins(interaction, r.now);
  CHECK_FALSE(r.session->ended_since(interaction, reading));
  r.session->seen(interaction, true, reading, r.now);
  CHECK(r.belief() == Belief::held);
}

TEST_CASE("a reading from before a release says nothing of a hold in doubt that the release may have overtaken",
          "[hold][session][platform][I4][I13]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->leaves(hold, r.now);
  r.session->lost(hold, r.now, false);
  REQUIRE(r.belief() == Belief::unknown);
  const ReadingMark reading = r.session->reading_begins(interaction, r.now);
  HoldCall& release = r.submit(HoldVerb::unhold);
  r.session->accepted(release, r.now);
  r.tell(false);
  REQUIRE(release.end == CallEnd::acknowledged);
  r.session->seen(interaction, true, reading, r.now);
  CHECK(r.belief() == Belief::unknown);
  r.now += minutes{3};
  r.session->tick(r.now, 0.5);
  CHECK(r.session->looks_due().size() == 1);
}

TEST_CASE("a reading from before one that ended the hold does not bring the watch back", "[hold][session][platform][B4][I6]") {
  Requests r;
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->applied(hold, r.now);
  REQUIRE(r.belief() == Belief::held);
  const ReadingMark before = r.session->reading_begins(interaction, r.now);
  HoldCall& release = r.submit(HoldVerb::unhold);
  r.session->accepted(release, r.now);
  REQUIRE(release.end == CallEnd::accepted);
  r.session->seen(interaction, false, r.session->reading_begins(interaction, r.now), r.now);
  REQUIRE(r.belief() == Belief::not_held);
  r.session->seen(interaction, true, before, r.now);
  CHECK(r.belief() == Belief::not_held);
}

TEST_CASE("a hold that begins behind a release which was told has a limit of its own", "[hold][session][platform][I15]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  r.session->accepted(hold, r.now);
  r.tell(true);
  REQUIRE(r.belief() == Belief::held);
  r.now += minutes{14};
  const bool released = GENERATE(true, false);
  if (released) r.tell(false);
  r.now += seconds{1};
  r.tell(true);
  r.session->seen(interaction, true, r.session->reading_begins(interaction, r.now), r.now);
  CHECK(*r.session->registry().since(interaction) == (released ? r.now : start));
}

TEST_CASE("who is over is owed no release", "[hold][session][platform][I6]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  REQUIRE(r.submit(HoldVerb::unhold).granted);
  r.session->accepted(hold, r.now);
  REQUIRE(r.session->owes_release(interaction));
  r.tell(false, "terminated");
  CHECK_FALSE(r.session->owes_release(interaction));
}

TEST_CASE("a hold whose request leaves late is watched as long as it can arrive", "[hold][session][platform][I3][I15]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold, minutes{10});
  REQUIRE(hold.granted);
  r.now += minutes{3};
  const bool seen = GENERATE(true, false);
  if (seen) {  // what is waited with can arrive no more by the time of its turn
    r.session->seen(interaction, false, r.session->reading_begins(interaction, r.now), r.now);
    REQUIRE(r.belief() == Belief::not_held);
  }
  r.session->leaves(hold, r.now);
  r.session->seen(interaction, false, r.session->reading_begins(interaction, r.now), r.now);
  CHECK(r.belief() == Belief::unknown);
}

TEST_CASE("a hold that is told of is watched while an earlier one that is over already has no answer yet",
          "[hold][session][platform][B38][I13]") {
  Requests r;
  r.open();
  HoldCall& hold = r.submit(HoldVerb::hold);
  REQUIRE(hold.granted);
  const std::string which(interaction);
  for (const bool held : {true, false}) {  // seen done, and seen over
    r.now = after(r.now, seconds{1});
    r.session->seen(which, held, r.session->reading_begins(which, r.now), r.now);
  }
  REQUIRE(r.session->registry().belief(which) == HoldRegistry::Belief::not_held);
  r.now = after(r.now, seconds{1});
  r.tell(true);
  CHECK(hold.end == CallEnd::pending);
  CHECK(r.session->registry().belief(which) == HoldRegistry::Belief::held);
  CHECK(r.session->registry().since(which) == r.now);
}
