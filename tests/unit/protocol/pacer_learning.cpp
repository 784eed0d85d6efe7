// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <deque>
#include <iterator>
#include <list>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <patchbay/protocol/pacer.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

using Answer = Pacer::Answer;

constexpr SteadyTime at{std::chrono::hours{5}};
const std::optional<RateLimitStatus> unsaid;

bool told_off(Pacer& pacer, SteadyTime now, std::optional<Duration> retry_after = std::nullopt, int status = 429) {
  return pacer.answered(now, now, status, retry_after, unsaid);
}
void limits(Pacer& pacer, SteadyTime now, int allowed, int count, int reset) {
  pacer.answered(now, now, 200, std::nullopt, RateLimitStatus(allowed, count, seconds{reset}));
}
/// When a request that asks at `now` may start, however often it has to ask; its turn ends then.
SteadyTime start_of(Pacer& pacer, SteadyTime now) {
  PacerTurn turn;
  while (pacer.ask(turn, now, never) == Answer::wait) now = turn.at();
  return now;
}

/// When each of these, which wait, starts; each ends as it starts.
std::vector<SteadyTime> starts_of(Pacer& pacer, std::deque<PacerTurn>& turns, SteadyTime now) {
  std::vector<SteadyTime> started(turns.size(), never);
  for (std::size_t left = turns.size(); left != 0;) {
    SteadyTime next = never;
    for (std::size_t i = 0; i < turns.size(); ++i)
      if (started[i] == never) next = std::min(next, turns[i].at());
    now = std::max(now, next);
    for (std::size_t i = 0; i < turns.size(); ++i) {
      if (started[i] != never || turns[i].at() > now || pacer.ask(turns[i], now, never) != Answer::go) continue;
      turns[i].end();
      started[i] = now;
      --left;
    }
  }
  return started;
}

}  // namespace

TEST_CASE("a pacer without a ceiling spaces nothing until the cloud complains", "[pacer]") {
  Pacer pacer;
  CHECK(std::isinf(pacer.rate()));
  std::deque<PacerTurn> turns(1000);
  for (PacerTurn& turn : turns) CHECK(pacer.ask(turn, at, at) == Answer::go);
  CHECK(start_of(pacer, at) == at);
  CHECK(pacer.closed_until() < at);
  CHECK_FALSE(told_off(pacer, at));
  CHECK(pacer.rate() == 300);
  // Ten at once, as a lone operation's attempts are, and then five a second.
  for (int i = 0; i < 10; ++i) CHECK(start_of(pacer, at) == at);
  CHECK(start_of(pacer, at) == at + milliseconds{200});
}

TEST_CASE("a wait that the server asks for closes the scope to everybody", "[pacer][I9]") {
  for (const int status : {429, 503}) {
    Pacer pacer;
    CHECK(told_off(pacer, at, seconds{5}, status));
    CHECK(pacer.closed_until() == at + seconds{5});
    PacerTurn impatient;
    CHECK(pacer.ask(impatient, at, at + seconds{5} - Duration{1}) == Answer::too_late);
    CHECK(impatient.at() == at + seconds{5});
    CHECK(pacer.waiting() == 0);
    PacerTurn early;
    CHECK(pacer.ask(early, at, at + seconds{4}) == Answer::too_late);
    CHECK(start_of(pacer, at + seconds{1}) == at + seconds{5});
    CHECK(start_of(pacer, at + seconds{1}) == at + milliseconds{5200});  // not all at once when it opens
  }
  SECTION("a 503 without a wait closes nothing, and lowers nothing") {
    Pacer pacer;
    CHECK_FALSE(told_off(pacer, at, std::nullopt, 503));
    CHECK(std::isinf(pacer.rate()));
  }
  SECTION("a shorter wait that comes later takes nothing back") {
    Pacer pacer(60);
    CHECK(told_off(pacer, at, seconds{30}));
    CHECK_FALSE(told_off(pacer, at + seconds{1}, seconds{2}));
    CHECK(pacer.closed_until() == at + seconds{30});
    CHECK_FALSE(told_off(pacer, at + seconds{1}, seconds{60}));  // longer, but it was closed
    CHECK(pacer.closed_until() == at + seconds{61});
  }
  SECTION("no answer closes it for more than a day, and nothing wraps") {
    Pacer pacer;
    CHECK(told_off(pacer, at, Duration::max()));
    CHECK(pacer.closed_until() == at + std::chrono::hours{24});
    CHECK(told_off(pacer, never - seconds{1}, Duration::max()));
    CHECK(pacer.closed_until() == never);
  }
}

