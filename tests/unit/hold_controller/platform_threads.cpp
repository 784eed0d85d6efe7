// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Holds on the platform's dialect from several threads at once: one channel, whose leader hears for all, carries out
// what the door owes, and hands the channel over under way.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_platform.hpp>

#include "support/catch.hpp"
#include "support/platform_holds.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using test::agents_call;

namespace {

/// Where readings wait until they may be answered, and a thread that listens to the channel until it is interrupted, while
/// virtual time stands still.
class Gate {
 public:
  /// A reading has arrived, and waits until it may pass.
  void arrive() {
    std::unique_lock lock(mutex);
    ++arrived;
    changed.notify_all();
    changed.wait(lock, [this] { return passes > 0 || open; });
    if (!open) --passes;
  }
  /// Waits until somebody interrupts; false while the gate is open, or when it opens.
  bool listen() {
    std::unique_lock lock(mutex);
    if (open) return false;
    ++listening;
    changed.notify_all();
    changed.wait(lock, [this] { return interrupted || open; });
    --listening;
    return std::exchange(interrupted, false);
  }
  void interrupt() noexcept {
    const std::lock_guard lock(mutex);
    interrupted = true;
    changed.notify_all();
  }
  void let_pass() {
    const std::lock_guard lock(mutex);
    ++passes;
    changed.notify_all();
  }
  void set_open(bool is_open) {
    const std::lock_guard lock(mutex);
    open = is_open;
    changed.notify_all();
  }
  /// Whether that came about, which takes no time worth mentioning unless it never does.
  template <class Condition>
  bool await(Condition&& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::minutes{1}, [&] { return condition(*this); });
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool open = true, interrupted = false;
  int arrived = 0, listening = 0, passes = 0;
};

class GatedChannel {
 public:
  GatedChannel(VirtualChannel channel, std::shared_ptr<Gate> gate, ManualClock clock)
      : channel_(std::move(channel)), gate_(std::move(gate)), clock_(std::move(clock)) {}
  TransportResult<void> send(std::string_view text, SteadyTime deadline) { return channel_.send(text, deadline); }
  void receive(ChannelEvent& event, SteadyTime deadline) {
    if (deadline > clock_.steady_now() && gate_->listen()) return void(event.kind = ChannelEvent::Kind::interrupted);
    channel_.receive(event, deadline);
  }
  TransportResult<void> ping(SteadyTime deadline) { return channel_.ping(deadline); }
  void close(std::uint16_t code, SteadyTime deadline) { channel_.close(code, deadline); }
  void interrupt() noexcept {
    gate_->interrupt();
    channel_.interrupt();
  }

 private:
  VirtualChannel channel_;
  std::shared_ptr<Gate> gate_;
  ManualClock clock_;
};

class GatedPlatform {
 public:
  using channel_type = GatedChannel;
  GatedPlatform(SimulatedPlatform cloud, std::shared_ptr<Gate> gate) : cloud_(std::move(cloud)), gate_(std::move(gate)) {}
  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    if (request.method == Method::get) gate_->arrive();
    return cloud_.send(request, response, deadline);
  }
  TransportResult<GatedChannel> open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline) {
    auto opened = cloud_.open(request, refusal, deadline);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    return GatedChannel(std::move(*opened), gate_, cloud_.clock());
  }

 private:
  SimulatedPlatform cloud_;
  std::shared_ptr<Gate> gate_;
};

}  // namespace

TEST_CASE("threads hold and release over one channel while it is cut, handed over and made anew",
          "[hold][platform][threads][B36][I4][I11][I13][I24]") {
  constexpr std::size_t threads = 4, rounds = 12;
  ManualClock clock;
  PlatformOptions options;
  options.rate_limit = 0;
  SimulatedPlatform cloud(clock, test::with_agent(options));
  cloud.change([](PlatformModel& model) { test::add_agents_calls(model, threads); });
  const auto held = [&](std::size_t i) { return test::is_held(cloud, agents_call(i)); };
  Settings settings = test::platform_settings();
  settings.deadline = std::chrono::minutes{10};  // of a time that all threads share, each of which moves it on
  HoldController door{
      Policies{.transport = cloud, .clock = clock, .dialect = cloud::Platform::of_user(std::string(platform_user))},
      settings};
  std::atomic<std::size_t> asked{0}, lies{0};
  std::vector<std::thread> all;
  for (std::size_t i = 0; i < threads; ++i)
    all.emplace_back([&, i] {
      for (std::size_t round = 0; round < rounds; ++round) {
        // Nobody else touches this thread's call, so that what is said can be held against what is.
        const auto put = door.hold(HoldRequest{agents_call(i), "consultation", 5});
        if (put ? !held(i) : put.error().outcome() == Outcome::not_applied && held(i)) ++lies;
        if (i == 0 && round % 4 == 1) cloud.change([](PlatformModel& model) { model.announce_closing(); });
        if (i == 1 && round % 4 == 2)
          for (ChannelPeer& each : cloud.channels()) each.cut();
        if (i == 2 && round % 4 == 3) cloud.change([](PlatformModel& model) { model.end_channels(); });
        const auto taken = door.unhold(UnholdRequest{agents_call(i), 5});
        if (taken && held(i)) ++lies;
        asked += 2;
      }
    });
  for (std::thread& each : all) each.join();
  CHECK(lies == 0);
  CHECK(asked == 2 * threads * rounds);
  for (std::size_t i = 0; i < threads; ++i) REQUIRE(door.unhold(UnholdRequest{agents_call(i), 5}));
  door.pump_for(std::chrono::minutes{3});
  CHECK(door.held().empty());
  const HoldMetricsSnapshot metrics = door.metrics();
  CHECK(metrics.pending() == 0);
  CHECK(metrics[HoldCount::submitted] >= 2 * threads * rounds);
  CHECK(cloud.inspect([](const PlatformModel& model) { return model.channels().sockets(); }) <= 1);
  REQUIRE(door.close(seconds{1}));
  CHECK(cloud.channels().empty());
}

TEST_CASE("who leads learns that there is more to read when the reading of another ends", "[hold][platform][threads][I14]") {
  test::PlatformHolds f;
  f.cloud.change([](PlatformModel& model) { test::add_agents_calls(model, 2); });
  const auto gate = std::make_shared<Gate>();
  HoldController door{Policies{.transport = GatedPlatform(f.cloud, gate), .clock = f.clock, .dialect = f.dialect}, f.settings};
  REQUIRE(door.ready());
  for (std::size_t i = 0; i < 2; ++i) REQUIRE(door.hold(f.hold(agents_call(i))));
  // Behind a gap both are to be read. One thread reads the first, and another leads meanwhile.
  for (ChannelPeer& each : f.cloud.channels()) each.cut();
  door.pump_for(milliseconds{1});
  REQUIRE(door.state() != ChannelState::open);
  REQUIRE(door.ready());
  const int before = gate->arrived;
  gate->set_open(false);
  std::thread reader([&] { door.pump_for(seconds{5}); });
  const bool reads = gate->await([&](const Gate& g) { return g.arrived == before + 1; });
  std::jthread leader([&](std::stop_token stop) { door.run(stop); });
  const bool leads = gate->await([](const Gate& g) { return g.listening == 1; });
  gate->let_pass();
  // By either of them.
  CHECK(gate->await([&](const Gate& g) { return g.arrived == before + 2; }));
  gate->set_open(true);
  f.clock.advance(std::chrono::minutes{1});
  reader.join();
  leader.request_stop();
  leader.join();
  CHECK(reads);
  CHECK(leads);
}
