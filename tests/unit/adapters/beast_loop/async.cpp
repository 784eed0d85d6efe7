// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <support/catch.hpp>

#include <patchbay/beast/async.hpp>
#include <patchbay/beast/transport.hpp>

#include "../suite/exchange.hpp"
#include "small_cloud.hpp"

using namespace patchbay;
using namespace patchbay::test;
namespace net = boost::asio;

namespace {

using Door = decltype(StateTransitioner(Policies{.transport = std::declval<beast::Transport&>()}, Settings{}));
using Holds = decltype(HoldController(Policies{.transport = std::declval<beast::Transport&>()}, Settings{}));

TransitionRequest move_on() { return TransitionRequest(caller, flow_id, "MainMenu", "BillingInquiry"); }

/// A loop, a cloud, and both doors.
struct World {
  SmallCloud cloud;
  net::io_context loop;
  beast::Transport transport{loop};
  Door door{Policies{.transport = transport}, cloud.settings()};
  Holds holds{Policies{.transport = transport}, cloud.settings()};
};

/// Counts what is allocated through it.
template <class T>
struct CountingAllocator {
  using value_type = T;
  explicit CountingAllocator(std::atomic<int>& count_in) noexcept : count(&count_in) {}
  template <class U>
  CountingAllocator(const CountingAllocator<U>& other) noexcept : count(other.count) {}
  T* allocate(std::size_t n) {
    ++*count;
    return std::allocator<T>{}.allocate(n);
  }
  void deallocate(T* p, std::size_t n) noexcept { std::allocator<T>{}.deallocate(p, n); }
  friend bool operator==(const CountingAllocator& a, const CountingAllocator& b) noexcept { return a.count == b.count; }
  std::atomic<int>* count;
};

net::awaitable<void> everything(World& w, int& reached) {
  // Every request is a temporary that lives across the suspension.
  const auto flow = co_await beast::async_flow(w.door, flow_id, "", net::use_awaitable);
  CHECK(flow);
  const auto moved = co_await beast::async_transition(
      w.door, TransitionRequest{caller, flow_id, "MainMenu", "BillingInquiry"}.text("customer_tier", "enterprise"),
      net::use_awaitable);
  CHECK(moved);
  ++reached;
  const auto ready = co_await beast::async_ready(w.holds, seconds(5), net::use_awaitable);
  CHECK(ready);
  const auto held = co_await beast::async_hold(w.holds, HoldRequest{caller, "consultation", 5}.music("a.wav"),
                                               net::use_awaitable);
  CHECK(held);
  const auto back = co_await beast::async_unhold(w.holds, UnholdRequest{caller, 5}, net::use_awaitable);
  CHECK(back);
  ++reached;
  const auto refused = co_await beast::async_transition(
      w.door, TransitionRequest{caller, flow_id, "MainMenu", "Nowhere"}, net::use_awaitable);
  CHECK_FALSE(refused);
  const auto closed = co_await beast::async_close(w.holds, seconds(5), net::use_awaitable);
  CHECK(closed);
  ++reached;
}

}  // namespace

TEST_CASE("coroutines await every operation, with temporaries, and the loop rests when they have ended",
          "[beast][asio]") {
  World w;
  int reached = 0;
  net::co_spawn(w.loop, everything(w, reached), net::detached);
  w.loop.run();  // returns by itself: kept connections are no work
  CHECK(reached == 3);
}

TEST_CASE("the hold session runs until the door is closed", "[beast][asio]") {
  World w;
  bool over = false;
  beast::async_run(w.holds, [&](Result<void> result) {
    CHECK(result);
    over = true;
  });
  beast::async_hold(w.holds, HoldRequest(caller, "consultation", 5).music("a.wav"), [&](Result<HoldResult> held) {
    CHECK(held);
    CHECK_FALSE(over);
    beast::async_close(w.holds, seconds(5), [](Result<void> closed) { CHECK(closed); });
  });
  w.loop.run();
  CHECK(over);
}

TEST_CASE("a future is given a result, whatever it is", "[beast][asio]") {
  World w;
  auto moved = beast::async_transition(w.door, move_on(), net::use_future);
  auto refused = beast::async_transition(w.door, TransitionRequest(caller, flow_id, "MainMenu", "Nowhere"),
                                         net::use_future);
  w.loop.run();
  CHECK(moved.get());
  const Result<TransitionResult> result = refused.get();
  REQUIRE_FALSE(result);
  CHECK_THROWS(result.value());  // for those who prefer exceptions
}

TEST_CASE("a deferred operation begins when it is asked to", "[beast][asio]") {
  World w;
  auto operation = beast::async_transition(w.door, move_on(), net::deferred);
  w.loop.run();
  CHECK(w.cloud.requests == 0);
  w.loop.restart();
  bool moved = false;
  std::move(operation)([&](Result<TransitionResult> result) { moved = result.has_value(); });
  w.loop.run();
  CHECK(moved);
}