TEST_CASE("who waits when the scope is closed keeps the order, behind the closing, and newcomers come after", "[pacer][I9][L6]") {
  Pacer pacer(60);  // one a second
  REQUIRE(start_of(pacer, at) == at);
  std::deque<PacerTurn> turns(3);
  for (PacerTurn& turn : turns) REQUIRE(pacer.ask(turn, at, never) == Answer::wait);
  SECTION("closed") {
    CHECK(told_off(pacer, at + milliseconds{500}, seconds{10}, 503));  // a 503 leaves the rate of a ceiling alone
    turns.emplace_back();
    REQUIRE(pacer.ask(turns.back(), at + milliseconds{600}, never) == Answer::wait);
    const SteadyTime open = at + milliseconds{10'500};
    CHECK(turns.back().at() == open);
    CHECK(starts_of(pacer, turns, at + seconds{1}) == std::vector{open, open + seconds{1}, open + seconds{2}, open + seconds{3}});
  }
  SECTION("slower") {
    CHECK_FALSE(told_off(pacer, at));
    told_off(pacer, at + Duration{1});
    const std::vector<SteadyTime> starts = starts_of(pacer, turns, at);
    CHECK(starts[0] == at + seconds{1});
    CHECK(starts[1] - starts[0] > seconds{2});
    CHECK(starts[2] - starts[1] == starts[1] - starts[0]);
  }
  SECTION("one whose turn has moved beyond its limit hears it when it asks again, and goes away") {
    CHECK(pacer.ask(turns[2], at, at + seconds{3}) == Answer::wait);
    CHECK(told_off(pacer, at, seconds{2}, 503));
    CHECK(pacer.ask(turns[2], at + seconds{1}, at + seconds{3}) == Answer::too_late);
    CHECK(turns[2].at() == at + seconds{4});
    CHECK(pacer.waiting() == 2);
  }
}

TEST_CASE("the queue of a pacer is bounded, and a turn that is given up makes room", "[pacer][I20]") {
  Pacer pacer(60, 1, 3);
  std::deque<PacerTurn> turns(4);
  for (PacerTurn& turn : turns) static_cast<void>(pacer.ask(turn, at, never));
  CHECK(pacer.waiting() == 3);
  PacerTurn next;
  CHECK(pacer.ask(next, at, never) == Answer::full);
  CHECK(pacer.ask(next, at, at + seconds{1}) == Answer::too_late);  // what it would be told anyway
  turns[1].end();  // those behind it move up
  REQUIRE(pacer.ask(next, at, never) == Answer::wait);
  next.end();
  std::deque<PacerTurn> left(1);
  REQUIRE(pacer.ask(left[0], at, never) == Answer::wait);
  CHECK(pacer.ask(turns[2], at + seconds{1}, never) == Answer::go);
  CHECK(pacer.ask(turns[3], at + seconds{2}, never) == Answer::go);
  CHECK(starts_of(pacer, left, at) == std::vector{at + seconds{3}});
}

TEST_CASE("who waits long asks again after a second, and so hears soon that it may go earlier", "[pacer]") {
  Pacer pacer(6);  // one in ten seconds
  std::deque<PacerTurn> turns(4);
  for (PacerTurn& turn : turns) static_cast<void>(pacer.ask(turn, at, never));
  turns[0].end();
  CHECK(turns[3].at() == at + seconds{1});
  turns[1].end(), turns[2].end();
  CHECK(pacer.ask(turns[3], at + seconds{1}, never) == Answer::wait);
  CHECK(pacer.ask(turns[3], at + seconds{10}, never) == Answer::go);
}

TEST_CASE("those who leave the middle of the queue stand before nobody any more", "[pacer][L6]") {
  Pacer pacer(60);  // one a second
  REQUIRE(start_of(pacer, at) == at);
  std::deque<PacerTurn> turns(100);
  for (PacerTurn& turn : turns) REQUIRE(pacer.ask(turn, at, never) == Answer::wait);
  PacerTurn hasty;
  CHECK(pacer.ask(hasty, at, at + seconds{30}) == Answer::too_late);
  CHECK(hasty.at() == at + seconds{101});
  for (std::size_t i = 1; i < 99; ++i) turns[i].end();
  CHECK(pacer.waiting() == 2);
  CHECK(pacer.ask(turns[99], at, at + seconds{2} - Duration{1}) == Answer::too_late);
  CHECK(turns[99].at() == at + seconds{2});
  CHECK(pacer.ask(hasty, at, at + seconds{2}) == Answer::wait);  // in its place
  CHECK(pacer.ask(turns[99], at, at + seconds{30}) == Answer::wait);
  CHECK(pacer.ask(turns[0], at + seconds{1}, never) == Answer::go);
  CHECK(pacer.ask(hasty, at + seconds{2}, never) == Answer::go);
  CHECK(pacer.ask(turns[99], at + seconds{3}, at + seconds{3}) == Answer::go);
}

TEST_CASE("at random: everybody is told the turn that those before it leave, whoever comes and goes", "[pacer][L6]") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    Pacer pacer(60);
    const auto limit = [](std::size_t place) { return at + seconds{place + 1}; };
    REQUIRE(start_of(pacer, at) == at);
    std::vector<std::unique_ptr<PacerTurn>> model;
    for (int i = 0; i < 2000; ++i) {
      const std::size_t size = model.size();
      if (random() % 100 < 55) {
        auto turn = std::make_unique<PacerTurn>();
        REQUIRE(pacer.ask(*turn, at, limit(size) - Duration{1}) == Answer::too_late);
        REQUIRE(turn->at() == limit(size));
        REQUIRE(pacer.ask(*turn, at, limit(size)) == Answer::wait);
        model.push_back(std::move(turn));
      } else if (size != 0) {
        model.erase(model.begin() + static_cast<std::ptrdiff_t>(random() % 3 == 0 ? 0 : random() % size));
      }
      REQUIRE(pacer.waiting() == model.size());
      if (model.empty()) continue;
      const std::size_t place = random() % model.size();
      REQUIRE(pacer.ask(*model[place], at, limit(place)) == Answer::wait);
      if (random() % 20 != 0) continue;
      REQUIRE(pacer.ask(*model[place], at, limit(place) - Duration{1}) == Answer::too_late);  // which takes it out
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(place));
    }
    // In their order, one a second.
    for (std::size_t i = 0; i < model.size(); ++i) REQUIRE(pacer.ask(*model[i], limit(i), limit(i)) == Answer::go);
  }
}

