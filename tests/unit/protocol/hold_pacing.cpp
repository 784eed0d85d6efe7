// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <patchbay/protocol/hold_session.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

using Kind = HoldAction::Kind;

/// A session driven by hand, with its channel open.
class Driven {
 public:
  explicit Driven(std::shared_ptr<Pacer> pacer) : settings(with(std::move(pacer))), session(settings, metrics) {
    session.want(now);
    REQUIRE(session.next(now).kind == Kind::connect);
    session.opened(1, now);
    session.tick(now, 0);
    REQUIRE(session.next(now).kind == Kind::none);
  }
  static HoldSettings with(std::shared_ptr<Pacer> pacer) {
    HoldSettings settings;
    settings.pacer = std::move(pacer);
    settings.ack_timeout = std::chrono::hours{1};
    return settings;
  }
  HoldCall& call(HoldVerb verb, int interaction, Duration deadline = seconds{300}) {
    const std::string id = std::to_string(calls.size());
    calls.push_back(std::make_unique<HoldCall>(verb, id, "i" + std::to_string(interaction), id, after(now, deadline)));
    sent.push_back(false);
    session.submit(*calls.back(), now);
    return *calls.back();
  }
  /// What is sent now, by number; -1: nothing.
  int send() {
    session.tick(now, 0);
    for (;;) {
      const HoldAction action = session.next(now);
      if (action.kind == Kind::none) return -1;
      const int which = action.kind == Kind::send ? std::stoi(std::string(action.text)) : -2;
      session.sent(action.epoch);
      if (which >= 0) return sent[static_cast<std::size_t>(which)] = true, which;
    }
  }
  std::vector<int> send_all() {
    std::vector<int> out;
    for (int each = send(); each >= 0; each = send()) out.push_back(each);
    return out;
  }
  void ack(int which, std::string_view type) {
    Body body;
    body.append(R"({"correlationId":")" + std::to_string(which) + R"(","body":{"type":")" + std::string(type) + "\"}}");
    session.text(1, body, now);
  }

  SteadyTime now{std::chrono::hours{1}};
  HoldMetrics metrics;
  HoldSettings settings;
  HoldSession session;
  std::vector<std::unique_ptr<HoldCall>> calls;
  std::vector<bool> sent;  ///< Of the calls of the same number.
};

}  // namespace

TEST_CASE("paced holds are sent one by one, and the session says when the next is due", "[hold][session][pacer]") {
  Driven d(std::make_shared<Pacer>(60.0, 2));
  for (int i = 0; i < 5; ++i) d.call(HoldVerb::hold, i);
  CHECK(d.send_all() == std::vector{0, 1});
  const SteadyTime begun = d.now;
  for (int i = 2; i < 5; ++i) {
    CHECK(d.session.next_deadline() == begun + seconds{i - 1});
    CHECK(d.send_all().empty());
    d.now = d.session.next_deadline();
    CHECK(d.send_all() == std::vector{i});
  }
  CHECK(d.session.next_deadline() > d.now + seconds{2});  // nothing to be paced any more
  CHECK(d.metrics.snapshot()[ExchangeCount::paced_waits] == 3);
}

TEST_CASE("a release is sent at once, whatever the pacer says, and takes nothing from the holds", "[hold][session][pacer][I14][B7]") {
  const auto pacer = std::make_shared<Pacer>(60.0);
  Driven d(pacer);
  d.call(HoldVerb::hold, 0);
  CHECK(d.send_all() == std::vector{0});
  d.call(HoldVerb::hold, 1);
  CHECK(d.send_all().empty());
  pacer->answered(d.now, d.now, 429, std::chrono::hours{1}, std::nullopt);
  for (int i = 0; i < 20; ++i) d.call(HoldVerb::unhold, 10 + i);
  CHECK(d.send_all().size() == 20);
  d.call(HoldVerb::unhold, 0);  // of the hold that is under way
  CHECK(d.send_all() == std::vector{22});
  CHECK(d.send_all().empty());
  d.now += std::chrono::minutes{2};
  CHECK(d.send_all().empty());
}

