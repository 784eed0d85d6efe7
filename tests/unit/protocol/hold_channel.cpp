// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/channel_fsm.hpp>
#include <patchbay/protocol/channel_open.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

constexpr SteadyTime start{std::chrono::hours{5}};
using Wish = ChannelMachine::Wish;
using Kind = OpenFailure::Kind;

OpenFailure failure(Kind kind, milliseconds retry_after = milliseconds{0}) {
  Error error(ErrorCode::network, "as scripted");
  error.set_retry_after(retry_after);
  return {kind, std::move(error)};
}

/// A machine whose connection is open, in epoch 1.
ChannelMachine open_machine(const HoldSettings& settings) {
  ChannelMachine machine(settings);
  machine.want(start);
  REQUIRE(machine.next(start) == Wish::connect);
  REQUIRE(machine.opened(1, start));
  return machine;
}

/// How long the machine waits from `now` before it connects again.
Duration wait_of(ChannelMachine& machine, SteadyTime now) {
  if (machine.next_deadline() == SteadyTime::min()) REQUIRE(machine.next(now) == Wish::drop);
  REQUIRE(machine.state() == ChannelState::waiting);
  return machine.next_deadline() - now;
}

}  // namespace

TEST_CASE("the machine wants nothing until it is asked for", "[hold][channel]") {
  const HoldSettings settings;
  ChannelMachine machine(settings);
  CHECK(machine.next(start) == Wish::none);
  CHECK(machine.next_deadline() == never);
  CHECK_FALSE(machine.tick(start, 0.5));
  machine.want(start);
  CHECK(machine.next(start) == Wish::connect);
  CHECK(machine.next(start) == Wish::none);  // one at a time
  machine.want(start);
  CHECK(machine.next(start) == Wish::none);
}

TEST_CASE("each attempt is an epoch, and reports of another are ignored", "[hold][channel][B16][I11]") {
  const HoldSettings settings;
  ChannelMachine machine = open_machine(settings);
  CHECK_FALSE(machine.opened(1, start));
  REQUIRE(machine.closed(1, 1006, start, 0.5));
  CHECK_FALSE(machine.closed(1, 1006, start, 0.5));  // `error` and `close` of one connection are one end
  CHECK_FALSE(machine.failed(1, start, 0.5));
  CHECK(machine.next(start) == Wish::drop);
  const SteadyTime later = machine.next_deadline();
  REQUIRE(machine.next(later) == Wish::connect);
  CHECK(machine.epoch() == 2);
  CHECK_FALSE(machine.opened(1, later));
  CHECK_FALSE(machine.open_failed(1, failure(Kind::permanent), later, 0.5));
  CHECK(machine.opened(2, later));
  CHECK_FALSE(machine.heard(1, later));
  CHECK_FALSE(machine.closed(1, 1008, later, 0.5));
  CHECK(machine.state() == ChannelState::open);
}

TEST_CASE("waits are drawn under a bound that doubles up to the cap", "[hold][channel][B18]") {
  const HoldSettings settings;
  const double random = GENERATE(0.0, 0.25, 0.999);
  ChannelMachine machine(settings);
  machine.want(start);
  SteadyTime now = start;
  REQUIRE(machine.next(now) == Wish::connect);
  const int bounds[] = {1, 2, 4, 8, 16, 30, 30};
  for (const int bound : bounds) {
    REQUIRE(machine.open_failed(machine.epoch(), failure(Kind::network), now, random));
    const Duration wait = wait_of(machine, now);
    CHECK(wait == Duration(static_cast<Duration::rep>(static_cast<double>(Duration(seconds{bound}).count()) * random)));
    now = after(now, wait);
    REQUIRE(machine.next(now) == Wish::connect);
  }
}