TEST_CASE("who only looks for a turn takes none", "[pacer]") {
  Pacer pacer(60);
  PacerTurn kept_back, next;
  CHECK(pacer.look(kept_back, at, never) == Answer::go);
  CHECK(pacer.in_flight() == 0);
  CHECK(start_of(pacer, at) == at);
  CHECK(pacer.look(kept_back, at, at) == Answer::too_late);
  CHECK(pacer.look(kept_back, at, never) == Answer::wait);
  CHECK(pacer.ask(next, at, never) == Answer::wait);
  CHECK(pacer.waiting() == 2);
  CHECK(pacer.look(kept_back, at + seconds{1}, never) == Answer::go);
  CHECK(pacer.waiting() == 1);
  CHECK(pacer.ask(next, at + seconds{1}, never) == Answer::go);
}

TEST_CASE("nobody waits for long for one that does not come for its turn", "[pacer][L6]") {
  Pacer pacer(60);
  REQUIRE(start_of(pacer, at) == at);
  PacerTurn stuck;
  REQUIRE(pacer.ask(stuck, at, never) == Answer::wait);
  std::deque<PacerTurn> turns(3);
  for (PacerTurn& turn : turns) REQUIRE(pacer.ask(turn, at, never) == Answer::wait);
  const std::vector<SteadyTime> starts = starts_of(pacer, turns, at + seconds{1});
  CHECK(starts[0] <= at + seconds{4});
  CHECK(starts[1] == starts[0] + seconds{1});
  CHECK(starts[2] == starts[1] + seconds{1});
  CHECK(pacer.waiting() == 1);
  // When it comes after all it is the first.
  turns.clear(), turns.resize(2);
  for (PacerTurn& turn : turns) REQUIRE(pacer.ask(turn, starts[2], never) == Answer::wait);
  REQUIRE(pacer.ask(stuck, starts[2], never) == Answer::wait);
  CHECK(pacer.ask(turns[0], starts[2] + seconds{1}, never) == Answer::wait);
  CHECK(pacer.ask(stuck, starts[2] + seconds{1}, never) == Answer::go);
}

