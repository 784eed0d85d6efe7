// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <patchbay/protocol/hold_command.hpp>
#include <patchbay/protocol/oauth.hpp>
#include <patchbay/protocol/transition.hpp>

#include "bench.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

// Every queue, filled: who comes then is told so, nobody else is disturbed, and when somebody leaves there is room again.
// The pacer's is filled in pacer_learning.cpp, the doors' own bounds with the doors.

TEST_CASE("a lane takes only so many who wait, and the others' lanes are not concerned", "[bounds][I20]") {
  Lanes lanes(100, 2);
  Sleeper sleeper;
  std::deque<std::unique_ptr<LanePermit>> permits;
  const auto ask = [&](std::string_view key) {
    permits.push_back(std::make_unique<LanePermit>(lanes, sleeper));
    return lanes.ask(key, *permits.back());
  };
  CHECK(ask("a") == Lanes::Entry::entered);
  CHECK(ask("a") == Lanes::Entry::queued);
  CHECK(ask("a") == Lanes::Entry::queued);
  CHECK(ask("a") == Lanes::Entry::full);
  CHECK(ask("b") == Lanes::Entry::entered);
  CHECK(lanes.size() == 4);
  permits[1].reset();
  CHECK(ask("a") == Lanes::Entry::queued);
  CHECK(ask("a") == Lanes::Entry::full);
  permits.clear();
  CHECK(lanes.size() == 0);
  const Failure full = lanes_full();
  CHECK(full.value().code() == ErrorCode::queue_full);
  CHECK(full.value().message().find("max_waiting") != std::string::npos);
}

TEST_CASE("an interaction takes only so many holds that wait, and any number of releases", "[bounds][I14][I20]") {
  HoldTurns turns(100, 2);
  Sleeper sleeper;
  std::deque<std::unique_ptr<HoldTurn>> all;
  const auto hold = [&](std::string_view interaction) {
    all.push_back(std::make_unique<HoldTurn>(turns, sleeper, interaction));
    return turns.ask(*all.back());
  };
  CHECK(hold("a") == HoldTurns::Entry::entered);
  CHECK(hold("a") == HoldTurns::Entry::queued);
  CHECK(hold("a") == HoldTurns::Entry::queued);
  CHECK(hold("a") == HoldTurns::Entry::full);
  CHECK(hold("b") == HoldTurns::Entry::entered);
  for (int i = 0; i < 200; ++i) {
    all.push_back(std::make_unique<HoldTurn>(turns, sleeper, "a"));
    turns.enter(*all.back());
    CHECK(turns.inside(*all.back()));
  }
  // The holds that the releases have superseded are on their way out, and take no room among those that wait.
  CHECK(hold("a") == HoldTurns::Entry::full);  // the total
  all.erase(all.begin() + 10, all.end() - 1);
  CHECK(hold("a") == HoldTurns::Entry::queued);
  all.clear();
  CHECK(turns.size() == 0);
}

TEST_CASE("only so many operations wait for a token, and a release finds room all the same", "[bounds][I14][I20]") {
  TokenSource tokens(TokenSettings{
      .login_url = "https://login.example.com", .client_id = "c", .client_secret = Secret("s"), .max_waiters = 2});
  Gateway gateway(*Endpoint::parse("https://api.example.com", "url"), tokens);
  const SteadyTime now{std::chrono::hours{1}};
  Sleeper sleeper;
  std::string authorization;
  std::uint64_t generation = 0;
  std::optional<Error> error;
  std::deque<Waiter> waiters;
  std::deque<SingleFlight::Ticket> tickets;
  const auto ask = [&](bool always = false) {
    tickets.emplace_back();
    return tokens.ask(now, 0, waiters.emplace_back(sleeper), tickets.back(), authorization, generation, error, always);
  };
  REQUIRE(ask() == Turn::lead);
  CHECK(ask() == Turn::wait);
  CHECK(ask() == Turn::wait);
  CHECK(ask() == Turn::full);
  CHECK(ask(true) == Turn::wait);
  SECTION("who is refused is told which queue is full") {
    BenchOperation operation;
    operation.now = now;
    operation.begin("i", seconds{100});
    const auto refused = operation.run(authorize(operation, gateway, 0));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::queue_full);
    CHECK(refused.error().message().find("max_waiters") != std::string::npos);
  }
  SECTION("one that leaves makes room") {
    tokens.forget(waiters[1]);
    tokens.forget(waiters[1]);  // once
    tokens.forget(waiters[4]);
    CHECK(ask() == Turn::wait);
    CHECK(ask() == Turn::full);
  }
  SECTION("all go when the token comes") {
    tokens.publish(Secret("t"), "", now, seconds{100}, 0);
    CHECK(sleeper.wakes == 3);
    tokens.invalidate(tokens.generation());
    REQUIRE(ask() == Turn::lead);
    CHECK(ask() == Turn::wait);
    CHECK(ask() == Turn::wait);
    CHECK(ask() == Turn::full);
  }
  for (Waiter& each : waiters) tokens.forget(each);
}

