// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/protocol.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <patchbay/protocol/call.hpp>
#include <patchbay/protocol/lanes.hpp>
#include <patchbay/protocol/transition.hpp>
#include <patchbay/transition_request.hpp>

#include <support/catch.hpp>

#include "bench.hpp"

// Symmetric transfer needs tail calls, which an unoptimised or sanitized build does not have.
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PATCHBAY_TESTS_TAIL_CALLS 0
#elif !defined(__has_feature)
#define PATCHBAY_TESTS_TAIL_CALLS 1
#elif __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PATCHBAY_TESTS_TAIL_CALLS 0
#else
#define PATCHBAY_TESTS_TAIL_CALLS 1
#endif

using namespace patchbay;
using namespace patchbay::tests;

namespace {

Protocol<Result<int>> value_of(Operation&, int value) { co_return value; }

Protocol<Result<int>> sum_to(Operation& operation, int depth) {
  if (depth == 0) co_return 0;
  auto rest = co_await sum_to(operation, depth - 1);
  if (!rest) co_return rest;
  co_return *rest + depth;
}

Protocol<Result<void>> nap(Operation& operation, Duration span) {
  SleepEffect sleep(after(operation.steady_now(), span));
  co_await sleep;
  if (sleep.cancelled) co_return fail(ErrorCode::cancelled, "cancelled");
  co_return Result<void>{};
}

Protocol<Result<int>> naps(Operation& operation, int depth) {
  auto slept = co_await nap(operation, seconds{depth});
  if (!slept) co_return fail(std::move(slept.error()));
  if (depth == 0) co_return 0;
  auto rest = co_await naps(operation, depth - 1);
  if (!rest) co_return rest;
  slept = co_await nap(operation, seconds{depth});
  if (!slept) co_return fail(std::move(slept.error()));
  co_return *rest + 1;
}

/// Something whose end is noted.
class Noted {
 public:
  explicit Noted(int& alive) : alive_(&alive) { ++alive; }
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;
  ~Noted() { --*alive_; }

