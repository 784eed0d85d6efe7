// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <patchbay/driver/blocking.hpp>
#include <patchbay/policies.hpp>
#include <patchbay/protocol/lanes.hpp>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

struct NoTransport {
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime) {
    return tl::unexpected(TransportError(TransportFault::connect, Delivery::not_sent));
  }
};

/// Takes its turn in a lane, does `work` in it, and leaves.
template <class Work>
Protocol<Result<int>> in_turn(Operation& operation, Lanes& lanes, std::string_view key, const Work& work) {
  LanePermit permit(lanes, operation);
  if (lanes.ask(key, permit) == Lanes::Entry::queued)
    if (auto turn = co_await await_turn(operation, lanes, permit); !turn) co_return fail(std::move(turn.error()));
  co_return work();
}

}  // namespace

TEST_CASE("operations are used again: never more of them than calls at once", "[driver][threads]") {
  detail::PoliciesOf policies{Policies{.transport = NoTransport{}}};
  RandomSource random(1);
  OperationPool pool(policies, random);
  std::mutex mutex;
  std::set<const void*> seen;
  std::atomic<int> at_once{0}, most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const int now = ++at_once;
        for (int known = most.load(); known < now && !most.compare_exchange_weak(known, now);) {
        }
        {
          const auto operation = pool.take();
          operation->begin("i", seconds{1});
          const std::lock_guard lock(mutex);
          seen.insert(&*operation);
        }
        --at_once;
      }
    });
  for (std::thread& each : threads) each.join();
  CHECK(seen.size() >= 1);
  CHECK(seen.size() <= static_cast<std::size_t>(most.load()));
}

TEST_CASE("threads that wait for a lane are woken one after the other, and no wake-up is lost",
          "[driver][threads][A32]") {
  detail::PoliciesOf policies{Policies{.transport = NoTransport{}}};
  RandomSource random(1);
  OperationPool pool(policies, random);
  Lanes lanes;
  int counter = 0;  // guarded by the lane: the thread sanitizer watches
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  const SteadyTime begun = std::chrono::steady_clock::now();
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto operation = pool.take();
        operation->begin("i", seconds{20});
        const auto work = [&] { return ++counter; };
        if (!operation->run(in_turn(*operation, lanes, "i", work))) ++failed;
      }
    });
  for (std::thread& each : threads) each.join();
  CHECK(counter == 1600);
  CHECK(failed == 0);
  CHECK(lanes.size() == 0);
  CHECK(std::chrono::steady_clock::now() - begun < seconds{15});
}

TEST_CASE("a wait ends by its deadline when nobody wakes it, and leaves the queue to the others", "[driver][threads]") {
  detail::PoliciesOf policies{Policies{.transport = NoTransport{}}};
  RandomSource random(1);
  OperationPool pool(policies, random);
  Lanes lanes;
  const auto holder = pool.take();
  holder->begin("i", seconds{60});
  std::atomic<int> out_of_time{0}, served{0};
  std::vector<std::thread> threads;
  {
    LanePermit held(lanes, *holder);
    REQUIRE(lanes.ask("i", held) == Lanes::Entry::entered);
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        const auto operation = pool.take();
        operation->begin("i", t % 2 == 0 ? Duration(milliseconds{50}) : Duration(seconds{20}));
        const auto result = operation->run(in_turn(*operation, lanes, "i", [] { return 1; }));
        if (result)
          ++served;
        else if (result.error().code() == ErrorCode::deadline_exceeded)
          ++out_of_time;
      });
    for (int i = 0; i < 5000 && out_of_time != 4; ++i) std::this_thread::sleep_for(milliseconds{1});
    CHECK(out_of_time == 4);
    CHECK(served == 0);
  }
  for (std::thread& each : threads) each.join();
  CHECK(served == 4);
  CHECK(lanes.size() == 0);
}
