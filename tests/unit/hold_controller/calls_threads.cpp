// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Many threads in one door, over a channel that really blocks: leader and followers, `run`, `interrupt`, `close`.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "door.hpp"

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A server in memory for real time: it answers each command after a little while, or never when it is told so.
class Server {
 public:
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> outgoing;
  bool interrupted = false, cut = false, answers = true;
  std::size_t commands = 0, opened = 0, present = 0, interrupts = 0;
};

class BlockingChannel {
 public:
  explicit BlockingChannel(std::shared_ptr<Server> server) : server_(std::move(server)) {}
  BlockingChannel(BlockingChannel&&) noexcept = default;
  BlockingChannel& operator=(BlockingChannel&& other) noexcept {
    leave();
    server_ = std::move(other.server_);
    return *this;
  }
  ~BlockingChannel() { leave(); }

  TransportResult<void> send(std::string_view text, SteadyTime) {
    const std::lock_guard lock(server_->mutex);
    ++server_->commands;
    if (server_->answers) server_->outgoing.push_back(ack_of(text));
    return {};
  }
  void receive(ChannelEvent& event, SteadyTime deadline) {
    std::unique_lock lock(server_->mutex);
    Server& s = *server_;
    const bool woken = s.changed.wait_until(lock, std::min(deadline, SystemClock{}.steady_now() + std::chrono::hours{1}),
                                            [&] { return s.interrupted || s.cut || !s.outgoing.empty(); });
    event.kind = ChannelEvent::Kind::idle;
    if (!woken) return;
    if (std::exchange(s.interrupted, false)) return void(event.kind = ChannelEvent::Kind::interrupted);
    if (std::exchange(s.cut, false)) {
      s.outgoing.clear();
      event.close_code = 1006;
      return void(event.kind = ChannelEvent::Kind::closed);
    }
    event.kind = ChannelEvent::Kind::text;
    event.payload.assign(s.outgoing.front());
    s.outgoing.pop_front();
  }
  TransportResult<void> ping(SteadyTime) { return {}; }
  void close(std::uint16_t, SteadyTime) {}
  void interrupt() noexcept {
    const std::lock_guard lock(server_->mutex);
    ++server_->interrupts;
    server_->interrupted = true;
    server_->changed.notify_all();
  }

 private:
  void leave() noexcept {
    if (!server_) return;
    const std::lock_guard lock(server_->mutex);
    --server_->present;
  }
  std::shared_ptr<Server> server_;
};

/// Exchanges are answered by a script, channels are the server's.
class Network {
 public:
  using channel_type = BlockingChannel;
  Network(ScriptedTransport http_in, std::shared_ptr<Server> server_in) : http(std::move(http_in)), server(std::move(server_in)) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime) { return http.send(request, response, never); }
  TransportResult<BlockingChannel> open(const ChannelRequest&, HttpResponse&, SteadyTime) {
    const std::lock_guard lock(server->mutex);
    ++server->opened;
    if (++server->present != 1) return tl::unexpected(TransportError(TransportFault::connect, Delivery::not_sent, "a second socket"));
    return BlockingChannel(server);
  }

  ScriptedTransport http;
  std::shared_ptr<Server> server;
};
static_assert(ChannelTransport<Network>);

std::string nth_id(int i) {
  std::string id = "550e8400-e29b-41d4-a716-446655440000";
  for (std::size_t at = id.size(); i > 0; i /= 10) id[--at] = static_cast<char>('0' + i % 10);
  return id;
}

struct Scene {
  Scene() {
    for (int i = 0; i < 40; ++i)
      f.cloud.when(Method::get, "/api/v2/interactions/" + nth_id(i), 200, {},
                   R"({"id":")" + nth_id(i) + R"(","state":"connected","routingData":{"skillGroup":{"id":"s"}}})");
  }
  auto door() { return HoldController{Policies{.transport = Network(f.cloud, server)}, f.settings}; }
  HoldFixture f;
  std::shared_ptr<Server> server = std::make_shared<Server>();
};

}  // namespace