TEST_CASE("a 429 lowers the rate once for all that was sent before it, and answers raise it again", "[pacer][L4]") {
  Pacer pacer(300, 1);
  std::vector<SteadyTime> sent(50, at);
  for (const SteadyTime each : sent) pacer.answered(at + seconds{1}, each, 429, std::nullopt, unsaid);
  CHECK(pacer.rate() == Approx(210));
  pacer.answered(at + seconds{2}, at + seconds{1}, 429, std::nullopt, unsaid);
  CHECK(pacer.rate() == Approx(147));
  SECTION("never below a 64th") {
    SteadyTime now = at + seconds{3};
    for (int i = 0; i < 100; ++i, now += seconds{1}) told_off(pacer, now);
    CHECK(pacer.rate() == Approx(300.0 / 64));
    int answers = 0;
    const SteadyTime from = now;
    while (pacer.rate() < 270) {
      now = start_of(pacer, now);
      pacer.answered(now, now, 200, std::nullopt, unsaid);
      ++answers;
    }
    CHECK(answers <= 50);
    CHECK(now - from < seconds{60});
  }
  SECTION("every answer that is no complaint counts, others do not") {
    for (const int status : {200, 202, 304, 404, 409, 412}) {
      const double before = pacer.rate();
      pacer.answered(at + seconds{3}, at + seconds{3}, status, std::nullopt, unsaid);
      CHECK(pacer.rate() == Approx(before + 6));
    }
    const double before = pacer.rate();
    pacer.answered(at + seconds{3}, at + seconds{3}, 500, std::nullopt, unsaid);
    CHECK(pacer.rate() == before);
    for (int i = 0; i < 100; ++i) pacer.answered(at + seconds{3}, at + seconds{3}, 200, std::nullopt, unsaid);
    CHECK(pacer.rate() == 300);
  }
  SECTION("without a ceiling it ends where it began: nothing is spaced") {
    Pacer open;
    SteadyTime now = at;
    for (int i = 0; i < 20; ++i, now += seconds{1}) told_off(open, now);
    const SteadyTime from = now;
    while (!std::isinf(open.rate())) {
      now = start_of(open, now);
      open.answered(now, now, 200, std::nullopt, unsaid);
    }
    CHECK(now - from < seconds{60});
    for (int i = 0; i < 1000; ++i) CHECK(start_of(open, now) == now);
  }
}