TEST_CASE("no more than twelve attempts a minute, whatever the jitter says", "[hold][channel][B17]") {
  const HoldSettings settings;
  ChannelMachine machine(settings);
  machine.want(start);
  SteadyTime now = start;
  for (std::size_t i = 0; i < ChannelMachine::max_connects_per_minute; ++i) {
    REQUIRE(machine.next(now) == Wish::connect);
    REQUIRE(machine.open_failed(machine.epoch(), failure(Kind::network), now, 0.0));
  }
  CHECK(machine.next(now) == Wish::none);
  CHECK(machine.next_deadline() == start + std::chrono::minutes{1});
}

TEST_CASE("an attempt counts from its end, for it may have waited for a token before the server saw it", "[hold][channel][B17]") {
  const HoldSettings settings;
  ChannelMachine machine(settings);
  machine.want(start);
  REQUIRE(machine.next(start) == Wish::connect);
  const SteadyTime seen = start + seconds{2};
  if (const bool well = GENERATE(true, false)) {
    REQUIRE(machine.opened(machine.epoch(), seen));
    REQUIRE(machine.closed(machine.epoch(), 1006, seen, 0.0) == well);
    REQUIRE(machine.next(seen) == Wish::drop);
  } else {
    REQUIRE(machine.open_failed(machine.epoch(), failure(Kind::network), seen, 0.0));
  }
  for (std::size_t i = 1; i < ChannelMachine::max_connects_per_minute; ++i) {
    const SteadyTime now = std::max(seen, machine.next_deadline());
    REQUIRE(now < seen + std::chrono::minutes{1});
    REQUIRE(machine.next(now) == Wish::connect);
    REQUIRE(machine.open_failed(machine.epoch(), failure(Kind::network), now, 0.0));
  }
  CHECK(machine.next_deadline() == seen + std::chrono::minutes{1});
}

TEST_CASE("attempts that were abandoned for want of time use up nobody's share", "[hold][channel][B17]") {
  const HoldSettings settings;
  ChannelMachine machine(settings);
  machine.want(start);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(machine.next(start) == Wish::connect);
    REQUIRE(machine.open_failed(machine.epoch(), failure(Kind::abandoned), start, 0.0));
  }
  REQUIRE(machine.next(start) == Wish::connect);
  REQUIRE(machine.open_failed(machine.epoch(), failure(Kind::network), start, 0.999));
  CHECK(wait_of(machine, start) < seconds{1});  // nor do they lengthen the waits
}

TEST_CASE("a server's wait is honoured in full, with jitter behind it", "[hold][channel][I9]") {
  const HoldSettings settings;
  ChannelMachine machine(settings);
  machine.want(start);
  REQUIRE(machine.next(start) == Wish::connect);
  REQUIRE(machine.open_failed(1, failure(Kind::busy, seconds{20}), start, GENERATE(0.0, 0.9)));
  const Duration wait = wait_of(machine, start);
  CHECK(wait >= seconds{20});
  CHECK(wait <= seconds{23});
}

TEST_CASE("failures count until a connection was stable", "[hold][channel][B17]") {
  const HoldSettings settings;
  ChannelMachine machine(settings);
  machine.want(start);
  SteadyTime now = start;
  REQUIRE(machine.next(now) == Wish::connect);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(machine.open_failed(machine.epoch(), failure(Kind::network), now, 0.999));
    now = machine.next_deadline();
    REQUIRE(machine.next(now) == Wish::connect);
  }
  REQUIRE(machine.opened(machine.epoch(), now));
  const bool stable = GENERATE(true, false);
  now = after(now, stable ? seconds{60} : seconds{59});
  REQUIRE(machine.closed(machine.epoch(), 1006, now, 0.999));
  CHECK(wait_of(machine, now) < (stable ? seconds{1} : seconds{8}));
  CHECK((wait_of(machine, now) > seconds{1}) == !stable);
}

