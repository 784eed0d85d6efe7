// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/driver/blocking.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <patchbay/policies.hpp>
#include <patchbay/testing/manual_clock.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using testing::ManualClock;

namespace {

/// Answers 200, or throws; notes what it was given.
struct MoodyTransport {
  struct State {
    bool throws = false;
    std::vector<SteadyTime> deadlines;
  };
  TransportResult<void> send(const HttpRequest&, HttpResponse& response, SteadyTime deadline) {
    state->deadlines.push_back(deadline);
    if (state->throws) throw std::runtime_error("secret-canary");
    response.status = 200;
    return {};
  }
  std::shared_ptr<State> state = std::make_shared<State>();
};
struct MoodyLogger {
  bool enabled(Level level) const {
    if (level == Level::error) throw std::runtime_error("enabled");
    return level != Level::debug;
  }
  void log(Level level, const Event&) {
    if (level == Level::warn) throw 5;
    ++*lines;
  }
  std::shared_ptr<int> lines = std::make_shared<int>(0);
};
struct MoodyRetry {
  RetryAnswer decide(const RetryQuestion& question) const {
    if (question.attempts == 7) throw std::runtime_error("retry");
    return RetryAnswer::in(seconds{question.attempts});
  }
};

class Counts final : public OperationObserver {
 public:
  void exchanged(ExchangeKind, Duration, int) noexcept override {}
  void replayed() noexcept override {}
  void flow_asked(bool) noexcept override {}
  void callback_failed() noexcept override { ++failures; }
  int failures = 0;
};

using Set = Policies<MoodyTransport, ManualClock, MoodyRetry, MoodyLogger>;

Protocol<Result<std::string>> exchange(Operation& operation, const HttpRequest& request) {
  HttpEffect effect(request, operation.response, operation.deadline);
  co_await effect;
  if (effect.result) co_return std::to_string(operation.response.status);
  co_return std::string(to_string(effect.result.error().fault)) +
      (effect.result.error().delivery == Delivery::maybe_sent ? " " : " not ") +
      "sent: " + effect.result.error().detail;
}
Protocol<Result<Duration>> sleep_for(Operation& operation, Duration span) {
  const SteadyTime from = operation.steady_now();
  SleepEffect sleep(from + span);
  co_await sleep;
  co_return operation.steady_now() - from;
}
Protocol<Result<bool>> wait_for(Operation& operation, Waiter& waiter) {
  WaitEffect wait(waiter, operation.deadline);
  co_await wait;
  co_return waiter.woken();
}
Protocol<Result<Duration>> ask_retry(Operation& operation, int attempts) {
  co_return operation.decide_retry(RetryQuestion{RetryCause::transient, attempts, {}, 0.5}).wait;
}
Protocol<Result<int>> log_all(Operation& operation) {
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error})
    operation.log(level, "event", {{"a", 1}});
  co_return 1;
}

struct Bench {
  detail::PoliciesOf<Set> policies{Set{}};
  RandomSource random{1};
  OperationPool pool{policies, random};
};

}  // namespace

TEST_CASE("effects are carried out by the policies, and time is read again after each", "[driver]") {
  Bench bench;
  const auto operation = bench.pool.take();
  operation->begin("i", seconds{30});
  const auto endpoint = Endpoint::parse("https://host", "url");
  REQUIRE(endpoint);
  const HttpRequest request(Method::get, *endpoint, "/");
  const auto answered = operation->run(exchange(*operation, request));
  CHECK(answered == std::string("200"));
  CHECK(bench.policies.set.transport.state->deadlines == std::vector<SteadyTime>{operation->deadline});
  CHECK(operation->run(sleep_for(*operation, seconds{4})) == Duration(seconds{4}));
  CHECK(bench.policies.set.clock.sleeps() == std::vector<Duration>{seconds{4}});
  CHECK(operation->arena.used() == 0);
}

TEST_CASE("a transport that throws has failed after the request may have been sent, and its words go nowhere",
          "[driver][I25]") {
  Bench bench;
  const auto operation = bench.pool.take();
  operation->begin("i", seconds{30});
  bench.policies.set.transport.state->throws = true;
  const auto endpoint = Endpoint::parse("https://host", "url");
  const HttpRequest request(Method::get, *endpoint, "/");
  CHECK(operation->run(exchange(*operation, request)) == std::string("reset sent: the transport threw"));
}

TEST_CASE("a logger that throws, in either of its functions, is counted and changes nothing", "[driver][I25]") {
  Bench bench;
  Counts counts;
  const auto operation = bench.pool.take();
  operation->begin("i", seconds{30});
  CHECK(operation->run(log_all(*operation)) == 1);  // nobody counts, and nothing ends
  operation->observer = &counts;
  CHECK(operation->run(log_all(*operation)) == 1);
  CHECK(counts.failures == 2);
  CHECK(*bench.policies.set.logger.lines == 2);
}

TEST_CASE("a retry policy that throws ends its operation with an error", "[driver][I25]") {
  Bench bench;
  const auto operation = bench.pool.take();
  operation->begin("i", seconds{30});
  CHECK(operation->run(ask_retry(*operation, 2)) == Duration(seconds{2}));
  const auto thrown = operation->run(ask_retry(*operation, 7));
  REQUIRE_FALSE(thrown);
  CHECK(thrown.error().code() == ErrorCode::internal);
  CHECK(operation->arena.used() == 0);
}

TEST_CASE("a wait that is over already does not wait", "[driver]") {
  Bench bench;
  const auto operation = bench.pool.take();
  operation->begin("i", seconds{30});
  Waiter waiter(*operation);
  waiter.wake();
  CHECK(operation->run(wait_for(*operation, waiter)) == true);
  Waiter late(*operation);
  operation->begin("i", Duration::zero());
  CHECK(operation->run(wait_for(*operation, late)) == false);
}

TEST_CASE("a door with other things to do carries out its operations' waits", "[driver]") {
  struct Server final : WaitServer {
    void wait(const WaitEffect& effect, const std::stop_token&) override {
      ++waits;
      effect.waiter->wake();
    }
    void wake_up() noexcept override { ++wakes; }
    int waits = 0, wakes = 0;
  } server;
  Bench bench;
  const auto operation = bench.pool.take();
  operation->begin("i", seconds{30});
  operation->waits = &server;
  Waiter waiter(*operation);
  CHECK(operation->run(wait_for(*operation, waiter)) == true);
  CHECK(server.waits == 1);
  CHECK(server.wakes == 1);
}

TEST_CASE("operations go back to the pool and are used again, with their memory", "[driver]") {
  Bench bench;
  const void* first = nullptr;
  const char* memory = nullptr;
  {
    const auto one = bench.pool.take();
    const auto two = bench.pool.take();
    CHECK(&*one != &*two);
    first = &*two;
    two->body.assign(1000, 'a');
    memory = two->body.data();
  }
  {
    // Leases end in reverse order: `two` went back first, `one` last, and the last is taken first.
    const auto one = bench.pool.take();
    const auto two = bench.pool.take();
    CHECK(&*two == first);
    CHECK(two->body.data() == memory);
    CHECK(two->body.capacity() >= 1000);
    const auto three = bench.pool.take();
    CHECK(&*three != &*one);
    CHECK(&*three != &*two);
  }
}
