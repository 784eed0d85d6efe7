// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/operation.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>

#include "bench.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// Notes what is logged.
class LoggingOperation final : public Operation {
 public:
  RetryAnswer decide_retry(const RetryQuestion&) override { return RetryAnswer::stop(); }
  std::uint64_t random_bits() override { return bits; }
  bool log_enabled(Level level) const override { return level >= least; }
  void log_event(Level level, const Event& event) noexcept override {
    lines.push_back(std::string(to_string(level)) + " " + std::string(event.name) + " " +
                    std::to_string(event.fields.size()));
  }
  void wake_up() noexcept override {}

  Level least = Level::info;
  std::uint64_t bits = 0;
  std::vector<std::string> lines;

 private:
  SteadyTime read_steady_clock() override { return SteadyTime{seconds{1}}; }
  WallTime read_wall_clock() override { return WallTime{seconds{2}}; }
};

/// Sets every member that belongs to one operation to something that no operation begins with.
void use_up(Operation& operation) {
  operation.started = never;
  operation.deadline = SteadyTime::min();
  operation.operation_id = "old-operation";
  operation.interaction_id = "old-interaction";
  operation.slept = seconds{99};
  operation.side_effects = 99;
  operation.status = 599;
  operation.server_correlation_id = "old-correlation";
  operation.etag = "\"old\"";
  operation.token_replayed = true;
  operation.token_generation = 99;
  operation.scope_generation = 98;
  operation.must_not_wait = true;
  operation.out_of_time = true;
  operation.flow_version = "old-version";
}

}  // namespace

TEST_CASE("an operation that is used again begins like a new one, member by member", "[operation]") {
  BenchOperation used, fresh;
  use_up(used);
  used.now = fresh.now = SteadyTime{seconds{1000}};
  used.wall = fresh.wall = WallTime{seconds{2000}};
  used.begin("interaction", seconds{30});
  fresh.begin("interaction", seconds{30});
  const auto same = [&](auto member) { return used.*member == fresh.*member; };
  CHECK(same(&Operation::started));
  CHECK(same(&Operation::deadline));
  CHECK(same(&Operation::operation_id));
  CHECK(same(&Operation::interaction_id));
  CHECK(same(&Operation::slept));
  CHECK(same(&Operation::side_effects));
  CHECK(same(&Operation::status));
  CHECK(same(&Operation::server_correlation_id));
  CHECK(same(&Operation::etag));
  CHECK(same(&Operation::token_replayed));
  CHECK(same(&Operation::token_generation));
  CHECK(same(&Operation::must_not_wait));
  CHECK(same(&Operation::out_of_time));
  CHECK(same(&Operation::flow_version));
  CHECK(used.steady_now() == fresh.steady_now());
  CHECK(used.wall_now() == fresh.wall_now());
  CHECK(used.deadline == SteadyTime{seconds{1030}});
  CHECK(used.interaction_id == "interaction");
  CHECK(used.scope_generation == 98);  // outlives the operation: a token's scope is looked at once
}

TEST_CASE("the wall clock is read once, and carried on by the monotonic clock", "[operation][A14]") {
  BenchOperation operation;
  operation.begin("i", seconds{30});
  const WallTime first = operation.wall_now();
  operation.wall -= std::chrono::hours{10};  // set back by somebody
  operation.now += seconds{5};
  CHECK(operation.wall_now() == first);  // the step has not ended
  operation.read_clock();
  CHECK(operation.wall_now() == first + seconds{5});
  CHECK(operation.steady_now() == operation.started + seconds{5});
}

TEST_CASE("the memory of a huge answer is given back, that of a usual one is kept", "[operation]") {
  BenchOperation operation;
  operation.response.body.assign(std::string(100'000, 'a'));
  operation.body.assign(100'000, 'b');
  const std::size_t kept = operation.response.body.allocated();
  operation.trim();
  CHECK(operation.response.body.allocated() == kept);
  CHECK(operation.body.capacity() >= 100'000);
  operation.response.body.assign(std::string(3'000'000, 'a'));
  operation.body.assign(3'000'000, 'b');
  operation.trim();
  CHECK(operation.response.body.allocated() == 0);
  CHECK(operation.body.capacity() < 100'000);
}

TEST_CASE("a budget without end does not wrap into the past", "[operation]") {
  BenchOperation operation;
  operation.begin("i", Duration::max());
  CHECK(operation.deadline == never);
  operation.begin("i", -seconds{5});
  CHECK(operation.deadline < operation.started);
}

TEST_CASE("an event is made for a level that somebody listens to, and for no other", "[operation]") {
  LoggingOperation operation;
  operation.log(Level::debug, "quiet", {{"a", 1}});
  operation.log(Level::info, "one", {{"a", 1}, {"b", "text"}});
  operation.log(Level::error, "two", {});
  CHECK(operation.lines == std::vector<std::string>{"info one 2", "error two 0"});
}

TEST_CASE("random numbers lie in the half-open unit interval", "[operation]") {
  LoggingOperation operation;
  CHECK(operation.random_unit() == 0.0);
  operation.bits = ~std::uint64_t{0};
  CHECK(operation.random_unit() < 1.0);
  CHECK(operation.random_unit() > 1.0 - 1e-15);
  operation.bits = std::uint64_t{1} << 63;
  CHECK(operation.random_unit() == 0.5);
}