TEST_CASE("a callback that can only be moved is called once, and not within the call", "[beast][asio]") {
  World w;
  bool within = true;
  int calls = 0;
  auto token = std::make_unique<int>(7);
  beast::async_transition(w.door, move_on(), [&, token = std::move(token)](Result<TransitionResult> result) {
    CHECK_FALSE(within);
    CHECK(result);
    CHECK(*token == 7);
    ++calls;
  });
  // One that needs no exchange to fail is not told within the call either.
  beast::async_transition(w.door, TransitionRequest("", flow_id, "a", "b"), [&](Result<TransitionResult> result) {
    CHECK_FALSE(within);
    CHECK_FALSE(result);
    ++calls;
  });
  within = false;
  w.loop.run();
  CHECK(calls == 2);

  int copied = 0;  // a callback that is an lvalue is copied, not moved from
  const auto callback = [&, kept = std::make_shared<int>(1)](Result<TransitionResult>) { copied += *kept; };
  w.loop.restart();
  beast::async_transition(w.door, move_on(), callback);
  beast::async_transition(w.door, move_on(), callback);
  w.loop.run();
  CHECK(copied == 2);
}

TEST_CASE("the handler runs through its own executor, whose context it keeps running, with its own allocator",
          "[beast][asio]") {
  World w;
  net::io_context other;
  auto strand = net::make_strand(other);
  std::atomic<int> allocations{0};
  bool called = false;
  beast::async_transition(
      w.door, move_on(),
      net::bind_allocator(CountingAllocator<void>(allocations),
                          net::bind_executor(strand, [&](Result<TransitionResult> result) {
                            CHECK(strand.running_in_this_thread());
                            CHECK(result);
                            called = true;
                          })));
  std::thread elsewhere([&] { w.loop.run(); });
  other.run();  // does not return before
  elsewhere.join();
  CHECK(called);
  CHECK(allocations > 0);
}

TEST_CASE("a cancellation signal ends an operation truthfully, and is harmless afterwards", "[beast][asio]") {
  World w;
  w.cloud.stall = true;
  net::cancellation_signal signal;
  std::optional<Result<TransitionResult>> result;
  const auto keep = [&](Result<TransitionResult> r) { result = std::move(r); };
  beast::async_transition(w.door, move_on(), net::bind_cancellation_slot(signal.slot(), keep));
  while (w.cloud.requests == 0) w.loop.run_one_for(milliseconds(1));
  signal.emit(net::cancellation_type::terminal);
  w.loop.run();
  REQUIRE(result);
  REQUIRE_FALSE(*result);
  CHECK(result->error().code() == ErrorCode::cancelled);
  signal.emit(net::cancellation_type::terminal);  // nobody listens any more
}

TEST_CASE("what a handler with an executor throws leaves the loop's run, and the loop goes on", "[beast][asio]") {
  SmallCloud cloud;
  net::io_context loop;
  const auto strand = net::make_strand(loop);  // which calls what is dispatched in it then and there
  beast::Transport transport{strand};
  Door door{Policies{.transport = transport}, cloud.settings()};
  struct Thrown {};
  int thrown = 0;
  bool moved = false;
  beast::async_transition(door, move_on(),
                          net::bind_executor(strand, [](Result<TransitionResult>) { throw Thrown(); }));
  net::co_spawn(
      strand,
      [](Door& at) -> net::awaitable<void> {
        TransitionRequest request = move_on();
        const auto result = co_await beast::async_transition(at, std::move(request), net::use_awaitable);
        CHECK(result);
        throw Thrown();
      }(door),
      [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
      });
  const auto run = [&] {
    for (;;) {
      try {
        loop.run();
        return;
      } catch (const Thrown&) {
        ++thrown;
      }
    }
  };
  run();
  CHECK(thrown == 2);
  loop.restart();
  beast::async_transition(door, move_on(), [&](Result<TransitionResult> result) { moved = result.has_value(); });
  run();
  CHECK(moved);
}

TEST_CASE("a loop that ends destroys handlers uncalled", "[beast][asio]") {
  auto held = std::make_shared<int>(1);
  bool called = false;
  SmallCloud cloud;
  cloud.stall = true;
  {
    auto loop = std::make_unique<net::io_context>();
    beast::Transport transport(*loop);
    Door door{Policies{.transport = transport}, cloud.settings()};
    Holds holds{Policies{.transport = transport}, cloud.settings()};
    beast::async_transition(door, move_on(), [&, held](Result<TransitionResult>) { called = true; });
    beast::async_hold(holds, HoldRequest(caller, "consultation", 5).music("a.wav"),
                      [&, held](Result<HoldResult>) { called = true; });
    beast::async_run(holds, [&, held](Result<void>) { called = true; });
    while (cloud.requests == 0) loop->run_one_for(milliseconds(1));
    loop.reset();  // before the doors and the transport
    CHECK(held.use_count() == 1);
  }
  CHECK_FALSE(called);
  CHECK(held.use_count() == 1);
}
