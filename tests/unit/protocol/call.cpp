// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/call.hpp>

#include <string>
#include <vector>

#include <patchbay/protocol/oauth.hpp>

#include <support/catch.hpp>

#include "bench.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A gateway to nowhere, and an operation that is under way.
class Call {
 public:
  Call() { operation.begin("i", seconds{100}); }

  /// Backs off after an answer with these header fields; `retry` is what the policy says.
  Result<Pause> back_off_after(std::vector<HeaderView> headers, std::optional<Duration> retry,
                               Duration limit = seconds{100}) {
    operation.answer = retry ? RetryAnswer::in(*retry) : RetryAnswer::stop();
    operation.status = 503;
    operation.response.clear();
    for (const HeaderView& field : headers) operation.response.headers.add(field.name, field.value);
    return operation.run(
        patchbay::back_off(operation, gateway, RetryCause::transient, 1, operation.started + limit, last, charge));
  }

  TokenSource tokens{
      TokenSettings{.login_url = "https://login.example.com", .client_id = "c", .client_secret = Secret("s")}};
  Gateway gateway{*Endpoint::parse("https://api.example.com", "url"), tokens};
  BenchOperation operation;
  Error last{ErrorCode::unavailable, "down"};
  RetryCharge charge;
};

Duration passed(const Call& call) { return call.operation.now - call.operation.started; }

}  // namespace

TEST_CASE("backing off sleeps as long as the policy says, if it says so", "[call][A9]") {
  Call call;
  CHECK(call.back_off_after({}, seconds{3}) == Pause::over);
  CHECK(passed(call) == seconds{3});
  CHECK(call.operation.slept == seconds{3});
  CHECK(call.back_off_after({}, std::nullopt) == Pause::stop);
  CHECK(passed(call) == seconds{3});
  CHECK(call.last.retry_after() == milliseconds{0});
  CHECK(call.back_off_after({}, -seconds{5}) == Pause::over);
  CHECK(passed(call) == seconds{3});
  CHECK_FALSE(call.operation.out_of_time);
}

TEST_CASE("the server's wait is never shortened, and never much lengthened", "[call][A8][I9]") {
  Call call;
  CHECK(call.back_off_after({{"Retry-After", "20"}}, milliseconds{1}) == Pause::over);
  CHECK(passed(call) == seconds{20} + milliseconds{1});
  CHECK(call.last.retry_after() == seconds{20});
  Call patient;
  CHECK(patient.back_off_after({{"Retry-After", "20"}}, seconds{60}) == Pause::over);
  CHECK(passed(patient) == seconds{22} + milliseconds{50});
}

TEST_CASE("a wait beyond the cap stops at once, and says how long it would have been", "[call][A8]") {
  for (const char* wait : {"61", "100000", "99999999999999999999"}) {
    Call call;
    INFO(wait);
    CHECK(call.back_off_after({{"Retry-After", wait}}, milliseconds{1}) == Pause::stop);
    CHECK(passed(call) == Duration::zero());
    CHECK(call.last.retry_after() >= seconds{61});
    CHECK_FALSE(call.operation.out_of_time);
  }
}

TEST_CASE("a wait that does not fit before the limit is not begun, and is this operation's own trouble",
          "[call][A7][A12]") {
  SECTION("the policy's") {
    Call call;
    CHECK(call.back_off_after({}, seconds{5}, seconds{5}) == Pause::out_of_time);
    CHECK(passed(call) == Duration::zero());
    CHECK(call.operation.out_of_time);
    call.operation.begin("next", seconds{100});
    CHECK_FALSE(call.operation.out_of_time);
    CHECK(call.back_off_after({}, seconds{5}, seconds{5} + Duration{1}) == Pause::over);
  }
  SECTION("the server's") {
    Call call;
    CHECK(call.back_off_after({{"Retry-After", "9"}}, milliseconds{0}, seconds{9}) == Pause::out_of_time);
    CHECK(call.operation.out_of_time);
    CHECK(call.last.retry_after() == seconds{9});
  }
  SECTION("a limit that has passed, whatever the policy would say") {
    Call call;
    CHECK(call.back_off_after({}, std::nullopt, Duration::zero()) == Pause::out_of_time);
    CHECK(call.operation.out_of_time);
  }
  SECTION("a wait for ever does not wrap") {
    Call call;
    call.gateway.retry_after_cap = Duration::max();
    CHECK(call.back_off_after({{"Retry-After", "9223372036"}}, Duration::max()) == Pause::out_of_time);
    CHECK(call.back_off_after({}, Duration::max()) == Pause::out_of_time);
    CHECK(passed(call) == Duration::zero());
  }
}