TEST_CASE("many threads hold and release through one channel", "[hold][threads][I11][I24]") {
  Scene s;
  auto door = s.door();
  std::atomic<int> told{0}, wrong{0};
  door.on_quality([&](const QualityEvent&) { ++told; });
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 25; ++round) {
        const std::string id = nth_id(t % 4 * 10 + round % 3);  // two threads to an interaction
        const auto held = door.hold(HoldRequest{id, "consultation", 5});
        if (!held && held.error().code() != ErrorCode::cancelled) ++wrong;
        if (!door.unhold(UnholdRequest{id, 5})) ++wrong;
      }
    });
  for (std::thread& each : threads) each.join();
  CHECK(wrong == 0);
  CHECK(told == 400);
  CHECK(door.held().empty());
  CHECK(s.server->opened == 1);
  const auto metrics = door.metrics();
  CHECK(metrics[HoldCount::submitted] == 400);
  CHECK(metrics.pending() == 0);
  CHECK(metrics[HoldCount::unknown] == 0);
  CHECK(metrics[HoldCount::acks_positive] == s.server->commands);
}

TEST_CASE("a command does not wait for the leader's receive to end", "[hold][threads][I14]") {
  Scene s;
  auto door = s.door();
  std::jthread runner([&](std::stop_token stop) { door.run(stop); });
  REQUIRE(door.ready());
  const SteadyTime begun = SystemClock{}.steady_now();
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(milliseconds{5});  // the runner leads, which it would not between calls without a pause
    REQUIRE(door.unhold(UnholdRequest{nth_id(1), 5}));
  }
  CHECK(SystemClock{}.steady_now() - begun < seconds{5});  // its receive would end after 30 s
  CHECK(s.server->interrupts >= 1);
  runner.request_stop();
  runner.join();
}

TEST_CASE("the watchdog runs on the thread that the client gives", "[hold][threads][I15]") {
  Scene s;
  s.f.settings.hold.max_hold = milliseconds{60};
  s.f.settings.hold.warn_before = milliseconds{30};
  s.f.settings.hold.repeat_every = milliseconds{20};
  std::atomic<int> warnings{0}, escalations{0};
  auto door = s.door();
  door.on_limit([&](const HoldLimitEvent& event) { ++(event.kind == HoldLimitEvent::Kind::warning ? warnings : escalations); });
  std::jthread runner([&](std::stop_token stop) { door.run(stop); });
  REQUIRE(door.hold(HoldRequest{nth_id(1), "consultation", 5}));
  for (int i = 0; i < 1000 && escalations < 3; ++i) std::this_thread::sleep_for(milliseconds{5});
  CHECK(warnings == 1);
  CHECK(escalations >= 3);
  REQUIRE(door.unhold(UnholdRequest{nth_id(1), 5}));
}

TEST_CASE("close settles every call that is under way", "[hold][threads][B35][I23]") {
  Scene s;
  s.server->answers = false;
  auto door = s.door();
  REQUIRE(door.ready());
  std::atomic<int> unknown{0}, closed{0}, other{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const auto ended = door.unhold(UnholdRequest{nth_id(t), 5});
      if (ended) return void(++other);
      ++(ended.error().outcome() == Outcome::unknown ? unknown : ended.error().code() == ErrorCode::closed ? closed : other);
    });
  for (int i = 0; i < 1000; ++i) {
    std::this_thread::sleep_for(milliseconds{5});
    const std::lock_guard lock(s.server->mutex);
    if (s.server->commands == 4) break;
  }
  const SteadyTime begun = SystemClock{}.steady_now();
  const auto closing = door.close(milliseconds{100});
  CHECK(SystemClock{}.steady_now() - begun < seconds{3});
  CHECK(closing.error().code() == ErrorCode::outcome_unknown);
  for (std::thread& each : threads) each.join();
  CHECK(unknown == 4);
  CHECK(other == 0);
  CHECK(s.server->present == 0);
}

TEST_CASE("cuts under load lose no call", "[hold][threads][B20][I4]") {
  Scene s;
  s.f.settings.hold.first_delay = milliseconds{2};
  s.f.settings.hold.ack_timeout = milliseconds{200};
  auto door = s.door();
  std::atomic<bool> over{false};
  std::atomic<int> ended{0};
  std::thread cutter([&] {
    for (int i = 0; i < 8 && !over; ++i) {
      std::this_thread::sleep_for(milliseconds{20});
      const std::lock_guard lock(s.server->mutex);
      s.server->cut = s.server->present != 0;
      s.server->changed.notify_all();
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        static_cast<void>(door.hold(HoldRequest{nth_id(t), "consultation", 5}.deadline(seconds{2})));
        static_cast<void>(door.unhold(UnholdRequest{nth_id(t), 5}.deadline(seconds{2})));
        ended += 2;
      }
    });
  for (std::thread& each : threads) each.join();
  over = true;
  cutter.join();
  CHECK(ended == 160);
  const auto metrics = door.metrics();
  CHECK(metrics.settled() == 160);
  CHECK(metrics.pending() == 0);
}