TEST_CASE("a release takes the place of a hold that waits for its turn, and the turn goes to the next", "[hold][session][pacer][B27]") {
  Driven d(std::make_shared<Pacer>(60.0));
  d.call(HoldVerb::hold, 0);
  CHECK(d.send_all() == std::vector{0});
  HoldCall& waiting = d.call(HoldVerb::hold, 1);
  CHECK(d.send_all().empty());
  d.call(HoldVerb::unhold, 1);
  CHECK(waiting.end == CallEnd::superseded);
  CHECK(d.send_all() == std::vector{2});
  CHECK(d.session.next_deadline() > d.now + seconds{5});  // no hold waits, so no turn is waited for
  d.call(HoldVerb::hold, 3);
  CHECK(d.send_all().empty());
  d.now += seconds{1};
  CHECK(d.send_all() == std::vector{3});
}

TEST_CASE("a hold whose turn does not come before its deadline ends unsent", "[hold][session][pacer]") {
  Driven d(std::make_shared<Pacer>(6.0));
  d.call(HoldVerb::hold, 0);
  HoldCall& late = d.call(HoldVerb::hold, 1, seconds{4});
  CHECK(d.send_all() == std::vector{0});
  d.now += seconds{4};
  d.session.tick(d.now, 0);
  CHECK(late.end == CallEnd::out_of_time);
  CHECK(d.send_all().empty());
  CHECK_FALSE(d.session.registry().since("i1"));
}

TEST_CASE("sessions that share a pacer take turns", "[hold][session][pacer][L6]") {
  const auto pacer = std::make_shared<Pacer>(60.0);
  Driven a(pacer), b(pacer);
  for (int i = 0; i < 10; ++i) a.call(HoldVerb::hold, i), b.call(HoldVerb::hold, 100 + i);
  std::size_t from_a = 0, from_b = 0;
  for (int second = 0; second < 10; ++second) {
    from_a += a.send_all().size(), from_b += b.send_all().size();
    a.now += seconds{1}, b.now += seconds{1};
  }
  CHECK(from_a + from_b == 10);
  CHECK((from_a >= 4 && from_a <= 6));
}

TEST_CASE("at random: holds keep the rate, releases go first and at once, and nothing is left behind", "[hold][session][pacer][I6][I14][L6]") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    Driven d(std::make_shared<Pacer>(600.0, 3));
    std::deque<SteadyTime> holds_sent;
    const auto pump = [&] {
      for (int which = d.send(); which >= 0; which = d.send()) {
        const HoldCall& call = *d.calls[static_cast<std::size_t>(which)];
        if (call.verb == HoldVerb::unhold) continue;
        holds_sent.push_back(d.now);
        // Four in a row take at least one interval beyond the burst.
        if (holds_sent.size() > 3) REQUIRE(d.now - holds_sent[holds_sent.size() - 4] >= milliseconds{100});
      }
    };
    for (int i = 0; i < 600; ++i) {
      const bool release = random() % 3 == 0;
      HoldCall& call = d.call(release ? HoldVerb::unhold : HoldVerb::hold, static_cast<int>(random() % 40));
      pump();
      if (release) REQUIRE(call.end == CallEnd::pending);
      if (release) REQUIRE(d.sent.back());
      if (random() % 2 == 0) {
        const int which = static_cast<int>(random() % d.calls.size());
        const HoldCall& answered = *d.calls[static_cast<std::size_t>(which)];
        if (answered.end == CallEnd::pending && d.sent[static_cast<std::size_t>(which)])
          d.ack(which, answered.verb == HoldVerb::hold ? "hold" : "unhold");
      }
      d.now += milliseconds{random() % 60};
      pump();
    }
    // Everything is acknowledged as it is sent: soon nothing is queued.
    for (int i = 0; i < 20'000 && d.session.table().pending() != 0; ++i) {
      for (std::size_t k = 0; k < d.calls.size(); ++k) {
        const HoldCall& call = *d.calls[k];
        if (call.end != CallEnd::pending) continue;
        if (d.sent[k]) d.ack(static_cast<int>(k), call.verb == HoldVerb::hold ? "hold" : "unhold");
      }
      d.now += milliseconds{20};
      pump();
    }
    CHECK(d.session.table().pending() == 0);
  }
}