TEST_CASE("a wait that was asked for by an answer before the last is forgotten", "[call]") {
  Call call;
  (void)call.back_off_after({{"Retry-After", "50"}}, std::nullopt);
  call.operation.status = 0;  // the last exchange had no answer
  CHECK_FALSE(retry_after_of(call.operation));
}

TEST_CASE("a paced request waits for its turn; one that must not wait, and a webhook, do not", "[call]") {
  Call call;
  Pacer pacer(60);
  call.gateway.pacer = &pacer;
  const HttpRequest request(Method::get, call.gateway.api, "/");
  const auto send = [&](ExchangeKind kind, SteadyTime limit) {
    Attempt attempt;
    return call.operation.run(patchbay::attempt(call.operation, call.gateway, kind, request, limit, attempt, call.charge));
  };
  REQUIRE(send(ExchangeKind::read, call.operation.deadline));
  CHECK(passed(call) == Duration::zero());
  REQUIRE(send(ExchangeKind::write, call.operation.deadline));
  CHECK(passed(call) == seconds{1});
  CHECK(call.operation.slept == seconds{1});
  const auto late = send(ExchangeKind::read, call.operation.now + milliseconds{10});
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == ErrorCode::rate_limited);
  CHECK(call.operation.out_of_time);
  REQUIRE(send(ExchangeKind::webhook, call.operation.deadline));
  call.operation.must_not_wait = true;
  REQUIRE(send(ExchangeKind::write, call.operation.deadline));
  CHECK(passed(call) == seconds{1});
  CHECK(call.operation.side_effects == 2);
  CHECK(call.operation.seen.size() == 4);
}

TEST_CASE("nothing begins at the limit", "[call][A7]") {
  Call call;
  const HttpRequest request(Method::get, call.gateway.api, "/");
  Attempt attempt;
  const auto begun = call.operation.run(
      patchbay::attempt(call.operation, call.gateway, ExchangeKind::write, request, call.operation.started, attempt, call.charge));
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code() == ErrorCode::deadline_exceeded);
  CHECK(call.operation.side_effects == 0);
  CHECK(call.operation.seen.empty());
}

TEST_CASE("attempts are counted by cause and together", "[call][A9]") {
  AttemptCounts counts;
  CHECK(counts.count(RetryCause::transient) == 1);
  CHECK(counts.count(RetryCause::rate_limited) == 1);
  CHECK(counts.count(RetryCause::transient) == 2);
  CHECK(counts.count(RetryCause::conflict) == 1);
  CHECK(counts.total() == 4);
}

TEST_CASE("an error says what was asked, what came, and how often", "[call][A10][A33]") {
  Call call;
  Attempt attempt;
  attempt.verdict = classify(ExchangeKind::read, 503);
  call.operation.status = 503;
  call.operation.response.body.assign(std::string(5000, 'x') + "\r\n");
  const Error answered = error_of(call.operation, attempt, "interaction.get", 3);
  CHECK(answered.message() == "interaction.get answered 503, after 3 attempts");
  CHECK(answered.code() == ErrorCode::unavailable);
  CHECK(answered.http_status() == 503);
  CHECK(answered.server_message().size() <= 520);
  call.operation.status = 0;
  attempt.verdict = classify(ExchangeKind::read, TransportFault::reset, Delivery::maybe_sent);
  attempt.detail = "reset: gone";
  const Error lost = error_of(call.operation, attempt, "interaction.get", 1);
  CHECK(lost.message() == "interaction.get failed: reset: gone");
  CHECK(lost.http_status() == 0);
  CHECK(lost.server_message().empty());
}

TEST_CASE("base64 is that of RFC 4648, section 10", "[oauth][A15]") {
  const auto encoded = [](std::string_view text) {
    std::string out = ">";
    patchbay::detail::append_base64(out, text);
    return out;
  };
  CHECK(encoded("") == ">");
  CHECK(encoded("f") == ">Zg==");
  CHECK(encoded("fo") == ">Zm8=");
  CHECK(encoded("foo") == ">Zm9v");
  CHECK(encoded("foob") == ">Zm9vYg==");
  CHECK(encoded("fooba") == ">Zm9vYmE=");
  CHECK(encoded("foobar") == ">Zm9vYmFy");
  CHECK(encoded("\xff\xfe\xfd\x00") == ">//79");
  CHECK(encoded(std::string_view("\0\0", 2)) == ">AAA=");
}

TEST_CASE("text that held a secret is overwritten when it is done with", "[oauth]") {
  std::string form = "client_secret=canary";
  { const patchbay::detail::Wipe wipe(form); }
  CHECK(form == std::string(form.size(), '\0'));
}
