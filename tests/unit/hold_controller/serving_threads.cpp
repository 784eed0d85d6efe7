// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Who serves the channel for whom, when the transport takes its time.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "door.hpp"

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// What a slow cloud leaves unanswered until it is let go, and what it has to say. Tests let go where that is the point:
/// in order, not after a time, which a busy machine would spend otherwise.
struct Slow {
  bool slow_to_read = false, slow_to_open = false;
  bool never_closes = false;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> outgoing;
  bool interrupted = false, let_go = false;
  std::atomic<int> reading{0}, opening{0}, opened{0};

  void answer() {
    const std::lock_guard lock(mutex);
    let_go = true;
    changed.notify_all();
  }
  void keep_waiting(bool slow, SteadyTime deadline) {
    std::unique_lock lock(mutex);
    const SteadyTime until = std::min(deadline, after(SystemClock{}.steady_now(), std::chrono::minutes{1}));
    if (slow) changed.wait_until(lock, until, [&] { return let_go; });
  }
};

class SlowChannel {
 public:
  explicit SlowChannel(std::shared_ptr<Slow> cloud) : cloud_(std::move(cloud)) {}

  TransportResult<void> send(std::string_view text, SteadyTime) {
    const std::lock_guard lock(cloud_->mutex);
    cloud_->outgoing.push_back(ack_of(text));
    return {};
  }
  void receive(ChannelEvent& event, SteadyTime deadline) {
    std::unique_lock lock(cloud_->mutex);
    const SteadyTime until = std::min(deadline, after(SystemClock{}.steady_now(), std::chrono::hours{1}));
    event.kind = ChannelEvent::Kind::idle;
    if (!cloud_->changed.wait_until(lock, until, [&] { return cloud_->interrupted || !cloud_->outgoing.empty(); })) return;
    event.kind = ChannelEvent::Kind::interrupted;
    if (std::exchange(cloud_->interrupted, false)) return;
    event.kind = ChannelEvent::Kind::text;
    event.payload.assign(cloud_->outgoing.front());
    cloud_->outgoing.pop_front();
  }
  TransportResult<void> ping(SteadyTime) { return {}; }
  void close(std::uint16_t, SteadyTime deadline) { cloud_->keep_waiting(cloud_->never_closes, deadline); }
  void interrupt() noexcept {
    const std::lock_guard lock(cloud_->mutex);
    cloud_->interrupted = true;
    cloud_->changed.notify_all();
  }

 private:
  std::shared_ptr<Slow> cloud_;
};

class SlowTransport {
 public:
  using channel_type = SlowChannel;
  explicit SlowTransport(std::shared_ptr<Slow> cloud) : cloud_(std::move(cloud)) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    response.status = 200;
    if (request.name == "token.post") return response.body.assign(R"({"access_token":"t","expires_in":3600})"), TransportResult<void>{};
    ++cloud_->reading;
    cloud_->keep_waiting(cloud_->slow_to_read, deadline);
    response.body.assign(R"({"id":")" + interaction_id + R"(","state":"connected","routingData":{"skillGroup":{"id":"s"}}})");
    return {};
  }
  TransportResult<channel_type> open(const ChannelRequest&, HttpResponse&, SteadyTime deadline) {
    ++cloud_->opening;
    cloud_->keep_waiting(cloud_->slow_to_open, deadline);
    ++cloud_->opened;
    return SlowChannel(cloud_);
  }

 private:
  std::shared_ptr<Slow> cloud_;
};

struct SlowFixture {
  HoldFixture settings_of;
  std::shared_ptr<Slow> cloud = std::make_shared<Slow>();
  auto door() { return HoldController{Policies{.transport = SlowTransport(cloud)}, settings_of.settings}; }
};

Duration timed(const std::function<void()>& call) {
  const SteadyTime begun = SystemClock{}.steady_now();
  call();
  return SystemClock{}.steady_now() - begun;
}

}  // namespace

TEST_CASE("close keeps its budget though the leader has none and the peer does not answer the close", "[hold][threads][B35][I23]") {
  SlowFixture f;
  f.cloud->never_closes = true;  // a minute, which no busy machine makes of the fraction of a second that close may take
  auto door = f.door();
  std::jthread server([&](std::stop_token stop) { door.run(stop); });
  REQUIRE(door.ready());
  std::this_thread::sleep_for(milliseconds{50});  // the other thread leads
  Result<void> closed;
  CHECK(timed([&] { closed = door.close(milliseconds{50}); }) < seconds{30});
  CHECK(closed);
  CHECK(door.state() == ChannelState::closed);
  CHECK(timed([&] { server.join(); }) < seconds{30});
}

TEST_CASE("close keeps its budget though the leader is in the midst of connecting", "[hold][threads][B35][I23]") {
  SlowFixture f;
  f.cloud->slow_to_open = true;
  auto door = f.door();
  std::jthread server([&](std::stop_token stop) { door.run(stop); });
  while (f.cloud->opening == 0) std::this_thread::yield();
  Result<void> closed;
  closed = door.close(milliseconds{50});
  CHECK(f.cloud->opened == 0);  // it did not wait for that
  CHECK(closed);
  f.cloud->answer();
  server.join();  // it lets go of the connection that it got too late
  CHECK(door.state() == ChannelState::closed);
}

TEST_CASE("a hold that waits for its turn is told the truth when the door is closed meanwhile", "[hold][threads][I4][I23]") {
  SlowFixture f;
  f.cloud->slow_to_read = true;
  auto door = f.door();
  Result<HoldResult> first = fail(ErrorCode::internal, "not called"), second = first;
  std::jthread one([&] { first = door.hold(HoldFixture::hold()); });
  while (f.cloud->reading == 0) std::this_thread::yield();
  std::jthread two([&] { second = door.hold(HoldFixture::hold()); });
  std::this_thread::sleep_for(milliseconds{100});
  CHECK(door.close(milliseconds{50}));
  f.cloud->answer();
  one.join();
  two.join();
  CHECK(first.error().code() == ErrorCode::closed);
  CHECK(second.error().code() == ErrorCode::closed);
}

TEST_CASE("who waits behind a leader learns of his acknowledgement at once", "[hold][threads]") {
  SlowFixture f;
  auto door = f.door();
  std::jthread server([&](std::stop_token stop) { door.run(stop); });
  REQUIRE(door.ready());
  // In less than the slice of 5 ms that a waiter sleeps at a time. A busy machine lets him come late as well, but not
  // every time; asleep to the end of his slice he comes late almost always.
  int prompt = 0;
  for (int i = 0; i < 400 && prompt < 20; ++i) {
    std::this_thread::sleep_for(milliseconds{10});  // the other thread leads
    Result<HoldResult> released = fail(ErrorCode::internal, "not called");
    if (timed([&] { released = door.unhold(HoldFixture::unhold()); }) < milliseconds{4}) ++prompt;
    CHECK(released);
  }
  CHECK(prompt == 20);
}
