// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on an event loop: many at once, cancelled at every point, their door or their loop destroyed under way.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

std::string interaction(std::size_t i) {
  const std::string digits = std::to_string(i);
  return "550e8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}
HoldRequest hold(std::size_t i = 0) { return HoldRequest{interaction(i), "consultation", 5}; }
UnholdRequest unhold(std::size_t i = 0) { return UnholdRequest{interaction(i), 5}; }

/// What the handler of one operation was told.
template <class T>
struct Told {
  std::optional<Result<T>> result;
  int calls = 0;
  auto handler() {
    return [this](Result<T> told) {
      result.emplace(std::move(told));
      ++calls;
    };
  }
};
using Ended = Told<HoldResult>;
using Done = Told<void>;

/// A cloud of interactions behind an event loop, each span of an exchange a millisecond long, each of a message too.
class World {
 public:
  explicit World(std::size_t interactions = 1) {
    transport.latency(milliseconds{1});
    cloud.change([&](CloudModel& model) {
      for (std::size_t i = 0; i < interactions; ++i) {
        CloudInteraction each;
        each.id = interaction(i);
        model.add(std::move(each));
      }
    });
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
    settings.random = std::make_shared<RandomSource>(7);
  }
  auto door() { return HoldController{Policies{.transport = transport, .clock = loop.clock()}, settings}; }

  [[nodiscard]] bool held(std::size_t i = 0) const {
    return cloud.inspect([&](const CloudModel& model) { return model.find(interaction(i))->held; });
  }
  /// Runs until `done` or nothing is left.
  template <class Until>
  bool run_until(Until&& done) {
    for (int i = 0; i < 2'000'000; ++i) {
      if (done()) return true;
      if (!loop.run_one()) return done();
    }
    return false;
  }
  template <class T>
  void await(const Told<T>& told, int calls = 1) {
    REQUIRE(run_until([&] { return told.calls >= calls; }));
  }

  ManualLoop loop;
  SimulatedCloud cloud{loop.clock()};
  LoopTransport<SimulatedCloud> transport{loop, cloud};
  Settings settings;
};

}  // namespace

TEST_CASE("a hold and its release on an event loop", "[loop][hold][I4]") {
  World world;
  auto door = world.door();
  Ended held, released;
  door.start_hold(hold(), held.handler());
  CHECK(held.calls == 0);
  world.await(held);
  if (!held.result->has_value()) FAIL(held.result->error().describe());
  CHECK((*held.result)->attempts == 1);
  CHECK((*held.result)->resolved_by == ResolvedBy::answer);
  CHECK(world.held());
  CHECK(door.held().size() == 1);
  CHECK(door.state() == ChannelState::open);
  door.start_unhold(unhold(), released.handler());
  CHECK(released.calls == 0);
  world.await(released);
  REQUIRE(released.result->has_value());
  CHECK_FALSE(world.held());
  CHECK(door.held().empty());
  Done closed;
  door.start_close(seconds{1}, closed.handler());
  world.await(closed);
  CHECK(closed.result->has_value());
  CHECK(door.state() == ChannelState::closed);
  CHECK(world.cloud.channels().empty());
  world.loop.run();
  CHECK(world.loop.pending() == 0);
  CHECK(door.metrics()[HoldCount::submitted] == 2);
  CHECK(door.audit_log().size() == 4);
}
