// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/admission.hpp>

#include <algorithm>
#include <random>
#include <string>

#include "bench.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

using Reply = World::Reply;

/// Invariant I9: from the moment at which a wait is heard of, nothing is sent before its end.
void check_closed_scopes(const World& world) {
  for (const auto& [heard, until] : world.closed) {
    const auto next = std::upper_bound(world.sent.begin(), world.sent.end(), heard);  // sent in order
    CHECK((next == world.sent.end() || *next >= until));
  }
}
int count(const World& world, ErrorCode code) {
  return static_cast<int>(std::count_if(world.ended.begin(), world.ended.end(), [&](const auto& e) { return e && e->code() == code; }));
}

}  // namespace

TEST_CASE("after one answer with a wait no operation sends anything before its end", "[admission][I9][A8]") {
  World world(world_settings(), 1);
  const SteadyTime begun = world.now;
  int asked = 0;
  world.server = [&] { return asked++ == 0 ? Reply{.status = 429, .retry_after = seconds{5}} : Reply{}; };
  world.read_at(begun);
  for (int i = 0; i < 50; ++i) world.read_at(begun + milliseconds{30 + i});
  world.run();
  CHECK(world.successes == 51);
  CHECK(world.sent.size() == 52);
  check_closed_scopes(world);
  CHECK(std::count_if(world.sent.begin(), world.sent.end(), [&](SteadyTime each) { return each < begun + seconds{5}; }) == 1);
  CHECK(world.ended_at.back() < begun + seconds{30});
}