TEST_CASE("what is left of the window is spread once little of it is left", "[pacer][rate_limit]") {
  Pacer pacer;
  limits(pacer, at, 300, 225, 29);
  for (int i = 0; i < 100; ++i) CHECK(start_of(pacer, at) == at);  // a quarter: plenty
  limits(pacer, at, 300, 270, 29);
  // Thirty in thirty seconds, the added one included.
  CHECK(start_of(pacer, at) == at);
  for (int i = 1; i <= 30; ++i) CHECK(start_of(pacer, at) == at + seconds{i});
  SECTION("requests under way are taken for spent") {
    Pacer other;
    PacerTurn flying[20];
    limits(other, at, 300, 0, 29);
    for (PacerTurn& each : flying) REQUIRE(other.ask(each, at, at) == Answer::go);
    CHECK(other.in_flight() == 20);
    limits(other, at, 300, 270, 29);
    CHECK(start_of(other, at) == at);
    CHECK(start_of(other, at) == at + seconds{3});
  }
  SECTION("when nothing is left nobody sends before the window's end") {
    limits(pacer, at + seconds{1}, 300, 300, 28);
    CHECK(pacer.closed_until() == at + seconds{30});
    CHECK(start_of(pacer, at + seconds{1}) >= at + seconds{30});
  }
  SECTION("behind the window it is forgotten") {
    const SteadyTime next = at + seconds{60};
    for (int i = 0; i < 100; ++i) CHECK(start_of(pacer, next) == next);
  }
  SECTION("it never makes a pacer quicker than its own rate, nor gives it a burst") {
    Pacer slow(60, 5);
    limits(slow, at, 1000, 900, 9);
    for (int i = 0; i < 5; ++i) CHECK(start_of(slow, at) == at);
    CHECK(start_of(slow, at) == at + seconds{1});
    limits(slow, at + seconds{100}, 1000, 999, 9);
    CHECK(start_of(slow, at + seconds{100}) == at + seconds{100});
    CHECK(start_of(slow, at + seconds{100}) == at + seconds{110});
  }
}

