// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/lanes.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <support/catch.hpp>

#include "bench.hpp"

using namespace patchbay;
using namespace patchbay::tests;
using Entry = Lanes::Entry;

namespace {

/// One who wants to act on an interaction.
struct Actor {
  explicit Actor(Lanes& in) : lanes(&in), permit(std::make_unique<LanePermit>(in, sleeper)) {}
  Entry ask(std::string_view key) { return lanes->ask(key, *permit); }
  bool inside() { return lanes->inside(*permit); }
  bool woken() { return Lanes::waiter(*permit).woken(); }
  void leave() { permit.reset(); }

  Lanes* lanes;
  Sleeper sleeper;
  std::unique_ptr<LanePermit> permit;
};

/// A key that falls into the same of 256 buckets as `key`.
std::string same_bucket(std::string_view key) {
  const std::hash<std::string_view> hash;
  for (int i = 0;; ++i) {
    std::string other = "k" + std::to_string(i);
    if (other != key && hash(other) % 256 == hash(key) % 256) return other;
  }
}

}  // namespace

TEST_CASE("a lane is handed on in the order of asking, to one at a time", "[lanes][A32][I6]") {
  Lanes lanes;
  std::vector<std::unique_ptr<Actor>> actors;
  for (int i = 0; i < 6; ++i) {
    actors.push_back(std::make_unique<Actor>(lanes));
    CHECK(actors.back()->ask("a") == (i == 0 ? Entry::entered : Entry::queued));
  }
  for (std::size_t turn = 0; turn < actors.size(); ++turn) {
    for (std::size_t i = turn; i < actors.size(); ++i) {
      CHECK(actors[i]->inside() == (i == turn));
      CHECK(actors[i]->sleeper.wakes == (i == turn && turn != 0 ? 1 : 0));
      CHECK(actors[i]->woken() == (i == turn && turn != 0));
    }
    actors[turn]->leave();
  }
  CHECK(lanes.size() == 0);
  Actor next(lanes);
  CHECK(next.ask("a") == Entry::entered);
}

TEST_CASE("interactions do not wait for one another, even in one bucket", "[lanes]") {
  Lanes lanes;
  const std::string a = "550e8400";
  const std::string b = same_bucket(a);
  Actor a1(lanes), b1(lanes), a2(lanes), b2(lanes), a3(lanes);
  CHECK(a1.ask(a) == Entry::entered);
  CHECK(b1.ask(b) == Entry::entered);
  CHECK(a2.ask(a) == Entry::queued);
  CHECK(b2.ask(b) == Entry::queued);
  CHECK(a3.ask(a) == Entry::queued);
  b1.leave();
  CHECK(b2.inside());
  CHECK_FALSE(a2.inside());
  a1.leave();
  CHECK(a2.inside());
  CHECK_FALSE(a3.inside());
  b2.leave();
  a2.leave();
  CHECK(a3.inside());
  CHECK(a3.sleeper.wakes == 1);
}

TEST_CASE("keys are compared by their text, not by where it stands", "[lanes]") {
  Lanes lanes;
  const std::string one = "interaction", two = "interaction", shorter = "interactio";
  Actor a(lanes), b(lanes), c(lanes);
  CHECK(a.ask(one) == Entry::entered);
  CHECK(b.ask(two) == Entry::queued);
  CHECK(c.ask(shorter) == Entry::entered);
}

TEST_CASE("one who stops waiting loses the place, wherever it was in the queue", "[lanes]") {
  for (const std::size_t quitter : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    Lanes lanes;
    std::vector<std::unique_ptr<Actor>> actors;
    for (int i = 0; i < 4; ++i) {
      actors.push_back(std::make_unique<Actor>(lanes));
      (void)actors.back()->ask("a");
    }
    actors[quitter]->leave();
    CHECK(lanes.size() == 3);
    for (const auto& each : actors) CHECK(each->sleeper.wakes == 0);  // its going is no turn for anybody
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == quitter) continue;
      CHECK(actors[i]->inside());
      actors[i]->leave();
    }
    CHECK(actors[quitter]->sleeper.wakes == 0);
    CHECK(lanes.size() == 0);
  }
}