TEST_CASE("only so many operations wait for a flow", "[bounds][I20]") {
  FlowCache flows(seconds{60}, 2, {}, 1);
  const SteadyTime now{std::chrono::hours{1}};
  Sleeper sleeper;
  std::shared_ptr<const FlowGraph> flow;
  std::string etag;
  std::optional<Error> error;
  std::deque<Waiter> waiters;
  std::deque<SingleFlight::Ticket> tickets;
  const auto ask = [&](std::string_view id) {
    tickets.emplace_back();
    return flows.ask(now, id, "", waiters.emplace_back(sleeper), tickets.back(), flow, etag, error);
  };
  CHECK(ask("a") == Turn::lead);
  CHECK(ask("a") == Turn::wait);
  CHECK(ask("a") == Turn::full);
  CHECK(ask("b") == Turn::lead);
  CHECK(ask("c") == Turn::full);  // both are being fetched
  flows.abandon("a");
  CHECK(ask("c") == Turn::lead);
}

TEST_CASE("commands under way are bounded, with reserves for releases, and the error names the bound", "[bounds][I14][I20][B26]") {
  HoldSettings settings;
  settings.max_commands = 3;
  CommandTable table(settings);
  std::deque<HoldCall> calls;
  Sleeper sleeper;
  Waiter waiter(sleeper);
  const auto add = [&](HoldVerb verb, bool awaited) {
    HoldCall& call = calls.emplace_back(verb, std::to_string(calls.size()), "i" + std::to_string(calls.size()), "f", never);
    if (awaited) call.waiter = &waiter;
    return table.add(call);
  };
  for (int i = 0; i < 3; ++i) CHECK(add(HoldVerb::hold, true));
  CHECK_FALSE(add(HoldVerb::hold, true));
  for (int i = 0; i < 3; ++i) CHECK(add(HoldVerb::unhold, false));
  CHECK_FALSE(add(HoldVerb::unhold, false));
  for (int i = 0; i < 3; ++i) CHECK(add(HoldVerb::unhold, true));
  CHECK_FALSE(add(HoldVerb::unhold, true));
  CHECK(table.pending() == 9);
}

TEST_CASE("what is told of a channel is bounded by the settings, and what is dropped is counted", "[bounds][I20]") {
  HoldSettings settings;
  settings.max_notices = 3;
  settings.max_notice_bytes = 10;
  HoldMetrics metrics;
  HoldSession session(settings, metrics);
  const SteadyTime now{std::chrono::hours{1}};
  session.want(now);
  REQUIRE(session.next(now).kind == HoldAction::Kind::connect);
  session.opened(1, now);
  session.notices().clear();
  session.notices_taken();
  Body large;
  large.append("[" + std::string(20, ' ') + "]");
  Body small;
  small.append("[]");
  session.text(1, large, now);
  for (int i = 0; i < 5; ++i) session.text(1, small, now);
  CHECK(session.notices().size() == 3);
  CHECK(session.dropped_notices() == 3);
  CHECK(metrics.snapshot()[HoldCount::dropped_notices] == 3);
}