TEST_CASE("a network that cuts connections which serve is waited for less than a server that never speaks",
          "[hold][channel][B17]") {
  const HoldSettings settings;
  for (const bool speaks : {false, true}) {
    ChannelMachine machine = open_machine(settings);
    SteadyTime now = start;
    std::vector<Duration> waits;
    for (std::uint64_t epoch = 1; epoch <= 10; ++epoch) {
      now += milliseconds{10};
      if (speaks) REQUIRE(machine.heard(epoch, now));
      REQUIRE(machine.closed(epoch, 1006, now, 1.0));
      waits.push_back(wait_of(machine, now));
      now = machine.next_deadline();
      REQUIRE(machine.next(now) == Wish::connect);
      REQUIRE(machine.opened(epoch + 1, now));
    }
    CHECK(waits[0] == settings.first_delay);
    CHECK(waits[3] == 8 * settings.first_delay);
    CHECK(waits[9] == (speaks ? 8 * settings.first_delay : settings.delay_cap));
    // What the last connection has heard says nothing of the next.
    REQUIRE(machine.closed(11, 1006, now, 1.0));
    CHECK(wait_of(machine, now) == (speaks ? 16 * settings.first_delay : settings.delay_cap));
  }
}

TEST_CASE("close codes are classified", "[hold][channel][B17]") {
  const HoldSettings settings;
  ChannelMachine machine = open_machine(settings);
  const auto close = [&](std::uint16_t code) { REQUIRE(machine.closed(1, code, start, 0.999)); };
  SECTION("the token's fault: a newer one, soon") {
    close(GENERATE(std::uint16_t{1008}, std::uint16_t{4000}, std::uint16_t{4999}));
    CHECK(machine.needs_fresh_token());
    CHECK(wait_of(machine, start) < seconds{1});
    CHECK(machine.error()->code() == ErrorCode::authentication_failed);
  }
  SECTION("it needs time") {
    close(GENERATE(std::uint16_t{1012}, std::uint16_t{1013}));
    CHECK_FALSE(machine.needs_fresh_token());
    CHECK(wait_of(machine, start) > seconds{7});
  }
  SECTION("a defect of one side: slowly") {
    close(GENERATE(std::uint16_t{1002}, std::uint16_t{1003}, std::uint16_t{1007}, std::uint16_t{1009}));
    CHECK(wait_of(machine, start) > seconds{29});
  }
  SECTION("anything else") {
    close(GENERATE(std::uint16_t{1000}, std::uint16_t{1001}, std::uint16_t{1006}, std::uint16_t{1011}));
    CHECK(wait_of(machine, start) < seconds{1});
  }
  CHECK(machine.close_code() != 0);
}

TEST_CASE("authentication is tried anew once, then the channel rests until it is asked for", "[hold][channel][B13]") {
  const HoldSettings settings;
  ChannelMachine machine(settings);
  machine.want(start);
  REQUIRE(machine.next(start) == Wish::connect);
  REQUIRE(machine.open_failed(1, failure(Kind::auth), start, 0.5));
  SteadyTime now = machine.next_deadline();
  CHECK(now < start + seconds{1});
  REQUIRE(machine.next(now) == Wish::connect);
  REQUIRE(machine.needs_fresh_token());
  REQUIRE(machine.open_failed(2, failure(Kind::auth), now, 0.5));
  CHECK(machine.state() == ChannelState::refused);
  CHECK(machine.next_deadline() == never);
  CHECK(machine.next(after(now, std::chrono::hours{1})) == Wish::none);
  machine.want(now);
  CHECK(machine.state() == ChannelState::waiting);
  CHECK(machine.next(machine.next_deadline()) == Wish::connect);
}

TEST_CASE("tokens that die one after the other are renewed one after the other, as long as each has served",
          "[hold][channel][B13]") {
  const HoldSettings settings;
  for (const bool speaks : {true, false}) {
    ChannelMachine machine = open_machine(settings);
    SteadyTime now = start;
    const auto reconnect = [&](std::uint64_t epoch) {
      now += wait_of(machine, now);
      REQUIRE(machine.next(now) == Wish::connect);
      REQUIRE(machine.epoch() == epoch);
    };
    REQUIRE(machine.closed(1, 1006, now, 0.5));
    reconnect(2);
    REQUIRE(machine.open_failed(2, failure(Kind::auth), now, 0.5));
    reconnect(3);
    REQUIRE(machine.opened(3, now));
    if (speaks) REQUIRE(machine.heard(3, now));
    REQUIRE(machine.closed(3, 1006, now, 0.5));
    reconnect(4);
    REQUIRE(machine.open_failed(4, failure(Kind::auth), now, 0.5));
    CHECK(machine.state() == (speaks ? ChannelState::waiting : ChannelState::refused));
    CHECK(machine.needs_fresh_token());
  }
}

