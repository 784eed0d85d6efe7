// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/hold_controller.hpp>

#include "door.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("a release goes out at once while the circuit is open and the pacer closed and spent", "[hold][restraint][I14][B7]") {
  HoldFixture f;
  f.settings.pacer = std::make_shared<Pacer>(1.0);
  f.settings.hold.pacer = std::make_shared<Pacer>(1.0);
  f.settings.guards = std::make_shared<HostGuards>(BreakerSettings{.min_exchanges = 1});
  f.accept();
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  HostGuard& api = f.settings.guards->of(*Endpoint::parse("https://api.example.com", "u"));
  CircuitBreaker::Pass pass;
  const SteadyTime now = f.clock.steady_now();
  REQUIRE(api.breaker.admit(now, pass));
  while (api.breaker.state() == CircuitBreaker::State::closed) {
    CircuitBreaker::Pass another;
    REQUIRE(api.breaker.admit(now, another));
    api.breaker.ended(another, now, CircuitBreaker::Ending::failed);
  }
  f.settings.pacer->answered(now, now, 429, std::chrono::hours{1}, std::nullopt);
  f.settings.hold.pacer->answered(now, now, 429, std::chrono::hours{1}, std::nullopt);

  const auto released = door.unhold(f.unhold());
  REQUIRE(released);
  CHECK(f.clock.steady_now() == now);
  CHECK(released->waited == Duration::zero());
  // A hold is told to wait, by the first who restrains it.
  const auto held = door.hold(f.hold());
  REQUIRE_FALSE(held);
  CHECK(held.error().code() == ErrorCode::circuit_open);
  CHECK(held.error().retry_after() == seconds{5});
  CHECK(f.clock.steady_now() == now);
}

TEST_CASE("a release that needs a new connection gets its token while the login host's circuit is open", "[hold][restraint][I14]") {
  HoldFixture f;
  f.settings.guards = std::make_shared<HostGuards>(BreakerSettings{.min_exchanges = 1});
  HostGuard& login = f.settings.guards->of(*Endpoint::parse("https://login.example.com", "u"));
  CircuitBreaker::Pass pass;
  REQUIRE(login.breaker.admit(f.clock.steady_now(), pass));
  REQUIRE(login.breaker.ended(pass, f.clock.steady_now(), CircuitBreaker::Ending::failed) == CircuitBreaker::Change::opened);
  f.accept();
  auto door = f.door();
  CHECK(door.hold(f.hold()).error().code() == ErrorCode::circuit_open);
  const SteadyTime begun = f.clock.steady_now();
  CHECK(door.unhold(f.unhold()));
  CHECK(f.clock.steady_now() == begun);
}

TEST_CASE("a release whose fate is not known is looked for while the circuit is open", "[hold][restraint][I14][B21]") {
  HoldFixture f;
  f.settings.guards = std::make_shared<HostGuards>(BreakerSettings{.min_exchanges = 1, .open_for = std::chrono::hours{1}, .open_cap = std::chrono::hours{1}});
  f.cloud.accept().on_text([&](std::string_view text, ChannelPeer& peer) {
    if (text.find("\"unhold\"") == std::string_view::npos) return acknowledge(text, peer);
    // No answer; and meanwhile the host fails for somebody else.
    CircuitBreaker& breaker = f.settings.guards->of(*Endpoint::parse("https://api.example.com", "u")).breaker;
    while (breaker.state() == CircuitBreaker::State::closed) {
      CircuitBreaker::Pass pass;
      REQUIRE(breaker.admit(f.clock.steady_now(), pass));
      breaker.ended(pass, f.clock.steady_now(), CircuitBreaker::Ending::failed);
    }
  });
  auto door = f.door();
  REQUIRE(door.hold(f.hold()));
  f.interaction(R"(,"held":false)");
  const auto released = door.unhold(f.unhold());
  REQUIRE(released);
  CHECK(released->resolved_by == ResolvedBy::state);
}

TEST_CASE("hold commands are spaced by their own pacer", "[hold][restraint][pacer]") {
  HoldFixture f;
  f.settings.hold.pacer = std::make_shared<Pacer>(60.0);
  f.accept();
  auto door = f.door();
  const SteadyTime begun = f.clock.steady_now();
  for (int i = 0; i < 4; ++i) {
    REQUIRE(door.hold(f.hold()));
    REQUIRE(door.unhold(f.unhold()));
  }
  CHECK(f.clock.steady_now() - begun == seconds{3});
  CHECK(door.metrics()[ExchangeCount::paced_waits] == 3);
}

TEST_CASE("holds under way are bounded, and releases are let in beyond that", "[hold][restraint][I14][I20]") {
  HoldFixture f;
  f.settings.max_operations = 1;
  const std::string other = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
  std::function<void()> meanwhile;
  f.cloud.accept().on_text(&acknowledge);
  struct Meddling {
    std::function<void()>* meanwhile;
    RetryAnswer decide(const RetryQuestion&) const {
      if (auto once = std::exchange(*meanwhile, nullptr)) once();
      return RetryAnswer::stop();
    }
  };
  HoldController door{Policies{.transport = f.cloud, .clock = f.clock, .retry = Meddling{&meanwhile}}, f.settings};
  std::optional<Error> inner;
  bool released = false;
  meanwhile = [&] {  // in the midst of a hold, which asks whether to read again
    const auto second = door.hold(HoldRequest{other, "consultation", 5});
    if (!second) inner = second.error();
    released = door.unhold(UnholdRequest{other, 5}).has_value();
  };
  f.cloud.when(Method::get, interaction_target, 503);
  CHECK_FALSE(door.hold(f.hold()));
  REQUIRE(inner);
  CHECK(inner->code() == ErrorCode::queue_full);
  CHECK(inner->message().find("max_operations") != std::string::npos);
  CHECK(released);
  f.interaction("");
  CHECK(door.hold(f.hold()));
}