 private:
  int* alive_;
};

Protocol<Result<void>> hold_and_sleep(Operation& operation, int depth, int& alive) {
  const Noted noted(alive);
  if (depth > 0) co_return co_await hold_and_sleep(operation, depth - 1, alive);
  co_return co_await nap(operation, seconds{1});
}

[[gnu::noinline]] std::uintptr_t stack_here() { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

}  // namespace

TEST_CASE("a protocol does nothing until it is started, and gives its frame back", "[protocol]") {
  BenchOperation operation;
  {
    Protocol<Result<int>> never_started = value_of(operation, 5);
    CHECK(operation.arena.used() != 0);
  }
  CHECK(operation.arena.used() == 0);
  const auto five = operation.run(value_of(operation, 5));
  REQUIRE(five);
  CHECK(*five == 5);
  CHECK(operation.arena.used() == 0);
  Protocol<Result<int>> one = value_of(operation, 6);
  Protocol<Result<int>> moved = std::move(one);
  CHECK(*operation.run(std::move(moved)) == 6);
  CHECK(operation.effects == 0);
}

TEST_CASE("protocols nest, deeper than the arena reaches too", "[protocol]") {
  BenchOperation operation;
  for (const int depth : {1, 10, 2000}) {
    const auto sum = operation.run(sum_to(operation, depth));
    REQUIRE(sum);
    CHECK(*sum == depth * (depth + 1) / 2);
    CHECK(operation.arena.used() == 0);
  }
  const auto slept = operation.run(naps(operation, 200));
  REQUIRE(slept);
  CHECK(*slept == 200);
  CHECK(operation.effects == 401);
  CHECK(operation.arena.used() == 0);
}

TEST_CASE("a protocol that is destroyed half-way gives back every frame and everything that they hold", "[protocol]") {
  BenchOperation operation;
  for (const int depth : {0, 1, 20, 300}) {
    int alive = 0;
    {
      Protocol<Result<void>> protocol = hold_and_sleep(operation, depth, alive);
      protocol.start();
      CHECK(alive == depth + 1);
      CHECK_FALSE(protocol.done());
      CHECK(operation.pending.kind() == PendingEffect::Kind::sleep);
    }
    CHECK(alive == 0);
    CHECK(operation.arena.used() == 0);
  }
}

namespace {

Protocol<Result<void>> act_in_lane(Operation& operation, Lanes& lanes) {
  LanePermit permit(lanes, operation);
  if (lanes.ask("i", permit) == Lanes::Entry::queued)
    if (auto turn = co_await await_turn(operation, lanes, permit); !turn) co_return turn;
  co_return co_await nap(operation, seconds{5});
}

}  // namespace

TEST_CASE("a protocol that is destroyed in its lane, or waiting for it, leaves the lane", "[protocol][lanes]") {
  Lanes lanes;
  BenchOperation one, two, three;
  for (BenchOperation* each : {&one, &two, &three}) each->begin("i", seconds{60});
  auto first = std::make_unique<Protocol<Result<void>>>(act_in_lane(one, lanes));
  auto second = std::make_unique<Protocol<Result<void>>>(act_in_lane(two, lanes));
  Protocol<Result<void>> third = act_in_lane(three, lanes);
  first->start(), second->start(), third.start();
  CHECK(lanes.size() == 3);
  second.reset();  // waiting
  CHECK(lanes.size() == 2);
  CHECK(two.arena.used() == 0);
  first.reset();  // acting
  CHECK(lanes.size() == 1);
  CHECK(three.wakes == 1);
  CHECK(two.wakes == 0);
  while (!third.done()) three.step();
  CHECK(third.take());
  CHECK(lanes.size() == 0);  // left when it ended, though the protocol's frame is still there
}

namespace {

Protocol<Result<int>> throws(Operation& operation, int how, bool later) {
  if (later) (void)co_await nap(operation, seconds{1});
  if (how == 0) throw std::runtime_error("no such luck");
  if (how == 1) throw 5;
  if (how == 2) throw std::bad_alloc();
  co_return how;
}
Protocol<Result<std::string>> passes_on(Operation& operation, int how, bool later, int& alive) {
  const Noted noted(alive);
  auto result = co_await throws(operation, how, later);
  if (!result) co_return fail(std::move(result.error()));
  co_return std::to_string(*result);
}

}  // namespace

TEST_CASE("what user code throws becomes an internal error of the protocol that called it", "[protocol][I25]") {
  BenchOperation operation;
  for (const bool later : {false, true}) {
    int alive = 0;
    const auto message = [&](int how) {
      const auto result = operation.run(passes_on(operation, how, later, alive));
      REQUIRE_FALSE(result);
      CHECK(result.error().code() == ErrorCode::internal);
      CHECK(alive == 0);
      return result.error().message();
    };
    CHECK(message(0) == "a policy or callback threw: no such luck");
    CHECK(message(1) == "a policy or callback threw something that is no std::exception");
    CHECK(message(2).starts_with("a policy or callback threw: "));
    CHECK(*operation.run(passes_on(operation, 7, later, alive)) == "7");
    CHECK(operation.run(passes_on(operation, 0, later, alive)).error().outcome() == Outcome::not_applied);
    operation.side_effects = 1;  // something was sent
    CHECK(operation.run(passes_on(operation, 0, later, alive)).error().outcome() == Outcome::unknown);
    operation.side_effects = 0;
    CHECK(operation.arena.used() == 0);
  }
}

namespace {

Protocol<Result<int>> nap_often(Operation& operation, int times, std::uintptr_t& lowest, std::size_t& most) {
  lowest = stack_here();
  for (int i = 0; i < times; ++i) {
    if (auto slept = co_await nap(operation, milliseconds{1}); !slept) co_return fail(std::move(slept.error()));
    lowest = std::min(lowest, stack_here());
    most = std::max(most, operation.arena.used());
  }
  co_return times;
}
#if PATCHBAY_TESTS_TAIL_CALLS
Protocol<Result<int>> ask_often(Operation& operation, int times, std::uintptr_t& lowest) {
  lowest = stack_here();
  int sum = 0;
  for (int i = 0; i < times; ++i) {
    auto one = co_await value_of(operation, 1);
    if (!one) co_return one;
    sum += *one;
    lowest = std::min(lowest, stack_here());
  }
  co_return sum;
}
#endif

}  // namespace

TEST_CASE("a hundred thousand awaits one after the other grow neither the stack nor the arena", "[protocol]") {
  BenchOperation operation;
  std::uintptr_t lowest = 0;
  std::size_t most = 0;
  operation.begin("i", std::chrono::hours{1});
  Protocol<Result<int>> protocol = nap_often(operation, 100'000, lowest, most);
  protocol.start();
  const std::uintptr_t first = lowest;
  const std::size_t frames = operation.arena.used();
  while (!protocol.done()) operation.step();
  CHECK(*protocol.take() == 100'000);
  CHECK(first - lowest < 4096);
  CHECK(most <= frames);
  CHECK(operation.now - operation.started == milliseconds{100'000});
#if PATCHBAY_TESTS_TAIL_CALLS
  std::uintptr_t bottom = 0;
  const std::uintptr_t top = stack_here();
  CHECK(*operation.run(ask_often(operation, 100'000, bottom)) == 100'000);
  CHECK(top - bottom < 64 * 1024);
#endif
}

// g++ 12 copies aggregate temporaries bitwise when they live across a suspension. What follows awaits every type that a
// client or a protocol may write as a temporary in an awaited call, with enough text to be on the heap; the address
// sanitizer, or a doubled end, would tell.
namespace {

const std::string long_text(100, 'x');

template <class T, class Look>
Protocol<Result<std::string>> look_after_sleep(Operation& operation, const T& thing, const Look& look) {
  if (auto slept = co_await nap(operation, seconds{1}); !slept) co_return fail(std::move(slept.error()));
  co_return std::string(look(thing));
}

Protocol<Result<int>> await_temporaries(Operation& operation, const Endpoint& endpoint) {
  int same = 0;
  const auto count = [&](const Result<std::string>& seen) { same += seen && *seen == long_text ? 1 : 0; };
  count(co_await look_after_sleep(
      operation, TransitionRequest(long_text, long_text, long_text, long_text).text("a", long_text).json("b", "1"),
      [](const TransitionRequest& r) { return r.to(); }));
  count(co_await look_after_sleep(operation, HttpRequest(Method::get, endpoint, long_text),
                                  [](const HttpRequest& r) { return r.target; }));
  count(co_await look_after_sleep(operation, TransportError(TransportFault::reset, Delivery::not_sent, long_text),
                                  [](const TransportError& e) { return e.detail; }));
  count(co_await look_after_sleep(operation, Error(ErrorCode::network, long_text),
                                  [](const Error& e) { return e.message(); }));
  count(co_await look_after_sleep(operation, fail(ErrorCode::network, long_text),
                                  [](const Failure& f) { return f.value().message(); }));
  count(co_await look_after_sleep(operation, Secret(long_text), [](const Secret& s) { return s.reveal(); }));
  count(co_await look_after_sleep(operation, Result<std::string>(long_text),
                                  [](const Result<std::string>& r) { return *r; }));
  count(co_await look_after_sleep(operation, *Endpoint::parse("https://host/" + long_text, "url"),
                                  [](const Endpoint& e) { return e.path().substr(1); }));
  HttpResponse response;
  response.body.assign(long_text);
  count(co_await look_after_sleep(operation, HttpResponse(response),
                                  [](const HttpResponse& r) { return r.body.view(); }));
  count(co_await look_after_sleep(operation, Body(response.body), [](const Body& b) { return b.view(); }));
  InteractionSnapshot snapshot;
  snapshot.transition_id = long_text;
  count(co_await look_after_sleep(operation, InteractionSnapshot(snapshot),
                                  [](const InteractionSnapshot& s) { return s.transition_id; }));
  AuditRecord record;
  record.error_message = long_text;
  count(
      co_await look_after_sleep(operation, AuditRecord(record), [](const AuditRecord& r) { return r.error_message; }));
  TransitionResult result;
  result.etag = long_text;
  count(
      co_await look_after_sleep(operation, TransitionResult(result), [](const TransitionResult& r) { return r.etag; }));
  Settings settings;
  settings.base_url = long_text;
  count(co_await look_after_sleep(operation, Settings(settings), [](const Settings& s) { return s.base_url; }));
  Token token;
  token.scope = long_text;
  count(co_await look_after_sleep(operation, Token(token), [](const Token& t) { return t.scope; }));
  Attempt attempt;
  attempt.detail = long_text;
  count(co_await look_after_sleep(operation, Attempt(attempt), [](const Attempt& a) { return a.detail; }));
  Variables variables;
  variables.text("a", long_text);
  count(co_await look_after_sleep(operation, Variables(variables),
                                  [](const Variables& v) { return std::string((*v.begin()).value); }));
  TokenSource tokens(TokenSettings{.login_url = "https://host", .client_id = "c", .client_secret = Secret("s")});
  count(co_await look_after_sleep(operation, Gateway(*Endpoint::parse("https://host/" + long_text, "url"), tokens),
                                  [](const Gateway& g) { return g.api.path().substr(1); }));
  co_return same;
}

Protocol<Result<std::string>> await_effects(Operation& operation, const Endpoint& endpoint) {
  const HttpRequest request(Method::post, endpoint, "/effects");
  HttpResponse response;
  HttpEffect http(request, response, operation.deadline);
  co_await http;
  if (!http.result || response.status != 204) co_return fail(ErrorCode::network, "no answer");
  Waiter waiter(operation);
  WaitEffect wait(waiter, operation.deadline);
  co_await wait;
  co_return std::string(wait.cancelled || waiter.woken() ? "woken" : "waited");
}

}  // namespace

TEST_CASE("public types live as temporaries of an awaited call across a suspension", "[protocol]") {
  BenchOperation operation;
  operation.begin("i", seconds{60});
  const auto endpoint = Endpoint::parse("https://host", "url");
  REQUIRE(endpoint);
  const auto same = operation.run(await_temporaries(operation, *endpoint));
  REQUIRE(same);
  CHECK(*same == 18);
  CHECK(operation.effects == 18);
  CHECK(operation.arena.used() == 0);
  static_assert(!std::is_aggregate_v<TransitionRequest> && !std::is_aggregate_v<HttpRequest> &&
                !std::is_aggregate_v<TransportError>);
  static_assert(!std::is_aggregate_v<HttpEffect> && !std::is_aggregate_v<SleepEffect> &&
                !std::is_aggregate_v<WaitEffect>);
}

TEST_CASE("effects say what is wanted and carry the answer back", "[protocol]") {
  BenchOperation operation;
  operation.begin("i", seconds{60});
  const auto endpoint = Endpoint::parse("https://host", "url");
  const auto waited = operation.run(await_effects(operation, *endpoint));
  REQUIRE(waited);
  CHECK(*waited == "waited");
  CHECK(operation.seen == std::vector<std::string>{"/effects"});
  CHECK(operation.now == operation.deadline);
}