TEST_CASE("silence behind a ping is death; silence while nobody served is not", "[hold][channel][B19]") {
  const HoldSettings settings;
  ChannelMachine machine = open_machine(settings);
  CHECK(machine.next_deadline() == start + seconds{30});
  SECTION("served all the time") {
    REQUIRE(machine.next(start + seconds{30}) == Wish::ping);
    REQUIRE(machine.next(start + seconds{60}) == Wish::ping);
    CHECK(machine.missed_pongs() == 1);
    CHECK_FALSE(machine.tick(start + seconds{75} - Duration{1}, 0.5));
    CHECK(machine.tick(start + seconds{75}, 0.5));
    CHECK(machine.next(start + seconds{75}) == Wish::drop);
    CHECK(machine.state() == ChannelState::waiting);
  }
  SECTION("any byte is life") {
    REQUIRE(machine.next(start + seconds{30}) == Wish::ping);
    REQUIRE(machine.heard(1, start + seconds{31}));
    CHECK_FALSE(machine.tick(start + seconds{105}, 0.5));
    CHECK(machine.missed_pongs() == 0);
  }
  SECTION("an hour without anybody") {
    const SteadyTime later = start + std::chrono::hours{1};
    CHECK_FALSE(machine.tick(later, 0.5));
    REQUIRE(machine.next(later) == Wish::ping);
    CHECK_FALSE(machine.tick(later + seconds{44}, 0.5));
    CHECK(machine.tick(later + seconds{45}, 0.5));
  }
}

TEST_CASE("shutting closes what is open and connects no more", "[hold][channel][B35]") {
  const HoldSettings settings;
  SECTION("open") {
    ChannelMachine machine = open_machine(settings);
    machine.shut();
    CHECK(machine.next(start) == Wish::close);
    CHECK(machine.next(start) == Wish::none);
    machine.want(start);
    CHECK(machine.next(start + std::chrono::hours{1}) == Wish::none);
  }
  SECTION("connecting") {
    ChannelMachine machine(settings);
    machine.want(start);
    REQUIRE(machine.next(start) == Wish::connect);
    machine.shut();
    CHECK_FALSE(machine.opened(1, start));
    CHECK(machine.next(start) == Wish::drop);
  }
}

TEST_CASE("answers to the upgrade are classified", "[hold][channel][B13][B17]") {
  const auto kind = [](int status) {
    HttpResponse refusal;
    refusal.status = status;
    return upgrade_failure(TransportError(TransportFault::upgrade_refused, Delivery::maybe_sent), refusal, WallTime{}).kind;
  };
  for (const int status : {401, 403}) CHECK(kind(status) == Kind::auth);
  for (const int status : {429, 503}) CHECK(kind(status) == Kind::busy);
  for (const int status : {408, 500, 502, 504}) CHECK(kind(status) == Kind::network);
  for (const int status : {200, 204, 301, 307, 400, 404, 410, 426, 501, 505}) CHECK(kind(status) == Kind::permanent);
  const auto fault = [](TransportFault which) {
    return upgrade_failure(TransportError(which, Delivery::not_sent, "detail"), HttpResponse{}, WallTime{}).kind;
  };
  CHECK(fault(TransportFault::plain_text_refused) == Kind::permanent);
  CHECK(fault(TransportFault::cancelled) == Kind::abandoned);
  for (const TransportFault each : {TransportFault::resolve, TransportFault::connect, TransportFault::tls, TransportFault::timed_out,
                                    TransportFault::reset, TransportFault::malformed, TransportFault::closed})
    CHECK(fault(each) == Kind::network);
}