TEST_CASE("a window that turns out to be short moves those who wait already", "[pacer][rate_limit]") {
  Pacer pacer(600, 1);  // ten a second
  REQUIRE(start_of(pacer, at) == at);
  std::deque<PacerTurn> turns(8);
  for (PacerTurn& turn : turns) REQUIRE(pacer.ask(turn, at, never) == Answer::wait);
  limits(pacer, at + milliseconds{50}, 100, 95, 9);  // five in ten seconds
  const SteadyTime first = at + milliseconds{100}, end = at + milliseconds{10'050};
  const std::vector<SteadyTime> starts = starts_of(pacer, turns, at);
  for (std::size_t i = 0; i < 5; ++i) CHECK(starts[i] == first + seconds{2 * i});
  for (std::size_t i = 5; i < 8; ++i) CHECK(starts[i] == end + milliseconds{100} * (i - 5));  // the next window
}

TEST_CASE("against a server with a hard limit, told by fields alone, hardly a request is refused", "[pacer][rate_limit][L4]") {
  // 300 a window of 60 s; 64 callers who ask as quickly as they are let, and answers that take 80 ms.
  Pacer pacer;
  std::deque<std::pair<SteadyTime, SteadyTime>> answers;  // due, sent
  SteadyTime now = at;
  int count = 0, refused = 0, served = 0;
  SteadyTime window = at;
  std::deque<PacerTurn> turns(64);
  std::vector<SteadyTime> next(64, at);
  std::vector<bool> flying(64);
  std::vector<SteadyTime> sent(64);
  while (now < at + std::chrono::minutes{10}) {
    const auto at_turn = std::min_element(next.begin(), next.end());
    const auto i = static_cast<std::size_t>(at_turn - next.begin());
    now = *at_turn;
    while (now >= window + seconds{60}) window += seconds{60}, count = 0;
    if (flying[i]) {
      turns[i].end();
      flying[i] = false;
      const auto reset = static_cast<int>(std::chrono::duration_cast<seconds>(window + seconds{60} - now).count());
      const bool fine = ++count <= 300;
      ++(fine ? served : refused);
      pacer.answered(now, sent[i], fine ? 200 : 429, std::nullopt, RateLimitStatus(300, std::min(count, 300), seconds{reset}));
      continue;
    }
    switch (pacer.ask(turns[i], now, never)) {
      case Answer::go: flying[i] = true, sent[i] = now, next[i] = now + milliseconds{80}; break;
      case Answer::wait: next[i] = turns[i].at(); break;
      default: FAIL("no turn");
    }
  }
  INFO("served " << served << ", refused " << refused);
  CHECK(refused <= served / 100);
  CHECK(served >= 10 * 300 * 8 / 10);
}

TEST_CASE("at random: never in a closed scope, never quicker than the ceiling, first come first served, bounded", "[pacer][I9][I20][L4][L6]") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    const bool ceiling = seed % 3 != 0;
    constexpr std::size_t most = 50;
    Pacer made(600, 1 + static_cast<int>(seed % 4), most);
    Pacer without;
    Pacer& pacer = ceiling ? made : without;
    struct Asker {
      explicit Asker(int number_in) : number(number_in) {}
      PacerTurn turn;
      int number;
      SteadyTime next{};
      int overtaken = 0;
    };
    std::list<Asker> queue;
    SteadyTime now = at, closed = SteadyTime::min();
    const bool calm = seed % 2 == 0;  // nobody complains, and nobody goes away
    int asked = 0, last_started = -1;
    std::vector<SteadyTime> starts;
    const auto start = [&](Asker& who) {
      REQUIRE(now >= closed);
      if (calm) REQUIRE(who.number > last_started);
      for (Asker& each : queue) each.overtaken += each.number < who.number ? 1 : 0;
      REQUIRE(who.overtaken <= static_cast<int>(most));
      last_started = who.number;
      starts.push_back(now);
    };
    for (int i = 0; i < 5000; ++i) {
      SteadyTime event = now + milliseconds{random() % 200};
      auto first = std::min_element(queue.begin(), queue.end(), [](const Asker& a, const Asker& b) {
        return a.next != b.next ? a.next < b.next : a.number < b.number;
      });
      if (first != queue.end() && first->next <= event) {
        now = std::max(now, first->next);
        const Answer answer = pacer.ask(first->turn, now, never);
        REQUIRE((answer == Answer::go || answer == Answer::wait));
        if (answer == Answer::go) {
          start(*first);
          queue.erase(first);
        } else {
          first->next = first->turn.at();
        }
        continue;
      }
      now = event;
      const auto what = random() % 100;
      if (what < 70 || (calm && what < 85)) {
        queue.emplace_back(asked++);
        switch (pacer.ask(queue.back().turn, now, never)) {
          case Answer::go: start(queue.back()), queue.pop_back(); break;
          case Answer::wait: queue.back().next = queue.back().turn.at(); break;
          case Answer::full: REQUIRE(queue.size() > most); queue.pop_back(); break;
          case Answer::too_late: FAIL("nothing is too late");
        }
      } else if (what < 75) {
        const Duration wait = milliseconds{random() % 8000};
        pacer.answered(now, now - milliseconds{random() % 500}, random() % 2 ? 429 : 503, wait, unsaid);
        closed = std::max(closed, now + wait);
      } else if (what < 80) {
        pacer.answered(now, now, 429, std::nullopt, unsaid);
      } else if (what < 85 && !queue.empty()) {
        queue.erase(std::next(queue.begin(), static_cast<std::ptrdiff_t>(random() % queue.size())));
      } else {
        pacer.answered(now, now, 200, std::nullopt, unsaid);
      }
      if (ceiling) REQUIRE(pacer.waiting() == queue.size());
      REQUIRE(pacer.waiting() <= (ceiling ? most : Pacer::default_max_waiting));
    }
    // A turn that was lost, or a wake-up behind its own time, may bunch two together, but no span has more than its share.
    if (ceiling)
      for (std::size_t i = 0; i + 40 < starts.size(); ++i) CHECK(starts[i + 40] - starts[i] >= milliseconds{100} * 30);
    // Healed: at full use the rate is back soon, and nobody is left behind.
    now = std::max(now, closed);
    const SteadyTime healed = now;
    while (!queue.empty()) {
      const auto first = std::min_element(queue.begin(), queue.end(), [](const Asker& a, const Asker& b) { return a.next < b.next; });
      now = std::max(now, first->next);
      if (pacer.ask(first->turn, now, never) == Answer::go) {
        queue.erase(first);
        pacer.answered(now, now, 200, std::nullopt, unsaid);
      } else {
        first->next = first->turn.at();
      }
    }
    CHECK(now < healed + std::chrono::minutes{1});
    while (pacer.rate() < 540 && now < healed + std::chrono::minutes{2}) {
      now = start_of(pacer, now);
      pacer.answered(now, now, 200, std::nullopt, unsaid);
    }
    CHECK(pacer.rate() >= 540);
  }
}