TEST_CASE("one who was given the lane and leaves without using it passes it on", "[lanes]") {
  Lanes lanes;
  Actor first(lanes), second(lanes), third(lanes);
  (void)first.ask("a");
  (void)second.ask("a");
  (void)third.ask("a");
  first.leave();
  REQUIRE(second.woken());
  second.leave();  // its deadline passed while it was being woken
  CHECK(third.inside());
  CHECK(third.woken());
}

TEST_CASE("a full house refuses, and the refused permit takes and wakes nobody", "[lanes][I20]") {
  Lanes lanes(2);
  Actor first(lanes), second(lanes), refused(lanes), another(lanes);
  CHECK(first.ask("a") == Entry::entered);
  CHECK(second.ask("a") == Entry::queued);
  CHECK(refused.ask("a") == Entry::full);
  CHECK(another.ask("b") == Entry::full);
  CHECK(lanes.size() == 2);
  CHECK_FALSE(refused.inside());
  refused.leave();
  CHECK(lanes.size() == 2);
  CHECK_FALSE(second.inside());
  first.leave();
  CHECK(second.inside());
  CHECK(another.ask("b") == Entry::entered);
  Lanes closed(0);
  Actor nobody(closed);
  CHECK(closed.size() == 0);
  CHECK(nobody.ask("a") == Entry::full);
  CHECK(lanes_full().value().code() == ErrorCode::queue_full);
}

TEST_CASE("a permit that never asked leaves in peace", "[lanes]") {
  Lanes lanes;
  { Actor idle(lanes); }
  Actor a(lanes);
  CHECK(a.ask("") == Entry::entered);
}

TEST_CASE("the queues hold under thousands of keys in any order of leaving", "[lanes]") {
  Lanes lanes;
  std::vector<std::string> keys;
  for (int k = 0; k < 1000; ++k) keys.push_back("key-" + std::to_string(k));
  std::vector<std::unique_ptr<Actor>> actors;
  for (int round = 0; round < 3; ++round)
    for (const std::string& key : keys) {
      actors.push_back(std::make_unique<Actor>(lanes));
      REQUIRE(actors.back()->ask(key) == (round == 0 ? Entry::entered : Entry::queued));
    }
  CHECK(lanes.size() == 3000);
  // The middle round gives up in a scattered order, the first leaves, and the last is inside.
  for (std::size_t i = 0; i < 1000; ++i) actors[1000 + i * 7 % 1000]->leave();
  for (std::size_t i = 0; i < 1000; ++i) {
    REQUIRE_FALSE(actors[2000 + i]->inside());
    actors[i]->leave();
    REQUIRE(actors[2000 + i]->inside());
  }
  CHECK(lanes.size() == 1000);
}

TEST_CASE("awaiting a turn ends with the turn, with the deadline, or with a cancellation", "[lanes]") {
  Lanes lanes;
  BenchOperation operation;
  operation.begin("i", seconds{10});
  Actor first(lanes);
  (void)first.ask("a");
  LanePermit permit(lanes, operation);
  REQUIRE(lanes.ask("a", permit) == Entry::queued);
  Protocol<Result<void>> turn = await_turn(operation, lanes, permit);
  turn.start();
  REQUIRE(operation.pending.kind() == PendingEffect::Kind::wait);
  CHECK(operation.pending.wait().deadline == operation.deadline);
  SECTION("the turn") {
    operation.now += seconds{3};
    first.leave();
    CHECK(operation.wakes == 1);
    operation.step();
    REQUIRE(turn.done());
    CHECK(turn.take());
    CHECK(operation.slept == seconds{3});
  }
  SECTION("the turn that came together with the deadline is a turn") {
    operation.now += seconds{10};
    first.leave();
    operation.step();
    REQUIRE(turn.done());
    CHECK(turn.take());
  }
  SECTION("the deadline") {
    operation.step();
    REQUIRE(turn.done());
    CHECK(turn.take().error().code() == ErrorCode::deadline_exceeded);
    CHECK(operation.slept == seconds{10});
  }
  SECTION("a cancellation, even when the turn had come") {
    first.leave();
    operation.pending.wait().cancelled = true;
    operation.step();
    REQUIRE(turn.done());
    CHECK(turn.take().error().code() == ErrorCode::cancelled);
  }
}