TEST_CASE("a wait beyond the deadline, or the cap, ends those who would have to wait at once, and tells them how long", "[admission][I9][A8]") {
  World world(world_settings(), 1);
  const SteadyTime begun = world.now;
  const int wait = GENERATE(40, 3000);
  world.server = [&] { return Reply{.status = 503, .retry_after = seconds{wait}}; };
  world.read_at(begun);
  for (int i = 0; i < 20; ++i) world.read_at(begun + seconds{1}, wait == 40 ? seconds{30} : seconds{100'000});
  world.run();
  CHECK(world.sent.size() == 1);
  REQUIRE(world.ended.size() == 21);
  for (std::size_t i = 1; i < 21; ++i) {
    REQUIRE(world.ended[i]);
    CHECK(world.ended[i]->code() == ErrorCode::rate_limited);
    CHECK(world.ended[i]->retry_after() == seconds{wait} - milliseconds{980});
    CHECK(world.ended_at[i] == begun + seconds{1});
  }
}

TEST_CASE("with no success at all, requests are bounded by operations and the retry budget", "[admission][I8][retry_budget]") {
  for (const int kind : {0, 1, 2, 3}) {
    Settings settings = world_settings();
    const bool breaker = kind == 3;
    settings.guards = std::make_shared<HostGuards>(BreakerSettings{.enabled = breaker}, RetryBudgetSettings{});
    World world(settings, 7);
    constexpr int operations = 400;
    world.server = [&] {
      switch (kind) {
        case 0: return Reply{.status = 500};
        case 1: return Reply{.takes = seconds{60}};  // times out
        case 2: return Reply{.status = 429};
        default: return Reply{.fault = TransportFault::reset};
      }
    };
    for (int i = 0; i < operations; ++i) world.read_at(world.now + milliseconds{i});
    world.run();
    INFO("kind " << kind << ", requests " << world.sent.size());
    CHECK(world.ended.size() == operations);
    CHECK(world.successes == 0);
    CHECK(world.sent.size() <= operations + (kind == 1 ? 50 : 100));
    if (!breaker && kind != 2) CHECK(world.sent.size() == operations + (kind == 1 ? 50 : 100));
    const bool told = std::any_of(world.ended.begin(), world.ended.end(),
                                  [](const auto& e) { return e->message().find("retry budget of https://api.example.com is spent") != std::string::npos; });
    CHECK(told == (!breaker && kind != 2));  // of those told off, the pacer keeps back most
    CHECK(count(world, ErrorCode::queue_full) == 0);
    if (breaker) CHECK(count(world, ErrorCode::circuit_open) > operations / 2);
  }
}

TEST_CASE("a host that fails now and then is retried without end", "[admission][retry_budget]") {
  World world(world_settings(), 3);
  world.server = [&] { return Reply{.status = world.random() % 5 == 0 ? 503 : 200}; };
  for (int i = 0; i < 3000; ++i) world.read_at(world.now + milliseconds{10 * i});
  world.run();
  CHECK(world.successes > 2980);
  CHECK(world.settings.guards->of(world.gateway.api).budget.left() > 300);
}

TEST_CASE("an open circuit answers at once, says when to come back, and closes when the host is well again", "[admission][breaker][L4]") {
  World world(world_settings(), 5);
  const SteadyTime begun = world.now;
  bool healed = false;
  world.server = [&] { return healed ? Reply{} : Reply{.status = 502}; };
  for (int i = 0; i < 60; ++i) world.read_at(begun + milliseconds{10 * i});
  world.run(begun + seconds{2});
  REQUIRE(world.ended.size() == 60);
  const std::size_t before = world.sent.size();
  CHECK(before <= 40);
  const Error& late = *world.ended.back();
  CHECK(late.code() == ErrorCode::circuit_open);
  CHECK(late.outcome() == Outcome::not_applied);
  CHECK(late.retry_after() > milliseconds{3000});
  CHECK(late.retry_after() <= seconds{5});
  CHECK(late.message() == "too many of the last requests to https://api.example.com have failed, and it is left alone for a while");

  SECTION("the reading that resolves a write in doubt is not refused, though its host may fail it") {
    world.read_at(begun + seconds{2}, seconds{30}, true);
    world.run(begun + seconds{3});
    CHECK(world.sent.size() > before);
  }
  SECTION("healed, all is well within the time of one probe") {
    healed = true;
    for (int i = 0; i < 100; ++i) world.read_at(begun + seconds{6} + milliseconds{100 * i});
    world.run();
    CHECK(world.settings.guards->of(world.gateway.api).breaker.state() == CircuitBreaker::State::closed);
    CHECK(world.successes == 100);
  }
  SECTION("still ill, it hears two probes at most, and less and less often") {
    for (int i = 0; i < 2000; ++i) world.read_at(begun + seconds{6} + milliseconds{50 * i});
    world.run();
    CHECK(world.sent.size() - before <= 2 * 6);  // 5, 10, 20, 40 s
  }
}

TEST_CASE("a 4xx is a sign of life, and opens no circuit", "[admission][breaker]") {
  for (const int status : {400, 403, 404, 408, 422, 429}) {
    World world(world_settings(), 5);
    world.server = [&] { return Reply{.status = status}; };
    for (int i = 0; i < 100; ++i) world.read_at(world.now + milliseconds{10 * i});
    world.run();
    CHECK(world.settings.guards->of(world.gateway.api).breaker.state() == CircuitBreaker::State::closed);
    CHECK(count(world, ErrorCode::circuit_open) == 0);
  }
}

TEST_CASE("what finds the transport's own queue full opens no circuit, and costs nothing", "[admission][breaker][I20]") {
  World world(world_settings(), 5);
  const SteadyTime begun = world.now;
  world.server = [&] {
    if (world.now < begun + seconds{2}) return Reply{.fault = TransportFault::queue_full};
    return Reply{};
  };
  for (int i = 0; i < 60; ++i) world.read_at(begun + milliseconds{10 * i});
  for (int i = 0; i < 10; ++i) world.read_at(begun + seconds{2});
  world.run();
  CHECK(count(world, ErrorCode::queue_full) == 60);
  CHECK(world.successes == 10);
  CHECK(world.settings.guards->of(world.gateway.api).budget.left() == 500);
}

TEST_CASE("timeouts that short deadlines imposed open no circuit", "[admission][breaker]") {
  for (const bool hasty : {true, false}) {
    World world(world_settings(), 5);
    world.server = [&] { return Reply{.takes = hasty ? milliseconds{100} : seconds{20}}; };
    for (int i = 0; i < 100; ++i) world.read_at(world.now + milliseconds{10 * i}, hasty ? milliseconds{50} : milliseconds{2000});
    for (int i = 0; i < 10; ++i) world.read_at(world.now + seconds{3}, seconds{4});
    world.run();
    CHECK((world.settings.guards->of(world.gateway.api).breaker.state() == CircuitBreaker::State::closed) == hasty);
  }
}

TEST_CASE("the pacer's queue is bounded, and says so", "[admission][I20]") {
  Settings settings = world_settings();
  settings.pacer = std::make_shared<Pacer>(60, 1, 10);
  World world(settings, 1);
  for (int i = 0; i < 30; ++i) world.read_at(world.now);
  world.run();
  CHECK(world.successes == 11);
  CHECK(count(world, ErrorCode::queue_full) == 19);
  for (const auto& each : world.ended)
    if (each) CHECK(each->message().find("max_waiting") != std::string::npos);
}

TEST_CASE("at random: waits are kept, retries bounded, and after the trouble everything is well again", "[admission][I7][I8][I9][L4][L6]") {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    Settings settings = world_settings();
    const bool ceiling = seed % 2 == 0;
    if (ceiling) settings.pacer = std::make_shared<Pacer>(3000, 20);
    World world(settings, seed);
    std::mt19937 random(seed);
    const SteadyTime begun = world.now, healed = begun + seconds{40};
    const auto ill = random() % 90;
    world.server = [&] {
      const auto takes = milliseconds{1 + random() % 200};
      if (world.now >= healed || random() % 100 >= ill) return Reply{.takes = takes};
      switch (random() % 8) {
        case 0: return Reply{.status = 429, .takes = takes, .retry_after = seconds{random() % 10}};
        case 1: return Reply{.status = 503, .takes = takes, .retry_after = seconds{random() % 10}};
        case 2: return Reply{.status = 429, .takes = takes};
        case 3: return Reply{.takes = seconds{15}};
        case 4: return Reply{.fault = TransportFault::connect};
        case 5: return Reply{.status = 404, .takes = takes};
        default: return Reply{.status = 500, .takes = takes};
      }
    };
    constexpr int troubled = 1500, after_it = 1500;
    for (int i = 0; i < troubled; ++i) world.read_at(begun + milliseconds{random() % 40'000}, seconds{1 + random() % 30});
    // Two minutes to recover in, and then all must be as before.
    for (int i = 0; i < after_it; ++i) world.read_at(healed + milliseconds{random() % 120'000});
    world.run(healed + seconds{121});
    INFO("seed " << seed << ", ill " << ill << ", requests " << world.sent.size());
    check_closed_scopes(world);
    CHECK(world.ended.size() == troubled + after_it);
    CHECK(world.sent.size() <= 4 * (troubled + after_it));
    const CircuitBreaker& breaker = world.settings.guards->of(world.gateway.api).breaker;
    CHECK(breaker.state() == CircuitBreaker::State::closed);
    CHECK(world.settings.pacer->rate() >= (ceiling ? 2700 : 300));
    CHECK(world.settings.pacer->waiting() == 0);
    CHECK(world.settings.pacer->in_flight() == 0);
    const int before = world.successes;
    for (int i = 0; i < 200; ++i) world.read_at(healed + seconds{130} + milliseconds{50 * i});
    world.run();
    CHECK(world.successes == before + 200);
  }
}

namespace {

/// One operation and a host whose circuit has just become half-open, with one probe; one turn a second.
class HalfOpen {
 public:
  HalfOpen() {
    operation.begin("i", seconds{100});
    gateway.pacer = &pacer;
    gateway.guard = &guard;
    for (int i = 0; i < 20; ++i) {
      CircuitBreaker::Pass pass;
      REQUIRE(guard.breaker.admit(operation.now, pass));
      (void)guard.breaker.ended(pass, operation.now, CircuitBreaker::Ending::failed);
    }
    REQUIRE(guard.breaker.state() == CircuitBreaker::State::open);
    operation.now += seconds{5};
    operation.read_clock();
    REQUIRE(guard.breaker.admit(operation.now, probe));
  }
  auto send() { return attempt(operation, gateway, ExchangeKind::read, request, operation.deadline, last, charge); }

  BenchOperation operation;
  Pacer pacer{60};
  HostGuard guard{"https://api.example.com", BreakerSettings{.probes = 1}, RetryBudgetSettings{}};
  TokenSource tokens{TokenSettings{.login_url = "https://login.example.com", .client_id = "c", .client_secret = Secret("s")}};
  Gateway gateway{*Endpoint::parse("https://api.example.com", "url"), tokens};
  HttpRequest request{Method::get, gateway.api, "/"};
  CircuitBreaker::Pass probe;
  Attempt last;
  RetryCharge charge;
};

}  // namespace

TEST_CASE("who is refused by a half-open circuit takes no turn from those who can be served", "[admission][breaker][pacer]") {
  HalfOpen half;
  for (int i = 0; i < 3; ++i) {
    const auto refused = half.operation.run(half.send());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::circuit_open);
  }
  CHECK(half.pacer.waiting() == 0);
  PacerTurn turn;
  CHECK(half.pacer.ask(turn, half.operation.now, half.operation.now) == Pacer::Answer::go);
}

TEST_CASE("a turn that comes while a probe is out is left to the next, and who waits is served when it went well",
          "[admission][breaker][pacer]") {
  const bool well = GENERATE(true, false);
  HalfOpen half;
  PacerTurn first;
  REQUIRE(half.pacer.ask(first, half.operation.now, never) == Pacer::Answer::go);
  auto sending = half.send();
  sending.start();
  REQUIRE(half.operation.pending.kind() == PendingEffect::Kind::sleep);
  PacerTurn next;
  REQUIRE(half.pacer.ask(next, half.operation.now, never) == Pacer::Answer::wait);
  if (well) CHECK(half.guard.breaker.ended(half.probe, half.operation.now, CircuitBreaker::Ending::alive) == CircuitBreaker::Change::closed);
  while (!sending.done()) half.operation.step();
  const auto end = sending.take();
  CHECK(end.has_value() == well);
  if (!well) CHECK(end.error().code() == ErrorCode::circuit_open);
  CHECK(half.operation.seen.size() == (well ? 1 : 0));
  CHECK((half.pacer.ask(next, half.operation.now, never) == Pacer::Answer::go) == !well);
}

TEST_CASE("who waits for a turn keeps no probe from those who need not", "[admission][breaker][pacer]") {
  HalfOpen half;
  half.probe.drop();
  PacerTurn first;
  REQUIRE(half.pacer.ask(first, half.operation.now, never) == Pacer::Answer::go);
  auto sending = half.send();
  sending.start();
  REQUIRE(half.operation.pending.kind() == PendingEffect::Kind::sleep);
  REQUIRE(half.guard.breaker.admit(half.operation.now, half.probe));
  half.probe.drop();
  while (!sending.done()) half.operation.step();
  CHECK(sending.take());
}

TEST_CASE("a retry that was paid for and is refused before it is sent gets its cost back", "[admission][retry_budget][I8]") {
  HalfOpen half;
  RetryBudget& budget = half.guard.budget;
  const auto refused_with = [&](ErrorCode code) {
    RetryCharge charge;
    REQUIRE(charge.pay(budget, 5));
    CHECK(budget.left() == 495);
    const auto refused = half.operation.run(
        attempt(half.operation, half.gateway, ExchangeKind::read, half.request, half.operation.deadline, half.last, charge));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == code);
  };
  refused_with(ErrorCode::circuit_open);
  CHECK(budget.left() == 500);
  REQUIRE(half.guard.breaker.ended(half.probe, half.operation.now, CircuitBreaker::Ending::alive) == CircuitBreaker::Change::closed);
  half.pacer.answered(half.operation.now, half.operation.now, 429, std::chrono::hours{1}, std::nullopt);
  refused_with(ErrorCode::rate_limited);
  CHECK(budget.left() == 500);
  half.operation.cancel_requested = true;
  refused_with(ErrorCode::cancelled);
  CHECK(budget.left() == 500);
  CHECK(half.operation.seen.empty());
}

TEST_CASE("a request that must not wait takes no turn, but sends nothing into a closed scope either", "[admission][I9][I14]") {
  BenchOperation operation;
  operation.begin("i", seconds{100});
  operation.must_not_wait = true;
  Pacer pacer(1);
  TokenSource tokens(TokenSettings{.login_url = "https://login.example.com", .client_id = "c", .client_secret = Secret("s")});
  Gateway gateway(*Endpoint::parse("https://api.example.com", "url"), tokens);
  gateway.pacer = &pacer;
  const HttpRequest request(Method::get, gateway.api, "/");
  const auto send = [&] {
    Attempt attempt;
    RetryCharge charge;
    return operation.run(patchbay::attempt(operation, gateway, ExchangeKind::read, request, operation.deadline, attempt, charge));
  };
  const SteadyTime begun = operation.now;
  for (int i = 0; i < 5; ++i) REQUIRE(send());
  CHECK(operation.now == begun);
  pacer.answered(operation.now, operation.now, 429, seconds{7}, std::nullopt);
  REQUIRE(send());
  CHECK(operation.now == begun + seconds{7});
  pacer.answered(operation.now, operation.now, 429, seconds{70}, std::nullopt);
  const auto refused = send();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::rate_limited);
  CHECK(refused.error().retry_after() == seconds{70});
}
